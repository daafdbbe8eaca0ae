"""Faults of disks, files and machines under a run: survived, or named; nothing half-written is ever taken for whole.

Damaged BAMs and CRAMs stand in test_bad_input.py, tests/unit/test_alignment.py and tests/unit/test_coverage.py, sheets
in tests/cases/bad_input and tests/unit/test_sheets.py.
"""

import csv
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from cetux import records
from cetux.correction import Correction, Depths, build_reference
from cetux.counts import SampleCheck
from cetux.states import Erbb2
from tests.integration.test_incremental import DECIDING, JOIN, MEASURING, of
from tests.integration.workflow import ROOT, SNAKEMAKE, copy_run, planned, replace_in, snakemake

pytestmark = [pytest.mark.fault, pytest.mark.run]

CALLS = "results/mechanisms.json"
TABLE = "results/mechanisms.tsv"


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return copy_run(finished, tmp_path / "cohort")


def another_rules_file(run: Path) -> None:
    """The joins rerun, to the same calls: the site's copy of the rules says what the shipped ones say."""
    rules = (ROOT / "config/mechanisms.yaml").read_text(encoding="utf-8")
    (run / "mechanisms.yaml").write_text(f"{rules}# our copy\n", encoding="utf-8")
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("mechanisms: mechanisms.yaml\n")


def on_a_full_disk(run: Path) -> str:
    """No file may grow beyond 100 kB, as with a disk or a quota that is full; the calls take more."""
    assert (run / CALLS).stat().st_size > 150_000
    return fails(run, ("prlimit", "--fsize=100000"))


def with_read_only_results(run: Path) -> str:
    if os.geteuid() == 0:  # whom permissions do not stop
        mount = 'mount --bind results results && mount -o remount,bind,ro results && exec "$@"'
        return fails(run, ("unshare", "--mount", "sh", "-c", mount, "sh"))
    folders = [path for path in (run / "results").rglob("*") if path.is_dir()]
    for folder in [run / "results", *folders]:
        folder.chmod(0o555)
    try:
        return fails(run)
    finally:
        for folder in [run / "results", *folders]:
            folder.chmod(0o755)


def fails(run: Path, under: Sequence[str] = ()) -> str:
    done = snakemake(run, CALLS, "--cores", "2", check=False, under=under)
    assert done.returncode != 0
    return done.stdout + done.stderr


def killed_in_the_middle(run: Path) -> str:
    """SIGKILL for Snakemake and its job while the calls are made; then, as the page says, `--unlock`."""
    start_and_wait(run, "logs/call_mechanisms/calls.log", os.killpg)
    snakemake(run, "--unlock")
    return "killed"


def start_and_wait(run: Path, log: str, then: Callable[[int, int], None], *options: str) -> subprocess.Popen[bytes]:
    """Start Snakemake, and do something as soon as the job of this log begins."""
    (run / log).unlink()
    command = [str(SNAKEMAKE), "-s", str(ROOT / "Snakefile"), "--configfile", "cohort.yaml", "--cores", "1", *options]
    with (run / "said.txt").open("wb") as said:
        child = subprocess.Popen(command, cwd=run, stdout=said, stderr=said, start_new_session=True)
    for _ in range(1200):
        if (run / log).exists():
            then(child.pid, signal.SIGKILL)
            child.wait()
            return child
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    raise AssertionError((run / "said.txt").read_text())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (on_a_full_disk, "File too large"),
        (with_read_only_results, "Read-only file system|Permission denied|Write-protected output"),
        (killed_in_the_middle, "killed"),
    ],
)
def test_the_rerun_after_a_fault_gives_what_an_undisturbed_run_gives(fault, said, run):
    another_rules_file(run)
    whole = (run / CALLS).read_bytes()
    message = fault(run)
    assert any(part in message for part in said.split("|"))
    assert not (run / CALLS).exists() or (run / CALLS).read_bytes() == whole
    if fault is not killed_in_the_middle:
        assert not list((run / "results").rglob(".*.part")), "the disk is not filled up further by leftovers"
    assert planned(run) == JOIN
    snakemake(run, CALLS, "--cores", "2")
    assert (run / CALLS).read_bytes() == whole


def test_a_bam_that_changes_under_the_run_is_measured_again_by_the_next(run):
    def exchange(other: str) -> None:
        for ending in (".bam", ".bam.bai"):
            shutil.copy(run / f"bam/{other}{ending}", run / f"bam/new{ending}")
            (run / f"bam/new{ending}").replace(run / f"bam/P01_KRAS_pre{ending}")

    exchange("P07_NONE_pre")
    log = "logs/check_sample/P01_KRAS_pre.log"
    child = start_and_wait(run, log, lambda *_: exchange("P03_ERBB2_pre"), "--until", *MEASURING)
    assert child.returncode == 0, (run / "said.txt").read_text()
    # the check began on the old file; what was counted after the exchange was counted on the new one
    assert planned(run) >= of(["check_sample"], ["P01_KRAS_pre"])


def deepened(table: Path, fold: float, where: Callable[[pd.DataFrame], "pd.Series[bool]"] | None = None) -> None:
    """Multiply depths of a CNVkit coverage table."""
    depths = pd.read_csv(table, sep="\t")
    chosen = np.ones(len(depths), dtype=bool) if where is None else where(depths)
    depths.loc[chosen, "depth"] *= fold
    depths.loc[chosen & (depths["depth"] > 0), "log2"] += np.log2(fold)
    depths.to_csv(table, sep="\t", index=False)


