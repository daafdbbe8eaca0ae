"""The cohort's YAML: defaults from its schema, every problem listed."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cetux.errors import Problem, SettingProblem
from cetux.sheets import quoted

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
"""Folder of the schemas of the YAML and the sheets."""

Settings = dict[str, Any]

_README = "See config/README.md"
_MOST_COMPARED = 200
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a group of keys",
    "array": "a list",
}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


@cache
def schema(name: str) -> Settings:
    """The schema `name`, such as "config" or "samples"; raises FileNotFoundError for a name that has none."""
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
    """Everything in the YAML that its closed schema refuses, then keys and numbers that no schema can refuse."""
    if not given:
        needed = ", ".join(schema("config")["required"])
        return [SettingProblem(file, "the YAML is empty", f"It needs the keys {needed}; see config/config.yaml")]
    return file_problems("config", given, file)


def file_problems(name: str, given: Mapping[str, Any], file: str) -> list[Problem]:
    """What the schema `name` refuses in the content of a YAML file, then keys and numbers that no schema can refuse."""
    errors = _sorted(_validator(name).iter_errors(given))
    problems: list[Problem] = [
        SettingProblem(file, wrong, mend, column=where) for error in errors for where, wrong, mend in _wrongs(error)
    ]
    return [*problems, *_odd_values(given, file, "")]


def row_problems(name: str, row: Mapping[str, str], file: str, line: int) -> list[Problem]:
    """Every cell of one sheet row that the schema of sheet `name` refuses."""
    errors = _sorted(_validator(name).iter_errors(row))
    return [Problem(file, wrong, mend, line, where) for error in errors for where, wrong, mend in _wrongs(error)]


def repeated_keys(path: str) -> list[Problem]:
    """Keys that stand twice at one place of a YAML: its readers keep the last and lose the first without a word."""
    try:
        tree = yaml.compose(Path(path).read_text(encoding="utf-8-sig"), yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return []  # whoever read the YAML has said so
    problems: list[Problem] = []
    waiting: list[tuple[str, yaml.Node | None]] = [("", tree)]
    seen: set[int] = set()
    while waiting:
        where, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{where}[{i}]", item) for i, item in enumerate(node.value, start=1)]
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[str, int] = {}
        for key, value in node.value:
            name = f"{where}.{key.value}".removeprefix(".")
            line = key.start_mark.line + 1
            if key.value in first:
                wrong = f"the key stands in line {first[key.value]} and again in line {line}; only one would count"
                problems.append(SettingProblem(path, wrong, "Remove or rename one of the two", column=name))
            first.setdefault(key.value, line)
            waiting.append((name, value))
    return problems


def did_you_mean(word: str, known: Iterable[object], otherwise: str) -> str:
    """A mend for a word that is not known: the known one most like it, or else all of them.

    Args:
        word: what the user wrote.
        known: what could have been meant.
        otherwise: how the list begins, as in "Known assays".

    >>> did_you_mean("panle", ["panel", "exome"], "Known assays"), did_you_mean("x", ["panel", "exome"], "Known assays")
    ("Did you mean 'panel'?", 'Known assays: panel, exome')
    """
    names = {_folded(str(one)): str(one) for one in known if one != ""}
    near = names if len(names) <= _MOST_COMPARED else ()
    like = [_folded(word)] if _folded(word) in names else get_close_matches(_folded(word), near, n=1, cutoff=0.7)
    return f"Did you mean {quoted(names[like[0]])}?" if like else f"{otherwise}: {listed(names.values())}"


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names as one text, at most `most` of them and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _folded(word: str) -> str:
    """A word without what is easily mistaken in it."""
    return word[:100].casefold().replace(" ", "_").replace("-", "_")


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def _sorted(errors: Iterable[ValidationError]) -> list[ValidationError]:
    return sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])


def _key(path: Sequence[str | int]) -> str:
    """The way to a value as text; entries of a list count from 1.

    >>> _key(["heregulin_cutoffs", 0, "matrix"])
    'heregulin_cutoffs[1].matrix'
    """
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _wrongs(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    """Key or column, what is wrong and the mend, for one finding of the schema."""
    part: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    path, rule = list(error.absolute_path), error.validator
    value: Any = error.instance
    where, meaning = _key(path), _meaning(part)
    limit: Any = error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        yield _key([*path, str(value)]), "the ID does not fit", "Use letters, digits, dot, underscore and hyphen"
    elif rule == "additionalProperties":
        known = part.get("properties", {})
        for key in sorted({str(key) for key in value} - set(known)):
            yield _key([*path, key]), "the key is not known", did_you_mean(key, sorted(known), "Known here")
    elif rule == "required":
        name = next(key for key in limit if f"{key!r} is a required property" == error.message)
        here = part.get("properties", {}).get(name) or _part(schema("config"), [*path, name])
        yield _key([*path, name]), "the key is missing", _meaning(here)
    elif value is None or value == "":
        allowed = _allowed(limit) if rule == "enum" else meaning
        if value is None:
            yield where, "the key has no value", f"Give it one or remove the key. {allowed}"
        else:
            yield where, "the cell is empty", allowed
    elif rule == "enum":
        wrong = f"{_written(value)} is not allowed"
        mend = did_you_mean(str(value), limit, "Write one of")
        yield where, wrong, mend if mend.startswith("Did") else f"{mend}. {meaning}"
    elif rule == "type":
        needed = _TYPES[str(limit)]
        mend = "Put it in quotes" if limit == "string" and not isinstance(value, (list, dict)) else meaning
        if limit == "boolean" and value in ("true", "false"):
            mend = "Take the quotes away"
        yield where, f"{_written(value)} stands where {needed} is needed", mend
    elif rule in _BOUNDS:
        yield where, f"{_written(value)} is out of range: it must be {_BOUNDS[rule]} {limit}", meaning
    elif rule == "maxLength":
        yield where, f"{_written(value)} is longer than {limit} letters", "Shorten it"
    elif rule == "minProperties":
        yield where, "there is none", meaning
    else:
        yield where, f"{_written(value)} is not accepted", meaning


def _part(part: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """The part of a schema that describes the value at `path`; empty where there is none."""
    for step in path:
        below = part.get("items") if isinstance(step, int) else part.get("properties", {}).get(step)
        below = part.get("additionalProperties") if below is None else below
        part = below if isinstance(below, Mapping) else {}
    return part


def _meaning(part: Mapping[str, Any]) -> str:
    """What a schema says of a value, with an example."""
    examples = " or ".join(quoted(str(example)) for example in part.get("examples", []) if example != "")
    return str(part.get("description", _README)) + (f" For example {examples}" if examples else "")


def _allowed(values: Iterable[object]) -> str:
    return f"Write one of: {', '.join(str(value) for value in values if value != '')}"


def _written(value: object) -> str:
    """A value of the YAML or a sheet as the user wrote it, or what kind of thing it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a group of keys"
    if isinstance(value, (list, tuple)):
        return "a list"
    return str(value) if isinstance(value, (int, float)) else quoted(str(value))


def _odd_values(value: object, file: str, where: str) -> Iterator[Problem]:
    """Keys that YAML did not read as text ("001" becomes 1), and numbers that are not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield SettingProblem(file, f"{value} is no finite number", "Write a number", column=where)
    items = value.items() if isinstance(value, Mapping) else []
    for key, below in items:
        if not isinstance(key, str):
            wrong = f"YAML reads this key as {_written(key)}, not as text"
            yield SettingProblem(file, wrong, "Put it in quotes: '001':", column=f"{where}.{key}".removeprefix("."))
        yield from _odd_values(below, file, f"{where}.{key}".removeprefix("."))
    if isinstance(value, (list, tuple)):
        for i, item in enumerate(value, start=1):
            yield from _odd_values(item, file, f"{where}[{i}]")
