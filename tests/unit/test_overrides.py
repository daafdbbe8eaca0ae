"""Reviews of single axes: what would follow stands beside the computed call and never changes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import POST, PRE, RULES, evidence, override_of, patient, rules_with, sample

from cetux.axes import axis_states
from cetux.cohort_calls import call_cohort
from cetux.mechanism_rules import AXIS_STATES, MechanismRules
from cetux.overrides import reviewed_axes
from cetux.states import Axis, Confidence, Group, Status, Verdict

BEFORE = sample(PRE, name="pre", KRAS="MUT G12D 30%", BRAF="MUT V600E 20%", erbb2="AMP 22")
every_state = st.sampled_from([(axis, state) for axis, states in AXIS_STATES.items() for state in states])
timepoints = st.sampled_from([PRE, POST])


OUR_OWN = rules_with(
    {
        "axes": {
            "RAS": {"negative": {"LIKELY_GERMLINE": None}, "in_doubt": {"LIKELY_GERMLINE": "we ask for leukocytes"}},
            "BRAF": {"negative": {"CLASS3": None}, "not_usable": {"CLASS3": "we do not judge it"}},
            "ERBB2": {"negative": {"POLYSOMY": None}, "in_doubt": {"POLYSOMY": "we ask for FISH"}},
            "HRG": {"negative": {"BLQ": None}, "not_usable": {"BLQ": "we do not trust the limit"}},
        }
    }
)
"""A site's rules, by which a state of every axis says something else than by the shipped ones."""


def reviewed(axis: Axis, rules: MechanismRules = RULES, **said: str):
    axes = axis_states([BEFORE], None, PRE, rules)
    return axes, reviewed_axes(axes, [override_of({"axis": axis, **said})], PRE, rules)


@pytest.mark.parametrize("rules", [RULES, OUR_OWN], ids=["shipped", "of a site"])
@pytest.mark.parametrize("axis", list(Axis))
def test_every_state_says_what_it_says_in_the_rules(axis: Axis, rules: MechanismRules) -> None:
    verdicts = {Group.POSITIVE: Verdict.POSITIVE, Group.NEGATIVE: Verdict.NEGATIVE}
    for state in AXIS_STATES[axis]:
        before, after = reviewed(axis, rules, state=state)
        assert after[axis].verdict is verdicts.get(rules.axes[axis][state], Verdict.NOT_USABLE)
        assert bool(after[axis].findings) == (after[axis].verdict is Verdict.POSITIVE)
        assert after[axis].fired == (f"axes.{axis}.{rules.axes[axis][state]}.{state}",)
        assert {other: after[other] for other in Axis if other is not axis} == {
            other: before[other] for other in Axis if other is not axis
        }


@pytest.mark.parametrize(
    ("axis", "state"), [("RAS", "LIKELY_GERMLINE"), ("BRAF", "CLASS3"), ("ERBB2", "POLYSOMY"), ("HRG", "BLQ")]
)
def test_a_reviewed_call_follows_the_rules_of_the_site(axis: str, state: str) -> None:
    one = evidence(patient(), [sample()], pre="LOW 420")
    said = [override_of({"axis": axis, "state": state})]
    found = {
        name: call_cohort([one], rules, overrides=said).patients[0].reviewed
        for name, rules in (("shipped", RULES), ("own", OUR_OWN))
    }
    assert found["shipped"].status is Status.NONE_DETECTED
    assert found["own"].status is Status.INDETERMINATE
    assert [gap.split(":")[0] for gap in found["own"].missing] == [axis]


def test_the_reviewed_axis_says_who_when_why_and_what_was_computed() -> None:
    before, after = reviewed(Axis.ERBB2, state="NEG", expires="2030-01-01")
    said, computed = after[Axis.ERBB2].reasons
    assert said == "ERBB2 pre reviewed as NEG by A. Pathologist on 2024-07-22, until 2030-01-01: FISH"
    assert computed == f"computed POSITIVE: {'; '.join(before[Axis.ERBB2].reasons)}"


def test_a_review_that_confirms_keeps_the_evidence() -> None:
    before, after = reviewed(Axis.ERBB2, state="AMP")
    assert after[Axis.ERBB2].findings == before[Axis.ERBB2].findings


def test_a_review_of_another_mutation_replaces_it() -> None:
    _, after = reviewed(Axis.RAS, state="MUTATED", change="NRAS Q61K")
    (found,) = after[Axis.RAS].findings
    assert (found.label, found.allele) == ("RAS_MUT(NRAS Q61K)", None)


def test_a_mutation_that_is_not_named_is_called_reviewed() -> None:
    _, after = reviewed(Axis.BRAF, state="CLASS2")
    assert [found.label for found in after[Axis.BRAF].findings] == ["BRAF_CLASS2(reviewed)"]


def test_a_review_of_the_other_time_point_leaves_the_axes_alone() -> None:
    before, after = reviewed(Axis.ERBB2, state="NEG", timepoint="post")
    assert after == before


@given(every_state, timepoints, st.sampled_from([("PD", 60), ("PR", 270), ("PR", None)]), st.booleans())
def test_no_review_changes_the_computed_call(
    which: tuple[Axis, str], timepoint: Any, response: tuple[str, int | None], both: bool
) -> None:
    """And the reviewed one is flagged and never HIGH."""
    samples = [BEFORE, sample(POST, name="post", erbb2="AMP 22")] if both else [BEFORE]
    one = evidence(patient(*response), samples, pre="LOW 420", post="HIGH 2900")
    said = override_of({"axis": which[0], "state": which[1], "timepoint": timepoint})
    (alone,) = call_cohort([one], RULES).patients
    (beside,) = call_cohort([one], RULES, overrides=[said]).patients
    assert beside.call == alone.call
    assert (alone.reviewed, alone.overrides, beside.overrides) == (None, (), (said,))
    assert beside.reviewed is not None
    assert f"override:{which[0]}" in beside.reviewed.flags
    assert beside.reviewed.confidence is not Confidence.HIGH


def test_an_override_of_another_patient_is_not_taken() -> None:
    one = evidence(patient(), [BEFORE], pre="LOW 420")
    (found,) = call_cohort(
        [one], RULES, overrides=[override_of({"patient": "P2", "axis": "RAS", "state": "WT"})]
    ).patients
    assert (found.reviewed, found.overrides) == (None, ())


def test_all_four_axes_can_be_reviewed_at_once() -> None:
    one = evidence(patient(), [BEFORE], pre="HIGH 2900")
    said = [("RAS", "WT"), ("BRAF", "CLASS3"), ("ERBB2", "NEG"), ("HRG", "LOW")]
    overrides = [override_of({"axis": axis, "state": state}) for axis, state in said]
    (found,) = call_cohort([one], RULES, overrides=overrides).patients
    assert found.call.status is Status.MULTIPLE
    assert found.reviewed is not None
    assert (found.reviewed.status, found.reviewed.primary) == (Status.NONE_DETECTED, "")
