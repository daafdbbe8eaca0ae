"""What a run says at its end: how many patients got which status, and which samples could not be used."""

import csv
import json
from collections import Counter
from pathlib import Path

from cetux.states import Status


def failures(logs: Path) -> str:
    """What failed jobs said of the user's input, by log; empty where none did. A job that runs empties its log."""
    said = []
    for log in sorted(logs.glob("*/*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        if text.startswith("cetux:"):
            said.append(f"{log}:\n{text.rstrip()}")
    return "\n".join(said)


def run_summary(mechanisms: Path, run: Path) -> str:
    """A few lines for the terminal.

    Args:
        mechanisms: path of mechanisms.tsv.
        run: path of provenance/run.json, which names the quarantined samples.
    """
    with mechanisms.open(encoding="utf-8", newline="") as handle:
        counts = Counter(row["status"] for row in csv.DictReader(handle, delimiter="\t"))
    quarantined: dict[str, str] = json.loads(run.read_text(encoding="utf-8"))["samples_quarantined"]
    shown = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    lines = [f"cetux: {counts.total()} patients: {shown}"]
    if quarantined:
        lines.append(f"cetux: {len(quarantined)} samples could not be used; their patients say what is missing:")
        lines += [f"  {sample}: {reason}" for sample, reason in sorted(quarantined.items())]
    return "\n".join(lines)
