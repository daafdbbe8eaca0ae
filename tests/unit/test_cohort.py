"""Cohorts that are whole, and damaged ones: each folder of cases/bad_input holds what is damaged and the listing."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests import builders

from cetux import cohort
from cetux.errors import AT_START, InputError, Problem
from cetux.states import Specimen

CASES = Path(__file__).resolve().parents[1] / "cases" / "bad_input"
YAML = {
    "samples": "samples.tsv",
    "patients": "patients.tsv",
    "heregulin": "heregulin.tsv",
    "assays": {"panel": {"targets": "panel.bed", "method": "hybrid", "build": "GRCh38"}},
    "heregulin_cutoffs": [{"assay": "DEMO_ELISA", "matrix": "plasma", "method": "fixed", "value_pg_per_ml": 980}],
}
SAMPLES = [
    builders.sample_row(),
    builders.sample_row(sample="P02_pre", patient="P02", bam="P02_pre.bam", purity=""),
    builders.normal_row(),
]
PATIENTS = [builders.patient_row(), builders.patient_row(patient="P02")]
HEREGULIN = [builders.heregulin_row(), builders.heregulin_row(patient="P02")]


def write_cohort(folder: Path) -> Path:
    """A whole cohort as far as sheets go (files are stubs), and stubs that only damaged sheets name."""
    for name in (
        "P01_pre.bam",
        "P02_pre.bam",
        "N01.bam",
        "a.cram",
        "plain.fa",
        "bare.bam",
        "zipped.fa.gz",
    ):
        (folder / name).write_text("stub")
    for name in ("P01_pre.bam.bai", "P02_pre.bai", "N01.bam.csi", "a.cram.crai", "zipped.fa.gz.fai"):
        (folder / name).write_text("stub")
    (folder / "panel.bed").write_text("chr12\t25245300\t25245400\tKRAS\n")
    (folder / "empty.bam").touch()
    (folder / "folder.bam").mkdir()
    (folder / "link.bam").symlink_to("P01_pre.bam")
    (folder / "link.bam.bai").write_text("stub")
    (folder / "two words.bam").write_text("stub")
    for name, rows in (("samples", SAMPLES), ("patients", PATIENTS), ("heregulin", HEREGULIN)):
        builders.write_tsv(folder / f"{name}.tsv", rows)
    (folder / "cohort.yaml").write_text(yaml.safe_dump(YAML, sort_keys=False))
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with a whole cohort in it."""
    monkeypatch.chdir(write_cohort(tmp_path))
    yield tmp_path


def load() -> cohort.Cohort:
    return cohort.load(yaml.safe_load(Path("cohort.yaml").read_text()) or {}, "", "cohort.yaml")


def refused() -> InputError:
    before = sorted(Path().rglob("*"))
    with pytest.raises(InputError) as caught:
        load()
    assert sorted(Path().rglob("*")) == before, "a cohort that is refused writes nothing"
    return caught.value


def problem_of(file: str, column: str) -> Problem:
    """The one problem there is, which must be in this file and column."""
    (problem,) = refused().problems
    assert (problem.file, problem.column) == (file, column)
    return problem


@pytest.mark.usefixtures("here")
def test_whole_cohort_is_read_as_written() -> None:
    loaded = load()
    assert loaded.tumours() == ["P01_pre", "P02_pre"]
    assert loaded.normals("panel") == ["N01"]
    one, normal = loaded.samples["P01_pre"], loaded.samples["N01"]
    assert (one.purity, one.ploidy, one.bam, one.specimen) == (0.6, None, "P01_pre.bam", Specimen.TISSUE)
    assert (normal.purity, normal.patient, normal.role) == (None, "", "normal")
    patient = loaded.patients["P01"]
    assert (patient.last_dose_day, patient.progression_day, patient.last_contact_day) == (49, 56, 275)
    assert loaded.assays["panel"].targets == "panel.bed"
    assert loaded.assays["panel"].flat_reference is False
    assert loaded.settings["erbb2"]["min_bins"] == 10
    assert loaded.sheets == {"samples": "samples.tsv", "patients": "patients.tsv", "heregulin": "heregulin.tsv"}
    assert loaded.warnings == ()


