"""What every run called, and what changed from one to the next and because of what.

The history is a file of JSON lines. A run that changes nothing adds no line; else it adds one with its number, the
inputs that all patients share and how many lines follow, then one for each patient whose call is new, changed or gone,
with the patient's own inputs. Runs are numbered by what they changed; a date would make two equal runs differ (it
stands in the provenance).
"""

import json
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cetux import other_methods, records
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.errors import HistoryError
from cetux.states import Axis, Event, Verdict
from cetux.tables import flags_cell, table_text

Texts = Mapping[str, str]
"""Names and values, both text."""

DIGEST = "digest:"
"""How a value begins that only shows whether something differs, such as a checksum."""

CHANGE_COLUMNS = (
    *("run", "patient", "event", "status_before", "status", "primary_before", "primary"),
    *("further_changes", "because"),
)
"""Columns of changes.tsv; `because` names every recorded input, rule and version that differs."""

_LISTS = ("additional", "annotated", "not_usable", "flags")
_FILE = "results/history/calls.jsonl"


@dataclass(frozen=True)
class Entry:
    """One patient in one run: the call (empty where the patient is gone) and the inputs that are the patient's own."""

    run: int
    patient: str
    event: Event
    call: dict[str, str]
    inputs: dict[str, str]


@dataclass(frozen=True)
class _Run:
    """The line at which a run begins; changes: lines of its patients that follow, None in a file that does not say."""

    run: int
    shared: dict[str, str]
    changes: int | None = None


@dataclass(frozen=True)
class History:
    """Every entry in the order of the runs, and by run the inputs that all its patients share."""

    shared: dict[int, dict[str, str]]
    entries: tuple[Entry, ...] = ()

    def latest(self) -> dict[str, Entry]:
        """The last entry of every patient who is still there."""
        last = {entry.patient: entry for entry in self.entries}
        return {patient: entry for patient, entry in last.items() if entry.event is not Event.REMOVED}


def essentials(patient: PatientCall) -> dict[str, str]:
    """What a call says, by name, without the numbers behind it: two equal texts are the same call.

    Numbers that flags carry (``contamination:2.30%``) belong to it; measured values and reasons in words do not.
    """
    call, reviewed = patient.call, patient.reviewed
    unusable = [axis for axis in Axis if axis in call.axes and call.axes[axis].verdict is Verdict.NOT_USABLE]
    return {
        "class": str(call.resistance_class),
        "status": str(call.status),
        "primary": call.primary,
        "additional": ";".join(sorted(call.additional)),
        "confidence": str(call.confidence),
        "origin": str(call.origin or ""),
        "judged_timepoint": str(call.judged_timepoint or ""),
        **{str(axis): str(state.verdict) for axis, state in call.axes.items()},
        "annotated": ";".join(sorted(call.annotated)),
        "not_usable": ";".join(unusable),
        "flags": flags_cell(sorted((*call.flags, *other_methods.flags(patient.other_methods)))),
        "reviewed_status": str(reviewed.status) if reviewed else "",
        "reviewed_primary": reviewed.primary if reviewed else "",
        "reviewed_confidence": str(reviewed.confidence) if reviewed else "",
    }


def of_cohort(calls: CohortCalls) -> dict[str, dict[str, str]]:
    """The essentials of every patient's call, by patient."""
    return {patient.call.patient: essentials(patient) for patient in calls.patients}


def record(before: History, calls: Mapping[str, Texts], own: Mapping[str, Texts], shared: Texts) -> History:
    """The history with this run's new, changed and gone calls; the same history where there is none.

    Args:
        before: what earlier runs recorded.
        calls: `essentials` of every patient of this run.
        own: inputs of every patient of `calls`, by name.
        shared: inputs of all of them.
    """
    known = before.latest()
    ever = {entry.patient for entry in before.entries}
    run = max(before.shared, default=0) + 1
    entries = [
        Entry(run, patient, _event(patient, known, ever), dict(call), dict(own[patient]))
        for patient, call in sorted(calls.items())
        if patient not in known or known[patient].call != call
    ]
    gone = sorted(set(known) - set(calls))
    entries += [Entry(run, patient, Event.REMOVED, {}, {}) for patient in gone]
    if not entries:
        return before
    return History({**before.shared, run: dict(shared)}, (*before.entries, *entries))


def _event(patient: str, known: Container[str], ever: Container[str]) -> Event:
    if patient in known:
        return Event.CHANGED
    return Event.RETURNED if patient in ever else Event.NEW


def read(path: str) -> History:
    """The history in the file at `path`; an empty one in a first run, which has none.

    Raises:
        HistoryError: the file is empty, no text, or one of its lines is damaged or missing.
    """
    if not Path(path).exists():
        return History({})
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _damaged("the file is no text") from None
    if not text.strip():
        raise _damaged("the file is empty")
    return from_text(text)


def to_text(history: History) -> str:
    """The history as JSON lines, each run's shared inputs before its patients."""
    lines: list[_Run | Entry] = []
    for run, shared in sorted(history.shared.items()):
        entries = [entry for entry in history.entries if entry.run == run]
        lines += [_Run(run, shared, len(entries)), *entries]
    return "".join(json.dumps(asdict(line), sort_keys=True) + "\n" for line in lines)


