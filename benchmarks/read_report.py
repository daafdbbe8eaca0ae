"""The tables of the read level."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.read_level import KNOWN
from benchmarks.report import Row, percent, read_rows, table

from cetux.frequencies import clopper_pearson


def tell(out: Path) -> str:
    """Markdown from the TSV files that `read_level.run` left in `out`."""
    calls, false, cost = (read_rows(out / f"reads_{name}.tsv") for name in ("calls", "false", "cost"))
    if not calls:
        return "Not run."
    tools = list(dict.fromkeys(row["tool"] for row in calls))
    versions = (out / "reads_versions.txt").read_text(encoding="utf-8").strip().replace("\n", "; ")
    return "\n\n".join(
        [
            f"Peers, with the rule that makes a count a call: {versions}. cetux: DETECTED alone, without the floors. "
            f"{KNOWN}: asked for each allele by itself, as gbcms is, and as it asks for what another sample shows.",
            "Known single-base alleles, recall in %; bound: at least two mutant molecules sampled.",
            _recall(calls, tools),
            "False positives among amino-acid changes by one base that were tested and not there.",
            _false(false, tools),
            _fewer(false, "cetux"),
            _fewer(false, KNOWN),
            "Alleles of several bases and indels at VAF 10 %: exactly right / seen at all, in %.",
            _exact(calls, [tool for tool in tools if tool != KNOWN]),
            "CPU seconds a sample (median); x: times `samtools view -c` of the same BAM.",
            _cost(cost),
        ]
    )


def _recall(calls: Sequence[Row], tools: Sequence[str]) -> str:
    singles = [row for row in calls if row["kind"] == "SNV"]
    cells = sorted(
        {(row["profile"], float(row["vaf"])) for row in singles}, key=lambda cell: (cell[0] != "tissue", *cell)
    )
    rows: list[list[object]] = []
    for tool in [*tools, "bound", "alleles"]:
        row: list[object] = [tool]
        for profile, vaf in cells:
            mine = [
                one
                for one in singles
                if one["profile"] == profile and float(one["vaf"]) == vaf and one["tool"] in (tool, tools[0])
            ]
            if tool in tools:
                mine = [one for one in mine if one["tool"] == tool]
                row.append(percent(sum(int(one["found"]) for one in mine), len(mine), 1))
            elif tool == "bound":
                row.append(percent(sum(int(one["mutant_molecules"]) >= 2 for one in mine), len(mine), 1))
            else:
                row.append(len(mine))
        rows.append(row)
    return table(["tool", *(f"{profile} {100 * vaf:g} %" for profile, vaf in cells)], rows)


def _false(false: Sequence[Row], tools: Sequence[str]) -> str:
    profiles = list(dict.fromkeys(row["profile"] for row in false))
    rows = []
    for tool in tools:
        row: list[object] = [tool]
        for profile in profiles:
            mine = [one for one in false if one["profile"] == profile and one["tool"] == tool]
            many, tested = sum(int(one["false"]) for one in mine), sum(int(one["tested"]) for one in mine)
            row.append(f"{many} of {tested} ({many / tested:.1e})")
        rows.append(row)
    return table(["tool", *profiles], rows)


def _fewer(false: Sequence[Row], own_name: str, peer: str = "gbcms") -> str:
    """How many times fewer the workflow's are than a peer's: of n in all, k its own, k is binomial with the share
    r / (1 + r) for the ratio r of the rates, so that exact limits of the share are limits of the ratio.
    """
    told = []
    for profile in dict.fromkeys(row["profile"] for row in false):
        own, theirs = (
            sum(int(one["false"]) for one in false if one["profile"] == profile and one["tool"] == tool)
            for tool in (own_name, peer)
        )
        if own + theirs:
            share = clopper_pearson(own, own + theirs)[1]
            told.append(f"{profile} {own} against {theirs}, at least {(1 - share) / share:.1f} times")
    return f"{own_name}, fewer than {peer}'s (exact, 95 %): {'; '.join(told) or 'none seen'}."


def _exact(calls: Sequence[Row], tools: Sequence[str]) -> str:
    rows = []
    longer = [row for row in calls if row["kind"] != "SNV"]
    names = sorted({(row["kind"] == "indel", row["allele"]) for row in longer})
    for _, allele in names:
        row: list[object] = [allele]
        for tool in tools:
            mine = [one for one in longer if one["allele"] == allele and one["tool"] == tool]
            exact, found = (sum(int(one[key]) for one in mine) for key in ("exact", "found"))
            row.append(f"{percent(exact, len(mine))} / {percent(found, len(mine))}")
        rows.append([*row, len(mine)])
    return table(["allele", *tools, "n"], rows)


def _cost(cost: Sequence[Row]) -> str:
    by_tool: dict[str, list[float]] = {}
    for row in cost:
        by_tool.setdefault(row["tool"], []).append(float(row["cpu_s"]))
    reading = median(by_tool["samtools view -c"])
    return table(
        ["", "CPU s", "x"],
        ((tool, f"{median(spent):.2f}", f"{median(spent) / reading:.1f}") for tool, spent in by_tool.items()),
    )
