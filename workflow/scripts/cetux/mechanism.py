"""Join the evidence of one patient into one call: status, primary mechanism, confidence, and what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cetux import clinical
from cetux.axes import AXIS_GENES, CLONAL_CCF, WEAK_REFERENCE, AxisState, Finding, axis_states, extended_findings
from cetux.cohort import Patient
from cetux.evidence import HeregulinResult, IdentityCheck, SampleEvidence
from cetux.heregulin import HeregulinChange
from cetux.origin import excludes, with_origin
from cetux.states import (
    Annotation,
    Axis,
    Confidence,
    Heregulin,
    Identity,
    Mechanism,
    Origin,
    ResistanceClass,
    Specimen,
    Status,
    Timepoint,
    Verdict,
)

_HIGH_VAF = 0.25
_LOW_CTDNA_VAF = 0.01
_ORDER = list(Mechanism)
_LIMITATIONS = ("listed_codons_only", "contamination", "ctdna_without_umi", "no_gc_correction", "normal_left_out")


@dataclass(frozen=True)
class PatientEvidence:
    """Everything known of one patient before the join; heregulin by time point, a missing one absent.

    heregulin_change: from pre to post, where both were measured. identity: of each pair of samples.
    """

    patient: Patient
    samples: tuple[SampleEvidence, ...]
    heregulin: Mapping[Timepoint, HeregulinResult]
    heregulin_change: HeregulinChange | None = None
    identity: tuple[IdentityCheck, ...] = ()


@dataclass(frozen=True)
class Call:
    """One patient's call. primary and additional: labels such as ``RAS_MUT(KRAS G12D)``; annotated: seen, not counted.

    missing: what kept an axis from being usable. why: the steps that led here, in words.
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


def call_patient(evidence: PatientEvidence, clinical_rules: Mapping[str, Any], ras_scope: str) -> Call:
    """The patient's call by the rules' "Join".

    Args:
        evidence: samples of both time points, heregulin, and the clinical data.
        clinical_rules: the `clinical` section of the settings.
        ras_scope: "RAS" or "KRAS_only".
    """
    klass = clinical.classify(evidence.patient, clinical_rules)
    judged, flags = _judged_timepoint(klass.resistance, evidence)
    if evidence.patient.tumour_type != "colorectal":
        flags.append("evidence_is_from_colorectal_cancer")
    call = _Draft(evidence, klass, judged, [*klass.flags, *flags], ras_scope)
    if klass.resistance is ResistanceClass.NOT_RESISTANT or klass.resistance is ResistanceClass.NOT_EVALUABLE:
        progressed = evidence.patient.progression_day is not None
        return call.described(Status.DESCRIPTIVE if progressed else Status.NOT_APPLICABLE)
    return call.judged()


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


