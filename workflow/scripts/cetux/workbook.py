"""The tables of a cohort as one XLSX workbook: text stays text, numbers are numbers, the same tables the same bytes."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

NUMBERS: Mapping[str, frozenset[str]] = {
    "samples": frozenset(
        (
            *("excluded_vaf", "log2", "observed_copies", "copies", "copies_low", "copies_high", "ratio_17q"),
            *("detectable_copies", "purity", "purity_estimate", "purity_estimate_low", "purity_estimate_high"),
            *("bins_kept", "bins_designed"),
        )
    ),
    "alleles": frozenset(
        (
            *("braf_class", "alt_fragments", "fragments", "vaf", "ccf", "ccf_low", "ccf_high"),
            *("forward", "reverse", "at_ends", "p_value", "other_alt", "other_depth", "other_vaf"),
        )
    ),
    "heregulin": frozenset(
        (
            *("value_pg_per_ml", "interval_low_pg_per_ml", "interval_high_pg_per_ml"),
            *("limit_pg_per_ml", "cutoff_pg_per_ml"),
        )
    ),
    "force_calls": frozenset(("alt_fragments", "fragments", "vaf", "excluded_vaf")),
    "changes": frozenset(("run",)),
    "statistics": frozenset(("n", "estimate", "low", "high", "p", "p_adjusted")),
    "what_if": frozenset(("value", "current", "patients_changed")),
    "concordance": frozenset(("value", "low", "high", "n")),
}
"""Columns that hold numbers, by sheet. All else is text whatever it looks like: a patient named 007 or 1E5 stays so."""

NOTICE = "Research use only. Not a diagnostic device; no treatment advice."
"""What the first sheet says, as every page of the report does."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_FORMULA_STARTS = ("=", "+", "-", "@")
_FIXED = datetime(1980, 1, 1)
"""The earliest time of a ZIP: a workbook says nothing of when it was written, so that equal tables are equal files."""
_WIDTHS = (8, 60)


def workbook(tables: Mapping[str, str]) -> bytes:
    """The bytes of an XLSX file: a sheet for each table, its first row frozen and filtered, and a sheet that explains.

    No cell is a formula or an error value, whatever the text that it holds. What `tables.cell` puts before text that
    would begin a formula is taken off again: a cell typed as text needs no guard, and is marked for whoever edits it.

    Args:
        tables: text of tab-separated tables with a header line, by the name of their sheet, in the order of the sheets.
    """
    book = Workbook()
    properties = DocumentProperties(creator="cetux", title="Cetuximab resistance mechanisms")
    properties.created = properties.modified = _FIXED
    book.properties = properties
    about = book.active
    assert isinstance(about, Worksheet), "a new workbook has a sheet"
    about.title = "about"
    _fill(about, [["about"], [NOTICE], ["Missing is never negative: an empty cell is a number that could not be had."]])
    for name, text in tables.items():
        rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
        sheet = book.create_sheet(name)
        _fill(sheet, rows, NUMBERS.get(name, frozenset()))
        sheet.freeze_panes = "B2"
        sheet.auto_filter.ref = sheet.dimensions
    written = io.BytesIO()
    ExcelWriter(book, ZipFile(written, "w", ZIP_DEFLATED)).save()  # Workbook.save would state the time of writing
    return _timeless(written.getvalue())


def _fill(sheet: Worksheet, rows: Sequence[Sequence[str]], numbers: frozenset[str] = frozenset()) -> None:
    header = rows[0]
    widths = [_WIDTHS[0]] * len(header)
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row):
            widths[place] = min(max(widths[place], len(text) + 2), _WIDTHS[1])
            cell = sheet.cell(number, place + 1)
            if number > 1 and header[place] in numbers and _NUMBER.fullmatch(text):
                cell.value = float(text)
            elif text:
                _write_text(cell, text)
            if number == 1:
                cell.font = Font(bold=True)
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width


def _write_text(cell: Cell, text: str) -> None:
    """Text as text; control characters, which XML cannot hold, as replacement characters."""
    shown = text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", shown)
    cell.data_type = "s"  # openpyxl would take = for a formula and #N/A for an error
    if shown.startswith(_FORMULA_STARTS):
        cell.quotePrefix = True


def _timeless(archive: bytes) -> bytes:
    """The ZIP file with every member's time fixed."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(archive)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(ZipInfo(name, _FIXED.timetuple()[:6]), old.read(name), ZIP_DEFLATED)
    return out.getvalue()
