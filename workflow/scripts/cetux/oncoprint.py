"""Which axis says what in each patient, on one picture: positive, negative, equivocal, no call, not assessed."""

from collections.abc import Sequence
from enum import StrEnum

from matplotlib.axes import Axes

from cetux.axes import AxisState
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.mechanism_rules import EXTENDED_MECHANISMS
from cetux.pictures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Chart, inline_svg
from cetux.states import Axis, Erbb2, Heregulin, Mechanism, Status, Timepoint, Verdict
from cetux.subjects import excluded

EXTENDED = "extended"
"""The row of findings beyond the four axes."""


class Glyph(StrEnum):
    """What a cell of the picture says."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    EQUIVOCAL = "equivocal"
    NO_CALL = "no call"
    NOT_ASSESSED = "not assessed"


_MARKS = {
    Glyph.POSITIVE: ("s", ORANGE, True),
    Glyph.NEGATIVE: ("s", GREEN, False),
    Glyph.EQUIVOCAL: ("D", PURPLE, True),
    Glyph.NO_CALL: ("x", BLUE, False),
    Glyph.NOT_ASSESSED: ("_", GREY, False),
}
_EXTENDED = (Mechanism.EGFR_ECD, Mechanism.ERBB2_MUT)
_ROWS = (*Axis, EXTENDED)
_MOST_LABELS = 60


def glyph(patient: PatientCall, row: str) -> Glyph:
    """What one row of the picture says of one patient, at the judged time point.

    A positive or negative axis is drawn as such. One that is not usable is equivocal where something was seen and not
    enough to call (a grey zone, an unclassified change, an equivocal gain or value), no call where it was measured in
    vain, and not assessed where there was nothing to measure.
    """
    call = patient.call
    if row == EXTENDED:
        found = any(finding.mechanism in _EXTENDED for finding in call.findings)
        return Glyph.POSITIVE if found else _extended(patient)
    state = call.axes.get(Axis(row))
    if state is None or call.judged_timepoint is None:
        return Glyph.NOT_ASSESSED
    if state.verdict is Verdict.POSITIVE:
        return Glyph.POSITIVE
    if state.verdict is Verdict.NEGATIVE:
        return Glyph.NEGATIVE
    return _not_usable(patient, state, call.judged_timepoint)


def _extended(patient: PatientCall) -> Glyph:
    """Mutations of EGFR and ERBB2, none of which counts: negative only where those of both genes are excluded."""
    call = patient.call
    samples = [sample for sample in patient.samples if sample.timepoint is call.judged_timepoint]
    genes = [
        one.genotypes.genes[name] for one in samples for name in EXTENDED_MECHANISMS if name in one.genotypes.genes
    ]
    if not call.axes or not any(gene.codons_read for gene in genes):
        return Glyph.NOT_ASSESSED
    if any(gene.alleles for gene in genes):
        return Glyph.EQUIVOCAL
    absent = all(excluded(mechanism, call.axes, samples) for mechanism in _EXTENDED)
    return Glyph.NEGATIVE if absent else Glyph.NO_CALL


def _not_usable(patient: PatientCall, state: AxisState, timepoint: Timepoint) -> Glyph:
    samples = [sample for sample in patient.samples if sample.timepoint is timepoint]
    if state.axis is Axis.HRG:
        states = [result.state for result in patient.heregulin if result.timepoint is timepoint]
        if not states or set(states) <= {Heregulin.MISSING}:
            return Glyph.NOT_ASSESSED
        return Glyph.EQUIVOCAL if Heregulin.EQUIVOCAL in states else Glyph.NO_CALL
    if not samples:
        return Glyph.NOT_ASSESSED
    if state.axis is Axis.ERBB2:
        return Glyph.EQUIVOCAL if any(one.erbb2.state is Erbb2.EQUIVOCAL for one in samples) else Glyph.NO_CALL
    genes = ("KRAS", "NRAS") if state.axis is Axis.RAS else ("BRAF",)
    found = [sample.genotypes.genes[name] for sample in samples for name in genes if name in sample.genotypes.genes]
    if any(gene.alleles for gene in found):
        return Glyph.EQUIVOCAL
    unusable = any(not (sample.usable.ok and sample.genotypes.usable.ok) for sample in samples)
    return Glyph.NO_CALL if unusable or any(gene.codons_read for gene in found) else Glyph.NOT_ASSESSED


def chart(calls: CohortCalls) -> Chart:
    """The cohort's oncoprint; patients stand by status, then by primary mechanism."""
    patients = sorted(calls.patients, key=_place)
    rows = tuple(
        (one.call.patient, str(one.call.status), one.call.primary, *(str(glyph(one, row)) for row in _ROWS))
        for one in patients
    )
    positives = ", ".join(f"{row} {sum(glyph(one, row) is Glyph.POSITIVE for one in patients)}" for row in _ROWS)
    alt = f"Axes by patient, {len(patients)} patients. Positive at the judged time point: {positives}."
    width = min(max(6.5, 0.16 * len(patients) + 2.5), 14.0)
    return Chart(
        name="oncoprint",
        title="Mechanisms by patient",
        alt=alt,
        svg=inline_svg(lambda axes: _draw(axes, patients), width, 2.9),
        columns=("patient", "status", "primary", *(str(row) for row in _ROWS)),
        rows=rows,
    )


def _place(patient: PatientCall) -> tuple[int, str, str]:
    return list(Status).index(patient.call.status), patient.call.primary, patient.call.patient


def _draw(axes: Axes, patients: Sequence[PatientCall]) -> None:
    size = 7.0 if len(patients) <= _MOST_LABELS else max(1.5, 420 / len(patients))
    for kind, (marker, colour, filled) in _MARKS.items():
        cells = [
            (x, y) for y, row in enumerate(reversed(_ROWS)) for x, one in enumerate(patients) if glyph(one, row) is kind
        ]
        axes.plot(
            [x for x, _ in cells],
            [y for _, y in cells],
            linestyle="none",
            marker=marker,
            markersize=size,
            markerfacecolor=colour if filled else "none",
            markeredgecolor=colour,
            label=kind,
        )
    axes.set_yticks(range(len(_ROWS)), [str(row) for row in reversed(_ROWS)])
    axes.set_xlim(-0.7, max(len(patients), 1) - 0.3)
    axes.set_ylim(-0.6, len(_ROWS) - 0.4)
    if len(patients) <= _MOST_LABELS:
        axes.set_xticks(range(len(patients)), [one.call.patient for one in patients], rotation=90, fontsize=7)
    else:
        axes.set_xlabel(f"{len(patients)} patients, by status and primary mechanism")
        axes.set_xticks([])
    axes.tick_params(length=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(_MARKS), fontsize=8, labelcolor=INK)
