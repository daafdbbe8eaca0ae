"""Count insertions and deletions, each with what else its molecules change beside it, as one change of the reference.

The same change can be written at several places of a repeat: ERBB2 Y772_A775dup stands 16 bp before codon 776 in a
left-aligned BAM and, moved to the right, two bases from it. Each is therefore moved to its left-most place. It belongs
to a codon whose bases it changes where it stands last in the gene's reading direction (the 3' rule of HGVS); where it
changes none that is read, to the nearest one that any placement misses by less than a codon.

Aligners write an exchange of several bases by others (delins) as a deletion, an insertion and mismatches side by side.
These are put together again before anything is counted: gaps of one read within two codons, and bases beside them that
molecules with the gap show and the others do not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from cetux.counts import IndelCount
from cetux.edits import Edit, trimmed
from cetux.fragments import BASES, END_BP, Bools, Bytes, Fragments, Indel, Ints
from cetux.resources import Codon

LEAST_FRAGMENTS = 2
"""One fragment alone is never reported: aligners place a stray gap at most read ends."""

TOGETHER_BP = 6
"""Changes of one molecule with fewer unchanged bases between them are one change [P]: two codons."""

TOGETHER_SHARE = 0.8
"""Part of the fragments with a gap from which another base beside it belongs to all of them [P], as with substitutions
beside a codon (`genotype`): the rest are errors. As small a rest that shows one are errors, too; of a base between the
two shares those with it are one change, and those without it another."""

_CODON_BP = 3

BaseAt = Callable[[int], str | None]
Rows = dict[int, set[int]]
"""Fragments, and the mates of each that show something."""


class Placed(NamedTuple):
    """A change in its left-most placement, and by how much it can move to the right.

    Both `deleted` and `inserted` are bases where some are exchanged for others; that cannot move.
    """

    start: int
    shift: int
    deleted: str
    inserted: str

    @property
    def left(self) -> int:
        """The last position on the left that no placement changes."""
        return self.start - 1 if self.deleted else self.start

    @property
    def right(self) -> int:
        """The first position on the right that no placement changes."""
        return self.start + self.shift + (len(self.deleted) or 1)

    def touches(self, positions: Iterable[int]) -> bool:
        """Whether any placement deletes or splits one of `positions` or of the neighbouring codons."""
        return any(self.left - _CODON_BP < position < self.right + _CODON_BP for position in positions)

    def changes(self, codon: Codon) -> bool:
        """Whether bases of the codon are deleted or parted where the change stands last in reading direction."""
        first = self.start + self._moved(codon)
        if self.deleted:
            return any(first <= position < first + len(self.deleted) for position in codon.positions)
        return first in codon.positions and first + 1 in codon.positions

    def distance(self, codon: Codon) -> int:
        """Bases from the change, where it stands last in reading direction, to the codon's nearest base."""
        first = self.start + self._moved(codon)
        last = first + (len(self.deleted) - 1 if self.deleted else 1)
        return min(max(first - position, position - last, 0) for position in codon.positions)

    def _moved(self, codon: Codon) -> int:
        return self.shift if codon.strand == "+" else 0


@dataclass(frozen=True)
class FoundIndel:
    """One change that a window shows, and the codon of the window that it belongs to.

    changes_codon: it changes bases of that codon, rather than some beside it.
    """

    codon: Codon
    changes_codon: bool
    count: IndelCount

    @property
    def place(self) -> tuple[str, int, str, str]:
        """What is the same of one change in every window."""
        return self.codon.chrom, self.count.start, self.count.deleted, self.count.inserted


