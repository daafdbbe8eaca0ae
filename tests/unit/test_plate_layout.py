"""Names, grids and lists of what lies in the wells."""

import pytest

from cetux.plate_layout import Content, Names, Role, content_of, grids, listed, well_name

NAMES = Names({"S1": 1000.0}, {"POOL": 400.0})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("STD62.5", Content(Role.STANDARD, "STD62.5", 62.5)),
        ("std 0", Content(Role.STANDARD, "std 0", 0.0)),
        ("S1", Content(Role.STANDARD, "S1", 1000.0)),
        ("BLANK", Content(Role.BLANK, "BLANK")),
        ("QC_LOW", Content(Role.QC, "QC_LOW")),
        ("POOL", Content(Role.QC, "POOL", 400.0)),
        ("P01:pre", Content(Role.UNKNOWN, "P01:pre")),
        ("P01:pre@10", Content(Role.UNKNOWN, "P01:pre", dilution=10.0)),
        ("STDEV", Content(Role.UNKNOWN, "STDEV")),
        ("Empty", None),
        ("-", None),
        (" ", None),
    ],
)
def test_names_in_a_grid(name, content):
    assert content_of(name, NAMES) == content


@pytest.mark.parametrize(("text", "well"), [("A1", "A1"), ("h012", "H12"), ("P24", "P24"), ("Q1", None), ("A25", None)])
def test_well_names(text, well):
    assert well_name(text) == well


def test_grids_are_found_wherever_they_stand():
    cells = [
        ["Date", "1.1."],
        ["", "", ""],
        ["", "<>", "1", "2", "3"],
        ["", "A", "0.1", "0.2"],
        ["", "B", "0.3", "", "x"],
        [],
        ["", "11", "12"],
        ["G", "STD1", "P01:pre"],
        ["H", "BLANK"],
    ]
    first, second = grids(cells)
    assert first == {"A1": "0.1", "A2": "0.2", "A3": "", "B1": "0.3", "B2": "", "B3": "x"}
    assert second == {"G11": "STD1", "G12": "P01:pre", "H11": "BLANK", "H12": ""}


def test_a_list_by_plate():
    cells = [
        ["Plate", "Well", "Role", "Level", "Sample", "Dilution", "Masked"],
        ["1", "a01", "standard", "62.5", "", "", ""],
        ["1", "B1", "qc", "", "POOL", "", "yes"],
        ["2", "A1", "unknown", "", "P01:pre", "10", "no"],
        ["2", "A2", "", "", "", "", ""],
        ["", "", "", "", "", "", ""],
    ]
    contents, problems = listed(cells, "layout.csv", NAMES)
    assert problems == []
    assert contents == {
        "1": {"A1": Content(Role.STANDARD, "", 62.5), "B1": Content(Role.QC, "POOL", 400.0, masked=True)},
        "2": {"A1": Content(Role.UNKNOWN, "P01:pre", None, 10.0)},
    }


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (("Z1", "unknown", "", "P01:pre", "", ""), "well"),
        (("A1", "sample", "", "P01:pre", "", ""), "role"),
        (("A1", "unknown", "", "", "", ""), "sample"),
        (("A1", "standard", "", "", "", ""), "level"),
        (("A1", "standard", "62,5", "", "", ""), "level"),
        (("A1", "standard", "-1", "", "", ""), "level"),
        (("A1", "qc", "0", "QC", "", ""), "level"),
        (("A1", "unknown", "", "P01:pre", "0.1", ""), "dilution"),
        (("A1", "unknown", "", "P01:pre", "1:10", ""), "dilution"),
        (("A1", "unknown", "", "P01:pre", "", "x"), "masked"),
    ],
)
def test_wrong_rows_of_a_list(cells, column):
    header = ["well", "role", "level", "sample", "dilution", "masked"]
    _, problems = listed([header, list(cells)], "layout.csv", Names())
    assert [(problem.row, problem.column) for problem in problems] == [(2, column)]


def test_a_well_that_stands_twice_is_named_with_its_plate():
    header = ["plate", "well", "role", "sample"]
    row = ["7", "A1", "unknown", "P01:pre"]
    _, problems = listed([header, row, row], "layout.csv", Names())
    assert str(problems[0]).startswith("layout.csv, row 3, column well: plate 7, well A1 stands twice")
