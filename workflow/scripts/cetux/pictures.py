"""One look for every chart of the reports: colours that the colour-blind tell apart, text that follows light and dark.

The same data give the same bytes: no date, no host and no random identifier stands in a picture.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

BLUE, ORANGE, GREEN, GREY, PURPLE, SKY, AMBER = (
    *("#0072b2", "#d55e00", "#009e73", "#777777", "#cc79a7", "#56b4e9", "#e69f00"),
)
"""Okabe and Ito's colours, which the colour-blind tell apart; all are seen on white and on black."""

INK = "#010203"
"""Lines and letters: `inline_svg` lets them take the colour of the page's text."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cetux",
    "font.size": 9.0,
    "font.family": "sans-serif",
    "text.parse_math": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


@dataclass(frozen=True)
class Chart:
    """One chart of a report, with what a reader gets who cannot see it.

    name: identifies it on the page. alt: what it shows, in a sentence or two. svg: to stand inside a page.
    columns, rows: the numbers behind it, as text.
    """

    name: str
    title: str
    alt: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def inline_svg(draw: Callable[[Axes], None], width_in: float, height_in: float) -> str:
    """A picture to stand inside an HTML page: without XML declaration, its ink in the colour of the page's text.

    Args:
        draw: draws on one set of axes.
        width_in, height_in: size in inches; the page scales it down where there is less room.
    """
    return inline_svgs(lambda every: draw(every[0]), width_in, height_in, rows=1)


def inline_svgs(draw: Callable[[list[Axes]], None], width_in: float, height_in: float, rows: int) -> str:
    """The same with several axes below each other, which share nothing."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasSVG(figure)
        draw(list(figure.subplots(rows, 1, squeeze=False)[:, 0]))
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :].replace(INK, "currentColor")


def plain_ticks(axis: Axis) -> None:
    """Numbers as they are spoken (1000) on a logarithmic axis, whose own labels are formulas."""
    if axis.get_scale() == "log":
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # within one decade too there are numbers
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def standalone(svg: str) -> str:
    """An inline picture as a file of its own: dark letters on white, whatever shows it."""
    white = '<rect width="100%" height="100%" fill="#ffffff"/>'
    head = svg.index(">", svg.index("<svg")) + 1
    declared = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declared + svg[:head] + white + svg[head:].replace("currentColor", INK)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people; empty where there is none.

    >>> number(0.123456), number(None), number(12345.6)
    ('0.123', '', '12346')
    """
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
