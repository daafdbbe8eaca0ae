"""The page of one sample's reads: its words, its escapes, and what it loads."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_drawn_reads import G12D, KRAS_12, genotypes

from cetux import reads_page
from cetux.counts import Usable
from cetux.drawn_reads import DrawnSite, site_of
from cetux.evidence import SampleGenotypes
from cetux.reads_page import page, viewer

READS = {"min_mapping_quality": 20, "min_base_quality": 20, "keep_duplicates": False}
DRAWN = DrawnSite(site_of(G12D, KRAS_12, "chr"), (5, 5), (95, 400), {"locus": "chr12:1-2", "tracks": []})
ATTACK = "</script><img src=x onerror=alert(1)>"


def links(text: str) -> set[str]:
    return set(re.findall(r"(?:src|href)\s*=\s*\"([^\"]*)", text))


def test_the_alleles_stand_in_a_table_and_the_viewer_lies_beside_the_page() -> None:
    text = page("S1", "P1", Usable(), [DRAWN])
    for words in ("KRAS G12D", "c.35G>A".replace(">", "&gt;"), "5 of 100", "5.00 %", "95 of 400", "Research use only"):
        assert words in text, words
    assert links(text) == {"../patients/P1.html", "igv.min.js"}
    assert "loadDefaultGenomes: false" in text  # else igv.js asks igv.org for its list of genomes


@pytest.mark.parametrize(
    ("usable", "words"),
    [
        (Usable(False, "it is truncated", "Copy it again"), "it is truncated. Copy it again."),
        (reads_page.NO_FASTA, "the assay has no FASTA"),
        (Usable(), "no change was called"),
    ],
)
def test_where_nothing_is_drawn_the_page_says_why_and_loads_nothing(usable: Usable, words: str) -> None:
    text = page("S1", "P1", usable, [])
    assert words in text
    assert links(text) == {"../patients/P1.html"}
    assert "<script" not in text


def test_every_value_is_escaped() -> None:
    session = {"locus": ATTACK}
    hostile = DrawnSite(DRAWN.site, (1, 1), (1, 1), session)
    text = page(ATTACK, ATTACK, Usable(), [hostile])
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert "<img" not in page(ATTACK, ATTACK, Usable(False, ATTACK, ATTACK), [])


def test_a_bam_that_breaks_is_a_page_and_no_failed_job(tmp_path: Path) -> None:
    (tmp_path / "s.bam").write_bytes(b"no BAM")
    given: dict[str, Any] = {"fasta": str(tmp_path / "none.fa"), "build": "GRCh38", "reads": READS}
    text = reads_page.reads_page(genotypes(G12D), "P1", str(tmp_path / "s.bam"), **given)
    assert "No reads are drawn" in text
    assert "Copy or make the BAM" in text


def test_an_unusable_sample_and_a_missing_fasta_open_no_bam() -> None:
    bad = SampleGenotypes("S1", Usable(False, "it is truncated", "Copy it again"))
    assert "it is truncated" in reads_page.reads_page(bad, "P1", "/none.bam", "/none.fa", "GRCh38", READS)
    assert "no FASTA" in reads_page.reads_page(genotypes(G12D), "P1", "/none.bam", None, "GRCh38", READS)
    assert "no change" in reads_page.reads_page(genotypes(), "P1", "/none.bam", "/none.fa", "GRCh38", READS)


def test_the_viewer_is_igv_and_its_licence_allows_that() -> None:
    text = viewer()
    assert text.startswith("window.igv=")
    assert "createBrowser" in text
    assert reads_page.distribution("igv-notebook").metadata["License"] == "MIT"
