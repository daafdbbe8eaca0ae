"""References and corrected ratios through CNVkit, from small tables and small BAMs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cnvlib.cmdutil import read_cna
from skgenome import tabio
from tests.builders import CONTROLS_17P, CONTROLS_17Q, BamBuilder, write_fasta

from cetux import records
from cetux.correction import Correction, Depths, build_reference, correct_coverage, pooled_normals
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck, Usable
from cetux.coverage import count_coverage, no_coverage
from cetux.design import design_bins
from cetux.resources import contig_lengths, erbb2_exons

PLAIN = Correction(gc=False, edges=False)


def panel() -> pd.DataFrame:
    """Exons of ERBB2, the control loci of chr17 and forty loci elsewhere, each with an efficiency of its own."""
    rows = [("chr17", exon.start, exon.start + 200, "ERBB2") for exon in erbb2_exons("GRCh38")]
    for label, start in (CONTROLS_17Q | CONTROLS_17P).items():
        rows += [("chr17", start + i * 900, start + i * 900 + 200, label) for i in range(6)]
    for chrom in ("chr1", "chr3", "chr7", "chr12"):
        for locus in range(10):
            start = 10_000_000 + locus * 3_000_000
            rows += [(chrom, start + i * 900, start + i * 900 + 200, f"{chrom}_{locus}") for i in range(5)]
    frame = pd.DataFrame(rows, columns=["chromosome", "start", "end", "gene"])
    frame["order"] = frame["chromosome"].str.removeprefix("chr").astype(int)
    return frame.sort_values(["order", "start"], ignore_index=True).drop(columns="order")


PANEL = panel()
EFFICIENCY = np.random.default_rng(5).normal(0, 0.5, len(PANEL))


def depths(folder: Path, name: str, erbb2: float = 0.0, seed: int = 1, bins: pd.DataFrame = PANEL) -> Depths:
    """A sample's tables: 300x, the panel's efficiencies, noise of 0.1; `erbb2` log2 gained."""
    frame, noise = bins.copy(), np.random.default_rng(seed).normal(0, 0.1, len(bins))
    frame["log2"] = np.log2(300) + EFFICIENCY[: len(bins)] + noise + erbb2 * (frame["gene"] == "ERBB2")
    frame["depth"] = np.exp2(frame["log2"])
    made = Depths(str(folder / f"{name}.targetcoverage.cnn"), str(folder / f"{name}.antitargetcoverage.cnn"))
    frame.to_csv(made.target, sep="\t", index=False)
    no_coverage(made.off_target)
    return made


def design(folder: Path, bins: pd.DataFrame = PANEL) -> tuple[str, str]:
    paths = folder / "bins.bed", folder / "off.bed"
    bins[["chromosome", "start", "end", "gene"]].to_csv(paths[0], sep="\t", index=False, header=False)
    paths[1].write_text("")
    return str(paths[0]), str(paths[1])


def corrected(folder: Path, of: Depths, reference: Path) -> tuple[CorrectedCoverage, pd.DataFrame, pd.DataFrame]:
    outs = folder / "x.cnr", folder / "x.cns"
    said = correct_coverage("S1", Usable(), of, str(reference), PLAIN, "hmm-tumor", *map(str, outs))
    return said, *(pd.read_csv(out, sep="\t") for out in outs)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    normals = [depths(folder, f"N{i}", seed=100 + i) for i in range(6)]
    build_reference(normals, *design(folder), None, PLAIN, str(folder / "reference.cnn"))
    return folder / "reference.cnn"


def gene_log2(ratios: pd.DataFrame) -> float:
    hit = ratios["gene"] == "ERBB2"
    return float(np.average(ratios.loc[hit, "log2"], weights=ratios.loc[hit, "weight"]))


@pytest.mark.parametrize("gain", [0.0, 1.0, 2.46])
def test_pooled_reference_gives_the_gain_back(tmp_path: Path, reference: Path, gain: float) -> None:
    """Noise of the mean: 0.1 / sqrt(27) = 0.02, and as much from the centre and the six normals."""
    said, ratios, segments = corrected(tmp_path, depths(tmp_path, "T", erbb2=gain), reference)
    assert said.usable.ok
    assert said.bins == len(ratios) == len(PANEL)
    assert said.segments == len(segments) >= 5
    assert gene_log2(ratios) == pytest.approx(gain, abs=0.1)


def test_pooled_reference_cancels_the_efficiencies(tmp_path: Path, reference: Path) -> None:
    _, ratios, _ = corrected(tmp_path, depths(tmp_path, "T"), reference)
    assert ratios["log2"].std() == pytest.approx(0.1, rel=0.2)
    build_reference([], *design(tmp_path), None, PLAIN, str(tmp_path / "flat.cnn"))
    _, flat, _ = corrected(tmp_path, depths(tmp_path, "T"), tmp_path / "flat.cnn")
    assert flat["log2"].std() == pytest.approx(0.5, rel=0.2)


def test_the_reference_holds_the_patterns_of_its_normals(tmp_path: Path) -> None:
    """Each sample has one pattern of its loci, sd 0.08, by an amount of its own: most goes, an amplification stays.

    Also through a second reading and writing of the reference, as CNVkit would do. Noise of five bins, 0.045, stays.
    """
    rng = np.random.default_rng(4)
    codes, genes = pd.factorize(PANEL["gene"])
    pattern = rng.normal(0, 0.08, len(genes))[codes] * (PANEL["gene"] != "ERBB2").to_numpy()

    def patterned(name: str, amount: float, erbb2: float = 0.0) -> Depths:
        made = depths(tmp_path, name, erbb2, seed=sum(map(ord, name)))
        frame = pd.read_csv(made.target, sep="\t")
        frame["log2"] += amount * pattern
        frame.assign(depth=np.exp2(frame["log2"])).to_csv(made.target, sep="\t", index=False)
        return made

    normals = [patterned(f"N{at}", amount) for at, amount in enumerate((-1.2, -0.8, -0.3, 0.2, 0.7, 1.1, 1.5))]
    path = tmp_path / "reference.cnn"
    build_reference(normals, *design(tmp_path), None, PLAIN, str(path))
    tabio.write(read_cna(str(path)), str(path))
    assert [name for name in pd.read_csv(path, sep="\t") if name.startswith("normal_")] == [
        f"normal_{at}" for at in range(1, 8)
    ]
    _, ratios, _ = corrected(tmp_path, patterned("T", -1.5, erbb2=2.0), path)
    elsewhere = ratios[ratios["gene"] != "ERBB2"]
    assert elsewhere.groupby("gene")["log2"].mean().std() < 0.09
    assert gene_log2(ratios) == pytest.approx(2.0, abs=0.15)
    plain = pd.read_csv(path, sep="\t").loc[:, lambda t: ~t.columns.str.startswith("normal_")]
    plain.to_csv(path, sep="\t", index=False)
    _, ratios, _ = corrected(tmp_path, patterned("T", -1.5, erbb2=2.0), path)
    assert ratios[ratios["gene"] != "ERBB2"].groupby("gene")["log2"].mean().std() > 0.11


def inputs(folder: Path, usable: dict[str, bool]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Parallel lists of a cohort's normals: targets, off-targets, statuses, checks."""
    targets, off_targets, statuses, checks = [], [], [], []
    for name, ok in usable.items():
        made = depths(folder, name, seed=sum(map(ord, name)))
        if not ok:
            no_coverage(made.target)
        status, check = folder / f"{name}.json", folder / f"{name}.check.json"
        records.write(Usable() if ok else Usable(False, "truncated", "Copy it again"), status)
        records.write(SampleCheck(name, Usable()), check)
        targets, off_targets = [*targets, made.target], [*off_targets, made.off_target]
        statuses, checks = [*statuses, str(status)], [*checks, str(check)]
    return targets, off_targets, statuses, checks


