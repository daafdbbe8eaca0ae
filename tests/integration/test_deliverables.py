"""What readers take away from a finished run: Snakemake's own report, the workbook, the reads, numbers for MultiQC."""

import csv
import json
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.integration.test_incremental import TUMOURS
from tests.integration.workflow import ROOT, copy_run, planned, snakemake

pytestmark = pytest.mark.run

LARGEST_PAGE_BYTES = 1_500_000


def test_snakemakes_report_builds_offline_with_captions_and_categories(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copy_run(finished, tmp_path / "cohort")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there: a download would fail
    snakemake(run, "--report", "report.zip")
    with zipfile.ZipFile(run / "report.zip") as archive:
        (page,) = (name for name in archive.namelist() if name.endswith("report.html"))
        text = archive.read(page).decode()
        files = {Path(name).name for name in archive.namelist()}
    assert {"mechanisms.tsv", "mechanisms.xlsx", "samples.tsv", "statistics.tsv", "changes.tsv", "what_if.tsv"} <= files
    for caption in (
        "mechanisms",
        "samples",
        "heregulin",
        "statistics",
        "changes",
        "what_if",
        "workbook",
        "cohort",
        "alleles",
    ):
        words = (ROOT / f"workflow/report/{caption}.rst").read_text(encoding="utf-8").split()[:5]
        assert re.search(r"\s+".join(map(re.escape, words)), text), caption
    for category in ("Calls", "Evidence", "Cohort"):
        assert f'"{category}"' in text, category


def test_the_workbook_holds_the_tables(finished: Path) -> None:
    book = openpyxl.load_workbook(finished / "results/mechanisms.xlsx")
    assert book.sheetnames == [
        *("about", "mechanisms", "samples", "alleles", "heregulin", "force_calls", "identity"),
        *("changes", "statistics", "what_if"),
    ]
    with (finished / "results/samples.tsv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    header, *cells = book["samples"].iter_rows(values_only=True)
    assert list(header) == list(rows[0])
    copies = header.index("copies")
    assert [row[0] for row in cells] == [row["patient"] for row in rows]
    assert [row[copies] for row in cells] == [float(row["copies"]) if row["copies"] else None for row in rows]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_each_tumour_has_its_reads_and_nothing_but_the_viewer_is_loaded(finished: Path) -> None:
    folder = finished / "results/report/reads"
    assert {path.name for path in folder.iterdir()} == {"igv.min.js", *(f"{sample}.html" for sample in TUMOURS)}
    drawn = set()
    for path in sorted(folder.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert path.stat().st_size < LARGEST_PAGE_BYTES
        sources = set(re.findall(r"(?:src|href)=\"([^\"]*)", text))
        assert all(link.startswith("../patients/") or link == "igv.min.js" for link in sources), sources
        drawn |= {path.stem} if "igv.min.js" in sources else set()
    genotypes = {
        path.stem: json.loads(path.read_text()) for path in (finished / "results/call_genotypes").glob("*.json")
    }
    with_alleles = {
        sample
        for sample, found in genotypes.items()
        if any(gene["alleles"] or gene["traces"] for gene in found["genes"].values())
    }
    assert drawn == with_alleles
    assert {"P01_KRAS_pre", "P02_BRAF_pre"} <= drawn


def test_without_the_reads_no_bam_is_read_for_them(finished: Path, tmp_path: Path) -> None:
    run = copy_run(finished, tmp_path / "cohort")
    (run / "results/report/reads/P01_KRAS_pre.html").unlink()
    assert planned(run) == {("draw_reads", "P01_KRAS_pre")}
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("report: {reads: never}\n")
    assert not {rule for rule, _ in planned(run)} & {"draw_reads", "copy_viewer"}


def test_every_tumour_has_its_row_for_multiqc(finished: Path) -> None:
    for name in ("genotypes", "erbb2", "general"):
        lines = (finished / f"results/multiqc/cetux_{name}_mqc.tsv").read_text(encoding="utf-8").splitlines()
        table = [line.split("\t") for line in lines if not line.startswith("#")]
        assert [row[0] for row in table] == ["Sample", *TUMOURS]
