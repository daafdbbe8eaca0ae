import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cetux.signed_rank import bounded_median, mcnemar_p, signed_rank_p


def over_all_signs(differences):
    """Wilcoxon's P by writing down every sign of the ranks that are there (Pratt)."""
    ranks = stats.rankdata(np.abs(differences))
    kept = [rank for rank, d in zip(ranks, differences, strict=True) if d]
    seen = sum(rank for rank, d in zip(ranks, differences, strict=True) if d > 0)
    sums = [sum(r for r, sign in zip(kept, signs, strict=True) if sign) for signs in product((0, 1), repeat=len(kept))]
    below, above = (sum(test(s) for s in sums) / len(sums) for test in (lambda s: s <= seen, lambda s: s >= seen))
    return min(1.0, 2 * min(below, above))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_signed_ranks_with_ties_and_zeros_are_exact(differences):
    found = signed_rank_p(differences)
    if any(differences):
        assert found == pytest.approx(over_all_signs(differences))
    else:
        assert found is None


def test_signed_ranks_without_ties_are_scipys():
    values = np.random.default_rng(3).normal(0.4, 1, size=25)
    assert signed_rank_p(values) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


def test_the_approximation_follows_on_from_the_exact_test():
    values = np.random.default_rng(4).normal(0.4, 1, size=26)
    assert signed_rank_p(values) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue, rel=0.1)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
@settings(max_examples=50, deadline=None)
def test_exchanging_pre_and_post_changes_no_p(differences):
    assert signed_rank_p(differences) == signed_rank_p([-d for d in differences])


def test_zeros_by_pratt_keep_the_ranks_above_them():
    """0, 1, 2: ranks 1, 2, 3; 2 and 3 both positive: P = 2 / 4. Without the zero it would be the same set of signs."""
    assert signed_rank_p([0, 1, 2]) == 0.5
    # ranks 1.5, 1.5 (zeros), 3, 4, 5 with the smallest negative: sums <= 3 or >= 9 of 8 ways: 9 and 12
    assert signed_rank_p([0, 0, -1, 2, 3]) == 2 * 2 / 8


@pytest.mark.parametrize(("gained", "lost", "p"), [(5, 0, 2 / 32), (1, 1, 1.0), (8, 3, 2 * 232 / 2048), (0, 0, None)])
def test_mcnemar(gained, lost, p):
    """8 against 3: 1 + 11 + 55 + 165 = 232 of 2,048 ways have at most 3."""
    assert mcnemar_p(gained, lost) == pytest.approx(p) if p else mcnemar_p(gained, lost) is None


def test_median_of_six_numbers_runs_from_the_smallest_to_the_largest():
    """All six on one side of the median: 2 / 64 = 3.1 %; of five numbers 6.3 %, so there is no interval."""
    six = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert bounded_median(six, six) == ((6.0, 6.0), (1.0, 32.0))
    assert bounded_median(six[:5], six[:5]) == ((4.0, 4.0), (None, None))


def test_median_of_nine_numbers_leaves_out_one_on_either_side():
    """P(at most 1 of 9 below) = 10 / 512 = 2.0 %, at most 2: 46 / 512 = 9 %."""
    nine = [float(x) for x in range(1, 10)]
    assert bounded_median(nine, nine) == ((5.0, 5.0), (2.0, 8.0))


def test_censoring_away_from_the_middle_leaves_the_median():
    lows, highs = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, math.inf]
    assert bounded_median(lows, highs) == ((4.0, 4.0), (1.0, None))
    assert bounded_median([0.0, 0.0, 0.0], [2.0, 2.0, 5.0])[0] == (0.0, 2.0)
