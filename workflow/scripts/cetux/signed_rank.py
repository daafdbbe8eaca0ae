"""Tests of pairs: Wilcoxon's signed ranks with zeros and ties, McNemar's, and the median of bounded numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MOST_EXACT = 25
"""Pairs up to which the distribution of the signed ranks is enumerated (specification 6, item 7)."""


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Wilcoxon's two-sided P that differences lie about zero; zeros by Pratt (J Am Stat Assoc 1959;54:655).

    Zeros are ranked with the others by absolute size, then dropped; ties share their mean rank. Up to 25 pairs the P
    is exact over all signs of the ranks that are there, beyond by the normal approximation.

    Returns:
        None where every difference is zero.

    >>> signed_rank_p([1.0, 2.0, 3.0, 4.0, 5.0])
    0.0625
    """
    values = np.asarray(differences, dtype=np.float64)
    if not values.any():
        return None
    if len(values) > MOST_EXACT:
        return float(stats.wilcoxon(values, zero_method="pratt", method="asymptotic").pvalue)
    doubled = np.rint(2 * stats.rankdata(np.abs(values))).astype(np.int64)  # mean ranks are whole or half
    kept = doubled[values != 0]
    positive = int(doubled[values > 0].sum())
    ways = _sums_of_signs(kept)
    below, above = ways[: positive + 1].sum(), ways[positive:].sum()
    return min(1.0, 2 * float(min(below, above)) / float(ways.sum()))


def _sums_of_signs(ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many of the 2**n ways of giving signs the positive ranks add up to 0, 1, ...: one rank after another."""
    ways = np.zeros(int(ranks.sum()) + 1, dtype=np.int64)
    ways[0] = 1
    for rank in ranks:
        ways[rank:] = ways[rank:] + ways[:-rank]
    return ways


def mcnemar_p(gained: int, lost: int) -> float | None:
    """McNemar's exact two-sided P: of the pairs that changed, each is as likely gained as lost; None if none did.

    >>> mcnemar_p(5, 0)
    0.0625
    """
    changed = gained + lost
    return float(stats.binomtest(gained, changed, 0.5).pvalue) if changed else None


def bounded_median(
    lows: Sequence[float], highs: Sequence[float]
) -> tuple[tuple[float, float], tuple[float | None, float | None]]:
    """Between which ends the median of numbers lies that are known only between theirs, and its 95 % interval.

    A median rises with every number, so that of the low ends and that of the high ends enclose it. The interval runs
    between the k-th smallest and the k-th largest, k being the most for which fewer than k of n fall below the median
    with a chance of at most 2.5 % (binomial of one half): whatever the distribution. It needs six numbers.

    Args:
        lows, highs: ends of each number, in the same order, at least one; infinite where there is none.
    """
    median = float(np.median(lows)), float(np.median(highs))
    k = int(stats.binom.ppf(0.025, len(lows), 0.5))
    if k == 0:
        return median, (None, None)
    low, high = sorted(lows)[k - 1], sorted(highs)[-k]
    return median, (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