def from_text(text: str) -> History:
    """The history from its JSON lines.

    Raises:
        HistoryError: a line is no line of a history, as one that was cut off, or a run has fewer lines than it says.
    """
    shared: dict[int, dict[str, str]] = {}
    entries: list[Entry] = []
    begins, awaited, row = 1, 0, 0
    for row, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
        found = _parsed(line)
        if found is None:
            raise _damaged("the line is no entry of a history", row, begins)
        if isinstance(found, Entry):
            entries.append(found)
            shared.setdefault(found.run, {})
            awaited = max(awaited - 1, 0)
            continue
        if awaited:
            raise _damaged(f"lines missing before this one: {awaited}", row, begins)
        shared[found.run] = found.shared
        begins, awaited = row, found.changes or 0
    if awaited:
        raise _damaged(f"lines missing after this one: {awaited}", row, begins)
    return History(shared, tuple(entries))


def _parsed(line: str) -> _Run | Entry | None:
    with suppress(ValueError):
        return records.from_json(_Run, line)
    with suppress(ValueError):
        return records.from_json(Entry, line)
    return None


def _damaged(wrong: str, row: int | None = None, begins: int = 1) -> HistoryError:
    """begins: the row at which the run begins whose lines are damaged."""
    mend = (
        "Restore the file from a backup; or delete it, and the next run begins a new history: every call is new in it"
    )
    if begins > 1:
        mend = (
            f"Restore the file from a backup; or delete its rows from {begins} on: what they say is lost, and the next "
            "run records how the calls differ from those before them"
        )
    return HistoryError(_FILE, wrong, mend, row)


def changes_table(history: History) -> str:
    """The text of changes.tsv: one row per entry of the history, oldest first."""
    return table_text(CHANGE_COLUMNS, _change_rows(history))


def _change_rows(history: History) -> Iterator[list[object]]:
    last: dict[str, Entry] = {}
    for entry in history.entries:
        before = last.get(entry.patient)
        if entry.event is not Event.REMOVED:
            last[entry.patient] = entry
        old: Texts = before.call if before else {}
        further = [
            _moved(name, old.get(name, ""), entry.call.get(name, ""))
            for name in dict.fromkeys((*old, *entry.call))
            if name not in ("status", "primary") and old.get(name) != entry.call.get(name)
        ]
        yield [
            *(entry.run, entry.patient, entry.event, old.get("status"), entry.call.get("status")),
            *(
                old.get("primary"),
                entry.call.get("primary"),
                "; ".join(further) if entry.event in (Event.CHANGED, Event.RETURNED) else "",
            ),
            "; ".join(_because(before, entry, history.shared)),
        ]


def _moved(name: str, before: str, after: str) -> str:
    """One field of a call that changed; of a list what came (+) and what went (-)."""
    if name not in _LISTS:
        return f"{name} {_shown(before)} -> {_shown(after)}"
    old, new = before.split(";"), after.split(";")
    came = [f"+{one}" for one in new if one and one not in old]
    went = [f"-{one}" for one in old if one and one not in new]
    return f"{name} {' '.join((*came, *went))}"


def _because(before: Entry | None, after: Entry, shared: Mapping[int, Texts]) -> list[str]:
    if after.event is Event.REMOVED:
        return ["the patient is no longer in the sheets"]
    if before is None:
        return ["first call of this patient"]
    again = ["the patient is in the sheets again"] if after.event is Event.RETURNED else []
    found = again + differences(
        {**shared[before.run], **before.inputs},
        {**shared[after.run], **after.inputs},
    )
    return found or ["nothing that is recorded here differs"]


def differences(before: Texts, after: Texts) -> list[str]:
    """What differs between two sets of inputs, in words, group by group.

    A name reads ``group: item``; a group of which every item came or went is one difference, and so are all items of a
    group of which only the digest differs.

    >>> differences({"settings: amp_copies": "6"}, {"settings: amp_copies": "5", "sample S1: BAM": "digest:1"})
    ['sample S1 added', 'settings: amp_copies 6 -> 5']
    """
    old, new = _by_group(before), _by_group(after)
    came = [f"{group} added" for group in sorted(set(new) - set(old))]
    went = [f"{group} removed" for group in sorted(set(old) - set(new))]
    both = sorted(set(old) & set(new))
    return [*came, *went, *(words for group in both for words in _in_group(group, old[group], new[group]))]


def _by_group(inputs: Texts) -> dict[str, dict[str, str]]:
    """Values by group and item."""
    found: dict[str, dict[str, str]] = {}
    for name, value in inputs.items():
        group, _, item = name.partition(": ")
        found.setdefault(group, {})[item] = value
    return found


def _in_group(group: str, before: Texts, after: Texts) -> Iterator[str]:
    items = sorted(item for item in {*before, *after} if before.get(item) != after.get(item))
    digests = [item for item in items if item in before and item in after and before[item].startswith(DIGEST)]
    if digests:
        yield f"{group}: {', '.join(digests)} changed"
    for item in (item for item in items if item not in digests):
        if item in before and item in after:
            yield f"{group}: {item} {_shown(before[item])} -> {_shown(after[item])}"
        else:
            yield f"{group}: {item} {'added' if item in after else 'removed'}"


def _shown(value: str) -> str:
    return value or "nothing"
