"""The coding sequence of the genes on their MANE Select transcripts, read from the assay's FASTA when it is needed.

The exon tables are shipped, sequences are not. Without a FASTA only the bases of the listed codons are known: then the
coding sequence beyond them is not scanned, which `CodingScan.notes` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pysam

from cetux.codons import codon_bases, reverse_complement, tokens, translated
from cetux.counts import CodonCounts
from cetux.genomes import contig_prefix
from cetux.resources import Codon, Interval, coding_exons, codons

SCANNED_GENES = ("KRAS", "NRAS", "BRAF")
"""Genes in which a change at any codon is reported, not at the listed ones alone (rules)."""

FLANK_BP = 100
"""Bases beyond each exon that are read, so that an insertion or deletion at its end can be shifted into the intron."""


@dataclass(frozen=True)
class Transcript:
    """A gene's coding sequence in one build.

    accession: RefSeq, MANE Select. exons: coding parts in coding order, the stop codon included. bases: plus-strand
    bases by 0-based position, as far as they are known; beyond the exons too.
    """

    gene: str
    accession: str
    chrom: str
    strand: str
    exons: tuple[Interval, ...]
    bases: Mapping[int, str]

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """0-based plus-strand position of every coding base, in coding order."""
        step = 1 if self.strand == "+" else -1
        return tuple(place for exon in self.exons for place in range(exon.start, exon.end)[::step])

    @cached_property
    def index(self) -> dict[int, int]:
        """Place in the coding sequence, from 0, by position."""
        return {position: place for place, position in enumerate(self.positions)}

    @cached_property
    def sequence(self) -> str:
        """The coding sequence, N where a base is unknown."""
        plus = (self.bases.get(position, "N") for position in self.positions)
        return "".join(plus if self.strand == "+" else map(reverse_complement, plus))

    def codon(self, number: int) -> Codon:
        """Codon `number`, from 1, without required bases: no listed allele is there.

        Raises:
            ValueError: the transcript has no such codon.
        """
        place = 3 * (number - 1)
        if not 0 <= place <= len(self.positions) - 3:
            raise ValueError(f"{self.gene} has no codon {number}")
        first, second, third = self.positions[place : place + 3]
        bases = self.sequence[place : place + 3]
        return Codon(
            gene=self.gene,
            codon=number,
            strand=self.strand,
            chrom=self.chrom,
            transcript=self.accession,
            wt_codon=bases,
            wt_aa=translated(bases),
            positions=(first, second, third),
            required=(),
        )


@dataclass(frozen=True)
class CodingScan:
    """Which codons are read beyond the listed ones, and what is not scanned and why.

    codons: of `SCANNED_GENES`, by gene and number; listed ones keep their required bases, the others have none.
    counted: what `count_haplotypes` reads, the listed codons of all genes in table order, then the others of `codons`.
    transcripts: of every gene with listed codons, by gene. notes: a gene each that is not scanned.
    """

    codons: tuple[Codon, ...]
    counted: tuple[Codon, ...]
    transcripts: Mapping[str, Transcript]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CodingCoverage:
    """How much of one gene's coding sequence was read: codons, and those of at least the depth asked for."""

    gene: str
    codons: int
    covered: int

    @property
    def covered_fraction(self) -> float:
        """Part of the codons that reach the depth, 0..1."""
        return self.covered / self.codons


def transcripts(build: str, fasta: str | None) -> dict[str, Transcript]:
    """The transcript of every gene with listed codons, by gene.

    Args:
        build: "GRCh37" or "GRCh38".
        fasta: path of the indexed FASTA, its contigs named with or without ``chr``. Without it, or where it lacks the
            chromosome, a transcript knows the bases of its listed codons only.
    """
    listed = _by_gene(codons(build))
    known: dict[str, dict[int, str]] = {gene: codon_bases(members) for gene, members in listed.items()}
    if fasta is not None:
        with pysam.FastaFile(fasta) as file:
            lengths = dict(zip(file.references, file.lengths, strict=True))
            prefix = contig_prefix(lengths)
            for gene, exons in coding_exons(build).items():
                contig = prefix + exons[0].interval.chrom
                for exon in exons if contig in lengths else ():
                    start = max(0, exon.interval.start - FLANK_BP)
                    read = file.fetch(contig, start, exon.interval.end + FLANK_BP).upper()
                    known[gene] = known.get(gene, {}) | dict(enumerate(read, start))
    return {
        gene: Transcript(
            gene=gene,
            accession=exons[0].transcript,
            chrom=exons[0].interval.chrom,
            strand=exons[0].strand,
            exons=tuple(exon.interval for exon in exons),
            bases=known.get(gene, {}),
        )
        for gene, exons in coding_exons(build).items()
    }


