"""From the files of all samples to the calls of all patients."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from cetux import records
from cetux.call_comparison import Comparison
from cetux.cohort import Cohort, Patient
from cetux.counts import SampleCheck
from cetux.evidence import CopyNumber, HeregulinResult, IdentityCheck, SampleEvidence, SampleGenotypes
from cetux.heregulin_calls import HeregulinCalls
from cetux.identity import pair_identity
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.settings import Settings
from cetux.sites import SiteCounts
from cetux.states import Identity, Specimen, Timepoint


@dataclass(frozen=True)
class PatientCall:
    """One patient's call with the evidence behind it."""

    call: Call
    samples: tuple[SampleEvidence, ...]
    heregulin: tuple[HeregulinResult, ...]
    patient: Patient


@dataclass(frozen=True)
class CohortCalls:
    """Every patient's call, by patient ID."""

    patients: tuple[PatientCall, ...]


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
    snps = {counted.sample: counted for counted in (records.read(SiteCounts, path) for path in files.sites)}
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
        )
        for name in cohort.tumours()
    }
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
            identity=_identity(of_patient[name], snps),
        )
        for name, patient in sorted(cohort.patients.items())
    ]


def _identity(samples: Sequence[SampleEvidence], snps: Mapping[str, SiteCounts]) -> tuple[IdentityCheck, ...]:
    """A check of every pair of the patient's samples; not assessable where one has no counted SNPs."""
    names = sorted(sample.sample for sample in samples)
    return tuple(_identity_of(one, other, snps) for one, other in combinations(names, 2))


def _identity_of(one: str, other: str, snps: Mapping[str, SiteCounts]) -> IdentityCheck:
    if one not in snps or other not in snps:
        return IdentityCheck(one, other, Identity.NOT_ASSESSABLE, "the assay has no list of SNPs")
    found = pair_identity(snps[one].counts(), snps[other].counts(), snps[one].frequencies())
    return IdentityCheck(one, other, found.verdict, found.reason)


def call_cohort(evidence: Sequence[PatientEvidence], settings: Settings) -> CohortCalls:
    """The call of every patient."""
    return CohortCalls(
        tuple(
            PatientCall(
                call=call_patient(one, settings["clinical"], settings["ras_scope"]),
                samples=one.samples,
                heregulin=tuple(one.heregulin[timepoint] for timepoint in sorted(one.heregulin)),
                patient=one.patient,
            )
            for one in evidence
        )
    )
