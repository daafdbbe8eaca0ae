"""The readers of the shipped tables: 0-based half-open intervals, coding order, one entry a gene."""

from itertools import pairwise

import pytest

from cetux.resources import (
    BUILDS,
    CHROMOSOME_ACCESSIONS,
    Interval,
    alleles,
    chromosome_17,
    coding_exons,
    codons,
    contig_lengths,
    copied_genes,
    erbb2_exons,
)


@pytest.mark.parametrize("build", BUILDS)
def test_coding_exons_are_in_coding_order_and_do_not_overlap(build):
    for gene, exons in coding_exons(build).items():
        assert {exon.gene for exon in exons} == {gene}
        numbers = [exon.number for exon in exons]
        assert numbers == list(range(numbers[0], numbers[0] + len(exons)))
        forward = exons[0].strand == "+"
        for one, after in pairwise(exons):
            low, high = (one, after) if forward else (after, one)
            assert low.interval.end < high.interval.start


def test_an_exon_is_0_based_half_open():
    first = coding_exons("GRCh38")["KRAS"][0]
    assert (first.number, first.strand, first.transcript) == (2, "-", "NM_004985.5")
    # 1-based 25245274-25245384: 111 bases, 37 codons
    assert first.interval == Interval("12", 25245273, 25245384)


@pytest.mark.parametrize("build", BUILDS)
def test_every_listed_codon_lies_in_an_exon_of_its_gene(build):
    exons = coding_exons(build)
    for codon in codons(build):
        inside = [
            any(exon.interval.start <= place < exon.interval.end for exon in exons[codon.gene])
            for place in codon.positions
        ]
        assert all(inside), codon


@pytest.mark.parametrize("build", BUILDS)
def test_every_exon_lies_on_its_contig(build):
    lengths = contig_lengths(build)
    for exons in coding_exons(build).values():
        for exon in exons:
            assert 0 <= exon.interval.start < exon.interval.end <= lengths[exon.interval.chrom]
            assert exon.interval.chrom in CHROMOSOME_ACCESSIONS[build]


def test_tables_are_0_based():
    assert next(codon for codon in codons("GRCh37") if codon.gene == "KRAS").positions == (25398284, 25398283, 25398282)
    assert erbb2_exons("GRCh37")[0] == Interval("17", 37856491, 37856564)
    excluded = chromosome_17("GRCh37")["ERBB2_excluded"]
    assert excluded.end - excluded.start == pytest.approx(5_000_000, abs=1)


def test_listed_alleles_by_gene_and_protein():
    v600e = alleles()["BRAF", "V600E"]
    assert (v600e.codon, v600e.effect, v600e.braf_class) == (600, "BRAF", 1)
    assert ("BRAF", "V640E") not in alleles()


@pytest.mark.parametrize("build", BUILDS)
def test_copied_genes_reach_from_the_first_to_the_last_coding_base(build: str) -> None:
    """As the table of coding exons has them, which was made from other files; MET stands in none."""
    found = copied_genes(build)
    for gene in ("EGFR", "KRAS"):
        exons = [exon.interval for exon in coding_exons(build)[gene]]
        assert found[gene] == Interval(exons[0].chrom, min(e.start for e in exons), max(e.end for e in exons))
    assert found["MET"].end - found["MET"].start == 97_040
    assert found["7p"].end <= found["MET"].start and found["KRAS"].end <= found["12p"].end
