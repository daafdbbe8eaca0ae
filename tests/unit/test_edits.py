"""Text edits: every way to write one change comes to the same place, and the resulting sequence never changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.coding_builders import codon_of

from cetux.counts import IndelCount
from cetux.edits import Edit, anchored, haplotype_edits, indel_edit, joined, linked_changes, parts, shifted, trimmed
from cetux.fragments import Indel
from cetux.indels import placed

GENOME = "GGTCACACACTTTAGGCATC"
BASES = dict(enumerate(GENOME))


def applied(edit: Edit, genome: str = GENOME) -> str:
    assert genome[edit.start : edit.end] == edit.ref
    return genome[: edit.start] + edit.alt + genome[edit.end :]


def test_trimming_takes_the_end_first():
    assert trimmed(Edit("7", 4, "ACA", "A")) == Edit("7", 4, "AC", "")


@pytest.mark.parametrize("written", [Edit("7", 3, "CA", ""), Edit("7", 4, "AC", ""), Edit("7", 7, "CA", "")])
def test_all_places_of_a_deletion_in_a_repeat_are_one(written):
    assert applied(written) == "GGTCACACTTTAGGCATC"
    assert shifted(written, BASES, -1) == Edit("7", 3, "CA", "")
    assert shifted(written, BASES, 1) == Edit("7", 8, "AC", "")
    assert anchored(written, BASES) == Edit("7", 2, "TCA", "T")


def test_an_unknown_base_on_the_way_settles_nothing():
    known = {place: base for place, base in BASES.items() if place != 2}
    assert shifted(Edit("7", 7, "CA", ""), known, -1) is None
    assert anchored(Edit("7", 7, "CA", ""), known) is None
    assert shifted(Edit("7", 7, "CA", ""), known, 1) == Edit("7", 8, "AC", "")
    assert joined([Edit("7", 1, "G", "T"), Edit("7", 3, "C", "G")], known) is None


@given(
    genome=st.text("ACGT", min_size=6, max_size=20),
    data=st.data(),
)
def test_shifting_and_anchoring_never_change_the_sequence(genome, data):
    start = data.draw(st.integers(1, len(genome) - 2))
    size = data.draw(st.integers(0, len(genome) - 1 - start))
    alt = data.draw(st.text("ACGT", max_size=4))
    edit = trimmed(Edit("7", start, genome[start : start + size], alt))
    bases = dict(enumerate(genome))
    wanted = applied(edit, genome)
    if not edit.ref and not edit.alt:
        return
    for step in (-1, 1):
        moved = shifted(edit, bases, step)
        assert moved is None or applied(moved, genome) == wanted
    written = anchored(edit, bases)
    assert written is None or (applied(written, genome) == wanted and written.ref and written.alt)


def test_parts_of_a_substitution():
    assert parts(Edit("7", 3, "CAC", "TAG")) == (Edit("7", 3, "C", "T"), Edit("7", 5, "C", "G"))
    assert parts(Edit("7", 3, "CA", "")) == (Edit("7", 3, "CA", ""),)


BRAF_600 = codon_of("BRAF", 600)  # plus strand CAC at 140753334..140753336


@pytest.mark.parametrize(
    ("changes", "edits"),
    [
        (((1, "T"),), (Edit("7", 140753335, "A", "T"),)),
        (((1, "T"), (2, "T")), (Edit("7", 140753335, "AC", "TT"),)),
        (((0, "T"), (2, "T")), (Edit("7", 140753334, "CAC", "TAT"),)),  # the base between stays in
        (((1, "-"),), (Edit("7", 140753335, "A", ""),)),
        (((1, "Agg"),), (Edit("7", 140753336, "", "GG"),)),
        (((2, "Cttt"),), (Edit("7", 140753337, "", "TTT"),)),
        (((1, "-cc"),), (Edit("7", 140753335, "A", "CC"),)),
        # a deletion at an end of the codon goes on, who knows how far
        (((2, "-"),), None),
        (((0, "-"), (1, "-"), (2, "-")), None),
    ],
)
def test_haplotypes_as_edits(changes, edits):
    assert haplotype_edits(BRAF_600, changes) == edits


def test_a_haplotype_over_an_intron_is_two_edits():
    braf_581 = codon_of("BRAF", 581, "GRCh37")
    found = haplotype_edits(braf_581, ((1, "C"), (2, "C")))
    assert found == (Edit("7", 140453192, "T", "C"), Edit("7", 140453986, "T", "C"))


@given(genome=st.text("AC", min_size=6, max_size=20), inserted=st.text("AC", max_size=4), data=st.data())
def test_every_place_of_a_counted_indel_gives_one_sequence(genome, inserted, data):
    """The ends of the genome, where no base is known, stand for a base that stops it."""
    start = data.draw(st.integers(1, len(genome) - 3))
    size = 0 if inserted else data.draw(st.integers(1, len(genome) - 2 - start))
    bases = dict(enumerate(genome))
    found = placed(Indel(start, size, inserted), bases.get)
    count = IndelCount(*found, fragments=5, covering=9, forward=3, reverse=2, at_ends=0)
    everywhere = [indel_edit("7", count, moved) for moved in range(found.shift + 1)]
    assert len({applied(edit, genome) for edit in everywhere}) == 1
    assert shifted(everywhere[0], bases, 1) in (everywhere[-1], None)


NRAS_61 = codon_of("NRAS", 61)  # plus strand TTG at 114713906..114713908; c.180 is the base behind it


@pytest.mark.parametrize(
    ("changes", "linked", "together", "bases"),
    [
        (((2, "T"),), (), ((2, "T"),), {}),
        (((2, "T"),), ("+3T>A",), ((2, "T"), (3, "A")), {114713909: "T"}),
        (((0, "A"),), ("-1C>G",), ((-1, "G"), (0, "A")), {114713905: "C"}),
        (((0, "A"),), ("+3T>A", "+4C>A"), ((0, "A"), (3, "A"), (4, "A")), {114713909: "T", 114713910: "C"}),
        # the base between is not known
        (((2, "T"),), ("+4C>A",), ((2, "T"),), {}),
        (((0, "A"),), ("-2C>A",), ((0, "A"),), {}),
    ],
)
def test_changes_beside_a_codon_are_joined_to_it_where_nothing_unknown_lies_between(changes, linked, together, bases):
    assert linked_changes(NRAS_61, changes, linked) == (together, bases)


def test_the_reference_tells_the_bases_between_a_codon_and_a_change_beside_it():
    reference = {114713909: "T", 114713905: "G"}
    found = linked_changes(NRAS_61, ((2, "T"),), ("+4C>A", "-2C>A"), reference)
    assert found == (((-2, "A"), (2, "T"), (4, "A")), {114713904: "C", 114713905: "G", 114713909: "T", 114713910: "C"})
    # the one beyond an unknown base is left out, the other stays
    found = linked_changes(NRAS_61, ((2, "T"),), ("+4C>A", "-2C>A"), {114713909: "T", 114713905: "N"})
    assert found == (((2, "T"), (4, "A")), {114713909: "T", 114713910: "C"})
