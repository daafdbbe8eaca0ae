"""One cohort: its settings, assays, samples, patients and heregulin rows, read and cross-checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cetux import concordance_problems, heregulin_problems, mechanism_rules, override_problems
from cetux.cohort_problems import days_since, problems_of, resolve, treatment_day, warnings_of
from cetux.errors import InputError, Problem, SettingProblem
from cetux.mechanism_rules import MechanismRules
from cetux.overrides import Override, override
from cetux.settings import Settings, config_problems, repeated_keys, schema, with_defaults
from cetux.sheets import Row, Sheet, read_sheet
from cetux.states import Specimen

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
"""What IDs look like: they become names of files."""

LEAST_NORMALS = 3
"""Normals from which an assay's common SNPs are found where no list is given [P]."""

_MOST_SEARCHED = 8
"""Normals in which they are sought: more add rare ones, which tell little [P]."""

_MOST_DRAWN = 1_000
"""Tumours of a small cohort [P]."""

__all__ = ["ID_PATTERN", "Assay", "Cohort", "Patient", "Sample", "load", "resolve"]


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
    snps: str | None
    hotspot_catalogue: str | None


@dataclass(frozen=True)
class Sample:
    """One row of samples.tsv; what is not known is None or empty.

    purity: 0 < p <= 1. ploidy: copies per tumour cell. collected_day: days since the patient's start of treatment, 0 or
    less before it. vcf: another caller's calls. dna_ng: DNA in the library, ng. preservation: of tissue, ffpe or fresh.
    archival: yes, no or anti_egfr_since.
    """

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
    collected_day: int | None
    vcf: str | None
    dna_ng: float | None
    preservation: str = ""
    archival: str = ""


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
    """Everything that the user's YAML and sheets say; nothing in it was read from a BAM.

    rules: of the join, read from rules_file. plates: rows of the plates sheet by ID, their paths as they are to be
    opened. frozen_cutoffs: paths by the name that the YAML gives. sheets: paths by name, a site's own rules among them.
    warnings: what is odd in them and stops nothing; empty where nothing
    was cross-checked.
    """

    settings: Settings
    rules: MechanismRules
    rules_file: str
    assays: Mapping[str, Assay]
    samples: Mapping[str, Sample]
    patients: Mapping[str, Patient]
    heregulin_rows: tuple[Row, ...]
    plates: Mapping[str, Row]
    plate_samples: tuple[Row, ...]
    healthy_rows: tuple[Row, ...]
    concordance_rows: tuple[Row, ...]
    overrides: tuple[Override, ...]
    frozen_cutoffs: Mapping[str, str]
    sheets: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()

    def tumours(self) -> list[str]:
        """IDs of the tumour samples, sorted."""
        return sorted(sample.sample for sample in self.samples.values() if sample.role == "tumour")

    def normals(self, assay: str) -> list[str]:
        """IDs of the normals of one assay, sorted."""
        return sorted(s.sample for s in self.samples.values() if s.role == "normal" and s.assay == assay)

    def error_normals(self, sample: str) -> list[str]:
        """IDs of the normals that err as a sample does, sorted: of the same stated assay, specimen and preservation."""
        own = self.samples[sample]
        alike = [
            s.sample
            for s in self.samples.values()
            if s.role == "normal"
            and (s.assay, s.specimen, s.preservation) == (own.assay, own.specimen, own.preservation)
        ]
        return sorted(alike) if own.preservation or own.specimen == Specimen.CTDNA else []

    def drawn(self) -> list[str]:
        """IDs of the tumour samples whose reads are drawn unasked, sorted: all or none.

        In a large cohort the pages would take gigabytes, and a tenth of the time of planning.
        """
        tumours, wanted = self.tumours(), self.settings["report"]["reads"]
        return tumours if wanted == "always" or (wanted == "small_cohorts" and len(tumours) <= _MOST_DRAWN) else []

    def snp_normals(self, assay: str) -> list[str]:
        """IDs of the normals in which an assay's common SNPs are sought, in the order of the sheet.

        None where a list is given or there are too few. Of many the first ones, so that one that is appended to them
        changes nothing.
        """
        own = [s.sample for s in self.samples.values() if s.role == "normal" and s.assay == assay]
        return own[:_MOST_SEARCHED] if not self.assays[assay].snps and len(own) >= LEAST_NORMALS else []

    def with_snps(self) -> list[str]:
        """IDs of the tumour samples whose assay has a list of common SNPs, given or to be found, sorted."""
        having = {name for name, assay in self.assays.items() if assay.snps or self.snp_normals(name)}
        return [name for name in self.tumours() if self.samples[name].assay in having]

    def catalogues(self) -> dict[str, str]:
        """Paths of the catalogues of hot spots, by the assay that names them."""
        return {name: assay.hotspot_catalogue for name, assay in self.assays.items() if assay.hotspot_catalogue}

    def fastas(self) -> dict[str, str]:
        """Paths of the FASTAs, by the assay that names them."""
        return {name: assay.reference for name, assay in self.assays.items() if assay.reference}

    def with_vcf(self) -> list[str]:
        """IDs of the tumour samples that bring another caller's VCF, sorted."""
        return [name for name in self.tumours() if self.samples[name].vcf]

    def heregulin_files(self) -> list[str]:
        """Paths of every sheet and file that the heregulin calls depend on, but for the plates' own files."""
        names = [*heregulin_problems.SHEETS]
        if any(rule["method"] == "roc" for rule in self.settings["heregulin_cutoffs"]):
            names.append("patients")
        return [*(self.sheets[name] for name in names if name in self.sheets), *self.frozen_cutoffs.values()]

    def thresholds(self) -> dict[str, dict[str, float]]:
        """Thresholds by which the samples were judged: of ERBB2, and of genotypes by specimen."""
        by_specimen = {str(name): dict(self.settings["genotypes"][name]) for name in Specimen}
        return {"erbb2": dict(self.settings["erbb2"]), **by_specimen}

    def class_rules(self) -> list[str]:
        """Path of the rules of the join where the heregulin calls depend on its classes."""
        return [self.rules_file] if any(rule["method"] == "roc" for rule in self.settings["heregulin_cutoffs"]) else []