def test_paths_are_relative_to_the_yaml(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here.parent)
    loaded = cohort.load(YAML, here.name, f"{here.name}/cohort.yaml")
    assert loaded.samples["P01_pre"].bam == f"{here.name}/P01_pre.bam"
    assert cohort.resolve("/data/x.bam", here.name) == "/data/x.bam"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("wanted", "small", "large"),
    [("small_cohorts", ["P01_pre", "P02_pre"], []), ("always", *[["P01_pre", "P02_pre"]] * 2), ("never", [], [])],
)
def test_reads_are_drawn_unasked_in_small_cohorts(
    monkeypatch: pytest.MonkeyPatch, wanted: str, small: list[str], large: list[str]
) -> None:
    """Two tumours, which is as many as a small cohort has, or one more."""
    whole = load()
    whole = replace(whole, settings={**whole.settings, "report": {"reads": wanted}})
    for most, drawn in ((2, small), (1, large)):
        monkeypatch.setattr(cohort, "_MOST_DRAWN", most)
        assert whole.drawn() == drawn


def test_days_may_stand_for_dates_and_be_empty(here: Path) -> None:
    days = {"treatment_start": "0", "last_dose": "", "progression": "56", "last_contact": ""}
    builders.write_tsv(here / "patients.tsv", [PATIENTS[0] | days, PATIENTS[1]])
    patient = load().patients["P01"]
    assert (patient.last_dose_day, patient.progression_day, patient.last_contact_day) == (None, 56, None)


def test_ids_stay_text(here: Path) -> None:
    builders.write_tsv(here / "samples.tsv", [SAMPLES[0] | {"sample": "001", "patient": "1e5"}, *SAMPLES[1:]])
    builders.write_tsv(here / "patients.tsv", [PATIENTS[0] | {"patient": "1e5"}, PATIENTS[1]])
    builders.write_tsv(here / "heregulin.tsv", [HEREGULIN[0] | {"patient": "1e5"}, HEREGULIN[1]])
    loaded = load()
    assert loaded.samples["001"].patient == "1e5"
    assert set(loaded.patients) == {"1e5", "P02"}


def test_further_columns_of_a_patient_are_kept(here: Path) -> None:
    builders.write_tsv(here / "patients.tsv", [row | {"centre": "Turin"} for row in PATIENTS])
    assert load().patients["P01"].further == {"centre": "Turin"}


def test_heregulin_may_be_left_out_and_normals_be_replaced(here: Path) -> None:
    given = {key: value for key, value in YAML.items() if not key.startswith("heregulin")}
    given["assays"] = {"panel": YAML["assays"]["panel"] | {"flat_reference": True}}  # type: ignore[index]
    (here / "cohort.yaml").write_text(yaml.safe_dump(given))
    builders.write_tsv(here / "samples.tsv", SAMPLES[:2])
    assert load().heregulin_rows == ()
    (here / "panel.cnn").write_text("stub")
    given["assays"] = {"panel": YAML["assays"]["panel"] | {"copy_number_reference": "panel.cnn"}}  # type: ignore[index]
    (here / "cohort.yaml").write_text(yaml.safe_dump(given))
    assert load().assays["panel"].copy_number_reference == "panel.cnn"


@pytest.mark.bad_input
@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_damaged_cohort_gives_its_listing(case: str, here: Path) -> None:
    for path in (CASES / case).iterdir():
        (here / path.name).write_bytes(path.read_bytes())
    listing = refused().told(AT_START).splitlines()
    expected = (CASES / case / "expected.txt").read_text().splitlines()
    # "..." ends a line whose rest quotes the description of a key in the config schema
    cut = [line[: len(e) - 3] + "..." if e.endswith("...") else line for line, e in zip(listing, expected, strict=True)]
    assert cut == expected


def test_no_message_shows_the_workings_of_the_program() -> None:
    noise = ("is not one of", "is not of type", "required property", "does not match", "Additional", "None", "Error(")
    listings = {path.parent.name: path.read_text() for path in CASES.glob("*/expected.txt")}
    assert len(listings) >= 100
    assert [(case, word) for case, text in listings.items() for word in noise if word in text] == []


