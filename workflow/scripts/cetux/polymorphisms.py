"""Polymorphic sites on an assay's targets, found in its own normals where no list of common SNPs is given.

A handful of normals tells which sites vary, not how often: what is found is a list without frequencies. Every rule here
refuses what looks like a SNP and is none: merged paralogs, artefacts, misaligned indels, a mixed normal.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pysam
from scipy import special  # scipy.stats takes half a second more to import

from cetux import records
from cetux.alignment import open_alignment
from cetux.errors import UnusableSample
from cetux.fragments import ReadFilter
from cetux.genomes import contig_prefix, plain_contig, recognise_build
from cetux.identity import LEAST_FRAGMENTS, Site
from cetux.resources import Interval, codons, contig_lengths
from cetux.sites import count_bases

LEAST_NORMALS = 3
"""Normals that a site needs to be called polymorphic [P]."""

BLOCK_BP, SEARCHED_BP, MOST_BLOCKS = 100_000, 2_000, 200
"""Of each block of the genome at most so much target is searched, in at most so many blocks: an exome or a genome takes
no longer than a panel, and most blocks of 2 kb hold a common SNP (about one per kb in a genome) [P]."""

SPACING_BP = 25_000
"""One site is taken for each such block: purity gains by several in a segment, identity thins them further [P]."""

_MOST_READS = 200
"""Reads over a position that are looked at: enough for a genotype, at the cost of a shallow sample [P]."""

BOTH_ALLELES = 0.98
"""Part of a normal's fragments that the two alleles must make up [P]."""

HOMOZYGOUS, HETEROZYGOUS = 0.05, (0.3, 0.7)
"""Alt fraction up to which, or from one minus which, a normal is homozygous, and that of a heterozygous one. What lies
between is neither: a paralog, an artefact, a mixed normal [P]. At 30 fragments 1.6 % of heterozygous sites leave it."""

TOO_HETEROZYGOUS = 0.05
"""Chance of as many heterozygous normals, were each so with 1/2, below which a site is refused: that many there are in
no population in Hardy-Weinberg proportions, but in all of it where two paralogs are merged [P]."""

ODD_POSITIONS, ODD_FOLD = 5, 4.0
"""A normal that alone is of no genotype at more positions than these, and so many times what the middle one of the
others shows, is mixed with another person's DNA or damaged: it would cost the others their sites [P]."""

LONELY_BP = 5
"""Nothing else varies this near: bases beside a misaligned indel vary together [P]."""

_BASES = "ACGT"

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Polymorphism:
    """A site that varies in the normals: of `alleles` alleles (two a normal) `alternate` are alt."""

    site: Site
    alternate: int
    alleles: int

    @property
    def unevenness(self) -> float:
        """0 where both alleles are equally common among the normals, to 1 where one of them is absent."""
        return abs(2 * self.alternate - self.alleles) / self.alleles


@dataclass(frozen=True)
class Varying:
    """Positions that vary cleanly among normals, one element each.

    index: of the position. major, minor: codes of the two bases (0..3 for ACGT). copies: minor alleles in all normals.
    alleles: two for each normal that is deep enough.
    """

    index: Ints
    major: Ints
    minor: Ints
    copies: Ints
    alleles: Ints


def read_targets(path: str) -> list[Interval]:
    """Autosomal intervals of a BED, sorted, those that overlap or touch made one."""
    found = [
        Interval(plain_contig(cells[0]), int(cells[1]), int(cells[2]))
        for cells in _bed(path)
        if plain_contig(cells[0]).isdigit()
    ]
    merged: list[Interval] = []
    for one in sorted(found, key=lambda one: (int(one.chrom), one.start)):
        if merged and merged[-1].chrom == one.chrom and one.start <= merged[-1].end:
            merged[-1] = Interval(one.chrom, merged[-1].start, max(one.end, merged[-1].end))
        else:
            merged.append(one)
    return merged


def _bed(path: str) -> list[list[str]]:
    lines = (line.split("\t") for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines())
    return [cells for cells in lines if len(cells) >= 3 and cells[1].isdigit() and cells[2].isdigit()]


