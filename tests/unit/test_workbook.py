"""The workbook as openpyxl reads it again, and its bytes."""

import io
import zipfile
from collections.abc import Iterator

import openpyxl
import pytest

from cetux import allele_table, cohort_statistics, concordance, history, tables, what_if
from cetux.workbook import NOTICE, NUMBERS, workbook


def sheets(**texts: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook(texts)))


def cells(book: openpyxl.Workbook) -> Iterator[openpyxl.cell.Cell]:
    return (cell for sheet in book for row in sheet.iter_rows() for cell in row)


def test_numbers_are_numbers_and_ids_are_text() -> None:
    book = sheets(samples="patient\tpurity\tlog2\n007\t0.5\t-1e-05\n1E5\t\t2\n")
    assert [[cell.value for cell in row] for row in book["samples"].iter_rows()] == [
        ["patient", "purity", "log2"],
        ["007", 0.5, -1e-05],
        ["1E5", None, 2],
    ]
    assert book["samples"]["A2"].data_type == "s"


def test_a_column_of_the_users_own_sheet_is_text() -> None:
    (row,) = sheets(mechanisms="patient\tcopies\nP1\t1E5\n")["mechanisms"].iter_rows(min_row=2)
    assert [cell.value for cell in row] == ["P1", "1E5"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "#N/A", "TRUE"])
def test_nothing_from_the_data_becomes_a_formula_an_error_or_a_truth(text: str) -> None:
    table = tables.table_text(["patient", "why"], [[text, text]])
    book = sheets(mechanisms=table)
    assert {cell.data_type for cell in cells(book)} == {"s"}
    assert [cell.value for cell in book["mechanisms"][2]] == [text, text]
    assert book["mechanisms"]["A2"].quotePrefix is (text[0] in "=+-@")


def test_a_number_column_holds_words_where_there_is_no_number() -> None:
    book = sheets(samples="purity\nnan\n=1\n0x1\n١\ninf\n")
    assert {row[0].data_type for row in book["samples"].iter_rows()} == {"s"}


def test_control_characters_do_not_break_the_file() -> None:
    assert sheets(mechanisms="patient\nP\x011\n")["mechanisms"]["A2"].value == "P\ufffd1"


def test_the_header_is_frozen_and_filtered_and_the_use_is_stated() -> None:
    book = sheets(samples="patient\tpurity\nP1\t0.5\n", heregulin="patient\n")
    assert book.sheetnames == ["about", "samples", "heregulin"]
    assert (book["samples"].freeze_panes, book["samples"].auto_filter.ref) == ("B2", "A1:B2")
    assert book["heregulin"].auto_filter.ref == "A1:A1"
    assert NOTICE in {cell.value for cell in cells(book)}
    assert book["samples"].column_dimensions["A"].width >= len("patient")


def test_the_same_tables_make_the_same_bytes_at_any_time() -> None:
    """Equal bytes of two runs in one second prove little: no member of the file holds a time but the fixed one."""
    texts = {"samples": "patient\tpurity\nP1\t0.5\n"}
    assert workbook(texts) == workbook(texts)
    with zipfile.ZipFile(io.BytesIO(workbook(texts))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("1980-01-01T00:00:00Z") == 2
    assert "20" not in core.split("<dcterms:created", 1)[1].replace("2006", "").replace("2001", "")


def test_every_number_column_is_a_column_of_its_table() -> None:
    known = {
        "samples": tables.SAMPLE_COLUMNS,
        "alleles": allele_table.COLUMNS,
        "heregulin": tables.HEREGULIN_COLUMNS,
        "force_calls": tables.FORCED_COLUMNS,
        "changes": history.CHANGE_COLUMNS,
        "statistics": cohort_statistics.COLUMNS,
        "what_if": what_if.COLUMNS,
        "concordance": concordance.COLUMNS,
    }
    for name, columns in NUMBERS.items():
        assert columns <= set(known[name]), name