def _by_gene(members: Iterable[Codon]) -> dict[str, list[Codon]]:
    genes: dict[str, list[Codon]] = {}
    for codon in members:
        genes.setdefault(codon.gene, []).append(codon)
    return genes


def coding_scan(build: str, fasta: str | None) -> CodingScan:
    """All coding codons of `SCANNED_GENES`, from the start codon to the stop codon.

    A gene is scanned where the FASTA gives it a whole coding sequence: no unknown base, a start codon M, one stop codon
    and that at the end, and every listed codon as the tables have it. Else its listed codons alone are returned, and a
    note says so: a masked or edited FASTA must not make wild types of codons that nobody can name.

    Args:
        build: "GRCh37" or "GRCh38".
        fasta: path of the assay's FASTA, or None.
    """
    table = codons(build)
    listed = _by_gene(table)
    found: list[Codon] = []
    notes: list[str] = []
    known = transcripts(build, fasta)
    for gene in SCANNED_GENES:
        wrong = coding_problem(known[gene], listed[gene]) if fasta else "the assay has no FASTA"
        by_number = {codon.codon: codon for codon in listed[gene]}
        numbers = sorted(by_number) if wrong else range(1, len(known[gene].positions) // 3 + 1)
        found += [by_number.get(number) or known[gene].codon(number) for number in numbers]
        if wrong:
            notes.append(f"{gene}: only its listed codons are read, not its whole coding sequence ({wrong})")
    return CodingScan(tuple(found), tuple(dict.fromkeys((*table, *found))), known, tuple(notes))


def coding_problem(transcript: Transcript, listed: Sequence[Codon]) -> str:
    """What keeps a transcript from being a whole coding sequence, in words; empty where nothing does."""
    protein = translated(transcript.sequence)
    if "X" in protein or "N" in transcript.sequence:
        return f"codon {protein.index('X') + 1} has a base that the FASTA does not give"
    if not protein.startswith("M"):
        return f"it begins with {protein[:1]}, not M"
    if protein.find("*") != len(protein) - 1:
        place = protein.find("*")
        return f"a stop codon stands at {place + 1}" if place >= 0 else "it has no stop codon"
    for codon in listed:
        found = transcript.codon(codon.codon)
        if (found.wt_codon, found.positions) != (codon.wt_codon, codon.positions):
            return f"codon {codon.codon} reads {found.wt_codon}, not {codon.wt_codon}"
    return ""


def scanned_codons(build: str, fasta: str | None) -> tuple[Codon, ...]:
    """What `count_haplotypes` reads: `CodingScan.counted` alone."""
    return coding_scan(build, fasta).counted


def _least_read(count: CodonCounts) -> int:
    """Fragments that show the base of a codon that the fewest show."""
    shown = [(tokens(haplotype.bases), haplotype.fragments) for haplotype in count.haplotypes]
    return min(sum(many for bases, many in shown if bases[index] != ".") for index in range(3))


def coding_coverage(counts: Iterable[CodonCounts], scanned: Sequence[Codon], least: int) -> tuple[CodingCoverage, ...]:
    """Coverage of the coding sequence of each scanned gene.

    Args:
        counts: what was counted; a codon that is absent was not read.
        scanned: `CodingScan.codons`.
        least: fragments from which a codon is covered, >= 1.
    """
    depth = {(count.gene, count.codon): _least_read(count) for count in counts}
    covered = []
    for gene, members in _by_gene(scanned).items():
        depths = [depth.get((gene, codon.codon), 0) for codon in members]
        enough = sum(value >= least for value in depths)
        covered.append(CodingCoverage(gene, len(members), enough))
    return tuple(covered)
