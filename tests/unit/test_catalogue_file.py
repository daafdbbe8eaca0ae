"""Catalogues as sites have them. Positions and bases of KRAS, BRAF and NRAS are those of DoCM, in both builds."""

import gzip
from pathlib import Path

import pytest

from cetux.catalogue import Catalogue, Listing, written
from cetux.catalogue_file import catalogue_problems, read_catalogue
from cetux.edits import Edit
from cetux.errors import InputError
from cetux.resources import contig_lengths

G12D = {"GRCh37": 25398284, "GRCh38": 25245350}
V600E = {"GRCh37": 140453136, "GRCh38": 140753336}
OTHER = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}
BUILDS = sorted(G12D)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def write(folder: Path, text: str, name: str = "catalogue") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def table(build: str, prefix: str = "") -> str:
    """G12D, V600E and V600K as the table of Cancer Hotspots writes them, and a gene that is not read here."""
    rows = [
        (f"{prefix}1", "2559850", "G", "A", "TNFRSF14", "Missense_Mutation", "C111Y", "deleterious(0)"),
        (f"{prefix}7", V600E[build], "A", "T", "BRAF", "Missense_Mutation", "V600E", "deleterious(0)"),
        (f"{prefix}7", V600E[build], "AC", "TT", "BRAF", "Missense_Mutation", "V600K", '""'),
        (f"{prefix}12", G12D[build], "C", "T", "KRAS", "Missense_Mutation", "G12D", "deleterious(0)"),
    ]
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def vcf(build: str, prefix: str = "", header: str = "") -> str:
    """The same as a VCF: V600E and V600K in one record, beside a symbolic allele."""
    rows = [
        (f"{prefix}7", V600E[build], "rs1", "AC", "TC,TT,<DEL>", ".", ".", "GENE=BRAF"),
        (f"{prefix}12", G12D[build], ".", "C", "T,*", ".", ".", "."),
    ]
    return "##fileformat=VCFv4.2\n" + header + COLUMNS + "".join("\t".join(map(str, row)) + "\n" for row in rows)


def said(catalogue: Catalogue, chrom: str, position: int, ref: str, alt: str) -> Listing:
    return catalogue.listing(written([Edit(chrom, position - 1, ref, alt)], {}))


@pytest.mark.parametrize("prefix", ["", "chr"])
@pytest.mark.parametrize("form", [table, vcf])
@pytest.mark.parametrize("build", BUILDS)
def test_table_and_vcf_of_both_builds_list_the_same(tmp_path, build, form, prefix):
    found = read_catalogue(write(tmp_path, form(build, prefix)), build)
    assert said(found, "12", G12D[build], "C", "T") is Listing.ALLELE
    assert said(found, "12", G12D[build], "C", "A") is Listing.CODON  # G12V
    assert said(found, "12", G12D[build] + 1, "C", "T") is Listing.CODON  # G12S: codon 12 is c.34 to c.36
    assert said(found, "12", G12D[build] - 1, "A", "T") is Listing.CODON
    assert said(found, "12", G12D[build] - 2, "C", "T") is Listing.NO  # codon 13
    assert said(found, "12", G12D[build] + 2, "A", "T") is Listing.NO  # codon 11
    assert said(found, "7", V600E[build], "A", "T") is Listing.ALLELE
    assert said(found, "7", V600E[build], "AC", "TT") is Listing.ALLELE
    assert said(found, "7", V600E[build], "AC", "CT") is Listing.CODON  # V600R


def test_a_codon_over_an_intron_is_one_codon(tmp_path):
    """BRAF 581 has its first base in another exon (c.1741 | c.1742; resources/README.md)."""
    found = read_catalogue(write(tmp_path, "7\t140753393\tT\tC\n"), "GRCh38")  # N581S, c.1742A>G, DoCM
    assert len(found.places) == 3
    first = max(place for _, place in found.places)
    assert first - 140753392 > 500
    assert said(found, "7", first + 1, "T", "A") is Listing.CODON


