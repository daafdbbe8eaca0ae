"""Say what a run would do and about how long: the job counts of a dry run, times what such jobs took before."""

import argparse
import csv
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

SNAKEFILE = Path(__file__).resolve().parents[3] / "Snakefile"
"""The workflow that is asked."""

JOB_SECONDS = 3.0
"""What a job takes where the cohort has no record of one: the start of Python and of the libraries, and a panel's work
(the demo's jobs, 1 to 4 s on one core). A whole exome or genome takes longer in the rules of `PER_GIGABYTE`."""

PER_GIGABYTE = {"count_coverage": 15.0, "check_sample": 0.0, "count_haplotypes": 1.0}
"""Seconds per gigabyte of BAM, on top, for rules that read BAMs: coverage reads all of it (measured: 72 s of CPU
for 5.1 GB, 16 s for 1 GB; benchmarks/whole_path.md), the others go by the index."""

_TABLE = re.compile(r"^Job stats:\n.*?\n-[- ]*\n(.*?)^total\s", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """The jobs of one rule; seconds: of one job. measured: the seconds come from this cohort's earlier runs."""

    rule: str
    jobs: int
    seconds: float
    measured: bool


def job_counts(dry_run: str) -> dict[str, int]:
    """Jobs by rule, from the output of ``snakemake -n``; empty where nothing is to be done.

    >>> job_counts("Job stats:\\njob    count\\n-----  -----\\ncount  11\\nall  1\\ntotal  12\\n")
    {'count': 11}
    """
    table = _TABLE.search(dry_run)
    rows = [line.split() for line in table.group(1).splitlines()] if table else []
    return {rule: int(count) for rule, count in rows if rule != "all"}


def earlier_seconds(folder: Path) -> dict[str, float]:
    """Median seconds of a job by rule, from the benchmark files that earlier runs left in the cohort's folder."""
    seconds = {}
    for rule in sorted(path for path in (folder / "benchmarks").glob("*") if path.is_dir()):
        took = [float(row["s"]) for path in sorted(rule.glob("*.tsv")) for row in _rows(path) if row.get("s")]
        if took:
            seconds[rule.name] = median(took)
    return seconds


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def steps(counts: Mapping[str, int], earlier: Mapping[str, float], gigabytes_per_bam: float) -> list[Step]:
    """Each rule with its jobs and the seconds of one of them.

    Args:
        counts: jobs by rule.
        earlier: median seconds of a job by rule, of earlier runs.
        gigabytes_per_bam: mean size of the cohort's alignment files.
    """
    return [
        Step(rule, jobs, earlier[rule], True)
        if rule in earlier
        else Step(rule, jobs, JOB_SECONDS + PER_GIGABYTE.get(rule, 0.0) * gigabytes_per_bam, False)
        for rule, jobs in counts.items()
    ]


def describe(planned: Sequence[Step], cores: int) -> str:
    """The plan as a table with its sum, for people."""
    if not planned:
        return "cetux: everything is up to date; nothing would run"
    lines = [f"  {'rule':<22} {'jobs':>6} {'each':>9}"]
    lines += [
        f"  {step.rule:<22} {step.jobs:>6} {'' if step.measured else '~'}{step.seconds:>7.1f} s" for step in planned
    ]
    total = sum(step.jobs * step.seconds for step in planned)
    jobs, hours = sum(step.jobs for step in planned), total / 3600
    guessed = any(not step.measured for step in planned)
    lines.append(f"cetux: {jobs} jobs, about {hours:.1f} CPU hours, {duration(total / cores)} on {cores} cores")
    if guessed:
        lines.append("cetux: ~ is a guess from the size of the BAMs; after a first run its own times are used")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it.

    >>> duration(40), duration(400), duration(40000)
    ('under a minute', '7 minutes', '11.1 hours')
    """
    if seconds < 60:
        return "under a minute"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def mean_gigabytes(folder: Path, samples: str) -> float:
    """Mean size of the alignment files that the samples sheet names and that are there; 0 where none is."""
    sheet = folder / samples
    if not sheet.is_file():
        return 0.0
    lines = [line for line in sheet.read_text(encoding="utf-8-sig").splitlines() if not line.startswith("# ")]
    named = [folder / row["bam"] for row in csv.DictReader(lines, delimiter="\t") if row.get("bam")]
    sizes = [path.stat().st_size for path in named if path.is_file()]
    return sum(sizes) / len(sizes) / 1e9 if sizes else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the plan of one cohort; 0, or Snakemake's own exit code and words where it refuses the cohort."""
    parser = argparse.ArgumentParser(prog="plan.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("configfile", help="the cohort's YAML")
    parser.add_argument("--cores", type=int, default=1, help="cores that the run will have (default: 1)")
    parser.add_argument("--samples", default="samples.tsv", help="samples sheet beside the YAML (default: samples.tsv)")
    given = parser.parse_args(arguments)
    yaml = Path(given.configfile).resolve()
    command = [sys.executable, "-m", "snakemake", "-s", str(SNAKEFILE), "--configfile", yaml.name]
    asked = subprocess.run(
        [*command, "-n", "--quiet", "rules"], cwd=yaml.parent, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        print(asked.stderr + asked.stdout, file=sys.stderr)
        return asked.returncode
    planned = steps(
        job_counts(asked.stdout + asked.stderr),
        earlier_seconds(yaml.parent),
        mean_gigabytes(yaml.parent, given.samples),
    )
    print(describe(planned, given.cores))
    return 0
