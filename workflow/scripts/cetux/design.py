"""The bins of an assay, made with CNVkit once per assay; CNVkit is imported only where they are made.

They stand apart from `coverage`, so that a new design of bins recounts no BAM whose bins stay the same.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pysam

from cetux import records
from cetux.errors import InputError
from cetux.genomes import plain_contig
from cetux.resources import BUILDS, contig_lengths
from cetux.targets import bed_problems

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
    with records.whole(bins) as part:
        tabio.write(split, str(part), "bed4")
    if method != "hybrid":
        records.write_text("", off_target_bins)
        return
    access = GenomicArray.from_rows(list(_accessible(fasta)), ("chromosome", "start", "end")) if fasta else None
    with records.whole(off_target_bins) as part:
        tabio.write(antitarget.do_antitarget(regions, access), str(part), "bed4")


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
