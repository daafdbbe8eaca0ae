"""The charts of the cohort's page: each says in words and in its table what it draws."""

import pytest
from tests.unit.mechanism_cases import CTDNA, POST, PRE, RULES, evidence, patient, sample

from cetux import copies_chart, course_chart, depth_chart, heregulin_chart, oncoprint, pair_chart, survival_chart
from cetux.cohort_calls import CohortCalls, call_cohort
from cetux.pictures import BLUE, GREEN, ORANGE
from cetux.states import Mechanism, Timepoint
from cetux.statistics_records import (
    Bounded,
    CohortStatistics,
    Curve,
    Endpoint,
    Pair,
    PairedSeries,
    SurvivalComparison,
)

EMPTY = CohortCalls((), RULES)


@pytest.fixture(scope="module")
def calls() -> CohortCalls:
    """One patient: copies 2 then 22, heregulin below its limit then HIGH, progression on day 300."""
    samples = [sample(PRE), sample(POST, erbb2="AMP 22"), sample(POST, CTDNA, purity=None, erbb2="NE")]
    one = evidence(patient("PR", 300, last_dose_day=290), samples, pre="BLQ <62.5", post="HIGH 2000")
    return call_cohort([one], RULES)


def test_copies_are_drawn_where_purity_and_copies_are_known(calls: CohortCalls) -> None:
    chart = copies_chart.chart(calls)
    assert [row[:4] for row in chart.rows] == [("pre-tissue", "NEG", "0.6", "2"), ("post-tissue", "AMP", "0.6", "22")]
    assert chart.alt.startswith("2 samples with known purity, 1 amplified.")
    assert "smallest gain seen with 95 % power" in chart.svg
    assert copies_chart.chart(EMPTY).rows == ()


def test_heregulin_shows_values_limits_and_cut_off(calls: CohortCalls) -> None:
    chart = heregulin_chart.chart(calls)
    assert [(row[1], row[2], row[3], row[6]) for row in chart.rows] == [
        ("pre", "BLQ", "<125", "980"),  # below 62.5 pg/mL at a dilution of 2
        ("post", "HIGH", "2000", "980"),
    ]
    assert "cut-off 980" in chart.svg
    assert chart.alt.startswith("2 values, 1 HIGH.")
    assert "0 values" in heregulin_chart.chart(EMPTY).alt


def test_the_course_has_days_and_the_colour_of_the_mechanism(calls: CohortCalls) -> None:
    chart = course_chart.chart(calls)
    (row,) = chart.rows
    assert row[0], row[3:6] == ("P1", ("290", "300", ""))
    (one,) = calls.patients
    assert course_chart.colour_of(one) == ORANGE
    assert ORANGE in chart.svg
    none = call_cohort([evidence(patient(), [sample()], pre="LOW 420")], RULES).patients[0]
    assert course_chart.colour_of(none) == GREEN
    assert course_chart.chart(EMPTY).rows == ()


def test_the_longest_courses_are_drawn_and_all_are_in_the_table(calls: CohortCalls) -> None:
    chart = course_chart.chart(CohortCalls(calls.patients * 100, RULES))
    assert len(chart.rows) == 100
    assert "The 80 longest of 100 are drawn." in chart.alt


def test_the_depth_of_every_codon_is_counted(calls: CohortCalls) -> None:
    chart = depth_chart.chart(calls)
    assert len(chart.rows) == 3
    assert "KRAS 12" in chart.columns
    thin = call_cohort([evidence(patient(), [sample(KRAS="NO_CALL; codon 12 at 50x")])], RULES)
    assert "; 1 of " in depth_chart.chart(thin).alt
    assert "no sample was genotyped" in depth_chart.chart(EMPTY).svg


def statistics(**parts: object) -> CohortStatistics:
    nothing = {"rows": (), "survival": (), "heregulin": (), "paired": ()}
    return CohortStatistics(patients=2, **{**nothing, **parts})  # type: ignore[arg-type]


def test_pairs_rise_in_orange_and_fall_in_blue() -> None:
    pairs = (
        Pair("P1", "DuoSet", Bounded(0.0, 125.0), Bounded(2000.0, 2000.0)),
        Pair("P2", "DuoSet", Bounded(900.0, 900.0), Bounded(300.0, 300.0)),
        Pair("P3", "DuoSet", Bounded(900.0, 900.0), Bounded(4000.0, None)),
    )
    chart = pair_chart.chart(statistics(paired=(PairedSeries("heregulin_pg_per_ml", pairs),)))
    assert "3 pairs, 2 higher after" in chart.alt
    assert [row[3:] for row in chart.rows] == [("<125", "2000"), ("900", "300"), ("900", ">4000")]
    assert chart.svg.count(f"stroke: {ORANGE}") >= 2
    assert f"stroke: {BLUE}" in chart.svg
    assert "No patient has a value at both time points" in pair_chart.chart(statistics()).alt


def test_no_tick_of_any_chart_is_a_formula() -> None:
    one = evidence(patient("PR", 300), [sample(PRE), sample(POST, erbb2="AMP 22")], pre="LOW 420", post="HIGH 1200")
    calls = call_cohort([one], RULES)
    pairs = (Pair("P1", "DuoSet", Bounded(420.0, 420.0), Bounded(1200.0, 1200.0)),)
    charts = [made.chart(calls) for made in (copies_chart, course_chart, depth_chart, heregulin_chart, oncoprint)]
    charts.append(pair_chart.chart(statistics(paired=(PairedSeries("heregulin_pg_per_ml", pairs),))))
    assert [chart.name for chart in charts if "mathdefault" in chart.svg] == []


def test_the_smallest_gain_is_no_amplification(calls: CohortCalls) -> None:
    chart = copies_chart.chart(calls)
    assert "smallest gain over the ploidy" in chart.alt
    polysomy = call_cohort([evidence(patient(), [sample(erbb2="POLYSOMY 5 over 5")])], RULES)
    assert [row[-1] for row in copies_chart.chart(polysomy).rows] == [""]
    assert all(row[-1] for row in chart.rows)


def test_a_survival_curve_states_groups_risk_and_test() -> None:
    curve = Curve(
        "amplified",
        3,
        2,
        (0.0, 60.0, 90.0),
        (1.0, 0.67, 0.33),
        (1.0, 0.1, 0.0),
        (1.0, 0.9, 0.8),
        (100,),
        (3, 2),
        90.0,
        60.0,
        None,
    )
    other = Curve(
        "not amplified",
        4,
        1,
        (0.0, 200.0),
        (1.0, 0.75),
        (1.0, 0.2),
        (1.0, 0.95),
        (210, 220, 230),
        (4, 4),
        None,
        None,
        None,
    )
    compared = SurvivalComparison(
        Endpoint.PFS, Mechanism.ERBB2_AMP, Timepoint.PRE, True, 3, 4, (0, 90), (curve, other), log_rank_p=0.0321
    )
    (chart,) = survival_chart.charts(statistics(survival=(compared,)))
    assert chart.title == "Progression-free survival by ERBB2_AMP in pre-treatment samples"
    assert "amplified: n = 3, 2 events, median 90 days" in chart.alt
    assert "median not reached days" in chart.alt
    assert "Log-rank p = 0.032. Underpowered." in chart.alt
    assert "at risk on those days" in chart.svg
    assert chart.rows[1] == ("amplified", "60", "0.67", "0.1", "0.9")
    drawn_by_nobody = SurvivalComparison(Endpoint.OS, Mechanism.ERBB2_AMP, Timepoint.PRE, False, 1, 4)
    assert survival_chart.charts(statistics(survival=(drawn_by_nobody,))) == []
