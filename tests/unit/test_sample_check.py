"""Which loci have reads: found in one reading of neighbours, as if each were looked up by itself. Stale indexes."""

import gzip
import os
from pathlib import Path

import pysam
import pytest
from tests.builders import BamBuilder

from cetux.alignment import open_alignment
from cetux.errors import UnusableSample
from cetux.resources import Interval
from cetux.sample_check import _check_index, _read_loci

CONTIGS = {"chr7": 90_000, "chr17": 90_000}


def reads_at(path: Path, *starts: int, duplicate: bool = False) -> str:
    bam = BamBuilder(CONTIGS)
    for start in starts:
        bam.add_read("chr17", start, "A" * 50, duplicate=duplicate)
    return str(bam.write(path))


def read_loci(bam: str, *loci: Interval) -> tuple[list[str], bool]:
    with pysam.AlignmentFile(bam) as alignment:
        return _read_loci(alignment, loci, "chr", bam)


@pytest.mark.parametrize("duplicate", [False, True])
def test_loci_without_a_read(tmp_path: Path, duplicate: bool) -> None:
    """Reads at 1000-1050, 1300-1350 and, beyond the step of the index, 40000-40050: each border by hand.

    The exon 1200-1400 is read at its right side alone, so the codon inside it at 1210 is not; what lies out of order in
    the list is told in the list's order.
    """
    bam = reads_at(tmp_path / "x.bam", 1000, 1300, 40_000, duplicate=duplicate)
    read = [(1049, 1052), (990, 1001), (1200, 1400), (40_020, 40_023)]
    unread = [(40_050, 40_053), (1050, 1053), (997, 1000), (1210, 1213), (39_000, 40_000)]
    loci = [Interval("17", start, end) for start, end in (*unread, *read)]
    found, marked = read_loci(bam, *loci, Interval("7", 10, 20), Interval("9", 10, 20))
    assert found == [*(f"17:{start + 1}-{end}" for start, end in unread), "7:11-20", "9:11-20"]
    assert marked is duplicate


INDEXES = ["x.bam.bai", "x.bai", "x.bam.csi", "x.csi", "x.cram.crai", "x.crai"]
EARLIER = {
    "fewer reads": range(1000, 1900, 9),
    "more reads": range(1000, 80_000, 9),
    "reads elsewhere": range(40_000, 70_000, 10),
}


def indexed(folder: Path, index: str, starts: range) -> Path:
    """A BAM or CRAM of reads on two contigs, one after the other, with its index under that name."""
    folder.mkdir()
    bam = BamBuilder(CONTIGS)
    for contig in CONTIGS:
        for start in starts:
            bam.add_read(contig, start, "ACGT" * 12)
    path = bam.write(folder / "x.bam", index=False)
    if "cra" in index:
        path = folder / "x.cram"
        cram = "cram,no_ref=1,seqs_per_slice=500"
        pysam.view("-O", cram, "-o", str(path), str(folder / "x.bam"), catch_stdout=False)
    pysam.index(*(["-c"] if index.endswith("csi") else []), "-o", str(folder / index), str(path))
    return path


def check_index(path: Path) -> None:
    with open_alignment(str(path), fasta="not needed") as alignment:
        _check_index(alignment, str(path))


@pytest.mark.fault
@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("earlier", EARLIER)
def test_an_index_of_an_earlier_file_is_found_and_its_time_stamp_says_nothing(
    index: str, earlier: str, tmp_path: Path
) -> None:
    path = indexed(tmp_path / "now", index, range(1000, 70_000, 20))
    stale = indexed(tmp_path / "before", index, EARLIER[earlier]).with_name(index)
    os.utime(path.with_name(index), (1, 1))  # copied in another order, say
    check_index(path)
    stale.replace(path.with_name(index))
    os.utime(path.with_name(index))
    with pytest.raises(UnusableSample, match=r"the index (does not fit|is of an)") as found:
        check_index(path)
    assert f"Make the index again: samtools index {path}" in found.value.remedy


@pytest.mark.fault
def test_a_small_cram_whose_index_begins_at_the_same_place(tmp_path: Path) -> None:
    """One slice then and now: by the index the reads end early, and htslib would give none behind."""
    path = indexed(tmp_path / "now", "x.cram.crai", range(1000, 3000, 50))
    stale = indexed(tmp_path / "before", "x.cram.crai", range(1000, 1200, 50)).with_name("x.cram.crai")
    stale.replace(f"{path}.crai")
    with pytest.raises(UnusableSample, match="the index is of another file"):
        check_index(path)


def test_an_index_of_older_htslib_ends_with_the_file(tmp_path: Path) -> None:
    """It puts the end of the last reads behind the empty block of 28 bytes that ends a BAM, newer htslib before it.

    Connor's example BAM has such an index (``reads/horizon_hdb7``).
    """
    path = indexed(tmp_path / "now", "x.bam.bai", range(1000, 70_000, 20))
    size, index = path.stat().st_size, Path(f"{path}.bai")
    now, then, beyond = (((size + more) << 16).to_bytes(8, "little") for more in (-28, 0, 1))
    assert now in index.read_bytes()
    index.write_bytes(index.read_bytes().replace(now, then))
    check_index(path)
    index.write_bytes(index.read_bytes().replace(then, beyond))
    with pytest.raises(UnusableSample, match="goes on behind the end"):
        check_index(path)


def test_a_file_without_reads_or_with_unplaced_ones_has_a_good_index(tmp_path: Path) -> None:
    for index in INDEXES:
        check_index(indexed(tmp_path / index, index, range(0)))
    bam = BamBuilder(CONTIGS)
    bam.add_read("chr7", 1000, "ACGT")
    bam.add_read("chr7", -1, "ACGT", unmapped=True)
    check_index(bam.write(tmp_path / "unplaced.bam"))


def test_an_index_of_a_cram_need_not_be_compressed(tmp_path: Path) -> None:
    path = indexed(tmp_path / "now", "x.cram.crai", range(1000, 70_000, 20))
    index = Path(f"{path}.crai")
    index.write_bytes(gzip.decompress(index.read_bytes()))
    check_index(path)
