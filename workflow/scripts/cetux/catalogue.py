"""What a site's catalogue of hot spots says of a change: it is listed, another of its codon is, or neither."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cetux.edits import Bases, Edit, parts, shifted


class Listing(StrEnum):
    """What a catalogue says of one change.

    ALLELE: it lists the change itself. CODON: not that, but another substitution of a codon in which the change is one.
    NO: neither. UNKNOWN: it cannot be told, since bases that decide it are not known.
    """

    ALLELE = "allele"
    CODON = "codon"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Written:
    """Every way to write one change, each as its single changes; whole: False where unknown bases hide further ways."""

    forms: frozenset[frozenset[Edit]]
    whole: bool = True


@dataclass(frozen=True)
class Catalogue:
    """The changes of one catalogue that lie near the genes of the tables.

    alleles: each as its single changes (`edits.parts`), an insertion or deletion where the catalogue puts it. places:
    chromosome and 0-based plus-strand position of the three bases of every codon that a listed substitution changes.
    """

    alleles: frozenset[frozenset[Edit]]
    places: frozenset[tuple[str, int]]

    def listing(self, change: Written | None) -> Listing:
        """What it says of a change; None stands for one that was not read to its end."""
        if change is None:
            return Listing.UNKNOWN
        if change.forms & self.alleles:
            return Listing.ALLELE
        if not change.whole:
            return Listing.UNKNOWN
        places = {(part.chrom, part.start) for form in change.forms for part in substitutions(form)}
        return Listing.CODON if places & self.places else Listing.NO


def substitutions(change: Iterable[Edit]) -> tuple[Edit, ...]:
    """The single changes that replace one base by one."""
    return tuple(part for part in change if len(part.ref) == len(part.alt) == 1)


def written(edits: Iterable[Edit], bases: Bases, shift: int | None = None) -> Written:
    """Every placement of a change that gives the same sequence, wherever a catalogue may have put it.

    Args:
        edits: of one molecule and one chromosome.
        bases: plus-strand reference around them.
        shift: bases by which a single insertion or deletion, given at its left-most place, moves to the right, where
            the sample's own reads told it (`counts.IndelCount`); None to ask `bases`.

    >>> found = written([Edit("7", 2, "A", "")], dict(enumerate("GAAAC")))
    >>> sorted(edit.start for form in found.forms for edit in form), found.whole
    ([1, 2, 3], True)
    """
    singles = [part for edit in edits for part in parts(edit)]
    if len(singles) != 1 or not singles[0].is_indel:
        return Written(frozenset([frozenset(singles)]), whole=not any(part.is_indel for part in singles))
    (edit,) = singles
    if shift is not None:
        return Written(_placed(edit, shift))
    left, right = shifted(edit, bases, -1), shifted(edit, bases, 1)
    if left is None or right is None:
        known = [one for one in (edit, left, right) if one is not None]
        return Written(frozenset(frozenset([one]) for one in known), whole=False)
    return Written(_placed(left, right.start - left.start))


def _placed(edit: Edit, most: int) -> frozenset[frozenset[Edit]]:
    """An insertion or deletion at its left-most place and 1 to `most` bases to the right: its block comes round."""
    block = edit.ref or edit.alt
    forms = []
    for by in range(most + 1):
        turned = block[by % len(block) :] + block[: by % len(block)]
        ref, alt = (turned, "") if edit.ref else ("", turned)
        forms.append(frozenset([Edit(edit.chrom, edit.start + by, ref, alt)]))
    return frozenset(forms)
