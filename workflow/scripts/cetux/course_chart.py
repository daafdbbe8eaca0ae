"""Each patient's course as a bar of days: treatment, samples, progression, last contact; a swimmer plot."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.pictures import AMBER, BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, Chart, inline_svg
from cetux.states import Mechanism, Status

_COLOURS = {
    Mechanism.RAS_MUT: BLUE,
    Mechanism.BRAF_CLASS1: SKY,
    Mechanism.BRAF_CLASS2: SKY,
    Mechanism.ERBB2_AMP: ORANGE,
    Mechanism.ERBB2_MUT: ORANGE,
    Mechanism.EGFR_ECD: PURPLE,
    Mechanism.HRG_HIGH: AMBER,
}
_MOST_DRAWN = 80


def chart(calls: CohortCalls) -> Chart:
    """Days from the first dose; patients with the longest course on top, at most `_MOST_DRAWN` of them drawn."""
    every = sorted(
        (one for one in calls.patients if _end(one) is not None), key=lambda one: (_end(one) or 0, one.call.patient)
    )
    drawn = every[-_MOST_DRAWN:]
    left_out = len(every) - len(drawn)
    more = f" The {len(drawn)} longest of {len(every)} are drawn." if left_out else ""
    return Chart(
        name="course",
        title="Course of each patient",
        alt=f"Treatment, samples and progression of {len(every)} patients, coloured by primary mechanism.{more}",
        svg=inline_svg(lambda axes: _draw(axes, drawn), 8.0, 1.4 + 0.17 * len(drawn)),
        columns=("patient", "primary", "best response", "last dose", "progression", "last contact", "samples on days"),
        rows=tuple(_row(one) for one in reversed(every)),
    )


def _end(one: PatientCall) -> int | None:
    days = (one.patient.last_contact_day, one.patient.progression_day, one.patient.last_dose_day)
    return max((day for day in days if day is not None), default=None)


def _row(one: PatientCall) -> tuple[str, ...]:
    days = (one.patient.last_dose_day, one.patient.progression_day, one.patient.last_contact_day)
    taken = sorted(sample.collected_day for sample in one.samples if sample.collected_day is not None)
    return (
        one.call.patient,
        one.call.primary,
        one.patient.best_response,
        *("" if day is None else str(day) for day in days),
        ", ".join(map(str, taken)),
    )


def colour_of(one: PatientCall) -> str:
    """The colour of a patient's primary mechanism; green where none was detected, grey where nothing is known."""
    named = next((mechanism for mechanism in Mechanism if one.call.primary.startswith(mechanism)), None)
    if named is not None:
        return _COLOURS[named]
    return GREEN if one.call.status is Status.NONE_DETECTED else GREY


def _draw(axes: Axes, patients: Sequence[PatientCall]) -> None:
    for y, one in enumerate(patients):
        end = _end(one) or 0
        treated = one.patient.last_dose_day if one.patient.last_dose_day is not None else one.patient.progression_day
        axes.barh(y, end, height=0.25, color=GREY, alpha=0.35, linewidth=0)
        axes.barh(y, end if treated is None else treated, height=0.6, color=colour_of(one), linewidth=0)
        if one.patient.progression_day is not None:
            axes.plot([one.patient.progression_day], [y], marker="X", markersize=5, color=INK, linestyle="none")
        taken = [sample.collected_day for sample in one.samples if sample.collected_day is not None]
        axes.plot(taken, [y] * len(taken), marker="|", markersize=9, color=INK, linestyle="none")
    axes.set_yticks(range(len(patients)), [one.call.patient for one in patients], fontsize=7)
    axes.set_xlabel("Days since the first dose (X progression, | sample; thick: on treatment)")
    shown = {colour_of(one): one.call.primary.split("(")[0] or str(one.call.status) for one in patients}
    handles = [Patch(color=colour, label=label) for colour, label in sorted(shown.items(), key=lambda item: item[1])]
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
