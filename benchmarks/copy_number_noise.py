"""The noise of corrected bins: of 18 real normals (each against a reference of others), or simulated.

Which of the normals make the reference is decided by the product's own check (`cetux.normals`). A sample of the real
kind is one of the normals, its ERBB2 bins filled with the residuals of as many bins of another gene of the same normal,
so that what the bins of one gene share stays in: of any gene of the panel with that many bins. The normals that the
check refuses are an assay of their own.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from cetux.correction import Correction, Depths, build_reference, correct_coverage
from cetux.counts import Usable
from cetux.coverage import no_coverage
from cetux.gene_bins import Locus, erbb2_locus, over
from cetux.normals import check_normals
from cetux.resources import Interval
from cetux.shared_noise import SharedVariance, assay_variance

ROOT = Path(__file__).resolve().parents[1]
MHC = Interval("6", 30_400_000, 33_500_000)
"""6p21.33 and 6p21.32 (UCSC cytoBand hg19), the histocompatibility complex: mapping and copies differ from person to
person, so that NOTCH4 there (sd 0.34 between normals, the next gene 0.13) tells nothing of noise."""
GENOMES = ("WGS", "low-pass")
CACHE = ROOT / "build" / "benchmarks" / "real_normals.pkl"
_MADE_BY = ("correction", "gene_bins", "normals", "shared_noise", "shared_patterns")
"""Modules whose text, once changed, makes the cache anew."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Assay:
    """bins: frame without noise; draw: noise (log2) of every bin of one sample; flat_sd: what a flat reference adds to
    a bin; normal: what the bins of a locus share in its normals, as the workflow would have noted; told: where its
    noise comes from.
    """

    name: str
    bins: pd.DataFrame
    draw: Callable[[Rng], Floats]
    flat_sd: float
    normal: SharedVariance
    locus: Locus
    amplicon: bool
    told: str


def real_source() -> Path | None:
    """Where the real coverage lies, if it is there."""
    given = os.environ.get("CETUX_REAL_DATA")
    folder = (Path(given) if given else ROOT.parent / "shared" / "data") / "copy_number" / "cnvkit_targeted"
    return folder if folder.is_dir() else None


def tumours(source: Path) -> list[str]:
    """Names of the panel's tumours."""
    return sorted(path.name.split(".")[0] for path in source.glob("TR_*_T.targetcoverage.cnn.gz"))


def assays() -> list[Assay]:
    """All assays of the benchmark; the real hybrid panel only where its data lie there."""
    source = real_source()
    made = [
        _simulated("hybrid", 27, 6, 0.12, 0.027, 0.40, "simulated: null sd of a gene 0.035: 0.027 and 0.12 a bin"),
        _simulated("amplicon", 8, 6, 0.30, 0.08, 0.60, "simulated: 0.08 a gene, 0.30 a bin, eight amplicons"),
        _simulated("WGS", 29, 20, 0.12, 0.02, 0.05, "simulated: 30x in bins of 1 kb: 0.02 and 0.12"),
        _simulated("low-pass", 12, 20, 0.25, 0.03, 0.05, "simulated: 2x in bins of 2.5 kb: 0.03 and 0.25"),
    ]
    return [*(_real(source) if source else []), *made]


def _simulated(
    name: str, gene_bins: int, locus_bins: int, sd: float, shared: float, flat_sd: float, told: str
) -> Assay:
    """ERBB2, twelve loci of 17q, five of 17p, and thirty of chromosome 3; sd of a bin, and of what a locus shares."""
    locus = erbb2_locus("GRCh38", whole_genome=name in GENOMES)
    exons = locus.exons
    width = (exons[-1].end - exons[0].start) // gene_bins
    if name in GENOMES:
        starts = [exons[0].start + i * width for i in range(gene_bins)]
    else:
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

    return Assay(name, frame, draw, flat_sd, SharedVariance(shared**2, 0.0), locus, name == "amplicon", told)


@dataclass(frozen=True)
class _Residuals:
    """What the real normals show, in log2, a row a normal; names: of the normals.

    frame: all bins. of_bins: residuals of those bins. of_panel: residuals of all bins outside the MHC; genes: gene of
    each of them. accepted: whether the check took the normal into the reference. flat_sd, normal: as in Assay.
    """

    frame: pd.DataFrame
    of_bins: Floats
    of_panel: Floats
    genes: npt.NDArray[np.str_]
    accepted: npt.NDArray[np.bool_]
    flat_sd: float
    normal: SharedVariance
    names: tuple[str, ...]


def accepted_normals(source: Path) -> list[str]:
    """Names of the normals that the check takes into the reference."""
    found = _found(source)
    return [name for name, kept in zip(found.names, found.accepted, strict=True) if kept]


def _real(source: Path) -> list[Assay]:
    """The panel with the normals that the check accepts, and with those that it refuses."""
    found = _found(source)
    kinds = (("hybrid, real normals", found.accepted), ("hybrid, refused normals", ~found.accepted))
    return [_of_normals(name, found, np.flatnonzero(chosen)) for name, chosen in kinds]


