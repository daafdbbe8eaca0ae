"""CPU of one tumour from BAM to calls: this workflow beside CNVkit batch, freebayes and a hand join, in one run.

    .venv/bin/python benchmarks/whole_path.py            # all sizes, 90 minutes; rewrites whole_path.md and the TSVs
    .venv/bin/python benchmarks/whole_path.py --reads 1000 2600 --rounds 1 --print

Sizes in thousands of reads. Peers: `apt-get install -y --no-install-recommends $(cat benchmarks/peers.txt)`.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow/scripts"), str(Path(__file__).resolve().parent)]

import simulate_panel as simulated  # noqa: E402
import whole_path_report as report  # noqa: E402
from tests import builders  # noqa: E402

from cetux import records  # noqa: E402
from cetux.evidence import CopyNumber, SampleGenotypes  # noqa: E402

SIZES = {5: 5, 1_000: 5, 2_600: 5, 10_000: 5, 20_000: 5, 100_000: 1}
"""Thousands of reads, and rounds. The first is nearly empty: what starting costs."""
SAMPLED_SIZE = 2_600
"""Of this size every round has a tumour of its own; of others all rounds read the same BAM."""
NORMALS, NORMAL_READS = 6, 500_000
SEED = 1
TUMOURS = ((0.3, 10, False), (0.5, 2, False), (0.5, 20, False), (0.7, 5, True), (0.6, 8, False))
"""Purity, ERBB2 copies per tumour cell, and whether all of chromosome 17 has them: of rounds 1, 2, ..."""
PER_SAMPLE = (
    *("check_sample", "count_haplotypes", "call_genotypes", "draw_reads"),
    *("count_coverage", "correct_coverage", "call_erbb2"),
)
COHORT_YAML = """\
samples: samples.tsv
patients: patients.tsv
assays:
  panel: {targets: PANEL, method: hybrid, build: GRCh38, reference: FASTA}
"""
FREEBAYES = ("--pooled-continuous", "-F", "0.003", "-C", "3", "-m", "20", "-q", "20")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as Snakemake gives its own jobs


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system, children included) and peak memory of one stage; load: of the machine then."""

    thousand_reads: int
    round: int
    tool: str
    stage: str
    cpu_s: float
    peak_mb: float
    load: float


@dataclass(frozen=True)
class Calls:
    """What one tool said of one sample: planted alleles that it names, others, and ERBB2.

    found, false: of the alleles above the floors of the rules, 1 % and five fragments (peers: reads).
    detected, false_detected: of all that the tool tells from errors, the peers from 0.3 % and three reads on.
    """

    thousand_reads: int
    round: int
    tool: str
    planted: int
    found: int
    false: int
    detected: int
    false_detected: int
    true_copies: float
    purity: float
    copies: float | None
    erbb2: str


