"""How many patients would be called otherwise at each value of each threshold."""

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cetux.pictures import BLUE, INK, Chart, inline_svgs, standalone
from cetux.what_if import Sweep, WhatIf


def chart(found: WhatIf) -> Chart:
    """One small picture for each threshold that moves anybody; the others are named."""
    moving = [sweep for sweep in found.sweeps if any(sweep.flips)]
    still = [sweep.threshold for sweep in found.sweeps if not any(sweep.flips)]

    def draw(every: list[Axes]) -> None:
        for axes, sweep in zip(every, moving, strict=False):
            _draw(axes, sweep)
        if not moving:
            every[0].set_axis_off()
            every[0].text(0.5, 0.5, "no call changes", ha="center", transform=every[0].transAxes)

    most = max((len(flips) for sweep in moving for flips in sweep.flips), default=0)
    moved = "class, status or primary mechanism"
    alt = f"{len(moving)} thresholds change {moved} within their range, at most {most} patients at one value."
    return Chart(
        name="what-if",
        title="Patients whose call would change",
        alt=f"{alt} No effect on {moved}: {', '.join(still) or 'none'}.",
        svg=inline_svgs(draw, 7.0, 1.5 * max(len(moving), 1), max(len(moving), 1)),
        columns=("threshold", "value", "now", "patients changed", "range"),
        rows=tuple(
            (sweep.threshold, f"{value:g}", f"{sweep.current:g}", str(len(flips)), sweep.why)
            for sweep in found.sweeps
            for value, flips in zip(sweep.values, sweep.flips, strict=True)
        ),
    )


def picture(found: WhatIf) -> str:
    """The same picture as an SVG file of its own."""
    return standalone(chart(found).svg)


def _draw(axes: Axes, sweep: Sweep) -> None:
    places = range(len(sweep.values))
    axes.bar(places, [len(flips) for flips in sweep.flips], color=BLUE, width=0.6)
    axes.set_xticks(list(places), [f"{value:g}" for value in sweep.values])
    axes.axvline(sweep.values.index(sweep.current), color=INK, linestyle="--", linewidth=0.9)
    axes.set_title(f"{sweep.threshold} (now {sweep.current:g})", fontsize=9)
    axes.set_ylabel("patients")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
