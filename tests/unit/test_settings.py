from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cetux.settings import (
    SCHEMAS,
    SettingProblem,
    config_problems,
    did_you_mean,
    listed,
    repeated_keys,
    row_problems,
    schema,
    with_defaults,
)

WHOLE: dict[str, Any] = {
    "samples": "samples.tsv",
    "patients": "patients.tsv",
    "assays": {"panel": {"targets": "panel.bed", "method": "hybrid", "build": "GRCh38"}},
}


def parts(part: dict[str, Any], where: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every described value of a schema, with the way to it."""
    below = [(f"{where}.{key}".strip("."), value) for key, value in part.get("properties", {}).items()]
    for key in ("additionalProperties", "items"):
        if isinstance(part.get(key), dict):
            below.append((f"{where}.*", part[key]))
    return [*below, *(found for name, value in below for found in parts(value, name))]


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.yaml")), ids=lambda path: path.stem)
def test_schemas_are_valid_and_described(path: Path) -> None:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(loaded)
    assert loaded["description"]
    bare = [name for name, part in parts(loaded) if not part.get("description") and not name.endswith("*")]
    assert bare == []


def test_config_schema_is_closed_everywhere_and_its_defaults_fit() -> None:
    for name, part in [("", schema("config")), *parts(schema("config"))]:
        if part.get("type") == "object":
            assert "additionalProperties" in part, name
        if "default" in part:
            Draft202012Validator(part).validate(part["default"])
    assert config_problems(with_defaults(WHOLE), "y") == []


def test_schema_of_another_name() -> None:
    with pytest.raises(FileNotFoundError):
        schema("nothing")


def test_defaults_fill_every_depth_and_never_overwrite() -> None:
    filled = with_defaults(WHOLE | {"genotypes": {"tissue": {"mut_vaf": 0.1}}})
    assert filled["genotypes"]["tissue"]["mut_vaf"] == 0.1
    assert filled["genotypes"]["tissue"]["low_vaf"] == 0.01
    assert filled["genotypes"]["ctdna"]["mut_vaf"] == 0.005
    assert filled["assays"]["panel"]["umi"] is False
    assert "reference" not in filled["assays"]["panel"]
    assert "heregulin" not in filled


def test_defaults_leave_the_given_mapping_and_the_schema_alone() -> None:
    given = {"assays": {"panel": {}}, "genotypes": {}}
    with_defaults(given)["genotypes"]["tissue"]["mut_vaf"] = 9
    assert given == {"assays": {"panel": {}}, "genotypes": {}}
    assert with_defaults({})["genotypes"]["tissue"]["mut_vaf"] == 0.05


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text() | st.integers(), below, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(schema("config")["properties"])), JSON)
def test_any_value_of_any_key_is_accepted_or_named_in_words(key: str, value: object) -> None:
    given_ = WHOLE | {key: value}
    with_defaults(given_)
    for problem in config_problems(given_, "cohort.yaml"):
        assert problem.wrong
        assert problem.mend
        assert len(str(problem)) < 900
        assert not any(word in str(problem) for word in ("is not of type", "required property", "regex"))


@given(st.dictionaries(st.sampled_from(sorted(schema("samples")["properties"])), st.text(max_size=200)))
def test_any_row_is_accepted_or_named_in_words(cells: dict[str, str]) -> None:
    row = dict.fromkeys(schema("samples")["properties"], "") | cells
    problems = row_problems("samples", row, "samples.tsv", 2)
    assert problems, "an empty role is never right"
    assert all(problem.row == 2 and problem.column and problem.mend for problem in problems if problem.column != "role")


def test_unknown_key_is_named_with_the_one_that_was_meant() -> None:
    (problem,) = config_problems(WHOLE | {"genotype": {}}, "cohort.yaml")
    assert str(problem) == "cohort.yaml, key genotype: the key is not known. Did you mean 'genotypes'?"
    assert isinstance(problem, SettingProblem)


def test_every_unknown_key_is_a_problem_of_its_own() -> None:
    problems = config_problems(WHOLE | {"red": 1, "blue": 2}, "cohort.yaml")
    assert [problem.column for problem in problems] == ["blue", "red"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_number_that_is_not_finite_is_refused(value: float) -> None:
    problems = config_problems(WHOLE | {"erbb2": {"amp_copies": value}}, "cohort.yaml")
    assert "erbb2.amp_copies" in {problem.column for problem in problems}


def test_did_you_mean_knows_case_slips_and_gives_up_in_time() -> None:
    assert did_you_mean("grch38", ["GRCh37", "GRCh38"], "One of") == "Did you mean 'GRCh38'?"
    assert did_you_mean("head and neck", ["head_and_neck", "lung"], "One of") == "Did you mean 'head_and_neck'?"
    assert did_you_mean("zzz", ["a", ""], "One of") == "One of: a"
    assert did_you_mean("zzz", [str(i) for i in range(50)], "One of").endswith("11 and 38 more")


def test_listed() -> None:
    assert listed("abc") == "a, b, c"
    assert listed("abcd", most=2) == "a, b and 2 more"


def test_repeated_keys_are_found_at_every_depth(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: 1\nb: [{c: 1, c: 2}]\nd:\n  e: 1\n  e: 2\na: 2\n")
    found = repeated_keys(str(path))
    assert sorted(problem.column for problem in found) == ["a", "b[1].c", "d.e"]
    assert "in line 1 and again in line 6" in next(problem.wrong for problem in found if problem.column == "a")


@pytest.mark.parametrize("text", ["", "a: 1\nb: {a: 1}\n", "&a [*a]\n", "a: [1\n", "\t"])
def test_no_repeated_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    assert repeated_keys(str(path)) == []
    assert repeated_keys(str(tmp_path / "none.yaml")) == []
