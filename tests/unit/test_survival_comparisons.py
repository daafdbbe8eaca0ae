from dataclasses import replace

import pytest
from tests.literature.freireich import MERCAPTOPURINE, PLACEBO
from tests.unit.mechanism_cases import sample
from tests.unit.statistics_builders import POST, PRE, called, followed, one

from cetux.cutoffs import Cutoff
from cetux.states import Mechanism, Timepoint
from cetux.statistics_records import Endpoint
from cetux.subjects import subjects
from cetux.survival_comparisons import compare, comparisons, follow_up_row, rows, whole_cohort

AMP, HRG = Mechanism.ERBB2_AMP, Mechanism.HRG_HIGH


@pytest.fixture(scope="module")
def trial():
    """The leukaemia trial as a cohort: carriers on placebo; two more who were never assayed."""
    groups = ((MERCAPTOPURINE, False), (PLACEBO, True), (PLACEBO[:2], None))
    return [
        followed(f"P{i}-{carried}", Endpoint.PFS, one.days, one.event, before={AMP: carried})
        for group, carried in groups
        for i, one in enumerate(group)
    ]


def test_the_trial_as_a_comparison(trial):
    found = compare(trial, AMP, Endpoint.PFS)
    assert (found.with_n, found.without_n, found.primary, found.known_at) == (21, 21, True, Timepoint.PRE)
    assert round(found.log_rank_chi2, 2) == 16.79
    assert [(curve.group, curve.n, curve.median_days) for curve in found.curves] == [
        ("ERBB2_AMP", 21, 8),
        ("no ERBB2_AMP", 21, 23),
    ]
    assert found.hazard.ratio > 4
    assert found.events_needed == 66  # 7.849 / (0.25 * ln(2)**2) = 65.3
    assert found.underpowered and found.note.startswith("underpowered: 30 events, 66 needed")
    assert all(len(curve.at_risk) == len(found.tick_days) for curve in found.curves)


def test_rows_of_a_comparison(trial):
    found = {row.name: row for row in rows(compare(trial, AMP, Endpoint.PFS)) if "median" not in row.name}
    assert set(found) == {"PFS_log_rank", "PFS_hazard_ratio"}
    assert all(row.n == 42 and row.primary and "underpowered" in row.note for row in found.values())
    assert found["PFS_log_rank"].p == pytest.approx(4.17e-5, rel=1e-2)


def test_everybody_has_a_curve_whatever_was_assayed(trial):
    found = whole_cohort(trial, Endpoint.PFS)
    assert (found.with_n, found.curves[0].n) == (44, 44)


@pytest.mark.parametrize("endpoint", [Endpoint.PFS, Endpoint.OS])
def test_what_was_found_at_progression_never_defines_groups_from_the_start(endpoint):
    """Immortal time: the ten who lived long enough to acquire an amplification all did so after progression."""
    acquired = [
        one(f"A{i}", [sample(PRE), sample(POST, erbb2="AMP 12")], post="HIGH 2000",
            best_response="PR", progression_day=300 + i, last_contact_day=500 + i, outcome="dead")
        for i in range(10)
    ]  # fmt: skip
    others = [
        one(f"D{i}", [sample(PRE)], progression_day=40 + i, last_contact_day=100 + i, outcome="dead") for i in range(10)
    ]
    calls = called(*acquired, *others)
    found = compare(subjects(calls), AMP, endpoint)
    assert (found.with_n, found.without_n, found.curves) == (0, 20, ())
    stripped = replace(
        calls,
        patients=tuple(
            replace(
                patient,
                samples=tuple(s for s in patient.samples if s.timepoint is PRE),
                heregulin=tuple(result for result in patient.heregulin if result.timepoint is PRE),
            )
            for patient in calls.patients
        ),
    )
    assert [compare(subjects(stripped), m, endpoint) for m in Mechanism] == [
        compare(subjects(calls), m, endpoint) for m in Mechanism
    ]


