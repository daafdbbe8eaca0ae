"""One cohort: its settings, assays, samples, patients and heregulin rows, read and cross-checked."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cetux import measurement
from cetux.errors import InputError, Problem
from cetux.settings import Settings, config_problems, row_problems, schema, with_defaults
from cetux.sheets import Row, Sheet, read_sheet
from cetux.states import Specimen


@dataclass(frozen=True)
class Assay:
    """A panel, exome or genome; paths as given, resolved beside the cohort's YAML."""

    assay: str
    targets: str
    method: str
    build: str
    reference: str | None
    copy_number_reference: str | None
    flat_reference: bool
    umi: bool
    bin_size_bp: int | None


@dataclass(frozen=True)
class Sample:
    """One row of samples.tsv. purity: 0 < p <= 1 or None; ploidy: copies per tumour cell or None."""

    sample: str
    patient: str
    timepoint: str
    specimen: str
    assay: str
    bam: str
    role: str
    purity: float | None
    purity_source: str
    ploidy: float | None
    collected: str


@dataclass(frozen=True)
class Patient:
    """One row of patients.tsv. *_day: days since the start of treatment, None where it did not happen or is unknown."""

    patient: str
    tumour_type: str
    drug: str
    best_response: str
    last_dose_day: int | None
    progression_day: int | None
    last_contact_day: int | None
    outcome: str
    further: Mapping[str, str]


@dataclass(frozen=True)
class Cohort:
    """Everything that the user's YAML and sheets say; nothing in it was read from a BAM. sheets: paths by name."""

    settings: Settings
    assays: Mapping[str, Assay]
    samples: Mapping[str, Sample]
    patients: Mapping[str, Patient]
    heregulin_rows: tuple[Row, ...]
    sheets: Mapping[str, str]

    def tumours(self) -> list[str]:
        """IDs of the tumour samples, sorted."""
        return sorted(sample.sample for sample in self.samples.values() if sample.role == "tumour")

    def normals(self, assay: str) -> list[str]:
        """IDs of the normals of one assay, sorted."""
        return sorted(s.sample for s in self.samples.values() if s.role == "normal" and s.assay == assay)

    def samples_of(self, patient: str) -> list[Sample]:
        """The patient's tumour samples, by ID."""
        return [self.samples[name] for name in self.tumours() if self.samples[name].patient == patient]


def load(config: Mapping[str, Any], directory: str, file: str = "config", check: bool = True) -> Cohort:
    """Read a cohort.

    Args:
        config: the cohort's YAML as a mapping, without defaults.
        directory: folder of the YAML, to which its paths and those in the sheets are relative.
        file: name of the YAML in messages.
        check: also cross-check the sheets and stat every file; off in the jobs of a run that was checked at its start.

    Raises:
        InputError: holds every problem of the YAML, of all sheets and of the files that they name.
    """
    problems = config_problems(config, file)
    if problems:
        raise InputError(problems)
    settings = with_defaults(config)
    sheets = _read_sheets(settings, directory)
    if check:
        problems = [*_all_problems(settings, sheets, directory, file)]
        if problems:
            raise InputError(problems)
    assays = {name: _assay(name, given, directory) for name, given in settings["assays"].items()}
    return Cohort(
        settings=settings,
        assays=assays,
        samples={row["sample"]: _sample(row, directory) for row in sheets["samples"].rows},
        patients={row["patient"]: _patient(row) for row in sheets["patients"].rows},
        heregulin_rows=sheets["heregulin"].rows if "heregulin" in sheets else (),
        sheets={name: sheet.file for name, sheet in sheets.items()},
    )


def _read_sheets(settings: Settings, directory: str) -> dict[str, Sheet]:
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    for name in ("samples", "patients", "heregulin"):
        if name in settings:
            columns = schema(name)
            further = [column for column in columns["properties"] if column not in columns["required"]]
            closed = columns.get("additionalProperties") is False
            try:
                path = resolve(settings[name], directory)
                sheets[name] = read_sheet(path, columns["required"], further if closed else None)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return sheets


def resolve(path: str, directory: str) -> str:
    """`path` as seen from the working folder, where the user gave it relative to `directory`."""
    return os.path.normpath(Path(directory) / path)


def _assay(name: str, given: Mapping[str, Any], directory: str) -> Assay:
    def path(key: str) -> str | None:
        return resolve(given[key], directory) if key in given else None

    return Assay(
        assay=name,
        targets=resolve(given["targets"], directory),
        method=given["method"],
        build=given["build"],
        reference=path("reference"),
        copy_number_reference=path("copy_number_reference"),
        flat_reference=given["flat_reference"],
        umi=given["umi"],
        bin_size_bp=given.get("bin_size_bp"),
    )


