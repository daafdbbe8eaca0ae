"""Means of bins with an interval that holds the noise between bins and the noise that they share."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special  # scipy.stats takes half a second more to import

from cetux.copies import Z_95

_TWO_SIDED_95 = 0.975
_NORMAL_SD_PER_MAD = 1.4826


@dataclass(frozen=True)
class Estimate:
    """Mean log2 of some bins with its standard error and 95 % bounds."""

    log2: float
    se: float
    low: float
    high: float
    bins: int


def estimate(log2: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], shared_sd: float) -> Estimate | None:
    """Weighted mean of bins, with a t interval; None for fewer than two bins.

    With weights w and mean m, the variance of the mean is the weighted variance of the bins times sum(w**2)/sum(w)**2,
    which is 1/n_eff; n_eff - 1 are the degrees of freedom (a percentile bootstrap covers too little below 20 bins).
    What all bins of one gene share (its GC, its reference, its DNA quality) moves the mean and does not show in their
    scatter: it is an error of its own, and independent errors add in quadrature::

        SE**2 = variance of the bins / n_eff + shared_sd**2

    The half-width of the interval is made of the two in the same way, each with its own quantile: t for the scatter
    that was estimated from the bins, z for the shared part that was not.

    Args:
        log2: of each bin, finite.
        weight: of each bin, > 0.
        shared_sd: standard deviation of what the bins share, log2, >= 0.
    """
    total = float(weight.sum())
    effective = total**2 / float((weight**2).sum()) if total else 0.0
    if effective < 1.5:  # one bin, or one that outweighs the rest: no spread can be had
        return None
    mean = float((weight * log2).sum() / total)
    variance = float((weight * (log2 - mean) ** 2).sum() / total) * effective / (effective - 1)
    scatter = math.sqrt(variance / effective)
    se = math.hypot(scatter, shared_sd)
    half = math.hypot(float(special.stdtrit(effective - 1, _TWO_SIDED_95)) * scatter, Z_95 * shared_sd)
    return Estimate(mean, se, mean - half, mean + half, len(log2))


def estimate_bins(members: pd.DataFrame, shared_sd: float) -> Estimate | None:
    """`estimate` of rows with log2 and weight."""
    return estimate(members["log2"].to_numpy(dtype=float), members["weight"].to_numpy(dtype=float), shared_sd)


def control_noise(controls: Mapping[str, pd.DataFrame]) -> float | None:
    """Robust standard deviation of a control bin: that of the difference of two neighbours over sqrt(2).

    (Deviations from a locus' own median come out too small where it has few bins.)
    """
    steps = [np.abs(np.diff(members["log2"].to_numpy(dtype=float))) for members in controls.values()]
    together = np.concatenate([np.empty(0), *steps])
    return _NORMAL_SD_PER_MAD / math.sqrt(2) * float(np.median(together)) if len(together) else None


def control_estimate(controls: Mapping[str, pd.DataFrame], rules: Mapping[str, Any], shared: float) -> Estimate | None:
    """Median over the control loci; None with too few. An event of one locus moves neither it nor its error much.

    The standard error of a median is sqrt(pi/2) times that of a mean, sd / sqrt(n). The sd of the loci is taken from
    their median absolute deviation, which is too small by about n / (n - 0.8) for few of them, and never below the
    settings' least error.
    """
    found = [estimate_bins(members, shared) for members in controls.values()]
    means = np.array([each.log2 for each in found if each])
    many = len(means)
    if many < max(rules["min_control_loci"], 2):
        return None
    middle = float(np.median(means))
    sd = _NORMAL_SD_PER_MAD * float(np.median(np.abs(means - middle))) * many / (many - 0.8)
    se = math.sqrt(math.pi / 2 / many) * sd
    half = max(float(special.stdtrit(many - 1, _TWO_SIDED_95)) * se, Z_95 * rules["shared_log2_sd"])
    return Estimate(middle, se, middle - half, middle + half, many)
