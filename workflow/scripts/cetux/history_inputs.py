"""The inputs of every call by name, so that a later run can say which of them differs: cells, settings, files, code.

A name reads ``group: item``. Paths and times are no inputs: what a file holds counts, not where it lies.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from cetux import records
from cetux.cohort import Cohort, Sample
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.counts import SampleCheck
from cetux.history import DIGEST, History, of_cohort, record
from cetux.provenance import PACKAGES
from cetux.settings import schema

_PRESENTED = ("assays", "export")  # assays are described apart; what is exported changes no call
_ASSAY_FILES = ("targets", "snps", "copy_number_reference")
_BESIDE_THE_CALL = ("hotspot_catalogue",)  # what it says stands beside a change and decides nothing
_SAMPLE_FILES = ("bam", "vcf")
_PATIENT_CELLS = ("tumour_type", "drug", "best_response", "last_dose_day", "progression_day", "last_contact_day")
_HEREGULIN = ("raw", "assay", "matrix", "cutoff_pg_per_ml", "cutoff_method")


def record_run(
    before: History, calls: CohortCalls, cohort: Cohort, checks: Iterable[str], logic: Mapping[str, str]
) -> History:
    """The history with what this run called and from what.

    Args:
        before: what earlier runs recorded.
        calls: of this run.
        cohort: sheets and settings.
        checks: paths of the checks of all samples, normals too.
        logic: digest of the code of every rule that measures or decides.
    """
    checked = fingerprints(checks)
    own = {patient.call.patient: own_inputs(cohort, patient, checked) for patient in calls.patients}
    return record(before, of_cohort(calls), own, shared_inputs(cohort, checked, logic))


def fingerprints(checks: Iterable[str]) -> dict[str, str]:
    """The fingerprint of every sample's BAM, from the paths of the samples' checks."""
    return {check.sample: DIGEST + check.fingerprint for check in (records.read(SampleCheck, path) for path in checks)}


def shared_inputs(cohort: Cohort, checked: Mapping[str, str], logic: Mapping[str, str]) -> dict[str, str]:
    """What can change the call of any patient: settings, assays with their normals, plates, code, packages.

    Args:
        cohort: sheets and settings.
        checked: fingerprints of all samples.
        logic: digest of the code of every rule that measures or decides.
    """
    found = dict(flattened(_without_paths(cohort.settings), "settings: "))
    rules = yaml.safe_load(Path(cohort.rules_file).read_text(encoding="utf-8-sig"))
    found |= flattened(rules, "rules: ")
    for name, assay in sorted(cohort.assays.items()):
        for field in (field for field in fields(assay) if field.name not in _BESIDE_THE_CALL):
            value = getattr(assay, field.name)
            if field.name in _ASSAY_FILES:
                found |= {f"assay {name}: {field.name}": digest(value)} if value else {}
            elif field.name == "reference":
                found[f"assay {name}: contigs of the FASTA"] = digest(f"{value}.fai") if value else ""
            else:
                found[f"assay {name}: {field.name}"] = _text(value)
        found |= {f"assay {name}: normal {normal}": checked[normal] for normal in cohort.normals(name)}
    for name, row in sorted(cohort.plates.items()):
        for column, cell in row.items():
            is_file = column in ("file", "layout") and cell
            found[f"plate {name}: {column}"] = digest(cell) if is_file else cell
    for name in ("healthy_controls", "plate_samples"):
        found |= {f"{name}: sheet": digest(cohort.sheets[name])} if name in cohort.sheets else {}
    found |= {f"frozen cut-offs: {name}": digest(path) for name, path in cohort.frozen_cutoffs.items()}
    found |= {f"code: {rule}": DIGEST + value for rule, value in logic.items()}
    return found | {f"package: {name}": version(name) for name in PACKAGES}


def own_inputs(cohort: Cohort, patient: PatientCall, checked: Mapping[str, str]) -> dict[str, str]:
    """What can change the call of one patient alone: rows of the sheets, BAMs, heregulin, overrides, other methods.

    Args:
        cohort: sheets and settings.
        patient: its call, for the heregulin values that were read from plates.
        checked: fingerprints of all samples.
    """
    found = {f"patients.tsv: {name}": _text(getattr(patient.patient, name)) for name in _PATIENT_CELLS}
    for sample in patient.samples:
        row = cohort.samples[sample.sample]
        found |= _sample_inputs(row) | {f"sample {row.sample}: BAM": checked[row.sample]}
    for result in patient.heregulin:
        group = f"heregulin {result.timepoint}"
        found |= {f"{group}: {name}": _text(getattr(result, name)) for name in _HEREGULIN}
    for said in patient.overrides:
        found[f"override {said.axis} {said.timepoint}: review"] = str(said)
    for number, compared in enumerate(patient.other_methods, start=1):
        found[f"other method {number}: result"] = compared.words
    return found


def _sample_inputs(row: Sample) -> dict[str, str]:
    cells = [field.name for field in fields(row) if field.name not in _SAMPLE_FILES]
    found = {f"sample {row.sample}: {name}": _text(getattr(row, name)) for name in cells}
    return found | ({f"sample {row.sample}: VCF": digest(row.vcf)} if row.vcf else {})


def flattened(value: object, name: str) -> Iterable[tuple[str, str]]:
    """Every single value in nested settings with the way to it.

    >>> list(flattened({"erbb2": {"amp_copies": 6}, "cutoffs": [{"assay": "A"}]}, ""))
    [('erbb2.amp_copies', '6'), ('cutoffs[1].assay', 'A')]
    """
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from flattened(below, f"{name}{'' if name.endswith(': ') or not name else '.'}{key}")
    elif isinstance(value, (list, tuple)):
        for number, below in enumerate(value, start=1):
            yield from flattened(below, f"{name}[{number}]")
    else:
        yield name, _text(value)


def _without_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide, without the names of files: those of sheets and of frozen cut-offs."""
    properties = schema("config")["properties"]
    kept = {
        key: value
        for key, value in settings.items()
        if key not in _PRESENTED and properties.get(key, {}).get("type") != "string"
    }
    cutoffs = kept.get("heregulin_cutoffs", [])
    return kept | {"heregulin_cutoffs": [{k: v for k, v in rule.items() if k != "frozen"} for rule in cutoffs]}


def digest(path: str) -> str:
    """The checksum of a file's content."""
    return DIGEST + hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def _text(value: object) -> str:
    return "" if value is None else str(value)
