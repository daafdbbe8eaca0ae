"""The tables shipped with the workflow: codons, alleles, contigs, the landmarks of chromosome 17, annotations.

They are found beside the package, wherever the workflow was cloned or cached, so that a job's inputs and params do not
change with the place of the clone; their content is part of every stage's logic digest. Positions are 1-based in the
files and 0-based half-open here; `_interval` is the one place where they are converted.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parents[3] / "resources"
"""Folder of the tables."""

BUILDS = ("GRCh37", "GRCh38")
"""Genome builds that the tables cover; hg19 and hs37d5 are GRCh37 here, their coordinates being the same."""


CHROMOSOME_ACCESSIONS = {
    "GRCh37": {
        "1": "NC_000001.10",
        "3": "NC_000003.11",
        "7": "NC_000007.13",
        "12": "NC_000012.11",
        "15": "NC_000015.9",
        "17": "NC_000017.10",
    },
    "GRCh38": {
        "1": "NC_000001.11",
        "3": "NC_000003.12",
        "7": "NC_000007.14",
        "12": "NC_000012.12",
        "15": "NC_000015.10",
        "17": "NC_000017.11",
    },
}
"""RefSeq accession, by build, of each chromosome that carries listed codons (NCBI's assembly reports)."""


@dataclass(frozen=True)
class Interval:
    """A stretch of a chromosome, 0-based half-open; `chrom` without ``chr``."""

    chrom: str
    start: int
    end: int


@dataclass(frozen=True)
class Codon:
    """One codon of one gene in one build.

    positions: its three 0-based plus-strand positions in coding order (descending on the minus strand; not adjacent
    where an intron splits the codon). wt_codon: coding-strand bases. required: indices 0..2, in coding order, at which
    a listed allele differs from the reference, so that a wild type must have read them.
    """

    gene: str
    codon: int
    strand: str
    chrom: str
    transcript: str
    wt_codon: str
    wt_aa: str
    positions: tuple[int, int, int]
    required: tuple[int, ...]


@dataclass(frozen=True)
class CodingExon:
    """The coding part of one exon of a gene's MANE Select transcript in one build, the stop codon included.

    number: of the exon in the transcript, so that KRAS and NRAS begin with exon 2.
    """

    gene: str
    transcript: str
    number: int
    strand: str
    interval: Interval


@dataclass(frozen=True)
class ListedAllele:
    """An amino-acid change that counts (or is annotated) for its gene, whatever DNA change makes it."""

    gene: str
    codon: int
    protein: str
    effect: str
    braf_class: int | None


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (DIRECTORY / name).open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle, delimiter="\t"))


def _interval(row: dict[str, str], build: str) -> Interval:
    suffix = build.lower()
    return Interval(row["chrom"], int(row[f"start_{suffix}"]) - 1, int(row[f"end_{suffix}"]))


@cache
def codons(build: str) -> tuple[Codon, ...]:
    """The listed codons at the coordinates of `build` ("GRCh37" or "GRCh38")."""
    return tuple(
        Codon(
            gene=row["gene"],
            codon=int(row["codon"]),
            strand=row["strand"],
            chrom=row["chrom"],
            transcript=row["transcript"],
            wt_codon=row["wt_codon"],
            wt_aa=row["wt_aa"],
            positions=_three(row[f"positions_{build.lower()}"]),
            required=tuple(int(index) - 1 for index in row["required"].split(",") if index),
        )
        for row in _rows("codons.tsv")
    )


@cache
def coding_exons(build: str) -> dict[str, tuple[CodingExon, ...]]:
    """Coding exons of every gene with listed codons, in coding order, by gene."""
    found: dict[str, list[CodingExon]] = {}
    for row in _rows("coding_exons.tsv"):
        exon = CodingExon(row["gene"], row["transcript"], int(row["exon"]), row["strand"], _interval(row, build))
        found.setdefault(exon.gene, []).append(exon)
    return {gene: tuple(sorted(exons, key=lambda exon: exon.number)) for gene, exons in found.items()}


def _three(text: str) -> tuple[int, int, int]:
    first, second, third = (int(position) - 1 for position in text.split(","))
    return first, second, third


@cache
def alleles() -> dict[tuple[str, str], ListedAllele]:
    """Listed amino-acid changes by (gene, protein change), such as ("BRAF", "V600E")."""
    return {
        (row["gene"], row["protein"]): ListedAllele(
            gene=row["gene"],
            codon=int(row["codon"]),
            protein=row["protein"],
            effect=row["effect"],
            braf_class=int(row["braf_class"]) if row["braf_class"] else None,
        )
        for row in _rows("alleles.tsv")
    }


@cache
def contig_lengths(build: str) -> dict[str, int]:
    """Length in bp of every primary contig (1..22, X, Y) of `build`."""
    return {row["contig"]: int(row["length"]) for row in _rows("contigs.tsv") if row["build"] == build}


@cache
def chromosome_17(build: str) -> dict[str, Interval]:
    """Landmarks of chromosome 17 by name: ``17p``, ``17q``, ``ERBB2`` and ``ERBB2_excluded``."""
    return {row["name"]: _interval(row, build) for row in _rows("chr17.tsv")}


@cache
def copied_genes(build: str) -> dict[str, Interval]:
    """Genes beside ERBB2 whose copies are annotated, by name, and the chromosome arms they lie on (as in ``7p``)."""
    return {row["name"]: _interval(row, build) for row in _rows("copied_genes.tsv")}


@cache
def erbb2_exons(build: str) -> tuple[Interval, ...]:
    """Exons of ERBB2 (coding, the last with its 3' UTR) in `build`."""
    return tuple(_interval(row, build) for row in _rows("erbb2_exons.tsv"))


def annotations() -> tuple[dict[str, str], ...]:
    """Rows of the table of reported meanings, as text; `cetux.annotations` checks and reads them."""
    return _rows("annotations.tsv")
