"""From the files of all samples to the calls of all patients."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from cetux import other_methods, records
from cetux.annotations import ReportedMeaning, annotations_of
from cetux.axis_evidence import EMPTY, Thresholds
from cetux.call_comparison import Comparison
from cetux.clonality import with_local_copies
from cetux.cohort import LEAST_NORMALS, Cohort, Patient
from cetux.counts import SampleCheck
from cetux.errors import InputError, Problem
from cetux.evidence import CopyNumber, HeregulinResult, IdentityCheck, SampleEvidence, SampleGenotypes
from cetux.heregulin import HeregulinChange
from cetux.heregulin_calls import HeregulinCalls
from cetux.identity import pair_identity
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.mechanism_rules import MechanismRules, load
from cetux.other_methods import ComparedResult
from cetux.overrides import Override
from cetux.sheets import Row
from cetux.sites import SiteCounts
from cetux.states import Axis, Heregulin, Identity, Specimen, Timepoint
from cetux.why import Explanation, explain

_SITES = ".sites.json"
"""Ending of what `count_sites` counted in a sample, behind the sample's ID."""


@dataclass(frozen=True)
class PatientCall:
    """One patient's call with the evidence behind it, other methods' results beside it, and what findings mean.

    call: computed from the measurements alone. reviewed: what would follow from the overrides; None without any.
    explanation: of the computed call.
    """

    call: Call
    samples: tuple[SampleEvidence, ...]
    heregulin: tuple[HeregulinResult, ...]
    patient: Patient
    other_methods: tuple[ComparedResult, ...] = ()
    reported: tuple[ReportedMeaning, ...] = ()
    overrides: tuple[Override, ...] = ()
    reviewed: Call | None = None
    heregulin_change: HeregulinChange | None = None
    identity: tuple[IdentityCheck, ...] = ()
    explanation: Explanation | None = None

    def evidence(self) -> PatientEvidence:
        """What the computed call was made from."""
        measured = {result.timepoint: result for result in self.heregulin}
        return PatientEvidence(self.patient, self.samples, measured, self.heregulin_change, self.identity)


@dataclass(frozen=True)
class CohortCalls:
    """Every patient's call, by patient ID, and the rules of the join that made them."""

    patients: tuple[PatientCall, ...]
    rules: MechanismRules = field(default_factory=load)


@dataclass(frozen=True)
class SampleFiles:
    """Paths of what the stages wrote: checks, genotypes and ERBB2 of every tumour, the others where there is any."""

    checks: Sequence[str]
    genotypes: Sequence[str]
    erbb2: Sequence[str]
    sites: Sequence[str] = ()
    comparisons: Sequence[str] = ()


def read_evidence(cohort: Cohort, files: SampleFiles, heregulin: str) -> list[PatientEvidence]:
    """The evidence of every patient.

    Args:
        cohort: sheets and settings.
        files: of its samples, in any order.
        heregulin: path of the cohort's heregulin calls.
    """
    sites = {Path(path).name.removesuffix(_SITES): path for path in files.sites}
    checked = {check.sample: check for check in (records.read(SampleCheck, path) for path in files.checks)}
    genotyped = {found.sample: found for found in (records.read(SampleGenotypes, path) for path in files.genotypes)}
    copied = {found.sample: found for found in (records.read(CopyNumber, path) for path in files.erbb2)}
    compared = {found.sample: found for found in (records.read(Comparison, path) for path in files.comparisons)}
    blood = records.read(HeregulinCalls, heregulin)
    samples = {
        name: SampleEvidence(
            sample=name,
            timepoint=Timepoint(cohort.samples[name].timepoint),
            specimen=Specimen(cohort.samples[name].specimen),
            genotypes=genotyped[name],
            erbb2=copied[name],
            usable=checked[name].usable,
            flags=(*checked[name].notes, *(compared[name].flags if name in compared else ())),
            collected_day=cohort.samples[name].collected_day,
            archival=cohort.samples[name].archival,
            fingerprint=checked[name].fingerprint,
        )
        for name in cohort.tumours()
    }
    lower = cohort.settings["erbb2"]["purity_lower_factor"]
    samples = {name: with_local_copies(sample, lower) for name, sample in samples.items()}
    measured: dict[str, dict[Timepoint, HeregulinResult]] = defaultdict(dict)
    for result in blood.results:
        measured[result.patient][result.timepoint] = result
    of_patient: dict[str, list[SampleEvidence]] = defaultdict(list)
    for name in cohort.tumours():
        of_patient[cohort.samples[name].patient].append(samples[name])
    return [
        PatientEvidence(
            patient=patient,
            samples=tuple(of_patient[name]),
            heregulin=measured[name],
            heregulin_change=blood.changes.get(name),
            identity=_identity(of_patient[name], sites),
        )
        for name, patient in sorted(cohort.patients.items())
    ]