def _sample(row: Row, directory: str) -> Sample:
    return Sample(
        sample=row["sample"],
        patient=row["patient"],
        timepoint=row["timepoint"],
        specimen=row["specimen"] or Specimen.TISSUE,
        assay=row["assay"],
        bam=resolve(row["bam"], directory),
        role=row["role"],
        purity=float(row["purity"]) if row["purity"] else None,
        purity_source=row["purity_source"],
        ploidy=float(row["ploidy"]) if row["ploidy"] else None,
        collected=row["collected"],
    )


def _patient(row: Row) -> Patient:
    return Patient(
        patient=row["patient"],
        tumour_type=row["tumour_type"],
        drug=row["drug"],
        best_response=row["best_response"],
        last_dose_day=_day(row, "last_dose"),
        progression_day=_day(row, "progression"),
        last_contact_day=_day(row, "last_contact"),
        outcome=row["outcome"],
        further={key: value for key, value in row.items() if key not in schema("patients")["properties"]},
    )


def _day(row: Row, column: str) -> int | None:
    """Days from the start of treatment; raises ValueError where a date does not exist or kinds are mixed."""
    start, event = row["treatment_start"], row[column]
    if not event:
        return None
    if (start == "0") != event.isdigit():
        raise ValueError("days and dates are mixed in this row")
    return int(event) if event.isdigit() else (date.fromisoformat(event) - date.fromisoformat(start)).days


def _all_problems(settings: Settings, sheets: Mapping[str, Sheet], directory: str, file: str) -> Iterator[Problem]:
    for name, sheet in sheets.items():
        for line, row in sheet.numbered():
            yield from row_problems(name, row, sheet.file, line)
    yield from _duplicates(sheets["samples"], ("sample",))
    yield from _duplicates(sheets["patients"], ("patient",))
    yield from _assay_problems(settings, sheets["samples"], directory, file)
    yield from _sample_problems(settings, sheets, directory)
    yield from _patient_problems(sheets)
    if "heregulin" in sheets:
        yield from _heregulin_problems(settings, sheets, file)


def _duplicates(sheet: Sheet, key: Sequence[str]) -> Iterator[Problem]:
    first: dict[tuple[str, ...], int] = {}
    for line, row in sheet.numbered():
        value = tuple(row[column] for column in key)
        if value in first:
            wrong = f"{' '.join(value)!r} stands already in row {first[value]}"
            yield Problem(sheet.file, wrong, "Give each row its own ID, or remove one", line, "+".join(key))
        first.setdefault(value, line)


def _assay_problems(settings: Settings, samples: Sheet, directory: str, file: str) -> Iterator[Problem]:
    normals = Counter(row["assay"] for row in samples.rows if row["role"] == "normal")
    for name, assay in settings["assays"].items():
        where = f"assays.{name}"
        for key in ("targets", "reference", "copy_number_reference"):
            if key in assay:
                yield from _missing_file(resolve(assay[key], directory), file, None, f"{where}.{key}")
        if "reference" in assay:
            yield from _fasta_problems(resolve(assay["reference"], directory), file, f"{where}.reference")
        if not (normals[name] or "copy_number_reference" in assay or assay["flat_reference"]):
            mend = (
                "Add rows with role normal to the samples sheet, give copy_number_reference, or set "
                "flat_reference: true and accept flagged calls"
            )
            yield Problem(file, "the assay has no normals for its copy-number reference", mend, column=where)


def _missing_file(path: str, file: str, line: int | None, column: str) -> Iterator[Problem]:
    if not Path(path).is_file():
        yield Problem(file, f"there is no file {path!r}", "Check the path; it is relative to the YAML", line, column)
    elif Path(path).stat().st_size == 0:
        yield Problem(file, f"the file {path!r} is empty", "Make or copy it again", line, column)
    elif not os.access(path, os.R_OK):
        yield Problem(file, f"the file {path!r} cannot be read", "Check its permissions", line, column)


def _fasta_problems(path: str, file: str, where: str) -> Iterator[Problem]:
    if not Path(path).is_file():
        return
    missing = not Path(f"{path}.fai").is_file() or (path.endswith(".gz") and not Path(f"{path}.gzi").is_file())
    if missing:
        yield Problem(file, f"the FASTA {path!r} has no index", f"Make it: samtools faidx {path}", column=where)


