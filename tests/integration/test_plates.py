"""Heregulin from plate files through the whole workflow, on copies of one finished run."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.integration.test_incremental import JOIN
from tests.integration.workflow import copy_run, planned, replace_in, snakemake

pytestmark = pytest.mark.run

ELISA = Path(__file__).resolve().parents[1] / "cases/elisa"
PLATES = "plates\tfile\tassay\tmatrix\tunit\tlloq\tuloq\tmodel\tweights\tblank\trun_date\n"
WELLS = "plate,well,od,role,level,sample,dilution\n"


def density(concentration: float) -> float:
    """The specification's unit-test curve: a 0.08, b 1.2, c 1500, d 3.2."""
    return 3.2 + (0.08 - 3.2) / (1 + (concentration / 1500) ** 1.2)


def plate(samples: dict[str, float], factor: float = 1.0) -> str:
    """A tidy plate with seven standards and each sample in duplicate, concentrations in pg/mL."""
    rows = [("standard", level, "", level) for level in (4000, 2000, 1000, 500, 250, 125, 62.5)]
    rows += [("unknown", "", name, value * factor) for name, value in samples.items()]
    lines = [
        f"1,{'ABCDEFGH'[i % 8]}{2 * (i // 8) + copy},{density(value):.6f},{role},{level},{name},1\n"
        for i, (role, level, name, value) in enumerate(rows)
        for copy in (1, 2)
    ]
    return WELLS + "".join(lines)


