"""How HTML pages are made from the templates of ``workflow/report``; light, since each drawing job loads it."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cetux.version import VERSION

TEMPLATES = Path(__file__).resolve().parents[2] / "report"
"""Folder of the HTML templates."""


@cache  # or the templates would be compiled again for every patient
def environment() -> Environment:
    """Where pages are made: every value is escaped, and a name that is not there is an error."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.globals["css"] = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    made.globals["version"] = VERSION
    return made