def run(command: Sequence[object], folder: Path, out: str = "run.log") -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of a process and its children; its output goes to a file."""
    words = ["time", "-o", "time.log", "-f", "%U %S %M", *(str(word) for word in command)]
    with (folder / out).open("w") as said, (folder / "errors.log").open("w") as errors:
        done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, stdout=said, stderr=errors, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{(folder / 'errors.log').read_text()[-3000:]}")
    user, system, peak_kb = (folder / "time.log").read_text(encoding="ascii").split()
    return float(user) + float(system), float(peak_kb) / 1024


def planted_of(number: int) -> simulated.Planted:
    """The tumour of a round."""
    purity, copies, polysomy = TUMOURS[(number - 1) % len(TUMOURS)]
    return simulated.Planted(purity, copies, polysomy, simulated.chosen_alleles(number))


def bam_of(out: Path, thousand_reads: int, number: int) -> Path:
    """The BAM of a tumour, made where it is not there."""
    path = out / "bam" / f"T{thousand_reads}k_{number}.bam"
    return path if path.exists() else made_bam(path, planted_of(number), thousand_reads * 1000, number)


def made_bam(path: Path, planted: simulated.Planted, reads: int, seed: int) -> Path:
    """Write a BAM under another name first, so that a half-made one is never taken for whole."""
    part = path.parent / "part" / path.name
    part.parent.mkdir(parents=True, exist_ok=True)
    simulated.write_bam(part, planted, reads, SEED, seed)
    Path(f"{part}.bai").replace(f"{path}.bai")
    return part.replace(path)


def write_cohort(folder: Path, samples: Sequence[Mapping[str, str]], assay: Path, frozen: Path | None) -> None:
    """Sheets and YAML of a cohort of one patient."""
    folder.mkdir(parents=True, exist_ok=True)
    builders.write_tsv(folder / "samples.tsv", samples)
    builders.write_tsv(folder / "patients.tsv", [builders.patient_row()])
    text = COHORT_YAML.replace("PANEL", str(assay / "panel.bed")).replace("FASTA", str(assay / "reference.fa"))
    text = text if frozen is None else text.replace("}", f", copy_number_reference: {frozen}}}")
    (folder / "cohort.yaml").write_text(text, encoding="utf-8")


def snakemake(folder: Path, targets: Sequence[str], *options: str) -> tuple[list[tuple[str, float, float]], float]:
    """Run the workflow for targets; rule, CPU and memory of each job, and the CPU of Snakemake itself."""
    table = folder / "usage.tsv"
    table.unlink(missing_ok=True)
    command = [sys.executable, ROOT / "benchmarks/job_usage.py", table, "-s", ROOT / "Snakefile", "--nolock"]
    command += ["--configfile", "cohort.yaml", "--cores", "1", *options, "--", *targets]
    total, _ = run(command, folder)
    rows = [line.split("\t") for line in table.read_text(encoding="ascii").splitlines()]
    jobs = [(rule, float(user) + float(system), float(peak_kb) / 1024) for rule, user, system, peak_kb in rows]
    return jobs, total - sum(cpu for _, cpu, _ in jobs)


def prepare(out: Path) -> None:
    """Make the assay, its normals and both references, once: all that a sample of a running assay finds there."""
    assay = out / "assay"
    if (assay / "cnvkit.cnn").exists():
        return
    assay.mkdir(parents=True, exist_ok=True)
    if not (assay / "exons.bed").exists():
        simulated.write_assay(assay, SEED)
    names = [f"N{number + 1}" for number in range(NORMALS)]
    for number, name in enumerate(names):
        if not (assay / f"{name}.bam").exists():
            made_bam(assay / f"{name}.bam", simulated.Planted(0.0), NORMAL_READS, 100 + number)
    rows = [builders.normal_row(sample=name, bam=str(assay / f"{name}.bam")) for name in names]
    tumour = builders.sample_row(bam=str(bam_of(out, min(SIZES), 1)))  # a cohort has one; nothing is done with it
    write_cohort(out / "normals", [*rows, tumour], assay, None)
    snakemake(out / "normals", ["results/build_reference/panel.cnn"])
    made = out / "normals/results"
    for ending in ("cnn", "json"):
        shutil.copy(made / f"build_reference/panel.{ending}", assay / f"cetux.{ending}")
    tables = [made / f"count_coverage/{n}.{k}targetcoverage.cnn" for n in names for k in ("", "anti")]
    command = [cnvkit(), "reference", *tables, "-f", assay / "reference.fa", "-o", assay / "cnvkit.part"]
    run(command, out / "normals")
    (assay / "cnvkit.part").replace(assay / "cnvkit.cnn")


def cnvkit() -> Path:
    """CNVkit's command, of the same environment."""
    return Path(sys.executable).with_name("cnvkit.py")


