"""The heregulin of a cohort: what is remembered from one run to the next."""

from pathlib import Path

import pytest
from tests.unit.mechanism_cases import PRE, heregulin

from cetux import records
from cetux.errors import HistoryError
from cetux.heregulin_calls import HeregulinCalls, _last_results

RESULT = heregulin(PRE, "LOW 420")
CALLS = HeregulinCalls((), (RESULT,), {})


def test_the_results_of_the_last_run_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "heregulin.json"
    assert _last_results(str(path)) == ()
    records.write(CALLS, path)
    assert _last_results(str(path)) == (RESULT,)


def test_fields_of_another_version_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "heregulin.json"
    text = records.to_json(CALLS)
    path.write_text(text.replace('"cutoffs": [],', '"was": 1,'), encoding="utf-8")
    assert '"was": 1' in path.read_text(encoding="utf-8")
    assert _last_results(str(path)) == (RESULT,)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "the file is empty"),
        (b"\n", "it is no record of heregulin calls"),
        (b"\0" * 100, "it is no record of heregulin calls"),
        (b"\xff\xfe", "it is no record of heregulin calls"),
        (b"{}", "it is no record of heregulin calls"),
        (b"[1]", "it is no record of heregulin calls"),
        (records.to_json(CALLS).encode()[:-20], "it is no record of heregulin calls"),
        (records.to_json(CALLS).replace('"LOW"', '"HGIH"').encode(), "it is no record of heregulin calls"),
    ],
)
def test_a_damaged_memory_is_named_and_never_taken_for_a_first_run(content: bytes, wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "heregulin.json"
    path.write_bytes(content)
    with pytest.raises(HistoryError) as found:
        _last_results(str(path))
    message = str(found.value)
    assert f"{path}: {wrong}" in message
    assert "Restore it from a backup; or delete it, and this run names no call that a cut-off moved" in message
    assert path.read_bytes() == content
