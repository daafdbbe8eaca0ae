"""Rows of the benchmark as TSV files and as Markdown tables in benchmarks/README.md."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scipy import stats

Row = dict[str, Any]

README = Path(__file__).resolve().parent / "README.md"


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Rows as a tab-separated file; nothing is written for no rows."""
    if not rows:
        return
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """Rows of a tab-separated file, as text; none where the file is absent."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Exact 95 % binomial interval of hits / trials."""
    found = stats.binomtest(hits, trials).proportion_ci(method="exact")
    return float(found.low), float(found.high)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def percent(hits: float, trials: float, digits: int = 0) -> str:
    """A share in percent; a dash where there was no trial."""
    return f"{100 * hits / trials:.{digits}f}" if trials else "-"


def per_10_000(hits: int, samples: int) -> str:
    """Samples per 10,000 with the exact 95 % interval."""
    low, high = interval(hits, samples)
    return f"{1e4 * hits / samples:.1f} ({1e4 * low:.1f} to {1e4 * high:.1f})"


def recall_table(rows: Sequence[Row]) -> str:
    """Ours / oracle / oracle 2 / sampled 2, percent, by profile and depth (rows) and VAF (columns)."""
    vafs = list(dict.fromkeys(float(row["vaf"]) for row in rows))
    cells: dict[tuple[str, int], dict[float, str]] = defaultdict(dict)
    for row in rows:
        many = int(row["variants"])
        cells[row["profile"], int(row["depth"])][float(row["vaf"])] = " / ".join(
            percent(int(row[column]), many) for column in ("ours", "oracle", "oracle_2", "sampled_2")
        )
    return table(
        ["specimen", "depth", *(f"{100 * vaf:g} %" for vaf in vafs)],
        ([name, depth, *(shown.get(vaf, "-") for vaf in vafs)] for (name, depth), shown in cells.items()),
    )


def floors_table(rows: Sequence[Row]) -> str:
    """Detected by ours in percent of the oracles, over all depths and VAFs; the last with the floors of the rules."""
    lines = []
    for name in dict.fromkeys(row["profile"] for row in rows):
        mine = [row for row in rows if row["profile"] == name]
        keys = ("ours", "oracle", "oracle_2", "ours_floors", "oracle_floors")
        total = {key: sum(int(row[key]) for row in mine) for key in keys}
        shares = (("ours", "oracle"), ("ours", "oracle_2"), ("ours_floors", "oracle_floors"))
        lines.append([name, *(percent(total[one], total[other], 1) for one, other in shares)])
    return table(
        ["specimen", "% of the oracle", "% of oracle 2", "MUT and MUT_LOW, % of the oracle above the floors"], lines
    )


def wild_type_table(rows: Sequence[Row]) -> str:
    """False detections by specimen, and over all."""
    lines = []
    names = list(dict.fromkeys(row["profile"] for row in rows))
    for name in [*names, "all"]:
        mine = [row for row in rows if name in (row["profile"], "all")]
        samples = sum(int(row["samples"]) for row in mine)
        counts = [sum(int(row[key]) for row in mine) for key in ("detected", "mut_low", "mut")]
        lines.append([name, samples, *(per_10_000(count, samples) for count in counts)])
    return table(["specimen", "wild-type samples", "DETECTED per 10,000", "MUT_LOW", "MUT"], lines)


def limit_table(rows: Sequence[Row]) -> str:
    """Power at the stated limit of detection, with its exact 95 % interval."""
    lines = []
    for row in [*rows, *_sums(rows)]:
        trials, called = int(row["trials"]), int(row["called"])
        if trials:
            low, high = interval(called, trials)
            shown = f"{100 * called / trials:.1f} ({100 * low:.1f} to {100 * high:.1f})"
            at = f"{100 * float(row['median_limit']):.2f} %" if row["median_limit"] != "" else ""
            lines.append([row["rule"], row["profile"], row["depth"], at, trials, shown])
    return table(["rule", "specimen", "depth", "median limit", "variants put at it", "called, %"], lines)


def _sums(rows: Sequence[Row]) -> list[Row]:
    made = []
    for rule in dict.fromkeys(row["rule"] for row in rows):
        for name in [*dict.fromkeys(row["profile"] for row in rows), "all"]:
            mine = [row for row in rows if name in (row["profile"], "all") and row["rule"] == rule]
            sums = {key: sum(int(row[key]) for row in mine) for key in ("trials", "called")}
            made.append({"rule": rule, "profile": name, "depth": "all", "median_limit": "", **sums})
    return made


def missed(rows: Sequence[Row], against: str, needed: float = 0.95) -> list[tuple[str, bool]]:
    """Cells in which ours detects less than `needed` of what `against` ("oracle", "oracle_2") does, largest loss first.

    With each, whether chance is excluded: so few would be seen in less than 2.5 % if the share were `needed`.
    """
    found = []
    for row in rows:
        ours, other, many = int(row["ours"]), int(row[against]), int(row["variants"])
        if ours < needed * other:
            where = f"{row['profile']} depth {row['depth']} VAF {100 * float(row['vaf']):g} %"
            clear = stats.binomtest(ours, many, needed * other / many, "less").pvalue < 0.025
            found.append((other - ours, f"{where}: {ours} against {other} of {many}", bool(clear)))
    return [(text, clear) for _, text, clear in sorted(found, reverse=True)]


def put_between_markers(name: str, text: str, path: Path = README) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` in the README."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    whole = path.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        raise ValueError(f"{path} lacks the markers {begin} and {end}")
    before, rest = whole.split(begin, 1)
    after = rest.split(end, 1)[1]
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
