"""Each patient as cohort statistics see them: mechanisms carried, when that was known, and what became of the patient.

A mechanism is carried, shown to be absent, or not known (None): only the first two enter a denominator.

The immortal-time trap: who carries an acquired mechanism had to live, on treatment, until it was acquired. As a
covariate from the start of treatment it would lengthen the survival of its carriers by definition. So nobody chooses
which states an endpoint is compared by: `Subject.states_for` takes those of the samples from before treatment for
every clock that starts with treatment, and those at progression only for the clock that starts there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cetux.axes import AxisState, axis_states, shows_tumour
from cetux.cohort import Patient
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.evidence import HeregulinResult, SampleEvidence
from cetux.extended import extended_findings
from cetux.mechanism_rules import AXIS_OF, EXTENDED_MECHANISMS, MechanismRules
from cetux.states import Axis, Genotype, Mechanism, ResistanceClass, Timepoint, Verdict
from cetux.statistics_records import Endpoint

States = Mapping[Mechanism, bool | None]
"""Whether each mechanism is carried; None where no adequate assay says so."""

_EXTENDED_GENES = {mechanism: gene for gene, mechanism in EXTENDED_MECHANISMS.items()}
_RESPONSES = {"CR": True, "PR": True, "SD": False, "PD": False}
_UNKNOWN: States = dict.fromkeys(Mechanism)


@dataclass(frozen=True)
class FollowUp:
    """Days until the event, or until the patient was last seen without it; >= 0."""

    days: int
    event: bool


@dataclass(frozen=True)
class Subject:
    """One patient. judged: as the call counts it, at its own time point; before, at_progression: what was there.

    responded: CR or PR against SD or PD; None where it was not assessed. follow_up: of the endpoints that are known.
    """

    source: PatientCall
    judged: States
    before: States
    at_progression: States
    responded: bool | None
    follow_up: Mapping[Endpoint, FollowUp]

    @property
    def resistance_class(self) -> ResistanceClass:
        """Clinical class."""
        return self.source.call.resistance_class

    def states_for(self, endpoint: Endpoint) -> States:
        """The states that were known when the endpoint's clock started: the guard against immortal time."""
        return self.before if known_at(endpoint) is Timepoint.PRE else self.at_progression

    def heregulin(self, timepoint: Timepoint) -> HeregulinResult | None:
        """The value of one time point."""
        return next((result for result in self.source.heregulin if result.timepoint is timepoint), None)


def known_at(endpoint: Endpoint) -> Timepoint:
    """The time point whose samples may define the groups of an endpoint: that at which its clock starts."""
    return Timepoint.POST if endpoint is Endpoint.PPS else Timepoint.PRE


def subjects(calls: CohortCalls) -> list[Subject]:
    """Every patient of the cohort, in its order."""
    return [_subject(patient, calls.rules) for patient in calls.patients]


def _subject(patient: PatientCall, rules: MechanismRules) -> Subject:
    return Subject(
        source=patient,
        judged=_judged(patient, rules),
        before=_there(patient, Timepoint.PRE, rules),
        at_progression=_there(patient, Timepoint.POST, rules),
        responded=_RESPONSES.get(patient.patient.best_response),
        follow_up=_follow_up(patient.patient, samples_of(patient, Timepoint.POST)),
    )


def samples_of(patient: PatientCall, timepoint: Timepoint) -> list[SampleEvidence]:
    """The patient's samples of one time point; one dated after the first dose is never from before treatment."""
    return [
        sample
        for sample in patient.samples
        if sample.timepoint is timepoint
        and (timepoint is Timepoint.POST or sample.collected_day is None or sample.collected_day <= 0)
    ]


def _judged(patient: PatientCall, rules: MechanismRules) -> States:
    """As the call counts it: what was there before treatment in a responder, unchanged, is no mechanism."""
    call = patient.call
    if call.judged_timepoint is None or not call.axes:
        return _UNKNOWN
    counted = {f.mechanism for f in call.findings if f.origin is None or f.origin in rules.counted_origins}
    present = {finding.mechanism for finding in call.findings}
    return {
        mechanism: known and mechanism in counted if known is not None else None
        for mechanism, known in _states(present, call.axes, samples_of(patient, call.judged_timepoint)).items()
    }


def _there(patient: PatientCall, timepoint: Timepoint, rules: MechanismRules) -> States:
    """What the samples of one time point show, whatever the call makes of it; nothing where samples were swapped."""
    if "sample_swap" in patient.call.flags:
        return _UNKNOWN
    samples = sorted(samples_of(patient, timepoint), key=lambda sample: sample.sample)
    heregulin = next((result for result in patient.heregulin if result.timepoint is timepoint), None)
    axes = axis_states(samples, heregulin, timepoint, rules)
    extended, _ = extended_findings(samples, patient.patient.drug, rules)
    found = [*(finding for state in axes.values() for finding in state.findings), *extended]
    return _states({finding.mechanism for finding in found}, axes, samples)


def _states(
    present: Iterable[Mechanism], axes: Mapping[Axis, AxisState], samples: Sequence[SampleEvidence]
) -> dict[Mechanism, bool | None]:
    found = set(present)
    return {
        mechanism: True if mechanism in found else (False if excluded(mechanism, axes, samples) else None)
        for mechanism in Mechanism
    }


def excluded(mechanism: Mechanism, axes: Mapping[Axis, AxisState], samples: Sequence[SampleEvidence]) -> bool:
    """Whether an adequate assay shows that a mechanism, which was not found, is not there.

    An axis that is positive by another mechanism (BRAF class 2 beside class 1) excludes this one only where a sample
    read the whole gene. Genes without an axis: some sample is wild type, and none shows any change.
    """
    read = [sample for sample in samples if sample.usable.ok and shows_tumour(sample)]
    axis = AXIS_OF.get(mechanism)
    if axis is None:
        genes = [sample.genotypes.genes.get(_EXTENDED_GENES[mechanism]) for sample in read]
        known = [gene for gene in genes if gene is not None]
        return any(gene.state is Genotype.WT for gene in known) and not any(gene.alleles for gene in known)
    verdict = axes[axis].verdict if axis in axes else Verdict.NOT_USABLE
    if verdict is Verdict.POSITIVE:
        gene_name = str(axis)
        genes = [sample.genotypes.genes.get(gene_name) for sample in read]
        return any(gene is not None and gene.codons_read and not gene.failing for gene in genes)
    return verdict is Verdict.NEGATIVE


def _follow_up(patient: Patient, post: Sequence[SampleEvidence]) -> dict[Endpoint, FollowUp]:
    """The endpoints of one patient, from the days and the outcome of the patients sheet.

    PFS: progression or, before it, death; else censored at the last contact. OS: death at the last contact, or
    censored there; unknown where the outcome is, since that contact may have been the death. PPS: the same from the
    landmark, the later of progression and of the last sample taken there (its donor was alive); who was not seen
    after it is not counted.
    """
    found = {}
    progression, last, outcome = patient.progression_day, patient.last_contact_day, patient.outcome
    if progression is not None:
        found[Endpoint.PFS] = FollowUp(progression, True)
    elif last is not None:
        found[Endpoint.PFS] = FollowUp(last, outcome == "dead")
    if last is None or not outcome:
        return found
    found[Endpoint.OS] = FollowUp(last, outcome == "dead")
    if progression is not None:
        landmark = max([progression, *(sample.collected_day or 0 for sample in post)])
        if last >= landmark:
            found[Endpoint.PPS] = FollowUp(last - landmark, outcome == "dead")
    return found
