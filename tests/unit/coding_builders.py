"""A made-up coding sequence at the real places: random codons without a stop, the listed codons as the tables say.

No real sequence: only the exon table and the listed codons are taken from the resources.
"""

import numpy as np

from cetux.coding import SCANNED_GENES, Transcript
from cetux.resources import Codon, Interval, coding_exons, codons

FLANK_BP = 120
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_STOPS = {"TAA", "TAG", "TGA"}


def coding_bases(gene: str, build: str, seed: int = 1) -> dict[int, str]:
    """Plus-strand bases by position: the coding exons with random flanks."""
    rng = np.random.default_rng(seed)
    exons = coding_exons(build)[gene]
    forward = exons[0].strand == "+"
    plus = {
        place: str(rng.choice(list("ACGT")))
        for exon in exons
        for place in range(exon.interval.start - FLANK_BP, exon.interval.end + FLANK_BP)
    }
    places = [p for e in exons for p in range(e.interval.start, e.interval.end)[:: 1 if forward else -1]]
    listed = {codon.codon: codon.wt_codon for codon in codons(build) if codon.gene == gene}
    last = len(places) // 3
    for number in range(1, last + 1):
        triplet = "TAA"
        while triplet in _STOPS:
            triplet = "".join(rng.choice(list("ACGT"), 3))
        triplet = {1: "ATG", last: "TAA"}.get(number) or listed.get(number, triplet)
        for place, base in zip(places[3 * number - 3 : 3 * number], triplet, strict=True):
            plus[place] = base if forward else base.translate(_COMPLEMENT)
    return plus


def coding_reference(
    build: str, prefix: str = "", genes: tuple[str, ...] = SCANNED_GENES
) -> dict[tuple[str, int], str]:
    """The same as stretches for `tests.builders.write_fasta`."""
    stretches = {}
    for gene in genes:
        bases = coding_bases(gene, build)
        chrom = coding_exons(build)[gene][0].interval.chrom
        start = before = None
        for place in sorted(bases):
            if start is None or place != before + 1:
                start = place
                stretches[prefix + chrom, start] = ""
            stretches[prefix + chrom, start] += bases[place]
            before = place
    return stretches


def transcript(sequence: str, strand: str = "+", start: int = 1000, gene: str = "GENE", chrom: str = "7") -> Transcript:
    """A transcript from coding-strand text: exons in upper case, introns and flanks in lower case.

    The first base in reading direction lies at `start`; on the minus strand positions then fall.
    """
    step = 1 if strand == "+" else -1
    bases, exons, run = {}, [], []
    for offset, base in enumerate(sequence):
        place = start + step * offset
        bases[place] = base.upper() if strand == "+" else base.upper().translate(_COMPLEMENT)
        if base.isupper():
            run.append(place)
        elif run:
            exons.append(Interval(chrom, min(run), max(run) + 1))
            run = []
    if run:
        exons.append(Interval(chrom, min(run), max(run) + 1))
    return Transcript(gene, "NM_1.1", chrom, strand, tuple(exons), bases)


def codon_of(gene: str, number: int, build: str = "GRCh38") -> Codon:
    """A listed codon."""
    (found,) = [codon for codon in codons(build) if (codon.gene, codon.codon) == (gene, number)]
    return found
