"""Plan, add to and join a cohort of 100, 1,000 and 5,000 tumours: wall time and peak memory of what Snakemake does.

    make demo                                    # once: the joins read copies of the demo's real records
    .venv/bin/python benchmarks/scale.py         # everything, about half an hour; rewrites the tables of scale.md
    .venv/bin/python benchmarks/scale.py --tumours 100 --print

Two tumours a patient, 50 normals, a heregulin value per tumour, and a list of common SNPs. The BAMs are placeholders:
planning only stats them. "Done" is `snakemake --touch` over made-up outputs, so that Snakemake remembers the params of
every job as after a real run.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow/scripts")]

from tests import builders  # noqa: E402

from cetux import records  # noqa: E402
from cetux.counts import Usable  # noqa: E402
from cetux.identity import Site, SiteCount  # noqa: E402
from cetux.sites import CountedSite, KnownSite, SiteCounts  # noqa: E402

NORMALS, SNPS = 50, 100
COST = ("s", "CPU s", "MB")
PAGE = ROOT / "benchmarks/scale.md"
COHORT_YAML = """\
samples: samples.tsv
patients: patients.tsv
heregulin: heregulin.tsv
assays:
  panel: {targets: panel.bed, method: hybrid, build: GRCh38, snps: snps.vcf}
heregulin_cutoffs:
  - {assay: DEMO_ELISA, matrix: plasma, method: fixed, value_pg_per_ml: 980}
"""
TOUCH = (
    "import sys; from snakemake.executors.touch import Executor; Executor.SLEEPING_TIME = 0; "
    "from snakemake.cli import main; main(sys.argv[1:])"
)
"""`snakemake --touch` without the tenth of a second that it sleeps after every job."""


@dataclass(frozen=True)
class Run:
    """What one call of Snakemake cost: seconds by the clock and of the processor, peak of resident MB, what it said."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    said: str

    def jobs(self) -> Counter[str]:
        """Planned jobs by rule, off the table of job counts, without the target rule."""
        stats = self.said.partition("Job stats:")[2].partition("\n\n")[0]
        counts = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", stats, re.MULTILINE)}
        return Counter({rule: count for rule, count in counts.items() if rule not in ("all", "total")})