@dataclass(frozen=True)
class _Draft:
    """A call in the making."""

    evidence: PatientEvidence
    klass: clinical.ClinicalClass
    timepoint: Timepoint | None
    flags: list[str]
    ras_scope: str

    def _samples(self, timepoint: Timepoint) -> list[SampleEvidence]:
        return [sample for sample in self.evidence.samples if sample.timepoint is timepoint]

    def _at(self, timepoint: Timepoint | None) -> tuple[dict[Axis, AxisState], list[Finding], list[str]]:
        """Axis states, findings and annotations at one time point, in the order of sample IDs."""
        if timepoint is None:
            return {}, [], []
        samples = sorted(self._samples(timepoint), key=lambda sample: sample.sample)
        axes = axis_states(samples, self.evidence.heregulin.get(timepoint), timepoint, self.ras_scope)
        extended, annotated = extended_findings(samples, self.evidence.patient.drug)
        found = [*(finding for state in axes.values() for finding in state.findings), *extended]
        notes = [*(note for state in axes.values() for note in state.annotated), *annotated]
        return axes, found, list(dict.fromkeys(notes))

    def described(self, status: Status) -> Call:
        """A patient whose resistance is not judged: what is there is described and nothing is called."""
        axes, found, annotated = self._at(self.timepoint)
        findings = one_per_label(found)
        present = tuple(finding.label for finding in findings)
        return self._call(
            status=status,
            additional=present if status is Status.DESCRIPTIVE else (),
            annotated=tuple(annotated) if status is Status.DESCRIPTIVE else (*present, *annotated),
            axes=axes,
            findings=findings,
        )

    def judged(self) -> Call:
        """A patient with de novo or acquired resistance."""
        acquired = self.klass.resistance is ResistanceClass.ACQUIRED
        swapped = [pair for pair in self.evidence.identity if pair.verdict is Identity.DIFFERENT_PERSONS]
        if swapped:
            self.flags.append("sample_swap")
            swaps = tuple(f"SAMPLE_SWAP: {pair.one} and {pair.other}: {pair.reason}" for pair in swapped)
            return self._call(status=Status.INDETERMINATE, missing=swaps)
        if acquired and any(pair.verdict is Identity.NOT_ASSESSABLE for pair in self.evidence.identity):
            self.flags.append("identity_not_assessable")
        if self.timepoint is None:
            wanted = "no sample at progression" if acquired else "no sample"
            return self._call(status=Status.INDETERMINATE, missing=tuple(f"{axis}: {wanted}" for axis in Axis))
        axes, found, annotated = self._at(self.timepoint)
        findings = one_per_label([self._with_origin(finding) for finding in found] if acquired else found)
        if acquired:
            annotated += [
                f"{Annotation.PRE_EXISTING}({finding.label})"
                for finding in findings
                if finding.origin is Origin.PRE_EXISTING
            ]
            annotated += self._lost()
        counted = [finding for finding in findings if finding.origin is not Origin.PRE_EXISTING]
        unusable = {axis: state for axis, state in axes.items() if state.verdict is Verdict.NOT_USABLE}
        gaps = tuple(f"{axis}: {'; '.join(state.reasons)}" for axis, state in unusable.items())
        self.flags.extend(flag for state in axes.values() for flag in state.flags)
        self.flags.extend(flag for finding in findings for flag in finding.flags)
        self.flags.extend(
            flag
            for sample in self._samples(self.timepoint)
            for flag in (*sample.genotypes.flags, *sample.erbb2.flags)
            if flag.startswith(_LIMITATIONS)
        )
        if counted:
            return self._with_mechanism(axes, findings, counted, annotated, gaps)
        if not unusable and not findings:
            confidence = self._confidence_of_none(annotated)
            return self._call(status=Status.NONE_DETECTED, confidence=confidence, annotated=tuple(annotated), axes=axes)
        unexplained = tuple(
            f"{finding.label} was there before treatment, to which the tumour responded" for finding in findings
        )
        return self._call(
            status=Status.INDETERMINATE,
            annotated=tuple(annotated),
            missing=(*gaps, *unexplained),
            axes=axes,
            findings=findings,
        )

    def _with_origin(self, finding: Finding) -> Finding:
        before = self.evidence.heregulin.get(Timepoint.PRE)
        return with_origin(finding, self._samples(Timepoint.PRE), before, self.evidence.heregulin_change)

    def _lost(self) -> list[str]:
        """Findings before treatment that an adequate negative at progression no longer shows: shown, never called."""
        _, before, _ = self._at(Timepoint.PRE)
        axes, after, _ = self._at(Timepoint.POST)
        labels = {finding.label for finding in after}
        gone = [finding for finding in one_per_label(before) if finding.label not in labels]
        return [f"{Annotation.LOST}({finding.label})" for finding in gone if self._negative_at_post(finding, axes)]

    def _negative_at_post(self, finding: Finding, axes: Mapping[Axis, AxisState]) -> bool:
        if finding.allele and finding.allele.gene not in AXIS_GENES:
            return any(excludes(sample, finding.allele) is not None for sample in self._samples(Timepoint.POST))
        axis = Axis.HRG if finding.heregulin else Axis(finding.group)
        return axes[axis].verdict is Verdict.NEGATIVE

    def _with_mechanism(
        self,
        axes: dict[Axis, AxisState],
        findings: Sequence[Finding],
        counted: Sequence[Finding],
        annotated: Sequence[str],
        missing: tuple[str, ...],
    ) -> Call:
        primary, by_clonality = choose_primary(counted)
        additional = tuple(finding.label for finding in counted if finding is not primary)
        groups = {finding.group for finding in counted}
        self.flags.extend(_conflicts(counted))
        if missing:
            self.flags.append("incomplete:" + ",".join(text.split(":", 1)[0] for text in missing))
        if any(finding.ccf is not None and finding.ccf < CLONAL_CCF for finding in counted):
            self.flags.append("subclonal_mutation")
        confidence = rate(primary, by_clonality)
        if confidence is Confidence.HIGH and "judged_on_post" in self.flags:
            confidence = Confidence.MODERATE
        return self._call(
            status=Status.MULTIPLE if len(groups) > 1 else Status.MECHANISM,
            primary=primary,
            additional=additional,
            confidence=confidence,
            annotated=tuple(annotated),
            missing=missing,
            axes=axes,
            findings=findings,
            by_clonality=by_clonality,
        )

    def _confidence_of_none(self, annotated: Sequence[str]) -> Confidence:
        weak = (str(Annotation.POLYSOMY_17), str(Annotation.BRAF_CLASS3))
        capped = ("reduced_scope", "judged_on_post", "exploratory_cutoff", "ratio_not_assessable", *WEAK_REFERENCE)
        if any(note.startswith(weak) for note in annotated) or any(flag.startswith(capped) for flag in self.flags):
            return Confidence.MODERATE
        return Confidence.HIGH

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
    ) -> Call:
        steps = [f"class {self.klass.resistance}: {self.klass.reason}"]
        if self.timepoint:
            steps.append(f"judged on the {self.timepoint}-treatment samples")
        steps += [f"{axis} {state.verdict}: {'; '.join(state.reasons)}" for axis, state in (axes or {}).items()]
        steps += [f"{finding.label} is {finding.origin}" for finding in findings if finding.origin]
        if primary:
            how = "chosen over a subclonal mutation" if by_clonality else "first in the order of mechanisms"
            steps.append(f"primary {primary.label}: {how}")
        return Call(
            patient=self.evidence.patient.patient,
            resistance_class=self.klass.resistance,
            status=status,
            primary=primary.label if primary else "",
            additional=additional,
            confidence=confidence,
            origin=primary.origin if primary else None,
            annotated=annotated,
            missing=missing,
            flags=tuple(dict.fromkeys(self.flags)),
            why=tuple(steps),
            judged_timepoint=self.timepoint,
            axes=axes or {},
            findings=tuple(findings),
        )


