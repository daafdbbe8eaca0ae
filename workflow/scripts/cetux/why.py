"""Why a call is what it is: the rules that fired, the numbers behind each axis, what is missing, what would decide.

`explain` gives the record, `sentence` the call in one sentence. Neither decides anything: they read the call and its
evidence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cetux.axes import AxisState, Finding
from cetux.axis_evidence import AxisEvidence, Thresholds, axis_evidence
from cetux.mechanism import SWAP, Call, PatientEvidence
from cetux.mechanism_rules import MechanismRules
from cetux.states import (
    Annotation,
    Axis,
    BrafState,
    Erbb2State,
    Heregulin,
    Mechanism,
    Origin,
    RasState,
    ResistanceClass,
    Status,
    Timepoint,
    Verdict,
)


@dataclass(frozen=True)
class FiredRule:
    """One rule of mechanisms.yaml that had a part in the call: its id and the reason that stands there.

    The words of a threshold, which has no text of its own, are empty.
    """

    rule: str
    words: str


@dataclass(frozen=True)
class Wanted:
    """Something that is missing, and what would decide it. axis: empty where it is not one axis."""

    axis: str
    missing: str
    would_decide: str


@dataclass(frozen=True)
class Explanation:
    """The whole of it. class_reason: of the class of resistance; evidence: of every sample, of both time points."""

    sentence: str
    class_reason: str
    fired: tuple[FiredRule, ...]
    evidence: tuple[AxisEvidence, ...]
    wanted: tuple[Wanted, ...]


_WORDS: Mapping[str, str] = {
    Mechanism.RAS_MUT: "RAS mutation",
    Mechanism.BRAF_CLASS1: "BRAF class 1 mutation",
    Mechanism.BRAF_CLASS2: "BRAF class 2 mutation",
    Mechanism.ERBB2_AMP: "ERBB2 amplification",
    Mechanism.EGFR_ECD: "EGFR ectodomain mutation",
    Mechanism.ERBB2_MUT: "ERBB2 mutation",
    Mechanism.HRG_HIGH: "high circulating heregulin",
    Annotation.BRAF_CLASS3: "BRAF class 3 mutation",
    Annotation.ERBB2_GAIN: "ERBB2 gain short of amplification",
    Annotation.POLYSOMY_17: "polysomy of chromosome 17",
    Annotation.UNCLASSIFIED: "unclassified change",
    Annotation.GREY_ZONE: "change in the grey zone",
    Annotation.OTHER_GENE: "further mutation",
    Annotation.EGFR_AMP: "EGFR amplification",
    Annotation.MET_AMP: "MET amplification",
    Annotation.KRAS_AMP: "KRAS amplification",
}
_ORIGINS: Mapping[str | None, str] = {
    Origin.EMERGENT: "emergent at progression",
    Origin.EXPANDED: "expanded since before treatment",
    Origin.ORIGIN_UNRESOLVED: "of unresolved origin",
    Origin.PRE_EXISTING: "there before treatment",
    Origin.LOST: "lost at progression",
}
_CONFLICT = "conflict:"
_CLASSES = {
    ResistanceClass.DE_NOVO: "De novo resistance",
    ResistanceClass.ACQUIRED: "Acquired resistance",
    ResistanceClass.NOT_RESISTANT: "No resistance",
    ResistanceClass.NOT_EVALUABLE: "Not evaluable",
}
_DECIDING: Mapping[Axis, Mapping[str, str]] = {
    Axis.RAS: {
        RasState.GREY_ZONE: "the same codon by digital PCR, or a sample of higher or known purity",
        RasState.UNCLASSIFIED: "what is known of the change: the tables do not list it",
        RasState.NO_CALL: "deeper sequencing of the codons named, of more DNA where its molecules are too few",
        RasState.NO_TUMOUR_DNA: "tissue, or plasma in which a tumour variant is seen",
        RasState.NOT_ASSESSED: "a usable {time}-treatment sample sequenced over KRAS and NRAS",
    },
    Axis.BRAF: {
        BrafState.GREY_ZONE: "the same codon by digital PCR, or a sample of higher or known purity",
        BrafState.UNCLASSIFIED: "the class of the change: the tables do not list it",
        BrafState.NO_CALL: "deeper sequencing of the codons named, of more DNA where its molecules are too few",
        BrafState.NO_TUMOUR_DNA: "tissue, or plasma in which a tumour variant is seen",
        BrafState.NOT_ASSESSED: "a usable {time}-treatment sample sequenced over BRAF",
    },
    Axis.ERBB2: {
        Erbb2State.EQUIVOCAL: "ERBB2 IHC and ISH of the same tissue",
        Erbb2State.NE: "a sample of higher or known purity, or ERBB2 IHC and ISH",
        Erbb2State.NO_TUMOUR_DNA: "tissue, or plasma in which a tumour variant is seen",
        Erbb2State.NOT_ASSESSED: "a usable {time}-treatment tumour sample, or ERBB2 IHC and ISH",
    },
    Axis.HRG: {
        Heregulin.EQUIVOCAL: "the same {time}-treatment serum or plasma again, in more replicates",
        Heregulin.ALQ: "the same {time}-treatment serum or plasma again, at a higher dilution",
        Heregulin.QC_FAIL: "the same {time}-treatment serum or plasma again",
        Heregulin.MATRIX_MISMATCH: "the matrix of the cut-off, or a cut-off for this matrix",
        Heregulin.MISSING: "a {time}-treatment serum or plasma, of an assay with a cut-off",
    },
}


def explain(call: Call, evidence: PatientEvidence, rules: MechanismRules, thresholds: Thresholds) -> Explanation:
    """Why the call is what it is.

    Args:
        call: of this evidence, by these rules.
        evidence: of the patient.
        rules: of the join.
        thresholds: by section (``erbb2``, ``tissue``, ``ctdna``), as the samples were judged.
    """
    fired = tuple(FiredRule(rule, rules.words.get(rule, "")) for rule in dict.fromkeys(call.fired))
    return Explanation(
        sentence=sentence(call),
        class_reason=call.why[0],
        fired=fired,
        evidence=tuple(axis_evidence(evidence, rules, thresholds)),
        wanted=tuple(wanted(call)),
    )


def sentence(call: Call) -> str:
    """The call in one sentence, by the wording rules: an alteration is reported as associated with resistance."""
    said = {
        Status.NOT_APPLICABLE: _described,
        Status.DESCRIPTIVE: _described,
        Status.NONE_DETECTED: _none_detected,
        Status.INDETERMINATE: _indeterminate,
        Status.MECHANISM: _mechanism,
        Status.MULTIPLE: _mechanism,
    }
    return f"{_CLASSES[call.resistance_class]}: {said[call.status](call)}."


def _described(call: Call) -> str:
    if call.status is Status.NOT_APPLICABLE:
        said = "there is no progression to explain, so nothing is called"
    else:
        seen = f"; seen: {_listed(call.additional)}" if call.additional else ""
        said = f"what is there is described and nothing is called{seen}"
    swaps = _swaps(call)
    return f"{said}; {swaps}" if swaps else said


def _none_detected(call: Call) -> str:
    reduced = any(flag.startswith("reduced_scope") for flag in call.flags)
    names = {Axis.RAS: "KRAS" if reduced else "RAS", Axis.BRAF: "BRAF"}
    limits = {axis: state.limit for axis, state in call.axes.items()}
    vafs = {name: limit for axis, name in names.items() if (limit := limits.get(axis)) is not None}
    copies = limits.get(Axis.ERBB2)
    excluded = [
        *([f"{_enumerated(list(vafs))} mutations of VAF >= {max(vafs.values()):.1%}"] if vafs else []),
        *(["ERBB2 amplification"] if Axis.ERBB2 in call.axes and copies is None else []),
        *([f"ERBB2 amplification and any gain to {copies:.1f} copies or more"] if copies is not None else []),
    ]
    said = [*(["excluded: " + ", ".join(excluded)] if excluded else []), f"confidence {call.confidence}"]
    seen = f"; seen and not counted: {_listed(call.annotated)}" if call.annotated else ""
    return f"no mechanism was detected on the four axes ({'; '.join(said)}){seen}"


def _indeterminate(call: Call) -> str:
    """Why none can be called: a swap, what was there before treatment, or which axes are not usable."""
    swaps = _swaps(call)
    unusable = _of_verdict(call, Verdict.NOT_USABLE)
    negative = _of_verdict(call, Verdict.NEGATIVE)
    reasons = list(_unexplained(call))
    if not call.axes:
        reasons.append("nothing was measured at the time that counts")
    elif unusable:
        reasons.append(f"{_enumerated(unusable)} {'is' if len(unusable) == 1 else 'are'} not usable")
    why = swaps or "; ".join(reasons)
    besides = f" ({_enumerated(negative)} negative)" if negative and not swaps else ""
    deciding = dict.fromkeys(one.would_decide for one in wanted(call))
    would = f"; this would decide: {'; '.join(deciding)}" if deciding else ""
    return f"no mechanism can be called: {why}{besides}{would}"


def _mechanism(call: Call) -> str:
    origin = f", {_ORIGINS[call.origin]}" if call.origin in _ORIGINS else ""
    other = f", with {_listed(call.additional)}" if call.additional else ""
    several = " (one of several independent ones)" if call.status is Status.MULTIPLE else ""
    unusable = _of_verdict(call, Verdict.NOT_USABLE)
    open_axes = f"; not usable: {', '.join(unusable)}" if unusable else ""
    pairs = [flag.removeprefix(_CONFLICT).split("+") for flag in call.flags if flag.startswith(_CONFLICT)]
    rare = "".join(
        f"; {_enumerated([_named(one) for one in pair])} rarely stand in one tumour: check for a swap or contamination "
        "first"
        for pair in pairs
    )
    return (
        f"{_named(call.primary)}{origin}{other}{several}: reported as associated with resistance to anti-EGFR "
        f"antibodies (confidence {call.confidence}{open_axes}){rare}"
    )


def _swaps(call: Call) -> str:
    """The pairs of samples of different persons; empty where there are none."""
    pairs = [text.removeprefix(SWAP) for text in call.missing if text.startswith(SWAP)]
    return f"samples are of different persons: {'; '.join(pairs)}" if pairs else ""


def _unexplained(call: Call) -> Iterator[str]:
    """Why each finding of a call without a mechanism does not count."""
    for finding, text in _uncounted(call):
        if text.startswith(f"{finding.label} is "):
            yield f"{_named(finding.label)} is {_ORIGINS.get(finding.origin, 'there')}, which does not count"
        else:
            yield f"{_named(finding.label)}{text.removeprefix(finding.label)}"


def _uncounted(call: Call) -> list[tuple[Finding, str]]:
    """The findings of a call without a mechanism, each with what `Call.missing` says of it."""
    return [(one, text) for one in call.findings for text in call.missing if text.startswith(f"{one.label} ")]


def _of_verdict(call: Call, verdict: Verdict) -> list[str]:
    return [str(axis) for axis, state in call.axes.items() if state.verdict is verdict]


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(_named(label) for label in labels)


def _enumerated(names: Sequence[str]) -> str:
    """Names as in ``RAS, BRAF and HRG``."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


