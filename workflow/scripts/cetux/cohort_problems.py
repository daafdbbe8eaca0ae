"""What is wrong with a cohort's YAML, sheets and the files that they name, all of it at once."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from cetux import concordance_problems, heregulin_problems, override_problems
from cetux.catalogue_file import catalogue_problems
from cetux.errors import Problem, SettingProblem
from cetux.heregulin_problems import cutoff_rules, duplicates, unknown_patients
from cetux.indexes import index_of, is_indexed_kind
from cetux.resources import BUILDS
from cetux.settings import Settings, did_you_mean, row_problems
from cetux.sheets import Row, Sheet, quoted
from cetux.targets import bed_problems

_CORRECT = "Correct one of the two"
_ASSAY_FILES = ("targets", "reference", "copy_number_reference", "snps", "hotspot_catalogue")
_CHECKED_BY_BUILD: dict[str, Callable[[str, str], Iterable[Problem]]] = {
    "targets": bed_problems,
    "hotspot_catalogue": catalogue_problems,
}
"""Files of an assay whose content is checked, and how, from path and build."""


def resolve(path: str, directory: str) -> str:
    """`path` as seen from the working folder, where the user gave it relative to `directory`."""
    return os.path.normpath(Path(directory) / path)


def treatment_day(row: Row, column: str) -> int | None:
    """Days from the start of treatment to the event in `column` of a row of patients.tsv; None for an empty cell.

    Raises:
        ValueError: a date does not exist, or days and dates are mixed.
    """
    return days_since(row["treatment_start"], row[column]) if row[column] else None


def days_since(start: str, event: str) -> int:
    """Days from `start`, an ISO date or "0", to `event`, of the same kind; raises ValueError where they do not fit.

    >>> days_since("2024-01-15", "2024-02-01"), days_since("0", "17"), days_since("0", "-3")
    (17, 17, -3)
    """
    if (start == "0") != event.removeprefix("-").isdigit():
        raise ValueError("days and dates are mixed")
    return int(event) if start == "0" else (date.fromisoformat(event) - date.fromisoformat(start)).days


def problems_of(settings: Settings, sheets: Mapping[str, Sheet], directory: str, file: str) -> list[Problem]:
    """Every problem of the sheets that could be read, and of the files named, one for each cell.

    Args:
        settings: the YAML with its defaults; parts of a wrong type were named before and are passed over.
        sheets: by name; one that could not be read is absent, and so are the checks that need it.
        directory: folder of the YAML.
        file: name of the YAML in messages.
    """
    found = list(_settings_problems(settings, file))
    for name, sheet in sheets.items():
        if not sheet.rows:
            mend = "Add a row"
            if name in (*heregulin_problems.SHEETS, concordance_problems.SHEET, override_problems.SHEET):
                mend += f", or leave the key {name} out of the YAML"
            found.append(Problem(sheet.file, "the sheet has a header and no row", mend))
        for line, row in sheet.numbered():
            by_schema = row_problems(name, row, sheet.file, line)
            if name in heregulin_problems.SHEETS:  # of two problems of one cell the first is kept: it says more
                found += [problem for problem in by_schema if not row[problem.column]]
                found += heregulin_problems.row_checks(name)(row, sheet.file, line)
            found += by_schema
    found += _file_problems(settings, directory, file)
    if "samples" in sheets:
        found += _missing_normals(_assays(settings), sheets["samples"], file)
        found += _sample_problems(_assays(settings), sheets, directory)
    if "patients" in sheets:
        found += _patient_problems(sheets, others="plates" in settings)
    found += heregulin_problems.cross_checks(settings, sheets, file)
    found += concordance_problems.cross_checks(sheets)
    found += override_problems.cross_checks(sheets, date.today())
    if "plates" in sheets:
        found += _plate_file_problems(sheets["plates"], directory)
    return _one_per_cell(found)


def warnings_of(settings: Settings, sheets: Mapping[str, Sheet], file: str) -> list[Problem]:
    """What is odd in a cohort without problems, and runs all the same."""
    progressed = {row["patient"]: bool(row["progression"]) for row in sheets["patients"].rows}
    odd: list[Problem] = []
    for name in ("samples", "heregulin"):
        for line, row in sheets[name].numbered() if name in sheets else ():
            if row["timepoint"] == "post" and not progressed[row["patient"]]:
                wrong = f"the time point is post, but the patient {quoted(row['patient'])} has no progression"
                mend = "Fill in progression in the patients sheet if there was one"
                odd.append(Problem(sheets[name].file, wrong, mend, line, "timepoint"))
    used = {row["assay"] for row in sheets["samples"].rows}
    for assay in settings["assays"]:
        if assay not in used:
            mend = "Remove it if it is not needed"
            odd.append(SettingProblem(file, "no sample has this assay", mend, column=f"assays.{assay}"))
    measured = {row["assay"] for name in ("heregulin", "plates") if name in sheets for row in sheets[name].rows}
    for number, cutoff in enumerate(settings["heregulin_cutoffs"], start=1):
        if cutoff["assay"] not in measured:
            wrong = f"no heregulin value is of the assay {quoted(cutoff['assay'])}"
            mend = "Check its name" if measured else "Give the heregulin sheet"
            odd.append(SettingProblem(file, wrong, mend, column=f"heregulin_cutoffs[{number}].assay"))
    return odd


def _one_per_cell(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without those of a cell that has one already."""
    kept: dict[tuple[object, ...], Problem] = {}
    for number, problem in enumerate(problems):
        cell = (problem.file, problem.row, problem.column)
        kept.setdefault(cell if problem.row and problem.column else (number,), problem)
    return list(kept.values())