@dataclass(frozen=True)
class WindowIndels:
    """What one window shows. joined: fragments by the position of a base that is part of a change with a gap."""

    found: tuple[FoundIndel, ...] = ()
    joined: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def placed(indel: Indel, base_at: BaseAt) -> Placed:
    """The left-most placement of an indel in a sequence, and how far it moves.

    Args:
        indel: as the aligner placed it.
        base_at: base at a position, None where it is not known.

    >>> text = "TTGCAGCAGCAA"
    >>> placed(Indel(7, 3, ""), lambda p: text[p] if 0 <= p < len(text) else None)
    Placed(start=2, shift=6, deleted='GCA', inserted='')
    """
    if indel.inserted:
        start, bases = indel.start, indel.inserted
        while base_at(start) == bases[-1]:
            start, bases = start - 1, bases[-1] + bases[:-1]
        shift = 0
        while base_at(start + shift + 1) == bases[shift % len(bases)]:
            shift += 1
        return Placed(start, shift, "", bases)
    start, length = indel.start, indel.length
    while base_at(start - 1) is not None and base_at(start - 1) == base_at(start + length - 1):
        start -= 1
    shift = 0
    while base_at(start + shift + length) is not None and base_at(start + shift + length) == base_at(start + shift):
        shift += 1
    return Placed(start, shift, _text(start, start + length, base_at), "")


def _text(start: int, end: int, base_at: BaseAt) -> str:
    return "".join(base_at(place) or "N" for place in range(start, end))


def grouped(edits: Iterable[Edit]) -> list[tuple[Edit, ...]]:
    """The changes of one molecule in their order, those within `TOGETHER_BP` of each other together."""
    groups: list[tuple[Edit, ...]] = []
    for edit in sorted(edits):
        if groups and edit.start - groups[-1][-1].end < TOGETHER_BP:
            groups[-1] += (edit,)
        else:
            groups.append((edit,))
    return groups


def together(edits: Iterable[Edit], base_at: BaseAt) -> Edit:
    """Changes of one molecule as one, trimmed; it has no bases at all where they cancel out.

    An unknown base between two changes is an N, which stays in the result unless it lies at its end.

    >>> text = "GTCACTAG"
    >>> together([Edit("7", 1, "TCACT", ""), Edit("7", 1, "", "GG")], lambda place: text[place])
    Edit(chrom='7', start=1, ref='TCACT', alt='GG')
    """
    first, *others = sorted(edits)
    ref, alt, end = first.ref, first.alt, first.end
    for edit in others:
        between = _text(end, edit.start, base_at)
        ref, alt, end = ref + between + edit.ref, alt + between + edit.alt, edit.end
    return trimmed(replace(first, ref=ref, alt=alt))


def placed_edit(edit: Edit, base_at: BaseAt) -> Placed:
    """A trimmed change in its left-most placement."""
    if edit.ref and edit.alt:
        return Placed(edit.start, 0, edit.ref, edit.alt)
    if edit.alt:
        return placed(Indel(edit.start - 1, 0, edit.alt), base_at)
    return placed(Indel(edit.start, len(edit.ref), ""), base_at)


def count_indels(cluster: Sequence[Codon], fragments: Fragments, reference: Mapping[int, str]) -> WindowIndels:
    """The changes with a gap of one window, the most frequent first.

    Args:
        cluster: the codons of the window.
        fragments: its fragments.
        reference: plus-strand bases, as far as they are known; elsewhere the most frequent base stands for them.
    """
    if not fragments.indels:
        return WindowIndels()
    window = _Window(fragments, reference)
    same: dict[Placed, Rows] = defaultdict(dict)
    joined: dict[int, set[int]] = defaultdict(set)
    for gaps, rows in _as_aligned(cluster[0].chrom, fragments, window.base_at).items():
        for alike in window.molecules(gaps, rows):
            whole = together((*gaps, *alike.beside), window.base_at)
            if whole.ref or whole.alt:
                found = same[placed_edit(whole, window.base_at)]
                for row in alike.rows.tolist():
                    found.setdefault(row, set()).update(rows[row])
            for other, showing in alike.beside.items():
                joined[other.start].update(showing)
    kept = [
        FoundIndel(*belongs, window.counted(one, rows))
        for one, rows in same.items()
        if len(rows) >= LEAST_FRAGMENTS and (belongs := _codon_of(one, cluster))
    ]
    ordered = sorted(
        (one for one in kept if one.count.fragments >= LEAST_FRAGMENTS),
        key=lambda one: (-one.count.fragments, one.count.start),
    )
    return WindowIndels(tuple(ordered), {place: tuple(sorted(rows)) for place, rows in joined.items()})


