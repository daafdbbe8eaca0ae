"""What a reviewer says of an axis, shown beside the computed state and never instead of it.

A patient with overrides is called twice: *computed* from the measurements alone, and *reviewed* with the axes that the
reviewers changed. The computed call is the patient's call; tables and counts use it. The reviewed call says what would
follow from the review; it is flagged ``override:<axis>`` and never of HIGH confidence, since a review has no limit of
detection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cetux.axes import AxisState, Finding
from cetux.mechanism_rules import AXIS_OF, MECHANISM_OF, MechanismRules
from cetux.sheets import Row
from cetux.states import Axis, Confidence, Group, Origin, Timepoint, Verdict

_VERDICTS = {Group.POSITIVE: Verdict.POSITIVE, Group.NEGATIVE: Verdict.NEGATIVE}


@dataclass(frozen=True)
class Override:
    """One row of the overrides sheet.

    state: of `mechanism_rules.AXIS_STATES`. change: which mutation, as in ``KRAS G12D`` or ``V600E``. date, expires:
    ISO dates of the review and of the last day on which it holds. change and expires may be empty.
    """

    patient: str
    axis: Axis
    timepoint: Timepoint
    state: str
    reviewer: str
    date: str
    reason: str
    change: str = ""
    expires: str = ""

    def __str__(self) -> str:
        """Who said what, when and why, in one line."""
        state = f"{self.state} {self.change}".rstrip()
        until = f", until {self.expires}" if self.expires else ""
        who = f"{self.reviewer} on {self.date}{until}"
        return f"{self.axis} {self.timepoint} reviewed as {state} by {who}: {self.reason}"

    def verdict(self, rules: MechanismRules) -> Verdict:
        """What the rules make of the state; one that is neither positive nor negative is not usable."""
        return _VERDICTS.get(rules.group(self.axis, self.state), Verdict.NOT_USABLE)


def override(row: Row) -> Override:
    """An override from a row of its sheet, which was checked before."""
    return Override(
        patient=row["patient"],
        axis=Axis(row["axis"]),
        timepoint=Timepoint(row["timepoint"]),
        state=row["state"],
        reviewer=row["reviewer"],
        date=row["date"],
        reason=row["reason"],
        change=row["change"],
        expires=row["expires"],
    )


def reviewed_axes(
    axes: Mapping[Axis, AxisState], overrides: Sequence[Override], timepoint: Timepoint, rules: MechanismRules
) -> dict[Axis, AxisState]:
    """The axes of one time point with those replaced that a reviewer changed.

    Args:
        axes: as computed.
        overrides: of the patient; those of other time points change nothing here.
        timepoint: of `axes`.
        rules: of the join, which say what a state means.

    Returns:
        Every axis of `axes`. A replaced one says what was computed, and keeps its annotations. Findings of a positive
        review are the computed ones that it names, with their evidence; else one finding without numbers.
    """
    by_axis = {one.axis: one for one in overrides if one.timepoint is timepoint}
    return {axis: _reviewed(state, by_axis[axis], rules) if axis in by_axis else state for axis, state in axes.items()}


def _reviewed(computed: AxisState, said: Override, rules: MechanismRules) -> AxisState:
    verdict = said.verdict(rules)
    return replace(
        computed,
        verdict=verdict,
        reasons=(str(said), f"computed {computed.verdict}: {'; '.join(computed.reasons)}"),
        findings=_findings(computed, said) if verdict is Verdict.POSITIVE else (),
        flags=(),
        fired=(rules.rule(said.axis, said.state),),
    )


def _findings(computed: AxisState, said: Override) -> tuple[Finding, ...]:
    """The computed findings that the review confirms, else a finding of its own."""
    mechanism = MECHANISM_OF[said.axis, said.state]
    named = said.change or ("reviewed" if said.axis in (Axis.RAS, Axis.BRAF) else "")
    label = f"{mechanism}({named})" if named else str(mechanism)
    alike = [found for found in computed.findings if found.mechanism is mechanism]
    known = tuple(found for found in alike if found.label == label or not said.change)
    return known or (Finding(mechanism=mechanism, label=label, timepoint=said.timepoint),)


def reviewed_origin(
    finding: Finding, overrides: Sequence[Override], before: Sequence[Finding], rules: MechanismRules
) -> Finding | None:
    """The finding with its origin where a review decides it; None where the measurements do.

    A review of the pre-treatment axis speaks for it: positive is PRE_EXISTING, negative EMERGENT, anything else leaves
    the origin unresolved. A reviewed finding without numbers was there before if the same is found there; else no limit
    can be compared, and its origin is unresolved.

    Args:
        finding: at progression.
        overrides: of the patient.
        before: findings before treatment.
        rules: of the join.
    """
    axis = AXIS_OF.get(finding.mechanism)
    said = next((one for one in overrides if one.axis is axis and one.timepoint is Timepoint.PRE), None)
    there = any(found.label == finding.label for found in before)
    if said and said.verdict(rules) is not Verdict.POSITIVE:
        emergent = said.verdict(rules) is Verdict.NEGATIVE
        return replace(finding, origin=Origin.EMERGENT if emergent else Origin.ORIGIN_UNRESOLVED)
    if said or not has_numbers(finding):
        return replace(finding, origin=Origin.PRE_EXISTING if there else Origin.ORIGIN_UNRESOLVED)
    return None


def has_numbers(finding: Finding) -> bool:
    """Whether a measurement stands behind the finding, not a review alone."""
    return bool(finding.allele or finding.copy_number or finding.heregulin)


def capped(confidence: Confidence, overrides: Sequence[Override]) -> Confidence:
    """The confidence of a call in which `overrides` took part: at most MODERATE."""
    return Confidence.MODERATE if overrides and confidence is Confidence.HIGH else confidence