def one_erbb2_bin(depths: pd.DataFrame) -> "pd.Series[bool]":
    return pd.Series(depths.index == depths.index[depths["gene"] == "ERBB2"][5])


def test_a_200_fold_depth_outlier_changes_no_call(run):
    """A tumour sequenced 200 times deeper has the copies it had; one bin 200 times too deep makes no amplification."""
    with (run / "results/samples.tsv").open(encoding="utf-8", newline="") as handle:
        before = {row["sample"]: row for row in csv.DictReader(handle, delimiter="\t")}
    counted = run / "results/count_coverage"
    for part in ("target", "antitarget"):
        deepened(counted / f"P03_ERBB2_pre.{part}coverage.cnn", 200)
    deepened(counted / "P07_NONE_pre.targetcoverage.cnn", 200, one_erbb2_bin)
    snakemake(run, "--cores", "2", "--quiet")
    with (run / "results/samples.tsv").open(encoding="utf-8", newline="") as handle:
        after = {row["sample"]: row for row in csv.DictReader(handle, delimiter="\t")}
    assert after["P03_ERBB2_pre"]["ERBB2"] == Erbb2.AMP
    assert float(after["P03_ERBB2_pre"]["copies"]) == pytest.approx(float(before["P03_ERBB2_pre"]["copies"]), rel=0.02)
    assert before["P07_NONE_pre"]["ERBB2"] == Erbb2.NEG
    assert after["P07_NONE_pre"]["ERBB2"] != Erbb2.AMP


def test_a_normal_200_times_deeper_weighs_like_any_other(run):
    def reference(name: str) -> pd.DataFrame:
        bins, off_target = (str(run / f"results/design_bins/panel{ending}.bed") for ending in ("", ".off_target"))
        build_reference(normals, bins, off_target, None, Correction(gc=False, edges=True), str(run / name))
        return pd.read_csv(run / name, sep="\t")

    stems = [run / f"results/count_coverage/N{number:02}" for number in range(1, 9)]
    normals = [Depths(f"{stem}.targetcoverage.cnn", f"{stem}.antitargetcoverage.cnn") for stem in stems]
    before = reference("before.cnn")
    deepened(Path(normals[0].target), 200)
    deepened(Path(normals[0].off_target), 200)
    assert np.allclose(reference("after.cnn")["log2"], before["log2"], atol=0.01)


def as_bam(run: Path, name: str) -> Path:
    return run / f"bam/{name}.bam"


def as_cram(run: Path, name: str) -> Path:
    cram, bam = run / f"bam/{name}.cram", run / f"bam/{name}.bam"
    pysam.view("-C", "-T", str(run / "reference.fa.gz"), "-o", str(cram), str(bam), catch_stdout=False)
    return cram


@pytest.mark.parametrize(("kind", "index"), [(as_bam, ".bai"), (as_cram, ".crai")])
def test_a_stale_index_is_found_and_the_mended_one_is_looked_at(kind, index, run):
    whole = (run / TABLE).read_bytes()
    path, other = kind(run, "P01_KRAS_pre"), kind(run, "N01")
    replace_in(run / "samples.tsv", "bam/P01_KRAS_pre.bam", f"bam/{path.name}")
    pysam.index("-o", str(run / "stale"), str(other))
    (run / "stale").replace(f"{path}{index}")
    rerun = of((*MEASURING, *DECIDING), ["P01_KRAS_pre"]) | JOIN
    assert planned(run) >= rerun
    check = run / "results/check_sample/P01_KRAS_pre.json"
    snakemake(run, "--cores", "2", "--until", "check_sample")
    found = records.read(SampleCheck, check).usable
    assert not found.ok and found.reason.startswith("the index ")
    assert found.remedy.startswith("Make the index again: samtools index bam/P01_KRAS_pre")
    pysam.index("-o", str(run / "fresh"), str(path))
    (run / "fresh").replace(f"{path}{index}")
    assert planned(run) >= rerun
    snakemake(run, TABLE, "--cores", "2")
    assert records.read(SampleCheck, check).usable.ok
    assert (run / TABLE).read_bytes() == whole


@pytest.mark.parametrize(
    ("rule", "memory", "left", "target"),
    [
        ("record_changes", "results/history/calls.jsonl", 0.7, "results/changes.tsv"),
        ("call_heregulin", "results/history/heregulin.json", 0.0, "results/call_heregulin/heregulin.json"),
    ],
    ids=["cut off", "empty"],
)
def test_what_earlier_runs_left_is_never_forgotten_without_a_word(rule, memory, left, target, run):
    whole, made = (run / memory).read_bytes(), (run / target).read_bytes()
    damaged = whole[: int(left * len(whole))]
    (run / memory).write_bytes(damaged)
    job = (target, "--forcerun", rule, "--cores", "2")
    done = snakemake(run, *job, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "cetux: the memory of earlier runs is damaged" in said and "from a backup; or delete" in said
    assert f"  {memory}" in said
    assert "Traceback" not in (run / f"logs/{rule}/{Path(target).stem}.log").read_text(encoding="utf-8")
    assert (run / memory).read_bytes() == damaged
    (run / memory).write_bytes(whole)
    snakemake(run, *job)
    assert ((run / memory).read_bytes(), (run / target).read_bytes()) == (whole, made)
