"""Read the fragments over one window of the genome into a matrix: one row a fragment and mate, one column a position.

Reads are taken by index only. The two mates of a fragment stand in two layers, of which `Merged` makes one base.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import pysam

from cetux.errors import UnusableSample

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BASES = ".ACGT-"
"""Meaning of the codes in a matrix: 0 nothing read, 1-4 a base, 5 a deleted base."""

END_BP = 5
"""A base this close to an end of its read (clipped bases apart) is at the end."""

_UNPLACED_MAPPING_QUALITY = 20
_CONSENSUS, _DUPLEX, _BOTH_MATES, _RAW_CONSENSUS_QUALITY = 4, 5, 3, 30
_PHRED_OF_DELETION = 40
_BLOCK_ROWS = 2048
_CLASS_BITS = 3


def _codes() -> Bytes:
    table = np.zeros(256, dtype=np.uint8)
    for code, base in enumerate(BASES[1:], start=1):
        table[ord(base)] = code
    return table


_CODE_OF = _codes()


@cache
def _cell_table(min_base_quality: int, mapped: int, family: int) -> Bytes:
    """What a read's base says, by [letter, Phred]: the base and its error class in one byte, 0 for nothing.

    mapped: the read's mapping quality, at most `_UNPLACED_MAPPING_QUALITY`, below which it caps the base's. family: the
    class of a consensus read, else 0.
    """
    stated = np.arange(256)
    phred = stated if mapped >= _UNPLACED_MAPPING_QUALITY else np.minimum(stated, mapped)
    classes = np.select([phred < 20, phred < 30, phred <= 50], [0, 1, 2], _CONSENSUS)
    if family:
        classes = np.where(phred >= _RAW_CONSENSUS_QUALITY, family, classes)
    cells = _CODE_OF[:, None] << _CLASS_BITS | classes
    seen = (_CODE_OF[:, None] > 0) & (stated >= min_base_quality)
    table: Bytes = np.where(seen, cells, 0).astype(np.uint8)
    return table


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


@dataclass(frozen=True)
class Merged:
    """What fragments show at some columns: one base and error class of both mates, none where they disagree.

    bases, classes, conflicts: [fragment, column]; covered: [mate, fragment, column].
    """

    bases: Bytes
    classes: Bytes
    conflicts: Bools
    covered: Bools


@dataclass
class Fragments:
    """Fragments over the columns of one window.

    cells: blocks of [mate, fragment, column], a base and its error class in one byte (0: nothing read), so that a
    window of 100,000 fragments stays below 100 MB. orientation: index into ORIENTATIONS. The following are [mate,
    fragment]: reverse, start, end (of the aligned part). indels: of each fragment that has any, the mates that show
    each one.
    """

    positions: Ints
    cells: list[Bytes]
    orientation: Bytes
    reverse: Bools
    start: Ints
    end: Ints
    indels: dict[int, dict[Indel, set[int]]] = field(default_factory=dict)
    identical_records: int = 0

    @property
    def count(self) -> int:
        """Number of fragments."""
        return len(self.orientation)

    def column(self, position: int) -> int | None:
        """Column of a position, None outside the window."""
        column = int(np.searchsorted(self.positions, position))
        return column if column < len(self.positions) and self.positions[column] == position else None

    def blocks(self, columns: Sequence[int]) -> Iterator[Merged]:
        """What the fragments show at the columns, block after block in their order."""
        for cells in self.cells:
            yield _merged(cells[:, :, columns])

    def at(self, columns: Sequence[int]) -> Merged:
        """What all fragments show at a few columns."""
        parts = list(self.blocks(columns))
        if not parts:
            return _merged(np.zeros((2, 0, len(columns)), dtype=np.uint8))
        return Merged(
            bases=np.concatenate([part.bases for part in parts]),
            classes=np.concatenate([part.classes for part in parts]),
            conflicts=np.concatenate([part.conflicts for part in parts]),
            covered=np.concatenate([part.covered for part in parts], axis=1),
        )


def _merged(cells: Bytes) -> Merged:
    (one, two), (class_one, class_two) = cells >> _CLASS_BITS, cells & (2**_CLASS_BITS - 1)
    both = (one > 0) & (two > 0)
    conflicts = both & (one != two)
    better, worse = np.maximum(class_one, class_two), np.minimum(class_one, class_two)
    agreed = np.where((better < _CONSENSUS) & (worse > 0), np.uint8(_BOTH_MATES), better)
    return Merged(
        bases=np.where(conflicts, np.uint8(0), np.where(one > 0, one, two)),
        classes=np.where(both, agreed, np.where(one > 0, class_one, class_two)),
        conflicts=conflicts,
        covered=cells > 0,
    )


def written_bases(read: pysam.AlignedSegment) -> str | None:
    """The bases of a read, None where it has none (``*``).

    Raises:
        UnusableSample: some are written ``=``, for "as the reference" (SAM specification, 1.4). Taken for nothing they
            would leave the mismatches alone, so that a faint change looked clonal.
    """
    sequence = read.query_sequence
    if sequence is not None and "=" in sequence:
        raise UnusableSample(
            "the reads have = in place of the bases that match the reference (samtools calmd -e)",
            "Give the BAM as it was before samtools calmd -e; calmd without -e does not bring the bases back",
        )
    return sequence


def consensus_class(read: pysam.AlignedSegment) -> int:
    """Error class that the depth tags of a consensus read earn it; 0 for a read that is no consensus.

    fgbio and fgumi: cM (cD where it is absent) is the least number of raw reads behind a base, aM and bM that of each
    strand. MSK's Marianas: fields 4 and 5 of the name are the reads of each strand. One raw read is no consensus, nor
    is a read whose tags hold no whole number.
    """
    name = read.query_name or ""
    if name.startswith("Marianas:"):
        fields = name.split(":")
        plus, minus = (int(text) if text.isdigit() else 0 for text in (*fields[4:6], "", "")[:2])
        return _DUPLEX if plus and minus else _CONSENSUS if plus + minus >= 2 else 0
    if not read.has_tag("cD"):
        return 0
    if _raw_reads(read, "aM") >= 1 and _raw_reads(read, "bM") >= 1:
        return _DUPLEX
    return _CONSENSUS if _raw_reads(read, "cM" if read.has_tag("cM") else "cD") >= 2 else 0


def _raw_reads(read: pysam.AlignedSegment, tag: str) -> int:
    """The number of raw reads in a tag; 0 where there is none, or what it holds is no whole number."""
    found = read.get_tag(tag) if read.has_tag(tag) else 0
    return found if isinstance(found, int) else 0


class _Layers:
    """The two mates of every fragment while they are read."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.rows: dict[str | None, int] = {}
        self.cells: list[Bytes] = []
        self.cigars: dict[str | None, int] = {}
        self.record = np.full((2, _BLOCK_ROWS, 3), -1, dtype=np.int64)
        """Flag, start and CIGAR of each mate, which make a record; -1 before it is read."""
        self.end = np.zeros((2, _BLOCK_ROWS), dtype=np.int64)
        self.duplex = np.zeros(_BLOCK_ROWS, dtype=bool)

    def place(self, read: pysam.AlignedSegment) -> tuple[int, int] | None:
        """Fragment and mate of a read; None where the fragment has both, or this very record, already."""
        row = self.rows.setdefault(read.query_name, len(self.rows))
        if row == len(self.duplex):
            self.record = np.concatenate([self.record, np.full_like(self.record, -1)], axis=1)
            self.end = np.concatenate([self.end, np.zeros_like(self.end)], axis=1)
            self.duplex = np.concatenate([self.duplex, np.zeros_like(self.duplex)])
        if row == len(self.cells) * _BLOCK_ROWS:
            self.cells.append(np.zeros((2, _BLOCK_ROWS, self.columns), dtype=np.uint8))
        cigar = self.cigars.setdefault(read.cigarstring, len(self.cigars))
        record = (read.flag, read.reference_start, cigar)
        mate = 0 if self.record[0, row, 0] < 0 else 1
        if mate and (self.record[1, row, 0] >= 0 or record == tuple(self.record[0, row].tolist())):
            return None
        self.record[mate, row] = record
        return row, mate

    def repeats(self, read: pysam.AlignedSegment) -> bool:
        """Whether a read that has no place repeats one of its fragment's records."""
        record = (read.flag, read.reference_start, self.cigars[read.cigarstring])
        return record in map(tuple, self.record[:, self.rows[read.query_name]].tolist())

    def of(self, row: int, mate: int) -> Bytes:
        """The cells of one read, to be filled."""
        cells: Bytes = self.cells[row // _BLOCK_ROWS][mate, row % _BLOCK_ROWS]
        return cells


def read_fragments(
    alignment: pysam.AlignmentFile, contig: str, segments: Sequence[Segment], keep: ReadFilter
) -> Fragments:
    """All fragments that lie over the fetched spans of `segments`.

    A base below the filter's quality or N, a clipped base and one skipped by an intron (N in the CIGAR) is not read.
    Reads without qualities (``*``) show nothing. Records of one name with the same flag, position and CIGAR count once;
    of more than two different records of one name only the first two do.

    Raises:
        UnusableSample: the reads do not write out their bases.
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
            place = layers.place(read)
            if place is None:
                identical += layers.repeats(read)
            else:
                _add(layers, *place, read, segments, keep.min_base_quality, indels)
    return _fragments(layers, segments, indels, identical)


def _fetched(read: pysam.AlignedSegment, segment: Segment) -> bool:
    end = read.reference_end
    return end is not None and read.reference_start < segment.fetch_end and end > segment.fetch_start


def _add(
    layers: _Layers,
    row: int,
    mate: int,
    read: pysam.AlignedSegment,
    segments: Sequence[Segment],
    min_base_quality: int,
    indels: dict[int, dict[Indel, set[int]]],
) -> None:
    sequence, qualities, cigar = written_bases(read), read.query_qualities, read.cigartuples
    if sequence is None or qualities is None or cigar is None:
        return
    phred = np.frombuffer(qualities, dtype=np.uint8)
    mapped, family = min(read.mapping_quality, _UNPLACED_MAPPING_QUALITY), consensus_class(read)
    table = _cell_table(min_base_quality, mapped, family)
    shown = table[np.frombuffer(sequence.encode(), dtype=np.uint8), phred]
    deleted = _cell_table(0, mapped, family)[ord("-"), _PHRED_OF_DELETION]
    cells = layers.of(row, mate)
    reference, query = read.reference_start, 0
    for operation, length in cigar:
        if operation in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF):
            for segment in segments:
                low, high = max(reference, segment.start), min(reference + length, segment.end)
                if low < high:
                    to, of = segment.column + low - segment.start, query + low - reference
                    cells[to : to + high - low] = shown[of : of + high - low]
            reference += length
            query += length
        elif operation == pysam.CDEL:
            for segment in segments:
                low, high = max(reference, segment.start), min(reference + length, segment.end)
                if low < high:
                    to = segment.column + low - segment.start
                    cells[to : to + high - low] = deleted
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
    layers.end[mate, row] = reference
    if family == _DUPLEX:
        layers.duplex[row] = True


def _fragments(
    layers: _Layers, segments: Sequence[Segment], indels: dict[int, dict[Indel, set[int]]], identical: int
) -> Fragments:
    many = len(layers.rows)
    flag, start = layers.record[:, :many, 0], np.maximum(layers.record[:, :many, 1], 0)
    reverse = (flag >= 0) & (flag & pysam.FREVERSE > 0)
    orientation = reverse[0] != (flag[0] & pysam.FREAD2 > 0)
    if layers.cells:
        layers.cells[-1] = layers.cells[-1][:, : many - (len(layers.cells) - 1) * _BLOCK_ROWS]
    return Fragments(
        positions=np.concatenate([np.arange(segment.start, segment.end) for segment in segments]),
        cells=layers.cells,
        # a duplex consensus is made of both strands
        orientation=np.where(layers.duplex[:many], np.uint8(2), orientation.astype(np.uint8)),
        reverse=reverse,
        start=start,
        end=layers.end[:, :many],
        indels=indels,
        identical_records=identical,
    )
