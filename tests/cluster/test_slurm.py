"""The demo cohort and its accidents on a real Slurm: every run finishes and equals the undisturbed one."""

import subprocess
from pathlib import Path

import pytest

from tests import accept, demo
from tests.cluster.page import Run, blocks, digests, set_up
from tests.cluster.slurm import Slurm, problem, wait_until
from tests.integration.workflow import copy_run, planned, snakemake

OUTAGE_SECONDS = 15
JOINS = {"call_heregulin", "call_mechanisms", "write_tables", "write_report", "record_provenance"}


def start(run: Run, slurm: Slurm, rule: str = "count_haplotypes") -> list[str]:
    """Start a run; the Slurm jobs of the rule once one of them runs."""
    run.do("Run")
    wait_until(lambda: slurm.jobs(rule), f"a running job of {rule}")
    return slurm.jobs(rule)


def test_the_demo_cohort_gives_the_results_of_a_local_run_byte_for_byte(tmp_path: Path):
    local, cluster = tmp_path / "local", tmp_path / "cluster"
    demo.build(local)
    copy_run(local, cluster)
    snakemake(local, "--cores", "2", "--quiet")
    run = set_up(cluster)
    run.do("Run")
    said = run.finish()
    assert accept.differences(cluster) == []
    assert digests(cluster) == digests(local)
    assert planned(cluster) == set()
    here = {line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith("localrule ")}
    assert here >= JOINS
    queued = [path for path in cluster.glob("benchmarks/*/*.tsv") if path.parent.name not in here]
    assert said.count("has been submitted with SLURM jobid") == len(queued), "one job each, none of them repeated"


def test_a_job_that_exceeds_its_memory_is_killed_and_retried_with_more(interrupted: Run, two_samples: Path):
    # 50 MB hold no Snakemake, 1000 MB are what the rule asks for
    interrupted.do("Run", "--set-resources 'count_haplotypes:mem_mb=50 * 20 ** (attempt - 1)'")
    said = interrupted.finish()
    assert "mem_mb=50," in said
    assert "Trying to restart job" in said
    assert "mem_mb=1000," in said
    kept = [
        path.read_text(encoding="utf-8") for path in interrupted.folder.glob("logs/slurm/rule_count_haplotypes/*/*")
    ]
    assert len(kept) == 2, "the logs of the two jobs that were killed, and no other, are kept"
    assert all("exceeded memory limit" in text for text in kept)
    assert digests(interrupted.folder) == digests(two_samples)


def test_a_job_cancelled_with_scancel_is_run_again(interrupted: Run, slurm: Slurm, two_samples: Path):
    cancelled = start(interrupted, slurm)
    subprocess.run(["scancel", cancelled[0]], check=True)
    assert f"SLURM-job '{cancelled[0]}' failed, SLURM status is: 'CANCELLED'" in interrupted.finish()
    assert digests(interrupted.folder) == digests(two_samples)


def test_jobs_of_a_node_that_goes_down_run_when_it_is_back(interrupted: Run, slurm: Slurm, two_samples: Path):
    lost = start(interrupted, slurm)
    slurm.set_node("down")
    wait_until(lambda: set(lost) <= set(slurm.jobs(state="PENDING")), "the lost jobs to be queued again")
    slurm.set_node("resume")
    said = interrupted.finish()
    assert "Trying to restart job" not in said, "Slurm repeats them by itself: an attempt is for jobs that failed"
    assert digests(interrupted.folder) == digests(two_samples)


def test_after_a_restart_of_the_controller_a_rerun_completes_the_results(
    interrupted: Run, slurm: Slurm, two_samples: Path
):
    """An outage during a question about the jobs: without accounting, the plugin waits for ever after it."""
    start(interrupted, slurm)
    slurm.stop_controller()
    assert interrupted.goes_on_for(OUTAGE_SECONDS), "an outage ends no run"
    slurm.start_controller()
    interrupted.kill()
    interrupted.do("After a crash")
    interrupted.finish()
    assert digests(interrupted.folder) == digests(two_samples)


def test_after_sigkill_its_jobs_are_cancelled_and_a_rerun_completes_the_results(
    fresh: Run, slurm: Slurm, two_samples: Path
):
    start(fresh, slurm, "count_coverage")
    fresh.kill()
    assert slurm.jobs() or slurm.jobs(state="PENDING"), "they outlive Snakemake"
    before = {path for path in digests(fresh.folder) if path.startswith("design_bins/")}
    assert before, "it was killed in the middle"
    fresh.do("After a crash")
    fresh.finish()
    assert digests(fresh.folder) == digests(two_samples)


def test_a_machine_without_slurm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "missing: slurmctld, slurmd, sbatch, scontrol, munged" in problem()
    assert "apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge" in problem()


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in problem()


def test_every_command_of_the_page_was_run_here():
    assert set(blocks()) == {"Your site", "Without accounting", "Run", "After a crash"}


def test_the_profile_is_found_without_a_copy(two_samples: Path):
    """--workflow-profile slurm finds the clone's own where the cohort has none: it plans the same."""
    assert not (two_samples / "slurm").exists()
    assert planned(two_samples) == set()
    shown = snakemake(two_samples, "--dry-run", "--workflow-profile", "slurm")
    assert "profiles/slurm" in shown.stderr
