from dataclasses import replace

import pytest
from tests.unit.mechanism_cases import sample
from tests.unit.statistics_builders import POST, PRE, called, one

from cetux.states import Mechanism, Verdict
from cetux.statistics_records import Endpoint
from cetux.subjects import FollowUp, known_at, subjects


def subject(*samples, **patient):
    (found,) = subjects(called(one("P1", samples, **patient)))
    return found


@pytest.mark.parametrize(
    ("clinical", "expected"),
    [
        # progression, then death: PFS is the progression, and PPS runs from it
        (
            {"progression_day": 100, "last_contact_day": 250, "outcome": "dead"},
            {"PFS": (100, True), "OS": (250, True), "PPS": (150, True)},
        ),
        (
            {"progression_day": 100, "last_contact_day": 250, "outcome": "alive"},
            {"PFS": (100, True), "OS": (250, False), "PPS": (150, False)},
        ),
        # death without progression is an event of PFS
        (
            {"progression_day": None, "last_contact_day": 90, "outcome": "dead"},
            {"PFS": (90, True), "OS": (90, True)},
        ),
        (
            {"progression_day": None, "last_contact_day": 90, "outcome": "alive"},
            {"PFS": (90, False), "OS": (90, False)},
        ),
        # whether the last contact was the death is not known: no OS
        ({"progression_day": None, "last_contact_day": 90, "outcome": ""}, {"PFS": (90, False)}),
        ({"progression_day": 100, "last_contact_day": None}, {"PFS": (100, True)}),
        ({"progression_day": None, "last_contact_day": None}, {}),
    ],
)
def test_endpoints(clinical, expected):
    found = subject(**clinical).follow_up
    assert found == {Endpoint(name): FollowUp(*given) for name, given in expected.items()}


@pytest.mark.parametrize(("collected", "expected"), [(None, 50), (90, 50), (120, 30), (150, 0), (160, None)])
def test_post_progression_survival_starts_when_its_sample_was_taken(collected, expected):
    """Whoever gave a sample on day 120 was alive then: days before it count for nobody."""
    post = replace(sample(POST), collected_day=collected)
    found = subject(post, progression_day=100, last_contact_day=150, outcome="alive").follow_up
    assert (found[Endpoint.PPS].days if Endpoint.PPS in found else None) == expected


@pytest.mark.parametrize(
    ("response", "responded"), [("CR", True), ("PR", True), ("SD", False), ("PD", False), ("NE", None)]
)
def test_response(response, responded):
    assert subject(best_response=response).responded is responded


def test_each_endpoint_is_compared_by_what_was_known_at_its_start():
    emerged = subject(sample(PRE), sample(POST, erbb2="AMP 12"), best_response="PR", progression_day=300)
    states = {endpoint: emerged.states_for(endpoint)[Mechanism.ERBB2_AMP] for endpoint in Endpoint}
    assert states == {Endpoint.PFS: False, Endpoint.OS: False, Endpoint.PPS: True}
    assert [known_at(endpoint) for endpoint in Endpoint] == [PRE, PRE, POST]


def test_a_mechanism_seen_only_at_progression_is_unknown_before():
    found = subject(sample(POST, erbb2="AMP 12"), post="HIGH 2000", best_response="PR", progression_day=300)
    assert set(found.before.values()) == {None}
    assert found.at_progression[Mechanism.ERBB2_AMP] and found.at_progression[Mechanism.HRG_HIGH]


def test_a_sample_dated_after_the_first_dose_is_never_from_before_it():
    late = replace(sample(PRE, erbb2="AMP 12"), collected_day=1)
    assert subject(late).before[Mechanism.ERBB2_AMP] is None
    assert subject(replace(late, collected_day=0)).before[Mechanism.ERBB2_AMP] is True


def test_judged_states_are_those_of_the_call():
    """Each axis that the call shows as negative, positive or not usable stands so here."""
    found = subject(sample(PRE, erbb2="AMP 12", KRAS="NO_CALL; codon 12 at 20x"), pre="LOW 300")
    verdicts = {axis: state.verdict for axis, state in found.source.call.axes.items()}
    known = {Verdict.POSITIVE: True, Verdict.NEGATIVE: False, Verdict.NOT_USABLE: None}
    by_mechanism = {"RAS": Mechanism.RAS_MUT, "ERBB2": Mechanism.ERBB2_AMP, "HRG": Mechanism.HRG_HIGH}
    assert {axis: found.judged[m] for axis, m in by_mechanism.items()} == {
        axis: known[verdicts[axis]] for axis in by_mechanism
    }
    assert [found.judged[m] for m in by_mechanism.values()] == [None, True, False]


@pytest.mark.parametrize(("also", "class_1"), [("", False), ("; codon 600 at 20x", None)])
def test_another_class_excludes_class_1_only_where_the_gene_was_read(also, class_1):
    """BRAF is positive by G469A; V600E is excluded only if codon 600 was read deeply enough."""
    found = subject(sample(PRE, BRAF=f"MUT G469A 30%{also}"))
    assert found.before[Mechanism.BRAF_CLASS2] is True
    assert found.before[Mechanism.BRAF_CLASS1] is class_1


@pytest.mark.parametrize(("egfr", "state"), [("WT", False), ("MUT S492R 20%", True), ("not assessed", None)])
def test_genes_beyond_the_axes(egfr, state):
    assert subject(sample(PRE, EGFR=egfr)).before[Mechanism.EGFR_ECD] is state


def test_a_swap_leaves_nothing_known():
    calls = called(one("P1", [sample(PRE), sample(POST, erbb2="AMP 12")], best_response="PR", progression_day=300))
    (patient,) = calls.patients
    swapped = replace(patient, call=replace(patient.call, flags=("sample_swap",), axes={}, findings=()))
    (found,) = subjects(replace(calls, patients=(swapped,)))
    assert {*found.before.values(), *found.at_progression.values(), *found.judged.values()} == {None}