def ours(out: Path, bam: Path, planted: simulated.Planted, row: Cost) -> tuple[list[Cost], Calls]:
    """The per-tumour jobs of the workflow, run by the workflow, with the assay's reference frozen."""
    sample, folder = bam.stem, out / "runs" / str(row.thousand_reads)
    given = {"sample": sample, "bam": str(bam), "purity": planted.purity, "ploidy": 2, "purity_source": "pathology"}
    write_cohort(folder, [builders.sample_row(**given)], out / "assay", out / "assay/cetux.cnn")
    targets = [f"results/call_genotypes/{sample}.json", f"results/call_erbb2/{sample}.json"]
    jobs, own = snakemake(folder, [*targets, f"results/report/reads/{sample}.html"], "--forcerun", *PER_SAMPLE)
    costs = [replace(row, tool="cetux", stage=rule, cpu_s=cpu, peak_mb=peak) for rule, cpu, peak in jobs]
    costs.append(replace(row, tool="Snakemake", stage="itself", cpu_s=own, peak_mb=0.0))
    return costs, our_calls(folder, sample, planted, row)


def our_calls(folder: Path, sample: str, planted: simulated.Planted, row: Cost) -> Calls:
    """The workflow's calls held against the truth; an allele is found if it is named by the right change."""
    genotypes = records.read(SampleGenotypes, folder / f"results/call_genotypes/{sample}.json")
    erbb2 = records.read(CopyNumber, folder / f"results/call_erbb2/{sample}.json")
    with (ROOT / "resources/alleles.tsv").open(newline="") as handle:
        listed = list(csv.DictReader(handle, delimiter="\t"))
    keys = [(f"chr{row['chrom']}", int(row["pos_grch38"]) - 1, row["ref"], row["alt"]) for row in listed]
    truth = {key: (row["gene"], row["hgvs_c"]) for key, row in zip(keys, listed, strict=True)}
    wanted = {truth[key[:4]] for key in simulated.truths(planted)}
    found = {(gene, one.hgvs_c) for gene, calls in genotypes.genes.items() for one in calls.alleles}
    below = {(gene, one.hgvs_c) for gene, calls in genotypes.genes.items() for one in calls.traces if not one.filters}
    return said(row, "cetux", planted, held(wanted, found, found | below), erbb2.copies, str(erbb2.state))


def held(wanted: set[Any], found: set[Any], detected: set[Any]) -> tuple[int, int, int, int]:
    """Alleles held against the truth: the four counts of `Calls`."""
    return len(found & wanted), len(found - wanted), len(detected & wanted), len(detected - wanted)


def said(
    row: Cost,
    tool: str,
    planted: simulated.Planted,
    counts: tuple[int, int, int, int],
    copies: float | None,
    erbb2: str,
) -> Calls:
    """A row of calls."""
    truth = planted.erbb2_copies, planted.purity
    return Calls(row.thousand_reads, row.round, tool, len(planted.alleles), *counts, *truth, copies, erbb2)


def peers(out: Path, bam: Path, planted: simulated.Planted, row: Cost, whole_panel: bool) -> tuple[list[Cost], Calls]:
    """CNVkit batch against its reference, freebayes over the listed genes' exons (or all of the panel), the join."""
    folder, assay = out / "runs" / f"{row.thousand_reads}_peers", out / "assay"
    folder.mkdir(parents=True, exist_ok=True)
    batch = [cnvkit(), "batch", bam, "-r", assay / "cnvkit.cnn", "-d", folder, "--segment-method", "hmm-tumor"]
    costs = [replace(row, tool="peers", stage="cnvkit batch", **measured(run([*batch, "-p", "1"], folder)))]
    places = {"exons": "exons.bed"} | ({"panel": "panel.bed"} if whole_panel else {})
    for name, bed in places.items():
        command = ["freebayes", "-f", assay / "reference.fa", "-t", assay / bed, *FREEBAYES, bam]
        cost = measured(run(command, folder, f"{name}.vcf"))
        costs.append(replace(row, tool="peers", stage=f"freebayes, {name}", **cost))
    files = [folder / "exons.vcf", folder / f"{bam.stem}.call.cns", folder / f"{bam.stem}.cnr"]
    more = [ROOT / "resources/alleles.tsv", planted.purity, folder / "joined.tsv"]
    cost = measured(run([sys.executable, ROOT / "benchmarks/hand_join.py", *files, *more], folder))
    costs.append(replace(row, tool="peers", stage="hand join", **cost))
    return costs, peer_calls(folder / "joined.tsv", planted, row)


