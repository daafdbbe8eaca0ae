"""ERBB2 copies of every sample against its purity, with the smallest gain that would show at each purity."""

from collections.abc import Sequence
from statistics import median

import numpy as np
from matplotlib.axes import Axes

from cetux.cohort_calls import CohortCalls
from cetux.copies import detectable_copies
from cetux.evidence import CopyNumber
from cetux.pictures import GREEN, GREY, INK, ORANGE, PURPLE, SKY, Chart, inline_svg, number
from cetux.states import Erbb2

_ERBB2 = {Erbb2.AMP: ORANGE, Erbb2.EQUIVOCAL: PURPLE, Erbb2.POLYSOMY: SKY, Erbb2.NEG: GREEN, Erbb2.NE: GREY}
_PLOIDY = 2.0


def chart(calls: CohortCalls) -> Chart:
    """ERBB2 copies per tumour cell against purity, with the curve of the smallest gain seen with 95 % power."""
    known = [
        one.erbb2
        for patient in calls.patients
        for one in patient.samples
        if one.erbb2.purity is not None and one.erbb2.copies_above_zero is not None
    ]
    errors = [one.log2_se for one in known if one.log2_se is not None]

    def draw(axes: Axes) -> None:
        for state, colour in _ERBB2.items():
            points = [one for one in known if one.state is state]
            if points:
                _copies(axes, points, colour, str(state))
        if errors:
            purities = np.linspace(0.08, 1.0, 60)
            seen = [detectable_copies(median(errors), float(purity), _PLOIDY) for purity in purities]
            label = "smallest gain seen with 95 % power"
            axes.plot(purities, seen, color=INK, linestyle="--", linewidth=1.0, label=label)
        axes.set_xlabel("Purity (fraction of tumour cells)")
        axes.set_ylabel("ERBB2 copies per tumour cell")
        axes.set_yscale("symlog", linthresh=8, linscale=2)
        axes.set_yticks([0, 2, 4, 6, 8, 16, 32, 64], ["0", "2", "4", "6", "8", "16", "32", "64"])
        axes.set_xlim(0, 1.05)
        axes.set_ylim(-0.5, max([12.0, *(_known(one.copies_above_zero, 0.0) * 1.3 for one in known)]))
        if known:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    amplified = sum(one.state is Erbb2.AMP for one in known)
    return Chart(
        name="copies",
        title="ERBB2 copies against purity",
        alt=f"{len(known)} samples with known purity, {amplified} amplified. The dashed curve is the smallest gain "
        "over the ploidy that a sample would show with 95 % power (at the cohort's median noise and ploidy 2); "
        "how many copies are an amplification is another question (erbb2.amp_copies).",
        svg=inline_svg(draw, 7.5, 4.0),
        columns=("sample", "state", "purity", "copies", "95 % low", "95 % high", "smallest gain seen"),
        rows=tuple(
            (
                *(one.sample, str(one.state), number(one.purity), number(one.copies)),
                *(number(one.copies_low), number(one.copies_high), number(smallest_gain(one))),
            )
            for one in known
        ),
    )


def smallest_gain(call: CopyNumber) -> float | None:
    """Copies of the smallest gain over the ploidy that would show with 95 % power; None where that says nothing.

    It says nothing where the sample could not be evaluated, nor of polysomy, which is no gain over the ploidy.
    """
    return None if call.state in (Erbb2.NE, Erbb2.POLYSOMY) else call.detectable_copies


def _copies(axes: Axes, points: Sequence[CopyNumber], colour: str, label: str) -> None:
    copies = np.array([_known(one.copies_above_zero, 0.0) for one in points])
    low = copies - [_known(one.copies_low, at) for one, at in zip(points, copies, strict=True)]
    high = [_known(one.copies_high, at) for one, at in zip(points, copies, strict=True)] - copies
    axes.errorbar(
        [_known(one.purity, 0.0) for one in points],
        copies,
        yerr=[np.maximum(low, 0.0), np.maximum(high, 0.0)],
        linestyle="none",
        marker="o",
        markersize=4,
        color=colour,
        elinewidth=0.7,
        label=label,
    )


def _known(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
