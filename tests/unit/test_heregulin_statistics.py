import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from tests.unit.statistics_builders import called, one

from cetux.cutoffs import Cutoff
from cetux.heregulin_statistics import (
    by_response,
    delong,
    log_rank_scores,
    mann_whitney_p,
    max_selected_log_rank,
    response_rows,
    survival_rows,
)
from cetux.subjects import FollowUp, subjects

HIGH_CUTOFF = Cutoff("DuoSet", "serum", "fixed", 1e6)


def cohort(no_response, response, **clinical):
    patients = [one(f"N{i}", pre=text, **clinical) for i, text in enumerate(no_response)]
    patients += [one(f"R{i}", pre=text, best_response="PR", progression_day=300) for i, text in enumerate(response)]
    return subjects(called(*patients))


def floats(*values):
    return np.array(values, dtype=float)


def test_delong_by_hand():
    """Cases 2 and 4, controls 1 and 3: 2 beats half of the controls, 4 all; 1 loses to all, 3 to half of the cases.

    Area 3/4; both placements vary by 1/8, so the variance of the area is 1/8/2 + 1/8/2.
    """
    area, low, high = delong(floats(2, 4), floats(1, 3))
    assert area == 0.75
    assert low == pytest.approx(0.75 - 1.959964 * math.sqrt(1 / 8))
    assert high == 1.0


def test_delong_is_near_the_bootstrap():
    rng = np.random.default_rng(1)
    cases, controls = rng.normal(1, 1, 80), rng.normal(0, 1, 60)
    draws = [delong(rng.choice(cases, 80), rng.choice(controls, 60))[0] for _ in range(500)]
    _, low, high = delong(cases, controls)
    assert (high - low) / (2 * 1.96) == pytest.approx(np.std(draws), rel=0.15)


def test_delong_gives_no_interval_without_overlap():
    assert delong(floats(3, 4), floats(1, 2)) == (1.0, None, None)


def test_mann_whitney_is_exact():
    """Three above three: 2 of the 20 ways are as extreme."""
    assert mann_whitney_p(floats(4, 5, 6), floats(1, 2, 3), 1) == pytest.approx(2 / 20)


def test_mann_whitney_with_ties_is_exact_in_small_groups():
    cases, controls = floats(3, 3, 5, 5), floats(1, 3, 1, 2)
    ranks = stats.rankdata(np.concatenate([cases, controls]))
    sums = [abs(sum(chosen) - 18) for chosen in combinations(ranks, 4)]  # 18: half of 36
    by_hand = sum(s >= abs(sum(ranks[:4]) - 18) - 1e-9 for s in sums) / len(sums)
    assert mann_whitney_p(cases, controls, 1) == pytest.approx(by_hand)


def test_values_below_the_limit_tie_and_keep_their_rank():
    """<125 (after dilution) ties with <125; 300 and more stand above: areas 1 and 1/2."""
    (found,) = by_response(cohort(["LOW 300", "LOW 400", "HIGH 2000"], ["BLQ <62.5"] * 3))
    assert found.roc[0] == (0.0, 0.0) and found.roc[-1] == (1.0, 1.0)
    area = {row.name: row for row in response_rows(found, 50, 1)}["heregulin_auc"]
    assert (area.estimate, area.low) == (1.0, None)
    (tied,) = by_response(cohort(["BLQ <62.5"] * 3, ["BLQ <62.5"] * 3))
    rows = {row.name: row for row in response_rows(tied, 50, 1)}
    assert rows["heregulin_auc"].estimate == 0.5
    assert rows["heregulin_mann_whitney"].p == 1.0
    assert rows["heregulin_youden_cutoff"].estimate is None


def test_youden_cutoff_lies_between_the_groups():
    (found,) = by_response(cohort(["HIGH 2000", "HIGH 2100", "HIGH 2200"], ["LOW 300", "LOW 400", "LOW 500"]))
    row = {row.name: row for row in response_rows(found, 50, 1)}["heregulin_youden_cutoff"]
    assert row.estimate == (500 + 2000) / 2
    assert row.p is None and "corrected for optimism" in row.note


def test_the_area_under_the_points_is_that_of_delong():
    (found,) = by_response(cohort(["LOW 300", "LOW 500", "HIGH 2000"], ["LOW 200", "LOW 300", "LOW 400"]))
    x, y = zip(*found.roc, strict=True)
    area = {row.name: row for row in response_rows(found, 50, 1)}["heregulin_auc"].estimate
    assert np.trapezoid(y, x) == pytest.approx(area) == pytest.approx(7.5 / 9)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_responders_are_counted(n):
    (found,) = by_response(cohort(["LOW 300"] * 4, ["LOW 400"] * n))
    (row,) = response_rows(found, 50, 1)
    assert row.n == 4 + n and row.p is None and "too few" in row.note


