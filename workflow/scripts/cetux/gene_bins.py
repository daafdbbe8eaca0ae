"""Which of CNVkit's bins belong to a gene and which to its controls: by coordinates, never by label."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from cetux.genomes import plain_contig
from cetux.resources import Interval, chromosome_17, copied_genes, erbb2_exons

OFF_TARGET = ("Antitarget", "Background")
"""What CNVkit calls the bins between the targets."""
EXTENDED_GENES = ("EGFR", "MET", "KRAS")
"""Genes beside ERBB2 whose amplification is annotated and decides nothing (rules: other candidates)."""
_NEAR_BP = 2_500_000
"""What lies nearer to such a gene may be amplified with it and is no control [P]; of ERBB2 the rules leave out 5 Mb."""
_LOCUS_BP = 1_000_000
_EMPTY_LOG2 = -15.0
"""Below this a bin had no read (CNVkit's drop_low_coverage): nothing was measured there, which is no loss of copies."""


@dataclass(frozen=True)
class Locus:
    """A gene and what it is compared with.

    exons: where its bins are looked for. arm: the arm of the controls. excluded: what of the arm is too near to serve.
    other_arm: reported apart, None if there is none.
    """

    gene: str
    exons: tuple[Interval, ...]
    arm: Interval
    excluded: Interval
    other_arm: Interval | None


def erbb2_locus(build: str, whole_genome: bool = False) -> Locus:
    """ERBB2 with its 17q controls outside GRCh37 17:35-40 Mb, and 17p reported apart (it is often lost).

    whole_genome: bins lie over the introns, too, and all of the gene's are its own.
    """
    landmarks, exons = chromosome_17(build), erbb2_exons(build)
    span = Interval(exons[0].chrom, min(exon.start for exon in exons), max(exon.end for exon in exons))
    own = (span,) if whole_genome else exons
    return Locus("ERBB2", own, landmarks["17q"], landmarks["ERBB2_excluded"], landmarks["17p"])


def extended_loci(build: str) -> tuple[Locus, ...]:
    """The other genes, each with the loci of its own arm as controls: the counterpart of 17q for ERBB2.

    As with 17q, a gain of the whole arm then leaves the ratio Q at 1 (EGFR: 7p, MET: 7q, KRAS: 12p, often gained in
    colorectal cancer), and an arm with fewer than three loci makes Q not assessable. All bins between start and stop
    codon are the gene's: few targets lie in introns, and KRAS has four coding exons.
    """
    return tuple(_extended_locus(gene, copied_genes(build)) for gene in EXTENDED_GENES)


def _extended_locus(gene: str, landmarks: Mapping[str, Interval]) -> Locus:
    span = landmarks[gene]
    short, long = landmarks[f"{span.chrom}p"], landmarks[f"{span.chrom}q"]
    arm, other_arm = (short, long) if span.end <= short.end else (long, short)
    near = Interval(span.chrom, span.start - _NEAR_BP, span.end + _NEAR_BP)
    return Locus(gene, (span,), arm, near, other_arm)


@dataclass(frozen=True)
class Bins:
    """CNVkit's corrected bins (.cnr: chromosome, start, end, gene, log2, weight), its segments (.cns: chromosome,
    start, end, log2) and the bins that the assay was designed with (chromosome, start, end).
    """

    ratios: pd.DataFrame
    segments: pd.DataFrame
    designed: pd.DataFrame


def read_bins(ratios: str, segments: str, designed: str) -> Bins:
    """Bins from CNVkit's .cnr and .cns and the BED of the design. An empty number is NaN; a gene may be called NA."""
    contigs: dict[Hashable, type[str]] = {"chromosome": str, "gene": str}
    missing = {column: ["", "NA", "nan", "NaN"] for column in ("log2", "depth", "weight")}
    return Bins(
        pd.read_csv(ratios, sep="\t", dtype=contigs, keep_default_na=False, na_values=missing),
        pd.read_csv(segments, sep="\t", dtype=contigs, keep_default_na=False, na_values=missing),
        pd.read_csv(
            designed, sep="\t", header=None, usecols=[0, 1, 2], names=["chromosome", "start", "end"], dtype={0: str}
        ),
    )


def over(frame: pd.DataFrame, intervals: Sequence[Interval]) -> pd.DataFrame:
    """Rows that overlap any of the intervals, found by coordinates and never by label."""
    return frame[_overlapping(frame, intervals)]


def outside(frame: pd.DataFrame, intervals: Sequence[Interval]) -> pd.DataFrame:
    """Rows that overlap none of the intervals."""
    return frame[~_overlapping(frame, intervals)]


def _overlapping(frame: pd.DataFrame, intervals: Sequence[Interval]) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(frame), dtype=bool)
    codes, names = pd.factorize(frame["chromosome"])
    plain = [plain_contig(str(name)) for name in names]
    starts, ends = frame["start"].to_numpy(), frame["end"].to_numpy()
    for chrom in {interval.chrom for interval in intervals}:
        here = np.flatnonzero(np.isin(codes, [code for code, name in enumerate(plain) if name == chrom]))
        for interval in intervals:
            if interval.chrom == chrom:
                chosen[here] |= (starts[here] < interval.end) & (ends[here] > interval.start)
    return chosen


def measured(ratios: pd.DataFrame) -> pd.DataFrame:
    """Bins that hold a measurement: a missing log2, a bin without a read and one without weight hold none."""
    depth = ratios["depth"] if "depth" in ratios else pd.Series(1.0, ratios.index)
    log2, weight = ratios["log2"], ratios["weight"]
    weighed = weight.gt(0) & weight.lt(np.inf)
    return ratios[log2.gt(_EMPTY_LOG2) & log2.lt(np.inf) & weighed & depth.gt(0)]


def loci(targets: pd.DataFrame, least: int) -> tuple[pd.DataFrame, list[slice]]:
    """Target bins in order, and the rows of each locus: cut where a bin begins 1 Mb or more after its first one.

    That is a gene or two on a panel. Cut so, and not on a grid, a gene is not halved by where it lies, and both builds
    give the same loci. Loci of fewer than `least` bins are left out.
    """
    ordered = targets.sort_values(["chromosome", "start"])
    contigs, starts = ordered["chromosome"].to_numpy(), ordered["start"].to_numpy()
    edges = [0, *(np.flatnonzero(contigs[1:] != contigs[:-1]) + 1).tolist(), len(starts)]
    found = []
    for first, last in pairwise(edges):
        at = first
        while at < last:
            end = first + int(np.searchsorted(starts[first:last], starts[at] + _LOCUS_BP))
            found += [slice(at, end)] * (end - at >= least)
            at = end
    return ordered, found


def control_loci(targets: pd.DataFrame, locus: Locus, least: int) -> dict[str, pd.DataFrame]:
    """Loci of the arm outside the excluded region, by a label for people: genes and place."""
    arm = over(targets, [locus.arm])
    named = {}
    ordered, found = loci(outside(arm, [locus.excluded]), least)
    for rows in found:
        members = ordered.iloc[rows]
        genes = sorted({str(gene) for gene in members["gene"]} - {"-", "", "nan"})
        label = "/".join(genes[:2]) if genes else "unnamed"
        named[f"{label} ({locus.arm.chrom}:{members['start'].iloc[0] / 1e6:.1f}Mb)"] = members
    return named


def middle_of(locus: Locus) -> Interval:
    """The base in the middle of the gene."""
    start, end = min(exon.start for exon in locus.exons), max(exon.end for exon in locus.exons)
    centre = (start + end) // 2
    return Interval(locus.exons[0].chrom, centre, centre + 1)
