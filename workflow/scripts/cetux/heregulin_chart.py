"""Heregulin of every patient against the cut-off of its assay and matrix."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from cetux.cohort_calls import CohortCalls
from cetux.evidence import HeregulinResult
from cetux.pictures import BLUE, INK, ORANGE, Chart, inline_svgs, number, plain_ticks
from cetux.states import Heregulin, Timepoint

_MOST_NAMED = 60


def chart(calls: CohortCalls) -> Chart:
    """Heregulin of every patient on a log axis, with interval and cut-off; one picture per assay and matrix."""
    results = [
        result
        for patient in calls.patients
        for result in sorted(patient.heregulin, key=lambda one: one.timepoint is not Timepoint.PRE)
        if result.state is not Heregulin.MISSING and _level(result) is not None
    ]
    kits = sorted({(result.assay, result.matrix) for result in results})

    def draw(every: list[Axes]) -> None:
        for axes, (assay, matrix) in zip(every, kits or [("no value", "")], strict=True):
            _heregulin(axes, [one for one in results if (one.assay, one.matrix) == (assay, matrix)])
            axes.set_title(f"{assay} {matrix}".strip())

    high = sum(result.state is Heregulin.HIGH for result in results)
    return Chart(
        name="heregulin",
        title="Heregulin by patient",
        alt=f"{len(results)} values, {high} HIGH. Triangles lie beyond the limits of quantification; the line is "
        "the cut-off of the assay and matrix; bars are 90 % intervals.",
        svg=inline_svgs(draw, 7.5, 2.9 * max(len(kits), 1), max(len(kits), 1)),
        columns=("patient", "time point", "state", "pg/mL", "90 % low", "90 % high", "cut-off", "assay", "matrix"),
        rows=tuple(
            (
                *(one.patient, str(one.timepoint), str(one.state), f"{one.censored}{number(_level(one), 5)}"),
                *(number(one.interval_low_pg_per_ml, 5), number(one.interval_high_pg_per_ml, 5)),
                *(number(one.cutoff_pg_per_ml, 5), one.assay, one.matrix),
            )
            for one in results
        ),
    )


def _level(result: HeregulinResult) -> float | None:
    return result.value_pg_per_ml if result.value_pg_per_ml is not None else result.limit_pg_per_ml


def _heregulin(axes: Axes, results: Sequence[HeregulinResult]) -> None:
    names = sorted({result.patient for result in results})
    place = {name: x for x, name in enumerate(names)}
    for timepoint, colour, shift in ((Timepoint.PRE, BLUE, -0.15), (Timepoint.POST, ORANGE, 0.15)):
        for censored, marker in (("", "o"), ("<", "v"), (">", "^")):
            points = [r for r in results if r.timepoint is timepoint and r.censored == censored]
            levels = [_level(point) or 0.0 for point in points]
            low = [y - (p.interval_low_pg_per_ml or y) for p, y in zip(points, levels, strict=True)]
            high = [(p.interval_high_pg_per_ml or y) - y for p, y in zip(points, levels, strict=True)]
            axes.errorbar(
                [place[point.patient] + shift for point in points],
                levels,
                yerr=[np.maximum(low, 0.0), np.maximum(high, 0.0)] if points else None,
                linestyle="none",
                marker=marker,
                markersize=4,
                color=colour,
                elinewidth=0.7,
                label=str(timepoint) if not censored else None,
            )
    for cutoff in sorted({result.cutoff_pg_per_ml for result in results if result.cutoff_pg_per_ml is not None}):
        axes.axhline(cutoff, color=INK, linestyle="--", linewidth=0.9, label=f"cut-off {number(cutoff, 5)}")
    axes.set_ylabel("pg/mL")
    if results:
        axes.set_yscale("log")
        plain_ticks(axes.yaxis)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    _name_patients(axes, names)


def _name_patients(axes: Axes, names: Sequence[str]) -> None:
    if len(names) <= _MOST_NAMED:
        axes.set_xticks(range(len(names)), list(names), rotation=90, fontsize=7)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(names)} patients")
