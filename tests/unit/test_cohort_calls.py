import pytest
from tests.unit.mechanism_cases import PRE, RULES, evidence, patient, sample

from cetux.cohort_calls import call_cohort
from cetux.errors import InputError
from cetux.overrides import Override
from cetux.states import Axis, Heregulin, Status

REVIEW = Override("P1", Axis.HRG, PRE, Heregulin.LOW, "A. Reader", "2026-01-05", "second kit")


def test_a_review_of_a_value_stands_beside_the_call() -> None:
    one = evidence(patient(), [sample()], pre="HIGH 2900")
    (found,) = call_cohort([one], RULES, overrides=[REVIEW]).patients
    assert (found.call.status, found.call.primary) == (Status.MECHANISM, "HRG_HIGH")
    assert found.reviewed is not None
    assert found.reviewed.status is Status.NONE_DETECTED


def test_a_review_makes_no_state_of_nothing() -> None:
    with pytest.raises(InputError, match="P1 has no heregulin value of the time point pre to override"):
        call_cohort([evidence(patient(), [sample()])], RULES, overrides=[REVIEW])
