"""Which bins of a gene its copies are read from, and why the others of the design are not."""

from dataclasses import dataclass

import pandas as pd

from cetux.gene_bins import OFF_TARGET, Bins, Locus, measured, over

_NORMAL_SD_PER_MAD = 1.4826
_LEAST_TO_COMPARE = 5
"""Bins below which none is told to stand apart from the others [P]."""
_FAR_BELOW_LOG2 = 2.0
_FAR_BELOW_SD = 5.0
_MOST_FAR_BELOW = 0.2
"""More of a gene's bins than this are no failure of single ones: then all of them are kept [P]."""


@dataclass(frozen=True)
class KeptBins:
    """rows: the bins kept, in genome order. designed: bins of the design. dropped: why the others are not kept, as in
    ``2 without a read``.
    """

    rows: pd.DataFrame
    designed: int
    dropped: tuple[str, ...]


def kept_bins(bins: Bins, locus: Locus) -> KeptBins:
    """The target bins over the gene that hold a measurement of its copies.

    A bin without a read is no loss of copies but a bin that failed, and so is one with a few reads where its neighbours
    have hundreds: it counts as one that failed where it has fewer than a quarter of the reads that the gene's middle
    bin has for its size, and lies five standard deviations (from the median absolute deviation) below it. Only single
    bins that stand low are left out so: several side by side are a part of the gene with fewer copies, and one that
    stands high may be the part that is amplified.
    """
    designed = len(over(bins.designed, locus.exons))
    present = over(bins.ratios[~bins.ratios["gene"].isin(OFF_TARGET)], locus.exons)
    usable = measured(present).sort_values("start")
    failed = _far_below(usable["log2"])
    reasons = {
        "left out by CNVkit (the normals have hardly a read there, or differ too much)": designed - len(present),
        "without a read, a ratio or a weight": len(present) - len(usable),
        "with less than a quarter of the other bins' reads": int(failed.sum()),
    }
    return KeptBins(usable[~failed], designed, tuple(f"{n} {why}" for why, n in reasons.items() if n > 0))


def _far_below(log2: pd.Series) -> pd.Series:
    """Which bins, in genome order, stand alone so far below the middle one that they failed; none where many do."""
    apart = log2.median() - log2
    limit = max(_FAR_BELOW_LOG2, _FAR_BELOW_SD * _NORMAL_SD_PER_MAD * float(apart.abs().median()))
    low = apart > limit
    failed = low & ~low.shift(1, fill_value=False) & ~low.shift(-1, fill_value=False)
    few = len(log2) >= _LEAST_TO_COMPARE and failed.mean() <= _MOST_FAR_BELOW
    return failed & few
