"""The documentation names what is there."""

import re
from pathlib import Path

import pytest

from cetux import cohort_statistics, concordance, history, methods, tables, what_if

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {
    "mechanisms.tsv": tables.MECHANISM_COLUMNS,
    "samples.tsv": tables.SAMPLE_COLUMNS,
    "heregulin.tsv": tables.HEREGULIN_COLUMNS,
    "force_calls.tsv": ("patient", *tables.FORCED_COLUMNS),
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
    assert stated == {methods.VERSION}


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:")[1]
    assert set(re.findall(r"(\w+\.md)$", navigation, re.MULTILINE)) == {p.name for p in (ROOT / "docs").glob("*.md")}
