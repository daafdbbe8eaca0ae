"""The assay's BED: wrong lines, and a BED of another build."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cetux.errors import Problem
from cetux.genomes import plain_contig
from cetux.resources import BUILDS, codons, contig_lengths


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
