"""The history of calls: what changed between runs, because of what, and that no call changes without a row."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mechanism_cases import PRE, RULES, evidence, override_of, patient, sample

from cetux import history
from cetux.cohort_calls import call_cohort
from cetux.errors import HistoryError
from cetux.history import History, changes_table, differences, from_text, of_cohort, record, to_text
from cetux.states import Event

CALL = {"status": "NONE_DETECTED", "primary": "", "confidence": "HIGH", "flags": "a;b"}
AMPLIFIED = {"status": "MECHANISM", "primary": "ERBB2_AMP", "confidence": "HIGH", "flags": "b;c"}
SETTINGS = {"settings: erbb2.amp_copies": "6", "code: call_erbb2": "digest:1"}
OWN = {"sample S1: BAM": "digest:aa", "patients.tsv: best_response": "PD"}


def rows(found: History) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(changes_table(found)), delimiter="\t", quoting=csv.QUOTE_NONE))


def run(before: History, calls, own=None, shared=None) -> History:
    own = own or dict.fromkeys(calls, OWN)
    return record(before, calls, own, SETTINGS if shared is None else shared)


FIRST = run(History({}), {"P1": CALL, "P2": CALL})


def test_a_first_run_is_all_new() -> None:
    assert [(row["run"], row["patient"], row["event"], row["status"]) for row in rows(FIRST)] == [
        ("1", "P1", "NEW", "NONE_DETECTED"),
        ("1", "P2", "NEW", "NONE_DETECTED"),
    ]
    assert {row["because"] for row in rows(FIRST)} == {"first call of this patient"}


def test_a_run_that_changes_nothing_adds_nothing() -> None:
    again = run(FIRST, {"P2": CALL, "P1": CALL}, shared={"settings: erbb2.amp_copies": "5"})
    assert again is FIRST
    assert to_text(again) == to_text(FIRST)


def test_what_changed_and_why() -> None:
    own = {"P1": OWN | {"sample S1: BAM": "digest:bb"}, "P2": OWN}
    shared = SETTINGS | {
        "settings: erbb2.amp_copies": "5",
        "code: call_erbb2": "digest:2",
        "plate run3: file": "digest:9",
    }
    second = run(FIRST, {"P1": AMPLIFIED, "P2": CALL}, own, shared)
    *_, row = rows(second)
    assert len(rows(second)) == 3
    assert row == {
        "run": "2",
        "patient": "P1",
        "event": "CHANGED",
        "status_before": "NONE_DETECTED",
        "status": "MECHANISM",
        "primary_before": "",
        "primary": "ERBB2_AMP",
        "further_changes": "flags +c -a",
        "because": "; ".join(
            (
                "plate run3 added",
                "code: call_erbb2 changed",
                "sample S1: BAM changed",
                "settings: erbb2.amp_copies 6 -> 5",
            )
        ),
    }


def test_causes_are_counted_from_the_run_that_recorded_the_call() -> None:
    """A threshold moves twice; only the second move changes the call: from 6 to 4, not from 5."""
    unmoved = run(FIRST, {"P1": CALL, "P2": CALL}, shared={"settings: erbb2.amp_copies": "5"})
    moved = run(unmoved, {"P1": AMPLIFIED, "P2": CALL}, shared=SETTINGS | {"settings: erbb2.amp_copies": "4"})
    assert rows(moved)[-1]["because"] == "settings: erbb2.amp_copies 6 -> 4"


def test_a_change_without_a_known_cause_says_so() -> None:
    found = run(FIRST, {"P1": AMPLIFIED, "P2": CALL})
    assert rows(found)[-1]["because"] == "nothing that is recorded here differs"


def test_a_patient_who_is_gone_and_comes_back() -> None:
    gone = run(FIRST, {"P1": CALL})
    assert (rows(gone)[-1]["event"], rows(gone)[-1]["status_before"], rows(gone)[-1]["status"]) == (
        "REMOVED",
        "NONE_DETECTED",
        "",
    )
    assert run(gone, {"P1": CALL}) is gone
    back = run(gone, {"P1": CALL, "P2": AMPLIFIED})
    assert (rows(back)[-1]["run"], rows(back)[-1]["event"]) == ("3", "RETURNED")


calls = st.dictionaries(st.sampled_from(["P1", "P2", "P3"]), st.sampled_from([CALL, AMPLIFIED, CALL | {"flags": ""}]))


@given(st.lists(calls, max_size=6))
def test_no_call_ever_changes_without_a_row(runs: list[dict[str, dict[str, str]]]) -> None:
    found, last = History({}), {}
    for number, called in enumerate(runs, start=1):
        before = len(rows(found))
        found = from_text(to_text(run(found, called)))
        changed = {p for p in {*called, *last} if called.get(p) != last.get(p)}
        assert sorted(row["patient"] for row in rows(found)[before:]) == sorted(changed), number
        assert {patient: entry.call for patient, entry in found.latest().items()} == called
        last = called


@given(st.lists(calls, max_size=4))
def test_the_history_is_read_back_as_written(runs: list[dict[str, dict[str, str]]]) -> None:
    found = History({})
    for called in runs:
        found = run(found, called)
    assert from_text(to_text(found)) == found
    assert all(set(json.loads(line)) >= {"run"} for line in to_text(found).splitlines())


SECOND = run(FIRST, {"P1": AMPLIFIED, "P3": CALL})


@pytest.mark.fault
@given(st.integers(1, len(to_text(SECOND)) - 1))
def test_wherever_a_file_breaks_off_it_is_damaged_or_holds_whole_runs(left: int) -> None:
    """Never is a part of a run taken for a run; without its last line end a file is whole."""
    text = to_text(SECOND)[:left]
    if text == to_text(FIRST):
        assert from_text(text) == FIRST
    elif text + "\n" in (to_text(FIRST), to_text(SECOND)):
        assert from_text(text) == from_text(text + "\n")
    else:
        with pytest.raises(HistoryError):
            from_text(text)


@pytest.mark.fault
@pytest.mark.parametrize("line", range(1, 8))
def test_what_the_message_says_mends_a_damaged_line(line: int, tmp_path) -> None:
    """Run 1 has lines 1 to 3, run 2 lines 4 to 7: of a damage in run 2 run 1 is kept."""
    whole = to_text(SECOND).splitlines()
    assert [json.loads(one)["run"] for one in whole] == [1, 1, 1, 2, 2, 2, 2]
    torn = [one[: len(one) // 2] if number == line else one for number, one in enumerate(whole, start=1)]
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(torn) + "\n", encoding="utf-8")
    with pytest.raises(HistoryError, match=rf"calls.jsonl, row {line}: the line is no entry of a history") as found:
        history.read(str(path))
    message = str(found.value)
    assert "Restore the file from a backup" in message
    begins = 4 if line > 4 else 1
    assert ("delete its rows from 4 on: what they say is lost" in message) is (begins == 4)
    assert ("delete it, and the next run begins a new history" in message) is (begins == 1)
    path.write_text("".join(f"{one}\n" for one in whole[: begins - 1]), encoding="utf-8")
    if begins == 1:
        path.unlink()
    kept = history.read(str(path))
    assert kept == (FIRST if begins == 4 else History({}))
    mended = run(kept, {"P1": AMPLIFIED, "P3": CALL})
    assert {patient: entry.call for patient, entry in mended.latest().items()} == {"P1": AMPLIFIED, "P3": CALL}


@pytest.mark.fault
@pytest.mark.parametrize(
    "line", ["{", "[]", '{"run": 1}', '{"run": 1, "patient": "P1", "event": "ODD"}', "", "\0" * 512]
)
def test_a_damaged_line_is_named(line: str) -> None:
    with pytest.raises(HistoryError, match=r"results/history/calls.jsonl, row 2: the line is no entry of a history"):
        from_text(to_text(FIRST).split("\n")[0] + f"\n{line}\n")


@pytest.mark.fault
def test_lines_that_are_missing_are_counted() -> None:
    lines = to_text(SECOND).splitlines()
    with pytest.raises(HistoryError, match=r"row 3: lines missing before this one: 1"):
        from_text("\n".join(lines[:2] + lines[3:]))
    with pytest.raises(HistoryError, match=r"row 5: lines missing after this one: 2"):
        from_text("\n".join(lines[:5]))
    unsaid = [{key: value for key, value in json.loads(line).items() if key != "changes"} for line in lines]
    assert from_text("\n".join(map(json.dumps, unsaid))) == SECOND, "a file that does not say how many is read, too"


@pytest.mark.fault
@pytest.mark.parametrize(
    ("content", "wrong"), [(b"", "the file is empty"), (b"\n", "the file is empty"), (b"\xff\xfe\0", "is no text")]
)
def test_an_empty_or_unreadable_file_is_no_first_run(content: bytes, wrong: str, tmp_path) -> None:
    (tmp_path / "calls.jsonl").write_bytes(content)
    with pytest.raises(HistoryError, match=wrong) as found:
        history.read(str(tmp_path / "calls.jsonl"))
    message = str(found.value)
    assert message.startswith(
        "the memory of earlier runs is damaged; nothing was added to it.\n  results/history/calls"
    )
    assert (
        "(a disk that was full, a copy that broke off, an edit?). Restore the file from a backup; or delete" in message
    )


def test_a_deleted_file_begins_anew(tmp_path) -> None:
    assert history.read(str(tmp_path / "calls.jsonl")) == History({})
    (tmp_path / "calls.jsonl").write_text(to_text(FIRST), encoding="utf-8")
    assert history.read(str(tmp_path / "calls.jsonl")) == FIRST


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"sample S: BAM": "digest:1"}, {"sample S: BAM": "digest:2"}, ["sample S: BAM changed"]),
        ({"sample S: purity": "0.5"}, {"sample S: purity": ""}, ["sample S: purity 0.5 -> nothing"]),
        ({}, {"sample S: BAM": "digest:1", "sample S: purity": "1"}, ["sample S added"]),
        ({"override RAS pre: review": "x"}, {}, ["override RAS pre removed"]),
        ({"code: a": "digest:1"}, {"code: a": "digest:1", "code: b": "digest:2"}, ["code: b added"]),
        ({"package: numpy": "2.3.5"}, {"package: numpy": "2.3.6"}, ["package: numpy 2.3.5 -> 2.3.6"]),
        (
            {"code: a": "digest:1", "code: b": "digest:1", "code: c": "digest:1"},
            {"code: a": "digest:2", "code: b": "digest:1", "code: c": "digest:2"},
            ["code: a, c changed"],
        ),
        ({"a: b": "1"}, {"a: b": "1"}, []),
    ],
)
def test_differences_in_words(before: dict[str, str], after: dict[str, str], words: list[str]) -> None:
    assert differences(before, after) == words


def test_essentials_are_what_the_tables_say_without_numbers() -> None:
    one = evidence(patient(), [sample(PRE, name="pre", KRAS="MUT G12D 30%")], pre="LOW 420")
    other = evidence(patient(), [sample(PRE, name="pre", KRAS="MUT G12D 31%")], pre="LOW 430")
    said = override_of({"axis": "RAS", "state": "WT"})
    found = of_cohort(call_cohort([one], RULES))
    assert found == of_cohort(call_cohort([other], RULES))
    assert (found["P1"]["status"], found["P1"]["primary"]) == ("MECHANISM", "RAS_MUT(KRAS G12D)")
    assert (found["P1"]["RAS"], found["P1"]["reviewed_status"]) == ("POSITIVE", "")
    reviewed = of_cohort(call_cohort([one], RULES, overrides=[said]))
    assert reviewed["P1"]["reviewed_status"] == "NONE_DETECTED"
    assert (
        record(record(History({}), found, {"P1": {}}, {}), reviewed, {"P1": {}}, {}).entries[-1].event is Event.CHANGED
    )
