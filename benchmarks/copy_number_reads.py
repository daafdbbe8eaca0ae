"""Copy number from reads: BAMs with known copies through coverage, reference, correction and call, all by the product.

A made-up panel: the exons of ERBB2, six loci of 17q, three of 17p and twenty elsewhere, each target with an efficiency
of its own. Eight normals make the reference. A locus of a sample is moved by a normal of 0.027 and a captured target by
one of 0.08 (log2), and reads are then drawn by Poisson. Single reads of 100 bp without errors: only their places
matter here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pysam

from cetux.amplification import Tumour, call_amplification
from cetux.correction import Correction, Depths, build_reference, correct_coverage, without_odd_normals
from cetux.counts import ReferenceNotes, Usable
from cetux.coverage import count_coverage
from cetux.design import design_bins
from cetux.gene_bins import erbb2_locus, read_bins
from cetux.resources import contig_lengths, erbb2_exons
from cetux.shared_noise import assay_variance

BUILD, READ_BP, NORMALS = "GRCh38", 100, 8
CELLS = [(c, p, q) for c in (2, 3, 6, 8, 10, 20) for p in (2, 4) for q in (0.2, 0.3, 0.5, 0.8, 1.0)]
LOCI = [("17", mb) for mb in (28, 31, 34, 46, 58, 75)] + [("17", mb) for mb in (3, 7, 15)]
LOCI += [(str(chrom), mb) for chrom in (1, 3, 7, 12) for mb in (20, 40, 60, 80, 100)]
Rng = np.random.Generator


@dataclass(frozen=True)
class Method:
    """depth: of the panel. spread: of the targets' efficiencies, log2; noise: of a target from sample to sample.
    bin_size_bp: None for the method's own.
    """

    name: str
    method: str
    depth: float
    spread: float
    noise: float
    bin_size_bp: int | None
    cells: int


METHODS = (
    Method("hybrid", "hybrid", 200, 0.4, 0.08, None, 60),
    Method("amplicon", "amplicon", 1000, 0.6, 0.08, None, 20),
    Method("WGS", "wgs", 30, 0.05, 0, None, 20),
    Method("low-pass", "wgs", 2, 0.05, 0, 2500, 20),
)


def run(rng: Rng, rules: dict[str, object], limits: dict[str, object]) -> list[dict[str, object]]:
    """Every cell of every method."""
    rows = []
    for method in METHODS:
        with TemporaryDirectory() as folder:
            rows += list(_method(method, Path(folder), rng, rules, limits))
    return rows


def _targets(method: str) -> pd.DataFrame:
    """Exons and stretches of 200 bp of a panel, ten amplicons of ERBB2, or 60 kb of genome around each locus."""
    exons = [("17", exon.start, exon.end, "ERBB2") for exon in erbb2_exons(BUILD)]
    if method == "wgs":
        wide = [("17", exons[0][1] - 10_000, exons[-1][2] + 10_000, "ERBB2")]
        wide += [(c, mb * 1_000_000, mb * 1_000_000 + 60_000, f"L{c}_{mb}") for c, mb in LOCI]
        return pd.DataFrame(wide, columns=["chromosome", "start", "end", "gene"])
    kept = exons if method == "hybrid" else [(c, a, a + 120, g) for c, a, _, g in exons[::3]]
    many = 10 if method == "hybrid" else 6
    starts = [(c, mb, mb * 1_000_000 + 3_000 * i) for c, mb in LOCI for i in range(many)]
    kept += [(c, start, start + 200, f"L{c}_{mb}") for c, mb, start in starts]
    return pd.DataFrame(kept, columns=["chromosome", "start", "end", "gene"])


def _method(
    method: Method, folder: Path, rng: Rng, rules: dict[str, object], limits: dict[str, object]
) -> Iterator[dict[str, object]]:
    targets = _targets(method.method).sort_values(["chromosome", "start"], key=_natural).reset_index(drop=True)
    efficiency = rng.normal(0, method.spread, len(targets))
    bed, bins, off_target = (str(folder / name) for name in ("targets.bed", "bins.bed", "off_target.bed"))
    targets.assign(chromosome="chr" + targets["chromosome"]).to_csv(bed, sep="\t", header=False, index=False)
    design_bins(bed, method.method, BUILD, None, method.bin_size_bp, bins, off_target)
    Path(off_target).write_text("", encoding="utf-8")  # no read lies between the targets here

    def depths(name: str, log2: np.ndarray) -> Depths:
        bam = _bam(folder / f"{name}.bam", targets, method.depth * 2 ** (efficiency + log2), rng)
        made = Depths(str(folder / f"{name}.cnn"), str(folder / f"{name}.off.cnn"))
        keep = method.method == "amplicon"
        usable = count_coverage(bam, bins, off_target, None, 0, keep, made.target, made.off_target)
        assert usable.ok, usable.reason
        Path(bam).unlink()
        return made

    normals = [depths(f"N{i}", _noise(targets, method, rng)) for i in range(NORMALS)]
    notes = ReferenceNotes(tuple(f"N{i}" for i in range(NORMALS)), {})
    kept, notes = without_odd_normals(normals, notes, BUILD, limits, str(folder / "spread.tsv"))
    correction, reference = Correction(gc=False, edges=False), str(folder / "reference.cnn")
    build_reference(kept, bins, off_target, None, correction, reference)
    gene = (targets["gene"] == "ERBB2").to_numpy()
    for copies, ploidy, purity in CELLS[:: len(CELLS) // method.cells]:
        truth = math.log2((purity * copies + 2 * (1 - purity)) / (purity * ploidy + 2 * (1 - purity)))
        tumour = depths("T", _noise(targets, method, rng) + truth * gene)
        outs = str(folder / "T.cnr"), str(folder / "T.cns")
        said = correct_coverage("T", Usable(), tumour, reference, correction, "hmm-tumor", *outs)
        assert said.usable.ok, said.usable.reason
        of = Tumour("T", purity, "", ploidy, method.method == "amplicon")
        normal = assay_variance(notes.shared_sd_log2, notes.shared_variance_spread)
        locus = erbb2_locus(BUILD, whole_genome=method.method == "wgs")
        found = call_amplification(read_bins(*outs, bins), locus, of, rules, (), normal)
        yield {
            "assay": method.name,
            "copies": copies,
            "ploidy": ploidy,
            "purity": purity,
            "state": str(found.state),
            "bins": found.bins_kept,
            "observed_error": abs(2 ** (found.log2 - truth) - 1) if found.log2 is not None else math.nan,
            "error": abs(found.copies / copies - 1) if found.copies is not None else math.nan,
            "inside": found.log2_low <= truth <= found.log2_high if found.log2_low is not None else math.nan,
        }


def _natural(column: pd.Series) -> pd.Series:
    return column.astype(int) if column.name == "chromosome" else column


def _noise(targets: pd.DataFrame, method: Method, rng: Rng) -> np.ndarray:
    codes, loci = pd.factorize(targets["gene"])
    return rng.normal(0, 0.027, len(loci))[codes] + rng.normal(0, method.noise, len(targets))


def _bam(path: Path, targets: pd.DataFrame, depth: np.ndarray, rng: Rng) -> str:
    """Reads that overlap each target, evenly, so that its depth is as given on average."""
    lengths = contig_lengths(BUILD)
    names = [str(name) for name in range(1, 23)]
    header = pysam.AlignmentHeader.from_references([f"chr{name}" for name in names], [lengths[name] for name in names])
    sequence, qualities = "A" * READ_BP, pysam.qualitystring_to_array("I" * READ_BP)
    with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
        for row, wanted in zip(targets.itertuples(index=False), depth, strict=True):
            first, places = row.start - READ_BP + 1, row.end - row.start + READ_BP - 1
            many = rng.poisson(wanted * places / READ_BP)
            for start in np.sort(rng.integers(first, first + places, many)).tolist():
                read = pysam.AlignedSegment(header)
                read.query_name, read.flag, read.mapping_quality = "r", 0, 60
                read.reference_id, read.reference_start = names.index(row.chromosome), start
                read.cigarstring, read.query_sequence, read.query_qualities = f"{READ_BP}M", sequence, qualities
                bam.write(read)
    pysam.samtools.sort("-o", str(path), str(path), catch_stdout=False)
    pysam.samtools.index(str(path), catch_stdout=False)
    return str(path)


def table(rows: list[dict[str, object]]) -> Iterator[str]:
    """A line for each method."""
    yield "| assay | cells | ERBB2 bins | observed error | C error | covered | AMP if sure, p >= 0.3 | NEG if AMP |"
    yield "|---|---|---|---|---|---|---|---|"
    for assay, of in pd.DataFrame(rows).groupby("assay", sort=False):
        sure = of.query("copies >= 8 and copies - ploidy >= 3 and copies > 2 * ploidy and purity >= 0.3")
        amplified = of.query("copies >= 6 and copies - ploidy >= 3")
        yield (
            f"| {assay} | {len(of)} | {of['bins'].median():.0f} | {of['observed_error'].mean():.1%} "
            f"| {of['error'].mean():.1%} | {of['inside'].mean():.0%} | {(sure['state'] == 'AMP').sum()} of {len(sure)} "
            f"| {(amplified['state'] == 'NEG').sum()} of {len(amplified)} |"
        )