def test_a_quarantined_normal_is_left_out(tmp_path: Path) -> None:
    normals, notes = pooled_normals(*inputs(tmp_path, {"N1": True, "N2": False, "N3": True}))
    assert notes == ReferenceNotes(("N1", "N3"), {"N2": "truncated"})
    assert not notes.flat
    build_reference(normals, *design(tmp_path), None, PLAIN, str(tmp_path / "r.cnn"))
    alone, _ = pooled_normals(*inputs(tmp_path, {"N1": True, "N3": True}))
    build_reference(alone, *design(tmp_path), None, PLAIN, str(tmp_path / "alone.cnn"))
    assert (tmp_path / "r.cnn").read_text() == (tmp_path / "alone.cnn").read_text()


def test_a_normal_that_failed_its_check_is_left_out_with_that_reason(tmp_path: Path) -> None:
    lists = inputs(tmp_path, {"N1": True, "N2": True})
    records.write(SampleCheck("N2", Usable(False, "wrong build", "Align again")), lists[3][1])
    assert pooled_normals(*lists)[1] == ReferenceNotes(("N1",), {"N2": "wrong build"})


def test_all_normals_quarantined_is_flat_and_says_so(tmp_path: Path) -> None:
    normals, notes = pooled_normals(*inputs(tmp_path, {"N1": False, "N2": False}))
    assert (normals, notes.flat, set(notes.left_out)) == ([], True, {"N1", "N2"})
    build_reference(normals, *design(tmp_path), None, PLAIN, str(tmp_path / "flat.cnn"))
    flat = pd.read_csv(tmp_path / "flat.cnn", sep="\t")
    assert len(flat) == len(PANEL)
    assert set(flat["log2"]) == {0.0}