def _sample_problems(settings: Settings, sheets: Mapping[str, Sheet], directory: str) -> Iterator[Problem]:
    sheet = sheets["samples"]
    patients = {row["patient"] for row in sheets["patients"].rows}
    seen: dict[str, int] = {}
    for line, row in sheet.numbered():
        if row["assay"] not in settings["assays"]:
            known = ", ".join(settings["assays"])
            wrong = f"the assay {row['assay']!r} is not in the cohort's YAML"
            yield Problem(sheet.file, wrong, f"Known assays: {known}", line, "assay")
        if row["role"] == "tumour":
            for column in ("patient", "timepoint", "specimen"):
                if not row[column]:
                    yield Problem(sheet.file, "is empty, but a tumour needs it", "Fill it in", line, column)
            if row["patient"] and row["patient"] not in patients:
                wrong = f"the patient {row['patient']!r} has no row in {sheets['patients'].file}"
                yield Problem(sheet.file, wrong, "Add the patient there or correct the ID", line, "patient")
        elif row["role"] == "normal" and (row["patient"] or row["timepoint"]):
            mend = "Empty both cells; a normal serves the whole assay"
            yield Problem(sheet.file, "a normal has a patient or a time point", mend, line, "role")
        yield from _number_problems(sheet.file, row, line)
        if row["bam"]:
            yield from _bam_problems(resolve(row["bam"], directory), sheet.file, line)
            if row["bam"] in seen:
                wrong = f"the same file stands already in row {seen[row['bam']]}"
                yield Problem(sheet.file, wrong, "Give each sample its own BAM", line, "bam")
            seen.setdefault(row["bam"], line)


def _number_problems(file: str, row: Row, line: int) -> Iterator[Problem]:
    ranges: dict[str, tuple[Callable[[float], bool], str]] = {
        "purity": (lambda value: 0 < value <= 1, "a fraction above 0 and up to 1 (60 % is 0.6)"),
        "ploidy": (lambda value: 1 <= value <= 8, "copies per cell from 1 to 8"),
    }
    for column, (fits, meaning) in ranges.items():
        try:
            number = float(row[column]) if row[column] else None
        except ValueError:
            continue  # the schema has named it
        if number is not None and not fits(number):
            yield Problem(file, f"{row[column]!r} is out of range", f"Write {meaning}", line, column)


def _bam_problems(path: str, file: str, line: int) -> Iterator[Problem]:
    problems = list(_missing_file(path, file, line, "bam"))
    yield from problems
    if problems:
        return
    names = [f"{path}.bai", f"{path}.csi", f"{path}.crai", str(Path(path).with_suffix(".bai"))]
    if not any(Path(name).is_file() for name in names):
        yield Problem(file, f"{path!r} has no index", f"Make it: samtools index {path}", line, "bam")


def _patient_problems(sheets: Mapping[str, Sheet]) -> Iterator[Problem]:
    sheet = sheets["patients"]
    named = {row["patient"] for name, other in sheets.items() if name != "patients" for row in other.rows}
    for line, row in sheet.numbered():
        if row["patient"] not in named:
            mend = "Add a sample or a heregulin value, or remove the patient"
            yield Problem(sheet.file, f"{row['patient']!r} has no sample and no heregulin value", mend, line, "patient")
        days: dict[str, int | None] = {}
        for column in ("last_dose", "progression", "last_contact"):
            try:
                days[column] = _day(row, column)
            except ValueError as error:
                mend = "Write ISO dates (2024-07-15) in all, or 0 in treatment_start and whole days in the others"
                yield Problem(sheet.file, f"{row[column]!r}: {error}", mend, line, column)
                continue
            if (days[column] or 0) < 0:
                wrong = f"{row[column]!r} lies before treatment_start {row['treatment_start']!r}"
                yield Problem(sheet.file, wrong, "Correct one of the two", line, column)
        last = days.get("last_contact")
        if last is not None and last < (days.get("progression") or 0):
            yield Problem(sheet.file, "lies before progression", "Correct one of the two", line, "last_contact")


def _heregulin_problems(settings: Settings, sheets: Mapping[str, Sheet], file: str) -> Iterator[Problem]:
    sheet = sheets["heregulin"]
    patients = {row["patient"] for row in sheets["patients"].rows}
    cutoffs = defaultdict(list)
    for cutoff in settings["heregulin_cutoffs"]:
        cutoffs[cutoff["assay"]].append(cutoff["matrix"])
    for assay, matrices in cutoffs.items():
        for matrix, count in Counter(matrices).items():
            if count > 1:
                wrong = f"assay {assay!r} has {count} cut-offs for {matrix}"
                yield Problem(file, wrong, "Keep one", column="heregulin_cutoffs")
    yield from _duplicates(sheet, ("patient", "timepoint", "assay", "matrix"))
    for assay in sorted({row["assay"] for row in sheet.rows} - set(cutoffs)):
        mend = "Add one to heregulin_cutoffs; there is no default, because assays differ a thousandfold"
        yield Problem(file, f"heregulin assay {assay!r} has no cut-off", mend, column="heregulin_cutoffs")
    for line, row in sheet.numbered():
        if row["patient"] not in patients:
            wrong = f"the patient {row['patient']!r} has no row in {sheets['patients'].file}"
            yield Problem(sheet.file, wrong, "Add the patient there or correct the ID", line, "patient")
        yield from measurement.row_problems(row, sheet.file, line)
