"""The templates of config/ are what the schemas say, and a cohort can be made from them."""

import re
from pathlib import Path

import pytest
import yaml

from cetux import cohort, config_docs
from cetux.settings import config_problems, schema, with_defaults

NEEDED = {"samples", "patients", "assays"}


def described(part: dict[str, object]) -> list[str]:
    """Every description in a schema."""
    own = [str(part["description"])] if "description" in part else []
    below = [value for value in part.values() if isinstance(value, dict)]
    return [*own, *(text for value in below for text in described(value))]


def test_committed_files_are_those_that_the_schemas_make(tmp_path: Path) -> None:
    config_docs.write(tmp_path)
    for name in ("config.yaml", "README.md"):
        made = (tmp_path / name).read_text(encoding="utf-8")
        assert (config_docs.FOLDER / name).read_text(encoding="utf-8") == made, f"run: {config_docs.COMMAND}"


def test_template_is_a_cohort_with_the_defaults() -> None:
    given = yaml.safe_load(config_docs.template())
    assert set(given) == NEEDED
    assert config_problems(given, "config.yaml") == []


def test_uncommented_settings_are_the_defaults() -> None:
    lines = re.sub(r"^( *)#(?=\S)", r"\1", config_docs.template(), flags=re.MULTILINE).splitlines()
    given = yaml.safe_load("\n".join(line for line in lines if not line.endswith(": ...")))
    assert config_problems(given, "config.yaml") == []
    assert set(given) == set(schema("config")["properties"])
    defaults = with_defaults({})
    assert len(defaults) > 5
    assert {key: value for key, value in given.items() if key in defaults} == defaults


def test_every_description_stands_in_the_readme() -> None:
    text = (config_docs.FOLDER / "README.md").read_text(encoding="utf-8").replace("&lt;", "<").replace("\\|", "|")
    for name in ("config", "samples", "patients", "heregulin"):
        assert [words for words in described(schema(name)) if words not in text] == []


def test_every_row_of_a_table_has_five_cells() -> None:
    rows = [line for line in config_docs.readme().splitlines() if line.startswith("|")]
    assert len(rows) > 80
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


@pytest.mark.parametrize(
    ("key", "unit"),
    [("erbb2.min_purity", "fraction"), ("dna_ng", "ng"), ("cutoffs[].value_pg_per_ml", "pg/mL"), ("samples", "")],
)
def test_units_are_those_of_the_names(key: str, unit: str) -> None:
    assert config_docs._unit(key) == unit


def test_sheets_and_template_make_a_cohort(tmp_path: Path) -> None:
    for sheet in ("samples", "patients", "heregulin", "concordance"):
        (tmp_path / f"{sheet}.tsv").write_bytes((config_docs.FOLDER / f"{sheet}.tsv").read_bytes())
    (tmp_path / "bams").mkdir()
    for name in ("P01_pre", "P01_post", "N01"):
        (tmp_path / "bams" / f"{name}.bam").write_text("stub")
        (tmp_path / "bams" / f"{name}.bam.bai").write_text("stub")
    (tmp_path / "panel.bed").write_text("chr12\t25245300\t25245400\tKRAS\n")
    cutoff = {"assay": "DuoSet_DY377", "matrix": "plasma", "method": "fixed", "value_pg_per_ml": 980}
    sheets = {"heregulin": "heregulin.tsv", "concordance": "concordance.tsv"}
    given = yaml.safe_load(config_docs.template()) | sheets | {"heregulin_cutoffs": [cutoff]}
    loaded = cohort.load(given, str(tmp_path))
    assert loaded.tumours() == ["P01_post", "P01_pre"]
    assert loaded.normals("panel") == ["N01"]
    assert [row["method"] for row in loaded.concordance_rows] == ["FISH", "ddPCR"]
    assert loaded.warnings == ()
