"""The clinical class, boundary by boundary (rules; specification 4.1)."""

from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import RULES as JOIN
from tests.unit.mechanism_cases import patient

from cetux.clinical import classify
from cetux.states import ResistanceClass

RULES = JOIN.classes
DE_NOVO, ACQUIRED = ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED
NOT_RESISTANT, NOT_EVALUABLE = ResistanceClass.NOT_RESISTANT, ResistanceClass.NOT_EVALUABLE
RESPONSES = ("CR", "PR", "SD", "PD", "NE")

days = st.integers(0, 400)
maybe_days = st.none() | days
patients = st.builds(
    patient, st.sampled_from(RESPONSES), maybe_days, last_dose_day=maybe_days, last_contact_day=maybe_days
)


@pytest.mark.parametrize(
    ("response", "pfs", "standard", "strict", "paper"),
    [
        ("PD", 20, DE_NOVO, DE_NOVO, DE_NOVO),
        ("PD", 60, DE_NOVO, DE_NOVO, DE_NOVO),
        ("SD", 60, DE_NOVO, NOT_EVALUABLE, DE_NOVO),
        ("SD", 182, DE_NOVO, NOT_EVALUABLE, DE_NOVO),
        ("SD", 183, ACQUIRED, ACQUIRED, DE_NOVO),
        ("SD", 400, ACQUIRED, ACQUIRED, DE_NOVO),
        ("PR", 90, ACQUIRED, ACQUIRED, ACQUIRED),
        ("CR", 400, ACQUIRED, ACQUIRED, ACQUIRED),
        ("NE", 60, NOT_EVALUABLE, NOT_EVALUABLE, NOT_EVALUABLE),
    ],
)
def test_response_and_duration(
    response: str, pfs: int, standard: ResistanceClass, strict: ResistanceClass, paper: ResistanceClass
) -> None:
    found = [
        classify(patient(response, pfs), replace(RULES, option=option)).resistance
        for option in ("standard", "strict", "paper")
    ]
    assert found == [standard, strict, paper]


@pytest.mark.parametrize(
    ("pfs", "short"), [(1, True), (182, True), (183, False), (300, False)], ids=["1", "182", "183", "300"]
)
@pytest.mark.parametrize("response", ["CR", "PR"])
def test_a_short_response_is_flagged(response: str, pfs: int, short: bool) -> None:
    assert ("short_response" in classify(patient(response, pfs), RULES).flags) is short


def test_short_stable_disease_is_no_short_response() -> None:
    assert classify(patient("SD", 90), RULES).flags == ()


@pytest.mark.parametrize(
    ("last_dose", "resistance", "off_drug"),
    [
        (None, ACQUIRED, False),
        (250, ACQUIRED, False),
        (220, ACQUIRED, False),
        (219, NOT_EVALUABLE, True),
        (300, ACQUIRED, False),
    ],
    ids=["on drug", "same day", "30 days off", "31 days off", "treated beyond progression"],
)
def test_progression_on_treatment(last_dose: int | None, resistance: ResistanceClass, off_drug: bool) -> None:
    found = classify(patient("PR", 250, last_dose_day=last_dose), RULES)
    assert (found.resistance, found.off_drug) == (resistance, off_drug)


@pytest.mark.parametrize(
    ("last_dose", "last_contact", "resistance"),
    [
        (41, 300, NOT_EVALUABLE),
        (42, 300, NOT_RESISTANT),
        (None, 41, NOT_EVALUABLE),
        (None, 42, NOT_RESISTANT),
        (None, None, NOT_RESISTANT),
    ],
)
@pytest.mark.parametrize("response", ["CR", "PR", "SD", "NE"])
def test_without_progression(
    response: str, last_dose: int | None, last_contact: int | None, resistance: ResistanceClass
) -> None:
    who = patient(response, None, last_dose_day=last_dose, last_contact_day=last_contact)
    assert classify(who, RULES).resistance is resistance


def test_best_response_of_progression_without_its_day_is_not_called_no_progression() -> None:
    """Specification 4.1: DE_NOVO is best response PD; NOT_RESISTANT is no PD yet."""
    assert classify(patient("PD", None, last_contact_day=90), RULES).resistance is not NOT_RESISTANT


@pytest.mark.parametrize(
    ("setting", "value", "who"),
    [
        ("stable_disease_days", 120, patient("SD", 120)),
        ("off_drug_days", 60, patient("PR", 250, last_dose_day=190)),
        ("min_exposure_days", 20, patient("SD", None, last_dose_day=20)),
    ],
)
def test_every_limit_comes_from_the_settings(setting: str, value: int, who) -> None:
    assert classify(who, RULES).resistance is not classify(who, replace(RULES, **{setting: value})).resistance


@given(patients, st.sampled_from(["standard", "strict", "paper"]))
def test_every_class_is_explained(who, option: str) -> None:
    found = classify(who, replace(RULES, option=option))
    assert found.reason
    assert not found.off_drug or found.resistance is NOT_EVALUABLE


@given(patients)
def test_resistance_needs_progression(who) -> None:
    if classify(who, RULES).resistance in (DE_NOVO, ACQUIRED):
        assert who.progression_day is not None


def test_longer_control_never_turns_acquired_into_de_novo() -> None:
    for response, option in product(RESPONSES, ("standard", "strict", "paper")):
        classes = [classify(patient(response, pfs), replace(RULES, option=option)).resistance for pfs in range(1, 400)]
        assert not any(before is ACQUIRED and after is DE_NOVO for before, after in pairwise(classes))
