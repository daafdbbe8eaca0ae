"""The traps of specification 7.3, each a case of its own: labels that public hotspot lists get wrong."""

import csv

import pytest

from cetux.codons import COMPLEMENT, protein_change
from cetux.genomes import recognise_build
from cetux.resources import DIRECTORY, Codon, alleles, coding_exons, codons
from tests.unit.genotype_builders import call, counted

BUILDS = ("GRCh37", "GRCh38")


def codon(gene: str, number: int, build: str = "GRCh38") -> Codon:
    return next(one for one in codons(build) if (one.gene, one.codon) == (gene, number))


@pytest.mark.parametrize(
    ("build", "pos", "protein"),
    [
        ("GRCh37", 25398285, "C"),
        ("GRCh38", 25245351, "C"),
        ("GRCh37", 25398284, "V"),
        ("GRCh38", 25245350, "V"),
    ],
)
def test_g12c_and_g12v_are_one_base_apart(build: str, pos: int, protein: str) -> None:
    """C>A of the plus strand at a 1-based position of the VCF."""
    one = codon("KRAS", 12, build)
    assert protein_change(one, ((sorted(one.positions).index(pos - 1), "A"),)) == protein


def test_kras_is_4b() -> None:
    """188 amino acids and the stop codon; 4A (ENST00000256078) has 189."""
    for build in BUILDS:
        exons = coding_exons(build)["KRAS"]
        assert sum(exon.interval.end - exon.interval.start for exon in exons) == 3 * (188 + 1)
        assert {exon.transcript for exon in exons} == {"NM_004985.5"}


@pytest.mark.parametrize(
    ("gene", "right", "wrong"),
    [("BRAF", "V600E", "V640E"), ("ERBB2", "S310F", "S280F"), ("EGFR", "S492R", "S468R")],
)
def test_numbers_are_those_of_mane_select(gene: str, right: str, wrong: str) -> None:
    """V640E is that of MANE Plus Clinical, S280 of NM_001005862, S468 of EGFR without its signal peptide of 24."""
    assert (gene, right) in alleles()
    assert (gene, wrong) not in alleles()


def test_braf_581_lies_in_two_exons() -> None:
    """GRCh37 140453192-193 and 140453987 (1-based)."""
    assert sorted(codon("BRAF", 581, "GRCh37").positions) == [140453191, 140453192, 140453986]


@pytest.mark.parametrize("gene", ["KRAS", "NRAS", "BRAF"])
def test_bases_of_minus_strand_genes_are_complements_in_a_vcf(gene: str) -> None:
    """HGVS names the coding strand: BRAF c.1799T>A is A>T at 7:140753336."""
    with (DIRECTORY / "alleles.tsv").open(encoding="utf-8", newline="") as handle:
        singles = [
            row for row in csv.DictReader(handle, delimiter="\t") if row["gene"] == gene and ">" in row["hgvs_c"]
        ]
    assert len(singles) > 5
    for row in singles:
        assert row["hgvs_c"].endswith(f"{row['ref']}>{row['alt']}".translate(COMPLEMENT))


@pytest.mark.parametrize(
    ("gene", "number", "bases", "protein", "split"),
    [
        ("BRAF", 600, "CTT", "V600K", ("V600M", "V600E")),
        ("BRAF", 600, "CCT", "V600R", ("V600M", "V600G")),
        ("KRAS", 12, "AAA", "G12F", ("G12V", "G12C")),
    ],
)
def test_two_bases_of_one_molecule_are_one_amino_acid(
    gene: str, number: int, bases: str, protein: str, split: tuple[str, str]
) -> None:
    members = [one for one in codons("GRCh38") if one.gene == gene]
    called = call(counted(members, 500, {(gene, number, bases): 60}), members).genes[gene]
    names = {allele.protein for allele in (*called.alleles, *called.traces)}
    assert names == {protein} and not names & set(split)


def test_builds_are_told_apart_by_the_length_of_a_chromosome() -> None:
    assert [recognise_build({"chr12": length}) for length in (133_851_895, 133_275_309, 133_000_000)] == [*BUILDS, None]


def test_hras_is_no_part_of_the_test() -> None:
    assert not {one.gene for one in codons("GRCh38")} & {"HRAS"} and not {gene for gene, _ in alleles()} & {"HRAS"}


@pytest.mark.parametrize("gene", ["KRAS", "NRAS"])
def test_the_codons_that_a_wild_type_needs(gene: str) -> None:
    needed = {one.codon for one in codons("GRCh38") if one.gene == gene and one.required}
    assert needed >= {12, 13, 59, 61, 117, 146}
