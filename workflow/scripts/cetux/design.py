"""The bins of an assay, made with CNVkit once per assay; CNVkit is imported only where they are made.

They stand apart from `coverage`, so that a new design of bins recounts no BAM whose bins stay the same.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam

from cetux.errors import InputError, Problem
from cetux.genomes import plain_contig
from cetux.resources import BUILDS, codons, contig_lengths

_SMALLEST_GAP_BP = 5000
_BLOCK_BP = 1 << 24

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
