"""What is wrong with the sheet of overrides."""

from collections.abc import Iterator, Mapping
from datetime import date

from cetux.errors import Problem
from cetux.heregulin_problems import duplicates, unknown_patients
from cetux.mechanism_rules import AXIS_STATES, MECHANISM_OF
from cetux.resources import alleles
from cetux.settings import did_you_mean
from cetux.sheets import Row, Sheet, quoted
from cetux.states import Axis, BrafState

SHEET = "overrides"
"""Its key in the YAML."""

BRAF_STATES = {1: BrafState.CLASS1, 2: BrafState.CLASS2, 3: BrafState.CLASS3}
"""The state of each class of BRAF mutations."""

_CHANGES = "Write gene and change for RAS (KRAS G12D), the change alone for BRAF (V600E), or nothing"
_BLOOD = ("heregulin", "plate_samples")


def cross_checks(sheets: Mapping[str, Sheet], today: date) -> Iterator[Problem]:
    """What no schema can see: states of another axis, dates, rows that match nothing; none where there is no sheet.

    Args:
        sheets: by name; those that could be read.
        today: day on which the run is started. It only decides whether the run may begin.
    """
    if SHEET not in sheets:
        return
    sheet = sheets[SHEET]
    yield from unknown_patients(sheets, sheet)
    yield from duplicates(sheet, ("patient", "axis", "timepoint"), "Keep the review that counts")
    for line, row in sheet.numbered():
        yield from _state_problems(row, sheet.file, line)
        yield from _date_problems(row, sheet.file, line, today)
        yield from _unmatched(row, sheets, sheet.file, line)


def _state_problems(row: Row, file: str, line: int) -> Iterator[Problem]:
    """A state that the axis has not, and a change that does not go with it."""
    if row["axis"] not in list(Axis):
        return
    states = AXIS_STATES[Axis(row["axis"])]
    if row["state"] and row["state"] not in states:
        mend = did_you_mean(row["state"], states, f"States of {row['axis']}")
        yield Problem(file, f"{row['axis']} has no state {quoted(row['state'])}", mend, line, "state")
        return
    axis, change = Axis(row["axis"]), row["change"]
    if not change:
        return
    known = alleles().get((axis, change)) if axis is Axis.BRAF else None
    if (axis, row["state"]) not in MECHANISM_OF or axis not in (Axis.RAS, Axis.BRAF):
        wrong = f"{axis} {row['state']} has no change, here is {quoted(change)}"
        yield Problem(file, wrong, "Empty the cell", line, "change")
    elif len(change.split()) != (2 if axis is Axis.RAS else 1):
        yield Problem(file, f"{quoted(change)} is no change of {axis}", _CHANGES, line, "change")
    elif known and known.braf_class and BRAF_STATES[known.braf_class] != row["state"]:
        wrong = f"{quoted(change)} is of {BRAF_STATES[known.braf_class]}, the state says {row['state']}"
        yield Problem(file, wrong, "Correct one of the two", line, "change")


def _date_problems(row: Row, file: str, line: int, today: date) -> Iterator[Problem]:
    days: dict[str, date] = {}
    for column in ("date", "expires"):
        try:
            days |= {column: date.fromisoformat(row[column])} if row[column] else {}
        except ValueError:
            wrong = f"{quoted(row[column])} is no date of the calendar"
            yield Problem(file, wrong, "Write an ISO date (2024-07-15)", line, column)
    if "date" in days and days["date"] > today:
        yield Problem(file, f"the review of {row['date']} lies in the future", "Correct the date", line, "date")
    if "expires" in days and days["expires"] < today:
        mend = "Review it again and give a later day, or remove the row"
        yield Problem(file, f"the override has expired on {row['expires']}", mend, line, "expires")


def _unmatched(row: Row, sheets: Mapping[str, Sheet], file: str, line: int) -> Iterator[Problem]:
    """An override of what was never measured: it changes a state, it makes none.

    Plates can hold patients and time points of their own, which only reading them shows: with plates every HRG matches.
    """
    heregulin = row["axis"] == Axis.HRG
    names = _BLOOD if heregulin else ("samples",)
    patients = {one["patient"] for one in sheets["patients"].rows} if "patients" in sheets else set()
    if (
        row["patient"] not in patients
        or (heregulin and "plates" in sheets)
        or (not heregulin and names[0] not in sheets)
    ):
        return
    rows = [other for name in names if name in sheets for other in sheets[name].rows]
    if not any((other["patient"], other["timepoint"]) == (row["patient"], row["timepoint"]) for other in rows):
        what = "heregulin value" if heregulin else "sample"
        wrong = f"the patient {quoted(row['patient'])} has no {what} of the time point {quoted(row['timepoint'])}"
        mend = f"Correct patient, axis or timepoint, or remove the row: an override stands beside a {what}"
        yield Problem(file, wrong, mend, line, "timepoint")
