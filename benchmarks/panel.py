"""The made-up panel of the read level: the listed codons on short contigs, and the alleles that are put there.

Each cluster of codons keeps its own distances and lies on a contig of its chromosome's name, so that a reference of
some 20 kb serves every tool. Bases are random but for the codons and the exons that the alleles below need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.builders import random_reference

from cetux.coding import Transcript
from cetux.codons import plus_strand
from cetux.resources import Codon, Interval

FLANK_BP = 400
_GAP_BP = 1000
_OFF_PANEL = 1_000_000_000
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class Region:
    """A stretch of the panel, 0-based half-open, and the codons in it."""

    contig: str
    start: int
    end: int
    codons: tuple[Codon, ...]


@dataclass(frozen=True)
class Edit:
    """One allele in VCF terms: 0-based `start`, no base shared by `ref` and `alt` but an indel's anchor.

    kind: "SNV", "MNV" or "indel". names: HGVS c. and protein names that are right for it. codon: the listed codon that
    it changes.
    """

    gene: str
    codon: int
    contig: str
    start: int
    ref: str
    alt: str
    kind: str
    names: tuple[str, ...]

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What identifies it among the calls of any tool."""
        return self.contig, self.start, self.ref, self.alt


_CONTEXT = {
    ("ERBB2", 776): (-18, "GAAGCATACGTGATGGCTGGTGTGGGCTCCCCATATGTCTCC"),
    ("ERBB2", 755): (-3, "GTGTTGAGGGAAAACACATCCCCCAAAGCC"),
    ("NRAS", 61): (-3, "GGACAA"),
    ("KRAS", 61): (-3, "GGTCAA"),
    ("BRAF", 600): (-3, "ACAGTGAAATCT"),
}
"""True coding bases about a codon: offset from its first base, bases."""

_NAMED = (
    ("BRAF", 600, 0, "GT", "AA", "c.1798_1799delinsAA", "V600K"),
    ("BRAF", 600, 0, "GT", "AG", "c.1798_1799delinsAG", "V600R"),
    ("BRAF", 600, 1, "TG", "AC", "c.1799_1800delinsAC", "V600D"),
    ("BRAF", 600, 1, "TG", "AA", "c.1799_1800delinsAA", "V600E"),
    ("KRAS", 12, 0, "GG", "TT", "c.34_35delinsTT", "G12F"),
    ("KRAS", 12, 0, "GG", "CT", "c.34_35delinsCT", "G12L"),
    ("NRAS", 61, -1, "AC", "TA", "c.180_181delinsTA", "Q61K"),
    ("BRAF", 600, 1, "TGA", "", "c.1799_1801del", "V600_K601delinsE"),
    ("ERBB2", 776, -1, "", "ATACGTGATGGC", "c.2313_2324dup", "Y772_A775dup"),
    ("ERBB2", 776, 1, "", "TGT", "c.2326_2327insTGT", "G776delinsVC"),
    ("ERBB2", 776, 15, "", "GGCTCCCCA", "c.2332_2340dup", "G778_P780dup"),
    ("ERBB2", 755, 1, "TGAGGGAAAACACAT", "", "c.2264_2278del", "L755_T759del"),
)
"""Gene, codon, offset of the first changed base from the codon's first, coding bases, their change, HGVS c. and p."""


