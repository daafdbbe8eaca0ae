"""A picture of one plate: standards, curve, limits of quantification and unknowns, as SVG text.

The same record gives the same bytes: no date, no host and no random identifier stands in it.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from cetux.pictures import plain_ticks
from cetux.plate_layout import Role
from cetux.plate_records import PlateFileRecord, PlateResult, WellResult
from cetux.records import write_text

_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#777777"
"""Okabe and Ito's colours, which the colour-blind tell apart."""


def write_pictures(record: PlateFileRecord, folder: str | Path) -> None:
    """Write a picture of each plate of a record that has a curve: ``plate_<number>.svg`` in `folder`, which is made."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for result in record.results:
        if result.curve is not None:
            write_text(plate_svg(record, result), Path(folder) / f"plate_{result.number}.svg")


def plate_svg(record: PlateFileRecord, result: PlateResult) -> str:
    """The picture of one plate of a record; x is the concentration in the well (before dilution), y the
    density.
    """
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "cetux", "font.size": 9.0, "text.parse_math": False}):
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _draw(axes, record, result)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _draw(axes: Axes, record: PlateFileRecord, result: PlateResult) -> None:
    verdict = "accepted" if not result.failures else "FAILED"
    axes.set_title(f"{record.plates}, plate {result.number} ({result.name}): {verdict}", loc="left")
    axes.set_xlabel("Concentration in the well (pg/mL)")
    axes.set_ylabel("Optical density" + (" less blank" if result.blank_density is not None else ""))
    axes.set_xscale("log")
    plain_ticks(axes.xaxis)
    axes.spines[["top", "right"]].set_visible(False)
    left = _left_edge(result, record)
    _standards(axes, result.wells, left)
    lower = result.lower_limit_pg_per_ml or record.lloq_pg_per_ml
    upper = result.upper_limit_pg_per_ml or record.uloq_pg_per_ml
    for limit, name in ((lower, "lower"), (upper, "upper")):
        axes.axvline(limit, color=_GREY, linestyle="--", linewidth=0.8, gid=f"limit-{name}")
    if result.curve is not None:
        x = np.geomspace(left, upper * 2, 200)
        axes.plot(
            x,
            [result.curve.density(float(value)) for value in x],
            color=_BLUE,
            linewidth=1.2,
            label="curve",
            gid="curve",
        )
    _samples(axes, result.wells, lower, upper)
    for at, failure in enumerate(result.failures):
        axes.text(0.02, 0.5 - 0.06 * at, failure[:90], transform=axes.transAxes, color=_ORANGE, fontsize=7, va="top")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", frameon=False, fontsize=8)


def _left_edge(result: PlateResult, record: PlateFileRecord) -> float:
    """Where the zero standard is drawn: a third of the lowest concentration above zero, for a log axis has no
    zero.
    """
    nominal = [w.nominal_pg_per_ml for w in result.wells if w.role is Role.STANDARD and w.nominal_pg_per_ml]
    return min([*nominal, record.lloq_pg_per_ml]) / 3


def _standards(axes: Axes, wells: Sequence[WellResult], left: float) -> None:
    for masked, face, label in ((False, _BLUE, "standards"), (True, "none", "masked standards")):
        points = [
            (w.nominal_pg_per_ml or left, w.density)
            for w in wells
            if w.role is Role.STANDARD
            and w.masked is masked
            and w.density is not None
            and w.nominal_pg_per_ml is not None
        ]
        _points(axes, points, "o", label, face, _BLUE)


def _samples(axes: Axes, wells: Sequence[WellResult], lower: float, upper: float) -> None:
    """Unknowns and controls on the curve; those beyond a limit stand at it."""
    for role, marker, label, colour in ((Role.UNKNOWN, "x", "samples", _ORANGE), (Role.QC, "s", "controls", _GREEN)):
        used = [w for w in wells if w.role is role and not w.masked and w.density is not None]
        read = [(w.concentration_pg_per_ml, w.density) for w in used if w.concentration_pg_per_ml is not None]
        _points(axes, read, marker, label, colour, colour)
        for sign, limit, arrow in (("<", lower, "<"), (">", upper, ">")):
            beyond = [(limit, w.density) for w in used if w.censored == sign]
            _points(axes, beyond, arrow, f"{label} {sign} {limit:g}", "none", colour)


def _points(
    axes: Axes, points: Iterable[tuple[float, float | None]], marker: str, label: str, face: str, edge: str
) -> None:
    """Points with a label for the legend; nothing where there are none."""
    pairs = list(points)
    if not pairs:
        return
    x, y = zip(*pairs, strict=True)
    axes.plot(
        x,
        y,
        label=label,
        gid=label.replace(" ", "-"),
        linestyle="none",
        marker=marker,
        markersize=5.0,
        markerfacecolor=face,
        markeredgecolor=edge,
    )