def _assays(settings: Settings) -> dict[str, Mapping[str, Any]]:
    assays = settings.get("assays")
    known = assays.items() if isinstance(assays, Mapping) else ()
    return {name: given for name, given in known if isinstance(name, str) and isinstance(given, Mapping)}


def _settings_problems(settings: Settings, file: str) -> Iterator[Problem]:
    """Pairs of settings that contradict each other."""
    pairs = [("genotypes.tissue", "low_vaf", "mut_vaf"), ("genotypes.ctdna", "low_vaf", "mut_vaf")]
    pairs += [("heregulin_rules", "cv_flag_fraction", "cv_fail_fraction"), ("erbb2", "amp_copies_low", "amp_copies")]
    for where, low, high in pairs:
        part: Any = settings
        for key in where.split("."):
            part = part.get(key) if isinstance(part, Mapping) else None
        values = [part.get(low), part.get(high)] if isinstance(part, Mapping) else []
        numbers = [value for value in values if isinstance(value, (int, float))]
        if len(numbers) == 2 and numbers[0] > numbers[1]:
            wrong = f"{numbers[0]} is above {high} ({numbers[1]})"
            yield SettingProblem(file, wrong, _CORRECT, column=f"{where}.{low}")


def _file_problems(settings: Settings, directory: str, file: str) -> Iterator[Problem]:
    """Files that the YAML names, but for the sheets that were read."""
    named: dict[str, Any] = {}
    for name, assay in _assays(settings).items():
        named |= {f"assays.{name}.{key}": assay.get(key) for key in _ASSAY_FILES}
    for number, rule in enumerate(cutoff_rules(settings), start=1):
        named[f"heregulin_cutoffs[{number}].frozen"] = rule.get("frozen")
    export = settings.get("export")
    named["export.pseudonyms"] = export.get("pseudonyms") if isinstance(export, Mapping) else None
    for where, given in named.items():
        if isinstance(given, str):
            path = resolve(given, directory)
            problem = _file_problem(path) or (_fasta_problem(path) if where.endswith(".reference") else None)
            if problem:
                yield SettingProblem(file, *problem, column=where)
            elif where.startswith("assays."):
                owner, _, key = where.removeprefix("assays.").rpartition(".")
                build = _assays(settings)[owner].get("build")
                checks = _CHECKED_BY_BUILD.get(key)
                yield from checks(path, build) if checks and build in BUILDS else ()


def _plate_file_problems(sheet: Sheet, directory: str) -> Iterator[Problem]:
    for index, column, path in heregulin_problems.files_of(sheet.rows):
        problem = _file_problem(resolve(path, directory))
        if problem:
            yield Problem(sheet.file, *problem, sheet.lines[index], column)


