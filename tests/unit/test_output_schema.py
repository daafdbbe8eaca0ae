"""The published schema of mechanisms.json is what the records make, and refuses what they would not."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import RULES

from cetux import records
from cetux.cohort_calls import call_cohort
from cetux.output_schema import COMMAND, PUBLISHED, output_schema, text


def calls() -> dict[str, Any]:
    """Calls of cases that differ in what they hold."""
    evidence = [mechanism_cases.load(name).evidence for name in ("C01", "C16", "C26", "X10", "X28", "X53", "S01")]
    read: dict[str, Any] = json.loads(records.to_json(call_cohort(evidence, RULES)))
    return read


def test_the_published_schema_is_that_of_the_records() -> None:
    Draft202012Validator.check_schema(output_schema())
    assert PUBLISHED.read_text(encoding="utf-8") == text(), f"run: {COMMAND}"


def test_calls_fit_the_published_schema() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert list(Draft202012Validator(published).iter_errors(calls())) == []


@pytest.mark.parametrize(
    ("key", "value"), [("status", "MECHANISMS"), ("confidence", None), ("axes", []), ("another", "x"), ("fired", "x")]
)
def test_a_call_that_says_something_else_is_refused(key: str, value: object) -> None:
    made = calls()
    made["patients"][0]["call"][key] = value
    assert list(Draft202012Validator(output_schema()).iter_errors(made))