def by_codon(found: Iterable[FoundIndel]) -> dict[tuple[str, int], tuple[IndelCount, ...]]:
    """The changes of all windows by (gene, codon), each once, the most frequent first.

    A change at the border of two windows is seen in both. It stays where it changes a codon, a listed one before
    another, and among equals where more fragments were read.
    """
    best: dict[tuple[str, int, str, str], FoundIndel] = {}
    for one in found:
        other = best.get(one.place)
        if other is None or _claim(one) > _claim(other):
            best[one.place] = one
    kept: dict[tuple[str, int], list[IndelCount]] = defaultdict(list)
    for one in best.values():
        kept[one.codon.gene, one.codon.codon].append(one.count)
    return {key: tuple(sorted(many, key=lambda one: (-one.fragments, one.start))) for key, many in kept.items()}


def _claim(one: FoundIndel) -> tuple[bool, bool, int, int]:
    return one.changes_codon, one.changes_codon and bool(one.codon.required), one.count.covering, -one.codon.codon


def _codon_of(one: Placed, cluster: Sequence[Codon]) -> tuple[Codon, bool] | None:
    """The codon that a change belongs to, and whether it changes its bases; None where it is far from all."""
    ordered = sorted(cluster, key=lambda codon: (codon.gene, codon.codon))
    changed = [codon for codon in ordered if one.changes(codon)]
    if changed:
        return next((codon for codon in changed if codon.required), changed[0]), True
    near = [codon for codon in ordered if one.touches(codon.positions)]
    return (min(near, key=one.distance), False) if near else None


def _as_aligned(chrom: str, fragments: Fragments, base_at: BaseAt) -> dict[tuple[Edit, ...], Rows]:
    """The gaps of each read as the aligner placed them, those within two codons together."""
    found: dict[tuple[Edit, ...], Rows] = defaultdict(dict)
    for row, indels in fragments.indels.items():
        for mate in (0, 1):
            shown = [indel for indel, mates in indels.items() if mate in mates]
            for gaps in grouped(_edit(chrom, indel, base_at) for indel in shown):
                found[gaps].setdefault(row, set()).add(mate)
    return found


def _edit(chrom: str, indel: Indel, base_at: BaseAt) -> Edit:
    if indel.inserted:
        return Edit(chrom, indel.start + 1, "", indel.inserted)
    return Edit(chrom, indel.start, _text(indel.start, indel.start + indel.length, base_at), "")


@dataclass(frozen=True)
class _Alike:
    """Fragments with the same gaps, rising. beside: substitutions that they share, and the fragments that show each."""

    rows: Ints
    beside: Mapping[Edit, tuple[int, ...]]

    def parted(self, place: Edit, usual: str, shown: Bytes) -> list["_Alike"]:
        """Those that another base than `place.ref` and `usual` unites, or parts into two; else the same again.

        Args:
            place: one position and its reference base.
            usual: the base that the fragments without the gaps show.
            shown: code of the base that each of `rows` shows, 0 where it is not read.
        """
        votes = np.bincount(shown, minlength=len(BASES))[1:5]
        read = int(votes.sum())
        votes[[BASES.index(base) - 1 for base in {place.ref, usual} - {""}]] = 0
        best = int(votes.argmax()) + 1
        many = int(votes[best - 1])
        if many < LEAST_FRAGMENTS or many <= (1 - TOGETHER_SHARE) * read:
            return [self]
        is_with: Bools = shown == best
        beside = {**self.beside, replace(place, alt=BASES[best]): tuple(self.rows[is_with].tolist())}
        if many >= TOGETHER_SHARE * read:
            return [replace(self, beside=beside)]
        return [_Alike(self.rows[is_with], beside), replace(self, rows=self.rows[~is_with])]


