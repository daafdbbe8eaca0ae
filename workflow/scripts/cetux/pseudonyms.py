"""Other names for people and samples in what leaves the institution: `results/export/`.

The evidence is renamed and called again, so that every sentence of a call is written with the new names; nothing is
searched and replaced in it. Only what the stages before the call quoted of the user's files is scrubbed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from cetux.cohort import ID_PATTERN, Cohort
from cetux.errors import InputError, Problem
from cetux.mechanism import PatientEvidence
from cetux.sheets import Sheet, quoted, read_sheet

COLUMNS = ("patient", "pseudonym")
"""Columns of the sheet of pseudonyms."""

_FILE = "[file]"
_WORD = re.compile(ID_PATTERN)
_IDS = frozenset({"patient", "sample", "one", "other", "error_normals"})
"""Fields of the evidence that hold IDs and nothing else."""
_DROPPED = frozenset({"raw", "fingerprint", "remedy", "purity_source", "further"})
"""Fields of the evidence that hold the user's words, or commands on the user's files."""
_READ_GROUPS = "read groups name"


@dataclass(frozen=True)
class Pseudonyms:
    """New names by old. files: names of files by the sample that they belong to, those of the whole cohort by ""."""

    patients: Mapping[str, str]
    samples: Mapping[str, str]
    files: Mapping[str, Sequence[str]]


def read_pseudonyms(path: str, cohort: Cohort) -> Pseudonyms:
    """The pseudonym of every patient and sample of the cohort.

    A sample is named for its patient's pseudonym, its time point and its number among those, in the order of the
    samples sheet (``X7_pre_1``): rows that are appended rename nothing. Normals are ``normal_1``, ``normal_2`` ...

    Args:
        path: tab-separated, columns patient and pseudonym; patients of other cohorts may stand in it too.
        cohort: sheets and settings.

    Raises:
        InputError: a patient has no pseudonym, or a pseudonym is not an ID, stands twice, or shows an ID.
    """
    sheet = read_sheet(path, COLUMNS, [])
    problems = list(_problems(sheet, cohort))
    if problems:
        raise InputError(problems)
    patients = {row["patient"]: row["pseudonym"] for row in sheet.rows if row["patient"] in cohort.patients}
    taken: Counter[str] = Counter()
    samples = {}
    for sample in cohort.samples.values():
        stem = f"{patients[sample.patient]}_{sample.timepoint}" if sample.role == "tumour" else "normal"
        taken[stem] += 1
        samples[sample.sample] = f"{stem}_{taken[stem]}"
    return Pseudonyms(patients, samples, _file_names(cohort))


def pseudonymised(evidence: Iterable[PatientEvidence], names: Pseudonyms) -> list[PatientEvidence]:
    """The evidence under other names, in their order (that of the old ones tells something of them).

    Gone is what the user's sheets and the BAMs' headers said in words. Days stay: they count from the start of
    treatment, whose date is in no record.
    """
    ids = {**names.patients, **names.samples}
    renamed = []
    for one in evidence:
        files = [file for owner in (*(sample.sample for sample in one.samples), "") for file in names.files[owner]]
        found: PatientEvidence = _Renaming(ids, files).value(one)
        renamed.append(replace(found, samples=tuple(sorted(found.samples, key=lambda sample: sample.sample))))
    return sorted(renamed, key=lambda one: one.patient.patient)


@dataclass(frozen=True)
class _Renaming:
    """ids: new names by old. files: what a sentence may not show, longest first."""

    ids: Mapping[str, str]
    files: Sequence[str]

    def value(self, value: Any, field: str = "") -> Any:
        """Any part of the evidence: records and containers part by part, states as they are."""
        if field in _DROPPED:
            return type(value)()
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{part.name: self.value(getattr(value, part.name), part.name) for part in fields(value)}
            )
        if isinstance(value, tuple):
            return tuple(self.value(part, field) for part in value if not str(part).startswith(_READ_GROUPS))
        if isinstance(value, Mapping):
            return {key: self.value(part, field) for key, part in value.items()}
        if isinstance(value, str) and not isinstance(value, Enum):
            return self.ids.get(value, value) if field in _IDS else self.text(value)
        return value

    def text(self, text: str) -> str:
        """A sentence without names of files, and with new names for IDs that hold a letter: a number is any number."""
        for file in self.files:
            text = text.replace(file, _FILE)
        flag, colon, name = text.partition(":")  # normal_left_out:N04
        return f"{flag}:{self.ids[name]}" if colon and name in self.ids else _WORD.sub(self._word, text)

    def _word(self, found: re.Match[str]) -> str:
        word = found[0].rstrip(".")
        return found[0] if word.isdigit() else self.ids.get(word, word) + found[0][len(word) :]


def _file_names(cohort: Cohort) -> dict[str, list[str]]:
    """Paths as the workflow writes them and their last parts, longest first, by sample; "" for the others."""
    named: dict[str, list[str | None]] = {sample.sample: [sample.bam, sample.vcf] for sample in cohort.samples.values()}
    named[""] = [*cohort.sheets.values(), *cohort.frozen_cutoffs.values()]
    named[""] += [row[column] for row in cohort.plates.values() for column in ("file", "layout") if row.get(column)]
    for assay in cohort.assays.values():
        named[""] += [assay.targets, assay.reference, assay.copy_number_reference, assay.snps, assay.hotspot_catalogue]
    return {
        owner: sorted({text for path in paths if path for text in (path, Path(path).name)}, key=len, reverse=True)
        for owner, paths in named.items()
    }


def _problems(sheet: Sheet, cohort: Cohort) -> Iterator[Problem]:
    ids = {name.casefold() for name in (*cohort.patients, *cohort.samples)}
    told: set[str] = set()
    first: dict[str, int] = {}
    for line, row in sheet.numbered():
        patient, name = row["patient"], row["pseudonym"]
        shown = quoted(name)
        if not re.fullmatch(ID_PATTERN, name):
            mend = "Write letters, digits, dots, underscores and hyphens, a letter or digit first"
            yield Problem(sheet.file, f"{shown} is no ID" if name else "the cell is empty", mend, line, "pseudonym")
        elif name.casefold() in ids or (len(patient) > 2 and patient.casefold() in name.casefold()):
            yield Problem(sheet.file, f"{shown} shows an ID of the cohort", "Choose another", line, "pseudonym")
        elif name.casefold() in first:
            wrong = f"{shown} stands already in row {first[name.casefold()]}"
            yield Problem(sheet.file, wrong, "Give each patient a pseudonym of its own", line, "pseudonym")
        if patient in told:
            yield Problem(sheet.file, f"the patient {quoted(patient)} stands twice", "Remove one", line, "patient")
        told.add(patient)
        first.setdefault(name.casefold(), line)
    for patient in sorted(set(cohort.patients) - told):
        yield Problem(sheet.file, f"the patient {quoted(patient)} has no pseudonym", "Add a row", column="patient")
