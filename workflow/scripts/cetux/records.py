"""Records on disk: any frozen dataclass of this package as JSON, written whole or not at all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

Record = TypeVar("Record")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def to_json(record: object) -> str:
    """The record as indented JSON text with a final newline; raises ValueError on NaN or infinity."""
    return "".join(_chunks(record))


def _chunks(record: object) -> Iterator[str]:
    dumped = _adapter(type(record)).dump_python(record, mode="json")
    yield from json.JSONEncoder(indent=2, allow_nan=False).iterencode(dumped)
    yield "\n"


def from_json(kind: type[Record], text: str) -> Record:
    """A record of `kind` from its JSON text; raises pydantic.ValidationError where the text does not fit."""
    read_record: Record = _adapter(kind).validate_json(text)
    return read_record


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Made once a kind: it costs more than reading a record, and a cohort's joins read thousands."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def read(kind: type[Record], path: str | Path) -> Record:
    """A record of `kind` from the file at `path`."""
    return from_json(kind, Path(path).read_text(encoding="utf-8"))


def read_if(kind: type[Record], path: str | Path | None) -> Record | None:
    """A record of `kind` from the file at `path`; None where there is no path."""
    return read(kind, path) if path else None


def write(record: object, path: str | Path) -> None:
    """Write the record to `path`, whole or not at all, piece by piece: the text of a large cohort takes 100 MB."""
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        file.writelines(_chunks(record))


def write_text(text: str, path: str | Path) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """A temporary neighbour of `path` to write to, for a ``with`` block: no half-written file is ever taken for whole.

    It takes the place of `path` where the block ends well, and is removed where it fails (the disk is full).
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
