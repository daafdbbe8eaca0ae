"""Changes of the genome as text edits on the plus strand: trimmed, shifted, anchored. Pure, no file is read.

One DNA change can be written in many ways; a VCF wants it at its leftmost place behind an anchor base (Tan, Abecasis
and Kang 2015, Bioinformatics 31:2202), HGVS at its last place in reading direction. Both follow from `shifted`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from re import fullmatch
from typing import Literal

from cetux.codons import Change, codon_bases
from cetux.counts import IndelCount
from cetux.resources import Codon

Bases = Mapping[int, str]
"""Known plus-strand bases of one chromosome by 0-based position; a position that is absent, or N, is unknown."""

_WITHIN_BP = 5
"""Changed bases of one molecule that are written as one substitution: those of two codons at most."""

_BESIDE = (-3, -2, -1, 3, 4, 5)
"""Indices of the bases of a codon's two neighbours, as `haplotype_edits` counts them."""


@dataclass(frozen=True, order=True)
class Edit:
    """Plus-strand bases `ref` from the 0-based `start` on are replaced by `alt`; either may be empty, not both."""

    chrom: str
    start: int
    ref: str
    alt: str

    @property
    def end(self) -> int:
        """The position behind the last replaced base; `start` for an insertion, which lies before it."""
        return self.start + len(self.ref)

    @property
    def is_indel(self) -> bool:
        """Whether bases are only inserted or only deleted."""
        return not self.ref or not self.alt


def trimmed(edit: Edit) -> Edit:
    """The edit without the bases that `ref` and `alt` share, first at their ends, then at their beginnings.

    >>> trimmed(Edit("7", 10, "CAC", "CTC"))
    Edit(chrom='7', start=11, ref='A', alt='T')
    """
    start, ref, alt = edit.start, edit.ref, edit.alt
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    return replace(edit, start=start, ref=ref, alt=alt)


def shifted(edit: Edit, bases: Bases, step: Literal[-1, 1]) -> Edit | None:
    """An insertion or deletion moved as far as it goes without changing the resulting sequence.

    Moving a block x1..xn one base to the right past the base y leaves the same sequence exactly if y = x1, and the
    block is then x2..xn y; to the left likewise with its last base.

    Args:
        edit: trimmed; a substitution or delins comes back as it is.
        bases: the reference around it.
        step: -1 to lower positions (VCF), 1 to higher ones.

    Returns:
        The edit at its last place, or None where an unknown base is met before: then that place cannot be told.

    >>> shifted(Edit("7", 3, "A", ""), dict(enumerate("GAAAC")), -1)
    Edit(chrom='7', start=1, ref='A', alt='')
    """
    if not edit.is_indel:
        return edit
    start, block = edit.start, edit.ref or edit.alt
    while True:
        beyond = bases.get(start - 1 if step < 0 else start + len(edit.ref), "N")
        if beyond not in "ACGT":
            return None
        if beyond != (block[-1] if step < 0 else block[0]):
            return Edit(edit.chrom, start, *((block, "") if edit.ref else ("", block)))
        block = beyond + block[:-1] if step < 0 else block[1:] + beyond
        start += step


def anchored(edit: Edit, bases: Bases) -> Edit | None:
    """The edit as a VCF writes it: an insertion or deletion leftmost, behind the base before it.

    Returns:
        None where an unknown base lies in the way, so that neither place nor anchor can be told.

    >>> anchored(Edit("7", 3, "", "T"), dict(enumerate("GATC")))
    Edit(chrom='7', start=1, ref='A', alt='AT')
    """
    edit = trimmed(edit)
    if not edit.is_indel:
        return edit
    settled = shifted(edit, bases, -1)
    if settled is None:
        return None
    anchor = bases[settled.start - 1]
    return Edit(edit.chrom, settled.start - 1, anchor + settled.ref, anchor + settled.alt)


def parts(edit: Edit) -> tuple[Edit, ...]:
    """A substitution of several bases as its single-base ones, unchanged bases left out; any other edit whole.

    >>> [(part.start, part.ref, part.alt) for part in parts(Edit("7", 10, "ACG", "TCA"))]
    [(10, 'A', 'T'), (12, 'G', 'A')]
    """
    edit = trimmed(edit)
    if len(edit.ref) != len(edit.alt):
        return (edit,)
    pairs = enumerate(zip(edit.ref, edit.alt, strict=True), edit.start)
    return tuple(Edit(edit.chrom, place, ref, alt) for place, (ref, alt) in pairs if ref != alt)


