"""Where the records of a BAM begin and end, with their flags and mapping qualities, as arrays.

Coverage needs four numbers of each of up to a hundred million reads. pysam makes an object of every one, and the htslib
in its wheels inflates with zlib; here blocks are inflated by ISA-L and the numbers of all their records are taken at
once, which saves a quarter of the CPU. Layout: SAM specification, 4.1 (BGZF blocks), 4.2 (records), 5.1 (virtual
offsets).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pysam
from isal import isal_zlib

_BLOCK_HEAD_BYTES = 18
"""Ten of gzip, and one extra field of eight: BC, its length, and the size of the block less one."""
_BLOCK_TAIL = struct.Struct("<II")
"""CRC-32 and size of what is inflated."""
_MAX_INFLATED = 1 << 16
_BLOCKS_AT_FIRST, _BLOCKS_AT_ONCE = 4, 256
"""Blocks of 64 kB inflated at a time: few at first, since a stretch may be short, then up to 16 MB."""
_SIZE = struct.Struct("<I")
_FIXED = np.dtype(
    [
        ("contig", "<i4"),
        ("first", "<i4"),
        ("name_length", "u1"),
        ("mapq", "u1"),
        ("bin", "<u2"),
        ("cigar_length", "<u2"),
        ("flag", "<u2"),
    ]
)
"""What follows a record's size; its name begins at byte 36, its CIGAR behind the name."""
_NAME_AT = 36
_ON_REFERENCE = np.array([operation in "MDN=X" for operation in "MIDNSHP=X"] + [False] * 7)
"""CIGAR operations that take up reference bases, by their code."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Records in the order of the file, one element each.

    first: 0-based position. behind: the position behind the last one; `first` of a record without aligned bases.
    flag, mapq: as in the SAM specification.
    """

    first: Ints
    behind: Ints
    flag: Ints
    mapq: Ints


def spans_of(reads: Sequence[pysam.AlignedSegment]) -> Spans:
    """The numbers of reads that pysam has read."""
    numbers = [(r.reference_start, r.reference_end or r.reference_start, r.flag, r.mapping_quality) for r in reads]
    return Spans(*np.array(numbers, dtype=np.int64).T)


def read_spans(path: str, virtual_offset: int, contig: int, end: int) -> Iterator[Spans]:
    """Records of a sorted BAM from a virtual offset on, as far as one begins on the contig before `end`.

    Args:
        path: BAM, sorted by position.
        virtual_offset: where a record begins.
        contig: number of the contig.
        end: 0-based; the first record at or behind it ends the reading.

    Raises:
        OSError: a block or a record is damaged, or the file ends within one.
    """
    with Path(path).open("rb") as handle:
        handle.seek(virtual_offset >> 16)
        rest, skip, blocks = b"", virtual_offset & 0xFFFF, _BLOCKS_AT_FIRST
        while more := list(_inflated(handle, blocks)):
            data = b"".join([rest, more[0][skip:], *more[1:]])
            starts, whole_to = _record_starts(data)
            fields = _values(data, starts + _SIZE.size, _FIXED)
            here = (fields["contig"] == contig) & (fields["first"] < end)
            inside = len(starts) if here.all() else int(np.argmin(here))
            yield _spans(data, starts[:inside], fields[:inside])
            if inside < len(starts):
                return
            rest, skip, blocks = data[whole_to:], 0, min(2 * blocks, _BLOCKS_AT_ONCE)
        if rest:
            raise OSError("the file ends within a record")


def _inflated(handle: BinaryIO, blocks: int) -> Iterator[bytes]:
    """The next blocks, fewer at the end of the file, each checked against its size and CRC-32."""
    for _ in range(blocks):
        head = handle.read(_BLOCK_HEAD_BYTES)
        if not head:
            return
        where = f"the block at byte {handle.tell() - len(head)}"
        if head[:4] != b"\x1f\x8b\x08\x04" or head[10:16] != b"\x06\0BC\x02\0":
            raise OSError(f"{where} is not of a BAM")
        size = int.from_bytes(head[16:], "little") + 1 - len(head)
        rest = handle.read(size)
        if len(rest) < max(size, _BLOCK_TAIL.size):
            raise OSError(f"the file ends within {where}")
        try:
            inflated = isal_zlib.decompress(memoryview(rest)[: -_BLOCK_TAIL.size], -15, _MAX_INFLATED)
        except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stubs do not say that it is an exception
            raise OSError(f"{where} is damaged ({error})") from None
        if _BLOCK_TAIL.unpack(rest[-_BLOCK_TAIL.size :]) != (isal_zlib.crc32(inflated), len(inflated)):
            raise OSError(f"{where} is damaged (its checksum is another)")
        yield inflated


def _record_starts(data: bytes) -> tuple[Ints, int]:
    """Offset of every whole record, and the one behind the last of them."""
    offsets: list[int] = []
    offset, last = 0, len(data) - _SIZE.size
    note, size_at = offsets.append, _SIZE.unpack_from
    while offset <= last:
        note(offset)
        offset += _SIZE.size + size_at(data, offset)[0]
    starts = np.array([*offsets, offset], dtype=np.int64)
    if (np.diff(starts) < _NAME_AT).any():
        raise OSError("a record is shorter than its fixed part")
    whole = int(np.searchsorted(starts, len(data), side="right")) - 1
    return starts[:whole], int(starts[whole])


def _values(data: bytes, at: Ints, kind: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """One value of a kind at each offset."""
    if not len(at):
        return np.empty(0, kind)
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), kind.itemsize)
    return np.ascontiguousarray(windows[at]).view(kind)[:, 0]


def _spans(data: bytes, starts: Ints, fields: npt.NDArray[np.void]) -> Spans:
    """The numbers of the records; a read's end is its position and the lengths of its CIGAR's M, D, N, = and X.

    A CIGAR of more than 65,535 operations stands in the tag CG, and its place is held by a clip and an N of the read's
    whole length on the reference, so that the end is right there, too.
    """
    first = fields["first"].astype(np.int64)
    behind = first.copy()
    cigars = starts + _NAME_AT + fields["name_length"]
    for number in range(int(fields["cigar_length"].max(initial=0))):
        having = np.flatnonzero(fields["cigar_length"] > number)
        operations = _values(data, cigars[having] + 4 * number, np.dtype([("code", "<u4")]))["code"]
        behind[having] += np.where(_ON_REFERENCE[operations & 15], operations >> 4, 0)
    return Spans(first, behind, fields["flag"].astype(np.int64), fields["mapq"].astype(np.int64))
