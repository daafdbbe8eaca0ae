"""What changed from before treatment to progression, patient by patient, from the cohort's statistics."""

from matplotlib.axes import Axes

from cetux.pictures import BLUE, ORANGE, Chart, inline_svgs, number, plain_ticks
from cetux.statistics_records import Bounded, CohortStatistics, Pair, PairedSeries

_LOG = ("heregulin", "copies")


def chart(statistics: CohortStatistics) -> Chart:
    """One slope a patient and measure; a value beyond a limit of quantification is drawn at the limit."""
    every = [series for series in statistics.paired if series.pairs]

    def draw(axes: list[Axes]) -> None:
        for one, series in zip(axes, every or [PairedSeries("no pair of samples", ())], strict=True):
            _draw(one, series)

    said = "; ".join(
        f"{_name(one)}: {len(one.pairs)} pairs, {sum(map(_rises, one.pairs))} higher after" for one in every
    )
    return Chart(
        name="slopes",
        title="Before treatment and at progression",
        alt=f"{said or 'No patient has a value at both time points'}. Orange lines rise.",
        svg=inline_svgs(draw, 4.5, 2.6 * max(len(every), 1), max(len(every), 1)),
        columns=("measure", "patient", "followed", "pre", "post"),
        rows=tuple(
            (_name(series), pair.patient, pair.what, _text(pair.pre), _text(pair.post))
            for series in every
            for pair in series.pairs
        ),
    )


def _draw(axes: Axes, series: PairedSeries) -> None:
    axes.set_title(f"{_name(series)}, n = {len(series.pairs)}")
    axes.set_xticks([0, 1], ["pre", "post"])
    axes.set_xlim(-0.2, 1.2)
    for pair in series.pairs:
        ends = [_drawn(pair.pre), _drawn(pair.post)]
        axes.plot([0, 1], ends, color=ORANGE if _rises(pair) else BLUE, marker="o", markersize=3, linewidth=0.9)
    if series.pairs and any(word in series.measure for word in _LOG):
        axes.set_yscale("symlog", linthresh=1.0)
        plain_ticks(axes.yaxis)


def _name(series: PairedSeries) -> str:
    return series.measure.replace("_pg_per_ml", " (pg/mL)").replace("_", " ").replace("vaf", "VAF")


def _drawn(value: Bounded) -> float:
    """The value, or the limit that it lies beyond."""
    if value.high is None:
        return value.low
    return value.low if value.low == value.high else value.high


def _rises(pair: Pair) -> bool:
    return _drawn(pair.post) > _drawn(pair.pre)


def _text(value: Bounded) -> str:
    if value.high is None:
        return f">{number(value.low)}"
    return number(value.low) if value.low == value.high else f"<{number(value.high)}"
