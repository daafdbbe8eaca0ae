"""What counting costs: CPU beside pysam's pileup over the same codons, peak memory at 100,000x, growth with the BAM.

Every measurement is a process of its own: ``cost_level.py BAM COUNTER`` prints its CPU seconds without imports and its
peak memory (VmHWM) with them.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import numpy as np  # noqa: E402
import pysam  # noqa: E402

from cetux.haplotypes import ReadFilter, count_haplotypes  # noqa: E402
from cetux.resources import Codon, codons  # noqa: E402

DEPTHS = (500, 5000)
DEEP = 100_000
FILLER_READS = 400_000
"""Read pairs elsewhere, to make a BAM ten times as large without another read over a codon."""

_WINDOW_CODONS = 66
Row = dict[str, Any]


@dataclass(frozen=True)
class Cost:
    """CPU seconds and peak memory of one process."""

    cpu_s: float
    peak_mb: float


def panel_codons() -> list[Codon]:
    """The listed codons where the made-up panel has them."""
    from benchmarks.panel import Panel

    return Panel(codons("GRCh38")).codons


def window(codon: Codon) -> list[Codon]:
    """A codon with its neighbours: the widest window that a scan of all coding codons reads at once."""
    first = min(codon.positions)
    numbers = range(-(_WINDOW_CODONS // 2), _WINDOW_CODONS // 2)
    return [
        replace(codon, codon=1000 + n, positions=(first + 3 * n + 2, first + 3 * n + 1, first + 3 * n), required=())
        for n in numbers
    ]


def _count(bam: str, wanted: list[Codon]) -> None:
    found = count_haplotypes("sample", bam, None, wanted, ReadFilter(20, 20, False))
    if not found.usable.ok:
        raise RuntimeError(found.usable.reason)


def _pileup(bam: str, wanted: list[Codon]) -> None:
    with pysam.AlignmentFile(bam) as opened:
        for codon in wanted:
            for position in codon.positions:
                columns = opened.pileup(
                    "chr" + codon.chrom, position, position + 1, truncate=True, min_base_quality=20, max_depth=10**6
                )
                for column in columns:
                    column.get_query_sequences()


def measured(bam: Path, counter: str) -> Cost:
    """One process that reads the BAM with one counter: count, pileup or window."""
    command = [sys.executable, str(Path(__file__).resolve()), str(bam), counter]
    cpu, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Cost(float(cpu), float(peak))


def _filler(bam: Path, out: Path) -> Path:
    """The BAM with many more reads on a contig of their own."""
    rng = np.random.default_rng(11)
    with pysam.AlignmentFile(str(bam)) as old:
        header = old.header.to_dict()
        header["SQ"].append({"SN": "filler", "LN": 50_000_000})
        with pysam.AlignmentFile(str(out), "wb", header=header) as new:
            for read in old:
                new.write(pysam.AlignedSegment.from_dict(read.to_dict(), new.header))
            for number, start in enumerate(np.sort(rng.integers(0, 49_999_000, 2 * FILLER_READS)).tolist()):
                new.write(_read(new.header, number, start, rng))
    pysam.index(str(out))
    return out


def _read(header: pysam.AlignmentHeader, number: int, start: int, rng: np.random.Generator) -> pysam.AlignedSegment:
    read = pysam.AlignedSegment(header)
    read.query_name, read.flag, read.mapping_quality = f"f{number}", 0, 60
    read.reference_id, read.reference_start, read.cigarstring = header.nreferences - 1, start, "150M"
    read.query_sequence = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), 150).tobytes().decode()
    read.query_qualities = pysam.qualitystring_to_array("F" * 150)
    return read


def run(seed: int, rounds: int, out: Path) -> list[Row]:
    """Make the BAMs and measure; every time is the median of interleaved rounds."""
    from benchmarks.error_model import PROFILES
    from benchmarks.panel import Panel
    from benchmarks.simulate_reads import write_bam

    out.mkdir(parents=True, exist_ok=True)
    panel = Panel(codons("GRCh38"))
    rows = []
    for depth in DEPTHS:
        bam = out / f"cost_{depth}.bam"
        write_bam(panel, PROFILES["tissue"], [], depth, seed, bam)
        pairs = [(measured(bam, "count"), measured(bam, "pileup")) for _ in range(rounds)]
        rows.append(_row(f"{depth}x, listed codons", bam, [one for one, _ in pairs], [two for _, two in pairs]))
    larger = _filler(out / f"cost_{DEPTHS[0]}.bam", out / "cost_filler.bam")
    rows.append(_row(f"{DEPTHS[0]}x, and reads elsewhere", larger, [measured(larger, "count") for _ in range(rounds)]))
    kras = panel.by_name["KRAS", 12]
    panel.regions = [region for region in panel.regions if kras in region.codons]
    deep = out / "cost_deep.bam"
    write_bam(panel, PROFILES["tissue"], [], DEEP, seed, deep)
    rows.append(_row(f"{DEEP}x, one window of {_WINDOW_CODONS} codons", deep, [measured(deep, "window")]))
    return rows


def _row(what: str, bam: Path, own: list[Cost], pileup: list[Cost] | None = None) -> Row:
    ours, theirs = (median(one.cpu_s for one in costs) if costs else None for costs in (own, pileup))
    return {
        "what": what,
        "bam_mb": round(bam.stat().st_size / 1e6, 1),
        "cpu_s": ours,
        "pileup_cpu_s": theirs,
        "ratio": round(ours / theirs, 2) if ours and theirs else None,
        "peak_mb": round(max(one.peak_mb for one in own)),
    }


def tell(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    return "\n".join(_lines(rows))


def _lines(rows: list[Row]) -> Iterator[str]:
    yield "| reads | BAM, MB | counting, CPU s | pysam pileup, CPU s | ratio | peak memory of counting, MB |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        yield "| " + " | ".join("" if value is None else str(value) for value in row.values()) + " |"


def _main(bam: str, counter: str) -> None:
    wanted = panel_codons()
    if counter == "window":
        wanted = window(next(codon for codon in wanted if (codon.gene, codon.codon) == ("KRAS", 12)))
    before = time.process_time()
    (_pileup if counter == "pileup" else _count)(bam, wanted)
    spent = time.process_time() - before
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(round(spent, 3), round(peak / 1024, 1))


if __name__ == "__main__":
    _main(*sys.argv[1:])