def _named(label: str) -> str:
    """A label in words, as in ``RAS mutation KRAS G12D``, or ``RAS mutation KRAS G12D (lost at progression)``."""
    name, _, change = label.partition("(")
    change = change.removesuffix(")")
    if name in _ORIGINS:
        return f"{_named(change)} ({_ORIGINS[name]})"
    if name.endswith("_AMP") and change:
        return f"{_WORDS[name]} ({change})"
    return f"{_WORDS.get(name, name)} {change}".rstrip()


def wanted(call: Call) -> Iterator[Wanted]:
    """What is missing in a call that is not whole, and what would decide it."""
    acquired = call.resistance_class is ResistanceClass.ACQUIRED
    time = call.judged_timepoint or (Timepoint.POST if acquired else Timepoint.PRE)
    if call.status not in (Status.INDETERMINATE, Status.MECHANISM, Status.MULTIPLE):
        return
    if "sample_swap" in call.flags:
        yield from (Wanted("", missing, "fresh samples of this patient") for missing in call.missing)
        return
    for axis in Axis:
        state = call.axes.get(axis)
        if state is None:
            missing = f"no {time}-treatment sample"
            last = Heregulin.MISSING if axis is Axis.HRG else RasState.NOT_ASSESSED
            yield Wanted(axis, missing, _DECIDING[axis][last].format(time=time))
        elif state.verdict is Verdict.NOT_USABLE:
            yield Wanted(axis, "; ".join(state.reasons), _deciding(axis, state, time))
    for finding in call.findings:
        if finding.origin is Origin.ORIGIN_UNRESOLVED:
            what = "serum or plasma" if finding.heregulin else "sample that excludes it, or shows it,"
            yield Wanted("", f"where {finding.label} comes from", f"a pre-treatment {what} would tell its origin")
    for finding, text in _uncounted(call):
        if finding.origin is not Origin.ORIGIN_UNRESOLVED:
            yield Wanted("", text, _beyond(finding))


def _beyond(finding: Finding) -> str:
    """What would decide where a finding was there before treatment and does not count.

    DNA counts once it has expanded. A heregulin that was high before never does.
    """
    grown = "" if finding.heregulin or finding.origin is Origin.EXPANDED else "this has more than doubled or "
    return f"a further post-treatment sample, in which {grown}another mechanism has emerged"


def _deciding(axis: Axis, state: AxisState, time: Timepoint) -> str:
    names = [rule.rsplit(".", 1)[1] for rule in state.fired]
    known = [_DECIDING[axis][name].format(time=time) for name in names if name in _DECIDING[axis]]
    return "; ".join(dict.fromkeys(known)) or f"another {time}-treatment sample"