def test_only_quantified_values_enter_the_model():
    values = ["BLQ <62.5", "BLQ <62.5", "LOW 200", "LOW 400", "LOW 800", "HIGH 1600"]
    rows = {row.name: row for row in survival_rows(cohort(values, []), 50, 1)}
    assert rows["PFS_hazard_ratio_per_doubling"].n == 4
    assert "2 not quantified are left out" in rows["PFS_hazard_ratio_per_doubling"].note
    assert rows["PFS_max_selected_log_rank"].n == 6
    assert rows["OS_hazard_ratio_per_doubling"].estimate is None


def test_a_doubling_is_the_unit():
    """The hazard ratio is the same whatever the unit of the values, and its square is that of a fourfold value."""
    rng = np.random.default_rng(5)
    days = [int(day) for day in rng.integers(20, 400, size=20)]
    levels = rng.integers(0, 5, size=20)

    def ratio(step):
        patients = [
            one(f"P{i}", pre=f"LOW {130 * 2 ** (step * level / 2):.3f}", progression_day=day, cutoff=HIGH_CUTOFF)
            for i, (level, day) in enumerate(zip(levels, days, strict=True))
        ]
        rows = survival_rows(subjects(called(*patients)), 50, 1)
        return next(row.estimate for row in rows if row.name == "PFS_hazard_ratio_per_doubling")

    assert ratio(1) == pytest.approx(ratio(2) ** 2, rel=1e-3)


def test_log_rank_scores_by_hand():
    """Events on days 1 and 3, one censored on 2: hazards 1/3 on day 1, 1/1 on day 3."""
    scores = log_rank_scores([FollowUp(1, True), FollowUp(2, False), FollowUp(3, True)])
    assert scores == pytest.approx([1 - 1 / 3, -1 / 3, 1 - 1 / 3 - 1])
    assert sum(scores) == pytest.approx(0)


def test_the_selected_cutoff_parts_the_groups_and_pays_for_it():
    followed = [FollowUp(day, True) for day in (300, 310, 320, 330, 340, 350, 10, 11, 12, 13, 14, 15)]
    scores = floats(*range(1, 13))
    cutoff, p = max_selected_log_rank(followed, scores, 999, 1)
    assert cutoff == 6.5
    order = np.random.default_rng(2).permutation(12)
    again = max_selected_log_rank([followed[i] for i in order], scores[order], 999, 1)
    assert again == (cutoff, p)
    assert p < 0.05


def test_the_corrected_p_is_valid_under_no_effect():
    """Of 60 cohorts without any effect 5 % are expected below 0.05; eight or more come by chance in 1 of 100."""
    rng = np.random.default_rng(8)
    found = []
    for _ in range(60):
        followed = [
            FollowUp(int(day), bool(event))
            for day, event in zip(rng.integers(1, 500, 24), rng.random(24) < 0.7, strict=True)
        ]
        found.append(max_selected_log_rank(followed, rng.normal(size=24), 99, 1)[1])
    assert sum(p <= 0.05 for p in found) < 8


@pytest.mark.parametrize(("scores", "events"), [((1, 1, 1, 1, 1, 1), True), ((1, 2, 3, 4, 5, 6), False)])
def test_nothing_to_choose(scores, events):
    assert max_selected_log_rank([FollowUp(10, events)] * 6, floats(*scores), 19, 1) is None


def test_a_cutoff_leaves_three_on_either_side():
    """Scores by hand, from the highest value down: .88, .73, .57, .37, .12, -.22, -.72, -1.72.

    Sums above 2.5, 3.5 and 4.5 over sqrt(m * (8 - m) / 56): 5.3, 5.1 and 4.8. The first leaves two below it.
    """
    followed = [FollowUp(day, True) for day in (350, 340, 330, 320, 310, 300, 11, 10)]
    assert max_selected_log_rank(followed, floats(*range(1, 9)), 19, 1)[0] == 3.5


def test_values_within_one_doubling_give_no_hazard_per_doubling():
    patients = [one(f"P{i}", pre=f"LOW {300 + 40 * i}", progression_day=30 + i) for i in range(5)]
    rows = {row.name: row for row in survival_rows(subjects(called(*patients)), 50, 1)}
    found = rows["PFS_hazard_ratio_per_doubling"]
    assert (found.n, found.estimate) == (5, None) and "within one doubling" in found.note
