"""The page and the TSVs of whole_path.py, from the rows that its runs left."""

import csv
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
PER_ASSAY = ("describe_reference", "design_bins")
STARTED_ONLY, LEAST = 5, 1_000
"""Thousands of reads of the BAM that shows what starting costs, and of the smallest that the growth is fitted to."""
GOALS, SAMPLED_SIZE = {2_600: 1 / 3, 20_000: 1 / 5, 100_000: 1 / 5}, 2_600
START_S = 6
COUNTS = {
    ("detected", "false_detected"): "told from errors, each tool by its own floor",
    ("found", "false"): "above the floors of the rules",
}
"""Columns of planted and of other alleles, and what is counted there."""
INTRO = """\
# The whole path of one tumour

CPU seconds (user and system, children included, by the kernel's account) from BAM to calls, made by
`python benchmarks/whole_path.py`, which needs what `benchmarks/peers.txt` lists. Read ratios, not seconds: both sides
ran in turn over the same BAM while other programs shared the machine (load average {low:g} to {high:g}).

* **cetux**: the jobs of one tumour, run by Snakemake as a user runs them, with the assay's bins, reference description
  and copy-number reference there already. Snakemake itself and the joins of a cohort are not in it.
* **peers**: `cnvkit.py batch` against a reference of the same normals (`--segment-method hmm-tumor`, as here: no R),
  `freebayes --pooled-continuous -F 0.003 -C 3 -m 20 -q 20` over the {exons_kb:.0f} kb of seven genes' exons, and a join
  with pandas (`hand_join.py`). "Whole panel" is freebayes over all {panel_kb:.0f} kb. Contigs are as long as GRCh38's,
  as in any real run: freebayes reads each chromosome that has a target whole, which costs seconds at any size.
* **Simulated** (`simulate_panel.py`): a panel of 58 genes, 2 x 150 bases, mates that overlap, 15 % duplicates, 30 % of
  the reads off target, qualities that are wrong as often as they say. Every read is drawn; a larger BAM is a deeper one
  (2.6 million reads: about 300 molecules over a base). No mapping errors, no paralogs, no indels: real samples are
  worse for everybody.
* Of 2.6 million reads every round has a tumour of its own; of other sizes all rounds read one BAM. What stands
  in the tables are medians, a ratio being that of one round."""


