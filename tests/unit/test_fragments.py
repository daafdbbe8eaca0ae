"""Which reads are read, and what their letters, tags and CIGARs say: each kind of read through the whole count."""

from pathlib import Path

import pysam
import pytest
from tests.builders import write_fasta
from tests.unit.genotype_builders import KEEP, builder, coding, codon, cover

from cetux.counts import HaplotypeCounts
from cetux.haplotypes import count_haplotypes
from cetux.resources import Interval, contig_lengths
from cetux.sample_check import Reference, check_sample

G12 = codon("KRAS", 12)
KRAS_12 = Interval("12", min(G12.positions), max(G12.positions) + 1)
EQUAL = "the reads have = in place of the bases that match the reference (samtools calmd -e)"


def shown(counts: HaplotypeCounts) -> dict[str, int]:
    """Fragments by haplotype of the one codon that was counted."""
    (counted,) = counts.codons
    return {one.bases: one.fragments for one in counted.haplotypes}


def by_calmd(folder: Path, *options: str) -> Path:
    """294 fragments of the wild type and 6 of KRAS G12D, after samtools calmd."""
    bam = builder(G12)
    cover(bam, G12, 294)
    cover(bam, G12, 6, changes=coding(G12, {1: "A"}))
    plain = bam.write(folder / "plain.bam")
    fasta = write_fasta(folder / "r.fa.gz", {"chr12": contig_lengths("GRCh38")["12"]}, bam.reference)
    path = folder / "s.bam"
    pysam.samtools.calmd("-b", *options, str(plain), str(fasta), save_stdout=str(path))
    pysam.index(str(path))
    return path


@pytest.mark.fault
def test_reads_whose_matching_bases_are_written_as_equal_are_refused(tmp_path: Path) -> None:
    """Of 300 fragments 6 carry G12D; with ``=`` taken for nothing they would be 6 of 6."""
    path = by_calmd(tmp_path, "-e")
    with pysam.AlignmentFile(str(path)) as bam:
        letters = set("".join(read.query_sequence or "" for read in bam))
    assert "=" in letters
    usable = check_sample("s", str(path), "GRCh38", "hybrid", Reference(), [KRAS_12]).usable
    assert (usable.ok, usable.reason) == (False, EQUAL)
    assert usable.remedy.startswith("Give the BAM as it was before samtools calmd -e")
    counts = count_haplotypes("s", str(path), None, [G12], KEEP)
    assert (counts.usable, counts.codons) == (usable, ())


def test_what_samtools_calmd_writes_without_e_is_read(tmp_path: Path) -> None:
    path = by_calmd(tmp_path)
    assert check_sample("s", str(path), "GRCh38", "hybrid", Reference(), [KRAS_12]).usable.ok
    assert shown(count_haplotypes("s", str(path), None, [G12], KEEP)) == {"ACC": 294, "ATC": 6}


@pytest.mark.fault
def test_samtools_calmd_does_not_give_the_bases_back(tmp_path: Path) -> None:
    """As the remedy says: a second calmd, without -e, leaves the file unusable."""
    path = by_calmd(tmp_path, "-e")
    again = tmp_path / "again.bam"
    pysam.samtools.calmd("-b", str(path), str(tmp_path / "r.fa.gz"), save_stdout=str(again))
    pysam.index(str(again))
    assert count_haplotypes("s", str(again), None, [G12], KEEP).usable.reason == EQUAL