def snakemake(folder: Path, *options: str, touch: bool = False) -> Run:
    """Run Snakemake in a cohort's folder as a user does; its own jobs' memory is in their benchmark files."""
    program = [sys.executable, *(("-c", TOUCH) if touch else ("-m", "snakemake"))]
    command = [*program, "-s", str(ROOT / "Snakefile"), "--configfile", "cohort.yaml", "--cores", "2", *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    log = folder / "snakemake.log"
    start = time.monotonic()
    with log.open("w") as said:
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit(f"snakemake {' '.join(options)} failed in {folder}:\n{log.read_text()[-3000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, log.read_text())


def write_cohort(folder: Path, tumours: int, normals: int = NORMALS) -> list[str]:
    """Write sheets, YAML and placeholder BAMs; returns the IDs of the tumours."""
    (folder / "bam").mkdir(parents=True)
    samples, people, heregulin = [], [], []
    for number in range((tumours + 1) // 2):
        patient = f"P{number:05d}"
        course = {
            "best_response": "PR",
            "last_dose": "2021-11-22",
            "progression": "2021-11-29",
            "last_contact": "2022-06-01",
        }
        people.append(builders.patient_row(patient=patient, **course))
        for when in ("pre", "post")[: tumours - 2 * number]:
            name = f"{patient}_{when}"
            samples.append(builders.sample_row(sample=name, patient=patient, timepoint=when, bam=f"bam/{name}.bam"))
            heregulin.append(builders.heregulin_row(patient=patient, timepoint=when, value=300 + number % 900))
    tumour_ids = [row["sample"] for row in samples]
    samples += [builders.normal_row(sample=f"N{n:03d}", bam=f"bam/N{n:03d}.bam") for n in range(normals)]
    for row in samples:
        (folder / row["bam"]).write_text("placeholder")
        (folder / f"{row['bam']}.bai").write_text("placeholder")
    for sheet, rows in {"samples": samples, "patients": people, "heregulin": heregulin}.items():
        builders.write_tsv(folder / f"{sheet}.tsv", rows)
    (folder / "panel.bed").write_text(
        "".join(f"chr12\t{25_200_000 + i * 300}\t{25_200_100 + i * 300}\n" for i in range(300))
    )
    (folder / "snps.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    (folder / "cohort.yaml").write_text(COHORT_YAML)
    return tumour_ids


def cost(run: Run) -> list[object]:
    """The columns of COST."""
    return [round(run.seconds, 1), round(run.cpu_seconds, 1), round(run.peak_mb)]


def plan_table(folder: Path, sizes: Sequence[int]) -> Iterator[list[object]]:
    """Tumours, planned jobs, jobs a tumour, and the cost of a dry run of a cohort that nothing was done of."""
    for tumours in sizes:
        write_cohort(folder / str(tumours), tumours)
        planned = snakemake(folder / str(tumours), "--dry-run", "--quiet", "rules")
        jobs = planned.jobs()
        own = sum(1 for count in jobs.values() if count in (tumours, tumours + NORMALS))
        yield [tumours, jobs.total(), own, *cost(planned)]


def made_outputs(folder: Path) -> list[str]:
    """Every output that a dry run says it would make."""
    said = snakemake(folder, "--dry-run").said
    lists = re.findall(r"^    output: (.+)$", said, re.MULTILINE)
    return [path.removesuffix(" (update)") for outputs in lists for path in outputs.split(", ")]


def finish(folder: Path, tumours: Sequence[str], demo: Path) -> None:
    """Make every output, the demo's records under other names, and have Snakemake take them for done."""
    with (demo / "samples.tsv").open(newline="") as handle:
        models = [row["sample"] for row in csv.DictReader(handle, delimiter="\t") if row["role"] == "tumour"]
    model_of = {sample: models[number % len(models)] for number, sample in enumerate(tumours)}
    model_of |= {f"N{n:03d}": "N01" for n in range(NORMALS)}
    for path in map(Path, made_outputs(folder)):
        name = path.name.split(".")[0]
        model = demo / path.with_name(path.name.replace(name, model_of.get(name, name), 1))
        text = read_once(model) if model.suffix in (".json", ".tsv") and model.is_file() else ""
        if not path.suffix:  # a folder of pages
            (folder / path).mkdir(parents=True, exist_ok=True)
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace(f'"{model.stem}"', f'"{name}"'))
    for number, sample in enumerate(tumours):
        records.write(site_counts(sample, number), folder / f"results/count_haplotypes/{sample}.sites.json")
    snakemake(folder, "--touch", "--forceall", "--quiet", "all", touch=True)
    (folder / "results/history/calls.jsonl").unlink()  # no calls were made: an empty history is a damaged one


@cache
def read_once(path: Path) -> str:
    """The text of a file of the demo."""
    return path.read_text(encoding="utf-8")


def site_counts(sample: str, number: int) -> SiteCounts:
    """Counts of common SNPs as `count_sites` writes them; the genotypes differ from patient to patient."""
    counted = []
    for i in range(SNPS):
        dose = (i * 7919 + number // 2 * 104729) % 3
        known = KnownSite(Site("12", 1_000_000 + i * 1000, "A", "G"), 0.5)
        counted.append(CountedSite(known, SiteCount(*((200, 0), (100, 100), (0, 200))[dose])))
    return SiteCounts(sample, Usable(), tuple(counted))


def join_table(folder: Path) -> Iterator[list[object]]:
    """Seconds and MB of every join over the finished cohort, off the benchmark files of a real run of them."""
    shutil.rmtree(folder / "benchmarks", ignore_errors=True)
    snakemake(folder, "--forcerun", "call_heregulin", "call_mechanisms", "--quiet", "all")
    for path in sorted((folder / "benchmarks").glob("*/*.tsv")):
        with path.open(newline="") as handle:
            (row,) = csv.DictReader(handle, delimiter="\t")
        yield [path.parent.name, float(row["s"]), float(row["cpu_time"]), round(float(row["max_rss"]))]


def add_tumour(folder: Path) -> None:
    """One more patient with one tumour."""
    with (folder / "samples.tsv").open("a") as handle:
        cells = builders.sample_row(sample="P99999_pre", patient="P99999", bam="bam/P99999_pre.bam").values()
        handle.write("\t".join(cells) + "\n")
    with (folder / "patients.tsv").open("a") as handle:
        handle.write("\t".join(builders.patient_row(patient="P99999").values()) + "\n")
    for ending in ("", ".bai"):
        (folder / f"bam/P99999_pre.bam{ending}").write_text("placeholder")


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = [" | ".join(columns), "|".join(["---"] * len(columns))]
    lines += [" | ".join(f"{cell:,}" if isinstance(cell, (int, float)) else str(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" if "---" not in line else f"|{line}|" for line in lines)


def change_table(folder: Path, tumours: int) -> Iterator[list[object]]:
    """What a finished cohort plans: nothing after nothing, one tumour's jobs and the joins after one more row."""
    for change, do in (("nothing", lambda: None), ("one tumour added", lambda: add_tumour(folder))):
        do()
        planned = snakemake(folder, "--dry-run", "--quiet", "rules")
        jobs = planned.jobs()
        own = ", ".join(sorted(jobs)) or "none"
        yield [change, tumours, jobs.total(), *cost(planned), own]


def told(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]], only_print: bool) -> None:
    """Print a table and, unless told not to, put it between its marks in scale.md."""
    table = markdown(columns, rows)
    print(f"{name}\n{table}\n", flush=True)
    if not only_print:
        marked = rf"(?s)(<!-- {name} -->\n).*?(<!-- end -->)"
        PAGE.write_text(re.sub(marked, rf"\g<1>\n{table}\n\n\g<2>", PAGE.read_text()))


def main(sizes: Sequence[int], out: Path, demo: Path, only_print: bool) -> None:
    """Measure everything, and write it between the marks of scale.md unless told to print it."""
    if not (demo / "results/mechanisms.json").exists():
        raise SystemExit(f"{demo} is no finished demo cohort: run make demo first")
    shutil.rmtree(out, ignore_errors=True)
    largest = out / str(max(sizes))
    told("plan", ("tumours", "jobs", "jobs a tumour", *COST), plan_table(out, sizes), only_print)
    with (largest / "samples.tsv").open(newline="") as handle:
        tumours = [row["sample"] for row in csv.DictReader(handle, delimiter="\t") if row["role"] == "tumour"]
    finish(largest, tumours, demo)
    told("join", ("join", *COST), join_table(largest), only_print)
    told("change", ("change", "tumours", "jobs", *COST, "rules"), change_table(largest, len(tumours)), only_print)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tumours", dest="sizes", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--out", type=Path, default=ROOT / "build/benchmarks/scale", help="emptied first")
    parser.add_argument("--demo", type=Path, default=ROOT / "build/demo", help="the finished demo cohort")
    parser.add_argument("--print", dest="only_print", action="store_true", help="leave scale.md as it is")
    main(**vars(parser.parse_args()))