def searched(targets: Iterable[Interval]) -> list[Interval]:
    """Where to look: in each block of `BLOCK_BP` the first part of every target, together `SEARCHED_BP` or less.

    Of more blocks than `MOST_BLOCKS` so many are taken, evenly over all of them.

    Args:
        targets: sorted intervals that do not overlap.
    """
    blocks: dict[tuple[str, int], list[Interval]] = defaultdict(list)
    for one in targets:
        for block in range(one.start // BLOCK_BP, (one.end - 1) // BLOCK_BP + 1):
            start, end = max(one.start, block * BLOCK_BP), min(one.end, (block + 1) * BLOCK_BP)
            blocks[one.chrom, block].append(Interval(one.chrom, start, end))
    every = list(blocks.values())
    taken = np.linspace(0, len(every) - 1, min(len(every), MOST_BLOCKS)).round().astype(int)
    return [part for block in taken for part in _first_parts(every[block])]


def _first_parts(block: Sequence[Interval]) -> list[Interval]:
    share = min(1.0, SEARCHED_BP / sum(one.end - one.start for one in block))
    parts = [Interval(one.chrom, one.start, one.start + int((one.end - one.start) * share)) for one in block]
    return [part for part in parts if part.end > part.start]


def count_normal(
    bam: str, fasta: str | None, stretches: Sequence[Interval], build: str, keep: ReadFilter
) -> npt.NDArray[np.int32]:
    """Fragments of one normal with A, C, G and T: [position of all stretches in order, base].

    Raises:
        UnusableSample: it does not open, has no index or is of another build.
        OSError, ValueError: it is damaged.
    """
    counts = np.zeros((sum(place.end - place.start for place in stretches), len(_BASES)), dtype=np.int32)
    with open_alignment(bam, fasta) as alignment:
        lengths = dict(zip(alignment.references, alignment.lengths, strict=True))
        if recognise_build(lengths) != build:
            raise UnusableSample(f"its header is not of {build}", "Align it to the assay's build, or correct the build")
        prefix, first = contig_prefix(lengths), 0
        for place in stretches:
            if prefix + place.chrom in lengths:
                contig = prefix + place.chrom
                for position, bases in count_bases(alignment, contig, place.start, place.end, keep, _MOST_READS):
                    counts[first + position - place.start] = [bases[base] for base in _BASES]
            first += place.end - place.start
    return counts


def varying(counts: npt.NDArray[np.int32], positions: Ints) -> Varying:
    """Positions at which the normals are of two alleles, each normal clearly homozygous or heterozygous.

    Both alleles are seen, `LEAST_NORMALS` or more normals are deep enough, at least one of them is homozygous, no more
    are heterozygous than chance allows, and nothing else varies nearby, be it cleanly or not.

    Args:
        counts: fragments as [normal, position, base].
        positions: coordinate of each position, ascending, of two chromosomes far apart.
    """
    order, deep, copies = _genotypes(counts)
    typed, heterozygous = deep.sum(axis=0), (deep & (copies == 1)).sum(axis=0)
    minor = np.where(deep, copies, 0).sum(axis=0)
    clean = (copies >= 0) | ~deep
    chance = special.bdtrc(np.maximum(heterozygous - 1, 0), np.maximum(typed, 1), 0.5)
    taken = clean.all(axis=0) & (typed >= LEAST_NORMALS) & (minor > 0) & (minor < 2 * typed)
    taken &= (heterozygous < typed) & ((heterozygous == 0) | (chance >= TOO_HETEROZYGOUS))
    taken &= _lonely((deep & (copies != 0)).any(axis=0), positions)
    index = np.flatnonzero(taken)
    return Varying(index, order[index, 0], order[index, 1], minor[index], 2 * typed[index])


def agreeing(counts: npt.NDArray[np.int32]) -> Bools:
    """Which normals are clean where the others are, by normal; see `ODD_POSITIONS`.

    Args:
        counts: fragments as [normal, position, base].
    """
    kept = np.ones(len(counts), dtype=bool)
    while kept.sum() >= LEAST_NORMALS:
        _, deep, copies = _genotypes(counts[kept])
        unclean = deep & (copies < 0)
        alone = (unclean & (unclean.sum(axis=0) == 1)).sum(axis=1)
        worst = int(alone.argmax())
        if alone[worst] <= ODD_POSITIONS + ODD_FOLD * float(np.median(np.delete(alone, worst))):
            break
        kept[np.flatnonzero(kept)[worst]] = False
    return kept


def _genotypes(counts: npt.NDArray[np.int32]) -> tuple[Ints, Bools, Ints]:
    """The two commonest bases of each position, which normals are deep there, and their copies of the rarer one."""
    order = np.argsort(-counts.sum(axis=0, dtype=np.int64), axis=1, kind="stable")[:, :2]
    depth = counts.sum(axis=2)
    two = np.take_along_axis(counts, order[np.newaxis], axis=2)
    copies = np.where(two.sum(axis=2) >= BOTH_ALLELES * depth, _copies(two[..., 1], depth), -1)
    return order, depth >= LEAST_FRAGMENTS, copies


def _copies(minor: npt.NDArray[np.int32], depth: npt.NDArray[np.int32]) -> Ints:
    """Copies of the rarer base in each normal, 0, 1 or 2; -1 where the fraction is of no genotype."""
    part = minor / np.maximum(depth, 1)
    low, high = HETEROZYGOUS
    clusters = [part <= HOMOZYGOUS, (part >= low) & (part <= high), part >= 1 - HOMOZYGOUS]
    return np.asarray(np.select(clusters, [0, 1, 2], -1))


def _lonely(varies: Bools, positions: Ints) -> Bools:
    """Which positions have no other varying one within `LONELY_BP`."""
    index = np.flatnonzero(varies)
    near = np.diff(positions[index]) <= LONELY_BP
    alone = np.ones(len(varies), dtype=bool)
    alone[index[:-1][near]] = False
    alone[index[1:][near]] = False
    return alone


def spread(found: Iterable[Polymorphism]) -> list[Polymorphism]:
    """One site for each `SPACING_BP` of the genome, sorted: that with the most even alleles, the lowest of equals."""
    best: dict[tuple[str, int], Polymorphism] = {}
    for one in sorted(found, key=lambda one: (one.unevenness, one.site)):
        best.setdefault((one.site.chrom, one.site.position // SPACING_BP), one)
    return sorted(best.values(), key=lambda one: (int(one.site.chrom), one.site.position))


def polymorphisms(
    counts: npt.NDArray[np.int32],
    stretches: Sequence[Interval],
    reference: Callable[[str, int], str] | None,
    left_out: Collection[tuple[str, int]],
) -> list[Polymorphism]:
    """The sites of an assay from what its normals show.

    Args:
        counts: fragments as [normal, position of all stretches in order, base].
        stretches: where was counted.
        reference: the base at a (chrom, position), which becomes REF; None without a FASTA: REF is then the commoner
            base of the normals. A site whose reference is neither of its alleles is left out.
        left_out: (chrom, position) that are never taken.
    """
    line = np.concatenate([np.arange(place.start, place.end) + (int(place.chrom) << 32) for place in stretches])
    seen = varying(counts, line)
    found = []
    columns = (line[seen.index], seen.major, seen.minor, seen.copies, seen.alleles)
    for at, major, minor, copies, alleles in zip(*(column.tolist() for column in columns), strict=True):
        chrom, position = str(at >> 32), at & 0xFFFFFFFF
        ref = reference(chrom, position) if reference else _BASES[major]
        if (chrom, position) in left_out or ref not in (_BASES[major], _BASES[minor]):
            continue
        swapped = ref == _BASES[minor]
        alt, alternate = (_BASES[major], alleles - copies) if swapped else (_BASES[minor], copies)
        found.append(Polymorphism(Site(chrom, position, ref, alt), alternate, alleles))
    return spread(found)


def find_snps(normals: Sequence[str], targets: str, build: str, fasta: str | None, keep: ReadFilter, vcf: str) -> None:
    """Write the sites of an assay as a VCF without AF; with a header alone where the normals are too few or show none.

    A normal that cannot be read, or is mixed, is left out, which the log says.

    Args:
        normals: paths of BAMs or CRAMs with their indexes.
        targets: the assay's BED.
        build: the assay's build.
        fasta: the assay's FASTA, if any.
        keep: the reads and bases that count.
        vcf: path to write.
    """
    stretches = searched(read_targets(targets))
    counted: dict[str, npt.NDArray[np.int32]] = {}
    for bam in normals:
        try:
            counted[bam] = count_normal(bam, fasta, stretches, build, keep)
        except (UnusableSample, OSError, ValueError) as error:
            print(f"cetux: {bam} is left out: {error}")
    found: list[Polymorphism] = []
    used = len(counted)
    if used >= LEAST_NORMALS and stretches:
        listed = {(codon.chrom, position) for codon in codons(build) for position in codon.positions}
        counts = np.stack(list(counted.values()))
        kept = agreeing(counts)
        used = int(kept.sum())
        for bam in np.array(list(counted))[~kept]:
            print(f"cetux: {bam} is left out: mixed with another person's DNA or damaged, by its alleles")
        with _reference(fasta) as reference:
            found = polymorphisms(counts[kept], stretches, reference, listed)
    size_bp = sum(place.end - place.start for place in stretches)
    print(f"cetux: {len(found)} polymorphic sites on {size_bp} bp of targets in {used} normals")
    records.write_text(vcf_text(found, build, contig_prefix({cells[0]: 0 for cells in _bed(targets)})), vcf)


@contextmanager
def _reference(fasta: str | None) -> Iterator[Callable[[str, int], str] | None]:
    if fasta is None:
        yield None
        return
    with pysam.FastaFile(fasta) as sequences:
        prefix = contig_prefix(dict.fromkeys(sequences.references, 0))
        known = set(sequences.references)
        # a base of no known contig is no allele's, and the site is left out
        yield lambda chrom, at: sequences.fetch(prefix + chrom, at, at + 1).upper() if prefix + chrom in known else "N"


def vcf_text(found: Sequence[Polymorphism], build: str, prefix: str) -> str:
    """A VCF of the sites, contigs with `prefix` (``chr`` or nothing); AC and AN are those of the normals."""
    lines = [
        "##fileformat=VCFv4.2",
        "##source=cetux: sites that vary in the assay's normals, which are too few to give frequencies",
        *(f"##contig=<ID={prefix}{name},length={length}>" for name, length in contig_lengths(build).items()),
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="Alternate alleles in the normals">',
        '##INFO=<ID=AN,Number=1,Type=Integer,Description="Alleles in the normals that are deep enough">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    for one in found:
        site = one.site
        info = f"AC={one.alternate};AN={one.alleles}"
        lines.append(f"{prefix}{site.chrom}\t{site.position + 1}\t.\t{site.ref}\t{site.alt}\t.\t.\t{info}")
    return "\n".join(lines) + "\n"
