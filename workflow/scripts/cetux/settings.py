"""The cohort's YAML: defaults from its schema, every problem listed."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cetux.errors import Problem

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
"""Folder of the schemas of the YAML and the sheets."""

Settings = dict[str, Any]


@cache
def schema(name: str) -> Settings:
    """The schema `name` ("config", "samples", "patients" or "heregulin"); raises FileNotFoundError for another."""
    text = (SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8")
    loaded: Settings = yaml.safe_load(text)
    return loaded


def with_defaults(given: Mapping[str, Any], part: Mapping[str, Any] | None = None) -> Settings:
    """A copy of `given` in which every absent key that has a default in the schema holds it, at every depth.

    Args:
        given: the YAML's mapping, or a part of it. Values of a wrong type are left for `config_problems` to name.
        part: the schema of that mapping; the whole config schema if None.
    """
    part = schema("config") if part is None else part
    properties: Mapping[str, Any] = part.get("properties", {})
    filled = {key: property_["default"] for key, property_ in properties.items() if "default" in property_}
    filled.update(given)
    for key, value in filled.items():
        below = properties.get(key, part.get("additionalProperties"))
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            filled[key] = with_defaults(value, below)
    return filled


def config_problems(given: Mapping[str, Any], file: str) -> list[Problem]:
    """Everything in the YAML that its closed schema refuses, in the schema's order."""
    errors = Draft202012Validator(schema("config")).iter_errors(given)
    return [_problem(error, file, ".".join(map(str, error.absolute_path))) for error in _sorted(errors)]


def row_problems(name: str, row: Mapping[str, str], file: str, line: int) -> list[Problem]:
    """Every cell of one sheet row that the schema of sheet `name` refuses."""
    errors = _row_validator(name).iter_errors(row)
    return [_problem(error, file, ".".join(map(str, error.absolute_path)), line) for error in _sorted(errors)]


@cache
def _row_validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def _sorted(errors: Iterable[ValidationError]) -> list[ValidationError]:
    return sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])


def _problem(error: ValidationError, file: str, where: str, line: int | None = None) -> Problem:
    part: Any = error.schema
    if error.validator == "enum":
        values: Any = error.validator_value
        allowed = ", ".join(repr(str(value)) for value in values)
        return Problem(file, f"{error.instance!r} is not allowed", f"Write one of {allowed}", line, where)
    if error.validator in ("pattern", "minLength") and isinstance(part, Mapping):
        examples = " or ".join(repr(example) for example in part.get("examples", []))
        wrong = f"{error.instance!r} does not fit" if error.instance else "is empty"
        mend = part.get("description", "")
        return Problem(file, wrong, mend + (f" For example: {examples}" if examples else ""), line, where)
    if error.validator == "additionalProperties" and isinstance(part, Mapping):
        known = ", ".join(sorted(part.get("properties", {})))
        return Problem(file, error.message, f"Remove it or correct its name; known here: {known}", line, where)
    mend = part.get("description", "See config/README.md") if isinstance(part, Mapping) else "See config/README.md"
    return Problem(file, error.message, mend, line, where)