class Panel:
    """Regions, relocated codons and bases."""

    def __init__(self, codons: Sequence[Codon], prefix: str = "chr", seed: int = 7) -> None:
        """Lay the clusters of codons out, one behind the other on the contig of their chromosome."""
        self.codons: list[Codon] = []
        self.regions: list[Region] = []
        self.contigs: dict[str, int] = {}
        self._shifts: list[tuple[Interval, int]] = []
        for cluster in _clusters(codons):
            contig = prefix + cluster[0].chrom
            first = min(min(codon.positions) for codon in cluster)
            start = self.contigs.get(contig, 0)
            shift = start + FLANK_BP - first
            last = max(max(codon.positions) for codon in cluster)
            self._shifts.append((Interval(cluster[0].chrom, first, last + 1), shift))
            moved = tuple(_moved(codon, shift) for codon in cluster)
            end = max(max(codon.positions) for codon in moved) + 1 + FLANK_BP
            self.regions.append(Region(contig, start, end, moved))
            self.contigs[contig] = end
            self.codons += moved
        order = {(codon.gene, codon.codon): index for index, codon in enumerate(codons)}
        self.codons.sort(key=lambda codon: order[codon.gene, codon.codon])
        self.by_name = {(codon.gene, codon.codon): codon for codon in self.codons}
        self.prefix = prefix
        reference = random_reference([(name, 0, length) for name, length in self.contigs.items()], seed=seed)
        drawn = {name: bytearray(reference[name, 0].encode()) for name in self.contigs}
        for codon in self.codons:
            for position, base in zip(sorted(codon.positions), plus_strand(codon), strict=True):
                drawn[prefix + codon.chrom][position] = ord(base)
        for (gene, number), (offset, bases) in _CONTEXT.items():
            codon = self.by_name[gene, number]
            start, plus = self._plus(codon, offset, bases)
            drawn[prefix + codon.chrom][start : start + len(plus)] = plus.encode()
        self.bases = {name: bytes(text).decode() for name, text in drawn.items()}

    def transcripts(self, originals: Mapping[str, Transcript]) -> dict[str, Transcript]:
        """The codons' transcripts as they lie here: an exon moves with its codons; one without any lies off the panel,
        so that coding bases keep their numbers.
        """
        return {gene: self._transcript(original) for gene, original in originals.items()}

    def _transcript(self, original: Transcript) -> Transcript:
        exons = tuple(
            replace(exon, start=exon.start + shift, end=exon.end + shift)
            for exon in original.exons
            for shift in [self._shift(exon)]
        )
        bases = dict(enumerate(self.bases.get(self.prefix + original.chrom, "")))
        return Transcript(original.gene, original.accession, original.chrom, original.strand, exons, bases)

    def _shift(self, exon: Interval) -> int:
        for cluster, shift in self._shifts:
            if cluster.chrom == exon.chrom and cluster.start < exon.end and exon.start < cluster.end:
                return shift
        return _OFF_PANEL

    @staticmethod
    def _plus(codon: Codon, offset: int, coding: str) -> tuple[int, str]:
        """Plus-strand start and bases of coding bases that begin `offset` behind the codon's first."""
        if codon.strand == "+":
            return codon.positions[0] + offset, coding
        return codon.positions[0] - offset - len(coding) + 1, coding[::-1].translate(_COMPLEMENT)

    def edit(self, gene: str, number: int, offset: int, ref: str, alt: str, *names: str) -> Edit:
        """An allele given in coding bases, as a left-aligned VCF allele."""
        codon = self.by_name[gene, number]
        contig = self.prefix + codon.chrom
        start, plus = self._plus(codon, offset, ref)
        shown = self._plus(codon, offset, alt)[1]
        if self.bases[contig][start : start + len(plus)] != plus:
            raise ValueError(
                f"{gene} {names}: the panel has {self.bases[contig][start : start + len(plus)]}, not {plus}"
            )
        where, before, after = normalised(self.bases[contig], start, plus, shown)
        kind = "indel" if len(before) != len(after) else ("SNV" if len(before) == 1 else "MNV")
        return Edit(gene, number, contig, where, before, after, kind, names)

    def named(self) -> list[Edit]:
        """The alleles of two bases, two codons and the indels."""
        return [self.edit(gene, codon, offset, ref, alt, *names) for gene, codon, offset, ref, alt, *names in _NAMED]

    def single(self, codon: Codon, bases: str, protein: str) -> Edit:
        """A single-base change of a codon, given in plus-strand bases."""
        contig = self.prefix + codon.chrom
        for position, base, shown in zip(sorted(codon.positions), plus_strand(codon), bases, strict=True):
            if base != shown:
                return Edit(codon.gene, codon.codon, contig, position, base, shown, "SNV", (protein,))
        raise ValueError(f"{codon.gene} {codon.codon}: {bases} changes nothing")


def _moved(codon: Codon, by: int) -> Codon:
    one, two, three = codon.positions
    return replace(codon, positions=(one + by, two + by, three + by))


def _clusters(codons: Sequence[Codon]) -> list[list[Codon]]:
    made: list[list[Codon]] = []
    for codon in sorted(codons, key=lambda codon: (codon.chrom, min(codon.positions))):
        last = made[-1] if made else []
        if not last or last[0].chrom != codon.chrom or min(codon.positions) > max(last[-1].positions) + _GAP_BP:
            made.append([])
        made[-1].append(codon)
    return made


def normalised(bases: str, start: int, ref: str, alt: str) -> tuple[int, str, str]:
    """An allele trimmed and left-aligned, an indel with the base before it; raises ValueError for no change.

    >>> normalised("GCATTTG", 4, "T", ""), normalised("ACGT", 0, "ACG", "ATG")
    ((2, 'AT', 'A'), (1, 'C', 'T'))
    """
    if ref == alt:
        raise ValueError("the allele equals the reference")
    while True:
        if ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        elif not ref or not alt:
            start, ref, alt = start - 1, bases[start - 1] + ref, bases[start - 1] + alt
            if ref[-1] != alt[-1]:
                break
        else:
            break
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    return start, ref, alt
