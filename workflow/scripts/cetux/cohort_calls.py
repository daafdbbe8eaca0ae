"""From the files of all samples to the calls of all patients."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cetux import records
from cetux.cohort import Cohort
from cetux.counts import SampleCheck
from cetux.evidence import CopyNumber, HeregulinResult, SampleEvidence, SampleGenotypes
from cetux.heregulin_calls import HeregulinCalls
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.settings import Settings
from cetux.states import Specimen, Timepoint


@dataclass(frozen=True)
class PatientCall:
    """One patient's call with the evidence behind it."""

    call: Call
    samples: tuple[SampleEvidence, ...]
    heregulin: tuple[HeregulinResult, ...]


@dataclass(frozen=True)
class CohortCalls:
    """Every patient's call, by patient ID."""

    patients: tuple[PatientCall, ...]


def read_evidence(
    cohort: Cohort, checks: Iterable[str], genotypes: Iterable[str], erbb2: Iterable[str], heregulin: str
) -> list[PatientEvidence]:
    """The evidence of every patient from the files of its samples (paths in any order) and the heregulin results."""
    checked = {check.sample: check for check in (records.read(SampleCheck, path) for path in checks)}
    genotyped = {found.sample: found for found in (records.read(SampleGenotypes, path) for path in genotypes)}
    copied = {found.sample: found for found in (records.read(CopyNumber, path) for path in erbb2)}
    blood = records.read(HeregulinCalls, heregulin)
    samples = {
        name: SampleEvidence(
            sample=name,
            timepoint=Timepoint(cohort.samples[name].timepoint),
            specimen=Specimen(cohort.samples[name].specimen),
            genotypes=genotyped[name],
            erbb2=copied[name],
            usable=checked[name].usable,
            flags=checked[name].notes,
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
        )
        for name, patient in sorted(cohort.patients.items())
    ]


def call_cohort(evidence: Sequence[PatientEvidence], settings: Settings) -> CohortCalls:
    """The call of every patient."""
    return CohortCalls(
        tuple(
            PatientCall(
                call=call_patient(one, settings["clinical"], settings["ras_scope"]),
                samples=one.samples,
                heregulin=tuple(one.heregulin[timepoint] for timepoint in sorted(one.heregulin)),
            )
            for one in evidence
        )
    )
