"""A standard VCF of one sample's reported changes."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pysam

from cetux.evidence import Allele, SampleGenotypes
from cetux.haplotypes import plus_strand
from cetux.resources import Codon, contig_lengths
from cetux.states import Genotype

_HEADER = (
    '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">',
    '##INFO=<ID=PROTEIN,Number=1,Type=String,Description="Amino-acid change on the MANE transcript">',
    '##INFO=<ID=HGVSC,Number=1,Type=String,Description="Change of the coding DNA on the MANE transcript">',
    '##FILTER=<ID=MUT_LOW,Description="Detected below the fraction from which it is reported as mutated">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype: 0/1 where the change was detected">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Fragments that read the changed bases">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Fragments without and with the change">',
    '##FORMAT=<ID=AF,Number=A,Type=Float,Description="AD of the change over DP">',
)


def write_vcf(genotypes: SampleGenotypes, codons: Sequence[Codon], build: str, prefix: str, path: str) -> None:
    """Write `path` (.vcf.gz) and its .tbi: one biallelic record per detected substitution of one to three bases.

    Contigs are named as in the sample's BAM. Alleles are trimmed to the changed bases, so that substitutions are
    left-aligned and parsimonious as they stand. A sample that is not usable has a header and no record, and says so in
    the header line ``##cetux_not_evaluable``.
    """
    header = pysam.VariantHeader()
    for contig, length in contig_lengths(build).items():
        header.contigs.add(prefix + contig, length=length)
    for line in _HEADER:
        header.add_line(line)
    if not genotypes.usable.ok:
        header.add_line(f"##cetux_not_evaluable={genotypes.usable.reason}")
    header.add_sample(genotypes.sample)
    by_codon = {(codon.gene, codon.codon): codon for codon in codons}
    records = sorted(
        _records(genotypes, by_codon),
        key=lambda item: (list(header.contigs).index(prefix + item[0]), item[1:4]),
    )
    part = Path(path).with_name(f".{Path(path).name}")
    with pysam.VariantFile(str(part), "wz", header=header) as out:
        for chrom, start, reference, alternative, allele in records:
            record = out.new_record(
                contig=prefix + chrom,
                start=start,
                alleles=(reference, alternative),
                filter="PASS" if allele.state is Genotype.MUT else allele.state.value,
                info={"GENE": allele.gene, "PROTEIN": allele.protein, "HGVSC": allele.hgvs_c},
            )
            sample = record.samples[genotypes.sample]
            sample["GT"] = (0, 1)
            sample["DP"] = allele.fragments
            sample["AD"] = (allele.fragments - allele.alt_fragments, allele.alt_fragments)
            sample["AF"] = (allele.vaf,)
            out.write(record)
    part.replace(path)
    pysam.tabix_index(path, preset="vcf", force=True)


def _records(
    genotypes: SampleGenotypes, codons: Mapping[tuple[str, int], Codon]
) -> Iterable[tuple[str, int, str, str, Allele]]:
    for gene in genotypes.genes.values():
        for allele in gene.alleles:
            codon = codons[allele.gene, allele.codon]
            record = substitution(codon, allele.changes)
            if record is not None:
                yield (codon.chrom, *record, allele)


def substitution(codon: Codon, changes: Sequence[tuple[int, str]]) -> tuple[int, str, str] | None:
    """0-based position, REF and ALT of a substitution; None for an insertion or deletion, or over an intron."""
    positions = sorted(codon.positions)
    indices = [index for index, _ in changes]
    low, high = min(indices), max(indices)
    if any(len(shown) != 1 or shown == "-" for _, shown in changes):
        return None
    if positions[high] - positions[low] != high - low:
        return None
    reference = plus_strand(codon)[low : high + 1]
    altered = dict(changes)
    alternative = "".join(altered.get(index, reference[index - low]) for index in range(low, high + 1))
    return positions[low], reference, alternative