def test_every_problem_says_how_to_mend_it() -> None:
    for case in sorted(CASES.iterdir()):
        text = (case / "expected.txt").read_text()
        for line in text.splitlines()[1:]:
            assert line.startswith("  ")
            assert ". " in line.split(": ", 1)[1] or "? " in line or line.endswith("..."), line


def test_missing_index_of_a_cram_is_not_made_good_by_that_of_a_bam(here: Path) -> None:
    (here / "fasta.fa").write_text("stub")
    (here / "fasta.fa.fai").write_text("stub")
    given = YAML | {"assays": {"panel": YAML["assays"]["panel"] | {"reference": "fasta.fa"}}}  # type: ignore[index]
    (here / "cohort.yaml").write_text(yaml.safe_dump(given))
    builders.write_tsv(here / "samples.tsv", [SAMPLES[0] | {"bam": "a.cram"}, *SAMPLES[1:]])
    assert load().samples["P01_pre"].bam == "a.cram"
    (here / "a.cram.crai").rename(here / "a.cram.bai")
    assert problem_of("samples.tsv", "bam").mend == "Make it: samtools index a.cram"


def test_collected_fits_the_time_point(here: Path) -> None:
    def collect(**cells: str) -> None:
        builders.write_tsv(here / "samples.tsv", [SAMPLES[0] | cells, *SAMPLES[1:]])

    for timepoint, date, day in (("pre", "2021-03-01", 0), ("pre", "2020-12-24", -67), ("post", "2021-04-28", 58)):
        collect(timepoint=timepoint, collected=date)
        assert load().samples["P01_pre"].collected_day == day
    for timepoint, day in (("pre", "2021-03-02"), ("post", "2021-03-01")):
        collect(timepoint=timepoint, collected=day)
        assert "lies" in problem_of("samples.tsv", "collected").wrong


def test_post_without_progression_is_a_warning(here: Path) -> None:
    builders.write_tsv(here / "samples.tsv", [SAMPLES[0] | {"timepoint": "post"}, *SAMPLES[1:]])
    assert load().warnings == ()
    builders.write_tsv(here / "patients.tsv", [PATIENTS[0] | {"progression": "", "best_response": "PR"}, PATIENTS[1]])
    (warning,) = load().warnings
    assert (warning.file, warning.row, warning.column) == ("samples.tsv", 2, "timepoint")
    assert "'P01' has no progression" in warning.wrong


def test_unused_assay_and_cutoff_are_warnings(here: Path) -> None:
    given = YAML | {
        "assays": {"panel": YAML["assays"]["panel"], "exome": YAML["assays"]["panel"]},  # type: ignore[index]
        "heregulin_cutoffs": [*YAML["heregulin_cutoffs"], YAML["heregulin_cutoffs"][0] | {"assay": "DuoSet"}],  # type: ignore[index]
    }
    (here / "cohort.yaml").write_text(yaml.safe_dump(given))
    assert [str(warning).split(".")[0] for warning in load().warnings] == ["cohort", "cohort"]
    assert [warning.column for warning in load().warnings] == ["assays.exome", "heregulin_cutoffs[2].assay"]


def test_unchecked_load_neither_cross_checks_nor_stats(here: Path) -> None:
    builders.write_tsv(here / "samples.tsv", [row | {"bam": "gone.bam"} for row in SAMPLES])
    assert cohort.load(YAML, "", check=False).samples["P01_pre"].bam == "gone.bam"
    with pytest.raises(InputError):
        cohort.load(YAML, "", "cohort.yaml")


def test_long_listing_is_capped_and_counts_the_rest(here: Path) -> None:
    rows = [SAMPLES[0] | {"sample": f"S{i}", "bam": f"gone/S{i}.bam", "purity": "60"} for i in range(5000)]
    builders.write_tsv(here / "samples.tsv", [*rows, *SAMPLES[1:]])
    start = time.monotonic()
    error = refused()
    assert time.monotonic() - start < 30
    lines = str(error).splitlines()
    assert len(error.problems) == 10_000
    assert lines[0].startswith("10000 problems")
    assert len(lines) == 1 + 2 * 11
    assert "  samples.tsv, column bam: and 4990 more" in lines
    assert "  samples.tsv, column purity: and 4990 more" in lines


