"""Which reads are read, and what their letters, tags and CIGARs say: each kind of read through the whole count."""

from array import array
from pathlib import Path

import pysam
import pytest
from tests.builders import write_fasta
from tests.unit.genotype_builders import KEEP, builder, coding, codon, count, cover

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


@pytest.mark.fault
@pytest.mark.parametrize(
    "tags",
    [
        {"cD": "x", "cM": "x"},
        {"cD": 3, "cM": "x"},
        {"cD": "3"},
        {"cD": 3.0, "cM": 3.0},
        {"cD": array("i", [3, 3])},
        {"cD": 1, "cM": 1, "aM": "2", "bM": "2"},
        {"cD": 1, "cM": 1, "aM": -1, "bM": -1},
    ],
    ids=str,
)
def test_a_read_whose_depth_tags_are_no_numbers_is_no_consensus(tmp_path: Path, tags: dict[str, object]) -> None:
    """One such read among 300 good ones: it counts as the sequencer's own, of Phred 37, and the sample stands."""
    bam = builder(G12)
    cover(bam, G12, 300)
    first = min(G12.positions)
    bam.add_read("chr12", first - 20, "T" * 20 + "ATC" + "T" * 20, tags=tags)
    counts = count(bam, tmp_path, [G12])
    assert shown(counts) == {"ACC": 300, "ATC": 1}
    assert counts.codons[0].haplotypes[1].strata == {"F222": 1}
