"""The depth of an assay's bins in one sample, counted as CNVkit counts them.

CNVkit's depth of a bin is the number of bases that `samtools bedcov` finds in it, over its width: every aligned,
deleted or skipped position of each read that is not unmapped, secondary, QC-failed or a duplicate (of amplicons
duplicates count here), both mates of a pair where they overlap, soft clips never. `samtools depth` with the same flags
and with deletions (-J) gives the same number for every position at a sixth of the cost, because it makes no pileup; the
sum over a bin is equal, but for skips (N), which depth leaves out and the alignments of DNA do not have. CNVkit itself
is not imported: that costs more than counting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pysam

from cetux import records
from cetux.alignment import open_alignment
from cetux.counts import Usable
from cetux.errors import UnusableSample

_CNN_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\n"
_NULL_LOG2 = -20.0
"""CNVkit's log2 of a bin without a read (cnvlib.params.NULL_LOG2_COVERAGE)."""
_FLAGS = ("-G", "0x704")
"""Leave out: unmapped, secondary, QC-failed, duplicate (cnvlib.coverage.COVERAGE_EXCLUDE_FLAGS)."""
_FLAGS_WITH_DUPLICATES = ("-G", "0x304", "-g", "0x400")
"""The same, but duplicates count (samtools itself leaves them out unless told by -g)."""
_MOST_SITES_BP = 100_000_000
"""Targets of more than this (a genome in bins, no panel or exome) are summed by bedcov: a line a site is too much."""

Ints = npt.NDArray[np.int64]


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
        MemoryError: memory ran out inside samtools; retrying with more may help.
        OSError: a table cannot be written.
    """
    on_target, off_target = _read_bins(bins), _read_bins(off_target_bins)
    flags = _FLAGS_WITH_DUPLICATES if keep_duplicates else _FLAGS
    filters = [*flags, "-Q", str(min_mapq), *(["--reference", fasta] if fasta else [])]
    by_site = int((on_target.end - on_target.start).sum()) <= _MOST_SITES_BP
    try:
        with open_alignment(bam, fasta) as alignment:
            contigs = frozenset(alignment.references)
        targets = (_bases_by_site if by_site else _bases_by_bin)(bam, on_target, filters, contigs)
        others = _bases_by_bin(bam, off_target, filters, contigs)
        if not targets.any():
            raise UnusableSample("no read lies on any target", "Check that the BAM belongs to this assay")
    except UnusableSample as error:
        no_coverage(target_cnn, antitarget_cnn)
        return Usable(False, error.reason, error.remedy)
    records.write_text(_cnn(on_target, targets), target_cnn)
    records.write_text(_cnn(off_target, others), antitarget_cnn)
    return Usable()


def _read_bins(path: str) -> _Bins:
    rows = [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
    return _Bins(
        np.array([row[0] for row in rows], dtype=np.str_),
        np.array([row[1] for row in rows], dtype=np.int64),
        np.array([row[2] for row in rows], dtype=np.int64),
        [row[3] if len(row) > 3 and row[3] else "-" for row in rows],
    )


def _bases_by_site(bam: str, bins: _Bins, filters: Sequence[str], contigs: frozenset[str]) -> Ints:
    """Bases in each bin, from the depth at every site, a contig at a time."""
    bases = np.zeros(len(bins.start), dtype=np.int64)
    with TemporaryDirectory() as folder:
        bed = str(_write_bed(Path(folder), bins, contigs))
        for contig in sorted(contigs & set(bins.contig.tolist())):
            here = bins.contig == contig
            text = _samtools("depth", "-J", *filters, "-b", bed, "-r", f"{{{contig}}}", bam)
            if not text:
                continue
            # lines of contig, 1-based position, depth: without the contig they are numbers alone
            numbers = np.fromstring(f"\n{text}".replace(f"\n{contig}\t", "\n"), dtype=np.int64, sep=" ")
            position, upto = numbers[0::2] - 1, np.concatenate([[0], np.cumsum(numbers[1::2])])
            edges = (np.searchsorted(position, bins.end[here]), np.searchsorted(position, bins.start[here]))
            bases[here] = upto[edges[0]] - upto[edges[1]]
    return bases


def _bases_by_bin(bam: str, bins: _Bins, filters: Sequence[str], contigs: frozenset[str]) -> Ints:
    """Bases in each bin by `samtools bedcov`, as CNVkit asks for them: cheap where reads are few."""
    bases = np.zeros(len(bins.start), dtype=np.int64)
    present = np.isin(bins.contig, list(contigs))
    if present.any():
        with TemporaryDirectory() as folder:
            text = _samtools("bedcov", *filters, str(_write_bed(Path(folder), bins, contigs)), bam)
        bases[present] = [int(line.rsplit("\t", 1)[1]) for line in text.splitlines()]
    return bases


def _write_bed(folder: Path, bins: _Bins, contigs: frozenset[str]) -> Path:
    """The bins of contigs that the BAM has: samtools stops at any other."""
    rows = zip(bins.contig.tolist(), bins.start.tolist(), bins.end.tolist(), strict=True)
    bed = folder / "bins.bed"
    bed.write_text("".join(f"{c}\t{a}\t{b}\n" for c, a, b in rows if c in contigs), encoding="utf-8")
    return bed


def _samtools(command: str, *arguments: str) -> str:
    try:
        return str(getattr(pysam.samtools, command)(*arguments))
    except pysam.utils.SamtoolsError as error:
        said = " ".join(str(error).split())
        if "allocate" in said:
            raise MemoryError(said) from error
        remedy = "Check the BAM with samtools quickcheck and index it again"
        raise UnusableSample(f"counting coverage failed ({said[:200]})", remedy) from error


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
