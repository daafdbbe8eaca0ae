"""Join the evidence of one patient into one call: status, primary mechanism, confidence, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cetux import clinical
from cetux.axes import AxisState, Finding, axis_states
from cetux.cohort import Patient
from cetux.evidence import HeregulinResult, IdentityCheck, SampleEvidence
from cetux.extended import extended_findings, rules_of_changes
from cetux.force_call import ForcedCall, force_calls
from cetux.heregulin import HeregulinChange
from cetux.mechanism_rules import AXIS_OF, BY_DURATION, MechanismRules
from cetux.origin import is_lost, with_origin
from cetux.overrides import Override, capped, has_numbers, reviewed_axes, reviewed_origin
from cetux.primary import choose_primary, conflicts, limits, limits_of_none, lowest, one_per_label
from cetux.states import (
    Annotation,
    Axis,
    Confidence,
    Heregulin,
    Identity,
    Origin,
    ResistanceClass,
    Status,
    Timepoint,
    Verdict,
)
from cetux.umi_proof import NOT_SHOWN, NOT_SHOWN_WORDS

_LIMITATIONS = (
    *("listed_codons_only", "contamination", "ctdna_without_umi", NOT_SHOWN, "no_gc_correction", "normal_left_out"),
)

SWAP = "SAMPLE_SWAP: "
"""What stands before two samples that are of different persons."""


@dataclass(frozen=True)
class PatientEvidence:
    """Everything known of one patient before the join; heregulin by time point, a missing one absent.

    heregulin_change: from pre to post, where both were measured. identity: of each pair of samples. overrides: reviews
    that the call takes in; none for the computed call.
    """

    patient: Patient
    samples: tuple[SampleEvidence, ...]
    heregulin: Mapping[Timepoint, HeregulinResult]
    heregulin_change: HeregulinChange | None = None
    identity: tuple[IdentityCheck, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Call:
    """One patient's call. primary and additional: labels such as ``RAS_MUT(KRAS G12D)``; annotated: seen, not counted.

    missing: what kept an axis from being usable. why: the steps that led here, in words. forced: every allele of the
    patient in the samples that do not show it. fired: ids of the rules that fired, as in ``axes.RAS.positive.MUTATED``.
    """

    patient: str
    resistance_class: ResistanceClass
    status: Status
    primary: str
    additional: tuple[str, ...]
    confidence: Confidence
    origin: Origin | None
    annotated: tuple[str, ...]
    missing: tuple[str, ...]
    flags: tuple[str, ...]
    why: tuple[str, ...]
    judged_timepoint: Timepoint | None
    axes: dict[Axis, AxisState]
    findings: tuple[Finding, ...]
    forced: tuple[ForcedCall, ...] = ()
    fired: tuple[str, ...] = ()


def call_patient(evidence: PatientEvidence, rules: MechanismRules) -> Call:
    """The patient's call: class, axes at the judged time point, origins, then the primary mechanism.

    Args:
        evidence: samples of both time points, heregulin, and the clinical data.
        rules: of the join.
    """
    klass = clinical.classify(evidence.patient, rules.classes)
    judged, flags = _judged_timepoint(klass.resistance, evidence)
    if evidence.patient.tumour_type != "colorectal":
        flags.append("evidence_is_from_colorectal_cancer")
    flags += [f"override:{said.axis}" for said in evidence.overrides]
    flags += [f"anti_egfr_in_between:{one.sample}" for one in evidence.samples if one.archival == "anti_egfr_since"]
    swaps = _swaps(evidence.identity)
    if swaps:
        flags.append("sample_swap")
    call = _Draft(evidence, klass, judged, [*klass.flags, *flags], swaps, rules)
    if klass.resistance is ResistanceClass.NOT_RESISTANT or klass.resistance is ResistanceClass.NOT_EVALUABLE:
        progressed = evidence.patient.progression_day is not None
        return call.described(Status.DESCRIPTIVE if progressed else Status.NOT_APPLICABLE)
    return call.judged()


def _swaps(identity: Sequence[IdentityCheck]) -> tuple[str, ...]:
    """Every pair of samples that are of different persons, in words."""
    swapped = [pair for pair in identity if pair.verdict is Identity.DIFFERENT_PERSONS]
    return tuple(f"{SWAP}{pair.one} and {pair.other}: {pair.reason}" for pair in swapped)


def _judged_timepoint(resistance: ResistanceClass, evidence: PatientEvidence) -> tuple[Timepoint | None, list[str]]:
    """PRE for de novo (POST, flagged, if it is all there is), POST for acquired, else the latest there is."""
    measured = {time for time, result in evidence.heregulin.items() if result.state is not Heregulin.MISSING}
    there = {sample.timepoint for sample in evidence.samples} | measured
    if resistance is ResistanceClass.ACQUIRED:
        return (Timepoint.POST, []) if Timepoint.POST in there else (None, [])
    if resistance is ResistanceClass.DE_NOVO:
        if Timepoint.PRE not in there and Timepoint.POST in there:
            return Timepoint.POST, ["judged_on_post"]
        return (Timepoint.PRE, []) if there else (None, [])
    return max(there, key=lambda timepoint: timepoint is Timepoint.POST, default=None), []


def _gaps(axes: Mapping[Axis, AxisState]) -> tuple[str, ...]:
    """The axes that are not usable, each with what was missing."""
    unusable = {axis: state for axis, state in axes.items() if state.verdict is Verdict.NOT_USABLE}
    return tuple(f"{axis}: {'; '.join(state.reasons)}" for axis, state in unusable.items())


def _nothing(wanted: str) -> tuple[str, ...]:
    """Every axis, where there is nothing to judge."""
    return tuple(f"{axis}: {wanted}" for axis in Axis)


def _umi_not_shown(sample: SampleEvidence) -> bool:
    return any(flag.startswith(NOT_SHOWN) for flag in sample.genotypes.flags)


@dataclass(frozen=True)
class _Draft:
    """A call in the making; swaps: the pairs of samples that are of different persons, in words."""

    evidence: PatientEvidence
    klass: clinical.ClinicalClass
    timepoint: Timepoint | None
    flags: list[str]
    swaps: tuple[str, ...]
    rules: MechanismRules

    def _samples(self, timepoint: Timepoint) -> list[SampleEvidence]:
        return [sample for sample in self.evidence.samples if sample.timepoint is timepoint]

    def _at(self, timepoint: Timepoint | None) -> tuple[dict[Axis, AxisState], list[Finding], list[str]]:
        """Axis states, findings and annotations at one time point, in the order of sample IDs."""
        if timepoint is None:
            return {}, [], []
        samples = sorted(self._samples(timepoint), key=lambda sample: sample.sample)
        axes = axis_states(samples, self.evidence.heregulin.get(timepoint), timepoint, self.rules)
        axes = reviewed_axes(axes, self.evidence.overrides, timepoint, self.rules)
        extended, annotated = extended_findings(samples, self.evidence.patient.drug, self.rules)
        found = [*(finding for state in axes.values() for finding in state.findings), *extended]
        notes = [*(note for state in axes.values() for note in state.annotated), *annotated]
        return axes, found, list(dict.fromkeys(notes))

    def described(self, status: Status) -> Call:
        """A patient whose resistance is not judged: what is there is described and nothing is called."""
        axes, found, annotated = self._at(self.timepoint)
        findings = one_per_label(found, self.rules)
        present = tuple(finding.label for finding in findings)
        self._collect_flags(axes, findings)
        return self._call(
            status=status,
            additional=present if status is Status.DESCRIPTIVE else (),
            annotated=tuple(annotated) if status is Status.DESCRIPTIVE else (*present, *annotated),
            missing=(*self.swaps, *(_gaps(axes) if axes else _nothing("no sample"))),
            axes=axes,
            findings=findings,
        )

    def judged(self) -> Call:
        """A patient with de novo or acquired resistance."""
        acquired = self.klass.resistance is ResistanceClass.ACQUIRED
        if self.swaps:
            return self._call(status=Status.INDETERMINATE, missing=self.swaps)
        if acquired and any(pair.verdict is Identity.NOT_ASSESSABLE for pair in self.evidence.identity):
            self.flags.append("identity_not_assessable")
        if self.timepoint is None:
            wanted = "no sample at progression" if acquired else "no sample"
            return self._call(status=Status.INDETERMINATE, missing=_nothing(wanted))
        axes, found, annotated = self._at(self.timepoint)
        findings = one_per_label([self._with_origin(finding) for finding in found] if acquired else found, self.rules)
        if acquired:
            annotated += [f"{f.origin}({f.label})" for f in findings if not self._counts(f)]
            annotated += self._lost()
        counted = [finding for finding in findings if self._counts(finding)]
        gaps = _gaps(axes)
        self._collect_flags(axes, findings)
        if counted:
            return self._with_mechanism(axes, findings, counted, annotated, gaps)
        if not gaps and not findings:
            limiting = limits_of_none(annotated, self.flags)
            return self._call(
                status=Status.NONE_DETECTED,
                confidence=lowest(limiting, self.rules.none_detected),
                annotated=tuple(annotated),
                axes=axes,
                fired=[f"none_detected.{self.rules.none_detected[name]}.{name}" for name in limiting],
            )
        controlled = self.rules.classes.responses[self.evidence.patient.best_response] == BY_DURATION
        benefit = "under which the disease was controlled" if controlled else "to which the tumour responded"
        unexplained = tuple(
            f"{finding.label} was there before treatment, {benefit}"
            if finding.origin is Origin.PRE_EXISTING
            else f"{finding.label} is {finding.origin}, which does not count"
            for finding in findings
        )
        return self._call(
            status=Status.INDETERMINATE,
            annotated=tuple(annotated),
            missing=(*gaps, *unexplained),
            axes=axes,
            findings=findings,
        )

    def _collect_flags(self, axes: Mapping[Axis, AxisState], findings: Sequence[Finding]) -> None:
        """Take up the flags of the axes and findings, the limitations of the samples at the judged time point, and
        another person's DNA in the samples before treatment, by which an origin is judged.
        """
        self.flags.extend(flag for state in axes.values() for flag in state.flags)
        self.flags.extend(flag for finding in findings for flag in finding.flags)
        self.flags.extend(
            flag
            for sample in (self._samples(self.timepoint) if self.timepoint else [])
            for flag in (*sample.genotypes.flags, *sample.erbb2.flags)
            if flag.startswith(_LIMITATIONS)
        )
        baseline = [flag for sample in self._samples(Timepoint.PRE) for flag in sample.genotypes.flags]
        self.flags.extend(flag for flag in baseline if flag.startswith("contamination:"))

    def _counts(self, finding: Finding) -> bool:
        return finding.origin is None or finding.origin in self.rules.counted_origins

    def _with_origin(self, finding: Finding) -> Finding:
        if self.evidence.overrides:
            reviewed = reviewed_origin(finding, self.evidence.overrides, self._at(Timepoint.PRE)[1], self.rules)
            if reviewed:
                return reviewed
        before = self.evidence.heregulin.get(Timepoint.PRE)
        return with_origin(finding, self._samples(Timepoint.PRE), before, self.rules, self.evidence.heregulin_change)

    def _lost(self) -> list[str]:
        """Findings before treatment that an adequate negative at progression no longer shows: shown, never called."""
        _, before, _ = self._at(Timepoint.PRE)
        axes, after, _ = self._at(Timepoint.POST)
        labels = {finding.label for finding in after}
        gone = [finding for finding in one_per_label(before, self.rules) if finding.label not in labels]
        return [f"{Annotation.LOST}({finding.label})" for finding in gone if self._negative_at_post(finding, axes)]

    def _negative_at_post(self, finding: Finding, axes: Mapping[Axis, AxisState]) -> bool:
        """An adequate negative, which would have seen as much as was there before."""
        on_axis = finding.mechanism in AXIS_OF
        if on_axis and axes[AXIS_OF[finding.mechanism]].verdict is not Verdict.NEGATIVE:
            return False
        after = self.evidence.heregulin.get(Timepoint.POST)
        fell = self.evidence.heregulin_change
        return not has_numbers(finding) or is_lost(finding, self._samples(Timepoint.POST), after, self.rules, fell)

    def _with_mechanism(
        self,
        axes: dict[Axis, AxisState],
        findings: Sequence[Finding],
        counted: Sequence[Finding],
        annotated: Sequence[str],
        missing: tuple[str, ...],
    ) -> Call:
        primary, by_clonality = choose_primary(counted, self.rules)
        found = conflicts(counted, self.rules)
        self.flags.extend(conflict.flag for conflict in found)
        if missing:
            self.flags.append("incomplete:" + ",".join(text.split(":", 1)[0] for text in missing))
        if any(finding.ccf is not None and finding.ccf < self.rules.clonal_ccf for finding in counted):
            self.flags.append("subclonal_mutation")
        limiting = limits(
            primary,
            self.rules,
            by_clonality=by_clonality,
            judged_on_post="judged_on_post" in self.flags,
            archival_only=self._archival_only(primary),
        )
        several = len({self.rules.causes[finding.mechanism] for finding in counted}) > 1
        return self._call(
            status=Status.MULTIPLE if several else Status.MECHANISM,
            primary=primary,
            additional=tuple(finding.label for finding in counted if finding is not primary),
            confidence=lowest(limiting, self.rules.confidence),
            annotated=tuple(annotated),
            missing=missing,
            axes=axes,
            findings=findings,
            by_clonality=by_clonality,
            fired=[
                *(["primary.subclonal_yields"] if by_clonality else []),
                *(f"confidence.{self.rules.confidence[name]}.{name}" for name in limiting),
                *(f"conflicts.{'+'.join(conflict.pair)}" for conflict in found),
            ],
        )

    def _archival_only(self, primary: Finding) -> bool:
        """Whether the origin of a DNA finding was judged on archival samples alone."""
        before = [sample for sample in self._samples(Timepoint.PRE) if sample.usable.ok]
        judged = primary.origin is not None and primary.heregulin is None
        return judged and bool(before) and all(sample.archival in ("yes", "anti_egfr_since") for sample in before)

    def _call(
        self,
        status: Status,
        primary: Finding | None = None,
        additional: tuple[str, ...] = (),
        confidence: Confidence = Confidence.NA,
        annotated: tuple[str, ...] = (),
        missing: tuple[str, ...] = (),
        axes: dict[Axis, AxisState] | None = None,
        findings: Sequence[Finding] = (),
        by_clonality: bool = False,
        fired: Sequence[str] = (),
    ) -> Call:
        steps = [f"class {self.klass.resistance}: {self.klass.reason}"]
        if self.timepoint:
            steps.append(f"judged on the {self.timepoint}-treatment samples")
        steps += [f"{one.sample}: {NOT_SHOWN_WORDS}" for one in self.evidence.samples if _umi_not_shown(one)]
        steps += [f"{axis} {state.verdict}: {'; '.join(state.reasons)}" for axis, state in (axes or {}).items()]
        steps += [f"{finding.label} is {finding.origin}" for finding in findings if finding.origin]
        forced = force_calls(self.evidence.samples)
        steps += [str(call) for call in forced]
        if primary:
            how = "chosen over a subclonal mutation" if by_clonality else "first in the order of mechanisms"
            steps.append(f"primary {primary.label}: {how}")
        return Call(
            patient=self.evidence.patient.patient,
            resistance_class=self.klass.resistance,
            status=status,
            primary=primary.label if primary else "",
            additional=additional,
            confidence=capped(confidence, self.evidence.overrides),
            origin=primary.origin if primary else None,
            annotated=annotated,
            missing=missing,
            flags=tuple(dict.fromkeys(self.flags)),
            why=tuple(steps),
            judged_timepoint=self.timepoint,
            axes=axes or {},
            findings=tuple(findings),
            forced=forced,
            fired=(*self._fired(axes or {}, findings, annotated), *fired),
        )

    def _fired(
        self, axes: Mapping[Axis, AxisState], findings: Sequence[Finding], annotated: Sequence[str]
    ) -> list[str]:
        """Ids of the rules that made the class, the axes and the origins."""
        lost = [Origin.LOST] if any(note.startswith(Annotation.LOST) for note in annotated) else []
        origins = dict.fromkeys([*(finding.origin for finding in findings if finding.origin), *lost])
        counted = self.rules.counted_origins
        samples = self._samples(self.timepoint) if axes and self.timepoint else []
        return [
            *([self.klass.rule] if self.klass.rule else []),
            *(["classes.short_response_days"] if "short_response" in self.klass.flags else []),
            *(rule for state in axes.values() for rule in state.fired),
            *(["axes.RAS.scope"] if any(flag.startswith("reduced_scope") for flag in self.flags) else []),
            *rules_of_changes(samples, self.rules),
            *(f"origins.{'counted' if origin in counted else 'annotated'}.{origin}" for origin in origins),
        ]