@pytest.mark.parametrize("gc", [True, False])
def test_flat_reference_tells_gc_only_where_it_is_corrected(tmp_path: Path, gc: bool) -> None:
    """CNVkit drops every bin above 70 % GC of a reference that tells it: the first exon of ERBB2 has 77 %."""
    fasta = write_fasta(tmp_path / "r.fa.gz", {"chr17": 3_000}, {("chr17", 0): "GCGAC" * 600})
    bins = pd.DataFrame({"chromosome": "chr17", "start": [100, 900], "end": [300, 1_100], "gene": "ERBB2"})
    build_reference([], *design(tmp_path, bins), str(fasta), Correction(gc, False), str(tmp_path / "flat.cnn"))
    flat = pd.read_csv(tmp_path / "flat.cnn", sep="\t")
    assert ("gc" in flat) == gc
    assert not gc or list(flat["gc"]) == [0.8, 0.8]


@pytest.mark.parametrize("kind", ["other panel", "shifted bins", "one bin short", "other naming"])
def test_a_reference_of_other_bins_gives_no_number(tmp_path: Path, reference: Path, kind: str) -> None:
    frame = pd.read_csv(reference, sep="\t")
    if kind == "other panel":
        frame = frame[frame["chromosome"] == "chr1"]
    elif kind == "shifted bins":
        frame["start"] += 1
    elif kind == "one bin short":
        frame = frame.drop(frame.index[frame["gene"] == "ERBB2"][3])
    else:
        frame["chromosome"] = frame["chromosome"].str.removeprefix("chr")
    frozen = tmp_path / "frozen.cnn"
    frame.to_csv(frozen, sep="\t", index=False)
    said, ratios, segments = corrected(tmp_path, depths(tmp_path, "T"), frozen)
    missing = {"other panel": len(PANEL) - 50, "one bin short": 1}.get(kind, len(PANEL))
    assert not said.usable.ok
    assert f"lacks {missing} of the {len(PANEL)} bins" in said.usable.reason
    assert "copy_number_reference" in said.usable.remedy
    assert (len(ratios), len(segments)) == (0, 0)


def test_a_reference_of_more_bins_serves(tmp_path: Path, reference: Path) -> None:
    few = PANEL[PANEL["chromosome"] != "chr12"]
    said, ratios, _ = corrected(tmp_path, depths(tmp_path, "T", bins=few), reference)
    assert said.usable.ok
    assert len(ratios) == len(few)


