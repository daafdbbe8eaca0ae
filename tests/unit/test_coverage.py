"""Depth of bins, beside CNVkit's own numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
from cnvlib import coverage as cnvkit
from tests.builders import BamBuilder, write_fasta

from cetux import coverage
from cetux.coverage import count_coverage

CONTIGS = {"chr7": 60_000, "chr17": 60_000, "chrX": 60_000}
BASES = {(contig, 0): "ACGT" * 15_000 for contig in CONTIGS}
BINS = [
    "chr7\t1000\t1200\tEGFR",
    "chr17\t900\t1000\tA",
    "chr17\t1000\t1150\tA",
    "chr17\t1100\t1300\tB",
    "chr17\t5000\t5100\t",
]
OFF_TARGET = ["chr7\t2000\t40000\tAntitarget", "chr17\t8000\t40000\tAntitarget"]


def bed(path: Path, lines: list[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def awkward_bam(path: Path) -> str:
    """Everything that two ways to count could count differently."""
    bam = BamBuilder(CONTIGS, BASES)
    for start in range(850, 1250, 7):
        bam.add_fragment("chr17", start, start + 130)  # mates overlap
    bam.add_fragment("chr17", 1000, 1160, duplicate=True, count=3)
    for flag in ("secondary", "supplementary", "qcfail", "duplicate"):
        bam.add_read("chr17", 1040, "A" * 50, **{flag: True})
    bam.add_read("chr17", 1100, "A" * 50, unmapped=True)
    bam.add_read("chr17", 1100, "A" * 60, mapq=5)
    bam.add_read("chr17", 1095, "A" * 60, cigar="20M15D40M")
    bam.add_read("chr17", 1095, "A" * 60, cigar="10S20M3I27M10H")
    bam.add_read("chr17", 1095, "A" * 60, cigar="30M40N30M")
    bam.add_read("chr17", 1295, "A" * 60)
    bam.add_read("chr7", 950, "A" * 60)
    bam.add_read("chr7", 1190, "A" * 60, cigar="5=1X54=")
    for start in range(8_000, 39_000, 500):
        bam.add_read("chr17", start, "A" * 75)
    return str(bam.write(path))


def count(  # type: ignore[no-untyped-def]
    folder: Path,
    bam: str,
    bins: list[str],
    off_target: list[str],
    fasta: str | None = None,
    mapq: int = 0,
    keep_duplicates: bool = False,
):
    paths = str(folder / "t.cnn"), str(folder / "o.cnn")
    beds = bed(folder / "t.bed", bins), bed(folder / "o.bed", off_target)
    usable = count_coverage(bam, *beds, fasta, mapq, keep_duplicates, *paths)
    return usable, *(pd.read_csv(path, sep="\t", keep_default_na=False) for path in paths)


@pytest.mark.parametrize("mapq", [0, 20])
@pytest.mark.parametrize("at_once", [coverage._READS_AT_ONCE, 3])
@pytest.mark.parametrize("index_step", [coverage.INDEX_STEP_BP, 0])
def test_equals_cnvkit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapq: int, at_once: int, index_step: int
) -> None:
    """Reads in one go or in parts; CNVkit's own is the independent count."""
    monkeypatch.setattr(coverage, "_READS_AT_ONCE", at_once)
    monkeypatch.setattr(coverage, "INDEX_STEP_BP", index_step)
    bam = awkward_bam(tmp_path / "x.bam")
    usable, *tables = count(tmp_path, bam, BINS, OFF_TARGET, mapq=mapq)
    assert usable.ok
    for table, name in zip(tables, ("t.bed", "o.bed"), strict=True):
        theirs = cnvkit.do_coverage(str(tmp_path / name), bam, min_mapq=mapq).data
        assert list(table["start"]) == list(theirs["start"])
        assert list(table["gene"]) == list(theirs["gene"])
        assert table["depth"].to_numpy() == pytest.approx(theirs["depth"].to_numpy(), rel=1e-5)
        assert table["log2"].to_numpy() == pytest.approx(theirs["log2"].to_numpy(), rel=1e-5)
    assert tables[0]["depth"].iloc[-1] == 0
    assert tables[0]["log2"].iloc[-1] == -20
    assert list(tables[0].columns) == ["chromosome", "start", "end", "gene", "log2", "depth"]


def test_depth_by_hand(tmp_path: Path) -> None:
    """Two mates of 100 in one bin of 200: depth 1; one duplicate more changes nothing."""
    bam = BamBuilder(CONTIGS, BASES)
    bam.add_fragment("chr17", 1000, 1200)
    bam.add_fragment("chr17", 1000, 1200, duplicate=True)
    _, table, _ = count(tmp_path, str(bam.write(tmp_path / "x.bam")), ["chr17\t1000\t1200\tA"], [])
    assert (table["depth"][0], table["log2"][0]) == (1.0, 0.0)


