"""What is wrong with the heregulin sheets, named with file, row, column and the mend."""

import pytest

from cetux.heregulin_problems import cross_checks, row_checks
from cetux.sheets import Sheet

PLATE = {
    "plates": "RUN1",
    "file": "run1.csv",
    "layout": "",
    "assay": "KIT",
    "matrix": "plasma",
    "unit": "pg/mL",
    "lloq": "62.5",
    "uloq": "4000",
}
WHO = {"plates": "RUN1", "sample": "S1", "patient": "P01", "timepoint": "pre"}
FIXED = {"assay": "KIT", "matrix": "plasma", "method": "fixed", "value_pg_per_ml": 980}


def sheet(name: str, *rows: dict[str, str]) -> Sheet:
    return Sheet(f"{name}.tsv", tuple(rows[0]), tuple(rows), tuple(range(2, len(rows) + 2)))


def problems(cutoffs, **sheets):
    made = {name: sheet(name, *rows) for name, rows in sheets.items()}
    made["patients"] = sheet("patients", {"patient": "P01"})
    return [str(problem) for problem in cross_checks({"heregulin_cutoffs": cutoffs}, made, "cohort.yaml")]


def test_plates_in_order_have_no_problem():
    assert problems([FIXED], plates=[PLATE], plate_samples=[WHO]) == []


def test_an_assay_of_plates_needs_a_cutoff():
    (problem,) = problems([], plates=[PLATE])
    assert "heregulin assay 'KIT' has no cut-off" in problem
    assert "there is no default" in problem


def test_a_plate_id_stands_once():
    (problem,) = problems([FIXED], plates=[PLATE, PLATE])
    assert "plates.tsv, row 3, column plates" in problem


def test_a_sample_names_a_plate_and_a_patient_that_are_there():
    found = problems([FIXED], plates=[PLATE], plate_samples=[WHO | {"plates": "RUN9"}, WHO | {"patient": "P02"}])
    assert any("the plates sheet has no file 'RUN9'" in problem and "row 2" in problem for problem in found)
    assert any("the patient 'P02' has no row in patients.tsv" in problem and "row 3" in problem for problem in found)
    assert len(found) == 2


def test_a_percentile_of_healthy_controls_needs_controls():
    rule = {"assay": "KIT", "matrix": "plasma", "method": "healthy_percentile", "quantile": 0.95}
    (problem,) = problems([rule], plates=[PLATE])
    assert "comes from healthy controls, and there are none" in problem


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [
        ("plates", PLATE | {"unit": "mol"}, "unit"),
        ("plates", PLATE | {"lloq": "5000"}, "lloq"),
        ("plates", PLATE | {"model": "6PL"}, "model"),
        ("plate_samples", WHO | {"timepoint": "during"}, "timepoint"),
    ],
)
def test_a_wrong_cell_is_named(name, row, column):
    found = row_checks(name)(row, f"{name}.tsv", 2)
    assert {(problem.row, problem.column) for problem in found} == {(2, column)}
    assert all(problem.mend for problem in found)


def test_a_healthy_control_needs_no_time_point():
    row = {
        "patient": "H1",
        "matrix": "plasma",
        "assay": "KIT",
        "value": "300",
        "unit": "pg/mL",
        "lloq": "62.5",
        "uloq": "4000",
        "dilution": "1",
        "dilution_applied": "yes",
    }
    assert row_checks("healthy_controls")(row, "healthy.tsv", 2) == []
    assert row_checks("heregulin")(row, "heregulin.tsv", 2)
