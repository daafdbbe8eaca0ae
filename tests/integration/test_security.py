"""Hostile sheets, other eyes, other places: one small cohort run twice, on two paths, once without a network."""

import hashlib
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import demo
from tests.integration.workflow import snakemake

pytestmark = pytest.mark.run

HOSTILE = {
    "note": '=HYPERLINK("http://x.invalid";"Müller")',
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "shell": "$(touch pwned) `touch pwned` ; touch pwned",
    "quotes": "'; touch pwned; '\\ {wildcards} {{ 7 * 7 }} {% raw %}",
    "@formula": "@SUM(1+1)|cmd",
    "<b>column": "-2+3",
}
"""Columns of the patients sheet that the user may add, and what stands in them."""
BAM = 'bam/Eva\'s "one" $(touch pwned);&.bam'
TARGETS = ("all", "export_pseudonymised")
NO_NETWORK = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def small_cohort(finished: Path, folder: Path) -> Path:
    """A patient with hostile words and a BAM of a hostile name, a truncated normal, and pseudonyms."""
    folder.mkdir(parents=True)
    for name in ("reference.fa.gz", "reference.fa.gz.fai", "reference.fa.gz.gzi", "panel.bed"):
        shutil.copy(finished / name, folder / name)
    (folder / "bam").mkdir()
    for sample, bam in (("P01_KRAS_pre", BAM), ("N01", "bam/N01.bam"), ("N02", "bam/N02.bam")):
        for ending in ("", ".bai"):
            shutil.copy(finished / f"bam/{sample}.bam{ending}", folder / f"{bam}{ending}")
    content = (folder / "bam/N02.bam").read_bytes()
    (folder / "bam/N02.bam").write_bytes(content[: len(content) // 2])
    demo.write_sheets(folder, {"P01_KRAS": demo.cohort()["P01_KRAS"]}, ["N01", "N02"])
    sheet = (folder / "samples.tsv").read_text().replace("bam/P01_KRAS_pre.bam", '"' + BAM.replace('"', '""') + '"')
    (folder / "samples.tsv").write_text(sheet.replace("pathology", HOSTILE["script"]))
    header, row = (folder / "patients.tsv").read_text().splitlines()
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in HOSTILE.values())
    (folder / "patients.tsv").write_text("\n".join(["\t".join([header, *HOSTILE]), "\t".join([row, *quoted])]) + "\n")
    (folder / "pseudonyms.tsv").write_text("patient\tpseudonym\nP01_KRAS\tX7\n")
    with (folder / "cohort.yaml").open("a") as handle:
        handle.write("export: {pseudonyms: pseudonyms.tsv}\n")
    return folder


@pytest.fixture(scope="module")
def one(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = small_cohort(finished, tmp_path_factory.mktemp("one") / "cohort")
    snakemake(folder, *TARGETS, "--cores", "2", "--quiet")
    return folder


@pytest.fixture(scope="module")
def other(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same inputs at another place, of other depth, on one core, under another umask, and without a network."""
    if subprocess.run([*NO_NETWORK, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace: run as root, or allow it: sysctl kernel.unprivileged_userns_clone=1")
    folder = small_cohort(finished, tmp_path_factory.mktemp("other") / "a b" / "elsewhere")
    before = os.umask(0o077)
    try:
        snakemake(folder, *TARGETS, "--cores", "1", "--quiet", under=NO_NETWORK)
    finally:
        os.umask(before)
    return folder


def results(folder: Path) -> dict[str, bytes]:
    files = sorted(
        path for path in (folder / "results").rglob("*") if path.is_file() and "provenance" not in path.parts
    )
    return {str(path.relative_to(folder / "results")): path.read_bytes() for path in files}


def test_two_runs_on_two_paths_are_byte_identical(one: Path, other: Path) -> None:
    digests = [{name: hashlib.sha256(text).hexdigest() for name, text in results(at).items()} for at in (one, other)]
    assert digests[0] == digests[1]
    assert {"mechanisms.tsv", "mechanisms.json", "variants/P01_KRAS_pre.vcf.gz", "export/mechanisms.json"} <= set(
        digests[0]
    )
    for name, content in results(one).items():
        assert str(one).encode() not in content, name
        assert os.uname().nodename.encode() not in content or len(os.uname().nodename) < 4, name


@pytest.mark.fault
def test_a_run_needs_no_network(other: Path) -> None:
    assert "RAS_MUT(KRAS G12D)" in (other / "results/mechanisms.tsv").read_text()


def test_the_umask_of_whoever_runs_is_obeyed(other: Path) -> None:
    open_to_others = [path for path in (other / "results").rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []


@pytest.mark.bad_input
def test_no_word_of_a_sheet_reaches_a_shell(one: Path) -> None:
    assert not [path for path in one.parent.rglob("*") if path.name == "pwned"]
    assert {path.name for path in one.parent.iterdir()} == {"cohort"}


@pytest.mark.bad_input
def test_no_cell_of_a_table_begins_a_formula(one: Path) -> None:
    tables = sorted((one / "results").glob("*.tsv"))
    assert tables
    for table in tables:
        for line in table.read_text(encoding="utf-8").splitlines():
            for cell in line.split("\t"):
                assert not cell.startswith(("=", "+", "@")), (table, cell)
                assert not cell.startswith("-") or re.fullmatch(r"-[\d.e+-]+", cell), (table, cell)
    assert "'=HYPERLINK" in (one / "results/mechanisms.tsv").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Collects what would run: scripts, handlers, and places outside the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.found += [f"{tag} {value}" for name, value in attrs if name in ("src", "href") and "//" in (value or "")]

    def handle_data(self, data: str) -> None:
        self.found += ["script"] if self.cdata_elem == "script" and "alert(" in data else []


@pytest.mark.bad_input
def test_no_word_of_a_sheet_becomes_part_of_a_page(one: Path) -> None:
    pages = sorted((one / "results/report").rglob("*.html"))
    assert pages
    for page in pages:
        text, tags = page.read_text(encoding="utf-8"), Tags()
        tags.feed(text)
        assert tags.found == [], page
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "{{ 49" not in text


def test_no_old_name_is_in_the_export(one: Path) -> None:
    files = sorted((one / "results/export").iterdir())
    assert [path.name for path in files] == ["heregulin.tsv", "mechanisms.json", "mechanisms.tsv", "samples.tsv"]
    dates = re.findall(r"\d{4}-\d{2}-\d{2}", (one / "patients.tsv").read_text())
    assert dates
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "X7" in text
        for old in ("P01_KRAS", "N01", "N02", "Eva", "Müller", "bam/", "script", "pwned", "cohort.yaml", *dates):
            assert old not in text, (path.name, old)


def test_the_export_holds_the_calls(one: Path) -> None:
    inside, outside = ((one / f"results/{part}mechanisms.tsv").read_text().splitlines()[1] for part in ("", "export/"))
    assert inside.split("\t")[0] == "P01_KRAS"
    assert outside.split("\t")[:12] == ["X7", *inside.split("\t")[1:12]]
    assert "X7_pre_1" in (one / "results/export/samples.tsv").read_text()


@pytest.mark.bad_input
def test_without_pseudonyms_the_export_says_what_to_write(one: Path, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text((one / "cohort.yaml").read_text().partition("export:")[0])
    done = snakemake(one, "export_pseudonymised", "--dry-run", "--configfile", str(tmp_path / "site.yaml"), check=False)
    assert done.returncode != 0
