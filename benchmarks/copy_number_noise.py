"""The noise of corrected bins: of 18 real normals (each against a reference of the others), or simulated.

A sample of the real kind is one of the normals, its ERBB2 bins filled with the residuals of as many bins of another
gene of the same normal, so that what the bins of one gene share stays in. Only a few chromosomes are kept.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd

from cetux.correction import Correction, Depths, build_reference, correct_coverage
from cetux.counts import Usable
from cetux.coverage import no_coverage
from cetux.gene_bins import Locus, erbb2_locus, over

ROOT = Path(__file__).resolve().parents[1]
CHROMOSOMES = ("chr3", "chr7", "chr12", "chr17")
CACHE = ROOT / "build" / "benchmarks" / "real_normals.pkl"
Floats = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Assay:
    """bins: frame without noise; draw: noise (log2) of every bin of one sample; flat_sd: what a flat reference adds to
    a bin; told: where its noise comes from.
    """

    name: str
    bins: pd.DataFrame
    draw: Callable[[Rng], Floats]
    flat_sd: float
    locus: Locus
    amplicon: bool
    told: str


def real_source() -> Path | None:
    """Where the real coverage lies, if it is there."""
    given = os.environ.get("CETUX_REAL_DATA")
    folder = (Path(given) if given else ROOT.parent / "shared" / "data") / "copy_number" / "cnvkit_targeted"
    return folder if folder.is_dir() else None


def assays() -> list[Assay]:
    """All assays of the benchmark; the real hybrid panel only where its data lie there."""
    source = real_source()
    made = [
        _simulated("hybrid", 27, 6, 0.12, 0.027, 0.40, "simulated: null sd of a gene 0.035: 0.027 and 0.12 a bin"),
        _simulated("amplicon", 8, 6, 0.30, 0.08, 0.60, "simulated: 0.08 a gene, 0.30 a bin, eight amplicons"),
        _simulated("WGS", 21, 20, 0.12, 0.02, 0.05, "simulated: 30x in bins of 1 kb: 0.02 and 0.12"),
        _simulated("low-pass", 11, 20, 0.25, 0.03, 0.05, "simulated: 2x in bins of 2.5 kb: 0.03 and 0.25"),
    ]
    return [*([_real(source)] if source else []), *made]


def _simulated(
    name: str, gene_bins: int, locus_bins: int, sd: float, shared: float, flat_sd: float, told: str
) -> Assay:
    """ERBB2, twelve loci of 17q, five of 17p, and thirty of chromosome 3; sd of a bin, and of what a locus shares."""
    locus = erbb2_locus("GRCh38")
    exons = locus.exons
    starts = [exons[i * len(exons) // gene_bins].start + (i % 2) for i in range(gene_bins)]
    spans = [("chr17", start, "ERBB2") for start in starts]
    loci = [("chr17", 28 + 2 * i) for i in range(4)] + [("chr17", 44 + 4 * i) for i in range(8)]
    loci += [("chr17", 2 + 4 * i) for i in range(5)] + [("chr3", 5 + 3 * i) for i in range(30)]
    spans += [(c, mb * 1_000_000 + 3_000 * i, f"{c}_{mb}") for c, mb in loci for i in range(locus_bins)]
    frame = pd.DataFrame(spans, columns=["chromosome", "start", "gene"]).sort_values(["chromosome", "start"])
    frame = frame.reset_index(drop=True).assign(log2=0.0, depth=300.0, weight=0.9)
    frame["end"] = frame["start"] + 200
    codes, genes = pd.factorize(frame["gene"])

    def draw(rng: Rng) -> Floats:
        return rng.normal(0, shared, len(genes))[codes] + rng.normal(0, sd, len(frame))

    return Assay(name, frame, draw, flat_sd, locus, name == "amplicon", told)


def _real(source: Path) -> Assay:
    if not CACHE.exists():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        frame, residuals, flat = _residuals(source)
        pd.to_pickle((frame, residuals, flat), CACHE)
    frame, residuals, flat = pd.read_pickle(CACHE)
    locus = erbb2_locus("GRCh37")
    hit = np.flatnonzero(frame.index.isin(over(frame, locus.exons).index))
    genes = frame["gene"].to_numpy()
    named = [gene for gene, many in frame["gene"].value_counts().sort_index().items() if many >= len(hit)]
    pool = [np.flatnonzero(genes == gene) for gene in named if gene not in ("CGH", "-")]

    def draw(rng: Rng) -> Floats:
        noise = residuals[rng.integers(len(residuals))].copy()
        taken = pool[rng.integers(len(pool))]
        first = int(rng.integers(len(taken) - len(hit) + 1))
        noise[hit] = noise[taken[first : first + len(hit)]]
        return np.asarray(noise)

    told = f"{len(residuals)} real normals, each against the others, {len(frame)} bins; ERBB2 from {len(pool)} genes"
    return Assay("hybrid, real normals", frame, draw, flat, locus, False, told)


def _residuals(source: Path) -> tuple[pd.DataFrame, Floats, float]:
    """Bins kept in every normal, their log2 in each, and the sd of a bin's efficiency in the capture."""
    names = sorted(path.name.split(".")[0] for path in source.glob("TR_*_N.targetcoverage.cnn.gz"))
    gc = pd.read_csv(source / "reference-tr.cnn.gz", sep="\t")[["chromosome", "start", "end", "gc"]]
    correction, ratios, depths = Correction(gc=True, edges=False), {}, {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for sample in names:
            made = Depths(
                str(folder / f"{sample}.targetcoverage.cnn"), str(folder / f"{sample}.antitargetcoverage.cnn")
            )
            frame = pd.read_csv(source / f"{sample}.targetcoverage.cnn.gz", sep="\t")
            frame = frame[frame["chromosome"].isin(CHROMOSOMES)].merge(gc, how="left")
            frame.assign(depth=2.0 ** frame["log2"]).to_csv(made.target, sep="\t", index=False)
            no_coverage(made.off_target)
            depths[sample] = made
        for sample in names:
            reference = str(folder / "r.cnn")
            build_reference([depths[o] for o in names if o != sample], "", "", None, correction, reference)
            outs = str(folder / "x.cnr"), str(folder / "x.cns")
            correct_coverage(sample, Usable(), depths[sample], reference, correction, "none", *outs)
            ratios[sample] = pd.read_csv(outs[0], sep="\t").set_index(["chromosome", "start", "end"])
        pooled = pd.read_csv(folder / "r.cnn", sep="\t")
    kept = sorted(set.intersection(*(set(frame.index) for frame in ratios.values())))
    first = ratios[names[0]].loc[kept].reset_index()[["chromosome", "start", "end", "gene"]]
    weight = np.median([frame.loc[kept, "weight"] for frame in ratios.values()], axis=0)
    matrix = np.array([frame.loc[kept, "log2"].to_numpy() for frame in ratios.values()])
    good = pooled["log2"][pooled["log2"] > -5]
    flat = 1.4826 * float((good - good.median()).abs().median())
    return first.assign(log2=0.0, depth=300.0, weight=weight), matrix, flat
