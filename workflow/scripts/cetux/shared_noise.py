"""What all bins of a locus share (their GC, the DNA's quality, the reference) and so moves their mean unseen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cetux.gene_bins import Locus, loci, outside

_LEAST_NEIGHBOURS = 5
"""Pairs of neighbouring loci that an estimate of their shared noise needs [P]."""
_Z_ONE_SIDED = 1.645


@dataclass(frozen=True)
class SharedVariance:
    """Variance (log2 squared) of what the bins of one locus share, as one sample shows it, with its standard error."""

    variance: float
    error: float

    def clearly_above(self, sd: float) -> bool:
        """Whether the sample shows more than this standard deviation with 95 % (one-sided)."""
        return self.variance - sd**2 > _Z_ONE_SIDED * self.error


def shared_variance(targets: pd.DataFrame, locus: Locus | None, least: int) -> SharedVariance | None:
    """Variance (log2 squared) of what the bins of one locus share; None with too few neighbouring loci.

    Neighbouring loci of a chromosome mostly have the same copies, so the difference of their means is noise: with A the
    variance of the differences and E what the scatter of the bins gives each of two means, the shared variance is::

        S = (A - E) / 2,  with a standard error of A/2 * sqrt(2 / (n / 1.5))

    for n neighbours (each mean stands in two differences, so that n of them tell as much as n/1.5). A is the biweight
    midvariance, blind to the few neighbours between which copies do change. S can come out negative.

    Args:
        targets: bins in target regions with chromosome, start, end, log2.
        locus: the gene; neither its bins nor those of its excluded region are used. None: all bins are.
        least: bins that a locus needs.
    """
    ordered, found = loci(outside(targets, [locus.excluded, *locus.exons]) if locus else targets, least)
    log2_of_bins = ordered["log2"].to_numpy(dtype=float)
    values = [log2_of_bins[rows] for rows in found]
    contigs = ordered["chromosome"].to_numpy()[[rows.start for rows in found]]
    neighbours = contigs[1:] == contigs[:-1]
    many = int(neighbours.sum())
    if least < 2 or many < _LEAST_NEIGHBOURS:
        return None
    means = np.array([log2.mean() for log2 in values])
    variances = np.array([log2.var(ddof=1) / len(log2) for log2 in values])
    apart = _biweight_midvariance(np.diff(means)[neighbours])
    scatter = float(np.mean((variances[1:] + variances[:-1])[neighbours]))
    return SharedVariance((apart - scatter) / 2, apart / 2 * math.sqrt(3 / many))


def assay_variance(sd: float | None, spread: float | None) -> SharedVariance | None:
    """What the assay's normals tell of any of its samples: a variance, with its standard deviation between them.

    Args:
        sd: root mean square of what the bins of one locus share in the normals, log2; None if it is not known.
        spread: standard deviation of its square between the normals; None if that is not known, and taken as 0.
    """
    return None if sd is None else SharedVariance(sd**2, spread or 0.0)


def between(found: Sequence[SharedVariance]) -> SharedVariance | None:
    """`assay_variance` of normals: mean, and the spread that is left without their errors; None without any.

    A negative variance counts as none.
    """
    if not found:
        return None
    variances = np.array([max(each.variance, 0.0) for each in found])
    spread = variances.var(ddof=1) if len(found) > 1 else 0.0
    by_error = np.mean([each.error**2 for each in found])
    return SharedVariance(float(variances.mean()), math.sqrt(max(float(spread - by_error), 0.0)))


def shared_noise(found: SharedVariance | None, floor: float, assay: SharedVariance | None = None) -> float:
    """Standard deviation (log2) of what the bins of a locus share in a sample, never below `floor`.

    From a panel's thirty to sixty neighbours a sample's own variance is known poorly. Before the sample is seen, its
    assay's normals say what to expect (mean and spread); with it, the best guess is the mean of both, weighted by the
    inverse of their squared errors. A sample that clearly has more noise than such normals is none of them, and its own
    variance holds. Without normals, or without a spread between them, the expected one stays unless it is exceeded.

    Of 15 real normals, each against a reference of the others, 95 % intervals made so hold 96.0 % of stretches of 27
    bins in 64 genes, with the greater of both variances 96.9 %, at a width that is 12 % larger [D].

    >>> expected = SharedVariance(0.0025, 0.0005)
    >>> round(shared_noise(SharedVariance(0.0015, 0.0005), 0.03, expected) ** 2, 6)
    0.002
    >>> round(shared_noise(SharedVariance(0.01, 0.0005), 0.03, expected) ** 2, 6)
    0.01
    >>> shared_noise(SharedVariance(0.0036, 0.0005), 0.03), shared_noise(SharedVariance(0.0016, 0.0005), 0.03)
    (0.06, 0.03)
    """
    expected = assay or SharedVariance(floor**2, 0.0)
    variance = expected.variance
    apart = found and SharedVariance(found.variance, math.hypot(found.error, expected.error))
    if found and apart and apart.clearly_above(math.sqrt(expected.variance)):
        variance = found.variance
    elif found and expected.error:
        own = expected.error**2 / (expected.error**2 + found.error**2)
        variance = own * found.variance + (1 - own) * expected.variance
    return max(math.sqrt(max(variance, 0.0)), floor)


def _biweight_midvariance(values: npt.NDArray[np.float64]) -> float:
    """Variance of values about zero that leaves out what lies beyond nine median absolute deviations.

    (Of 40 values under the normal distribution its efficiency is 0.91, that of the median absolute deviation 0.38 [D].)
    """
    deviation = float(np.median(np.abs(values)))
    if deviation == 0:
        return 0.0
    part = (values / (9 * deviation)) ** 2
    inside = part < 1
    above = (values[inside] ** 2 * (1 - part[inside]) ** 4).sum()
    below = ((1 - part[inside]) * (1 - 5 * part[inside])).sum()
    return float(len(values) * above / below**2)
