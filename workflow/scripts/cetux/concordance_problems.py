"""What is wrong with the sheet of other methods' results."""

from collections.abc import Iterator, Mapping
from datetime import date

from cetux.errors import Problem
from cetux.heregulin_problems import unknown_patients
from cetux.settings import did_you_mean
from cetux.sheets import Row, Sheet, quoted
from cetux.states import Axis, Specimen

SHEET = "concordance"
"""Its key in the YAML."""

_KEY = ("patient", "timepoint", "specimen", "sample", "analyte", "change", "method")


def cross_checks(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    """What its rows show together, or against the other sheets; nothing where there is no such sheet."""
    if SHEET not in sheets:
        return
    sheet = sheets[SHEET]
    yield from unknown_patients(sheets, sheet)
    first: dict[tuple[str, ...], int] = {}
    for line, row in sheet.numbered():
        yield from _row_problems(row, sheet.file, line)
        if "samples" in sheets:
            yield from _sample_problems(row, sheets["samples"], sheet.file, line)
        key = tuple(row[column] or (Specimen.TISSUE if column == "specimen" else "") for column in _KEY)
        if key in first:
            named = quoted(" ".join(part for part in key if part))
            wrong = f"{named} stands already in row {first[key]}"
            yield Problem(sheet.file, wrong, "Keep the row that counts", line, "patient")
        first.setdefault(key, line)


def _row_problems(row: Row, file: str, line: int) -> Iterator[Problem]:
    """A value that does not go with what was tested, and a date that does not exist."""
    amplification = row["analyte"] == Axis.ERBB2 and not row["change"]
    for column, fits, belongs in (
        ("ratio", amplification, "the amplification of ERBB2"),
        ("copies", amplification, "the amplification of ERBB2"),
        ("vaf", not amplification and row["analyte"] != Axis.HRG, "a mutation"),
        *((column, row["analyte"] != Axis.HRG, "a gene") for column in ("change", "specimen", "sample")),
    ):
        if row[column] and row["analyte"] and not fits:
            mend = "Empty the cell, or correct analyte and change"
            yield Problem(file, f"it belongs to {belongs}, here is {row['analyte']}", mend, line, column)
    try:
        date.fromisoformat(row["date"] or "2000-01-01")
    except ValueError:
        mend = "Write an ISO date (2024-07-15), or nothing"
        yield Problem(file, f"{quoted(row['date'])} is no date of the calendar", mend, line, "date")


def _sample_problems(row: Row, samples: Sheet, file: str, line: int) -> Iterator[Problem]:
    """A sample that is named must be a tumour of the same patient, time point and specimen."""
    if not row["sample"]:
        return
    named = next((sample for sample in samples.rows if sample["sample"] == row["sample"]), None)
    if named is None:
        mend = did_you_mean(row["sample"], [sample["sample"] for sample in samples.rows], "Samples of the sheet")
        yield Problem(file, f"the sample {quoted(row['sample'])} has no row in {samples.file}", mend, line, "sample")
        return
    stated = row | {"specimen": row["specimen"] or named["specimen"]}
    for column in ("patient", "timepoint", "specimen"):
        if stated[column] != named[column]:
            wrong = f"the {column} of sample {quoted(row['sample'])} is {quoted(named[column])} in {samples.file}"
            yield Problem(file, wrong, f"Correct the sample, or the {column} of this row", line, "sample")
