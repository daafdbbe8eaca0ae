"""The assay's bins and their depth in one sample, counted as CNVkit counts them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pysam
from cnvlib import antitarget, target
from cnvlib import coverage as cnvkit_coverage
from skgenome import GenomicArray, tabio

from cetux.counts import Usable
from cetux.errors import InputError, Problem
from cetux.genomes import plain_contig
from cetux.resources import BUILDS, codons, contig_lengths

_SMALLEST_GAP_BP = 5000
_CNN_HEADER = "chromosome\tstart\tend\tgene\tlog2\tdepth\n"


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
    stretch = re.compile(rf"[^Nn]+(?:[Nn]{{1,{_SMALLEST_GAP_BP - 1}}}[^Nn]+)*")
    with pysam.FastaFile(fasta) as sequences:
        for contig in sequences.references:
            if plain_contig(contig) in contig_lengths(BUILDS[0]):
                for found in stretch.finditer(sequences.fetch(contig)):
                    yield contig, found.start(), found.end()


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

    Raises:
        MemoryError: retrying with more may help.
    """
    try:
        for bed, path in ((bins, target_cnn), (off_target_bins, antitarget_cnn)):
            if Path(bed).stat().st_size:
                tabio.write(cnvkit_coverage.do_coverage(bed, bam, min_mapq=min_mapq, fasta=fasta), path)
            else:
                Path(path).write_text(_CNN_HEADER, encoding="utf-8")
    except (OSError, ValueError, RuntimeError, pysam.utils.SamtoolsError) as error:
        no_coverage(target_cnn, antitarget_cnn)
        reason = f"counting coverage failed ({' '.join(str(error).split())[:200]})"
        return Usable(False, reason, "Check the BAM with samtools quickcheck and index it again")
    return Usable()


def no_coverage(*paths: str) -> None:
    """Write coverage tables without a row, for a sample that is not usable."""
    for path in paths:
        Path(path).write_text(_CNN_HEADER, encoding="utf-8")