def _missing_normals(assays: Mapping[str, Mapping[str, Any]], samples: Sheet, file: str) -> Iterator[Problem]:
    """Assays of tumours that cannot get a copy-number reference; a row whose role or assay is wrong may be a normal."""
    tumours = {row["assay"] for row in samples.rows if row["role"] == "tumour"}
    others = {row["assay"] for row in samples.rows if row["role"] != "tumour"}
    for name, assay in assays.items():
        given = name in others or "copy_number_reference" in assay or assay.get("flat_reference")
        if name in tumours and not given and others <= set(assays):
            mend = (
                "Add rows with role normal to the samples sheet, give copy_number_reference, or set "
                "flat_reference: true and accept flagged calls"
            )
            yield SettingProblem(
                file, "the assay has no normals for its copy-number reference", mend, column=f"assays.{name}"
            )


def _file_problem(path: str) -> tuple[str, str] | None:
    """What is wrong with a file that is needed, and the mend; None where nothing is."""
    mend = "Check the path; it is relative to the YAML"
    try:
        if Path(path).is_dir():
            return f"{quoted(path, 200)} is a folder, not a file", mend
        if not Path(path).is_file():
            return f"there is no file {quoted(path, 200)}", mend
        if Path(path).stat().st_size == 0:
            return f"the file {quoted(path, 200)} is empty", "Make or copy it again"
    except OSError as error:
        return f"{quoted(path, 200)} cannot be reached ({error.strerror})", mend
    if not os.access(path, os.R_OK):
        return f"the file {quoted(path, 200)} cannot be read", "Check its permissions"
    return None


def _fasta_problem(path: str) -> tuple[str, str] | None:
    if Path(f"{path}.fai").is_file() and (not path.endswith(".gz") or Path(f"{path}.gzi").is_file()):
        return None
    mend = f"Make it: samtools faidx {shlex.quote(path)}"
    if path.endswith(".gz"):
        mend += " (it must be compressed with bgzip)"
    return f"the FASTA {quoted(path, 200)} has no index", mend


def _sample_problems(
    assays: Mapping[str, Mapping[str, Any]], sheets: Mapping[str, Sheet], directory: str
) -> Iterator[Problem]:
    sheet = sheets["samples"]
    seen: dict[str, int] = {}
    yield from duplicates(sheet, ("sample",), "Give each sample its own ID, or remove one")
    for line, row in sheet.numbered():
        assay = assays.get(row["assay"])
        if row["assay"] and assays and assay is None:
            mend = did_you_mean(row["assay"], assays, "Assays of the YAML")
            yield Problem(sheet.file, f"the assay {quoted(row['assay'])} is not in the YAML", mend, line, "assay")
        yield from _role_problems(sheet.file, row, line)
        yield from _number_problems(sheet.file, row, line)
        path = resolve(row["bam"], directory)
        for column, problem in (
            ("bam", _bam_problem(path, assay) if row["bam"] else None),
            ("vcf", _file_problem(resolve(row["vcf"], directory)) if row["vcf"] else None),
        ):
            if problem:
                yield Problem(sheet.file, *problem, line, column)
        real = os.path.realpath(path)
        if row["bam"] and real in seen:
            wrong = f"the same file stands already in row {seen[real]}"
            yield Problem(sheet.file, wrong, "Give each sample its own BAM", line, "bam")
        seen.setdefault(real, line)
    yield from unknown_patients(sheets, sheet)
    yield from _collection_problems(sheets)


def _role_problems(file: str, row: Row, line: int) -> Iterator[Problem]:
    """A tumour belongs to a patient, a normal to nobody."""
    for column in ("patient", "timepoint", "specimen"):
        if row["role"] == "tumour" and not row[column]:
            yield Problem(file, "the cell is empty, but a tumour needs it", "Fill it in", line, column)
        if row["role"] == "normal" and row[column] and column != "specimen":
            mend = "Empty the cell (a normal serves the whole assay), or write role tumour"
            yield Problem(file, f"a normal has no {column}, here is {quoted(row[column])}", mend, line, column)


def _number_problems(file: str, row: Row, line: int) -> Iterator[Problem]:
    ranges: dict[str, tuple[Callable[[float], bool], str]] = {
        "purity": (lambda value: 0 < value <= 1, "a fraction above 0 and up to 1 (60 % is 0.6), or nothing"),
        "ploidy": (lambda value: 1 <= value <= 8, "copies per cell from 1 to 8, or nothing"),
    }
    for column, (fits, meaning) in ranges.items():
        try:
            number = float(row[column]) if row[column] else None
        except ValueError:
            continue  # the schema has named it
        if number is not None and not fits(number):
            yield Problem(file, f"{quoted(row[column])} is out of range", f"Write {meaning}", line, column)


