"""Run the workflow as a user does, and read what Snakemake says it would do."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")

Job = tuple[str, str]
"""A rule and what stands for its wildcards, "" for none."""


def snakemake(
    folder: Path, *options: str, clone: Path = ROOT, check: bool = True, under: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """``cd folder && under snakemake -s clone/Snakefile --configfile cohort.yaml options``."""
    cohort = ("--configfile", "cohort.yaml", "-s", str(clone / "Snakefile"))  # --configfile would take targets, too
    return run_snakemake(folder, *cohort, *options, check=check, under=under)


def run_snakemake(
    folder: Path, *options: str, check: bool = True, under: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """``cd folder && under snakemake options``."""
    command = [*under, str(SNAKEMAKE), *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check:
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done


def planned(folder: Path, clone: Path = ROOT, *options: str) -> set[Job]:
    """The jobs that a run would do now, without the target rule `all`."""
    return jobs_of(snakemake(folder, "--dry-run", *options, clone=clone))


def jobs_of(done: subprocess.CompletedProcess[str]) -> set[Job]:
    """The jobs that a dry run names, without the target rule `all`."""
    jobs: set[Job] = set()
    for block in re.split(r"\n\n|\n(?=\[)", done.stdout + done.stderr):
        rule = re.search(r"^(?:local)?rule (\w+):", block, re.MULTILINE)
        if rule and rule.group(1) != "all":
            wildcards = re.search(r"^    wildcards: \w+=(\S+)$", block, re.MULTILINE)
            jobs.add((rule.group(1), wildcards.group(1) if wildcards else ""))
    return jobs


def copy_run(finished: Path, to: Path) -> Path:
    """A copy of a finished run with its time stamps, to try a change on; BAMs are linked, not copied."""
    shutil.copytree(finished, to, copy_function=_link_or_copy, symlinks=True)
    return to


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith((".bam", ".bai", ".gz")):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def copy_clone(to: Path) -> Path:
    """Another checkout of the same content: other place, new time stamps."""
    to.mkdir()
    shutil.copy(ROOT / "Snakefile", to)
    for part in ("config", "workflow", "resources", "envs", "profiles"):
        shutil.copytree(ROOT / part, to / part, copy_function=shutil.copy, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def replace_in(path: Path, old: str, new: str) -> None:
    """Edit a file; fails where the text to replace is not there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
