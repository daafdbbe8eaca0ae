import pytest
from tests.unit.statistics_builders import followed

from cetux.exclusivity import chance_of_none, exclusivity_rows, expected_together
from cetux.states import Mechanism
from cetux.statistics_records import Endpoint

RAS, AMP = Mechanism.RAS_MUT, Mechanism.ERBB2_AMP


def row(states):
    cohort = [
        followed(f"P{i}", Endpoint.PFS, 10, True, judged={RAS: ras, AMP: amp}) for i, (ras, amp) in enumerate(states)
    ]
    (found,) = [row for row in exclusivity_rows(cohort) if row.group == "RAS_MUT and ERBB2_AMP"]
    return found


def test_chance_of_none_by_counting():
    """Two and two carriers among four: of 6 ways to place the second two, one leaves out both of the first."""
    assert chance_of_none(2, 2, 4) == pytest.approx(1 / 6)
    assert expected_together(2, 2, 4) == 1


def test_five_percent_each_has_almost_no_power():
    """Specification 6, item 3: five carriers of each in 100 patients share 0.25; none at all is what one expects."""
    found = row([(True, False)] * 5 + [(False, True)] * 5 + [(False, False)] * 90)
    assert found.p == 1.0
    assert "0.25 expected" in found.note and "almost no power" in found.note


def test_perfect_exclusivity_of_frequent_mechanisms_is_seen():
    """Ten and ten of 20: 1 / C(20, 10) that none is shared, twice that two-sided."""
    found = row([(True, False)] * 10 + [(False, True)] * 10)
    assert found.p == pytest.approx(2 / 184756)
    assert found.estimate == 0 and "almost no power" not in found.note


def test_only_patients_assayed_for_both_count():
    found = row([(True, False), (False, True), (True, None), (None, True), (None, None), (False, False)])
    assert found.n == 3 and "1 and 1 carriers of 3" in found.note


def test_nothing_is_tested_without_carriers():
    found = row([(False, True), (False, False)])
    assert (found.n, found.p, found.estimate) == (2, None, None)
    assert row([]).note == "nobody was assayed for both"
