"""What a catalogue says of a change. Places and bases of KRAS and BRAF in GRCh38 are those of DoCM."""

import pytest

from cetux.catalogue import Catalogue, Listing, Written, written
from cetux.edits import Edit

G12D = Edit("12", 25245349, "C", "T")
G12V = Edit("12", 25245349, "C", "A")
G13D = Edit("12", 25245346, "C", "T")
CODON_12 = [("12", place) for place in (25245348, 25245349, 25245350)]
CATALOGUE = Catalogue(frozenset([frozenset([G12D])]), frozenset(CODON_12))
REPEAT = dict(enumerate("TGAAACT"))


def of(*edits: Edit) -> Written:
    return written(edits, {})


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ([G12D], Listing.ALLELE),
        ([G12V], Listing.CODON),
        ([G13D], Listing.NO),
        ([Edit("12", 25245349, "CC", "TT")], Listing.CODON),  # G12D and more is another allele
        ([Edit("11", 25245349, "C", "T")], Listing.NO),
        ([Edit("12", 25245348, "ACC", "G")], Listing.NO),  # what is no substitution is listed itself or not at all
    ],
)
def test_the_allele_itself_its_codon_or_neither(edits: list[Edit], said: Listing) -> None:
    assert CATALOGUE.listing(of(*edits)) is said


def test_a_change_that_was_not_read_to_its_end_is_not_said_to_be_unlisted() -> None:
    assert CATALOGUE.listing(None) is Listing.UNKNOWN


def test_two_bases_are_one_allele_however_they_are_written() -> None:
    """V600K, AC to TT on the plus strand, as one record, as one with the base before it, and as two of one molecule."""
    whole = Edit("7", 140753335, "AC", "TT")
    listed = Catalogue(frozenset([frozenset(one for form in of(whole).forms for one in form)]), frozenset())
    for edits in ([whole], [Edit("7", 140753334, "CAC", "CTT")], [Edit("7", 140753336, "C", "T"), whole_a()]):
        assert listed.listing(of(*edits)) is Listing.ALLELE
    assert listed.listing(of(whole_a())) is Listing.NO


def whole_a() -> Edit:
    return Edit("7", 140753335, "A", "T")


@pytest.mark.parametrize("place", [2, 3, 4])
def test_a_deletion_in_a_repeat_is_listed_wherever_the_catalogue_puts_it(place: int) -> None:
    """One A less in TGAAACT is TGAACT, whichever of the three is taken away."""
    listed = Catalogue(frozenset([frozenset([Edit("7", place, "A", "")])]), frozenset())
    for ours in (2, 3, 4):
        assert listed.listing(written([Edit("7", ours, "A", "")], REPEAT)) is Listing.ALLELE
    assert listed.listing(written([Edit("7", 1, "G", "")], REPEAT)) is Listing.NO


def test_an_insertion_moves_with_its_block_coming_round() -> None:
    """AG behind TG, or GA behind T or TGA: all give TGAGAAACT, and no other insertion of two bases does."""
    sequence = "".join(REPEAT[i] for i in range(7))

    def result(edit: Edit) -> str:
        return sequence[: edit.start] + edit.alt + sequence[edit.start :]

    ours = Edit("7", 2, "", "AG")
    forms = {edit for form in written([ours], REPEAT).forms for edit in form}
    assert {result(edit) for edit in forms} == {"TGAGAAACT"}
    same = {Edit("7", at, "", block) for at in range(1, 7) for block in ("AG", "GA", "AA")}
    assert forms == {edit for edit in same if result(edit) == "TGAGAAACT"}
    assert len(forms) > 1


def test_where_the_bases_are_unknown_the_counted_shift_tells_the_places_and_else_nothing_does() -> None:
    listed = Catalogue(frozenset([frozenset([Edit("7", 4, "A", "")])]), frozenset())
    first = Edit("7", 2, "A", "")
    assert listed.listing(written([first], {}, shift=2)) is Listing.ALLELE
    assert listed.listing(written([first], {}, shift=1)) is Listing.NO
    assert listed.listing(written([first], {})) is Listing.UNKNOWN
    assert listed.listing(written([Edit("7", 4, "A", "")], {})) is Listing.ALLELE


def test_an_insertion_in_a_listed_codon_is_not_its_substitution() -> None:
    inside = written([Edit("12", 25245349, "", "T")], dict(enumerate("GCCACCAGC", 25245344)))
    assert CATALOGUE.listing(inside) is Listing.NO
