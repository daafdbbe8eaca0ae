"""Files of plate readers: recognised from their content, read as they stand, and what is wrong named."""

import csv
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetux.errors import InputError
from cetux.plate_files import Plate, ReadOptions, Well, read_plates
from cetux.plate_layout import Names, Role
from cetux.softmax import read_softmax

SOFTMAX_HEAD = (
    "Plate:\t{name}\t1.3\t{form}\t{kind}\tAbsorbance\t{data}\tFALSE\t1\t\t\t\t\t\t{n}\t{waves}\t1\t12\t96\t1\t8"
)
GROUPS = (
    "Group: Standards",
    "Sample\tConcentration pg/mL\tBackCalcConc\tWells\tValue\tMeanValue",
    "1\t1000\t990\tA1\t1.5\t1.5",
    " \t \tMasked\tA2\tMasked\t ",
    "2\t0\tRange?\tB1\t0.05\t0.05",
    "",
    "Group Column\tFormula Name",
    "1\tSample",
    "~End",
    "Group: Unk_Dilution",
    "Sample\tWells\tValue\tR\tResult\tMeanResult\tSD\tCV\tDilution\tAdjResult",
    "P01:pre\tB2\t0.7\t\t350\t350\t0\t0\t10\t3500",
    "~End",
)
SOFTMAX = "\r\n".join(
    [
        "##BLOCKS= 3\t\t",
        SOFTMAX_HEAD.format(name="Plate1", form="TimeFormat", kind="Endpoint", data="Raw", n=2, waves="450 620 "),
        "\tTemperature(\xa1C)\tA1\tA2\tB1\tB2",
        "\t24.6\t1.5404\t9.9\t0.0896\t0.7399",
        "\t\t\t\t\t",
        "\t24.6\t0.0402\t0.04\t0.0399\t0.0401",
        "~End",
        *GROUPS,
        "Original Filename: x; Date Last Saved: 10/4/2017 2:05:49 PM",
    ]
)


def write(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    return str(path)


def tidy(*rows: str, header: str = "plate,well,od,role,level,sample,dilution,masked") -> str:
    return "\n".join([header, *rows]) + "\n"


def workbook(tmp_path: Path, **sheets: list[list[object]]) -> str:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "plate.xlsx")
    return str(tmp_path / "plate.xlsx")


def wrong(path: str, **options: object) -> str:
    with pytest.raises(InputError) as error:
        read_plates(path, **options)
    return str(error.value)


GRID = [["<>", 1, 2, 3], ["A", 1.5, 1.52, 0.7], ["B", 0.05, 0.06, "OVER"]]
NAMES_GRID = [["<>", 1, 2, 3], ["A", "STD1000", "STD1000", "P01:pre@10"], ["B", "STD0", "BLANK", "QC1"]]
TECAN_WELLS = (
    Well("A1", Role.STANDARD, "STD1000", 1.5, 1000.0),
    Well("A2", Role.STANDARD, "STD1000", 1.52, 1000.0),
    Well("A3", Role.UNKNOWN, "P01:pre", 0.7, dilution=10.0),
    Well("B1", Role.STANDARD, "STD0", 0.05, 0.0),
    Well("B2", Role.BLANK, "BLANK", 0.06),
    Well("B3", Role.QC, "QC1", None, above_reader=True, note="OVER"),
)


def test_softmax_takes_the_difference_of_the_wavelengths_at_full_precision(tmp_path):
    (plate,) = read_plates(write(tmp_path, "any.name", SOFTMAX))
    assert plate == Plate(
        1,
        "Plate1",
        (
            Well("A1", Role.STANDARD, "1", 1.5002, 1000.0),
            Well("A2", Role.STANDARD, "1", 9.86, 1000.0, masked=True),
            Well("B1", Role.STANDARD, "2", 0.0497, 0.0),
            Well("B2", Role.UNKNOWN, "P01:pre", 0.6998, dilution=10.0),
        ),
        "pg/mL",
    )


def test_softmax_finds_a_single_wavelength_too(tmp_path):
    one = SOFTMAX.replace("\t1.5404", "\t1.5").replace("\t0.0896", "\t0.05").replace("\t0.7399", "\t0.7")
    (plate,) = read_plates(write(tmp_path, "one.txt", one))
    assert [well.od for well in plate.wells] == [1.5, 9.9, 0.05, 0.7]


def test_softmax_plate_format_and_decimal_commas():
    head = SOFTMAX_HEAD.format(name="OD", form="PlateFormat", kind="Endpoint", data="Raw", n=2, waves="450 620")
    lines = [
        "##BLOCKS= 1",
        head.replace("\t1.3\t", "\t1,3\t"),
        "\tTemperature(\xa1C)\t1\t2\t\t1\t2",
        "\t24,6\t1,5\t0,8\t\t0,04\t0,05",
        "\t\t0,1\t0,7\t\t0,03\t0,02",
        "~End",
    ]
    plates = read_softmax("\n".join(lines), "x.txt", Names(), "450-620")
    assert plates[0].readings == {"A1": "1.46", "A2": "0.75", "B1": "0.07", "B2": "0.68"}
    assert read_softmax("\n".join(lines), "x.txt", Names(), "620")[0].readings["B2"] == "0.02"