def test_rows_without_a_base_are_placed_as_in_a_maf(tmp_path):
    """ERBB2 YVMA: GRCh37 VCF 17:37880981 A>AGCATACGTGATG (COSM20959), a MAF has the base before and - for REF."""
    rows = "17\t37880981\t-\tGCATACGTGATG\n7\t55242465\tGGAATTAAGAGAAGC\t-\n12\t25398284\tC\tT\n"
    found = read_catalogue(write(tmp_path, rows), "GRCh37")
    inserted = frozenset([Edit("17", 37880981, "", "GCATACGTGATG")])
    deleted = frozenset([Edit("7", 55242464, "GGAATTAAGAGAAGC", "")])  # EGFR c.2235_2249del
    assert {inserted, deleted} < found.alleles
    same = "##fileformat=VCFv4.2\n" + COLUMNS + "17\t37880981\t.\tA\tAGCATACGTGATG\t.\t.\t.\n"
    same += "12\t25398284\t.\tC\tT\t.\t.\t.\n"
    assert inserted in read_catalogue(write(tmp_path, same, "same.vcf"), "GRCh37").alleles


def test_lines_that_are_empty_or_notes_and_other_line_ends_are_taken(tmp_path):
    text = "\ufeff# taken on 2026-11-01\r\n\r\n" + table("GRCh38").replace("\n", "\r\n").replace(
        "C\tT\tKRAS", "c\tt\tKRAS"
    )
    (tmp_path / "c.tsv").write_bytes(text.encode())
    assert said(read_catalogue(str(tmp_path / "c.tsv"), "GRCh38"), "12", G12D["GRCh38"], "C", "T") is Listing.ALLELE


@pytest.mark.parametrize("form", [table, vcf])
def test_a_compressed_file_is_read(tmp_path, form):
    (tmp_path / "c.gz").write_bytes(gzip.compress(form("GRCh38").encode()))
    assert read_catalogue(str(tmp_path / "c.gz"), "GRCh38") == read_catalogue(write(tmp_path, form("GRCh38")), "GRCh38")


@pytest.mark.parametrize("form", [table, vcf])
@pytest.mark.parametrize("build", BUILDS)
def test_a_catalogue_of_the_other_build_is_refused_by_its_rows(tmp_path, build, form):
    (problem,) = catalogue_problems(write(tmp_path, form(OTHER[build])), build)
    assert f"fit the listed codons of {OTHER[build]}, 0 those of {build}" in problem.wrong
    assert problem.mend.startswith(f"Give the catalogue of {build}")


def test_a_vcf_of_the_other_build_is_refused_by_its_header(tmp_path):
    length = contig_lengths("GRCh37")["12"]
    for header in (f"##contig=<ID=chr12,length={length}>\n", f"##contig=<length={length},assembly=b37,ID=12>\n"):
        (problem,) = catalogue_problems(write(tmp_path, vcf("GRCh38", "chr", header)), "GRCh38")
        assert problem.wrong == "the catalogue is of GRCh37 by its contig lengths, the assay says GRCh38"
    right = f"##contig=<ID=12,length={contig_lengths('GRCh38')['12']}>\n"
    assert catalogue_problems(write(tmp_path, vcf("GRCh38", "", right)), "GRCh38") == ()


def test_a_cut_file_is_refused(tmp_path):
    whole = gzip.compress(table("GRCh38").encode())
    for content in (whole[:-12], whole[:30] + bytes(20) + whole[50:], b"\xff\xfe\x00\x01"):
        (tmp_path / "c.gz").write_bytes(content)
        (problem,) = catalogue_problems(str(tmp_path / "c.gz"), "GRCh38")
        assert problem.wrong == "the catalogue does not read as text to its end"


def test_every_wrong_row_is_named(tmp_path):
    rows = table("GRCh38") + "12\t25245350\tC\n12\tx\tC\tT\tKRAS\t\t\t\n12\t25245350\tC\tQ\tKRAS\t\t\t\n"
    with pytest.raises(InputError) as caught:
        read_catalogue(write(tmp_path, rows), "GRCh38")
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [
        (5, ""),
        (6, "position"),
        (7, "ALT"),
    ]


def test_rows_of_a_large_vcf_that_lie_elsewhere_are_not_kept(tmp_path):
    far = "".join(f"12\t{position}\t.\tA\tC\t.\t.\t.\n" for position in range(1, 20_001))
    found = read_catalogue(write(tmp_path, vcf("GRCh38") + far), "GRCh38")
    assert len(found.alleles) == 3
