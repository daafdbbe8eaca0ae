"""The cohort's page: self-contained HTML, every value escaped."""

from collections import Counter
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cetux.cohort_calls import CohortCalls
from cetux.states import Axis, Status

TEMPLATES = Path(__file__).resolve().parents[2] / "report"
"""Folder of the HTML templates."""


def cohort_page(calls: CohortCalls) -> str:
    """The text of report/index.html."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    counts = Counter(patient.call.status for patient in calls.patients)
    unusable = [sample for patient in calls.patients for sample in patient.samples if not sample.usable.ok]
    return environment.get_template("index.html.j2").render(
        patients=calls.patients,
        axes=list(Axis),
        counts=[(status, counts[status]) for status in Status if counts[status]],
        unusable=unusable,
    )