def _bam_problem(path: str, assay: Mapping[str, Any] | None) -> tuple[str, str] | None:
    problem = _file_problem(path)
    if problem:
        return problem
    if is_indexed_kind(path) and index_of(path) is None:
        return f"{quoted(path, 200)} has no index", f"Make it: samtools index {shlex.quote(path)}"
    if Path(path).suffix == ".cram" and assay is not None and "reference" not in assay:
        return "a CRAM needs the FASTA it was made with", "Give reference in the assay's configuration"
    return None


def _collection_problems(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    """The day of collection against the time point: pre lies before the first dose, post after it."""
    sheet = sheets["samples"]
    starts = {row["patient"]: row["treatment_start"] for row in sheets["patients"].rows} if "patients" in sheets else {}
    for line, row in sheet.numbered():
        if not row["collected"] or row["patient"] not in starts:
            continue
        start = starts[row["patient"]]
        try:
            day = days_since(start, row["collected"])
        except ValueError as error:
            if "mixed" in str(error) or _is_date(start):
                wrong = f"{quoted(row['collected'])} does not go with treatment_start {quoted(start)} ({error})"
                yield Problem(sheet.file, wrong, "Write both as ISO dates, or as 0 and days", line, "collected")
            continue
        if (row["timepoint"] == "pre" and day > 0) or (row["timepoint"] == "post" and day <= 0):
            when = "after" if day > 0 else "not after"
            wrong = f"{quoted(row['collected'])} lies {when} treatment_start {quoted(start)}, the time point is "
            yield Problem(sheet.file, wrong + row["timepoint"], _CORRECT, line, "collected")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _patient_problems(sheets: Mapping[str, Sheet], others: bool) -> Iterator[Problem]:
    """others: heregulin values come from elsewhere too, so that a patient may stand in no sheet but this."""
    sheet = sheets["patients"]
    named = {
        row.get("patient")
        for name, other in sheets.items()
        if name not in ("patients", override_problems.SHEET)
        for row in other.rows
    }
    yield from duplicates(sheet, ("patient",), "Give each patient one row")
    for line, row in sheet.numbered():
        if row["patient"] and row["patient"] not in named and "samples" in sheets and not others:
            wrong = f"the patient {quoted(row['patient'])} has no sample and no heregulin value"
            yield Problem(sheet.file, wrong, "Add one, or remove the patient", line, "patient")
        if row["best_response"] == "PD" and not row["progression"]:
            mend = "Write the day of progression, or correct the best response"
            yield Problem(sheet.file, "is empty, but the best response is PD", mend, line, "progression")
        yield from _date_problems(sheet.file, row, line)


def _date_problems(file: str, row: Row, line: int) -> Iterator[Problem]:
    start = row["treatment_start"]
    if start != "0" and not _is_date(start):
        mend = "Write an ISO date (2024-07-15), or 0 where the other columns are days"
        yield Problem(file, f"{quoted(start)} is no date of the calendar", mend, line, "treatment_start")
        return
    days: dict[str, int] = {}
    for column in ("last_dose", "progression", "last_contact"):
        try:
            day = treatment_day(row, column)
        except ValueError as error:
            mixed = "mixed" in str(error)
            wrong = f"{quoted(row[column])} " + (
                f"does not go with treatment_start {quoted(start)}: days and dates are mixed"
                if mixed
                else "is no date of the calendar"
            )
            mend = "Write ISO dates (2024-07-15) in all, or 0 in treatment_start and whole days in the others"
            yield Problem(file, wrong, mend, line, column)
            continue
        if day is not None and day < 0:
            wrong = f"{quoted(row[column])} lies before treatment_start {quoted(start)}"
            yield Problem(file, wrong, _CORRECT, line, column)
        elif day is not None:
            days[column] = day
    for column in ("last_dose", "progression"):
        if "last_contact" in days and days.get(column, 0) > days["last_contact"]:
            wrong = f"{quoted(row['last_contact'])} lies before {column} {quoted(row[column])}"
            yield Problem(file, wrong, _CORRECT, line, "last_contact")