def joined(edits: Iterable[Edit], bases: Bases) -> Edit | None:
    """Several edits of one molecule as one, the bases between them filled in; None where such a base is unknown.

    The edits must not overlap.

    >>> joined([Edit("7", 1, "A", "T"), Edit("7", 3, "C", "G")], dict(enumerate("GATC")))
    Edit(chrom='7', start=1, ref='ATC', alt='TTG')
    """
    first, *others = sorted(edits)
    ref, alt, end = first.ref, first.alt, first.end
    for edit in others:
        between = "".join(bases.get(place, "N") for place in range(end, edit.start))
        if "N" in between:
            return None
        ref, alt, end = ref + between + edit.ref, alt + between + edit.alt, edit.end
    return Edit(first.chrom, first.start, ref, alt)


def haplotype_edits(
    codon: Codon, changes: Iterable[tuple[int, str]], bases: Bases | None = None
) -> tuple[Edit, ...] | None:
    """What a haplotype of one codon changes, as one edit for each of its exons that is touched.

    Args:
        codon: the codon.
        changes: index 0..2 in plus-strand order and what stands there: a base, ``-`` for a deleted one, each with the
            bases inserted behind it in lower case (as in `counts.HaplotypeCount`). An index below 0 or above 2 is a
            base beside the codon, counted on from its first or last one; such a change is joined to the codon's.
        bases: plus-strand bases beside the codon, needed for such an index.

    Returns:
        The edits by position, trimmed. None where a base is unknown, or a deletion touches the end of the codon or of
        its exon: its other end was not read here, so that its length, and with it the change, is unknown.
    """
    positions = set(codon.positions)
    known = dict(bases or {}) | codon_bases([codon])
    touched: list[Edit] = []
    for index, token in changes:
        place = _position(codon, index)
        shown = fullmatch(r"([ACGT-])([a-z]*)", token)
        reference = known.get(place, "N")
        is_end = place - 1 not in positions or place + 1 not in positions
        if not shown or reference == "N" or (shown[1] == "-" and is_end):
            return None
        alt = shown[1].replace("-", "") + shown[2].upper()
        touched.append(Edit(codon.chrom, place, reference, alt))
    exons: list[list[Edit]] = []
    for edit in sorted(touched):
        apart = not exons or any(place not in known for place in range(exons[-1][-1].end, edit.start))
        if apart or edit.start - exons[-1][-1].start > _WITHIN_BP:
            exons.append([])
        exons[-1].append(edit)
    whole = [joined(exon, known) for exon in exons]
    return tuple(trimmed(edit) for edit in whole if edit is not None and edit.ref != edit.alt)


def _position(codon: Codon, index: int) -> int:
    """Plus-strand position of index 0..2 of a codon, or of a base beside it."""
    return sorted(codon.positions)[min(max(index, 0), 2)] + min(index, 0) + max(index - 2, 0)


def linked_changes(
    codon: Codon, changes: Change, linked: Iterable[str], bases: Bases | None = None
) -> tuple[Change, dict[int, str]]:
    """A codon's changes with those beside it on the same molecules, and the bases on the way to them.

    A change beside it is left out where a base between it and the codon is not known.

    Args:
        codon: the codon.
        changes: within it.
        linked: substitutions beside it, as in `counts.HaplotypeCount.linked`.
        bases: plus-strand reference around it.

    Returns:
        Changes as `haplotype_edits` takes them, and plus-strand bases by position.
    """
    beside = {int(text[:-3]): (text[-3], text[-1]) for text in linked}
    known = {index: (bases or {}).get(_position(codon, index), "N") for index in _BESIDE}
    known |= {index: ref for index, (ref, _) in beside.items()}
    reached = {
        index: [place for place in _BESIDE if index <= place < 0 or 2 < place <= index] for index in sorted(beside)
    }
    kept = [index for index, places in reached.items() if all(known[place] != "N" for place in places)]
    together = tuple(sorted((*changes, *((index, beside[index][1]) for index in kept))))
    return together, {_position(codon, place): known[place] for index in kept for place in reached[index]}


def indel_edit(chrom: str, indel: IndelCount, moved: int = 0) -> Edit:
    """A counted insertion or deletion as an edit, `moved` (0..shift) bases to the right of its left-most place.

    An insertion stands before the base behind its `start`. A block that moves past a base takes that base in at one
    end and gives it off at the other (see `shifted`), so it comes round. Exchanged bases cannot move.

    >>> indel_edit("7", IndelCount(9, 4, "", "AC", 5, 9, 3, 2, 0), moved=3)
    Edit(chrom='7', start=13, ref='', alt='CA')
    """
    if indel.inserted and indel.deleted:
        return Edit(chrom, indel.start, indel.deleted, indel.inserted)
    block = indel.inserted or indel.deleted
    turn = moved % len(block)
    block = block[turn:] + block[:turn]
    if indel.inserted:
        return Edit(chrom, indel.start + 1 + moved, "", block)
    return Edit(chrom, indel.start + moved, block, "")
