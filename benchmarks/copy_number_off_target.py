"""Whether taking off the normals' patterns brings real tumours nearer to the truth: reads between the targets as judge.

Off-target reads are captured by no bait: what bins over the targets share by capture and GC of the baits, they do not.
For every gene with three or more target bins its weighted mean log2, with and without the patterns, is held against the
median log2 of the off-target bins (about 150 kb each) that lie within 0.5 Mb. Those of a focal gain see less of it than
the gene does, and few reads scatter; neither depends on whether patterns were taken off. Nothing was chosen by looking
at this comparison.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import copy_number_noise as noise
import numpy as np
import pandas as pd

from cetux import correction
from cetux.counts import Usable
from cetux.gene_bins import over
from cetux.genomes import plain_contig
from cetux.resources import Interval

NEAR_BP = 500_000
_LEAST_BINS = 3
_MOST_SPREAD_LOG2 = 0.35
"""Of an off-target bin between the normals; noisier ones are left out."""
_GC = (0.3, 0.6)
_GC_PARTS = 40


def off_target(source: Path, normals: list[str], tumours: list[str]) -> pd.DataFrame:
    """Bins that can be judged (chromosome, start, end), with a column of log2 for each tumour."""
    key = ["chromosome", "start", "end"]
    gc = pd.read_csv(source / "reference-tr.cnn.gz", sep="\t")[[*key, "gc"]]
    read = {name: pd.read_csv(source / f"{name}.antitargetcoverage.cnn.gz", sep="\t") for name in [*normals, *tumours]}
    frame = read[normals[0]][key].merge(gc, how="left", on=key)
    log2 = {name: table["log2"] - table["log2"].median() for name, table in read.items()}
    pooled = np.array([log2[name] for name in normals])
    parts = pd.qcut(frame["gc"], _GC_PARTS, labels=False)
    for name in tumours:
        apart = log2[name] - np.median(pooled, axis=0)
        frame[name] = apart - apart.groupby(parts).transform("median")
    return frame[(pooled.std(axis=0) < _MOST_SPREAD_LOG2) & frame["gc"].between(*_GC)]


def on_target(source: Path, normals: list[str], tumours: list[str]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Corrected target bins of each tumour: with the patterns taken off, and without."""
    gc = pd.read_csv(source / "reference-tr.cnn.gz", sep="\t")[["chromosome", "start", "end", "gc"]]
    how, found = correction.Correction(gc=True, edges=False), {}
    with TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        depths = {name: noise.write_depths(source, name, gc, folder) for name in [*normals, *tumours]}
        reference, outs = str(folder / "r.cnn"), (str(folder / "x.cnr"), str(folder / "x.cns"))
        correction.build_reference([depths[name] for name in normals], "", "", None, how, reference)

        def corrected(name: str) -> pd.DataFrame:
            correction.correct_coverage(name, Usable(), depths[name], reference, how, "none", *outs)
            return pd.read_csv(outs[0], sep="\t")

        for name in tumours:
            with mock.patch.object(correction, "without_patterns", lambda bins, _: bins["log2"]):
                plain = corrected(name)
            found[name] = corrected(name), plain
    return found


def compare(source: Path, normals: list[str], tumours: list[str]) -> pd.DataFrame:
    """A row for each tumour and gene: log2 by off-target bins, by target bins, and by those without patterns."""
    between, rows = off_target(source, normals, tumours), []
    for name, (bins, plain) in on_target(source, normals, tumours).items():
        for (contig, gene), members in bins.groupby(["chromosome", "gene"]):
            start, end = members["start"].min() - NEAR_BP, members["end"].max() + NEAR_BP
            near = over(between, [Interval(plain_contig(str(contig)), start, end)])[name]
            if gene in ("CGH", "-") or min(len(members), len(near)) < _LEAST_BINS:
                continue
            means = [
                np.average(table["log2"], weights=table["weight"]) for table in (members, plain.loc[members.index])
            ]
            rows.append((name, gene, float(near.median()), *means))
    return pd.DataFrame(rows, columns=["tumour", "gene", "off_target", "with_patterns_off", "as_measured"])


def table(rows: pd.DataFrame) -> Iterator[str]:
    """A line for each tumour: standard deviation over the genes of target less off-target log2."""
    yield "| tumour | genes | sd as measured | sd with the patterns taken off | change |"
    yield "|---|---|---|---|---|"
    for name, genes in rows.groupby("tumour"):
        sd = [float((genes[which] - genes["off_target"]).std()) for which in ("as_measured", "with_patterns_off")]
        yield f"| {name} | {len(genes)} | {sd[0]:.3f} | {sd[1]:.3f} | {sd[1] / sd[0] - 1:+.0%} |"
