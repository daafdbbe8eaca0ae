"""Insertions and deletions from reads to names: one change is one allele, with one name that is right.

BRAF reads 599 ACA, 600 GTG, 601 AAA, 602 TCC (c.1795 to c.1806), all on the minus strand. Every name is worked out by
hand from these bases; a comment shows how.
"""

from array import array
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests import builders
from tests.builders import BamBuilder
from tests.unit.coding_builders import coding_reference
from tests.unit.genotype_builders import KEEP, SETTINGS, TISSUE, TRANSCRIPTS, builder, codon, count, cover

from cetux.coding import Transcript, transcripts
from cetux.codons import reverse_complement
from cetux.counts import HaplotypeCounts, IndelCount, SampleCheck, Usable
from cetux.evidence import Allele, SampleGenotypes
from cetux.genotype import call_genotypes
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.indels import Placed
from cetux.resources import Codon, alleles
from cetux.states import Genotype
from cetux.vcf import write_vcf

V600, K601, N581 = codon("BRAF", 600), codon("BRAF", 601), codon("BRAF", 581)


def c(number: int) -> int:
    """The position of BRAF's coding base `number`, in the exon of codon 600."""
    return V600.positions[0] - (number - 1798)


def planted(first: int, bases: str) -> dict[tuple[str, int], str]:
    """Coding bases from c.`first` on, as bases of the plus strand."""
    return {("chr7", c(first + i)): reverse_complement(base) for i, base in enumerate(bases)}


def reads(**given: object) -> BamBuilder:
    return builder(V600, planted=planted(1792, "GCTACAGTGAAATCCCGA"), **given)  # type: ignore[arg-type]


def known_of(bam: BamBuilder) -> Transcript:
    """BRAF with the bases that the reads were made of."""
    bases = {
        start + i: base
        for (contig, start), text in bam.reference.items()
        if contig == "chr7"
        for i, base in enumerate(text)
    }
    return replace(TRANSCRIPTS["BRAF"], bases=bases)


def called(counts: HaplotypeCounts, wanted: list[Codon], known: Mapping[str, Transcript]) -> SampleGenotypes:
    check = SampleCheck("s", Usable(), build="GRCh38")
    return call_genotypes(check, counts, wanted, known, alleles(), TISSUE, SETTINGS)


def found_in(bam: BamBuilder, path: Path, keep: ReadFilter = KEEP) -> list[Allele]:
    """Reported changes and traces of codons 599 to 602 of BRAF."""
    known = known_of(bam)
    wanted = [V600, K601, known.codon(599), known.codon(602)]
    genotypes = called(count(bam, path, wanted, keep), wanted, TRANSCRIPTS | {"BRAF": known})
    return [*genotypes.genes["BRAF"].alleles, *genotypes.genes["BRAF"].traces]


def names(found: list[Allele]) -> list[tuple[str, str, int, int]]:
    return sorted((one.protein, one.hgvs_c, one.alt_fragments, one.fragments) for one in found)


# --- a gap and other changes of the same molecules ---------------------------------------------------


def test_an_insertion_beside_a_deletion_is_one_delins(tmp_path: Path) -> None:
    """c.1797 to c.1801 are A GTG A; CC in their place leaves AC|CC|AA: ACC (T599, silent), CAA (Q), in frame."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 5}, insertions={c(1801) - 1: "GG"})
    assert names(found_in(bam, tmp_path)) == [("V600indel", "c.1797_1801delinsCC", 40, 240)]


def test_a_substitution_behind_a_deletion_belongs_to_it(tmp_path: Path) -> None:
    """c.1799 to c.1803 are TG AAA; without 1799_1801 and with T for 1803, AT is left: GAT (D) for V600 and K601."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 3}, changes={c(1803): "A"})
    assert names(found_in(bam, tmp_path)) == [("V600indel", "c.1799_1803delinsAT", 40, 240)]