def test_softmax_keeps_the_readers_words(tmp_path):
    """A saturated well has no difference of wavelengths; the group then prints the word that the plate holds."""
    dense = SOFTMAX.replace("\t1.5404", "\t#Sat").replace("A1\t1.5\t1.5", "A1\t#Sat\t#Sat")
    (plate,) = read_plates(write(tmp_path, "x.txt", dense))
    assert plate.wells[0] == Well("A1", Role.STANDARD, "1", None, 1000.0, above_reader=True, note="#Sat")


def test_softmax_reduced_export_has_one_value_a_well():
    head = SOFTMAX_HEAD.format(name="OD", form="TimeFormat", kind="Endpoint", data="Reduced", n=2, waves="450 620")
    lines = ["##BLOCKS= 1", head, "\tTemperature\tA1\tA2", "\t24.6\t0.5\t0.7", "~End"]
    assert read_softmax("\n".join(lines), "x.txt", Names())[0].readings == {"A1": "0.5", "A2": "0.7"}
    assert read_softmax("\n".join(lines[:3]), "x.txt", Names())[0].readings == {}


def test_softmax_says_when_the_wavelength_cannot_be_told(tmp_path):
    other = write(tmp_path, "x.txt", SOFTMAX.replace("1.5404", "1.9"))
    assert "plate 1: which wavelength makes the values cannot be told. Write one of: 450-620, 450, 620" in wrong(other)
    assert "has no wavelength 405" in wrong(other, options=ReadOptions(wavelength="405"))
    assert read_plates(other, options=ReadOptions(wavelength="450-620"))[0].wells[0].od == 1.8598


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Endpoint", "Kinetic", "plate 1 is a Kinetic read, not Endpoint"),
        ("\tWells\tValue\tMeanValue", "\tPlaces\tValue\tMeanValue", "the group 'Standards' has no column Wells"),
        ("\tB2\t0.7", "\tA1\t1.5", "'A1' stands in two groups"),
        ("\tB2\t0.7", "\tZ2\t0.7", "'Z2' is no well"),
        ("Plate:\t", "Note:\t", "stands before any plate"),
        ("1\t1000\t990", "1\t\t990", "plate 1, group 'Standards', sample '1' has no concentration"),
        ("1\t1000\t990", "1\tnan\t990", "has no concentration"),
        ("\t10\t3500", "\t0.1\t3500", "sample 'P01:pre' has the dilution 0.1"),
        ("\tB2\t0.7\t", "", "'350' is no well"),
    ],
)
def test_damaged_softmax_exports(tmp_path, old, new, message):
    assert message in wrong(write(tmp_path, "x.txt", SOFTMAX.replace(old, new)))


def test_softmax_without_groups_takes_a_layout_file(tmp_path):
    bare = SOFTMAX.partition("Group:")[0]
    layout = write(tmp_path, "layout.csv", ",1,2\nA,STD1000,STD1000\nB,STD0,P01:pre\n")
    (plate,) = read_plates(write(tmp_path, "x.txt", bare), layout, ReadOptions(wavelength="450"))
    assert [(well.well, well.sample, well.od) for well in plate.wells][3] == ("B2", "P01:pre", 0.7399)


def test_several_softmax_plates_of_one_name(tmp_path):
    body = SOFTMAX.split("\r\n", 1)[1]
    plates = read_plates(write(tmp_path, "x.txt", f"##BLOCKS= 6\r\n{body}\r\n{body}"))
    assert [(plate.number, plate.name, len(plate.wells)) for plate in plates] == [(1, "Plate1", 4), (2, "Plate1", 4)]


def test_tecan_workbook_with_names_on_the_same_sheet(tmp_path):
    (plate,) = read_plates(workbook(tmp_path, Magellan=[*GRID, [], *NAMES_GRID]))
    assert plate == Plate(1, "Magellan", TECAN_WELLS)


def test_tecan_workbook_with_names_on_another_sheet_or_in_a_file(tmp_path):
    assert read_plates(workbook(tmp_path, Magellan=GRID, id=NAMES_GRID))[0].wells == TECAN_WELLS
    bare = workbook(tmp_path, Magellan=GRID)
    with (tmp_path / "layout.csv").open("w", newline="") as sheet:
        csv.writer(sheet).writerows(NAMES_GRID)
    assert read_plates(bare, str(tmp_path / "layout.csv"))[0].wells == TECAN_WELLS
    assert "1 grids of readings and 0 of names" in wrong(bare)


def test_a_dilution_below_one_in_a_grid_is_named(tmp_path):
    path = workbook(tmp_path, Magellan=[*GRID, [], ["<>", 1], ["A", "P01:pre@0.1"]])
    assert "well A1: P01:pre has the dilution 0.1" in wrong(path)


