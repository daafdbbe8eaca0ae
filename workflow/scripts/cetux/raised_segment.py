"""How far a gain around a gene reaches: its width from the bins, and whether it is the gene's, the arm's or more."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cetux.bin_noise import Estimate
from cetux.gene_bins import Locus, middle_of, over
from cetux.resources import Interval

_TOGETHER = 3
"""Bins whose median is looked at, so that one noisy bin ends no segment."""
_LEAST_GAIN_LOG2 = 0.2
"""Gains of less over the controls have no width worth telling [P] (CNVkit's genemetrics drops them, too)."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Width:
    """Width in bp of the raised stretch: that of its raised bins, and up to the next bins that are not raised (None
    where it reaches the last bin of the chromosome on either side, so that nothing bounds it).
    """

    least_bp: int
    most_bp: int | None


def raised_width(usable: pd.DataFrame, locus: Locus, gene: Estimate, level_log2: float) -> Width | None:
    """Width of the stretch around the gene that stands nearer to the gene than to `level_log2`; None without a gain.

    From the gene outwards, on target and off target, a bin is raised while the median of it and the next two lies above
    the middle between the gene and the level of the controls.

    Args:
        usable: bins that hold a measurement.
        locus: the gene.
        gene: mean of its bins.
        level_log2: of the controls, 0 without any.
    """
    if gene.low - level_log2 <= 0 or gene.log2 - level_log2 < _LEAST_GAIN_LOG2:
        return None
    chrom = locus.exons[0].chrom
    bins = over(usable, [Interval(chrom, 0, 1 << 40)]).sort_values("start")
    centre = middle_of(locus).start
    middle = (gene.log2 + level_log2) / 2
    right, left = bins[bins["start"] >= centre], bins[bins["start"] < centre][::-1]
    first, start_bound = _edge(left["log2"].to_numpy(), left["start"].to_numpy(), left["end"].to_numpy(), middle)
    last, end_bound = _edge(right["log2"].to_numpy(), right["end"].to_numpy(), right["start"].to_numpy(), middle)
    if first is None or last is None:
        return None
    most = None if start_bound is None or end_bound is None else end_bound - start_bound
    return Width(last - first, most)


def _edge(log2: Floats, far: Floats, near: Floats, middle: float) -> tuple[int | None, int | None]:
    """Far end of the last raised bin and near end of the next one, walking outwards; None: there is no such bin."""
    medians = (float(np.median(log2[at : at + _TOGETHER])) for at in range(len(log2)))
    reached = next((at for at, median in enumerate(medians) if median <= middle), len(log2) - 1)
    raised = np.flatnonzero(log2[: reached + 1] > middle)
    if not len(raised):
        return None, None
    last = int(raised[-1])
    return int(far[last]), int(near[last + 1]) if last + 1 < len(log2) else None


def extent(gene: Estimate, control: Estimate | None, other_arm: Estimate | None) -> str:
    """What is gained, each by its 95 % interval, joined with ``+``; empty where there are no controls to tell.

    ``none``, ``focal`` (the gene over its controls), ``arm`` (the controls of the gene's arm over the average of the
    genome), ``chromosome`` (the other arm, too).
    """
    if control is None:
        return ""
    broad = []
    if control.low > 0:
        broad = ["chromosome" if other_arm is not None and other_arm.low > 0 else "arm"]
    focal = ["focal"] if gene.low > control.high else []
    return "+".join([*focal, *broad]) or "none"
