"""Which loci have reads: found in one reading of neighbours, as if each were looked up by itself."""

from pathlib import Path

import pysam
import pytest
from tests.builders import BamBuilder

from cetux.resources import Interval
from cetux.sample_check import _read_loci

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