def load(config: Mapping[str, Any], directory: str, file: str = "config", check: bool = True) -> Cohort:
    """Read a cohort.

    Args:
        config: the cohort's YAML as a mapping, without defaults.
        directory: folder of the YAML, to which its paths and those in the sheets are relative.
        file: name of the YAML in messages; where there is such a file, it is searched for keys that stand twice.
        check: also cross-check the sheets and stat every file; off in the jobs of a run that was checked at its start.

    Raises:
        InputError: holds every problem of the YAML, of all sheets and of the files that they name.
    """
    settings = with_defaults(config)
    problems = [*config_problems(config, file), *(repeated_keys(file) if check else [])]
    sheets, unread = _read_sheets(settings, directory, file)
    problems += unread
    rules, rules_file, wrong_rules = _read_rules(settings, directory, file, check)
    problems += wrong_rules
    if check:
        problems += problems_of(settings, sheets, directory, file)
    if problems or rules is None:
        order = [file, rules_file, *(sheet.file for sheet in sheets.values())]
        raise InputError(sorted(problems, key=lambda problem: [*order, problem.file].index(problem.file)))

    def rows(name: str) -> tuple[Row, ...]:
        return sheets[name].rows if name in sheets else ()

    starts = {row["patient"]: row["treatment_start"] for row in sheets["patients"].rows}
    return Cohort(
        settings=settings,
        rules=rules,
        rules_file=rules_file,
        assays={name: _assay(name, given, directory) for name, given in settings["assays"].items()},
        samples={row["sample"]: _sample(row, starts, directory) for row in sheets["samples"].rows},
        patients={row["patient"]: _patient(row) for row in sheets["patients"].rows},
        heregulin_rows=rows("heregulin"),
        plates={row["plates"]: _plate_row(row, directory) for row in rows("plates")},
        plate_samples=rows("plate_samples"),
        healthy_rows=rows("healthy_controls"),
        concordance_rows=rows(concordance_problems.SHEET),
        overrides=tuple(override(row) for row in rows(override_problems.SHEET)),
        frozen_cutoffs=_frozen(settings, directory),
        sheets={name: sheet.file for name, sheet in sheets.items()}
        | ({"mechanisms": rules_file} if "mechanisms" in settings else {}),
        warnings=tuple(warnings_of(settings, sheets, file)) if check else (),
    )


def _read_rules(
    settings: Settings, directory: str, file: str, check: bool
) -> tuple[MechanismRules | None, str, list[Problem]]:
    """The rules of the join, the path of their file, and what is wrong with them."""
    named = settings.get("mechanisms", "")
    if not isinstance(named, str):
        return None, file, []  # the config's schema has said what is wrong with it
    path = resolve(named, directory) if named else str(mechanism_rules.SHIPPED)
    try:
        return mechanism_rules.load(path, check), path, []
    except InputError as error:
        return None, path, list(error.problems)


def _read_sheets(settings: Settings, directory: str, file: str) -> tuple[dict[str, Sheet], list[Problem]]:
    """The sheets that can be read, by name, and what is wrong with the others."""
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for name in (
        "samples",
        "patients",
        *heregulin_problems.SHEETS,
        concordance_problems.SHEET,
        override_problems.SHEET,
    ):
        path = settings.get(name)
        if not isinstance(path, str):
            continue  # the config's schema has said what is wrong with it
        if not path or path in taken:
            wrong = f"it is the same file as {taken[path]}" if path else "the path is empty"
            problems.append(SettingProblem(file, wrong, "Name a file for each sheet", column=name))
            continue
        taken[path] = name
        columns = schema(name)
        further = [column for column in columns["properties"] if column not in columns["required"]]
        try:
            closed = columns.get("additionalProperties") is False
            sheets[name] = read_sheet(resolve(path, directory), columns["required"], further, closed=closed)
        except InputError as error:
            problems += error.problems
    return sheets, problems


def _plate_row(row: Row, directory: str) -> Row:
    return row | {column: resolve(row[column], directory) for column in ("file", "layout") if row[column]}


def _frozen(settings: Settings, directory: str) -> dict[str, str]:
    named = [rule["frozen"] for rule in settings["heregulin_cutoffs"] if rule.get("frozen")]
    return {name: resolve(name, directory) for name in named}


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
        snps=path("snps"),
        hotspot_catalogue=path("hotspot_catalogue"),
    )


def _sample(row: Row, starts: Mapping[str, str], directory: str) -> Sample:
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
        collected_day=days_since(starts[row["patient"]], row["collected"])
        if row["collected"] and row["patient"]
        else None,
        vcf=resolve(row["vcf"], directory) if row["vcf"] else None,
        dna_ng=float(row["dna_ng"]) if row["dna_ng"] else None,
        preservation=row["preservation"],
        archival=row["archival"],
    )


def _patient(row: Row) -> Patient:
    return Patient(
        patient=row["patient"],
        tumour_type=row["tumour_type"],
        drug=row["drug"],
        best_response=row["best_response"],
        last_dose_day=treatment_day(row, "last_dose"),
        progression_day=treatment_day(row, "progression"),
        last_contact_day=treatment_day(row, "last_contact"),
        outcome=row["outcome"],
        further={key: value for key, value in row.items() if key not in schema("patients")["properties"]},
    )
