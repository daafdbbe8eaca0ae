"""The resources hold what the domain tables hold, row for row; the exceptions are named."""

import re
from pathlib import Path

import pytest

from tests.literature.sources import resource, table, three

pytestmark = pytest.mark.real

# hotspot_codons.tsv has another third base; the hg19 amplicons of ERBB2, and reads over codons 776 and 842 in
# both builds, show these (test_codons.py). The amino acid is the same.
CORRECTED = {
    ("ERBB2", "776"): "GGT",
    ("ERBB2", "842"): "GTA",
    ("ERBB2", "862"): "ACA",
    ("ERBB2", "878"): "CAT",
}


@pytest.fixture(scope="module")
def domain(real_data: Path) -> Path:
    folder = real_data.parent / "domain"
    if not folder.is_dir():
        pytest.skip(f"no domain tables: {folder} is not a folder")
    return folder


def test_codons(domain):
    theirs = table(domain / "hotspot_codons.tsv")
    ours = resource("codons.tsv")
    same = ("gene", "codon", "strand", "chrom", "wt_aa")
    assert [[row[key] for key in same] for row in ours] == [[row[key] for key in same] for row in theirs]
    for build, short in (("grch37", "g37"), ("grch38", "g38")):
        spans = [three(row[f"positions_{build}"]) for row in ours]
        assert [(min(span), max(span)) for span in spans] == [
            (int(row[f"{short}_start"]), int(row[f"{short}_end"])) for row in theirs
        ]
    different = {
        (mine["gene"], mine["codon"]): mine["wt_codon"]
        for mine, row in zip(ours, theirs, strict=True)
        if mine["wt_codon"] != row["wt_triplet"]
    }
    assert different == CORRECTED


def test_alleles(domain):
    theirs = table(domain / "hotspots_snv.tsv") + table(domain / "hotspots_mnv.tsv")
    ours = resource("alleles.tsv")
    same = ("gene", "hgvs_c", "chrom", "pos_grch37", "pos_grch38", "ref", "alt")
    assert [[row[key] for key in same] for row in ours] == [[row[key] for key in same] for row in theirs]
    assert [row["protein"] for row in ours] == [re.sub(r"\(.*", "", row["protein"]) for row in theirs]
    assert [row["source"].split("; ")[1] for row in ours] == [row.get("verification", "derived") for row in theirs]


def test_erbb2_exons(domain):
    theirs = table(domain / "erbb2_cds_exons.tsv")
    keys = ["exon", "chrom", "start_grch37", "end_grch37", "start_grch38", "end_grch38"]
    assert [[row[key] for key in keys] for row in resource("erbb2_exons.tsv")] == [list(row.values()) for row in theirs]
