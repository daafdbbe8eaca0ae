"""Cut-offs: fixed, from healthy controls, from the cohort, from response; intervals, freezing, moved calls."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from cetux.cutoffs import (
    Cutoff,
    CutoffRule,
    CutoffTable,
    HeregulinSettings,
    moved_calls,
    quantile_cutoff,
    resolve_cutoffs,
    rule_problems,
    smallest_sample,
)
from cetux.errors import InputError
from cetux.heregulin import judge
from cetux.measurement import Measurement
from cetux.records import from_json, to_json
from cetux.roc import youden_cutoff
from cetux.states import Heregulin, Timepoint


def settings(*rules: CutoffRule, samples: int = 500) -> HeregulinSettings:
    return HeregulinSettings(rules, 0.20, 0.30, 0.90, samples, 7)


def measured(patient: str, value: float, **fields: object) -> Measurement:
    plain = Measurement(patient, Timepoint.PRE, "serum", "DuoSet", f"{value:g}", value, 62.5, 4000.0)
    return replace(plain, **fields)


def censored(patient: str, sign: str, limit: float, **fields: object) -> Measurement:
    return measured(patient, 0.0, value_pg_per_ml=None, censored=sign, limit_pg_per_ml=limit, **fields)


def cohort(*values: float) -> list[Measurement]:
    return [measured(f"P{i:02}", value) for i, value in enumerate(values)]


MEDIAN = CutoffRule("DuoSet", "serum", "cohort_quantile", quantile=0.5)


def test_a_fixed_cutoff_is_used_as_it_is():
    (cutoff,) = resolve_cutoffs(settings(CutoffRule("DuoSet", "serum", "fixed", 980.0)), [])
    assert cutoff == Cutoff("DuoSet", "serum", "fixed", 980.0)


def test_the_median_of_the_cohort_is_exploratory_with_an_interval():
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), cohort(100, 200, 300, 400, 500, 600, 700))
    assert (cutoff.value_pg_per_ml, cutoff.n, cutoff.exploratory) == (400.0, 7, True)
    assert 100 <= cutoff.interval_low_pg_per_ml < 400 < cutoff.interval_high_pg_per_ml <= 700


def test_quantiles_interpolate_as_numpy_does():
    values = [70.0, 130.0, 410.0, 95.0, 3100.0, 220.0, 800.0, 760.0, 150.0, 333.0, 512.0]
    for quantile in (0.1, 0.5, 0.75, 0.9):
        value, _, _ = quantile_cutoff(cohort(*values), quantile, 10, 1)
        assert value == pytest.approx(np.quantile(values, quantile))


def test_the_bootstrap_interval_of_a_median_is_that_of_its_order_statistics():
    """For an odd n the bootstrap median is an order statistic, and P(it <= x_k) is binomial: computed exactly here."""
    n = 101
    values = list(range(1, n + 1))
    below = [1 - binom.cdf(n // 2, n, k / n) for k in values]  # P(at least 51 of 101 draws are <= x_k)
    low = next(k for k, p in zip(values, below, strict=True) if p >= 0.025)
    high = next(k for k, p in zip(values, below, strict=True) if p >= 0.975)
    _, found_low, found_high = quantile_cutoff(cohort(*(100.0 + k for k in values)), 0.5, 4000, 3)
    assert abs(found_low - 100 - low) <= 1
    assert abs(found_high - 100 - high) <= 1


def test_only_pre_values_of_the_assay_and_matrix_that_passed_are_used():
    others = [
        measured("X1", 9000, timepoint=Timepoint.POST),
        measured("X2", 9000, matrix="plasma"),
        measured("X3", 9000, assay="another"),
        measured("X4", 9000, qc_failure="plate failed"),
        measured("X5", 9000, cv_fraction=0.31),
        measured("X6", 9000, value_pg_per_ml=None),
    ]
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), [*cohort(1, 2, 3, 4, 5, 6, 7), *others])
    assert (cutoff.value_pg_per_ml, cutoff.n) == (4.0, 7)


def test_censored_values_keep_their_rank():
    low = [censored(f"L{i}", "<", 62.5) for i in range(3)]
    high = [censored(f"H{i}", ">", 4000.0) for i in range(2)]
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), [*low, *high, *cohort(100, 200, 300, 400)])
    assert (cutoff.value_pg_per_ml, cutoff.n) == (200.0, 9)  # the fifth of nine: three below, 100, 200
    assert cutoff.interval_low_pg_per_ml is None
    assert cutoff.interval_high_pg_per_ml is None


def test_a_quantile_among_censored_values_is_not_known():
    low = [censored(f"L{i}", "<", 62.5) for i in range(5)]
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), [*low, *cohort(100, 200)])
    assert cutoff.value_pg_per_ml is None
    assert "outside the limits" in cutoff.note


def test_a_limit_above_a_value_leaves_the_quantile_open():
    """<500 may lie on either side of 300, but never reaches the fourth of seven values, 700."""
    values = [*cohort(100, 300, 700, 800, 900, 1000), censored("L", "<", 500.0)]
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), values)
    assert cutoff.value_pg_per_ml == 700.0  # three lie below 700 whatever the censored one is
    quarter = CutoffRule("DuoSet", "serum", "cohort_quantile", quantile=1 / 3, min_n=7)
    (cutoff,) = resolve_cutoffs(settings(quarter), values)
    assert cutoff.value_pg_per_ml is None  # the third of seven is 300 or the censored one


def test_too_few_values_make_no_cutoff_but_say_how_many_are_needed():
    (cutoff,) = resolve_cutoffs(settings(MEDIAN), cohort(1, 2, 3, 4, 5))
    assert (cutoff.value_pg_per_ml, cutoff.n) == (None, 5)
    assert "6 are needed" in cutoff.note
    (cutoff,) = resolve_cutoffs(settings(replace(MEDIAN, min_n=5)), cohort(1, 2, 3, 4, 5))
    assert cutoff.value_pg_per_ml == 3.0


@pytest.mark.parametrize(("quantile", "n"), [(0.5, 6), (0.75, 11), (0.95, 59), (0.975, 119)])
def test_smallest_sample(quantile, n):
    """1 - q**n - (1-q)**n by hand: 0.5**5 * 2 = 0.0625 > 0.05 >= 0.5**6 * 2 = 0.03125, and so on."""
    assert smallest_sample(quantile) == n


def test_a_percentile_of_healthy_controls_is_not_exploratory():
    rule = CutoffRule("DuoSet", "serum", "healthy_percentile", quantile=0.95)
    healthy = [measured(f"H{i}", 100.0 + i, timepoint=None) for i in range(101)]
    (cutoff,) = resolve_cutoffs(settings(rule), cohort(9000, 9001), healthy=healthy)
    assert (cutoff.value_pg_per_ml, cutoff.n, cutoff.exploratory) == (195.0, 101, False)


def test_roc_finds_the_gap_and_says_what_it_may_not_be_used_for():
    rule = CutoffRule("DuoSet", "serum", "roc")
    values = cohort(100, 200, 300, 400, 500, 600, 1000, 1100, 1200, 1300, 1400, 1500)
    resistant = {m.patient: m.value_pg_per_ml >= 1000 for m in values}
    (cutoff,) = resolve_cutoffs(settings(rule), values, resistant=resistant)
    assert cutoff.value_pg_per_ml == 800.0  # midway between 600 and 1000
    assert cutoff.exploratory
    assert cutoff.bars_survival_test
    performance = cutoff.performance
    assert (performance.auc, performance.youden) == (1.0, 1.0)
    assert (performance.sensitivity, performance.specificity) == (1.0, 1.0)
    assert performance.youden_corrected == 1.0  # the gap is so wide that every resampled cut-off lies in it


def test_roc_by_hand():
    """Resistant 2, 4, 5, 8; responding 1, 3, 4, 6. Of 16 pairs 10 are ordered, 1 tied: AUC 10.5 / 16.

    At 7: 1/4 + 4/4 - 1 = 0.25; at 3.5: 3/4 + 2/4 - 1 = 0.25; at 1.5: 4/4 + 1/4 - 1 = 0.25; the highest is taken.
    """
    found = youden_cutoff([(x, x) for x in (2.0, 4.0, 5.0, 8.0)], [(x, x) for x in (1.0, 3.0, 4.0, 6.0)], 50, 1)
    assert found.performance.auc == pytest.approx(10.5 / 16)
    assert found.performance.youden == pytest.approx(0.25)
    assert found.cutoff == 7.0
    assert (found.performance.sensitivity, found.performance.specificity) == (0.25, 1.0)


def test_roc_ties_what_the_limits_hide():
    """<100 twice and 60 cannot be told apart: all tie below 100, so AUC counts half of each such pair."""
    resistant = [(60.0, 60.0), (500.0, 500.0), (4000.0, math.inf)]
    responding = [(0.0, 100.0), (0.0, 50.0), (200.0, 200.0)]
    found = youden_cutoff(resistant, responding, 50, 1)
    # pairs: 60 ties with both hidden ones (0.5 + 0.5) and loses to 200; 500 and >4000 win all six
    assert found.performance.auc == pytest.approx(7 / 9)


def test_roc_finds_nothing_where_high_values_respond():
    assert youden_cutoff([(1.0, 1.0), (2.0, 2.0)], [(3.0, 3.0), (4.0, 4.0)], 10, 1) is None
    rule = CutoffRule("DuoSet", "serum", "roc", min_n=2)
    values = cohort(1, 2, 3, 4)
    (cutoff,) = resolve_cutoffs(
        settings(rule), values, resistant=dict(zip(("P00", "P01", "P02", "P03"), (1, 1, 0, 0), strict=True))
    )
    assert cutoff.value_pg_per_ml is None
    assert cutoff.bars_survival_test


def test_roc_needs_patients_of_both_kinds():
    (cutoff,) = resolve_cutoffs(settings(CutoffRule("DuoSet", "serum", "roc")), cohort(1, 2), resistant={"P00": True})
    assert cutoff.value_pg_per_ml is None
    assert "1 resistant and 0 responding" in cutoff.note


def test_optimism_correction_takes_most_of_a_chance_index_away():
    """Pure noise has no index: the mean over 20 cohorts is far above 0 as found, and near 0 when corrected."""
    rng = np.random.default_rng(2)
    found, corrected = [], []
    for _ in range(20):
        groups = [[(x, x) for x in rng.lognormal(6, 1, 20)] for _ in range(2)]
        result = youden_cutoff(*groups, 60, 1)
        if result is not None:
            found.append(result.performance.youden)
            corrected.append(result.performance.youden_corrected)
    assert np.mean(found) > 0.1
    assert abs(np.mean(corrected)) < 0.4 * np.mean(found)


def test_a_frozen_cutoff_stays_when_patients_join():
    first = resolve_cutoffs(settings(MEDIAN), cohort(100, 200, 300, 400, 500, 600, 700))
    table = from_json(CutoffTable, to_json(CutoffTable(tuple(first))))
    assert table.cutoffs == tuple(first)
    grown = cohort(100, 200, 300, 400, 500, 600, 700, 5000, 6000, 7000)
    frozen_rule = replace(MEDIAN, frozen="cutoffs.json")
    (kept,) = resolve_cutoffs(settings(frozen_rule), grown, frozen={"cutoffs.json": table})
    (moved,) = resolve_cutoffs(settings(MEDIAN), grown)
    assert (kept.value_pg_per_ml, kept.n, kept.frozen_from) == (400.0, 7, "cutoffs.json")
    assert moved.value_pg_per_ml == 550.0


def test_a_frozen_file_without_the_assay_is_an_error():
    with pytest.raises(InputError, match=r"cutoffs\.json: has no cut-off for DuoSet in serum"):
        resolve_cutoffs(settings(replace(MEDIAN, frozen="cutoffs.json")), [], frozen={"cutoffs.json": CutoffTable(())})


def test_moved_calls():
    values = cohort(100, 450, 700)
    before, after = (
        [
            judge(m.patient, Timepoint.PRE, m, [Cutoff("DuoSet", "serum", "cohort_quantile", at)], settings())
            for m in values
        ]
        for at in (400.0, 550.0)
    )
    (moved,) = moved_calls(before, after)
    assert (moved.patient, moved.before, moved.after) == ("P01", Heregulin.HIGH, Heregulin.LOW)
    assert (moved.cutoff_before_pg_per_ml, moved.cutoff_after_pg_per_ml) == (400.0, 550.0)
    remeasured = [replace(result, raw="other") for result in after]
    assert moved_calls(before, remeasured) == []
    assert moved_calls(before[:1], after) == []


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (CutoffRule("DuoSet", "serum", "guess"), "unknown method"),
        (CutoffRule("DuoSet", "serum", "fixed"), "no value"),
        (CutoffRule("DuoSet", "serum", "fixed", 0.0), "no value"),
        (CutoffRule("DuoSet", "serum", "fixed", math.nan), "no value"),
        (CutoffRule("DuoSet", "serum", "cohort_quantile"), "no quantile"),
        (CutoffRule("DuoSet", "serum", "healthy_percentile", quantile=95), "no quantile"),
    ],
)
def test_wrong_rules(rule, wrong):
    (problem,) = rule_problems([rule], "config", "heregulin_cutoffs")
    assert wrong in str(problem)
    with pytest.raises(InputError, match=wrong):
        resolve_cutoffs(settings(rule), [])


def test_two_cutoffs_of_one_assay_and_matrix_are_a_problem():
    fixed = CutoffRule("DuoSet", "serum", "fixed", 980.0)
    (problem,) = rule_problems([fixed, MEDIAN, replace(fixed, matrix="plasma")], "config", "heregulin_cutoffs")
    assert "stands twice" in problem.wrong


VALUES = st.lists(st.one_of(st.floats(62.5, 4000.0), st.sampled_from(["<", ">"])), min_size=6, max_size=25)


def as_measurements(values: list[float | str]) -> list[Measurement]:
    limits = {"<": 62.5, ">": 4000.0}
    return [
        censored(f"P{i}", value, limits[value]) if isinstance(value, str) else measured(f"P{i}", value)
        for i, value in enumerate(values)
    ]


@given(VALUES, st.floats(0.05, 0.95), st.randoms())
def test_the_order_of_patients_changes_no_cutoff(values, quantile, random):
    plain = as_measurements(values)
    shuffled = random.sample(plain, len(plain))
    assert quantile_cutoff(plain, quantile, 20, 1) == quantile_cutoff(shuffled, quantile, 20, 1)


@given(VALUES, st.floats(0.05, 0.95))
def test_a_known_quantile_lies_among_the_values_and_in_its_interval_or_beside_it(values, quantile):
    value, low, high = quantile_cutoff(as_measurements(values), quantile, 50, 1)
    if value is not None:
        assert 62.5 <= value <= 4000.0
    if low is not None and high is not None:
        assert low <= high


@given(VALUES, st.floats(0.05, 0.95), st.sampled_from([0.25, 2.0, 1024.0]))
def test_scaling_the_unit_scales_the_cutoff(values, quantile, scale):
    def scaled(number):
        return None if number is None else number * scale

    plain = as_measurements(values)
    other = [
        replace(m, value_pg_per_ml=scaled(m.value_pg_per_ml), limit_pg_per_ml=scaled(m.limit_pg_per_ml)) for m in plain
    ]
    expected = tuple(scaled(number) for number in quantile_cutoff(plain, quantile, 20, 1))
    assert quantile_cutoff(other, quantile, 20, 1) == expected
