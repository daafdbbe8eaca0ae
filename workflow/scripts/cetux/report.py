"""The cohort's page: self-contained HTML, every value escaped."""

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cetux.cohort_calls import CohortCalls
from cetux.heregulin_calls import HeregulinCalls
from cetux.states import Axis, Status

TEMPLATES = Path(__file__).resolve().parents[2] / "report"
"""Folder of the HTML templates."""


def cohort_page(calls: CohortCalls, heregulin: HeregulinCalls, plate_folders: Iterable[str]) -> str:
    """The text of report/index.html.

    Args:
        calls: of all patients.
        heregulin: cut-offs, and calls that moved with them.
        plate_folders: folders of plate pictures, one per plate file; each is named for its file.
    """
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
        heregulin=heregulin,
        plates=list(_pictures(plate_folders)),
    )


def _pictures(folders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and data URL of every plate picture; as images of their own the SVGs cannot disturb the page."""
    for folder in folders:
        for picture in sorted(Path(folder).glob("*.svg")):
            encoded = base64.b64encode(picture.read_bytes()).decode()
            yield f"{Path(folder).name}, {picture.stem.replace('_', ' ')}", f"data:image/svg+xml;base64,{encoded}"
