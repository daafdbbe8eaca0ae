"""A picture of the gene's chromosome in one sample: bins, controls, gene, segments and thresholds, as SVG text.

The same record and bins give the same bytes: no date, no host and no random identifier stands in it.
"""

import io
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from cetux.amplification_rules import rules_of
from cetux.copies import expected_log2
from cetux.evidence import CopyNumber
from cetux.gene_bins import OFF_TARGET, Bins, Locus, control_loci, measured, middle_of, over
from cetux.kept_bins import kept_bins
from cetux.records import write_text
from cetux.resources import Interval

_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#777777"
"""Okabe and Ito's colours, which the colour-blind tell apart."""
_LOWEST, _LEAST_TOP = -2.5, 2.0
_MOST_POINTS = 2000
"""More bins of one kind (a genome's) are drawn as the medians of neighbours, or the file grows to megabytes."""


def write_picture(bins: Bins, call: CopyNumber, locus: Locus, rules: Mapping[str, Any], path: str | Path) -> None:
    """Write the picture of one call to `path`; of a sample that is not usable, the reason stands in an empty one."""
    write_text(chromosome_svg(bins, call, locus, rules), path)


def chromosome_svg(bins: Bins, call: CopyNumber, locus: Locus, rules: Mapping[str, Any]) -> str:
    """The picture of one call.

    Args:
        bins: corrected bins and segments of the sample.
        call: what was decided from them.
        locus: the gene and its controls.
        rules: the `erbb2` section of the settings, for the thresholds at this sample's purity.
    """
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "cetux", "font.size": 9.0, "text.parse_math": False}):
        figure = Figure(figsize=(8.0, 3.8), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _draw(axes, bins, call, locus, rules)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _draw(axes: Axes, bins: Bins, call: CopyNumber, locus: Locus, rules: Mapping[str, Any]) -> None:
    chrom = locus.exons[0].chrom
    axes.set_title(f"{call.sample}: {locus.gene} {call.state}", loc="left")
    axes.set_xlabel(f"Chromosome {chrom} (Mb)")
    axes.set_ylabel("log2 ratio to the normals")
    axes.spines[["top", "right"]].set_visible(False)
    here = over(measured(bins.ratios), [Interval(chrom, 0, 1 << 40)]).sort_values("start")
    top = max(_LEAST_TOP, float(here["log2"].max()) + 0.3 if len(here) else 0.0)
    axes.set_ylim(_LOWEST, top)
    excluded = locus.excluded
    axes.axvspan(excluded.start / 1e6, excluded.end / 1e6, color=_GREY, alpha=0.12, linewidth=0, gid="excluded")
    off_target = here["gene"].isin(OFF_TARGET)
    targets = here[~off_target]
    gene = over(targets, locus.exons)
    failed = gene.drop(index=kept_bins(bins, locus).rows.index)
    loci = control_loci(targets, locus, rules["min_bins_per_control"])
    controls = pd.concat([targets.iloc[:0], *loci.values()])
    others = targets.drop(index=[*gene.index, *controls.index])
    _points(axes, here[off_target], "off target", "#cccccc", 3.0)
    _points(axes, others, "other targets", _GREY, 3.0)
    _points(axes, controls, f"controls ({len(loci)} loci)", _BLUE, 3.0)
    _points(axes, gene.drop(index=failed.index), locus.gene, _ORANGE, 4.5)
    _points(axes, failed, "not used", "#e8c8a8", 4.5)
    _segments(axes, over(bins.segments, [Interval(chrom, 0, 1 << 40)]))
    _thresholds(axes, call, rules, top)
    if call.log2 is not None and call.log2_low is not None and call.log2_high is not None:
        errors = [[call.log2 - call.log2_low], [call.log2_high - call.log2]]
        at = middle_of(locus).start / 1e6
        axes.errorbar([at], [call.log2], yerr=errors, color="black", capsize=3.0, marker="_", label="mean, 95 %")
    reason = "\n".join(textwrap.wrap(call.reason, 115))
    axes.text(0.0, -0.22, reason, transform=axes.transAxes, fontsize=8, va="top", gid="reason")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)


def _points(axes: Axes, rows: pd.DataFrame, label: str, colour: str, size: float) -> None:
    """Middles of bins against their log2, those below the axis at its edge; nothing where there are none."""
    if not len(rows):
        return
    x = ((rows["start"] + rows["end"]) / 2e6).to_numpy()
    y = np.maximum(rows["log2"].to_numpy(dtype=float), _LOWEST)
    parts = np.array_split(np.arange(len(x)), min(len(x), _MOST_POINTS))
    axes.plot(
        [float(np.median(x[part])) for part in parts],
        [float(np.median(y[part])) for part in parts],
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor=colour,
        markeredgewidth=0,
        label=label,
        gid=label.split(" (")[0].replace(" ", "-"),
    )


def _segments(axes: Axes, segments: pd.DataFrame) -> None:
    columns = (segments[name].to_numpy(dtype=float).tolist() for name in ("start", "end", "log2"))
    for at, (start, end, log2) in enumerate(zip(*columns, strict=True)):
        height, label = max(log2, _LOWEST), "_" if at else "segments"
        axes.plot([start / 1e6, end / 1e6], [height] * 2, color=_GREEN, linewidth=1.8, label=label, gid="segment")


def _thresholds(axes: Axes, call: CopyNumber, rules: Mapping[str, Any], top: float) -> None:
    """Lines at the copies of the rules, where this purity and ploidy put them; at unknown purity observed copies."""
    used = rules_of(rules, call.plasma)
    if call.purity is None:
        lines = {f"{used['amp_observed_copies']:g} observed copies": float(np.log2(used["amp_observed_copies"] / 2))}
    else:
        ploidy = call.ploidy or 2.0
        careful = call.purity * float(used["purity_lower_factor"])  # where a negative is judged
        wanted = ((used["amp_copies"], call.purity), (used["neg_copies"], careful))
        lines = {f"{c:g} copies at purity {p:g}": expected_log2(c, p, ploidy) for c, p in wanted}
    for style, (label, height) in zip(("--", ":"), lines.items(), strict=False):
        seen = label if height <= top else f"{label} (log2 {height:.1f}, above)"
        axes.axhline(height, color="black", linestyle=style, linewidth=0.9, label=seen, gid="threshold")
    axes.set_ylim(_LOWEST, top)
