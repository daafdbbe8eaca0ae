"""Which reads are read, and what their letters, tags and CIGARs say: each kind of read through the whole count."""

from array import array
from dataclasses import replace
from pathlib import Path

import pysam
import pytest
from tests.builders import write_fasta
from tests.unit.genotype_builders import KEEP, builder, call, coding, codon, count, cover
from tests.unit.mechanism_cases import POST, RULES, sample

from cetux.counts import HaplotypeCounts
from cetux.extended import extended_findings
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import Interval, contig_lengths
from cetux.sample_check import Reference, check_sample
from cetux.states import Genotype

G12, S492 = codon("KRAS", 12), codon("EGFR", 492)
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


@pytest.mark.parametrize("keep_duplicates", [False, True])
@pytest.mark.parametrize("flag", ["secondary", "supplementary", "qcfail"])
@pytest.mark.parametrize("own_name", [True, False], ids=["name of its own", "name of a counted fragment"])
def test_alignments_that_do_not_count_change_nothing_beside_those_that_do(
    tmp_path: Path, own_name: bool, flag: str, keep_duplicates: bool
) -> None:
    """300 fragments of the wild type; 60 more records, all with G12D, of one kind that never counts."""
    keep = ReadFilter(20, 20, keep_duplicates)
    bam = builder(G12)
    cover(bam, G12, 300)
    (tmp_path / "without").mkdir()
    without = count(bam, tmp_path / "without", [G12], keep)
    first = min(G12.positions)
    for i in range(60):
        name = f"more{i}" if own_name else f"fragment{i}"
        bam.add_read("chr12", first - 20, "T" * 20 + "ATC" + "T" * 20, name=name, **{flag: True})
    assert count(bam, tmp_path, [G12], keep) == without
    assert shown(without) == {"ACC": 300}


@pytest.mark.parametrize(
    ("cigar", "bases", "expected"),
    [
        # RNA: first exon up to the base before the codon, or up to a base within it; both sides of an intron of 50
        ("30M50N30M", "T" * 60, {}),
        ("31M50N30M", "T" * 30 + "A" + "T" * 30, {"A..": 20}),
        ("32M50N30M", "T" * 30 + "AT" + "T" * 30, {"AT.": 20}),
        # an intron within the codon that leaves its middle base out, and one before the codon
        ("31M1N30M", "T" * 30 + "A" + "C" + "T" * 29, {"A.C": 20}),
        ("10M15N30M", "T" * 15 + "ATC" + "T" * 22, {"ATC": 20}),
        # an insertion behind an intron is none of the codon's; a deletion before one is
        ("30M50N2I30M", "T" * 62, {}),
        ("30M10D40N30M", "T" * 60, {"---": 20}),
        # clipped before and behind
        ("5H10S20M50N30M5S", "T" * 65, {}),
    ],
)
def test_reads_of_rna_show_what_lies_outside_their_introns(
    tmp_path: Path, cigar: str, bases: str, expected: dict[str, int]
) -> None:
    """Reads from 30 bp (or, where an intron comes first, as far as makes it so) before codon 12 of KRAS on."""
    first = min(G12.positions)
    bam = builder(G12)
    start = first - (30 if cigar != "10M15N30M" else 40 - 10)
    for i in range(20):
        bam.add_read("chr12", start, bases, cigar=cigar, name=f"rna{i}", reverse=bool(i % 2))
    assert shown(count(bam, tmp_path, [G12])) == expected


def test_rna_in_which_most_reads_skip_the_codon_is_called_on_those_that_read_it(tmp_path: Path) -> None:
    """300 fragments with the wild type, 60 with G12D, and 500 reads with an intron over the codon: 60 of 360."""
    bam = builder(G12)
    cover(bam, G12, 300)
    cover(bam, G12, 60, changes=coding(G12, {1: "A"}))
    for i in range(500):
        bam.add_read("chr12", min(G12.positions) - 30, "T" * 60, cigar="25M20N35M", name=f"rna{i}")
    (allele,) = call(count(bam, tmp_path, [G12]), [G12]).genes["KRAS"].alleles
    assert (allele.protein, allele.alt_fragments, allele.fragments) == ("G12D", 60, 360)
    assert allele.state is Genotype.MUT


# c.1474A>C, c.1476C>A and c.1476C>G (alleles.tsv, specification 7.6): AGC becomes CGC, AGA and AGG, all Arg
@pytest.mark.parametrize("change", [{0: "C"}, {2: "A"}, {2: "G"}])
@pytest.mark.parametrize("drug", ["cetuximab", "panitumumab"])
def test_egfr_s492r_from_reads_counts_under_cetuximab_alone(tmp_path: Path, change: dict[int, str], drug: str) -> None:
    bam = builder(S492)
    cover(bam, S492, 300)
    cover(bam, S492, 60, changes=coding(S492, change))
    called = call(count(bam, tmp_path, [S492]), [S492])
    one = replace(sample(POST), genotypes=called)
    findings, annotated = extended_findings([one], drug, RULES)
    assert [finding.label for finding in findings] == (["EGFR_ECD(S492R)"] if drug == "cetuximab" else [])
    assert annotated == ([] if drug == "cetuximab" else ["OTHER_GENE(EGFR S492R)"])