def _identity(samples: Sequence[SampleEvidence], sites: Mapping[str, str]) -> tuple[IdentityCheck, ...]:
    """A check of every pair of the patient's samples; not assessable where one has no counted SNPs.

    The counts are read here, patient by patient: those of a large cohort would fill the memory.
    """
    names = sorted(sample.sample for sample in samples)
    snps = {name: records.read(SiteCounts, sites[name]) for name in names if name in sites and len(names) > 1}
    return tuple(_identity_of(one, other, snps) for one, other in combinations(names, 2))


def _identity_of(one: str, other: str, snps: Mapping[str, SiteCounts]) -> IdentityCheck:
    reason = _why_not(one, snps) or _why_not(other, snps)
    if reason:
        return IdentityCheck(one, other, Identity.NOT_ASSESSABLE, reason)
    found = pair_identity(snps[one].counts(), snps[other].counts(), snps[one].frequencies())
    return IdentityCheck(one, other, found.verdict, found.reason)


def _why_not(name: str, snps: Mapping[str, SiteCounts]) -> str:
    """Why a sample shows no SNP at all; empty where it does."""
    if name not in snps:
        return f"the assay has no list of SNPs, and fewer than {LEAST_NORMALS} normals to find SNPs in"
    if not snps[name].usable.ok:
        return f"SNPs of {name}: {snps[name].usable.reason}"
    return "" if snps[name].sites else "no SNP was found on the targets in the assay's normals"


def call_cohort(
    evidence: Sequence[PatientEvidence],
    rules: MechanismRules,
    other_results: Sequence[Row] = (),
    overrides: Sequence[Override] = (),
    thresholds: Thresholds = EMPTY,
) -> CohortCalls:
    """The call of every patient, and beside it the reviewed one of those with overrides.

    Args:
        evidence: of every patient.
        rules: of the join.
        other_results: rows of the concordance sheet, which change no call.
        overrides: of all patients.
        thresholds: by which the samples were judged, see `why.explain`; they change no call.

    Raises:
        InputError: an override of heregulin where neither sheet nor plates gave a value: it changes a state and makes
            none. (That of a missing sample is refused before anything runs; only here the plates have been read.)
    """
    if problems := list(_without_value(evidence, overrides)):
        raise InputError(problems)
    of_patient: dict[str, list[Row]] = defaultdict(list)
    for row in other_results:
        of_patient[row["patient"]].append(row)
    reviews: dict[str, tuple[Override, ...]] = defaultdict(tuple)
    for said in overrides:
        reviews[said.patient] += (said,)

    def called(one: PatientEvidence) -> Call:
        return call_patient(one, rules)

    def reviewed(one: PatientEvidence) -> Call | None:
        said = reviews[one.patient.patient]
        return called(replace(one, overrides=said)) if said else None

    return CohortCalls(
        tuple(
            _patient_call(
                one,
                called(one),
                reviews[one.patient.patient],
                reviewed(one),
                other_methods.compare(of_patient[one.patient.patient], one.samples, one.heregulin),
                rules,
                thresholds,
            )
            for one in evidence
        ),
        rules,
    )


def _without_value(evidence: Sequence[PatientEvidence], overrides: Sequence[Override]) -> Iterator[Problem]:
    blood = {one.patient.patient: one.heregulin for one in evidence}
    for said in overrides:
        result = blood.get(said.patient, {}).get(said.timepoint)
        if said.axis is Axis.HRG and (result is None or result.state is Heregulin.MISSING):
            wrong = f"{said.patient} has no heregulin value of the time point {said.timepoint} to override"
            yield Problem(
                "the overrides sheet", wrong, "Correct patient or timepoint, or remove the row", column="axis"
            )


def _patient_call(
    evidence: PatientEvidence,
    call: Call,
    overrides: tuple[Override, ...],
    reviewed: Call | None,
    compared: tuple[ComparedResult, ...],
    rules: MechanismRules,
    thresholds: Thresholds,
) -> PatientCall:
    labels = (*(finding.label for finding in call.findings), *call.annotated)
    ras = call.axes[Axis.RAS].verdict if Axis.RAS in call.axes else None
    confirmed = other_methods.amplification_confirmed(compared, call.judged_timepoint)
    return PatientCall(
        call=call,
        samples=evidence.samples,
        heregulin=tuple(evidence.heregulin[timepoint] for timepoint in sorted(evidence.heregulin)),
        patient=evidence.patient,
        other_methods=compared,
        reported=annotations_of(labels, ras, confirmed),
        overrides=overrides,
        reviewed=reviewed,
        heregulin_change=evidence.heregulin_change,
        identity=evidence.identity,
        explanation=explain(call, evidence, rules, thresholds),
    )