class _Window:
    """The fragments of one window, with what all of them show at each position."""

    def __init__(self, fragments: Fragments, reference: Mapping[int, str]) -> None:
        self.fragments = fragments
        every = range(len(fragments.positions))
        self.votes = np.zeros((4, len(every)), dtype=np.int64)
        well_mapped: list[Bools] = [np.zeros(0, dtype=bool)]
        for shown in fragments.blocks(every):
            self.votes += _votes(shown.bases)
            well_mapped.append(np.asarray((shown.classes > 0).any(axis=1)))
        self.badly_mapped: Bools = ~np.concatenate(well_mapped)
        best = self.votes.argmax(axis=0)
        shown_anywhere = np.flatnonzero(self.votes.max(axis=0) > 0)
        self.bases = {int(fragments.positions[column]): BASES[1 + int(best[column])] for column in shown_anywhere}
        self.known = {place: base for place, base in reference.items() if base in "ACGT"}

    def base_at(self, place: int) -> str | None:
        """The reference base, or the most frequent one where that is not known."""
        return self.known.get(place) or self.bases.get(place)

    def molecules(self, gaps: Sequence[Edit], rows: Rows) -> list[_Alike]:
        """Fragments of the same gaps by the bases that they show near them, where the others show none such."""
        fragments = self.fragments
        gone = {place for gap in gaps for place in range(gap.start, gap.end)}
        near = range(gaps[0].start - TOGETHER_BP, gaps[-1].end + TOGETHER_BP)
        columns = [c for p in near if p not in gone and (c := fragments.column(p)) is not None]
        numbers = np.array(sorted(rows))
        alike = [_Alike(numbers, {})]
        if len(rows) < LEAST_FRAGMENTS or not columns:
            return alike
        shown = _bases_of(fragments, numbers, columns)
        others = self.votes[:, columns] - _votes(shown)
        for index, place in enumerate(fragments.positions[columns].tolist()):
            usual = BASES[1 + int(others[:, index].argmax())] if others[:, index].any() else ""
            before = self.known.get(place) or usual
            if before:
                here = Edit(gaps[0].chrom, place, before, "")
                codes = [(one, shown[np.isin(numbers, one.rows), index]) for one in alike]
                alike = [part for one, code in codes for part in one.parted(here, usual, code)]
        return alike

    def counted(self, one: Placed, rows: Rows) -> IndelCount:
        """How many fragments carry a change and how they lie; likewise those that reach over its place without it.

        Both are asked for their alignment alone, not for the quality of single bases: a gap has none.
        """
        fragments = self.fragments
        spans: Bools = (fragments.start <= one.left) & (fragments.end > one.right)
        covering: Bools = np.asarray(spans.any(axis=0))
        carried = np.zeros(fragments.count, dtype=bool)
        forward = reverse = at_ends = 0
        for row, mates in rows.items():
            if any(spans[mate, row] for mate in {0, 1} - mates):
                covering[row] = False  # the mates disagree: no base
                continue
            carried[row] = True
            forward += any(not fragments.reverse[mate, row] for mate in mates)
            reverse += any(fragments.reverse[mate, row] for mate in mates)
            at_ends += all(
                one.start < fragments.start[mate, row] + END_BP or one.right > fragments.end[mate, row] - END_BP
                for mate in mates
            )
        others = covering & ~carried
        near = (one.start < fragments.start + END_BP) | (one.right > fragments.end - END_BP)
        return IndelCount(
            start=one.start,
            shift=one.shift,
            deleted=one.deleted,
            inserted=one.inserted,
            fragments=int(carried.sum()),
            covering=int((covering | carried).sum()),
            forward=forward,
            reverse=reverse,
            at_ends=at_ends,
            without_forward=int(((spans & ~fragments.reverse).any(axis=0) & others).sum()),
            without_reverse=int(((spans & fragments.reverse).any(axis=0) & others).sum()),
            without_at_ends=int((~(spans & ~near).any(axis=0) & others).sum()),
            badly_mapped=int((self.badly_mapped & carried).sum()),
            without_badly_mapped=int((self.badly_mapped & others).sum()),
        )


def _votes(bases: Bytes) -> Ints:
    """Fragments by base (A, C, G, T) and column."""
    votes: Ints = np.stack([(bases == code).sum(axis=0) for code in range(1, 5)])
    return votes


def _bases_of(fragments: Fragments, rows: Ints, columns: Sequence[int]) -> Bytes:
    """What a few fragments show at a few columns; `rows` rise."""
    chosen, first = [], 0
    for cells in fragments.cells:
        here = rows[(rows >= first) & (rows < first + cells.shape[1])] - first
        chosen.append(cells[:, here])
        first += cells.shape[1]
    return replace(fragments, cells=chosen).at(columns).bases
