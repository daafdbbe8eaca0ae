"""Records are written whole or not at all, and piece by piece as in one."""

import json
import resource
from dataclasses import dataclass
from pathlib import Path

import pytest

from cetux import records


@dataclass(frozen=True)
class Thing:
    name: str
    values: tuple[float, ...] = ()


def test_what_is_written_is_the_text_and_is_read_back(tmp_path: Path) -> None:
    thing = Thing("ü", (0.1, 1e-7, 3.0))
    records.write(thing, tmp_path / "thing.json")
    text = (tmp_path / "thing.json").read_text(encoding="utf-8")
    assert text == records.to_json(thing)
    assert text == json.dumps({"name": "ü", "values": [0.1, 1e-7, 3.0]}, indent=2) + "\n"
    assert records.read(Thing, tmp_path / "thing.json") == thing


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused_and_leaves_the_file_as_it_was(tmp_path: Path, value: float) -> None:
    records.write(Thing("before"), tmp_path / "thing.json")
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.write(Thing("after", (value,)), tmp_path / "thing.json")
    assert records.read(Thing, tmp_path / "thing.json") == Thing("before")
    assert [path.name for path in tmp_path.iterdir()] == ["thing.json"]


@pytest.mark.fault
def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    """A file may not grow beyond 8 kB, as with a disk or a quota that is full."""
    records.write_text("before", tmp_path / "text")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            records.write_text("x" * 10_000, tmp_path / "text")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "text").read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
