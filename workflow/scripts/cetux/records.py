"""Records on disk: any frozen dataclass of this package as JSON, written whole or not at all."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

Record = TypeVar("Record")


def to_json(record: object) -> str:
    """The record as indented JSON text with a final newline; raises ValueError on NaN or infinity."""
    adapter: TypeAdapter[object] = TypeAdapter(type(record))
    return json.dumps(adapter.dump_python(record, mode="json"), indent=2, allow_nan=False) + "\n"


def from_json(kind: type[Record], text: str) -> Record:
    """A record of `kind` from its JSON text; raises pydantic.ValidationError where the text does not fit."""
    return TypeAdapter(kind).validate_json(text)


def read(kind: type[Record], path: str | Path) -> Record:
    """A record of `kind` from the file at `path`."""
    return from_json(kind, Path(path).read_text(encoding="utf-8"))


def read_if(kind: type[Record], path: str | Path | None) -> Record | None:
    """A record of `kind` from the file at `path`; None where there is no path."""
    return read(kind, path) if path else None


def write(record: object, path: str | Path) -> None:
    """Write the record to `path`, whole or not at all."""
    write_text(to_json(record), path)


def write_text(text: str, path: str | Path) -> None:
    """Write `text` to `path` through a temporary neighbour, so that no half-written file is ever taken for whole."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
