"""Write config/config.yaml and config/README.md from the schemas: ``python -m cetux.config_docs [FOLDER]``."""

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cetux.settings import SCHEMAS, schema

FOLDER = Path(__file__).resolve().parents[3] / "config"
"""Where the two files stand in the repository."""

COMMAND = "PYTHONPATH=workflow/scripts python -m cetux.config_docs"
"""How they are made again."""

_WIDTH = 110
_NUMBERS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_UNITS = {
    "pg_per_ml": "pg/mL",
    "fraction": "fraction",
    "vaf": "fraction",
    "purity": "fraction",
    "quantile": "fraction",
    "level": "fraction",
    "per_sample": "detections per sample",
    "bp": "bp",
    "days": "days",
    "log2": "log2",
    "quality": "Phred",
    "copies": "copies per cell",
    "copies_low": "copies per cell",
    "ploidy": "copies per cell",
    "bins": "bins",
    "bins_per_control": "bins",
    "amplicons": "amplicons",
    "loci": "loci",
    "fragments": "fragments",
    "bootstrap_samples": "resamples",
    "ratio": "ratio",
    "factor": "ratio",
    "percent": "%",
    "minutes": "minutes",
    "da": "Da",
    "ng": "ng",
    "se": "log2",
    "dilution": "fold",
    "start": "ISO date, or 0",
    "dose": "ISO date, or days",
    "progression": "ISO date, or days",
    "contact": "ISO date, or days",
    "collected": "ISO date, or days",
}


def template() -> str:
    """A cohort's YAML with every key: needed ones filled in, the others commented out at their default.

    A line that begins with ``# `` is prose; one that begins with ``#`` alone is a setting to uncomment.
    """
    lines = [
        f"# Made from workflow/schemas/config.schema.yaml by: {COMMAND}",
        "# Copy it beside your sheets, rename it to cohort.yaml and edit it. What is commented out holds its default:",
        "# take the # away from the key, and from the keys above it, to change one. More in config/README.md.",
        "",
    ]
    for key, part in schema("config")["properties"].items():
        lines += [*_setting(key, part, key in schema("config")["required"], 0), ""]
    return "\n".join(lines[:-1]) + "\n"


def _setting(key: str, part: Mapping[str, Any], needed: bool, depth: int) -> Iterator[str]:
    """Lines of one key: its description, the key, and what stands below it."""
    indent = "  " * depth
    for line in textwrap.wrap(prose(part, needed), _WIDTH - len(indent)):
        yield f"{indent}# {line}"
    mark = indent if needed else f"{indent}#"
    entry = part.get("additionalProperties")
    if isinstance(entry, Mapping):
        yield f"{mark}{key}:"
        yield f"{indent}  panel:"
        for name, below in entry["properties"].items():
            yield from _setting(name, below, name in entry["required"], depth + 2)
    elif part.get("type") == "array":
        yield f"{mark}{key}: {_value(part)}"
    elif "properties" in part:
        yield f"{mark}{key}:"
        for name, below in part["properties"].items():
            yield from _setting(name, below, False, depth + 1)
    else:
        yield f"{mark}{key}: {_value(part)}"
    if "properties" in part.get("items", {}):
        yield f"{indent}# Each entry holds:"
        for name, below in part["items"]["properties"].items():
            text = f"{name}: {prose(below, True)}"
            yield from textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}#   ", subsequent_indent=f"{indent}#     ")


def prose(part: Mapping[str, Any], needed: bool) -> str:
    """The description with the values allowed; of an unneeded key also that it has no default."""
    simple = "properties" not in part and not isinstance(part.get("additionalProperties"), Mapping)
    bare = simple and not needed and "default" not in part
    return (
        str(part["description"])
        + (f" Allowed: {_allowed(part)}." if "enum" in part else "")
        + (" No default." if bare and "No default" not in part["description"] else "")
    )