def test_a_substitution_beside_an_insertion_belongs_to_it(tmp_path: Path) -> None:
    """TTG before c.1798, which is T instead of G: TTG|TTG, two leucines for V600, as in ERBB2 G776delinsLC."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, insertions={c(1798): "CAA"}, changes={c(1798): "A"})
    assert names(found_in(bam, tmp_path)) == [("V600indel", "c.1798delinsTTGT", 40, 240)]


def test_a_substitution_of_another_codon_is_not_counted_a_second_time(tmp_path: Path) -> None:
    """c.1796 to c.1801 are CA GTG A; T for 1796 and without 1799_1801, TAG is left: ATA GAA, T599I and V600_K601>E."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 3}, changes={c(1796): "A"})
    assert names(found_in(bam, tmp_path)) == [("T599indel", "c.1796_1801delinsTAG", 40, 240)]


def test_gaps_that_cancel_out_with_a_substitution_are_a_substitution(tmp_path: Path) -> None:
    """c.1799 (T) away and an A in its place is V600E, however an aligner writes it."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1799): 1}, insertions={c(1799) - 1: "T"})
    (one,) = found_in(bam, tmp_path)
    assert (one.protein, one.hgvs_c, one.listed, one.alt_fragments) == ("V600E", "c.1799T>A", True, 40)


def test_changes_of_different_molecules_keep_their_own_names(tmp_path: Path) -> None:
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 3})
    cover(bam, V600, 40, changes={c(1803): "A"})  # AAA to AAT, K601N
    assert [one[:2] for one in names(found_in(bam, tmp_path))] == [
        ("K601N", "c.1803A>T"),
        ("V600indel", "c.1799_1801del"),
    ]


def test_a_base_that_all_molecules_have_belongs_to_no_gap(tmp_path: Path) -> None:
    """c.1806 differs from the reference in every fragment: the person's own, not a part of the deletion."""
    bam = reads()
    cover(bam, V600, 200, changes={c(1806): "A"})
    cover(bam, V600, 40, changes={c(1806): "A"}, deletions={c(1801): 3})
    assert ("V600indel", "c.1799_1801del", 40, 240) in names(found_in(bam, tmp_path))


def test_a_stray_error_beside_a_gap_makes_no_change_of_its_own(tmp_path: Path) -> None:
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 37, deletions={c(1801): 3})
    cover(bam, V600, 3, deletions={c(1801): 3}, changes={c(1803): "A"})
    assert names(found_in(bam, tmp_path)) == [("V600indel", "c.1799_1801del", 40, 240)]


def test_molecules_with_and_without_another_change_beside_a_gap_are_two_changes(tmp_path: Path) -> None:
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 30, deletions={c(1801): 3})
    cover(bam, V600, 20, deletions={c(1801): 3}, changes={c(1803): "A"})
    assert names(found_in(bam, tmp_path)) == [
        ("V600indel", "c.1799_1801del", 30, 250),
        ("V600indel", "c.1799_1803delinsAT", 20, 250),
    ]


