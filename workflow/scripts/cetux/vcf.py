"""A standard VCF of one sample's reported changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pysam

from cetux.allele_names import AlleleNames, names_of
from cetux.coding import transcripts
from cetux.codons import codon_bases
from cetux.edits import Edit
from cetux.evidence import Allele, SampleGenotypes
from cetux.hgvs import allele_edits
from cetux.records import whole
from cetux.resources import Codon, contig_lengths
from cetux.states import Genotype

_HEADER = (
    '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">',
    '##INFO=<ID=TRANSCRIPT,Number=1,Type=String,Description="RefSeq accession of the MANE Select transcript">',
    '##INFO=<ID=PROTEIN,Number=1,Type=String,Description="Amino-acid change on the MANE transcript, two joined by +">',
    '##INFO=<ID=HGVSC,Number=1,Type=String,Description="HGVS: change of the coding DNA on the MANE transcript">',
    '##INFO=<ID=HGVSP,Number=1,Type=String,Description="HGVS: predicted change of the protein, three-letter">',
    '##INFO=<ID=HGVSG,Number=1,Type=String,Description="HGVS: change of the chromosome">',
    '##INFO=<ID=LISTED,Number=0,Type=Flag,Description="Counts for its gene by the tables of cetux">',
    '##INFO=<ID=BRAF_CLASS,Number=1,Type=Integer,Description="Class of a BRAF mutation: 1, 2 or 3">',
    '##FILTER=<ID=MUT_LOW,Description="Detected below the fraction from which it is reported as mutated">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype: 0/1 where the change was detected">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Fragments that read the changed bases">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Fragments without and with the change">',
    '##FORMAT=<ID=AF,Number=A,Type=Float,Description="AD of the change over DP">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Records of one number were read on one molecule">',
)

_RESERVED = str.maketrans({"%": "%25", ";": "%3B", "=": "%3D", ",": "%2C", " ": "%20"})
"""Characters that text in INFO may not hold, and how VCF 4.3 (1.2) writes them."""


@dataclass(frozen=True)
class _Record:
    """One line: an edit with its anchor base, of one allele. phase: 1-based position that its lines share, or 0."""

    edit: Edit
    allele: Allele
    info: Mapping[str, str | int | bool]
    phase: int


def write_vcf(
    genotypes: SampleGenotypes,
    codons: Sequence[Codon],
    build: str,
    prefix: str,
    path: str,
    fasta: str | None = None,
) -> None:
    """Write `path` (.vcf.gz) and its .tbi: the detected changes, one biallelic record each, left-aligned and trimmed.

    Both are written whole before either takes its place. Whatever ends the job, an index that stands beside a VCF is
    the VCF's own; where there is none, the job did not end well.

    A change of two codons, which are two alleles here, is one record with both names in PROTEIN, as in ``G12D+G13S``.
    A change over an intron is one record for each exon, phased by PS. A sample that is not usable has a header and no
    record, and says so in the header line ``##cetux_not_evaluable``. A change that cannot be written, because bases
    beside it are unknown or it was not read to its end, has a line ``##cetux_left_out`` with the reason.

    Args:
        genotypes: the sample's alleles.
        codons: the codons that were read; every allele's codon is among them.
        build: "GRCh37" or "GRCh38".
        prefix: ``chr`` or nothing: contigs are named as in the sample's BAM.
        path: of the VCF.
        fasta: the assay's FASTA. Without it the neighbours of a listed codon are known only where they are listed too,
            so most insertions and deletions have no anchor base and are left out.
    """
    records, left_out = _records(genotypes, codons, build, fasta)
    header = pysam.VariantHeader()
    for contig, length in contig_lengths(build).items():
        header.contigs.add(prefix + contig, length=length)
    for line in (*_HEADER, f"##reference={build}"):
        header.add_line(line)
    if not genotypes.usable.ok:
        header.add_line(f"##cetux_not_evaluable={genotypes.usable.reason}")
    for line in left_out:
        header.add_line(f"##cetux_left_out={line}")
    header.add_sample(genotypes.sample)
    order = list(contig_lengths(build))
    index = f"{path}.tbi"
    with whole(index) as index_part, whole(path) as part:  # the VCF takes its place first, then its index
        with pysam.VariantFile(str(part), "wz", header=header) as out:
            for record in sorted(records, key=lambda record: (order.index(record.edit.chrom), record.edit)):
                out.write(_line(out, record, prefix, genotypes.sample))
        pysam.tabix_index(str(part), preset="vcf", force=True, index=str(index_part))
        Path(index).unlink(missing_ok=True)  # a stale one never stands beside the new VCF, not even for a moment


def _line(out: pysam.VariantFile, record: _Record, prefix: str, name: str) -> pysam.VariantRecord:
    allele, edit = record.allele, record.edit
    line: pysam.VariantRecord = out.new_record(
        contig=prefix + edit.chrom,
        start=edit.start,
        alleles=(edit.ref, edit.alt),
        filter="PASS" if allele.state is Genotype.MUT else allele.state.value,
        info={key: value for key, value in record.info.items() if value},
    )
    sample = line.samples[name]
    sample["GT"] = (0, 1)
    sample["DP"] = allele.fragments
    sample["AD"] = (allele.fragments - allele.alt_fragments, allele.alt_fragments)
    sample["AF"] = (allele.vaf,)
    if record.phase:
        sample["PS"] = record.phase
        sample.phased = True
    return line


def _records(
    genotypes: SampleGenotypes, codons: Sequence[Codon], build: str, fasta: str | None
) -> tuple[list[_Record], list[str]]:
    """Every record, and a sentence for every allele that has none."""
    by_codon = {(codon.gene, codon.codon): codon for codon in codons}
    known = transcripts(build, fasta)
    bases: dict[str, dict[int, str]] = {}
    for transcript in known.values():
        bases.setdefault(transcript.chrom, {}).update(transcript.bases)
    for codon in codons:
        bases.setdefault(codon.chrom, {}).update(codon_bases([codon]))
    records: list[_Record] = []
    left_out: list[str] = []
    for allele in (allele for gene in genotypes.genes.values() for allele in gene.alleles):
        codon = by_codon[allele.gene, allele.codon]
        around = bases[codon.chrom]
        edits = allele_edits(allele, codon, around)
        name = f"{allele.gene} {allele.protein} (codon {allele.codon})"
        if edits is None:
            left_out.append(f"{name}: its ends, or the bases that it changes, are unknown")
            continue
        names = names_of(edits, known.get(allele.gene), around, build)
        if not names.records:
            left_out.append(f"{name}: the bases beside it are unknown; give the assay its FASTA")
            continue
        phase = names.records[0].start + 1 if len(names.records) > 1 else 0
        records += [_Record(line, allele, _info(allele, names), phase) for line in names.records]
    return _as_one(records), left_out


def _as_one(records: Sequence[_Record]) -> list[_Record]:
    """The records with one for each edit: where one change alters two codons, it bears the names of both.

    Its numbers are those of the codon in which more fragments show it, its state the higher one.
    """
    by_edit: dict[Edit, list[_Record]] = defaultdict(list)
    for record in records:
        by_edit[record.edit].append(record)
    whole: list[_Record] = []
    for same in by_edit.values():
        first = max(same, key=lambda record: record.allele.alt_fragments)
        state = Genotype.MUT if any(one.allele.state is Genotype.MUT for one in same) else first.allele.state
        ordered = sorted(same, key=lambda record: record.allele.codon)
        info = dict(first.info) | {
            "PROTEIN": "+".join(dict.fromkeys(str(one.info["PROTEIN"]) for one in ordered)),
            "LISTED": any(one.info["LISTED"] for one in same),
            "BRAF_CLASS": first.info["BRAF_CLASS"] or max(one.info["BRAF_CLASS"] for one in same),
        }
        whole.append(replace(first, allele=replace(first.allele, state=state), info=info))
    return whole


def _info(allele: Allele, names: AlleleNames) -> dict[str, str | int | bool]:
    text = {
        "GENE": allele.gene,
        "TRANSCRIPT": names.transcript,
        "PROTEIN": allele.protein,
        "HGVSC": names.hgvs_c or allele.hgvs_c,
        "HGVSP": names.hgvs_p,
        "HGVSG": names.hgvs_g,
    }
    encoded = {key: value.translate(_RESERVED) for key, value in text.items()}
    return encoded | {"LISTED": allele.listed, "BRAF_CLASS": allele.braf_class or 0}