def test_survival_after_progression_is_compared_by_what_was_there():
    emerged = [
        one(f"A{i}", [sample(PRE), sample(POST, erbb2="AMP 12" if i < 4 else "NEG")],
            best_response="PR", progression_day=200, last_contact_day=300 + 10 * i, outcome="dead")
        for i in range(8)
    ]  # fmt: skip
    found = compare(subjects(called(*emerged)), AMP, Endpoint.PPS)
    assert (found.with_n, found.without_n, found.known_at) == (4, 4, Timepoint.POST)
    assert [curve.days for curve in found.curves] == [(100, 110, 120, 130), (140, 150, 160, 170)]


@pytest.mark.parametrize("carriers", [0, 1, 2])
def test_groups_below_three_are_counted_and_not_shown(carriers):
    cohort = [followed(f"P{i}", Endpoint.PFS, 10 + i, True, before={AMP: i < carriers}) for i in range(12)]
    found = compare(cohort, AMP, Endpoint.PFS)
    assert (found.with_n, found.without_n) == (carriers, 12 - carriers)
    assert found.curves == () and found.log_rank_p is None and found.hazard is None
    (row,) = rows(found)
    assert row.n == 12 and row.p is None and f"{carriers} with, {12 - carriers} without; too few" in row.note


def test_three_carriers_are_shown():
    cohort = [followed(f"P{i}", Endpoint.PFS, 10 + i, True, before={AMP: i < 3}) for i in range(12)]
    assert len(compare(cohort, AMP, Endpoint.PFS).curves) == 2


def test_without_events_there_are_curves_and_no_test():
    cohort = [followed(f"P{i}", Endpoint.PFS, 10 + i, False, before={AMP: i < 3}) for i in range(6)]
    found = compare(cohort, AMP, Endpoint.PFS)
    assert len(found.curves) == 2 and found.log_rank_p is None and found.hazard is None
    assert all(row.p is None for row in rows(found))
    assert any("no event" in row.note for row in rows(found))


@pytest.mark.parametrize("exploratory", [True, False])
def test_a_cutoff_of_the_cohort_is_barred_from_its_survival(exploratory):
    cutoff = Cutoff("DuoSet", "serum", "cohort_quantile", 980.0, exploratory=exploratory)
    patients = [
        one(f"P{i}", pre="HIGH 2000" if i < 4 else "LOW 300", cutoff=cutoff, progression_day=30 + i) for i in range(9)
    ]
    found = compare(subjects(called(*patients)), HRG, Endpoint.PFS)
    assert (found.with_n, found.without_n) == (4, 5)
    assert (found.curves == ()) == (found.log_rank_p is None) == exploratory
    assert ("derived from this cohort" in found.note) == exploratory


def test_enough_events_are_not_called_underpowered():
    cohort = [followed(f"P{i}", Endpoint.PFS, 10 + i, True, before={AMP: i % 2 == 0}) for i in range(66)]
    found = compare(cohort, AMP, Endpoint.PFS)
    assert not found.underpowered and found.note.startswith("66 events, 66 needed")
    assert compare(cohort[:-1], AMP, Endpoint.PFS).underpowered


def test_only_two_comparisons_are_primary(trial):
    assert {(found.mechanism, found.endpoint) for found in comparisons(trial) if found.primary} == {
        (AMP, Endpoint.PFS),
        (HRG, Endpoint.PFS),
    }


def test_follow_up_is_that_of_the_living():
    """Two dead on day 10; the last contacts of the others are days 100, 200 and 300."""
    cohort = [followed(f"P{i}", Endpoint.OS, day, day == 10) for i, day in enumerate((10, 10, 100, 200, 300))]
    assert follow_up_row(cohort).estimate == 200
    assert "3 of 5 alive" in follow_up_row(cohort).note
    assert follow_up_row(cohort[:2]).estimate is None
    dead = [followed(f"P{i}", Endpoint.OS, 10, True) for i in range(3)]
    assert follow_up_row(dead).estimate is None and "median not reached" in follow_up_row(dead).note
