"""The cohort's page: self-contained HTML, every value escaped."""

import base64
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cetux import (
    copies_chart,
    course_chart,
    depth_chart,
    heregulin_chart,
    methods,
    oncoprint,
    pair_chart,
    survival_chart,
)
from cetux.cohort_calls import CohortCalls
from cetux.evidence import SampleEvidence
from cetux.heregulin_calls import HeregulinCalls
from cetux.pages import TEMPLATES, environment
from cetux.pictures import Chart, number
from cetux.states import Axis, Event, Status
from cetux.statistics_records import CohortStatistics
from cetux.tables import reason_and_remedy

_NO_PRIMARY = {Status.INDETERMINATE: "not called", Status.NONE_DETECTED: "none detected"}
"""What stands for the primary mechanism of a patient without one; not judged in any other status."""


@dataclass(frozen=True)
class Table:
    """Rows of text under their headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class PlatePicture:
    """One plate: its title, the path of its picture, and the patients whose samples it holds."""

    title: str
    path: str
    patients: frozenset[str]


@dataclass(frozen=True)
class Told:
    """What the cohort's page tells beside the calls.

    heregulin: cut-offs, and calls that moved with them. what_if: how many patients change with each threshold.
    changes: calls that changed since they were first made.
    """

    heregulin: HeregulinCalls
    statistics: CohortStatistics
    what_if: Chart
    changes: Table
    plates: tuple[PlatePicture, ...] = ()


def _unusable(sample: SampleEvidence) -> Iterator[tuple[str, str]]:
    """A sample, or its genotypes, with why it could not be used and what would mend it."""
    if not sample.usable.ok:
        yield sample.sample, reason_and_remedy(sample.usable)
    elif not sample.genotypes.usable.ok:
        yield f"{sample.sample}, genotypes", reason_and_remedy(sample.genotypes.usable)


def cohort_page(calls: CohortCalls, told: Told) -> str:
    """The text of report/index.html."""
    counts = Counter(patient.call.status for patient in calls.patients)
    unusable = [text for patient in calls.patients for sample in patient.samples for text in _unusable(sample)]
    charts = [made.chart(calls) for made in (oncoprint, copies_chart, heregulin_chart)]
    charts += [pair_chart.chart(told.statistics), course_chart.chart(calls), depth_chart.chart(calls)]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            patients=calls.patients,
            no_primary=_NO_PRIMARY,
            axes=[str(axis) for axis in Axis],
            counts=[(status, counts[status]) for status in Status if counts[status]],
            unusable=unusable,
            charts=charts,
            survival=survival_chart.charts(told.statistics),
            what_if=told.what_if,
            changes=told.changes,
            heregulin=told.heregulin,
            plates=[(plate.title, data_url(plate.path)) for plate in told.plates],
            statistics=_statistics(told.statistics),
            m=methods.facts(calls, told.heregulin),
            script=(TEMPLATES / "table.js").read_text(encoding="utf-8"),
        )
    )


def read_changes(path: str) -> Table:
    """The rows of changes.tsv that are changes, from its file."""
    return changed_calls(Path(path).read_text(encoding="utf-8"))


def changed_calls(text: str) -> Table:
    """The rows of changes.tsv that are changes; a patient's first call is none."""
    rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    header, *body = rows
    event = header.index("event")
    return Table(tuple(header), tuple(tuple(row) for row in body if row[event] != Event.NEW))


def _statistics(statistics: CohortStatistics) -> Table:
    columns = ("statistic", "group", "n", "estimate", "95 % low", "95 % high", "p", "p adjusted", "note")
    rows = tuple(
        (
            *(("primary: " if one.primary else "") + one.name, one.group, str(one.n), number(one.estimate)),
            *(number(one.low), number(one.high), number(one.p, 2), number(one.p_adjusted, 2), one.note),
        )
        for one in statistics.rows
    )
    return Table(columns, rows, statistics.note)


def data_url(picture: str | Path) -> str:
    """An SVG file as a URL that holds it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(Path(picture).read_bytes()).decode()}"
