"""The genetic code against a second entry of it, both strands, and what a haplotype changes."""

import pytest
from tests.literature.sources import GENETIC_CODE
from tests.unit.coding_builders import codon_of

from cetux.codons import (
    AMINO_ACIDS,
    changed,
    codon_bases,
    plus_strand,
    protein_change,
    reverse_complement,
    tokens,
    translated,
)

BRAF_581, BRAF_600 = codon_of("BRAF", 581, "GRCh37"), codon_of("BRAF", 600)


def test_the_genetic_code():
    assert AMINO_ACIDS == GENETIC_CODE
    assert translated("".join(GENETIC_CODE)) == "".join(GENETIC_CODE.values())


def test_an_unknown_base_is_an_unknown_amino_acid_and_a_rest_is_left_out():
    assert translated("ATGNNNTA") == "MX"


def test_reverse_complement():
    assert reverse_complement("AACGN") == "NCGTT"


def test_a_codon_on_the_plus_strand():
    """BRAF lies on the minus strand: V600 is GTG, N581 is AAT with its first base in another exon."""
    assert plus_strand(BRAF_600) == "CAC"
    assert plus_strand(codon_of("ERBB2", 776)) == "GGT"
    assert codon_bases([BRAF_581]) == {140453191: "A", 140453192: "T", 140453986: "T"}


@pytest.mark.parametrize(
    ("bases", "shown", "changes"),
    [
        ("CAC", ["C", "A", "C"], ()),
        ("CTC", ["C", "T", "C"], ((1, "T"),)),
        (".TC", [".", "T", "C"], ((1, "T"),)),
        ("CT.", ["C", "T", "."], ((1, "T"),)),
        ("C--", ["C", "-", "-"], ((1, "-"), (2, "-"))),
        ("CAggC", ["C", "Agg", "C"], ((1, "Agg"),)),
        ("C-nC", ["C", "-n", "C"], ((1, "-n"),)),
    ],
)
def test_what_a_haplotype_shows_and_changes(bases, shown, changes):
    assert tokens(bases) == shown
    assert changed(bases, "CAC") == changes


@pytest.mark.parametrize(
    ("changes", "amino_acid"),
    [
        ((), "V"),
        (((1, "T"),), "E"),  # GAG
        (((1, "T"), (2, "T")), "K"),  # AAG
        (((0, "T"),), "V"),  # GTA
        (((1, "-"),), "indel"),
        (((1, "Agg"),), "indel"),
    ],
)
def test_amino_acids_of_a_minus_strand_codon(changes, amino_acid):
    assert protein_change(BRAF_600, changes) == amino_acid