@pytest.mark.parametrize("kind", ["coverage table", "text", "empty"])
def test_a_file_that_is_no_reference(tmp_path: Path, kind: str) -> None:
    sample, frozen = depths(tmp_path, "T"), tmp_path / "frozen.cnn"
    texts = {"coverage table": Path(sample.target).read_text(), "text": "no table at all\n", "empty": ""}
    frozen.write_text(texts[kind])
    said, ratios, _ = corrected(tmp_path, sample, frozen)
    assert not said.usable.ok
    assert "no CNVkit reference" in said.usable.reason or "lacks" in said.usable.reason
    assert len(ratios) == 0


def test_a_sample_that_is_not_usable_keeps_its_reason(tmp_path: Path, reference: Path) -> None:
    sample, bad = depths(tmp_path, "T"), Usable(False, "the BAM is truncated", "Copy it again")
    outs = str(tmp_path / "x.cnr"), str(tmp_path / "x.cns")
    said = correct_coverage("S1", bad, sample, str(reference), PLAIN, "hmm-tumor", *outs)
    assert said == CorrectedCoverage("S1", bad)
    assert [len(pd.read_csv(out, sep="\t")) for out in outs] == [0, 0]


def test_nothing_left_after_the_filters(tmp_path: Path, reference: Path) -> None:
    frame = pd.read_csv(reference, sep="\t").assign(spread=5.0)
    frame.to_csv(tmp_path / "r.cnn", sep="\t", index=False)
    said, ratios, _ = corrected(tmp_path, depths(tmp_path, "T"), tmp_path / "r.cnn")
    assert (said.usable.ok, said.usable.reason) == (False, "no bin is left after CNVkit's filters")
    assert len(ratios) == 0


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, reference: Path) -> None:
    texts = []
    for _ in range(2):
        corrected(tmp_path, depths(tmp_path, "T", erbb2=1.0), reference)
        texts.append((tmp_path / "x.cnr").read_text() + (tmp_path / "x.cns").read_text())
    assert texts[0] == texts[1]


def small_bam(folder: Path, name: str, copies: float, seed: int) -> str:
    """Reads of 100 over the panel, 10 a bin; `copies` of ERBB2."""
    lengths = {f"chr{contig}": length for contig, length in contig_lengths("GRCh38").items()}
    bam, rng = BamBuilder(lengths, sample=name), np.random.default_rng(seed)
    for contig, start, end, gene in PANEL.itertuples(index=False):
        for first in rng.integers(start, end - 100, rng.poisson(20 * (copies / 2 if gene == "ERBB2" else 1))).tolist():
            bam.add_read(contig, int(first), "A" * 100)
    return str(bam.write(folder / f"{name}.bam"))


@pytest.mark.parametrize("method", ["amplicon", "wgs", "hybrid"])
@pytest.mark.parametrize("pooled", [True, False])
def test_from_bam_to_ratio(tmp_path: Path, method: str, pooled: bool) -> None:
    """Eight copies over two: log2 2, by 20 reads a bin; with and without off-target bins."""
    targets = tmp_path / "panel.bed"
    PANEL.to_csv(targets, sep="\t", index=False, header=False)
    bins, off_target = str(tmp_path / "b.bed"), str(tmp_path / "o.bed")
    design_bins(str(targets), method, "GRCh38", None, None, bins, off_target)
    tables = {}
    for name, copies in {"T": 8.0, "N1": 2.0, "N2": 2.0}.items():
        tables[name] = Depths(
            str(tmp_path / f"{name}.targetcoverage.cnn"), str(tmp_path / f"{name}.antitargetcoverage.cnn")
        )
        bam = small_bam(tmp_path, name, copies, seed=len(tables))
        assert count_coverage(bam, bins, off_target, None, 0, False, tables[name].target, tables[name].off_target).ok
    reference = tmp_path / "r.cnn"
    build_reference([tables["N1"], tables["N2"]] if pooled else [], bins, off_target, None, PLAIN, str(reference))
    said, ratios, _ = corrected(tmp_path, tables["T"], reference)
    assert said.usable.ok
    assert gene_log2(ratios) == pytest.approx(2.0, abs=0.2)
    assert (Path(tables["T"].off_target).read_text().count("\n") == 1) == (method != "hybrid")
