"""Spans of a BAM's records, beside those that pysam reads one by one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cetux.bam_spans import Spans, read_spans, spans_of

LENGTHS = {"chr7": 900_000, "chr17": 900_000}
OPERATIONS = st.lists(st.tuples(st.sampled_from("MIDNSHP=X"), st.integers(1, 2_000)), max_size=12)
READS = st.lists(
    st.tuples(st.integers(0, 800_000), st.integers(0, 0xFFF), st.integers(0, 254), OPERATIONS, st.text("ab")),
    min_size=1,
    max_size=30,
)
Read = tuple[int, int, int, list[tuple[str, int]], str]
"""Position, flag, mapping quality, CIGAR and name of a read."""


def written(path: Path, reads: Sequence[Read]) -> Path:
    """A BAM of sorted reads on chr7, and one on chr17."""
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": n, "LN": size} for n, size in LENGTHS.items()]}
    with pysam.AlignmentFile(path, "wb", header=header) as bam:
        for start, flag, mapq, cigar, name in reads:
            bam.write(read_of(bam, 0, start, flag, mapq, cigar, name))
        bam.write(read_of(bam, 1, 0, 0, 60, [("M", 100)], "last"))
    return path


def read_of(
    bam: pysam.AlignmentFile, contig: int, start: int, flag: int, mapq: int, cigar: list[tuple[str, int]], name: str
) -> pysam.AlignedSegment:
    read = pysam.AlignedSegment(bam.header)
    read.query_name = f"read{name[:200]}"
    read.reference_id, read.reference_start, read.flag, read.mapping_quality = contig, start, flag, mapq
    read.cigarstring = "".join(f"{length}{operation}" for operation, length in cigar) or None
    return read


def in_other_blocks(bam: Path) -> Path:
    """The same bytes in blocks that end wherever 64 kB are full, as htsjdk writes them: records begin in one block and
    end in the next.
    """
    path = bam.with_suffix(".other.bam")
    with pysam.BGZFile(str(bam), "rb") as source:
        inflated = source.read()
    with pysam.BGZFile(str(path), "wb") as target:
        target.write(inflated)
    return path


def first_record(path: Path) -> int:
    """Its virtual offset, which pysam tells once it has read the header."""
    with pysam.AlignmentFile(path) as bam:
        return bam.tell()


def chr7(path: Path, end: int = 900_000) -> tuple[list[int], ...]:
    return joined(list(read_spans(str(path), first_record(path), 0, end)))


def joined(parts: list[Spans]) -> tuple[list[int], ...]:
    return tuple(
        np.concatenate([getattr(part, column) for part in parts] or [[]]).astype(int).tolist()
        for column in ("first", "behind", "flag", "mapq")
    )


@settings(max_examples=50)
@given(reads=READS, end=st.integers(1, 900_000))
def test_a_read_ends_behind_the_last_base_that_its_cigar_takes_up(
    tmp_path_factory: pytest.TempPathFactory, reads: list[Read], end: int
) -> None:
    """Any flag, CIGAR and name; matches, deletions and introns take up the reference (SAM specification, 1.4)."""
    reads.sort(key=lambda read: read[0])
    path = written(tmp_path_factory.mktemp("spans") / "x.bam", reads)
    wanted = [read for read in reads if read[0] < end]
    lengths = [sum(length for operation, length in read[3] if operation in "MDN=X") for read in wanted]
    first, behind, flag, mapq = chr7(path, end)
    assert first == [read[0] for read in wanted]
    assert behind == [read[0] + length for read, length in zip(wanted, lengths, strict=True)]
    assert (flag, mapq) == ([read[1] for read in wanted], [read[2] for read in wanted])


def test_reads_of_pysam_give_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "x.bam", [(5, 16, 9, [("S", 5), ("M", 20), ("D", 3), ("M", 10)], ""), (7, 4, 0, [], "")])
    with pysam.AlignmentFile(path) as bam:
        reads = list(bam)[:2]
    assert joined([spans_of(reads)]) == chr7(path) == ([5, 7], [38, 7], [16, 4], [9, 0])


def many_reads(path: Path) -> Path:
    """Some megabytes: 20,000 reads of 100 bases one after the other."""
    return written(path, [(40 * i, 0, 60, [("M", 100)], "a" * (i % 50)) for i in range(20_000)])


def test_records_may_lie_over_two_blocks(tmp_path: Path) -> None:
    whole = many_reads(tmp_path / "x.bam")
    starts = [40 * i for i in range(20_000)]
    for path in (whole, in_other_blocks(whole)):
        first, behind, _, _ = chr7(path)
        assert first == starts
        assert behind == [start + 100 for start in starts]


def damaged(path: Path, damage: str) -> None:
    """Damage the second block of a BAM, or the end of what it holds."""
    data = bytearray(path.read_bytes())
    second = int.from_bytes(data[16:18], "little") + 1
    third = second + int.from_bytes(data[second + 16 : second + 18], "little") + 1
    if damage == "cut in a block":
        del data[second + 500 :]
    elif damage == "cut between blocks":
        del data[third:]
    elif damage == "no block":
        data[second] ^= 0xFF
    elif damage == "deflate":
        data[second + 18] |= 0x06  # a type of block that does not exist
    elif damage == "checksum":
        data[third - 8] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("cut in a block", "ends within the block at byte"),
        ("cut between blocks", "ends within a record"),
        ("no block", "is not of a BAM"),
        ("deflate", "is damaged"),
        ("checksum", "its checksum is another"),
    ],
)
def test_damage_is_told(tmp_path: Path, damage: str, words: str) -> None:
    path = in_other_blocks(many_reads(tmp_path / "x.bam"))
    start = first_record(path)
    damaged(path, damage)
    with pytest.raises(OSError, match=words):
        list(read_spans(str(path), start, 0, 900_000))


@pytest.mark.fault
def test_a_record_too_short_for_its_fields_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.bam"
    with pysam.BGZFile(str(path), "wb") as target:
        target.write(bytes(200))  # sizes of zero
    with pytest.raises(OSError, match="shorter than its fixed part"):
        list(read_spans(str(path), 0, 0, 900_000))
