"""Read the fragments over one window of the genome into a matrix: one row a fragment and mate, one column a position.

Reads are taken by index only. The two mates of a fragment stand in two layers until `merged` makes one base of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pysam

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BASES = ".ACGT-"
"""Meaning of the codes in a matrix: 0 nothing read, 1-4 a base, 5 a deleted base."""

DELETED = 5
END_BP = 5
"""A base this close to an end of its read (clipped bases apart) is at the end."""

_UNPLACED_MAPPING_QUALITY = 20
_CONSENSUS, _DUPLEX, _BOTH_MATES, _RAW_CONSENSUS_QUALITY = 4, 5, 3, 30
_PHRED_OF_DELETION = 40
_ROWS_AT_ONCE = 4096


def _codes() -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    for code, base in enumerate(BASES[1:], start=1):
        table[ord(base)] = code
    return table


def _classes() -> Bytes:
    phred = np.arange(256)
    return np.select([phred < 20, phred < 30, phred <= 50], [0, 1, 2], _CONSENSUS).astype(np.uint8)


_CODE_OF = _codes()
_CLASS_OF = _classes()


@dataclass(frozen=True)
class ReadFilter:
    """Which reads and bases count. keep_duplicates: reads flagged as duplicates count (amplicon assays)."""

    min_mapping_quality: int
    min_base_quality: int
    keep_duplicates: bool

    def accepts(self, read: pysam.AlignedSegment) -> bool:
        """Whether the read counts: mapped well enough, primary, passing, and no duplicate where those are dropped."""
        return not (
            read.is_unmapped
            or read.is_secondary
            or read.is_supplementary
            or read.is_qcfail
            or (read.is_duplicate and not self.keep_duplicates)
            or read.mapping_quality < self.min_mapping_quality
        )


@dataclass(frozen=True)
class Indel:
    """An insertion behind `start`, or a deletion of `length` bases from `start` on, as the aligner placed it."""

    start: int
    length: int
    inserted: str


@dataclass(frozen=True)
class Segment:
    """A stretch of adjacent columns: 0-based half-open positions, first column, and the span whose reads are taken."""

    start: int
    end: int
    column: int
    fetch_start: int
    fetch_end: int


@dataclass
class Fragments:
    """Fragments over the columns of one window.

    bases, classes: [fragment, column], mates merged; conflicts: where the mates disagree. orientation: index into
    ORIENTATIONS. The following are [mate, fragment]: present, reverse, start, end (of the aligned part).
    indels: of each fragment that has any, the mates that show each one.
    """

    positions: Ints
    bases: Bytes
    classes: Bytes
    conflicts: Bools
    orientation: Bytes
    covered: Bools
    reverse: Bools
    start: Ints
    end: Ints
    indels: dict[int, dict[Indel, set[int]]] = field(default_factory=dict)
    identical_records: int = 0

    @property
    def count(self) -> int:
        """Number of fragments."""
        return len(self.bases)

    def column(self, position: int) -> int | None:
        """Column of a position, None outside the window."""
        column = int(np.searchsorted(self.positions, position))
        return column if column < len(self.positions) and self.positions[column] == position else None


def consensus_class(read: pysam.AlignedSegment) -> int:
    """Error class that the depth tags of a consensus read earn it; 0 for a read that is no consensus.

    fgbio and fgumi: cM (cD where it is absent) is the least number of raw reads behind a base, aM and bM that of each
    strand. MSK's Marianas: fields 4 and 5 of the name are the reads of each strand. One raw read is no consensus.
    """
    name = read.query_name or ""
    if name.startswith("Marianas:"):
        fields = name.split(":")
        plus, minus = (int(text) if text.isdigit() else 0 for text in (*fields[4:6], "", "")[:2])
        return _DUPLEX if plus and minus else _CONSENSUS if plus + minus >= 2 else 0
    if not read.has_tag("cD"):
        return 0
    if read.has_tag("aM") and read.has_tag("bM") and read.get_tag("aM") and read.get_tag("bM"):
        return _DUPLEX
    return _CONSENSUS if int(read.get_tag("cM" if read.has_tag("cM") else "cD")) >= 2 else 0


class _Layers:
    """The two mates of every fragment while they are read; rows are added by doubling."""

    def __init__(self, columns: int) -> None:
        self.rows: dict[str | None, int] = {}
        self.first: list[tuple[int, int, str | None]] = []
        self.mates: list[int] = []
        self.bases = np.zeros((2, 64, columns), dtype=np.uint8)
        self.phred = np.zeros_like(self.bases)
        self.family = np.zeros((2, 64), dtype=np.uint8)
        self.reverse = np.zeros((2, 64), dtype=bool)
        self.orientation = np.zeros(64, dtype=np.uint8)
        self.span = np.zeros((2, 2, 64), dtype=np.int64)

    def row(self, name: str | None) -> int:
        row = self.rows.setdefault(name, len(self.rows))
        if row == self.bases.shape[1]:
            for key in ("bases", "phred"):
                old = getattr(self, key)
                setattr(self, key, np.concatenate([old, np.zeros_like(old)], axis=1))
            for key in ("family", "reverse", "orientation", "span"):
                old = getattr(self, key)
                setattr(self, key, np.concatenate([old, np.zeros_like(old)], axis=-1))
        return row


def read_fragments(
    alignment: pysam.AlignmentFile, contig: str, segments: Sequence[Segment], keep: ReadFilter
) -> Fragments:
    """All fragments that lie over the fetched spans of `segments`.

    A base below the filter's quality or N, a clipped base and one skipped by an intron (N in the CIGAR) is not read.
    Reads without qualities (``*``) show nothing. Records of one name with the same flag, position and CIGAR count once;
    of more than two different records of one name only the first two do.
    """
    layers = _Layers(segments[-1].column + segments[-1].end - segments[-1].start)
    indels: dict[int, dict[Indel, set[int]]] = {}
    identical = 0
    known = alignment.get_tid(contig) >= 0
    for number, segment in enumerate(segments if known else ()):
        before = segments[:number]
        for read in alignment.fetch(contig, segment.fetch_start, segment.fetch_end):
            if not keep.accepts(read) or any(_fetched(read, earlier) for earlier in before):
                continue
            row = layers.row(read.query_name)
            identity = (read.flag, read.reference_start, read.cigarstring)
            if row == len(layers.first):
                layers.first.append(identity)
                layers.mates.append(0)
            elif layers.first[row] == identity:
                identical += 1
                continue
            elif layers.mates[row] == 1:
                identical += layers.mates[row] == 1 and _same_second(layers, row, read)
                continue
            else:
                layers.mates[row] = 1
            _add(layers, row, layers.mates[row], read, segments, keep.min_base_quality, indels)
    return _merge(layers, segments, indels, identical)


def _fetched(read: pysam.AlignedSegment, segment: Segment) -> bool:
    end = read.reference_end
    return end is not None and read.reference_start < segment.fetch_end and end > segment.fetch_start


def _same_second(layers: _Layers, row: int, read: pysam.AlignedSegment) -> bool:
    """Whether a third record of one name repeats the second."""
    span = layers.span[1, :, row]
    return bool(span[0] == read.reference_start and layers.reverse[1, row] == read.is_reverse)


def _add(
    layers: _Layers,
    row: int,
    mate: int,
    read: pysam.AlignedSegment,
    segments: Sequence[Segment],
    min_base_quality: int,
    indels: dict[int, dict[Indel, set[int]]],
) -> None:
    sequence, qualities, cigar = read.query_sequence, read.query_qualities, read.cigartuples
    if sequence is None or qualities is None or cigar is None:
        return
    phred = np.frombuffer(qualities, dtype=np.uint8)
    shown = np.frombuffer(sequence.encode(), dtype=np.uint8)
    shown = np.where(phred >= min_base_quality, shown, 0)
    mapped = read.mapping_quality
    if mapped < _UNPLACED_MAPPING_QUALITY:
        phred = np.minimum(phred, mapped)
    bases, quality = layers.bases[mate, row], layers.phred[mate, row]
    reference, query = read.reference_start, 0
    for operation, length in cigar:
        if operation in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF):
            for segment in segments:
                low, high = max(reference, segment.start), min(reference + length, segment.end)
                if low < high:
                    to, of = segment.column + low - segment.start, query + low - reference
                    bases[to : to + high - low] = shown[of : of + high - low]
                    quality[to : to + high - low] = phred[of : of + high - low]
            reference += length
            query += length
        elif operation == pysam.CDEL:
            for segment in segments:
                low, high = max(reference, segment.start), min(reference + length, segment.end)
                if low < high:
                    to = segment.column + low - segment.start
                    bases[to : to + high - low] = ord("-")
                    quality[to : to + high - low] = min(_PHRED_OF_DELETION, mapped)
                    indels.setdefault(row, {}).setdefault(Indel(reference, length, ""), set()).add(mate)
            reference += length
        elif operation == pysam.CINS:
            if any(segment.start <= reference - 1 < segment.end - 1 for segment in segments) and query:
                inserted = sequence[query : query + length]
                indels.setdefault(row, {}).setdefault(Indel(reference - 1, 0, inserted), set()).add(mate)
            query += length
        elif operation == pysam.CREF_SKIP:
            reference += length
        elif operation == pysam.CSOFT_CLIP:
            query += length
    layers.family[mate, row] = consensus_class(read)
    layers.reverse[mate, row] = read.is_reverse
    layers.span[mate, :, row] = read.reference_start, reference
    if mate == 0:
        layers.orientation[row] = read.is_reverse != read.is_read2


def _merge(
    layers: _Layers, segments: Sequence[Segment], indels: dict[int, dict[Indel, set[int]]], identical: int
) -> Fragments:
    """One base and error class of the two mates; where they disagree, none."""
    many, columns = len(layers.rows), layers.bases.shape[2]
    bases, classes = np.zeros((many, columns), dtype=np.uint8), np.zeros((many, columns), dtype=np.uint8)
    conflicts, covered = np.zeros((many, columns), dtype=bool), np.zeros((2, many, columns), dtype=bool)
    for first in range(0, many, _ROWS_AT_ONCE):
        rows = slice(first, min(first + _ROWS_AT_ONCE, many))
        one, two = _CODE_OF[layers.bases[0, rows]], _CODE_OF[layers.bases[1, rows]]
        class_one, class_two = _row_classes(layers, 0, rows), _row_classes(layers, 1, rows)
        both = (one > 0) & (two > 0)
        conflicts[rows] = both & (one != two)
        bases[rows] = np.where(conflicts[rows], 0, np.where(one > 0, one, two))
        better, worse = np.maximum(class_one, class_two), np.minimum(class_one, class_two)
        agreed = np.where((better < _CONSENSUS) & (worse > 0), np.uint8(_BOTH_MATES), better)
        classes[rows] = np.where(both, agreed, np.where(one > 0, class_one, class_two))
        covered[0, rows], covered[1, rows] = one > 0, two > 0
    orientation = layers.orientation[:many]
    # a duplex consensus is made of both strands
    orientation = np.where((layers.family[:, :many] == _DUPLEX).any(axis=0), np.uint8(2), orientation)
    positions = np.concatenate([np.arange(segment.start, segment.end) for segment in segments])
    return Fragments(
        positions=positions,
        bases=bases,
        classes=classes,
        conflicts=conflicts,
        orientation=orientation,
        covered=covered,
        reverse=layers.reverse[:, :many],
        start=layers.span[:, 0, :many],
        end=layers.span[:, 1, :many],
        indels=indels,
        identical_records=identical,
    )


def _row_classes(layers: _Layers, mate: int, rows: slice) -> Bytes:
    phred = layers.phred[mate, rows]
    family = layers.family[mate, rows, None]
    raised: Bytes = np.where((family > 0) & (phred >= _RAW_CONSENSUS_QUALITY), family, _CLASS_OF[phred])
    return raised
