"""What CNVkit says of the same bins: `call -m clonal --purity --ploidy`, `call` by thresholds, and `genemetrics`.

By library calls with the commands' defaults; segments by hmm-tumor, as in the workflow.
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
from cnvlib import call, reports, segmentation
from cnvlib.cnary import CopyNumArray


def compare(simulator: Any, cells: Sequence[Any], cell_of: Callable[..., Any]) -> list[dict[str, object]]:
    """One sample of each cell, judged by the workflow and by CNVkit."""
    del cell_of
    logging.disable(logging.WARNING)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for cell in cells:
            frame = simulator.frame(cell)
            ours = simulator.judge(frame, cell)
            clonal, threshold, listed = _cnvkit(frame, cell.purity, cell.ploidy, simulator)
            rows.append(ours | {"clonal": clonal, "threshold": threshold, "genemetrics": listed})
    logging.disable(logging.NOTSET)
    return rows


def _cnvkit(frame: pd.DataFrame, purity: float, ploidy: float, simulator: Any) -> tuple[float, float, float]:
    """Copies of the segment over the middle of ERBB2 by both methods, and genemetrics' log2 (NaN: not listed)."""
    bins = CopyNumArray(frame.copy(), {"sample_id": "S"})
    segments = segmentation.do_segmentation(bins, "hmm-tumor")
    middle = int(frame.iloc[simulator.gene]["start"].median())
    clonal = call.do_call(segments, method="clonal", ploidy=int(ploidy), purity=purity)
    threshold = call.do_call(segments, method="threshold")
    listed = reports.do_genemetrics(bins)
    hit = listed[listed["gene"] == "ERBB2"] if len(listed) else listed
    return _at(clonal, middle), _at(threshold, middle), float(hit["log2"].iloc[0]) if len(hit) else math.nan


def _at(segments: CopyNumArray, position: int) -> float:
    table = segments.data
    over = table[(table["chromosome"] == "chr17") & (table["start"] <= position) & (table["end"] > position)]
    return float(over["cn"].iloc[0]) if len(over) else math.nan


def table(rows: pd.DataFrame) -> Iterator[str]:
    """A line for each caller."""
    yield "| assay | caller | mean C error | C >= 8 read as >= 6 | C >= 6, C - P >= 3 read as negative | samples |"
    yield "|---|---|---|---|---|---|"
    for assay, of in rows.groupby("assay", sort=False):
        high = of.query("copies >= 8 and copies - ploidy >= 3")
        amplified = of.query("copies >= 6 and copies - ploidy >= 3")
        ours = (high["state"] == "AMP").mean(), int((amplified["state"] == "NEG").sum())
        yield _line(assay, "cetux", f"{of['error'].mean():.1%}", *ours, len(amplified), len(of))
        for caller in ("clonal", "threshold"):
            error = (of[caller] / of["copies"] - 1).abs().mean()
            negative = int((amplified[caller] < 4).sum())
            name = f"cnvkit call, {caller}"
            yield _line(assay, name, f"{error:.1%}", (high[caller] >= 6).mean(), negative, len(amplified), len(of))
        missing = int(amplified["genemetrics"].isna().sum())
        seen = high["genemetrics"].notna().mean()
        yield _line(assay, "cnvkit genemetrics (listed at all)", "-", seen, missing, len(amplified), len(of))


def _line(assay: object, caller: str, error: str, high: float, negative: int, amplified: int, many: int) -> str:
    return f"| {assay} | {caller} | {error} | {high:.1%} | {negative} of {amplified} | {many} |"