def peer_calls(joined: Path, planted: simulated.Planted, row: Cost) -> Calls:
    """The join's rows held against the truth."""
    with joined.open(newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    above = {(r["chrom"], int(r["pos"]) - 1, r["ref"], r["alt"]): r["above_floors"] for r in rows if r["chrom"]}
    found = {key for key, is_above in above.items() if is_above == "True"}
    wanted = {key[:4] for key in simulated.truths(planted)}
    copies, called = float(rows[0]["erbb2_copies"]), rows[0]["erbb2_called"]
    return said(row, "peers", planted, held(wanted, found, set(above)), copies, f"cnvkit call: {called}")


def readers(out: Path, bam: Path, row: Cost) -> Iterator[Cost]:
    """What reading alone costs, and counting the bins with the quickest tool."""
    folder, bed = out / "runs" / f"{row.thousand_reads}_peers", out / "assay/panel.bed"
    yield replace(
        row, tool="reading", stage="samtools view -c", **measured(run(["samtools", "view", "-c", bam], folder))
    )
    if shutil.which("mosdepth"):
        cost = run(["mosdepth", "-n", "-x", "--by", bed, folder / "depth", bam], folder)
        yield replace(row, tool="reading", stage="mosdepth, targets", **measured(cost))


def measured(cost: tuple[float, float]) -> dict[str, Any]:
    """The columns of `run`."""
    return {"cpu_s": cost[0], "peak_mb": cost[1]}


def one_round(out: Path, thousand_reads: int, number: int, whole_panel: bool) -> tuple[list[Cost], list[Calls]]:
    """Both sides over one BAM, each first in turn."""
    sampled = number if thousand_reads == SAMPLED_SIZE else 1
    bam, planted = bam_of(out, thousand_reads, sampled), planted_of(sampled)
    row = Cost(thousand_reads, number, "", "", 0.0, 0.0, round(os.getloadavg()[0], 1))
    sides = [lambda: ours(out, bam, planted, row)]
    if thousand_reads >= 1_000:
        sides.append(lambda: peers(out, bam, planted, row, whole_panel))
    done = [side() for side in (sides if number % 2 else sides[::-1])]
    costs = [cost for some, _ in done for cost in some]
    costs += readers(out, bam, row) if thousand_reads >= 1_000 else ()
    return costs, [calls for _, calls in done]


def measure(out: Path, sizes: Sequence[int], rounds: int | None, keep: bool) -> None:
    """Measure every size and keep the rows of each in files of its own, so that sizes can be run one by one."""
    for thousand_reads in sizes:
        costs: list[Cost] = []
        calls: list[Calls] = []
        many = rounds or SIZES.get(thousand_reads, 1)
        for number in range(1, many + 1):
            some, said_of = one_round(out, thousand_reads, number, thousand_reads == SAMPLED_SIZE and number == 1)
            costs, calls = costs + some, calls + said_of
            print(
                f"{thousand_reads:,} thousand reads: round {number} of {many}",
                flush=True,
            )
            text = json.dumps({"costs": [asdict(c) for c in costs], "calls": [asdict(c) for c in calls]})
            (out / f"{thousand_reads}.json").write_text(text)
        for path in () if keep else (out / "bam").glob(f"T{thousand_reads}k_*"):
            path.unlink()


def main() -> None:
    """Prepare, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, nargs="*", default=list(SIZES), help="thousands; none: only report")
    parser.add_argument("--rounds", type=int, help="of every size")
    parser.add_argument("--out", type=Path, default=ROOT / "build/benchmarks/whole_path")
    parser.add_argument("--keep", action="store_true", help="leave the BAMs there")
    parser.add_argument("--print", dest="only_print", action="store_true", help="leave the page and TSVs as they are")
    given = parser.parse_args()
    out = given.out.resolve()
    (out / "bam").mkdir(parents=True, exist_ok=True)
    prepare(out)
    measure(out, given.reads, given.rounds, given.keep)
    report.write(out, given.only_print)


if __name__ == "__main__":
    main()