def rows_of(out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Costs and calls of every size that was measured."""
    read = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    costs = pd.DataFrame([row for one in read for row in one["costs"]])
    calls = pd.DataFrame([row for one in read for row in one["calls"]])
    return costs.sort_values(["thousand_reads", "round"], kind="stable"), calls.sort_values(["thousand_reads", "round"])


def totals(costs: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds of each size and round: ours, the peers over exons, and over the panel (where that was run)."""
    own = costs[(costs.tool == "cetux") & ~costs.stage.isin(PER_ASSAY)]
    theirs = costs[(costs.tool == "peers") & (costs.stage != "freebayes, panel")]
    keys = ["thousand_reads", "round"]
    found = pd.DataFrame({"cetux": own.groupby(keys).cpu_s.sum(), "peers": theirs.groupby(keys).cpu_s.sum()})
    by_stage = costs.pivot_table(index=keys, columns="stage", values="cpu_s", aggfunc="sum")
    if "freebayes, panel" in by_stage:
        found["panel"] = found.peers - by_stage["freebayes, exons"] + by_stage["freebayes, panel"]
    else:
        found["panel"] = np.nan
    return found.assign(ratio=found.cetux / found.peers, panel_ratio=found.cetux / found.panel).reset_index()


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Slope of log seconds over log reads."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Markdown."""
    lines = [" | ".join(columns), "|".join(["---"] * len(columns))]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return "\n".join(f"|{line}|" if set(line) <= set("-|") else f"| {line} |" for line in lines)


def millions(thousand_reads: float) -> str:
    """Reads, in millions."""
    return f"{thousand_reads / 1000:g}"


def goals(found: pd.DataFrame, start_s: float | None, slope: float | None) -> Iterator[Sequence[object]]:
    """Goal, what was measured, whether it is met."""
    for size, goal in GOALS.items():
        here = found[found.thousand_reads == size]
        what = f"CPU beside CNVkit batch + freebayes, {millions(size)} M reads"
        for where, ratios in (("listed genes' exons", here.ratio), ("whole panel", here.panel_ratio.dropna())):
            if len(ratios):
                said = f"{ratios.median():.2f} ({ratios.min():.2f} to {ratios.max():.2f}, rounds: {len(ratios)})"
                yield f"{what}, {where}", f"<= {goal:.2f}", said, met(ratios.median() <= goal)
    if slope is not None:
        last = found.groupby("thousand_reads").cetux.median().tail(2)
        steepest = exponent(list(last.index), list(last))
        said = f"{slope:.2f}; between the two largest sizes {steepest:.2f}"
        yield "growth of CPU with reads, exponent", "<= 1", said, met(max(slope, steepest) <= 1)
    if start_s is not None:
        yield (
            "start-up: all jobs of a sample on a nearly empty BAM",
            f"<= {START_S} s",
            f"{start_s:.1f} s",
            met(start_s <= START_S),
        )


def accuracy_goals(calls: pd.DataFrame) -> Iterator[Sequence[object]]:
    """Calls of the size with a tumour for each round, beside the peers'."""
    here = calls[calls.thousand_reads == SAMPLED_SIZE]
    if len(here):
        own, theirs = here[here.tool == "cetux"], here[here.tool == "peers"]
        for (true, false), what in COUNTS.items():
            (ours, our_false), (peers, peers_false) = (rows[[true, false]].sum() for rows in (own, theirs))
            said = f"{ours} of {own.planted.sum()}, {our_false} false; peers {peers}, {peers_false} false"
            as_good = met(ours >= peers and our_false <= peers_false)
            # five fragments are what the rules ask for; freebayes counts reads, two of which may be one fragment
            wanted, verdict = ("as the peers", as_good) if true == "detected" else ("(no goal)", "-")
            yield f"alleles of VAF 1 to 30 %, 2.6 M reads, {what}", wanted, said, verdict
        errors = [(rows.copies / rows.true_copies - 1).abs().mean() for rows in (own, theirs)]
        said = f"{errors[0]:.1%}; peers {errors[1]:.1%}"
        yield "mean error of ERBB2 copies there", "as the peers", said, met(errors[0] <= errors[1])


def met(is_met: bool) -> str:
    """As the tables say it."""
    return "yes" if is_met else "**no**"


def sizes_table(found: pd.DataFrame, costs: pd.DataFrame) -> Iterator[Sequence[object]]:
    """A line for each size."""
    other = costs.groupby(["thousand_reads", "stage"]).cpu_s.median()
    for size, here in found[found.thousand_reads >= LEAST].groupby("thousand_reads"):
        reading = other.get((size, "samtools view -c"), np.nan)
        yield (
            *(millions(size), len(here), f"{here.cetux.median():.1f}", f"{here.peers.median():.1f}"),
            f"{here.ratio.median():.2f} ({here.ratio.min():.2f} to {here.ratio.max():.2f})",
            *(f"{reading:.1f}", f"{here.cetux.median() / reading:.1f}"),
            f"{other.get((size, 'mosdepth, targets'), np.nan):.1f}",
            f"{other.get((size, 'itself'), np.nan):.1f}",
        )


def stages_table(costs: pd.DataFrame, tool: str) -> Iterator[Sequence[object]]:
    """CPU seconds, share and peak memory of each stage by size."""
    own = costs[(costs.tool == tool) & ~costs.stage.isin(PER_ASSAY)]
    seconds = own.pivot_table(index="stage", columns="thousand_reads", values="cpu_s", aggfunc="median")
    memory = own.groupby("stage").peak_mb.max()
    counted = seconds.drop(index="freebayes, panel", errors="ignore")
    for stage, line in seconds.loc[list(dict.fromkeys(own.stage))].iterrows():
        shares = {size: f" ({value / counted[size].sum():.0%})" for size, value in line.items()}
        cells = [
            "" if np.isnan(value) else f"{value:.2f}" + (shares[size] if stage in counted.index else "")
            for size, value in line.items()
        ]
        yield stage, *cells, f"{memory[stage]:.0f}"


def calls_table(calls: pd.DataFrame) -> Iterator[Sequence[object]]:
    """A line for each size and tool; errors are of the copies at the true purity."""
    for (size, tool), here in calls[calls.thousand_reads >= LEAST].groupby(["thousand_reads", "tool"]):
        here = here.drop_duplicates(["true_copies", "purity", "found", "false"]) if size != SAMPLED_SIZE else here
        errors = (here.copies / here.true_copies - 1).abs()
        states = "; ".join(f"{r.true_copies:g} at {r.purity:g}: {r.copies:.1f}, {r.erbb2}" for r in here.itertuples())
        counts = [f"{here[true].sum()} and {here[false].sum()}" for true, false in COUNTS]
        yield millions(size), tool, here.planted.sum(), *counts, f"{errors.mean():.1%}", states


def per_assay(costs: pd.DataFrame) -> str:
    """CPU of the jobs that an assay needs once, as far as these runs had to do them."""
    medians = costs[costs.stage.isin(PER_ASSAY)].groupby("stage").cpu_s.median()
    return ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in medians.items()) or "done before"


