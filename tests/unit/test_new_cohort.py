from pathlib import Path

import pytest
import yaml
from tests import builders

from cetux import new_cohort
from cetux.settings import schema
from cetux.sheets import read_sheet


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("P01_pre", {"patient": "P01", "timepoint": "pre", "role": "tumour"}),
        ("P-01.Progression", {"patient": "P-01", "timepoint": "post", "role": "tumour"}),
        ("P01_baseline", {"patient": "P01", "timepoint": "pre", "role": "tumour"}),
        ("N01_normal", {"role": "normal"}),
        ("normal", {"role": "tumour"}),
        ("Presley", {"role": "tumour"}),
        ("P01_pre_2", {"role": "tumour"}),
    ],
)
def test_only_what_a_name_says_is_guessed(name: str, known: dict[str, str]) -> None:
    assert new_cohort.guess(name) == known


def test_the_folder_is_a_cohort_whose_gaps_are_empty_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bams = [bam(tmp_path / "one.bam", "P01_pre"), bam(tmp_path / "two.bam", "S2"), bam(tmp_path / "three.bam", None)]
    folder = tmp_path / "cohort"
    assert new_cohort.main([str(folder), *bams, "--targets", str(tmp_path / "p.bed"), "--assay", "panel2"]) == 0
    samples = read("samples", folder)
    assert [(row["sample"], row["patient"], row["timepoint"], row["role"], row["bam"]) for row in samples] == [
        ("P01_pre", "P01", "pre", "tumour", bams[0]),
        ("S2", "", "", "tumour", bams[1]),
        ("three", "", "", "tumour", bams[2]),
    ]
    assert [row["patient"] for row in read("patients", folder)] == ["P01"]
    written = yaml.safe_load((folder / "cohort.yaml").read_text(encoding="utf-8"))
    assert written["assays"] == {"panel2": {"targets": str(tmp_path / "p.bed"), "method": "hybrid", "build": "GRCh38"}}
    assert "three.bam: named after the file: its read groups name no sample" in capsys.readouterr().out


def test_a_sheet_explains_every_column() -> None:
    text = new_cohort.samples_sheet([], "panel", "tissue")
    for column in schema("samples")["properties"]:
        assert f"\n# {column}: " in f"\n{text}"


def test_paths_below_the_folder_are_relative(tmp_path: Path) -> None:
    assert new_cohort._beside(str(tmp_path / "c/bams/a.bam"), tmp_path / "c") == "bams/a.bam"
    assert new_cohort._beside(str(tmp_path / "a.bam"), tmp_path / "c") == str(tmp_path / "a.bam")


def test_every_problem_is_named_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = [bam(tmp_path / "a.bam", "S1"), bam(tmp_path / "b.bam", "S1")]
    broken = tmp_path / "c.bam"
    broken.write_bytes(b"no BAM")
    folder = tmp_path / "cohort"
    assert new_cohort.main([str(folder), *twice, str(broken), "--targets", "p.bed"]) == 1
    said = capsys.readouterr().err
    assert "b.bam: it is named S1, as " in said
    assert "c.bam: the file does not open" in said
    assert not folder.exists()


def test_a_folder_with_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    assert new_cohort.main([str(tmp_path), bam(tmp_path / "a.bam", "S1"), "--targets", "p.bed"]) == 1
    assert "there already" in capsys.readouterr().err
    assert not (tmp_path / "cohort.yaml").exists()


def bam(path: Path, sample: str | None) -> str:
    return str(builders.BamBuilder({"chr12": 133_275_309}, sample=sample).write(path))


def read(name: str, folder: Path) -> tuple[dict[str, str], ...]:
    columns = schema(name)
    return read_sheet(str(folder / f"{name}.tsv"), columns["required"], [*columns["properties"]]).rows