def _found(source: Path) -> _Residuals:
    """From the cache, unless it is of other code."""
    texts = [Path(__file__).read_text(encoding="utf-8")]
    texts += [(ROOT / f"workflow/scripts/cetux/{name}.py").read_text(encoding="utf-8") for name in _MADE_BY]
    held = pd.read_pickle(CACHE) if CACHE.exists() else {}
    if held.pop("made_by", None) != texts:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        held = vars(_residuals(source))
        pd.to_pickle(held | {"made_by": texts}, CACHE)
    return _Residuals(**held)


def _of_normals(name: str, found: _Residuals, rows: Ints) -> Assay:
    """An assay whose samples are these normals."""
    locus = erbb2_locus("GRCh37")
    hit = np.flatnonzero(found.frame.index.isin(over(found.frame, locus.exons).index))
    sizes = pd.Series(found.genes).value_counts().sort_index()
    named = [gene for gene, many in sizes.items() if many >= len(hit) and gene not in ("CGH", "-")]
    pool = [np.flatnonzero(found.genes == gene) for gene in named]

    def draw(rng: Rng) -> Floats:
        row = rows[rng.integers(len(rows))]
        noise = found.of_bins[row].copy()
        taken = pool[rng.integers(len(pool))]
        first = int(rng.integers(len(taken) - len(hit) + 1))
        noise[hit] = found.of_panel[row, taken[first : first + len(hit)]]
        return np.asarray(noise)

    others = f"each against the {int(found.accepted.sum())} accepted (others)"
    told = f"{len(rows)} of {len(found.accepted)} real normals, {others}; ERBB2 filled from {len(pool)} genes"
    return Assay(name, found.frame, draw, found.flat_sd, found.normal, locus, False, told)


def _residuals(source: Path) -> _Residuals:
    """Bins kept in every normal, their log2 in each, and the sd of a bin's efficiency in the capture."""
    names = sorted(path.name.split(".")[0] for path in source.glob("TR_*_N.targetcoverage.cnn.gz"))
    gc = pd.read_csv(source / "reference-tr.cnn.gz", sep="\t")[["chromosome", "start", "end", "gc"]]
    tables = {name: _table(source, name, gc) for name in names}
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    limits = {key: said["default"] for key, said in schema["properties"]["copy_number"]["properties"].items()}
    checked = check_normals(list(tables.values()), names, "GRCh37", limits)
    accepted = [name for name in names if name not in checked.left_out]
    correction, ratios = Correction(gc=True, edges=False), {}
    with TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        depths = {name: _write(tables[name], folder, name) for name in names}
        reference = str(folder / "r.cnn")
        for sample in names:
            build_reference([depths[o] for o in accepted if o != sample], "", "", None, correction, reference)
            outs = str(folder / "x.cnr"), str(folder / "x.cns")
            correct_coverage(sample, Usable(), depths[sample], reference, correction, "none", *outs)
            ratios[sample] = pd.read_csv(outs[0], sep="\t").set_index(["chromosome", "start", "end"])
        pooled = pd.read_csv(reference, sep="\t")
    kept = sorted(set.intersection(*(set(frame.index) for frame in ratios.values())))
    panel = ratios[names[0]].loc[kept].reset_index()[["chromosome", "start", "end", "gene"]]
    outside_mhc = ~panel.index.isin(over(panel, [MHC]).index)
    matrix = np.array([frame.loc[kept, "log2"].to_numpy() for frame in ratios.values()])
    weight = np.median([frame.loc[kept, "weight"] for frame in ratios.values()], axis=0)
    good = pooled["log2"][pooled["log2"] > -5]
    return _Residuals(
        frame=panel.assign(log2=0.0, depth=300.0, weight=weight),
        of_bins=matrix,
        of_panel=matrix[:, outside_mhc],
        genes=panel["gene"].to_numpy(dtype=np.str_)[outside_mhc],
        accepted=np.isin(names, accepted),
        flat_sd=1.4826 * float((good - good.median()).abs().median()),
        normal=assay_variance(checked.shared_sd_log2 or 0.0, checked.shared_variance_spread),
        names=tuple(names),
    )


def write_depths(source: Path, name: str, gc: pd.DataFrame, folder: Path) -> Depths:
    """Depth tables of one sample of the panel; gc: of every bin (chromosome, start, end, gc)."""
    return _write(_table(source, name, gc), folder, name)


def _table(source: Path, name: str, gc: pd.DataFrame) -> pd.DataFrame:
    """Depth of every autosomal target, with its GC."""
    frame = pd.read_csv(source / f"{name}.targetcoverage.cnn.gz", sep="\t").merge(gc, how="left")
    frame = frame[~frame["chromosome"].isin(["chrX", "chrY"])].reset_index(drop=True)
    return frame.assign(depth=2.0 ** frame["log2"])


def _write(table: pd.DataFrame, folder: Path, name: str) -> Depths:
    made = Depths(str(folder / f"{name}.targetcoverage.cnn"), str(folder / f"{name}.antitargetcoverage.cnn"))
    table.to_csv(made.target, sep="\t", index=False)
    no_coverage(made.off_target)
    return made
