"""The documentation names what is there."""

import csv
import re
from pathlib import Path

import pytest
from tests.unit.flags_in_source import flags_made, head

from cetux import allele_table, cohort_statistics, concordance, history, tables, version, what_if

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {
    "mechanisms.tsv": tables.MECHANISM_COLUMNS,
    "samples.tsv": tables.SAMPLE_COLUMNS,
    "alleles.tsv": allele_table.COLUMNS,
    "heregulin.tsv": tables.HEREGULIN_COLUMNS,
    "force_calls.tsv": ("patient", *tables.FORCED_COLUMNS),
    "identity.tsv": ("patient", *tables.IDENTITY_COLUMNS),
    "changes.tsv": history.CHANGE_COLUMNS,
    "what_if.tsv": what_if.COLUMNS,
    "statistics.tsv": cohort_statistics.COLUMNS,
    "concordance.tsv": concordance.COLUMNS,
}


@pytest.mark.parametrize("table", OUTPUTS)
def test_every_output_column_is_described_in_order(table: str) -> None:
    text = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
    section = text.split(f"## {table}\n")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \| \S", section, re.MULTILINE)) == OUTPUTS[table]


def test_the_version_is_one() -> None:
    stated = {
        re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1],  # type: ignore[index]
        re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1],  # type: ignore[index]
        re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1],  # type: ignore[index]
    }
    assert stated == {version.VERSION}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:")[1]
    assert set(re.findall(r"(\w+\.md)$", navigation, re.MULTILINE)) == {p.name for p in (ROOT / "docs").glob("*.md")}


def flags_of(section: str) -> list[str]:
    text = (ROOT / "docs/flags.md").read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE)


def test_every_flag_that_the_package_makes_is_explained_and_no_other() -> None:
    explained = [flag for section in ("Patient", "Sample", "Heregulin", "Plate") for flag in flags_of(section)]
    assert {head(flag) for flag in explained} == flags_made()


@pytest.mark.parametrize("section", ["Patient", "Sample", "Heregulin", "Plate"])
def test_flags_stand_in_order_and_once(section: str) -> None:
    flags = flags_of(section)
    assert flags == sorted(set(flags))


@pytest.mark.parametrize(
    ("cases", "section"),
    [("mechanism/*/expected", "Patient"), ("mechanism/*/reviewed", "Patient"), ("elisa/*/expected", "Heregulin")],
)
def test_every_flag_of_a_case_is_explained_in_its_table(cases: str, section: str) -> None:
    expected = set()
    for path in (ROOT / "tests/cases").glob(f"{cases}.tsv"):
        with path.open(encoding="utf-8", newline="") as handle:
            expected |= {flag for row in csv.DictReader(handle, delimiter="\t") for flag in row["flags"].split(";")}
    assert len(expected) > 2
    explained = re.compile("|".join(rf"{re.escape(head(flag))}(?!\w)" for flag in flags_of(section)))
    assert [flag for flag in expected - {""} if not explained.match(flag)] == []


PAGES = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_and_result_that_is_named_is_there(page: Path) -> None:
    """Modules of the package, and files and folders of results by the rules that make them."""
    text = page.read_text(encoding="utf-8")
    named = {f"workflow/scripts/cetux/{name}" for name in re.findall(r"`(?:cetux/)?(\w+\.py)`", text)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    made = set(re.findall(r"results/([\w.]+)", rules))
    assert set(re.findall(r"`results/([\w.]+)", text)) <= made
