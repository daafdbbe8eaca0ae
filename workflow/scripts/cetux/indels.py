"""Count insertions and deletions that touch a codon in any of their equivalent placements.

The same change can be written at several places of a repeat: ERBB2 Y772_A775dup stands 16 bp before codon 776 in a
left-aligned BAM and, moved to the right, two bases from it. Each is therefore moved as far as the sample's own
consensus sequence allows, and belongs to the first codon that it touches, or misses by less than a codon, anywhere on
the way.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cetux.counts import IndelCount
from cetux.fragments import BASES, END_BP, Bools, Fragments, Indel
from cetux.resources import Codon

LEAST_FRAGMENTS = 2
"""One fragment alone is never reported: aligners place a stray gap at most read ends."""

_CODON_BP = 3

BaseAt = Callable[[int], str | None]


class Placed(NamedTuple):
    """An insertion or deletion in its left-most placement, and by how much it can move to the right."""

    start: int
    shift: int
    deleted: str
    inserted: str

    @property
    def left(self) -> int:
        """The last position on the left that no placement changes."""
        return self.start if self.inserted else self.start - 1

    @property
    def right(self) -> int:
        """The first position on the right that no placement changes."""
        return self.start + self.shift + (1 if self.inserted else len(self.deleted))

    def touches(self, positions: Iterable[int]) -> bool:
        """Whether any placement deletes or splits one of `positions` or of the neighbouring codons."""
        return any(self.left - _CODON_BP < position < self.right + _CODON_BP for position in positions)


def placed(indel: Indel, base_at: BaseAt) -> Placed:
    """The left-most placement of an indel in a sequence, and how far it moves.

    Args:
        indel: as the aligner placed it.
        base_at: base at a position, None where it is not known.

    >>> text = "TTGCAGCAGCAA"
    >>> placed(Indel(7, 3, ""), lambda p: text[p] if 0 <= p < len(text) else None)
    Placed(start=2, shift=7, deleted='GCA', inserted='')
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
    return Placed(start, shift, "".join(base_at(start + i) or "N" for i in range(length)), "")


def count_indels(cluster: Sequence[Codon], fragments: Fragments) -> Mapping[tuple[str, int], tuple[IndelCount, ...]]:
    """Indels of one window by (gene, codon) that they touch first, the most frequent first."""
    found: dict[tuple[str, int], list[IndelCount]] = defaultdict(list)
    rows_of: dict[Indel, dict[int, set[int]]] = defaultdict(dict)
    for row, indels in fragments.indels.items():
        for indel, mates in indels.items():
            rows_of[indel][row] = mates
    base_at = _consensus(fragments) if rows_of else None
    same: dict[Placed, dict[int, set[int]]] = defaultdict(dict)
    for indel, rows in rows_of.items():
        assert base_at is not None
        for row, mates in rows.items():
            same[placed(indel, base_at)].setdefault(row, set()).update(mates)
    ordered = sorted(cluster, key=lambda codon: (codon.gene, codon.codon))
    for one, rows in same.items():
        touched = next((codon for codon in ordered if one.touches(codon.positions)), None)
        if touched is not None and len(rows) >= LEAST_FRAGMENTS:
            counted = _counted(one, rows, fragments)
            if counted.fragments >= LEAST_FRAGMENTS:
                found[touched.gene, touched.codon].append(counted)
    return defaultdict(
        tuple, {key: tuple(sorted(many, key=lambda one: (-one.fragments, one.start))) for key, many in found.items()}
    )


def _consensus(fragments: Fragments) -> BaseAt:
    """The most frequent base at each position of the window."""
    votes = np.zeros((4, len(fragments.positions)), dtype=np.int64)
    for shown in fragments.blocks(range(len(fragments.positions))):
        votes += np.stack([(shown.bases == code).sum(axis=0) for code in range(1, 5)])
    known = votes.sum(axis=0) > 0
    bases = {
        int(position): BASES[1 + int(best)]
        for position, best, any_ in zip(fragments.positions, votes.argmax(axis=0), known, strict=True)
        if any_
    }
    return bases.get


def _counted(one: Placed, rows: Mapping[int, set[int]], fragments: Fragments) -> IndelCount:
    spans = _covers(fragments, one.left) & _covers(fragments, one.right)
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
    )


def _covers(fragments: Fragments, position: int) -> Bools:
    """Which mates of which fragments reach over a position; the window's edge stands for what lies beyond it."""
    nearest = int(np.abs(fragments.positions - position).argmin())
    covers: Bools = fragments.at([nearest]).covered[:, :, 0]
    return covers
