"""The tools that users would pick instead, on the same BAMs with the same floors on mapping and base quality (20)."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.panel import Edit, normalised

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / "build" / "peers"
GBCMS = "gbcms==6.6.0"

Key = tuple[str, int, str, str]
Result = TypeVar("Result")
Calls = dict[Key, int]
"""Supporting reads or fragments by allele."""


@dataclass(frozen=True)
class Inputs:
    """One sample for a peer. panel: bases by contig; known: a VCF of the tested alleles; bed: spans of the codons."""

    bam: Path
    fasta: Path
    bed: Path
    known: Path
    panel: Mapping[str, str]
    work: Path


@dataclass(frozen=True)
class Peer:
    """A tool. rule: which of its counts is a call. install: the line that brings it."""

    name: str
    rule: str
    install: str
    version: Callable[[], str]
    run: Callable[[Inputs], Calls]


def available() -> list[Peer]:
    """The peers that can run here; what is missing is said aloud, with the line that brings it."""
    _install_gbcms()
    found = []
    for peer in PEERS:
        if peer.version():
            found.append(peer)
        else:
            print(f"SKIPPED: {peer.name} is not installed. {peer.install}", flush=True)
    for name, line in _ABSENT.items():
        print(f"SKIPPED: {name} has no wrapper here. {line}", flush=True)
    return found


_ABSENT = {"vardict, lofreq, varscan": "Debian 12 has no candidate for them; conda install -c bioconda brings them."}


def timed(call: Callable[..., Result], *given: Any) -> tuple[Result, float]:
    """What a call returns, and the CPU seconds that it and its child processes used."""
    before = _cpu()
    found = call(*given)
    return found, _cpu() - before


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _install_gbcms() -> None:
    """Make build/peers with the pinned gbcms, once; without a network the peer is skipped."""
    if (VENV / "bin" / "gbcms").exists():
        return
    print(f"installing {GBCMS} into {VENV}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", GBCMS]
    subprocess.run(pip, check=False)


def write_known(alleles: Iterable[Edit], contigs: Mapping[str, int], path: Path) -> Path:
    """A VCF of alleles without samples."""
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={length}>" for name, length in contigs.items())]
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]))
    order = {name: index for index, name in enumerate(contigs)}
    for key in sorted({edit.key for edit in alleles}, key=lambda key: (order[key[0]], *key[1:])):
        contig, start, ref, alt = key
        lines.append(f"{contig}\t{start + 1}\t.\t{ref}\t{alt}\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _first_line(command: Sequence[str | Path]) -> str:
    if not shutil.which(str(command[0])):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0] if done.returncode == 0 else ""


def _records(text: str) -> Iterator[tuple[str, int, str, list[str], dict[str, str]]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            chrom, pos, _, ref, alts, _, _, _, keys, values = line.split("\t")[:10]
            yield chrom, int(pos) - 1, ref, alts.split(","), dict(zip(keys.split(":"), values.split(":"), strict=False))


def _counted(text: str, given: Inputs, field: str, skip: int, least: int, fraction: float) -> Calls:
    """Alleles of VCF text whose count in FORMAT `field` reaches the floors. skip: counts before the first ALT's."""
    calls: Calls = {}
    for chrom, start, ref, alts, values in _records(text):
        counts = [int(count) if count.isdigit() else 0 for count in values.get(field, "").split(",")]
        depth = int(values["DP"]) if values.get("DP", "").isdigit() else sum(counts)
        for alt, count in zip(alts, counts[skip:], strict=False):
            if set(alt) <= set("ACGT") and count >= max(least, fraction * depth):
                calls[(chrom, *normalised(given.panel[chrom], start, ref, alt))] = count
    return calls


def _gbcms(given: Inputs) -> Calls:
    files = {"-v": given.known, "-b": given.bam, "-f": given.fasta, "-o": given.work}
    command = [str(VENV / "bin" / "gbcms"), "dna", *(word for pair in files.items() for word in map(str, pair))]
    subprocess.run(command, check=True, capture_output=True)
    text = (given.work / f"{given.bam.stem}.vcf").read_text(encoding="utf-8")
    return _counted(text, given, "FAD", 1, 2, 0.0)


def _bcftools(given: Inputs) -> Calls:
    code = "import sys, pysam.bcftools as b; b.mpileup(*sys.argv[1:], catch_stdout=False)"
    out = given.work / "bcftools.vcf"
    options = ["-a", "AD,DP", "-Q", "20", "-q", "20", "-d", "1000000", "-L", "1000000", "-R", str(given.bed)]
    command = [sys.executable, "-c", code, *options, "-f", str(given.fasta), "-o", str(out), str(given.bam)]
    subprocess.run(command, check=True, capture_output=True)
    return _counted(out.read_text(encoding="utf-8"), given, "AD", 1, 3, 0.003)


def _freebayes(given: Inputs) -> Calls:
    floors = ["--pooled-continuous", "-F", "0.003", "-C", "3", "-m", "20", "-q", "20"]
    command = ["freebayes", "-f", str(given.fasta), "-t", str(given.bed), *floors, str(given.bam)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return _counted(done.stdout, given, "AO", 0, 3, 0.003)


def _pysam_bcftools_version() -> str:
    return f"bcftools of pysam {version('pysam')}"


PEERS = (
    Peer(
        "gbcms",
        ">= 2 fragments",
        f"python -m venv build/peers && build/peers/bin/pip install {GBCMS}",
        lambda: _first_line([str(VENV / "bin" / "gbcms"), "--version"]),
        _gbcms,
    ),
    Peer("bcftools mpileup", "AD >= 3 and 0.3 %", "It comes with pysam.", _pysam_bcftools_version, _bcftools),
    Peer(
        "freebayes",
        ">= 3 reads and 0.3 %",
        "apt-get install -y --no-install-recommends freebayes",
        lambda: _first_line(["freebayes", "--version"]),
        _freebayes,
    ),
)
"""Every tool that the benchmark knows how to run."""
