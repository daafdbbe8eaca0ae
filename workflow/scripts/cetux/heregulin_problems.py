"""What is wrong with the heregulin sheets: the table, the plate files, who is on them, and healthy controls."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cetux import measurement
from cetux.errors import Problem, SettingProblem
from cetux.settings import Settings, did_you_mean
from cetux.sheets import Row, Sheet, quoted

SHEETS = ("heregulin", "plates", "plate_samples", "healthy_controls")
"""Sheets of heregulin that a cohort may have, by their key in the YAML."""

RowCheck = Callable[[Row, str, int], list[Problem]]


def row_checks(name: str) -> RowCheck:
    """The check of one row of the sheet `name`, one of `SHEETS`: row, file and line in, problems out."""
    if name == "heregulin":
        return measurement.row_problems
    if name == "healthy_controls":
        return lambda row, file, line: measurement.row_problems(row, file, line, control=True)
    # pandas comes with it, which only cohorts with plates should wait for
    from cetux import plate_sheets

    return plate_sheets.plate_row_problems if name == "plates" else plate_sheets.sample_row_problems


def cross_checks(settings: Settings, sheets: Mapping[str, Sheet], file: str) -> Iterator[Problem]:
    """What only several rows or sheets together show.

    Args:
        settings: the YAML with its defaults.
        sheets: by name; those that could be read.
        file: name of the YAML in messages.
    """
    measured = [sheets[name] for name in ("heregulin", "plates") if name in sheets]
    if measured:
        yield from _cutoff_problems(settings, {row["assay"] for sheet in measured for row in sheet.rows}, file)
    if "heregulin" in sheets:
        key = ("patient", "timepoint", "assay", "matrix")
        yield from duplicates(sheets["heregulin"], key, "Keep the row that counts")
        yield from unknown_patients(sheets, sheets["heregulin"])
    if "plates" in sheets:
        yield from duplicates(sheets["plates"], ("plates",), "Give each file its own ID")
    if "plate_samples" in sheets:
        yield from unknown_patients(sheets, sheets["plate_samples"])
        yield from _unknown_plates(sheets)


def _unknown_plates(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    known = [row["plates"] for row in sheets["plates"].rows] if "plates" in sheets else []
    for line, row in sheets["plate_samples"].numbered():
        if row["plates"] and row["plates"] not in known:
            mend = did_you_mean(row["plates"], known, "Add the file to the plates sheet, or correct the ID; it has")
            wrong = f"the plates sheet has no file {quoted(row['plates'])}"
            yield Problem(sheets["plate_samples"].file, wrong, mend, line, "plates")


def _cutoff_problems(settings: Settings, measured: set[str], file: str) -> Iterator[Problem]:
    cutoffs: dict[str, list[str]] = defaultdict(list)
    for rule in cutoff_rules(settings):
        cutoffs[str(rule.get("assay"))].append(str(rule.get("matrix")))
        if rule.get("method") == "healthy_percentile" and "healthy_controls" not in settings:
            wrong = f"the cut-off of {quoted(str(rule.get('assay')))} comes from healthy controls, and there are none"
            yield SettingProblem(file, wrong, "Give the sheet healthy_controls", column="heregulin_cutoffs")
    for assay, matrices in cutoffs.items():
        for matrix, count in Counter(matrices).items():
            if count > 1:
                wrong = f"assay {quoted(assay)} has {count} cut-offs for {matrix}"
                yield SettingProblem(file, wrong, "Keep one", column="heregulin_cutoffs")
    for assay in sorted(measured - {"", *cutoffs}):
        mend = "Add one to heregulin_cutoffs; there is no default, because assays differ a thousandfold"
        if cutoffs:
            mend += f". Cut-offs are given for {', '.join(sorted(cutoffs))}"
        yield SettingProblem(file, f"heregulin assay {quoted(assay)} has no cut-off", mend, column="heregulin_cutoffs")


def cutoff_rules(settings: Settings) -> list[Mapping[str, Any]]:
    """The cut-offs of the YAML, without entries of a wrong type."""
    given = settings.get("heregulin_cutoffs")
    return [rule for rule in given if isinstance(rule, Mapping)] if isinstance(given, list) else []


def unknown_patients(sheets: Mapping[str, Sheet], sheet: Sheet) -> Iterator[Problem]:
    """Rows of a sheet whose patient has no row in the patients sheet."""
    patients = [row["patient"] for row in sheets["patients"].rows] if "patients" in sheets else []
    known = set(patients)
    for line, row in sheet.numbered():
        if known and row["patient"] and row["patient"] not in known:
            wrong = f"the patient {quoted(row['patient'])} has no row in {sheets['patients'].file}"
            mend = did_you_mean(row["patient"], patients, "Add the patient there, or correct the ID; it has")
            yield Problem(sheet.file, wrong, mend, line, "patient")


def duplicates(sheet: Sheet, key: Sequence[str], mend: str) -> Iterator[Problem]:
    """Rows whose cells of `key` stand together before; an ID, which becomes a name of files, also in other case."""
    first: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
    for line, row in sheet.numbered():
        value = tuple(row[column] for column in key)
        folded = (value[0].casefold(),) if len(value) == 1 else value
        if folded in first and all(value):
            before, written = first[folded]
            wrong = f"{quoted(' '.join(value))} stands already in row {before}"
            if written != value:
                wrong += f", as {quoted(' '.join(written))}: some file systems take the two for one"
            yield Problem(sheet.file, wrong, mend, line, key[0])
        first.setdefault(folded, (line, value))


def files_of(plates: Iterable[Row]) -> Iterator[tuple[int, str, str]]:
    """Index of the row, column and path of every file that the plates sheet names."""
    for index, row in enumerate(plates):
        for column in ("file", "layout"):
            if row.get(column):
                yield index, column, row[column]