def _value(part: Mapping[str, Any]) -> str:
    """A default, or else an example or the first allowed value, as YAML."""
    choices = [part.get("default"), *part.get("examples", []), *part.get("enum", [])]
    chosen = next((choice for choice in choices if choice is not None), None)
    return "..." if chosen is None else yaml.safe_dump(chosen).splitlines()[0]


def readme() -> str:
    """Every key of the YAML and every column of the sheets, in tables."""
    text = [
        "# A cohort's YAML and sheets",
        "",
        f"Made from `workflow/schemas/` by `{COMMAND}`; edit the schemas, not this page.",
        "",
        "`config.yaml` is a template of the YAML with all keys; the `.tsv` files are templates of the sheets.",
        "",
        *_section("config", "The YAML", _config_rows(schema("config"))),
    ]
    for name in _sheets():
        properties = schema(name)["properties"]
        rows = [_row(key, part, key in schema(name)["required"], "column") for key, part in properties.items()]
        text += ["", *_section(name, f"`{schema(name)['title']}`", rows)]
    return "\n".join(text) + "\n"


def _sheets() -> list[str]:
    """Names of the schemas of sheets, those that a cohort must have first."""
    names = sorted(path.name.removesuffix(".schema.yaml") for path in SCHEMAS.glob("*.schema.yaml"))
    first = [name for name in ("samples", "patients", "heregulin") if name in names]
    return [*first, *(name for name in names if name not in (*first, "config", "mechanisms"))]


def _section(name: str, title: str, rows: Sequence[str]) -> list[str]:
    head = (
        "| key | meaning | unit | allowed | default |"
        if name == "config"
        else ("| column | meaning | unit | allowed | needed |")
    )
    return [f"## {title}", "", str(schema(name)["description"]), "", head, "|---|---|---|---|---|", *rows]


def _config_rows(part: Mapping[str, Any], where: str = "") -> list[str]:
    rows: list[str] = []
    for key, below in part.get("properties", {}).items():
        rows.append(_row(f"{where}{key}", below, key in part.get("required", []), "key"))
        entry = below.get("additionalProperties")
        if isinstance(entry, Mapping):
            rows += _config_rows(entry, f"{where}{key}.ID.")
        elif "items" in below:
            rows += _config_rows(below["items"], f"{where}{key}[].")
        else:
            rows += _config_rows(below, f"{where}{key}.")
    return rows


def _row(name: str, part: Mapping[str, Any], needed: bool, kind: str) -> str:
    if kind == "column":
        last = "yes" if needed else "no"
    elif needed:
        last = "needed"
    else:
        default = part.get("default")
        last = "" if default is None or default in ({}, []) else f"`{_value(part)}`"
    meaning = str(part["description"]).replace("<", "&lt;")
    cells = [f"`{name}`", meaning, _unit(name), _allowed(part), last]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _unit(name: str) -> str:
    """The unit that a key's or column's name ends on."""
    words = name.rsplit(".", 1)[-1].split("_")
    endings = ("_".join(words[start:]) for start in range(len(words)))
    return next((_UNITS[ending] for ending in endings if ending in _UNITS), "")


def _allowed(part: Mapping[str, Any]) -> str:
    """Allowed values in words: a choice, a range, or an example of the text."""
    if "enum" in part:
        return ", ".join(str(value) if value != "" else "empty" for value in part["enum"])
    signs = dict(zip(_NUMBERS, ("at least", "above", "at most", "below"), strict=True))
    bounds = [f"{signs[key]} {part[key]:g}" for key in _NUMBERS if key in part]
    if bounds:
        return ("whole, " if part.get("type") == "integer" else "") + " and ".join(bounds)
    if part.get("type") == "boolean":
        return "true, false"
    examples = [f"`{example}`" for example in part.get("examples", []) if example != ""]
    return f"such as {' or '.join(examples)}" if examples else ""


def write(folder: Path = FOLDER) -> None:
    """Write both files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(template(), encoding="utf-8")
    (folder / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:2]))
