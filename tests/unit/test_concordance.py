"""Agreement with another method: counts, kappa, exact intervals, limits of agreement, cut-off, equivalence."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetux import records
from cetux.concordance import (
    COLUMNS,
    Concordance,
    Counts,
    bland_altman,
    concordance,
    count,
    kappa,
    proportion,
    shortfalls,
    suggested_cutoff,
    table_rows,
)
from cetux.other_methods import ComparedResult, Reading
from cetux.settings import with_defaults
from cetux.states import Agreement, Axis, MethodResult, Timepoint, Verdict

RULES = with_defaults({})["concordance_rules"] | {"bootstrap_samples": 100}
POSITIVE, NEGATIVE, NOT_USABLE = Verdict.POSITIVE, Verdict.NEGATIVE, Verdict.NOT_USABLE
EMPTY = Counts(0, 0, 0, 0, 0, 0, 0, 0, 0)


def result(
    theirs: str,
    ours: Verdict | None,
    patient: str = "P1",
    copies: tuple[float | None, float | None] = (None, None),
    **other: object,
) -> ComparedResult:
    """One result; copies: ours and theirs."""
    said = {"positive": POSITIVE, "negative": NEGATIVE}.get(theirs)
    agreement = None
    if said and ours in (POSITIVE, NEGATIVE):
        agreement = Agreement.AGREE if said is ours else None
        agreement = agreement or (Agreement.ONLY_THEIRS if said is POSITIVE else Agreement.ONLY_OURS)
    blank = ComparedResult(
        patient=patient,
        timepoint=Timepoint.PRE,
        specimen="tissue",
        what="ERBB2",
        axis=Axis.ERBB2,
        method="FISH",
        result=MethodResult(theirs),
        ratio=None,
        copies=copies[1],
        vaf=None,
        date="",
        ours=Reading(ours, "", copies=copies[0]) if ours else None,
        agreement=agreement,
        flag="",
    )
    return replace(blank, **other)


def cohort(both: int, only_theirs: int, only_ours: int, neither: int, **other: object) -> list[ComparedResult]:
    """Results of as many patients."""
    pairs = [("positive", POSITIVE)] * both + [("positive", NEGATIVE)] * only_theirs
    pairs += [("negative", POSITIVE)] * only_ours + [("negative", NEGATIVE)] * neither
    return [result(theirs, ours, f"P{i}", **other) for i, (theirs, ours) in enumerate(pairs)]


def only(results: Sequence[ComparedResult]):
    (method,) = concordance(results, RULES).methods
    return method


def test_each_result_is_counted_once_and_not_usable_apart():
    given_ = [
        *cohort(3, 2, 1, 4),
        *[result("positive", NOT_USABLE)] * 5,
        *[result("negative", NOT_USABLE)] * 6,
        *[result("positive", None), result("negative", None)],
        *[result("equivocal", POSITIVE), result("equivocal", None), result("equivocal", NOT_USABLE)],
        *[result("failed", NEGATIVE)] * 4,
    ]
    counts = count(given_)
    assert counts == Counts(3, 2, 1, 4, 5, 6, 2, 3, 4)
    assert counts.compared == 10
    method = only(given_)
    assert (method.sensitivity.value, method.sensitivity.n) == (3 / 5, 5)
    assert (method.specificity.value, method.specificity.n) == (4 / 5, 5)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(MethodResult)), st.sampled_from([POSITIVE, NEGATIVE, NOT_USABLE, None])),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=50, deadline=None)
def test_counts_add_up_and_order_does_not_matter(pairs):
    given_ = [result(theirs, ours, f"P{i}") for i, (theirs, ours) in enumerate(pairs)]
    counts = count(given_)
    assert sum(vars(counts).values()) == len(pairs)
    assert concordance(given_[::-1], RULES).methods == concordance(given_, RULES).methods


# Specification, section 6: published exact intervals in percent
@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (31, 82, 27.3, 49.2),
        (46, 47, 88.7, 99.9),
    ],
)
def test_published_exact_intervals(k, n, low, high):
    found = proportion(k, n)
    assert (round(100 * found.low, 1), round(100 * found.high, 1), found.value, found.n) == (low, high, k / n, n)


def test_an_interval_of_all_by_hand():
    """With k = n the lower bound solves p**n = 0.025, the upper is 1; with k = 0 the mirror image."""
    for n in (1, 5, 36):
        full, none = proportion(n, n), proportion(0, n)
        assert (full.low, full.high) == (pytest.approx(0.025 ** (1 / n)), 1)
        assert (none.low, none.high) == (0, pytest.approx(1 - 0.025 ** (1 / n)))
    assert proportion(0, 0) is None


def test_kappa_of_a_second_implementation():
    """ci.kappa(.05, 31, 12, 4, 58) of the R package statpsych, as its manual prints it (after Fleiss and Paik 2003)."""
    found = kappa(replace(EMPTY, both_positive=31, only_theirs=12, only_ours=4, both_negative=58))
    assert found.value == pytest.approx(0.6756757, abs=5e-8)
    assert (found.low, found.high) == (pytest.approx(0.5317210, abs=5e-8), pytest.approx(0.8196303, abs=5e-8))
    assert found.n == 105


def test_kappa_by_hand():
    """20 and 15 of 50 agree, p_o = 0.7; margins 25/25 and 30/20, p_e = 0.5 * 0.6 + 0.5 * 0.4 = 0.5: kappa = 0.4."""
    found = kappa(replace(EMPTY, both_positive=20, only_theirs=5, only_ours=10, both_negative=15))
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high


def test_kappa_error_is_that_of_the_delta_method():
    """Second derivation: Var = (sum p_i g_i**2 - (sum p_i g_i)**2) / n with g the gradient of kappa in the cells."""
    cells = np.array([20.0, 5.0, 10.0, 15.0])
    n = cells.sum()

    def of(p):
        a, b, c, d = p
        chance = ((a + b) * (a + c) + (c + d) * (b + d)) / p.sum() ** 2
        return ((a + d) / p.sum() - chance) / (1 - chance)

    p, step = cells / n, 1e-6
    g = np.array([(of(p + step * unit) - of(p - step * unit)) / (2 * step) for unit in np.eye(4)])
    error = math.sqrt((p @ g**2 - (p @ g) ** 2) / n)
    found = kappa(replace(EMPTY, both_positive=20, only_theirs=5, only_ours=10, both_negative=15))
    assert found.high - found.low == pytest.approx(2 * 1.959964 * error, rel=1e-5)


def test_kappa_where_it_says_nothing():
    assert kappa(EMPTY) is None
    assert kappa(replace(EMPTY, both_negative=9)) is None, "both constant"
    assert kappa(replace(EMPTY, both_negative=9, only_theirs=2)) is None, "ours constant"
    assert kappa(replace(EMPTY, both_negative=9, only_ours=2)) is None, "theirs constant"
    perfect = kappa(replace(EMPTY, both_positive=3, both_negative=5))
    assert (perfect.value, perfect.low, perfect.high) == (1, None, None)


# Bland and Altman, Lancet 1986;i:307, table 1: first readings of both peak flow meters, l/min
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI_WRIGHT = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_limits_of_agreement_of_the_peak_flow_meters():
    """Printed: mean -2.1, sd 38.8, interval of the mean -22.0 to 17.8; limits there with 2 sd, here with 1.96."""
    bias, lower, upper = bland_altman([one - other for one, other in zip(WRIGHT, MINI_WRIGHT, strict=True)])
    assert bias.value == pytest.approx(-2.1, abs=0.05)
    assert (bias.low, bias.high) == (pytest.approx(-22.0, abs=0.1), pytest.approx(17.8, abs=0.1))
    assert lower.value == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.1)
    assert upper.value == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)
    # error of a limit: 38.765 * sqrt(1/17 + 1.96**2/32) = 16.39, t(16) = 2.120
    assert upper.high - upper.value == pytest.approx(2.1199 * 16.39, abs=0.1)
    assert upper.value - upper.low == pytest.approx(lower.high - lower.value)


def test_too_few_differences_have_no_limits():
    assert bland_altman([1.0, 2.0]) is None
    bias, lower, upper = bland_altman([2.0, 2.0, 2.0])
    assert [one.value for one in (bias, lower, upper)] == [2, 2, 2]


def test_copies_are_compared_on_both_scales_and_only_where_both_have_them():
    pairs = [(4.0, 2.0), (8.0, 4.0), (20.0, 10.0), (None, 5.0), (3.0, None), (-0.5, 2.0)]
    method = only([result("positive", POSITIVE, f"P{i}", pair) for i, pair in enumerate(pairs)])
    found = {(one.measure, one.scale): one.bias for one in method.numbers}
    assert set(found) == {("copies", "difference"), ("copies", "log2 ratio")}
    assert found["copies", "difference"].value == pytest.approx((2 + 4 + 10 - 2.5) / 4)
    assert (found["copies", "log2 ratio"].value, found["copies", "log2 ratio"].n) == (pytest.approx(1), 3)


def test_vaf_is_compared_as_a_difference():
    given_ = [
        replace(
            result("positive", POSITIVE, f"P{i}"),
            axis="RAS",
            method="ddPCR",
            vaf=vaf,
            ours=Reading(POSITIVE, "", vaf=0.3),
        )
        for i, vaf in enumerate((0.29, 0.31, 0.33))
    ]
    (numbers,) = only(given_).numbers
    assert (numbers.measure, numbers.scale) == ("vaf", "difference")
    assert numbers.bias.value == pytest.approx(-0.01)


def separated(copies: Iterator[float] | Sequence[float], at: float) -> list[ComparedResult]:
    """One result per number of copies, positive by FISH from `at` on."""
    return [
        result("positive" if one >= at else "negative", NOT_USABLE, f"P{i}", (one, None))
        for i, one in enumerate(copies)
    ]


def test_suggested_cutoff_lies_midway_where_copies_separate():
    found, why = suggested_cutoff(separated(range(1, 41), at=21), RULES)
    assert why == ""
    assert found.copies.value == 20.5
    assert found.copies.low <= 20.5 <= found.copies.high
    assert (found.auc.value, found.copies.n) == (1, 40)
    turned = separated(range(1, 41), at=21)[::-1]
    assert suggested_cutoff(turned, RULES) == (found, ""), "seeded, whatever the order"


def test_no_cutoff_of_few_or_inseparable_results():
    found, why = suggested_cutoff(separated(range(1, 20), at=11), RULES)
    assert found is None
    assert why == "no cut-off suggested: 9 positive and 10 negative results with copies, 10 of each needed"
    turned = [replace(one, ours=replace(one.ours, copies=-one.ours.copies)) for one in separated(range(1, 41), at=21)]
    assert suggested_cutoff(turned, RULES)[0] is None


def test_equivalent_only_where_both_lower_bounds_reach():
    """36 of 36 have a lower bound of 0.025**(1/36) = 0.9026, 35 of 35 one of 0.8999."""
    enough = only(cohort(36, 0, 0, 36))
    assert enough.equivalent
    assert enough.conclusion == "equivalent to FISH"
    for few in (
        cohort(35, 0, 0, 36),
        cohort(36, 0, 0, 35),
        cohort(36, 0, 1, 36),
        cohort(0, 0, 0, 90),
        cohort(90, 0, 0, 0),
    ):
        method = only(few)
        assert not method.equivalent
        assert "equivalent to" not in method.conclusion
        assert method.conclusion.startswith("not calibrated against FISH: ")
    assert "the lower bound of the sensitivity is 0.90, 0.9 is needed" in only(cohort(35, 0, 0, 36)).conclusion


def test_many_results_without_a_call_or_of_one_patient_are_not_equivalent():
    enough = cohort(36, 0, 0, 36)
    unusable = [result("positive", NOT_USABLE, f"N{i}") for i in range(9)]
    assert only([*enough, *unusable[:8]]).equivalent, "8 of 80 are 10 %"
    assert "9 of 81 results are not usable here" in only([*enough, *unusable]).conclusion
    again = only([*enough, replace(enough[0], timepoint=Timepoint.POST)])
    assert "some patients have several results" in again.conclusion
    assert again.notes[-1].startswith("73 results of 72 patients")
    assert (again.results, again.patients) == (73, 72)
    assert shortfalls(EMPTY, None, None, True, RULES) == ["no sensitivity", "no specificity"]


def test_methods_axes_and_specimens_stand_apart():
    given_ = [
        result("positive", POSITIVE),
        replace(result("positive", POSITIVE), method="IHC"),
        replace(result("positive", POSITIVE), axis="RAS"),
        replace(result("positive", POSITIVE), specimen="ctdna"),
    ]
    found = [(one.axis, one.method, one.specimen) for one in concordance(given_, RULES).methods]
    assert found == [
        ("ERBB2", "FISH", "ctdna"),
        ("ERBB2", "FISH", "tissue"),
        ("ERBB2", "IHC", "tissue"),
        ("RAS", "FISH", "tissue"),
    ]


def test_table_says_every_statistic_and_keeps_what_is_missing_empty():
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in table_rows(concordance(cohort(9, 1, 0, 0), RULES))]
    found = {row["statistic"]: row for row in rows}
    assert len(found) == len(rows)
    assert (found["both_positive"]["value"], found["only_theirs"]["value"]) == (9, 1)
    assert (found["sensitivity"]["value"], found["sensitivity"]["n"]) == (0.9, 10)
    assert (
        found["sensitivity"]["note"] == "to be read as positive percent agreement where FISH is no reference standard"
    )
    assert (found["specificity"]["value"], found["specificity"]["n"]) == (None, None)
    assert found["specificity"]["note"] == "no negative result to compare with"
    assert found["kappa"]["value"] is None
    assert found["equivalent"]["value"] == 0
    assert "no cut-off suggested" in found["results"]["note"]


def test_a_cutoff_and_limits_stand_in_the_table():
    copies = [*range(1, 41)]
    given_ = [replace(one, copies=one.ours.copies + 1) for one in separated(copies, at=21)]
    rows = [dict(zip(COLUMNS, cells, strict=True)) for cells in table_rows(concordance(given_, RULES))]
    found = {row["statistic"]: row for row in rows}
    assert found["suggested cut-off in copies"]["value"] == 20.5
    assert found["bias of copies difference"]["value"] == -1
    assert {"lower limit of copies log2 ratio", "upper limit of copies difference", "AUC of copies"} <= set(found)


def test_the_record_is_read_again_as_written():
    found = concordance([*cohort(3, 1, 1, 4), result("failed", None)], RULES)
    assert records.from_json(Concordance, records.to_json(found)) == found
    assert concordance([], RULES) == Concordance((), ())
