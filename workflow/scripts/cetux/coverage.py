"""The depth of an assay's bins in one sample, counted as CNVkit counts them.

CNVkit's depth of a bin is the number of bases that `samtools bedcov` finds in it, over its width: every aligned,
deleted or skipped position of each read that is not unmapped, secondary, QC-failed or a duplicate (of amplicons
duplicates count here), both mates of a pair where they overlap, soft clips never. That is what the read, from its first
to its last position, shares with the bin, so that one pass over the reads serves the bins on and off target and needs
no pileup: a bin of [a, b) shares with reads of [s, e) the sum of (min(e, b) - min(e, a)) - (min(s, b) - min(s, a)).
CNVkit itself is not imported: that costs more than counting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam

from cetux import records
from cetux.alignment import INDEX_STEP_BP, open_alignment
from cetux.bam_spans import Ints, Spans, read_spans, spans_of
from cetux.counts import Usable
from cetux.errors import UnusableSample

_CNN_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\n"
_NULL_LOG2 = -20.0
"""CNVkit's log2 of a bin without a read (cnvlib.params.NULL_LOG2_COVERAGE)."""
_LEFT_OUT = 0x704
"""Flags of a read that does not count: unmapped, secondary, QC-failed, duplicate
(cnvlib.coverage.COVERAGE_EXCLUDE_FLAGS)."""
_DUPLICATE = 0x400
_READS_AT_ONCE = 1 << 20
_OBJECTS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class _Bins:
    """Bins of a BED file, column by column, in its order."""

    contig: npt.NDArray[np.str_]
    start: Ints
    end: Ints
    gene: Sequence[str]


def count_coverage(
    bam: str,
    bins: str,
    off_target_bins: str,
    fasta: str | None,
    min_mapq: int,
    keep_duplicates: bool,
    target_cnn: str,
    antitarget_cnn: str,
) -> Usable:
    """Write the depth of every bin as CNVkit does; damage in the data gives empty tables and the reason.

    Bins of a contig that the BAM does not have stay, with a depth of zero (CNVkit drops them, so that samples would no
    longer have the same bins).

    Args:
        bam: BAM or CRAM with its index.
        bins: BED of the targets.
        off_target_bins: BED of the off-target bins; empty if there are none.
        fasta: needed for a CRAM.
        min_mapq: reads mapped with less (Phred) are not counted.
        keep_duplicates: reads flagged as duplicates count. Amplicons all begin and end alike: there the flag says
            nothing (rules), and CNVkit, which always honours it, would throw most of the depth away.
        target_cnn: path to write (chromosome, start, end, gene, log2, depth).
        antitarget_cnn: path to write, the same.

    Raises:
        MemoryError: memory ran out; retrying with more may help.
        OSError: a table cannot be written.
    """
    tables = [_read_bins(bins), _read_bins(off_target_bins)]
    left_out = _LEFT_OUT & ~_DUPLICATE if keep_duplicates else _LEFT_OUT
    try:
        with open_alignment(bam, fasta) as alignment:
            targets, others = _bases(alignment, tables, left_out, min_mapq)
        if not targets.any():
            raise UnusableSample("no read lies on any target", "Check that the BAM belongs to this assay")
    except UnusableSample as error:
        no_coverage(target_cnn, antitarget_cnn)
        return Usable(False, error.reason, error.remedy)
    for table, bases, path in zip(tables, (targets, others), (target_cnn, antitarget_cnn), strict=True):
        records.write_text(_cnn(table, bases), path)
    return Usable()


def _read_bins(path: str) -> _Bins:
    rows = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    return _Bins(
        np.array([row[0] for row in rows], dtype=np.str_),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        [row[3] if len(row) > 3 and row[3] else "-" for row in rows],
    )