def test_duplicates_of_amplicons_count(tmp_path: Path) -> None:
    """Ten reads over one amplicon, nine of them flagged: the other flags still leave a read out."""
    bam = BamBuilder(CONTIGS, BASES)
    bam.add_read("chr17", 1000, "A" * 100)
    for _ in range(9):
        bam.add_read("chr17", 1000, "A" * 100, duplicate=True)
    for flag in ("secondary", "qcfail"):
        bam.add_read("chr17", 1000, "A" * 100, duplicate=True, **{flag: True})
    path, bins = str(bam.write(tmp_path / "x.bam")), ["chr17\t1000\t1100\tA"]
    depths = [count(tmp_path, path, bins, [], keep_duplicates=keep)[1]["depth"][0] for keep in (False, True)]
    assert depths == [1.0, 10.0]


def test_bins_of_a_contig_that_the_bam_lacks_stay(tmp_path: Path) -> None:
    bam = awkward_bam(tmp_path / "x.bam")
    usable, table, _ = count(tmp_path, bam, [*BINS, "chr9\t10\t90\tCDKN2A"], ["chr9\t100\t900\tAntitarget"])
    assert usable.ok
    assert (table["chromosome"].iloc[-1], table["depth"].iloc[-1], len(table)) == ("chr9", 0, 6)


@pytest.mark.parametrize("bins", [["17\t900\t1300\tA"], ["chrX\t900\t1300\tA"]])
def test_no_read_on_any_target_is_not_usable(tmp_path: Path, bins: list[str]) -> None:
    usable, table, off_target = count(tmp_path, awkward_bam(tmp_path / "x.bam"), bins, OFF_TARGET)
    assert (usable.ok, usable.reason, len(table), len(off_target)) == (False, "no read lies on any target", 0, 0)


def test_cram_needs_its_fasta(tmp_path: Path) -> None:
    fasta = str(write_fasta(tmp_path / "r.fa.gz", CONTIGS, BASES))
    bam = awkward_bam(tmp_path / "x.bam")
    cram = str(tmp_path / "x.cram")
    pysam.samtools.view("-C", "-T", fasta, "-o", cram, bam, catch_stdout=False)
    pysam.index(cram)
    _, from_bam, _ = count(tmp_path, bam, BINS, OFF_TARGET)
    usable, from_cram, _ = count(tmp_path, cram, BINS, OFF_TARGET, fasta)
    assert usable.ok
    pd.testing.assert_frame_equal(from_cram, from_bam)
    without, table, _ = count(tmp_path, cram, BINS, OFF_TARGET)
    assert (without.ok, len(table)) == (False, 0)
    assert "CRAM needs the FASTA" in without.reason


def damaged(folder: Path, kind: str) -> str:
    path = folder / "x.bam"
    if kind == "absent":
        return str(path)
    bam = BamBuilder(CONTIGS, BASES)
    rng = np.random.default_rng(1)
    for start in rng.integers(900, 50_000, 4_000).tolist():
        bam.add_read(
            "chr17", int(start), "".join(rng.choice(list("ACGT"), 75)), base_quality=rng.integers(5, 40, 75).tolist()
        )
    bam.write(path, index=kind != "no index")
    whole = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "flipped":
        middle = len(whole) // 3
        path.write_bytes(
            whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 400]) + whole[middle + 400 :]
        )
    elif kind == "text":
        path.write_text("not a BAM")
    return str(path)


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["absent", "no index", "truncated", "flipped", "text"])
def test_damage_is_typed_and_leaves_empty_tables(tmp_path: Path, kind: str) -> None:
    usable, table, off_target = count(
        tmp_path, damaged(tmp_path, kind), ["chr17\t900\t50000\tA"], ["chr17\t51000\t59000\tB"]
    )
    assert not usable.ok
    assert usable.reason and usable.remedy
    assert (len(table), len(off_target)) == (0, 0)


@pytest.mark.fault
def test_memory_errors_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    bam = awkward_bam(tmp_path / "x.bam")
    monkeypatch.setattr(coverage, "_spans", fail)
    with pytest.raises(MemoryError):
        count(tmp_path, bam, BINS, [])


@pytest.mark.fault
def test_a_table_that_cannot_be_written_is_no_fault_of_the_sample(tmp_path: Path) -> None:
    bam = awkward_bam(tmp_path / "x.bam")
    with pytest.raises(OSError, match="No such file"):
        count_coverage(
            bam, bed(tmp_path / "t.bed", BINS), bed(tmp_path / "o.bed", []), None, 0, False, "/nowhere/t", "/nowhere/o"
        )