@pytest.mark.bad_input
@pytest.mark.parametrize("sheet", ["samples", "patients", "heregulin"])
def test_sheet_of_100_000_columns_gets_a_short_answer(here: Path, sheet: str) -> None:
    path = here / f"{sheet}.tsv"
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join(["\t".join([header, *map(str, range(100_000))]), *rows]))
    start = time.monotonic()
    error = refused()
    assert time.monotonic() - start < 5
    assert len(str(error)) < 300
    assert "100010" in str(error) or "100008" in str(error) or "100009" in str(error)


def test_all_patients_unknown_is_answered_in_seconds(here: Path) -> None:
    (here / "x.bam").write_text("stub")
    rows = [SAMPLES[0] | {"sample": f"S{i}", "patient": f"Q{i}", "bam": "P01_pre.bam"} for i in range(3000)]
    people = [PATIENTS[0] | {"patient": f"P{i:04}"} for i in range(3000)]
    builders.write_tsv(here / "samples.tsv", [*rows, *SAMPLES[2:]])
    builders.write_tsv(here / "patients.tsv", people)
    start = time.monotonic()
    error = refused()
    assert time.monotonic() - start < 30
    assert len(str(error)) < 20_000


def test_with_plates_patients_and_cutoffs_may_have_no_other_value(here: Path) -> None:
    row = {"plates": "RUN1", "file": "run1.csv", "assay": "DEMO_ELISA", "matrix": "plasma", "unit": "pg/mL"}
    row |= {"lloq": "62.5", "uloq": "4000"}
    builders.write_tsv(here / "plates.tsv", [row])
    (here / "run1.csv").write_text("plate,well,od\n", encoding="utf-8")
    given = {key: value for key, value in YAML.items() if key != "heregulin"} | {"plates": "plates.tsv"}
    (here / "cohort.yaml").write_text(yaml.safe_dump(given))
    builders.write_tsv(here / "patients.tsv", [*PATIENTS, builders.patient_row(patient="P03")])
    assert load().warnings == ()
    (here / "plates.tsv").unlink()
    assert problem_of("plates.tsv", "").wrong == "there is no such file"


@pytest.mark.bad_input
def test_wrong_lines_of_the_targets_bed_are_named_before_anything_runs(here: Path) -> None:
    (here / "panel.bed").write_text("chr12\t25245300\t25245400\nchr12 25245300 25245400\nchr12\t500\t400\n")
    named = {(problem.row, problem.wrong) for problem in refused().problems if problem.file == "panel.bed"}
    assert named == {(2, "'chr12 25245300 25245400' is no BED line"), (3, "start 500 is not below end 400")}


@pytest.mark.bad_input
def test_a_bed_of_the_other_build_is_named(here: Path) -> None:
    """KRAS codon 12 stands at 12:25245349-25245351 in GRCh38 and 12:25398283-25398285 in GRCh37 (specification 7.5)."""
    (here / "panel.bed").write_text("chr12\t25398200\t25398300\n")
    (problem,) = refused().problems
    assert "covers no listed codon in GRCh38, but" in problem.wrong
    assert "GRCh37" in problem.mend


@pytest.mark.parametrize(
    ("tumour", "normal", "taught"),
    [
        ({"preservation": "ffpe"}, {"preservation": "ffpe", "specimen": "tissue"}, True),
        ({"preservation": "ffpe"}, {"preservation": "fresh", "specimen": "tissue"}, False),
        ({"preservation": "ffpe"}, {}, False),
        ({}, {"preservation": "ffpe", "specimen": "tissue"}, False),
        ({}, {}, False),
        ({"specimen": "ctdna"}, {"specimen": "ctdna"}, True),
        ({"specimen": "ctdna"}, {}, False),
    ],
)
def test_normals_teach_errors_to_samples_of_their_kind_alone(
    here: Path, tumour: dict[str, str], normal: dict[str, str], taught: bool
) -> None:
    rows = [builders.sample_row() | tumour, SAMPLES[1], builders.normal_row() | normal]
    builders.write_tsv(here / "samples.tsv", [{"preservation": ""} | row for row in rows])
    assert load().error_normals("P01_pre") == (["N01"] if taught else [])