def _bases(alignment: pysam.AlignmentFile, tables: Sequence[_Bins], left_out: int, min_mapq: int) -> list[Ints]:
    """Bases in each bin of each table, in one pass over the reads; zero on a contig that the file does not have."""
    contig = np.concatenate([table.contig for table in tables])
    start, end = (np.concatenate([getattr(table, edge) for table in tables]) for edge in ("start", "end"))
    bases = np.zeros(len(start), dtype=np.int64)
    try:
        for name in sorted(set(contig.tolist()) & set(alignment.references)):
            for near in _stretches(np.flatnonzero(contig == name), start, end):
                stretch = name, int(start[near].min()), int(end[near].max())
                for first, behind in _spans(alignment, stretch, left_out, min_mapq):
                    bases[near] += _between(behind, start[near], end[near]) - _between(first, start[near], end[near])
    except (OSError, ValueError) as error:
        remedy = "Check the BAM with samtools quickcheck and index it again"
        raise UnusableSample(f"counting coverage failed ({error})", remedy) from error
    return np.split(bases, np.cumsum([len(table.start) for table in tables[:-1]]))


def _stretches(bins: Ints, start: Ints, end: Ints) -> list[Ints]:
    """The bins of one contig in order, parted where the index can skip what lies between."""
    ordered = bins[np.argsort(start[bins], kind="stable")]
    far = start[ordered][1:] - np.maximum.accumulate(end[ordered])[:-1] > INDEX_STEP_BP
    return np.split(ordered, np.flatnonzero(far) + 1)


def _spans(
    alignment: pysam.AlignmentFile, stretch: tuple[str, int, int], left_out: int, min_mapq: int
) -> Iterator[tuple[Ints, Ints]]:
    """First position of each read that counts and the one behind its last, each sorted, a million reads at a time."""
    batches, many = [], 0
    for spans in _spans_of_bam(alignment, stretch) if alignment.is_bam else _spans_of_reads(alignment, stretch):
        counting = (spans.flag & left_out == 0) & (spans.mapq >= min_mapq)
        batches.append((spans.first[counting], spans.behind[counting]))
        many += len(batches[-1][0])
        if many >= _READS_AT_ONCE:
            yield _sorted(batches)
            batches, many = [], 0
    if many:
        yield _sorted(batches)


def _sorted(batches: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    first, behind = (np.sort(np.concatenate(values)) for values in zip(*batches, strict=True))
    return first, behind


def _spans_of_bam(alignment: pysam.AlignmentFile, stretch: tuple[str, int, int]) -> Iterator[Spans]:
    """The reads of a stretch: the first by the index, the others from there on."""
    read = next(alignment.fetch(*stretch), None)
    if read is not None:
        yield spans_of([read])
        yield from read_spans(alignment.filename.decode(), alignment.tell(), read.reference_id, stretch[2])


def _spans_of_reads(alignment: pysam.AlignmentFile, stretch: tuple[str, int, int]) -> Iterator[Spans]:
    """The reads of a stretch of a CRAM."""
    reads = alignment.fetch(*stretch)
    while some := list(islice(reads, _OBJECTS_AT_ONCE)):
        yield spans_of(some)


def _between(values: Ints, start: Ints, end: Ints) -> Ints:
    """Sum over sorted values v of min(v, end) - min(v, start), for each bin."""
    upto = np.concatenate([[0], np.cumsum(values)])
    low, high = np.searchsorted(values, start), np.searchsorted(values, end)
    found: Ints = upto[high] - upto[low] + end * (len(values) - high) - start * (len(values) - low)
    return found


def _cnn(bins: _Bins, bases: Ints) -> str:
    """The table as CNVkit writes it, six digits a number."""
    depth = bases / (bins.end - bins.start)
    log2 = np.log2(depth, where=depth > 0, out=np.full(len(depth), _NULL_LOG2))
    columns = (bins.contig.tolist(), bins.start.tolist(), bins.end.tolist(), bins.gene, log2.tolist(), depth.tolist())
    rows = zip(*columns, strict=True)
    return _CNN_HEADER + "".join(f"{c}\t{a}\t{b}\t{g}\t{x:.6g}\t{d:.6g}\n" for c, a, b, g, x, d in rows)


def no_coverage(*paths: str) -> None:
    """Write coverage tables without a row, for a sample that is not usable."""
    for path in paths:
        records.write_text(_CNN_HEADER, path)
