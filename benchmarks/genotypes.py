"""Genotypes against truth: ``.venv/bin/python benchmarks/genotypes.py [--quick] [--level counts|reads|cost]``.

Level 1 draws counts, level 2 makes BAMs and runs other tools beside the workflow's own code, level 3 measures what
counting costs. Results land in --out as
TSV files (default build/benchmarks) and, unless --quick, as tables in benchmarks/README.md.
"""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from benchmarks import cost_level, count_level, ours, read_level, read_report, report  # noqa: E402


def machine(seed: int) -> str:
    """Where the tables were made: everything that a re-run needs to know, and no date."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pysam"))
    return f"Seed {seed}; {model}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}."


def counts(seed: int, effort: count_level.Effort, out: Path, parts: Sequence[str]) -> str:
    """Level 1: run the `parts` (recall, wild_type, limit), keep their rows, and tell them as Markdown."""
    runs = {
        "recall": count_level.recall,
        "wild_type": count_level.wild_type,
        "limit": count_level.limit_of_detection,
    }
    for name, run in runs.items():
        if name in parts:
            print(f"counts: {name}", flush=True)
            report.write_rows(out / f"{name}.tsv", run(seed, effort))
            (out / f"{name}.code").write_text(ours.CODE, encoding="ascii")
    rows = {name: report.read_rows(out / f"{name}.tsv") for name in runs}
    codes = [f"{name} {(out / f'{name}.code').read_text(encoding='ascii')}" for name in runs if rows[name]]
    told = [machine(seed), f"State of the workflow's modules: {', '.join(codes)}."]
    if rows["recall"]:
        told += [
            "Recall, %: ours / oracle / oracle 2 / sampled 2. DETECTED alone, without the floors of the rules.",
            report.recall_table(rows["recall"]),
            report.floors_table(rows["recall"]),
        ]
        for against in ("oracle", "oracle_2"):
            cells = report.missed(rows["recall"], against)
            clear = [text for text, certain in cells if certain]
            told.append(
                f"Below 95 % of {against.replace('_', ' ')}: {len(cells)} of {len(rows['recall'])} cells, "
                f"{len(clear)} of them beyond chance{': ' if clear else ''}{'; '.join(clear)}."
            )
    if rows["wild_type"]:
        told += ["Samples without any variant, with exact 95 % intervals.", report.wild_type_table(rows["wild_type"])]
    if rows["limit"]:
        told += [
            "Power at the stated limit of detection (claim: 95 %), for the change that errors make most often.",
            report.limit_table(rows["limit"]),
        ]
    return "\n\n".join(told)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 unless something failed."""
    parser = argparse.ArgumentParser(description="Benchmark of the genotypes.")
    parser.add_argument("--quick", action="store_true", help="few samples; benchmarks/README.md stays as it is")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "benchmarks")
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--jobs", type=int, default=1, help="processes of level 1 (level 2 measures time: always one)")
    parser.add_argument("--share", type=float, default=1.0, help="of the samples of level 1, as in 0.5")
    parser.add_argument("--level", choices=("counts", "reads", "cost", "all"), default="all")
    parser.add_argument(
        "--part", action="append", choices=("recall", "wild_type", "limit"), help="of level 1; all if none"
    )
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    effort = count_level.QUICK if given.quick else count_level.FULL
    if given.level in ("counts", "all"):
        parts = given.part or ("recall", "wild_type", "limit")
        told = counts(given.seed, count_level.scaled(effort, given.share, given.jobs), given.out, parts)
        print(told)
        if not given.quick:
            report.put_between_markers("counts", told)
    if given.level in ("reads", "all"):
        read_level.run(given.seed, read_level.QUICK if given.quick else read_level.FULL, given.out)
        state = f"State of the workflow's modules: {ours.CODE}."
        told = "\n\n".join([machine(given.seed), state, read_report.tell(given.out)])
        print(told)
        if not given.quick:
            report.put_between_markers("reads", told)
    if given.level in ("cost", "all") and not given.quick:
        told = "\n\n".join([machine(given.seed), cost_level.tell(cost_level.run(given.seed, 3, given.out / "cost"))])
        print(told)
        report.put_between_markers("cost", told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