def machine() -> str:
    """What it ran on, and with which versions."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), platform.machine())
    names = ("cnvkit", "snakemake", "pysam", "numpy", "scipy", "pandas")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    pinned = (HERE / "peers.txt").read_text(encoding="ascii").split()
    query = ["dpkg-query", "-W", "-f", "${Package}=${Version}\n", *(one.split("=")[0] for one in pinned)]
    there = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
    other = sorted(set(pinned) - set(there))
    told = f" Pinned but not there: {', '.join(other)}." if other else ""
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}; {', '.join(there)}.{told}"


def page(costs: pd.DataFrame, calls: pd.DataFrame, exons_kb: float, panel_kb: float) -> str:
    """The Markdown of everything."""
    found = totals(costs)
    medians = found.groupby("thousand_reads").cetux.median()
    grown = medians[medians.index >= LEAST]
    slope = exponent(list(grown.index), list(grown)) if len(grown) > 1 else None
    start_s = float(medians[STARTED_ONLY]) if STARTED_ONLY in medians.index else None
    sizes = [f"{millions(size)} M" for size in medians.index]
    theirs = [f"{millions(size)} M" for size in grown.index]
    parts = [
        INTRO.format(low=costs.load.min(), high=costs.load.max(), exons_kb=exons_kb, panel_kb=panel_kb),
        machine(),
        "## Goals of the whole path",
        table(("goal", "wanted", "measured", "met"), [*goals(found, start_s, slope), *accuracy_goals(calls)]),
        "## CPU of one tumour by size",
        table(
            (
                *("million reads", "rounds", "cetux, s", "peers, s", "ratio", "samtools view -c, s"),
                *("cetux, x reading", "mosdepth over the targets, s", "Snakemake itself, once a run, s"),
            ),
            sizes_table(found, costs),
        ),
        "Each stage of cetux, CPU seconds and share by reads; the first column shows what starting costs.",
        table(("stage", *sizes, "peak MB"), stages_table(costs, "cetux")),
        "Each stage of the peers.",
        table(("stage", *theirs, "peak MB"), stages_table(costs, "peers")),
        f"Once an assay, for all of its samples: {per_assay(costs)}.",
        "## Calls of the same runs",
        "Ten listed substitutions a tumour (VAF 1, 1, 2, 2, 5, 5, 10, 10, 20, 30 %), and how many of them, and of other"
        " alleles of what it looks at, each tool names. Told from errors: cetux by its test, traces below the floors"
        " included; freebayes from 0.3 % and three reads on. Above the floors: 1 % and five fragments, of freebayes"
        " five reads: it counts both mates where they overlap, so that it has five earlier. ERBB2: true copies at a"
        " purity, then what was said; the peers' copies are the join's, made with the true purity from CNVkit's bins.",
        table(
            (
                *("million reads", "tool", "planted", "told from errors, and false", "above the floors, and false"),
                *("copies, mean error", "ERBB2"),
            ),
            calls_table(calls),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def write(out: Path, only_print: bool) -> None:
    """Print the page; write it and the TSVs beside the program unless told not to."""
    costs, calls = rows_of(out)
    if costs.thousand_reads.max() < LEAST:
        print(f"{totals(costs).to_string(index=False)}\nNo page: of the sizes with peers none was measured.")
        return
    widths = [
        sum(int(line[2]) - int(line[1]) for line in csv.reader((out / "assay" / bed).open(), delimiter="\t")) / 1000
        for bed in ("exons.bed", "panel.bed")
    ]
    text = page(costs, calls, *widths)
    print(text)
    if not only_print:
        (HERE / "whole_path.md").write_text(text, encoding="utf-8")
        for rows, name in ((costs, "whole_path.tsv"), (calls, "whole_path_calls.tsv")):
            rows.to_csv(HERE / name, sep="\t", index=False, float_format="%.4g", lineterminator="\n")
