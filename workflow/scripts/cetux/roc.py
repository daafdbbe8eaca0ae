"""A cut-off chosen by response: Youden's index, and how much of its merit is only that it was chosen here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RocPerformance:
    """How well heregulin tells resistant from responding patients; all 0..1 but the Youden indices (-1..1).

    auc: probability that a resistant patient's value exceeds a responding one's, ties half; nothing is fitted
    in it. Its interval is 95 %. youden: sensitivity + specificity - 1 at the chosen cut-off. *_corrected:
    less the optimism. auc_at_cutoff_corrected: area below the two lines of the ROC through the one point of
    the cut-off, (youden + 1) / 2, less the optimism.
    """

    resistant: int
    responding: int
    auc: float
    auc_low: float
    auc_high: float
    sensitivity: float
    specificity: float
    youden: float
    youden_corrected: float
    auc_at_cutoff_corrected: float


@dataclass(frozen=True)
class YoudenCutoff:
    """The cut-off with its 95 % bootstrap interval, in the unit of the values, and its performance."""

    cutoff: float
    interval_low: float
    interval_high: float
    performance: RocPerformance


def youden_cutoff(
    resistant: Sequence[tuple[float, float]],
    responding: Sequence[tuple[float, float]],
    samples: int,
    seed: int,
) -> YoudenCutoff | None:
    """The concentration at or above which a patient counts as high, by the largest sensitivity + specificity
    - 1.

    Candidates lie midway between neighbouring values; of several as good, the highest (most specific) is
    taken. Values that the highest lower limit of the assays hides tie at that limit, likewise above, so that
    ranks stay valid (specification 3.3).

    The index is too good because the cut-off was chosen on the same patients. Harrell's optimism is the mean
    over bootstrap samples, drawn within each group, of [index of the sample's cut-off in the sample - index
    of that cut-off in the cohort]; it is subtracted.

    Args:
        resistant, responding: per patient the ends, in any one unit, between which the value lies; equal where it
        was quantified.
        samples, seed: of the bootstrap.

    Returns:
        None where no cut-off has an index above 0.
    """
    cases, controls = (np.sort(group) for group in tied_scores(resistant, responding))
    found = _best(cases, controls)
    if found is None:
        return None
    rng = np.random.default_rng(seed)
    cutoffs, aucs, optimism = [], [], []
    for _ in range(samples):
        drawn_cases, drawn_controls = rng.choice(cases, len(cases)), rng.choice(controls, len(controls))
        aucs.append(_auc(drawn_cases, drawn_controls))
        drawn = _best(drawn_cases, drawn_controls)
        if drawn is not None:
            cutoffs.append(drawn)
            optimism.append(_youden(drawn, drawn_cases, drawn_controls) - _youden(drawn, cases, controls))
    youden = _youden(found, cases, controls)
    corrected = youden - float(np.mean(optimism)) if optimism else youden
    low, high = np.quantile(cutoffs, [0.025, 0.975]) if cutoffs else (found, found)
    auc_low, auc_high = np.quantile(aucs, [0.025, 0.975])
    return YoudenCutoff(
        found,
        float(low),
        float(high),
        RocPerformance(
            resistant=len(cases),
            responding=len(controls),
            auc=_auc(cases, controls),
            auc_low=float(auc_low),
            auc_high=float(auc_high),
            sensitivity=float(np.mean(cases >= found)),
            specificity=float(np.mean(controls < found)),
            youden=youden,
            youden_corrected=corrected,
            auc_at_cutoff_corrected=(corrected + 1) / 2,
        ),
    )


def tied_scores(
    resistant: Sequence[tuple[float, float]], responding: Sequence[tuple[float, float]]
) -> tuple[Floats, Floats]:
    """Numbers with valid ranks, in the order given: all that the highest lower limit hides tie there; so above."""
    ends = [*resistant, *responding]
    floor = max((high for low, high in ends if low == 0 < high), default=0.0)
    ceiling = max(floor, min((low for low, high in ends if np.isinf(high)), default=np.inf))

    def scores(group: Sequence[tuple[float, float]]) -> Floats:
        return np.array([floor if low == 0 else min(max(low, floor), ceiling) for low, _ in group], dtype=np.float64)

    return scores(resistant), scores(responding)


def _best(cases: Floats, controls: Floats) -> float | None:
    """The candidate with the largest Youden index, the highest of several; None where none is above 0."""
    values = np.unique(np.concatenate([cases, controls]))
    candidates = (values[:-1] + values[1:]) / 2
    if not len(candidates):
        return None
    below_cases = np.searchsorted(np.sort(cases), candidates)
    below_controls = np.searchsorted(np.sort(controls), candidates)
    index = np.round(below_controls / len(controls) - below_cases / len(cases), 12)
    best = len(index) - 1 - int(np.argmax(index[::-1]))
    return float(candidates[best]) if index[best] > 0 else None


def _youden(cutoff: float, cases: Floats, controls: Floats) -> float:
    return float(np.mean(cases >= cutoff) + np.mean(controls < cutoff) - 1)


def _auc(cases: Floats, controls: Floats) -> float:
    """Mann-Whitney's U over the number of pairs."""
    return float(mannwhitneyu(cases, controls, method="asymptotic").statistic) / (len(cases) * len(controls))