def test_several_tecan_plates_share_a_layout_or_have_their_own(tmp_path):
    shared = read_plates(workbook(tmp_path, one=GRID, two=GRID, id=NAMES_GRID))
    assert [plate.name for plate in shared] == ["one", "two"]
    assert shared[1].wells == TECAN_WELLS
    other = [["<>", 1], ["A", "P02:post"]]
    own = read_plates(workbook(tmp_path, one=[*GRID, [], *NAMES_GRID], two=[*GRID, [], *other]))
    assert [len(plate.wells) for plate in own] == [6, 1]


def test_tidy_csv_and_workbook_read_alike(tmp_path):
    rows = [
        ["plate", "well", "od", "role", "level", "sample", "dilution", "masked"],
        ["1", "A1", "1.5", "standard", "1000", "", "", ""],
        ["1", "B2", "0.7", "unknown", "", "P01:pre", "10", ""],
        ["2", "A1", "smudge", "unknown", "", "001", "", "yes"],
        ["2", "A2", "OVRFLW", "qc", "500", "QC_HIGH", "", ""],
        ["2", "A3", "", "blank", "", "", "", ""],
        ["2", "A4", "0.1", "", "", "", "", ""],
    ]
    expected = (
        Plate(
            1, "1", (Well("A1", Role.STANDARD, "", 1.5, 1000.0), Well("B2", Role.UNKNOWN, "P01:pre", 0.7, None, 10.0))
        ),
        Plate(
            2,
            "2",
            (
                Well("A1", Role.UNKNOWN, "001", None, masked=True, note="smudge"),
                Well("A2", Role.QC, "QC_HIGH", None, 500.0, above_reader=True, note="OVRFLW"),
                Well("A3", Role.BLANK, "", None, note="no reading"),
            ),
        ),
    )
    for delimiter in (",", ";", "\t"):
        path = write(tmp_path, "plate.csv", "\n".join(delimiter.join(row) for row in rows))
        assert read_plates(path) == expected
    assert read_plates(workbook(tmp_path, data=rows)) == expected


def test_numbers_typed_as_numbers_in_a_workbook(tmp_path):
    rows = [["well", "od", "role", "level", "sample"], ["A1", 1.5, "standard", 1000, 7], ["A2", 2, "unknown", None, 12]]
    (plate,) = read_plates(workbook(tmp_path, data=rows))
    assert plate.name == "data"
    assert plate.wells == (Well("A1", Role.STANDARD, "7", 1.5, 1000.0), Well("A2", Role.UNKNOWN, "12", 2.0))


def test_text_in_utf_16_as_excel_saves_it(tmp_path):
    path = write(tmp_path, "plate.txt", "well\tod\trole\tsample\nA1\t0.5\tunknown\tP01:pre\n".encode("utf-16"))
    assert read_plates(path)[0].wells == (Well("A1", Role.UNKNOWN, "P01:pre", 0.5),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"  \n", "the file is empty"),
        (b"PK\x03\x04 not a zip", "is a damaged workbook"),
        (b"\xd0\xcf\x11\xe0 not an OLE file", "is a damaged workbook"),
        (b"a,b\n1,2\n", "is not a plate reader's file that is known"),
        (b"<>,1,2\nA,x,y\n", "is not a plate reader's file that is known"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a plate reader's file that is known"),
        (b"well,od,role,levels\nA1,1,standard,5\n", "column levels: the column is not known"),
        (b"well,od,role,sample\nA1,1,unknown,\n", "row 2, column sample: well A1: an unknown without a name"),
        (b"##BLOCKS= 0\r\n", "has no plate"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, message):
    assert message in wrong(write(tmp_path, "plate.csv", content))


def test_a_missing_file_and_a_missing_layout_are_named(tmp_path):
    assert "there.csv: cannot be read (No such file or directory)" in wrong(str(tmp_path / "there.csv"))
    path = write(tmp_path, "plate.csv", tidy("1,A1,1,unknown,,x,,"))
    assert "layout.csv: cannot be read" in wrong(path, layout=str(tmp_path / "layout.csv"))


def test_a_layout_must_know_every_plate(tmp_path):
    path = write(tmp_path, "plate.csv", tidy("1,A1,0.5", "2,A1,0.6", header="plate,well,od"))
    layout = write(tmp_path, "layout.csv", "plate,well,role,sample\n1,A1,unknown,P01:pre\n")
    assert "layout.csv: has no layout for plate 2 (2)" in wrong(path, layout=layout)


def test_a_comma_in_a_reading_is_noted_not_read(tmp_path):
    (plate,) = read_plates(write(tmp_path, "plate.csv", "well;od;role;sample\nA1;0,5;unknown;P01:pre\n"))
    assert (plate.wells[0].od, plate.wells[0].note) == (None, "0,5")


@given(
    st.permutations(
        ["1,A1,1.5,standard,1000,,,", "1,A2,0.5,unknown,,a,,", "1,H12,0.6,unknown,,b,2,", "1,B10,0.1,blank,,,,"]
    )
)
def test_the_order_of_wells_changes_nothing(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("order"), "plate.csv", tidy(*rows))
    (plate,) = read_plates(path)
    assert [well.well for well in plate.wells] == ["A1", "A2", "B10", "H12"]
