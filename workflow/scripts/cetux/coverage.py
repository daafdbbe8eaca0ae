"""The assay's bins and their depth in one sample, counted as CNVkit counts them.

CNVkit's depth of a bin is the number of bases that `samtools bedcov` finds in it, over its width: every aligned,
deleted or skipped position of each read that is not unmapped, secondary, QC-failed or a duplicate, both mates of a pair
where they overlap, soft clips never. `samtools depth` with the same flags and with deletions (-J) gives the same number
for every position at a sixth of the cost, because it makes no pileup; the sum over a bin is equal, but for skips (N),
which depth leaves out and the alignments of DNA do not have. CNVkit is imported only where the bins are made: importing
it costs more than counting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pysam

from cetux import records
from cetux.alignment import open_alignment
from cetux.counts import Usable
from cetux.errors import InputError, Problem, UnusableSample
from cetux.genomes import plain_contig
from cetux.resources import BUILDS, codons, contig_lengths

_SMALLEST_GAP_BP = 5000
_BLOCK_BP = 1 << 24
_CNN_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\n"
_NULL_LOG2 = -20.0
"""CNVkit's log2 of a bin without a read (cnvlib.params.NULL_LOG2_COVERAGE)."""
_EXCLUDED_FLAGS = "0x704"
"""Unmapped, secondary, QC-failed, duplicate (cnvlib.coverage.COVERAGE_EXCLUDE_FLAGS)."""
_MOST_SITES_BP = 100_000_000
"""Targets of more than this (a genome in bins, no panel or exome) are summed by bedcov: a line a site is too much."""

Ints = npt.NDArray[np.int64]


def design_bins(
    targets: str,
    method: str,
    build: str,
    fasta: str | None,
    bin_size_bp: int | None,
    bins: str,
    off_target_bins: str,
) -> None:
    """Write the assay's target bins and, for hybrid capture, its off-target bins as BED files.

    Args:
        targets: the assay's BED, gene in column 4 if known.
        method: "hybrid", "amplicon" or "wgs"; only hybrid capture has off-target bins.
        build: the assay's build; the BED must fit its contig lengths.
        fasta: if given, off-target bins leave out what is N there.
        bin_size_bp: average width of target bins; None for CNVkit's own (267 bp), or 1000 bp for wgs.
        bins: path to write.
        off_target_bins: path to write; empty unless the method is hybrid.

    Raises:
        InputError: names each wrong line of the BED.
    """
    from cnvlib import antitarget, target
    from skgenome import GenomicArray, tabio

    problems = list(bed_problems(targets, build))
    if problems:
        raise InputError(problems)
    regions = tabio.read(targets, "bed4")
    width = bin_size_bp or (1000 if method == "wgs" else 200 / 0.75)
    split = target.do_target(regions, do_split=True, avg_size=width)
    tabio.write(split, bins, "bed4")
    if method != "hybrid":
        Path(off_target_bins).write_text("", encoding="utf-8")
        return
    access = GenomicArray.from_rows(list(_accessible(fasta)), ("chromosome", "start", "end")) if fasta else None
    tabio.write(antitarget.do_antitarget(regions, access), off_target_bins, "bed4")


def _accessible(fasta: str) -> Iterator[tuple[str, int, int]]:
    """Stretches of each contig without a run of N of 5 kb or more (CNVkit's own reader takes no bgzip)."""
    with pysam.FastaFile(fasta) as sequences:
        for contig in sequences.references:
            if plain_contig(contig) in contig_lengths(BUILDS[0]):
                edges = _known_edges(sequences, contig)
                starts, ends = edges[0::2], edges[1::2]
                wide = starts[1:] - ends[:-1] >= _SMALLEST_GAP_BP
                first, last = np.append(True, wide), np.append(wide, True)
                if len(starts):
                    yield from ((contig, int(a), int(b)) for a, b in zip(starts[first], ends[last], strict=True))


def _known_edges(sequences: pysam.FastaFile, contig: str) -> Ints:
    """Start and end, in turn, of every run of bases that are not N."""
    length = sequences.get_reference_length(contig)
    edges, known_before = [], False
    for start in range(0, length, _BLOCK_BP):
        text = sequences.fetch(contig, start, min(start + _BLOCK_BP, length))
        if text.count("N") == len(text):  # the common block of a masked or made-up reference, without an array
            known = np.zeros(1, dtype=bool)
        else:
            known = (np.frombuffer(text.encode(), dtype=np.uint8) | 0x20) != ord("n")
        edges.append(start + np.flatnonzero(np.diff(known, prepend=known_before)))
        known_before = bool(known[-1])
    return np.concatenate([*edges, [length] if known_before else []]).astype(np.int64)


def bed_problems(path: str, build: str) -> Iterator[Problem]:
    """Wrong lines of a BED file, and a BED that fits the other build better than the one named."""
    lengths = contig_lengths(build)
    intervals = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        cells = line.split("\t")
        if len(cells) < 3 or not (cells[1].isdigit() and cells[2].isdigit()):
            mend = "Write contig, start and end, separated by tabs; start counts from 0"
            yield Problem(path, f"{line[:60]!r} is no BED line", mend, number)
            continue
        contig, start, end = plain_contig(cells[0]), int(cells[1]), int(cells[2])
        if start >= end:
            yield Problem(path, f"start {start} is not below end {end}", "Correct the line", number)
        elif end > lengths.get(contig, end):
            wrong = f"{cells[0]}:{end} lies beyond the contig's {lengths[contig]} bp in {build}"
            yield Problem(path, wrong, "Correct the assay's build or give the BED of that build", number)
        intervals.append((contig, start, end))
    if not intervals:
        yield Problem(path, "holds no interval", "Give the assay's BED")
    covered = {other: _codons_covered(intervals, other) for other in BUILDS}
    better = max(BUILDS, key=lambda other: covered[other])
    if not covered[build] and covered[better]:
        wrong = f"covers no listed codon in {build}, but {covered[better]} in {better}"
        yield Problem(path, wrong, f"Correct the assay's build to {better}, or give the BED of {build}")


def _codons_covered(intervals: Sequence[tuple[str, int, int]], build: str) -> int:
    return sum(
        any(chrom == codon.chrom and start <= codon.positions[1] < end for chrom, start, end in intervals)
        for codon in codons(build)
    )


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
        target_cnn: path to write (chromosome, start, end, gene, log2, depth).
        antitarget_cnn: path to write, the same.

    Raises:
        MemoryError: memory ran out inside samtools; retrying with more may help.
        OSError: a table cannot be written.
    """
    on_target, off_target = _read_bins(bins), _read_bins(off_target_bins)
    filters = ["-G", _EXCLUDED_FLAGS, "-Q", str(min_mapq), *(["--reference", fasta] if fasta else [])]
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
