"""Reads and counts at the listed codons, for the tests of counting and calling."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.builders import BamBuilder, random_reference

from cetux.coding import transcripts
from cetux.codons import COMPLEMENT, plus_strand
from cetux.counts import Background, CodonCounts, ErrorCount, HaplotypeCount, HaplotypeCounts, SampleCheck, Usable
from cetux.evidence import SampleGenotypes
from cetux.genotype import Sample, call_genotypes
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import Codon, alleles, codons, contig_lengths
from cetux.settings import with_defaults
from cetux.states import Specimen

SETTINGS = with_defaults({})["genotypes"]
TISSUE = Sample(Specimen.TISSUE, purity=None, umi=False, amplicon=False)
PLASMA = Sample(Specimen.CTDNA, purity=None, umi=True, amplicon=False)
KEEP = ReadFilter(min_mapping_quality=20, min_base_quality=20, keep_duplicates=False)
LISTED = codons("GRCh38")
TRANSCRIPTS = transcripts("GRCh38", None)


def codon(gene: str, number: int) -> Codon:
    return next(one for one in LISTED if (one.gene, one.codon) == (gene, number))


def reference(*wanted: Codon, planted: Mapping[tuple[str, int], str] | None = None) -> dict[tuple[str, int], str]:
    """Random bases around the wanted codons, every listed codon within them in place."""
    regions = [(f"chr{one.chrom}", p - 400, p + 400) for one in wanted for p in one.positions]
    bases = {}
    for one in LISTED:
        for position, base in zip(one.positions, one.wt_codon, strict=True):
            if any(c == f"chr{one.chrom}" and a <= position < b for c, a, b in regions):
                bases[f"chr{one.chrom}", position] = base if one.strand == "+" else base.translate(COMPLEMENT)
    return random_reference(regions, bases | dict(planted or {}))


def builder(*wanted: Codon, planted: Mapping[tuple[str, int], str] | None = None) -> BamBuilder:
    lengths = {f"chr{name}": bp for name, bp in contig_lengths("GRCh38").items()}
    return BamBuilder(lengths, reference(*wanted, planted=planted))


def cover(bam: BamBuilder, one: Codon, many: int, **given: Any) -> None:
    """Fragments of 160 bp that show the codon well inside both mates, at many starts; `given` goes to add_fragment."""
    first = min(one.positions)
    for i in range(many):
        start = first - 62 - i % 30
        bam.add_fragment(f"chr{one.chrom}", start, start + 160, strand="+-"[i // 30 % 2], **given)


def coding(one: Codon, coding_changes: Mapping[int, str]) -> dict[int, str]:
    """Plus-strand changes by position, from coding bases by index 0..2 (or beside the codon) in coding order."""
    step = 1 if one.strand == "+" else -1
    return {
        one.positions[0] + step * index: base if step > 0 else base.translate(COMPLEMENT)
        for index, base in coding_changes.items()
    }


def count(bam: BamBuilder, path: Path, wanted: Sequence[Codon], keep: ReadFilter = KEEP) -> HaplotypeCounts:
    return count_haplotypes("s", str(bam.write(path / "s.bam")), None, wanted, keep)


def call(counts: HaplotypeCounts, wanted: Sequence[Codon], sample: Sample = TISSUE, **settings: Any) -> SampleGenotypes:
    check = SampleCheck("s", Usable(), build="GRCh38")
    return call_genotypes(check, counts, wanted, TRANSCRIPTS, alleles(), sample, SETTINGS | settings)


def counted(
    wanted: Sequence[Codon],
    depth: int,
    changed: Mapping[tuple[str, int, str], int] | None = None,
    stratum: str = "F2",
    rate: float = 1e-4,
    flank_bases: int = 200_000,
) -> HaplotypeCounts:
    """Counts without any read: `depth` fragments of one stratum a codon, `changed` of them with those bases."""
    made = []
    for one in wanted:
        own = {
            bases: many
            for (gene, number, bases), many in (changed or {}).items()
            if (gene, number) == (one.gene, one.codon)
        }
        own[plus_strand(one)] = depth - sum(own.values())
        haplotypes = tuple(HaplotypeCount(b, n, n // 2, n - n // 2, 0, {_key(b, stratum): n}) for b, n in own.items())
        made.append(CodonCounts(one.gene, one.codon, plus_strand(one), haplotypes))
    errors = tuple(
        ErrorCount(f"{a}>{b}", stratum, round(rate * flank_bases), flank_bases)
        for a in "ACGT"
        for b in "ACGT"
        if a != b
    )
    return HaplotypeCounts("s", Usable(), tuple(made), background=Background(errors, positions=1000))


def _key(bases: str, stratum: str) -> str:
    """The stratum of a haplotype whose bases are all of one class, ``.`` where one is not read."""
    return stratum[0] + "".join("." if base == "." else stratum[1] for base in bases if not base.islower())
