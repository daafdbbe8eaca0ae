"""Rows of plates.tsv and plate_samples.tsv, and every wrong cell of them."""

import pytest

from cetux.measurement import Preanalytics
from cetux.plate_files import ReadOptions
from cetux.plate_layout import Names
from cetux.plate_sheets import (
    PlateFile,
    SampleName,
    named,
    parse_plate_row,
    parse_sample_row,
    plate_row_problems,
    sample_row_problems,
)
from cetux.states import Timepoint

ROW = {
    "plates": "RUN1",
    "file": "run1.txt",
    "assay": "DuoSet",
    "matrix": "plasma",
    "unit": "pg/mL",
    "lloq": "62.5",
    "uloq": "4000",
}


def test_the_least_row():
    assert parse_plate_row(ROW) == PlateFile("RUN1", "run1.txt", "DuoSet", "plasma", "pg/mL", 62.5, 4000.0)


def test_a_full_row():
    row = {
        **ROW,
        "unit": "ng/mL",
        "lloq": "0.0625",
        "uloq": "4",
        "layout": "layout.csv",
        "model": "5PL",
        "weights": "1/y2",
        "blank": "zero_standard",
        "standards": "S1=4; S2 = 2;",
        "qc_targets": "QC LOW=0.15",
        "wavelength": "450-620",
        "run_date": "2024-05-31",
        "kit_lot": "P1",
        "operator": "somebody",
    }
    assert parse_plate_row(row) == PlateFile(
        plates="RUN1",
        file="run1.txt",
        assay="DuoSet",
        matrix="plasma",
        unit="ng/mL",
        lloq_pg_per_ml=62.5,
        uloq_pg_per_ml=4000.0,
        factor=1000.0,
        layout="layout.csv",
        model="5PL",
        weights="1/y2",
        blank="zero_standard",
        options=ReadOptions(Names({"S1": 4.0, "S2": 2.0}, {"QC LOW": 0.15}), "450-620"),
        run_date="2024-05-31",
        kit_lot="P1",
        other={"operator": "somebody"},
    )


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"plates": "RUN 1"}, "plates"),
        ({"file": ""}, "file"),
        ({"assay": ""}, "assay"),
        ({"matrix": "blood"}, "matrix"),
        ({"unit": "ug/mL"}, "unit"),
        ({"unit": "pM"}, "unit"),
        ({"unit": "pM", "mass_da": "8k"}, "mass_da"),
        ({"lloq": ""}, "lloq"),
        ({"lloq": "0"}, "lloq"),
        ({"uloq": "4,000"}, "uloq"),
        ({"lloq": "4000"}, "lloq"),
        ({"model": "6PL"}, "model"),
        ({"weights": "1/x"}, "weights"),
        ({"blank": "yes"}, "blank"),
        ({"standards": "S1:4"}, "standards"),
        ({"standards": "=4"}, "standards"),
        ({"qc_targets": "QC=-1"}, "qc_targets"),
        ({"wavelength": "450/620"}, "wavelength"),
        ({"run_date": "31.5.2024"}, "run_date"),
    ],
)
def test_each_wrong_cell_is_named(cells, column):
    problems = plate_row_problems({**ROW, **cells}, "plates.tsv", 4)
    assert {(problem.row, problem.column) for problem in problems} >= {(4, column)}
    with pytest.raises(ValueError, match=column):
        parse_plate_row({**ROW, **cells})


def test_a_right_row_has_no_problem():
    assert plate_row_problems(ROW, "plates.tsv", 2) == []
    assert plate_row_problems({**ROW, "unit": "pM", "mass_da": "8000"}, "plates.tsv", 2) == []


def test_a_sample_row():
    row = {
        "plates": "RUN1",
        "plate": "2",
        "sample": "tube 7",
        "patient": "P01",
        "timepoint": "post",
        "haemolysis": "gross",
    }
    assert sample_row_problems(row, "plate_samples.tsv", 2) == []
    expected = SampleName("RUN1", "tube 7", "P01", Timepoint.POST, "2", ("haemolysis: gross",))
    assert parse_sample_row(row, Preanalytics()) == expected


def test_wrong_cells_of_a_sample_row():
    row = {"plates": "", "sample": "", "patient": "P 1", "timepoint": "later"}
    assert [p.column for p in sample_row_problems(row, "x", 2)] == ["plates", "patient", "sample", "timepoint"]


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("P01:pre", ("P01", Timepoint.PRE)),
        ("001:post", ("001", Timepoint.POST)),
        ("P01", None),
        ("P01:PRE", None),
        ("a b:pre", None),
    ],
)
def test_names_that_say_who(name, who):
    assert named(name) == who