def test_a_delins_is_one_record_of_the_vcf(tmp_path: Path) -> None:
    """Plus strand: c.1801 to c.1797 read T CAC T, from the first of them on."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 5}, insertions={c(1801) - 1: "GG"})
    known = known_of(bam)
    wanted = [V600, K601, known.codon(599)]
    genotypes = called(count(bam, tmp_path, wanted), wanted, TRANSCRIPTS | {"BRAF": known})
    write_vcf(genotypes, wanted, "GRCh38", "chr", str(tmp_path / "s.vcf.gz"))
    with pysam.VariantFile(str(tmp_path / "s.vcf.gz")) as file:
        (record,) = list(file)
    assert (record.start, record.ref, record.alts) == (c(1801), "TCACT", ("GG",))
    assert record.info["HGVSC"] == "c.1797_1801delinsCC"


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    deleted=st.integers(0, 6),
    gap=st.integers(0, 3),
    inserted=st.text("ACGT", max_size=5),
    substituted=st.dictionaries(st.integers(-2, 0), st.sampled_from("ACGT"), max_size=2),
)
def test_the_one_change_that_is_counted_makes_the_molecules_from_the_reference(
    tmp_path_factory: pytest.TempPathFactory, deleted: int, gap: int, inserted: str, substituted: dict[int, str]
) -> None:
    """Whatever gaps and substitutions the aligner writes near c.1800: nothing of a molecule is lost or made up."""
    assume(deleted or inserted)
    bam, first = reads(), c(1800)
    behind = first + deleted + gap  # the insertion stands behind this base; its neighbours keep theirs
    changes = {first + p if p < 0 else behind + 2: base for p, base in substituted.items()}  # all within two codons
    gaps = {"deletions": {first: deleted} if deleted else {}, "insertions": {behind: inserted} if inserted else {}}
    cover(bam, V600, 60)
    cover(bam, V600, 30, changes=changes, **gaps)
    bases = builders.reference_bases(bam.reference, "chr7", first - 50, first + 50)
    molecule = ""
    for place, base in enumerate(bases, first - 50):
        is_gone = first <= place < first + deleted
        molecule += ("" if is_gone else changes.get(place, base)) + (inserted if place == behind else "")
    wanted = [V600, K601, codon("BRAF", 597)]
    counts = count(bam, tmp_path_factory.mktemp("bam"), wanted)
    found = [one for counted in counts.codons for one in counted.indels]
    assume(molecule != bases)
    (one,) = found
    start = one.start - first + 50 + (not one.deleted)
    altered = bases[:start] + one.inserted + bases[start + len(one.deleted) :]
    assert altered == molecule
    assert one.fragments >= 28  # a read that ends within the insertion contradicts its mate


# --- codons and windows ------------------------------------------------------------------------------


def test_a_deletion_at_the_border_of_windows_is_counted_once(tmp_path: Path) -> None:
    """Codon 581 is split by an intron and read alone. c.1744_1749 (ATA TTT) are 582 and 583: 581 keeps its bases."""
    low = min(N581.positions)  # c.1743; 582 follows at falling positions
    bases = {("chr7", low - 1 - i): reverse_complement(base) for i, base in enumerate("ATATTTCTT")}
    bam = builder(N581, planted=bases)
    cover(bam, N581, 200)
    cover(bam, N581, 40, deletions={low - 6: 6})
    known = known_of(bam)
    wanted = [N581, known.codon(582), known.codon(583)]
    counts = count(bam, tmp_path, wanted)
    assert [(one.codon, len(one.indels)) for one in counts.codons] == [(581, 0), (582, 1), (583, 0)]
    found = called(counts, wanted, TRANSCRIPTS | {"BRAF": known}).genes["BRAF"].alleles
    assert [(one.protein, one.hgvs_c) for one in found] == [("I582indel", "c.1744_1749del")]


def test_a_change_belongs_to_the_listed_one_of_the_codons_that_it_changes(tmp_path: Path) -> None:
    """ACA GTG AAA without c.1795_1800 is AAA, as without 1796_1801, the last place: 599 (in no table), 600 and 601."""
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1800): 6})
    (one,) = found_in(bam, tmp_path)
    assert (one.codon, one.protein, one.hgvs_c) == (600, "T599indel", "c.1796_1801del")


@pytest.mark.parametrize(
    ("one", "changed"),
    [
        (Placed(c(1801), 0, "TCA", ""), [600, 601]),  # c.1799_1801
        (Placed(c(1800), 0, "CAC", ""), [600]),
        (Placed(c(1797), 2, "T", ""), [599]),  # 1795_1797; by the 3' rule, at falling positions, it is 1797
        (Placed(c(1799), 0, "", "AAA"), [600]),  # behind 1799, before 1798
        (Placed(c(1798), 0, "", "AAA"), []),  # between 600 and 599
        (Placed(c(1803), 0, "TT", "A"), [601]),
    ],
)
def test_the_codons_that_a_change_really_changes(one: Placed, changed: list[int]) -> None:
    known = replace(TRANSCRIPTS["BRAF"], bases={})
    assert [number for number in range(597, 604) if one.changes(known.codon(number))] == changed


# --- how many fragments, and how they lie ------------------------------------------------------------


def test_low_qualities_beside_a_gap_do_not_raise_its_fraction(tmp_path: Path) -> None:
    """40 of 1,000 fragments, all of which reach over it: 4 %, whatever the qualities of single bases."""
    bam = reads()
    cover(bam, V600, 960)
    cover(bam, V600, 40, deletions={c(1801): 3})
    draw = np.random.default_rng(5)
    for read in bam.reads:
        read.query_qualities = array("B", np.where(draw.random(read.query_length) < 0.3, 15, 37).tolist())
    assert names(found_in(bam, tmp_path)) == [("V600indel", "c.1799_1801del", 40, 1000)]


def test_gaps_of_badly_mapped_fragments_alone_look_like_an_artefact(tmp_path: Path) -> None:
    bam = reads()
    cover(bam, V600, 200)
    cover(bam, V600, 40, deletions={c(1801): 3}, mapq=0)
    (one,) = found_in(bam, tmp_path, ReadFilter(0, 20, keep_duplicates=False))
    assert (one.state, one.filters, one.alt_fragments) == (Genotype.NO_CALL, ("mapping",), 40)


def test_counts_of_before_have_no_badly_mapped_fragments() -> None:
    old = IndelCount(9, 4, "", "AC", 5, 9, 3, 2, 0)
    assert (old.badly_mapped, old.without_badly_mapped) == (0, 0)


# --- bases that no fragment shows --------------------------------------------------------------------


def test_a_deletion_in_all_fragments_has_the_bases_of_the_tables(tmp_path: Path) -> None:
    """c.1799_1801 on the plus strand: T of AAA, then CA of CAC."""
    bam = reads()
    cover(bam, V600, 200, deletions={c(1801): 3})
    counts = count(bam, tmp_path, [V600, K601])
    assert [one.deleted for codon in counts.codons for one in codon.indels] == ["TCA"]


def test_a_deletion_of_bases_that_nobody_knows_has_no_name(tmp_path: Path) -> None:
    """Codon 602 is in no table: without a FASTA no source tells what all fragments have lost."""
    bam = reads()
    cover(bam, V600, 200, deletions={c(1806): 5})  # 1802 to 1806
    wanted = [V600, K601]
    genotypes = called(count(bam, tmp_path, wanted), wanted, TRANSCRIPTS)
    (one,) = genotypes.genes["BRAF"].alleles
    assert (one.protein, one.hgvs_c, one.indel and one.indel.deleted) == ("K601fs", "", "NNNTT")
    write_vcf(genotypes, wanted, "GRCh38", "chr", str(tmp_path / "s.vcf.gz"))
    with pysam.VariantFile(str(tmp_path / "s.vcf.gz")) as file:
        assert list(file) == []
        assert "##cetux_left_out=BRAF K601fs (codon 601)" in str(file.header)


def test_a_deletion_in_all_fragments_has_the_bases_of_the_fasta(tmp_path: Path) -> None:
    """KRAS codons 14 and 15 are in no table; the made-up FASTA has them."""
    made = coding_reference("GRCh38", "chr", genes=("KRAS",))
    fasta = str(builders.write_fasta(tmp_path / "r.fa.gz", {"chr12": 25_260_000}, made))
    known = transcripts("GRCh38", fasta)
    g13 = codon("KRAS", 13)
    first = min(g13.positions) - 4  # the last base of codon 14 and the first three of 15, on the minus strand
    bam = BamBuilder({"chr12": 25_260_000}, made)
    cover(bam, g13, 200, deletions={first: 3})
    wanted = [g13, known["KRAS"].codon(14)]
    counts = count_haplotypes("s", str(bam.write(tmp_path / "s.bam")), fasta, wanted, KEEP)
    found = [one for codon in counts.codons for one in codon.indels]
    deleted = "".join(known["KRAS"].bases[found[0].start + i] for i in range(3))
    assert [(one.fragments, one.deleted) for one in found] == [(200, deleted)]
