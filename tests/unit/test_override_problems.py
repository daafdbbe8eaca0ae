"""What is wrong with the overrides sheet, named with row, column and the mend."""

from datetime import date

import pytest
import yaml

from cetux.mechanism_rules import AXIS_STATES
from cetux.override_problems import cross_checks
from cetux.settings import SCHEMAS, row_problems
from cetux.sheets import Sheet

TODAY = date(2026, 1, 15)
ROW = {
    "patient": "P01",
    "axis": "ERBB2",
    "timepoint": "post",
    "state": "NEG",
    "change": "",
    "reviewer": "A. Pathologist",
    "date": "2025-07-22",
    "expires": "",
    "reason": "FISH ratio 1.3",
}


def sheet(name: str, *rows: dict[str, str]) -> Sheet:
    return Sheet(f"{name}.tsv", tuple(rows[0]), tuple(rows), tuple(range(2, len(rows) + 2)))


def problems(*rows: dict[str, str], **others: Sheet) -> list[str]:
    sheets = {
        "patients": sheet("patients", {"patient": "P01"}, {"patient": "P02"}),
        "samples": sheet("samples", {"patient": "P01", "timepoint": "post"}),
        "overrides": sheet("overrides", *rows),
        **others,
    }
    return [str(problem) for problem in cross_checks(sheets, TODAY)]


def test_a_good_row_has_no_problem() -> None:
    assert problems(ROW) == []
    assert row_problems("overrides", ROW, "overrides.tsv", 2) == []
    assert list(cross_checks({}, TODAY)) == []


@pytest.mark.parametrize(
    ("changed", "wrong", "mend"),
    [
        ({"patient": "P03"}, "row 2, column patient: the patient 'P03' has no row", "Add the patient there"),
        ({"state": "WT"}, "column state: ERBB2 has no state 'WT'", "States of ERBB2: AMP"),
        ({"state": "NEGG"}, "ERBB2 has no state 'NEGG'", "Did you mean 'NEG'?"),
        ({"timepoint": "pre"}, "column timepoint: the patient 'P01' has no sample of the time point 'pre'", "Correct"),
        ({"patient": "P02"}, "the patient 'P02' has no sample of the time point 'post'", "beside a sample"),
        (
            {"axis": "HRG", "state": "LOW"},
            "the patient 'P01' has no heregulin value of the time point 'post'",
            "Correct",
        ),
        ({"expires": "2026-01-14"}, "column expires: the override has expired on 2026-01-14", "Review it again"),
        ({"expires": "2025-07-01", "date": "2025-07-02"}, "has expired", "Review it again"),
        ({"date": "2026-01-16"}, "column date: the review of 2026-01-16 lies in the future", "Correct the date"),
        ({"date": "2025-02-30"}, "column date: '2025-02-30' is no date of the calendar", "ISO date"),
        ({"change": "V600E"}, "column change: ERBB2 NEG has no change, here is 'V600E'", "Empty the cell"),
        ({"axis": "RAS", "state": "MUTATED", "change": "G12D"}, "'G12D' is no change of RAS", "KRAS G12D"),
        (
            {"axis": "BRAF", "state": "CLASS2", "change": "V600E"},
            "'V600E' is of CLASS1, the state says CLASS2",
            "Correct",
        ),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, str], wrong: str, mend: str) -> None:
    (problem,) = problems(ROW | changed)
    assert wrong in problem
    assert mend in problem


def test_the_last_day_still_counts() -> None:
    assert problems(ROW | {"expires": "2026-01-15", "date": "2026-01-15"}) == []


def test_two_reviews_of_one_axis() -> None:
    (problem,) = problems(ROW, ROW | {"state": "AMP"})
    assert "row 3, column patient: 'P01 ERBB2 post' stands already in row 2" in problem


def test_heregulin_of_a_sheet_or_of_plates_matches() -> None:
    row = ROW | {"axis": "HRG", "state": "LOW"}
    assert problems(row, heregulin=sheet("heregulin", {"patient": "P01", "timepoint": "post"})) == []
    assert problems(row, plates=sheet("plates", {"plates": "RUN1"})) == []


@pytest.mark.parametrize("column", ["patient", "axis", "timepoint", "state", "reviewer", "date", "reason"])
def test_no_cell_but_change_and_expires_may_be_empty(column: str) -> None:
    found = row_problems("overrides", ROW | {column: ""}, "overrides.tsv", 2)
    assert [problem.column for problem in found] == [column]


def test_the_schema_is_closed() -> None:
    schema = yaml.safe_load((SCHEMAS / "overrides.schema.yaml").read_text(encoding="utf-8"))
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(ROW)


def test_the_schema_names_states_that_there_are() -> None:
    schema = yaml.safe_load((SCHEMAS / "overrides.schema.yaml").read_text(encoding="utf-8"))
    words = schema["properties"]["state"]["description"].replace(",", " ").replace(";", " ").replace(".", " ").split()
    named = {word for word in words if word.isupper() and len(word) > 1} - set(AXIS_STATES)
    assert named <= {state for states in AXIS_STATES.values() for state in states}