@pytest.fixture
def run(finished, tmp_path) -> Path:
    """P05 and P07 are measured on a plate instead of standing in the table."""
    folder = copy_run(finished, tmp_path / "cohort")
    lines = (folder / "heregulin.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("P05_HRG", "P07_NONE"))]
    (folder / "heregulin.tsv").write_text("".join(kept), encoding="utf-8")
    wells = plate({"P05_HRG:pre": 420, "P05_HRG:post": 2900, "P07_NONE:pre": 300})
    (folder / "run1.csv").write_text(wells, encoding="utf-8")
    row = "RUN1\trun1.csv\tDEMO_ELISA\tplasma\tpg/mL\t62.5\t4000\t4PL\tnone\tsubtract\t2024-05-31\n"
    (folder / "plates.tsv").write_text(PLATES + row, encoding="utf-8")
    replace_in(folder / "cohort.yaml", "assays:", "plates: plates.tsv\nassays:")
    return folder


def heregulin(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (folder / "results/heregulin.tsv").open(encoding="utf-8", newline="") as handle:
        return {(row["patient"], row["timepoint"]): row for row in csv.DictReader(handle, delimiter="\t")}


def test_plates_make_the_calls_that_the_table_made(run):
    assert planned(run) == {("read_plates", "RUN1"), ("call_heregulin", "")} | JOIN
    snakemake(run, "--cores", "2", "--quiet")
    found = heregulin(run)
    assert found["P05_HRG", "post"]["state"] == "HIGH"
    assert float(found["P05_HRG", "post"]["value_pg_per_ml"]) == pytest.approx(2900, rel=0.001)
    assert float(found["P07_NONE", "pre"]["value_pg_per_ml"]) == pytest.approx(300, rel=0.001)
    table = (run / "results/mechanisms.tsv").read_text(encoding="utf-8")
    assert "P05_HRG\tACQUIRED\tMECHANISM\tHRG_HIGH" in table
    assert "P07_NONE\tDE_NOVO\tNONE_DETECTED" in table
    assert (run / "results/read_plates/RUN1/plate_1.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert "Plate RUN1, plate 1" in (run / "results/report/index.html").read_text(encoding="utf-8")
    for name in ("run1.csv", "plates.tsv"):
        os.utime(run / name)
    assert planned(run) == set()

    # a second file runs itself and the joins
    (run / "run2.csv").write_text(plate({"P08_DEPTH:pre": 350}), encoding="utf-8")
    with (run / "plates.tsv").open("a", encoding="utf-8") as handle:
        handle.write("RUN2\trun2.csv\tDEMO_ELISA\tplasma\tpg/mL\t62.5\t4000\t4PL\tnone\tsubtract\t2024-06-30\n")
    assert planned(run) == {("read_plates", "RUN2"), ("call_heregulin", "")} | JOIN


def test_a_failed_plate_makes_its_patients_qc_fail_and_they_do_not_disappear(run):
    shutil.copy(ELISA / "upside_down/plate.csv", run / "run1.csv")
    (run / "plate_samples.tsv").write_text(
        "plates\tsample\tpatient\ttimepoint\nRUN1\tS9\tP07_NONE\tpre\n", encoding="utf-8"
    )
    replace_in(run / "cohort.yaml", "plates: plates.tsv", "plates: plates.tsv\nplate_samples: plate_samples.tsv")
    snakemake(run, "--cores", "2", "--quiet")
    found = heregulin(run)
    assert found["P07_NONE", "pre"]["state"] == "QC_FAIL"
    assert found["P07_NONE", "pre"]["value_pg_per_ml"] == ""
    table = (run / "results/mechanisms.tsv").read_text(encoding="utf-8")
    assert "P07_NONE\tDE_NOVO\tINDETERMINATE" in table


def test_an_error_of_unit_between_plates_stops(run):
    samples = {"P01_KRAS:post": 300, "P02_BRAF:post": 400, "P03_ERBB2:post": 350}
    (run / "run2.csv").write_text(plate(samples), encoding="utf-8")
    (run / "run1.csv").write_text(
        plate({"P05_HRG:pre": 420, "P05_HRG:post": 450, "P07_NONE:pre": 300}), encoding="utf-8"
    )
    with (run / "plates.tsv").open("a", encoding="utf-8") as handle:
        handle.write("RUN2\trun2.csv\tDEMO_ELISA\tplasma\tng/mL\t62.5\t4000\t4PL\tnone\tsubtract\t2024-06-30\n")
    done = snakemake(run, "--cores", "2", check=False)
    assert done.returncode != 0
    assert "ng/mL taken for pg/mL" in done.stdout + done.stderr
    assert not (run / "results/call_heregulin/heregulin.json").exists()


def test_a_cohort_cutoff_that_is_not_frozen_says_which_calls_moved(run):
    replace_in(
        run / "cohort.yaml", "method: fixed, value_pg_per_ml: 980", "method: cohort_quantile, quantile: 0.5, min_n: 3"
    )
    snakemake(run, "--cores", "2", "--quiet")
    cutoffs = json.loads((run / "results/call_heregulin/cutoffs.json").read_text(encoding="utf-8"))["cutoffs"]
    assert cutoffs[0]["exploratory"] is True
    # with its cut-off frozen, a further patient's value moves nothing
    shutil.copy(run / "results/call_heregulin/cutoffs.json", run / "frozen.json")
    states = {key: row["state"] for key, row in heregulin(run).items()}
    (run / "run1.csv").write_text(
        plate({"P05_HRG:pre": 900, "P05_HRG:post": 2900, "P07_NONE:pre": 900, "P08_DEPTH:post": 900}), encoding="utf-8"
    )
    snakemake(run, "--cores", "2", "--quiet")
    moved = json.loads((run / "results/call_heregulin/heregulin.json").read_text(encoding="utf-8"))["moved"]
    changed = {key for key, row in heregulin(run).items() if states.get(key, row["state"]) != row["state"]}
    untouched = changed - {("P05_HRG", "pre"), ("P07_NONE", "pre")}
    assert {(one["patient"], one["timepoint"]) for one in moved} == untouched
    replace_in(run / "cohort.yaml", "min_n: 3", "min_n: 3, frozen: frozen.json")
    snakemake(run, "--cores", "2", "--quiet")
    assert {key: heregulin(run)[key]["state"] for key in untouched} == {key: states[key] for key in untouched}
