"""Counting: every trap of reads has a test of its own."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.genotype_builders import KEEP, builder, coding, codon, count, cover

from cetux.codons import plus_strand
from cetux.counts import CodonCounts, HaplotypeCounts
from cetux.haplotypes import ReadFilter
from cetux.resources import codons

G12, Q61, V600, N581 = codon("KRAS", 12), codon("NRAS", 61), codon("BRAF", 600), codon("BRAF", 581)


def at(counts: HaplotypeCounts, gene: str, number: int) -> CodonCounts:
    return next(one for one in counts.codons if (one.gene, one.codon) == (gene, number))


def fragments(counted: CodonCounts) -> dict[str, int]:
    return {one.bases: one.fragments for one in counted.haplotypes}


def test_mates_that_overlap_count_once(tmp_path: Path) -> None:
    bam = builder(G12)
    cover(bam, G12, 30)
    (one,) = at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes
    assert (one.bases, one.fragments, one.forward, one.reverse) == (plus_strand(G12), 30, 30, 30)
    assert one.strata == {"F333": 30}


def test_mates_that_disagree_are_no_base(tmp_path: Path) -> None:
    bam = builder(G12)
    cover(bam, G12, 20)
    cover(bam, G12, 3, right_changes=coding(G12, {1: "A"}))
    found = at(count(bam, tmp_path, [G12]), "KRAS", 12)
    assert (fragments(found), found.conflicts) == ({"ACC": 20, "A.C": 3}, 3)
    assert [one.strata for one in found.haplotypes] == [{"F333": 20}, {"F3.3": 3}]


def test_identical_records_count_once(tmp_path: Path) -> None:
    bam = builder(G12)
    cover(bam, G12, 10, changes=coding(G12, {1: "A"}))
    bam.reads = [read for read in bam.reads for _ in (0, 1)]
    counts = count(bam, tmp_path, [G12])
    assert fragments(at(counts, "KRAS", 12)) == {"ATC": 10}
    assert counts.identical_records_dropped == 20


@pytest.mark.parametrize(("keep_duplicates", "expected"), [(False, 10), (True, 15)])
def test_duplicates_by_flag_are_dropped_unless_the_assay_is_amplicon(
    tmp_path: Path, keep_duplicates: bool, expected: int
) -> None:
    bam = builder(G12)
    cover(bam, G12, 10)
    cover(bam, G12, 5, duplicate=True)
    found = count(bam, tmp_path, [G12], ReadFilter(20, 20, keep_duplicates))
    assert fragments(at(found, "KRAS", 12)) == {plus_strand(G12): expected}


@pytest.mark.parametrize("flag", ["secondary", "supplementary", "qcfail", "duplicate"])
def test_reads_that_are_not_primary_do_not_count(tmp_path: Path, flag: str) -> None:
    bam = builder(G12)
    cover(bam, G12, 10, **{flag: True})
    assert at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes == ()


def test_badly_mapped_reads_do_not_count_and_where_they_do_stand_in_the_worst_class(tmp_path: Path) -> None:
    bam = builder(G12)
    cover(bam, G12, 10, mapq=0)
    assert at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes == ()
    (one,) = at(count(bam, tmp_path, [G12], ReadFilter(0, 20, False)), "KRAS", 12).haplotypes
    assert one.strata == {"F000": 10}


def test_a_base_below_the_quality_is_not_read(tmp_path: Path) -> None:
    bam = builder(G12)
    cover(bam, G12, 10, base_quality=19)
    assert at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes == ()


def test_clipped_bases_are_not_read(tmp_path: Path) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    bam.add_read("chr12", first + 3, "A" * 10 + "ACGT" * 10, cigar="10S40M")
    assert at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes == ()


@pytest.mark.parametrize(("clipped", "shown"), [(9, "ACC"), (11, ".CC"), (12, "..C")])
def test_a_read_that_ends_in_the_codon_shows_the_bases_that_it_reaches(
    tmp_path: Path, clipped: int, shown: str
) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    bases = "A" * 10 + plus_strand(G12) + "GT" * 20
    bam.add_read("chr12", first - 10 + clipped, bases, cigar=f"{clipped}S{len(bases) - clipped}M")
    (one,) = at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes
    assert (one.bases, one.fragments, one.at_ends) == (shown, 1, 1)
    assert one.strata == {"F" + "".join("." if base == "." else "2" for base in shown): 1}


@pytest.mark.parametrize(("base_quality", "expected"), [(25, "F111"), (37, "F222"), (90, "F444")])
def test_error_classes_of_one_read_follow_its_quality(tmp_path: Path, base_quality: int, expected: str) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    bam.add_read("chr12", first - 20, "T" * 20 + plus_strand(G12) + "T" * 20, base_quality=base_quality)
    (one,) = at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes
    assert list(one.strata) == [expected]


@pytest.mark.parametrize(
    ("tags", "name", "expected"),
    [
        ({"cD": 5, "cM": 3, "cE": 0.0}, None, "F444"),
        ({"cD": 1, "cM": 1, "cE": 0.0}, None, "F222"),
        ({"cD": 5, "cM": 3, "aD": 3, "aM": 2, "bD": 2, "bM": 1}, None, "N555"),
        ({"cD": 5, "cM": 3, "aD": 5, "aM": 3, "bD": 0, "bM": 0}, None, "F444"),
        ({}, "Marianas:ACT+GTG:12:1000:8:4:12:1100:8:4", "N555"),
        ({}, "Marianas:ACT+GTG:12:1000:8:0:12:1100:8:0", "F444"),
    ],
)
def test_depth_tags_of_consensus_reads_are_used(
    tmp_path: Path, tags: dict[str, object], name: str | None, expected: str
) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    bam.add_read("chr12", first - 20, "T" * 20 + plus_strand(G12) + "T" * 20, tags=tags, name=name)
    (one,) = at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes
    assert list(one.strata) == [expected]


def test_the_first_read_of_a_pair_gives_the_strand_of_the_molecule(tmp_path: Path) -> None:
    bam = builder(G12)
    first = min(G12.positions)
    bam.add_fragment("chr12", first - 60, first + 100, strand="+")
    bam.add_fragment("chr12", first - 60, first + 100, strand="-")
    (one,) = at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes
    assert one.strata == {"F333": 1, "R333": 1}


def test_changes_of_one_molecule_are_one_haplotype_and_of_two_molecules_two(tmp_path: Path) -> None:
    bam = builder(V600)
    cover(bam, V600, 20)
    cover(bam, V600, 6, changes=coding(V600, {0: "A", 1: "A"}))
    cover(bam, V600, 5, changes=coding(V600, {0: "A"}))
    cover(bam, V600, 4, changes=coding(V600, {1: "A"}))
    found = fragments(at(count(bam, tmp_path, [V600]), "BRAF", 600))
    assert found == {"CAC": 20, "CTT": 6, "CAT": 5, "CTC": 4}


def test_a_change_beside_the_codon_on_the_same_molecules_is_linked(tmp_path: Path) -> None:
    bam = builder(Q61, planted={("chr1", max(Q61.positions) + 1): "A"})
    cover(bam, Q61, 40)
    cover(bam, Q61, 8, changes=coding(Q61, {0: "A", -1: "A"}))
    found = at(count(bam, tmp_path, [Q61]), "NRAS", 61)
    mutant = next(one for one in found.haplotypes if one.bases == "TTT")
    assert mutant.linked == {"+3A>T": 8}


def test_a_codon_split_by_an_intron_is_read_from_either_exon(tmp_path: Path) -> None:
    low, high = sorted(N581.positions)[1], sorted(N581.positions)[2]
    bam = builder(N581)
    for i in range(6):
        bam.add_fragment("chr7", low - 90 - i, low + 40)
        bam.add_fragment("chr7", high - 40, high + 90 + i)
    found = fragments(at(count(bam, tmp_path, [N581]), "BRAF", 581))
    assert found == {"AT.": 6, "..T": 6}


def test_a_spliced_read_shows_the_whole_split_codon_once(tmp_path: Path) -> None:
    low, high = sorted(N581.positions)[1], sorted(N581.positions)[2]
    bam = builder(N581)
    for i in range(4):
        left, right = "C" * (30 + i) + "AT", "T" + "G" * 40
        bam.add_read("chr7", low + 1 - len(left), left + right, cigar=f"{len(left)}M{high - low - 1}N{len(right)}M")
    counts = count(bam, tmp_path, [N581])
    assert fragments(at(counts, "BRAF", 581)) == {"ATT": 4}
    assert counts.identical_records_dropped == 0


def test_an_intron_over_the_codon_shows_nothing(tmp_path: Path) -> None:
    first = min(G12.positions)
    bam = builder(G12)
    bam.add_read("chr12", first - 30, "A" * 50, cigar="25M20N25M")
    assert at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes == ()


def test_a_deletion_over_two_codons_is_one_indel_and_no_substitution(tmp_path: Path) -> None:
    wanted = [V600, codon("BRAF", 601)]
    bam = builder(*wanted)
    cover(bam, V600, 30)
    cover(bam, V600, 6, deletions={min(V600.positions) - 1: 3})
    counts = count(bam, tmp_path, wanted)
    indels = [indel for one in counts.codons for indel in one.indels]
    assert [(i.fragments, len(i.deleted), i.covering) for i in indels] == [(6, 3, 36)]
    assert all("-" in bases for bases in fragments(at(counts, "BRAF", 600)) if bases != "CAC")


def test_an_insertion_is_found_from_any_of_its_equivalent_placements(tmp_path: Path) -> None:
    gene = codon("ERBB2", 776)
    first = min(gene.positions)
    planted = {("chr17", first - 15 + i): base for i, base in enumerate("GCATACGTGATGGCT")}
    for start, inserted in ((first - 16, "GCATACGTGATG"), (first - 12, "ACGTGATGGCAT"), (first - 4, "GCATACGTGATG")):
        bam = builder(gene, planted=planted)
        cover(bam, gene, 30)
        cover(bam, gene, 6, insertions={start: inserted})
        (indel,) = at(count(bam, tmp_path, [gene]), "ERBB2", 776).indels
        assert (indel.start, indel.inserted, indel.fragments) == (first - 16, "GCATACGTGATG", 6)


def test_fragments_seen_only_at_read_ends_are_told_apart(tmp_path: Path) -> None:
    first = min(G12.positions)
    bam = builder(G12)
    cover(bam, G12, 20)
    for i in range(7):
        bam.add_read("chr12", first - 46, "C" * 46 + "ATC", name=f"end{i}")
    found = {one.bases: one.at_ends for one in at(count(bam, tmp_path, [G12]), "KRAS", 12).haplotypes}
    assert found == {plus_strand(G12): 0, "ATC": 7}


def test_the_background_leaves_listed_codons_and_variable_positions_out(tmp_path: Path) -> None:
    first = min(G12.positions)
    bam = builder(G12)
    cover(bam, G12, 60)
    cover(bam, G12, 30, changes=coding(G12, {1: "A"}) | {first - 10: "T", first - 11: "G"})
    counts = count(bam, tmp_path, [G12])
    assert counts.background.variable in (1, 2)  # one of the two planted bases may be the reference's own
    assert sum(error.errors for error in counts.background.errors) == 0
    assert sum(error.bases for error in counts.background.errors) > 10_000


def test_errors_around_the_codon_are_counted_by_substitution_and_stratum(tmp_path: Path) -> None:
    first = min(G12.positions)
    bam = builder(G12, planted={("chr12", first - 10 - i): "C" for i in range(5)})
    cover(bam, G12, 300)
    for i in range(5):
        cover(bam, G12, 1, changes={first - 10 - i: "T"})
    errors = [error for error in count(bam, tmp_path, [G12]).background.errors if error.errors]
    assert {(error.substitution, error.stratum, error.errors) for error in errors} == {("C>T", "F2", 5)}


def test_a_bam_without_the_contig_has_no_counts(tmp_path: Path) -> None:
    bam = builder(G12)
    bam.contigs = {"chr1": 1000}
    bam.add_read("chr1", 10, "ACGT" * 10)
    counts = count(bam, tmp_path, [G12])
    assert counts.usable.ok
    assert at(counts, "KRAS", 12).haplotypes == ()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_the_order_of_equal_positions_does_not_matter(tmp_path: Path, random: object) -> None:
    bam = builder(G12)
    cover(bam, G12, 12, changes=coding(G12, {1: "A"}))
    cover(bam, G12, 12)
    expected = count(bam, tmp_path, [G12])
    random.shuffle(bam.reads)  # type: ignore[attr-defined]
    assert count(bam, tmp_path, [G12]) == expected


def test_every_listed_codon_is_counted_once_in_order(tmp_path: Path) -> None:
    wanted = codons("GRCh38")
    bam = builder(G12)
    cover(bam, G12, 3)
    counts = count(bam, tmp_path, wanted, KEEP)
    assert [(one.gene, one.codon) for one in counts.codons] == [(one.gene, one.codon) for one in wanted]