def one_per_label(findings: Sequence[Finding]) -> list[Finding]:
    """One finding per label, in the order of mechanisms, whatever the order of the samples.

    Of several samples with the same finding the best supported speaks: an origin that counts before one that does not,
    the same specimen type before another, then the largest cancer cell fraction, VAF and copies. So a further sample
    can add a mechanism and never take one away.
    """
    best: dict[str, Finding] = {}
    for finding in sorted(findings, key=_support):
        best.setdefault(finding.label, finding)
    return sorted(best.values(), key=_rank)


_ORIGINS = (None, Origin.EMERGENT, Origin.EXPANDED, Origin.ORIGIN_UNRESOLVED, Origin.PRE_EXISTING)


def _support(finding: Finding) -> tuple[int, int, float, float, float, str]:
    ccf = finding.ccf if finding.ccf is not None else -1.0
    vaf = finding.allele.vaf if finding.allele else 0.0
    copies = (finding.copy_number.observed_copies or 0.0) if finding.copy_number else 0.0
    return _ORIGINS.index(finding.origin), len(finding.flags), -ccf, -vaf, -copies, finding.sample


def _rank(finding: Finding) -> tuple[int, float, str]:
    vaf = finding.allele.vaf if finding.allele else 0.0
    return _ORDER.index(finding.mechanism), -vaf, finding.label


def choose_primary(findings: Sequence[Finding]) -> tuple[Finding, bool]:
    """The primary mechanism, and whether it was chosen over another by clonality.

    The first in the order of mechanisms, unless that is a mutation with a CCF below 0.5 and a clonal DNA event
    (another mutation with CCF of at least 0.5, or an amplification) is there: it yields to that one.

    Raises:
        ValueError: there is no finding.
    """
    if not findings:
        raise ValueError("no finding to choose from")
    ordered = sorted(findings, key=_rank)
    first = ordered[0]
    if first.ccf is None or first.ccf >= CLONAL_CCF:
        return first, False
    clonal = [
        finding
        for finding in ordered
        if finding.mechanism is Mechanism.ERBB2_AMP or (finding.ccf is not None and finding.ccf >= CLONAL_CCF)
    ]
    return (clonal[0], True) if clonal else (first, False)


def rate(primary: Finding, by_clonality: bool) -> Confidence:
    """Confidence in the primary mechanism, by the rules."""
    if primary.origin is Origin.ORIGIN_UNRESOLVED or primary.mechanism is Mechanism.ERBB2_MUT:
        return Confidence.LOW
    if "exploratory_cutoff" in primary.flags:
        return Confidence.LOW
    moderate = (
        by_clonality
        or primary.mechanism in (Mechanism.HRG_HIGH, Mechanism.BRAF_CLASS2, Mechanism.EGFR_ECD)
        or primary.origin is Origin.EXPANDED
        or bool({"across_specimen_types", *WEAK_REFERENCE} & set(primary.flags))
        or (primary.allele is not None and not _clearly_clonal(primary))
    )
    return Confidence.MODERATE if moderate else Confidence.HIGH


def _clearly_clonal(finding: Finding) -> bool:
    """CCF of at least 0.5, or where it is unknown a VAF of at least 25 %; never a ctDNA VAF below 1 %."""
    allele = finding.allele
    if allele is None:
        return True
    if finding.specimen is Specimen.CTDNA and allele.vaf < _LOW_CTDNA_VAF:
        return False
    return allele.ccf >= CLONAL_CCF if allele.ccf is not None else allele.vaf >= _HIGH_VAF


def _conflicts(findings: Sequence[Finding]) -> list[str]:
    """Pairs that rarely stand in one tumour: first check for a swap or contamination."""
    kinds = {finding.mechanism for finding in findings}
    flags = []
    if {Mechanism.RAS_MUT, Mechanism.ERBB2_AMP} <= kinds:
        flags.append("conflict:RAS_MUT+ERBB2_AMP")
    clonal = {f.mechanism for f in findings if f.ccf is not None and f.ccf >= CLONAL_CCF}
    if {Mechanism.RAS_MUT, Mechanism.BRAF_CLASS1} <= clonal:
        flags.append("conflict:RAS_MUT+BRAF_CLASS1")
    return flags
