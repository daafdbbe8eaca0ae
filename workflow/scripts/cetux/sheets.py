"""Tab-separated sheets, read as text: "001" and "1e5" stay what the user wrote."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cetux.errors import InputError, Problem

Row = dict[str, str]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sheet:
    """Rows of one sheet; `file` is the name to use in messages, `lines` the line of the file that each row ends on."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[int, Row]]:
        """Each row with its line number, as a spreadsheet shows it (the header is 1)."""
        return zip(self.lines, self.rows, strict=True)


def read_sheet(path: str, required: Sequence[str], optional: Sequence[str] | None) -> Sheet:
    """Read a tab-separated UTF-8 sheet with a header line.

    A byte-order mark, CRLF line ends, quoted cells, blank lines and spaces around cells are accepted.

    Args:
        path: the file; also its name in messages.
        required: columns that must be there.
        optional: further columns allowed; None allows any.

    Raises:
        InputError: the file is missing, unreadable, not UTF-8, not tab-separated, empty, has missing, unknown or
            repeated columns, or a row with more cells than the header.
    """
    reader = csv.reader(io.StringIO(_decode(path), newline=""), delimiter="\t")
    numbered = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    if not numbered:
        raise InputError([Problem(path, "the sheet is empty", f"Write a header line with: {', '.join(required)}")])
    columns = tuple(cell.strip() for cell in numbered[0][1])
    problems = _column_problems(path, columns, required, optional)
    problems += [
        Problem(path, f"has {len(cells)} cells, the header has {len(columns)}", "Remove the tabs too many", line)
        for line, cells in numbered[1:]
        if any(cell.strip() for cell in cells[len(columns) :])
    ]
    if problems:
        raise InputError(problems)
    names = [*columns, *(name for name in (*required, *(optional or ())) if name not in columns)]
    rows = tuple(
        {name: cells[i].strip() if i < len(cells) else "" for i, name in enumerate(names)} for _, cells in numbered[1:]
    )
    return Sheet(path, columns, rows, tuple(line for line, _ in numbered[1:]))


def _decode(path: str) -> str:
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError([Problem(path, "there is no such file", "Check the path in the cohort's YAML")]) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError([Problem(path, f"cannot be read ({reason})", "Check its permissions")]) from None
    mend = "Save it as tab-separated text in UTF-8"
    if content.startswith(_UTF16_MARKS) or b"\0" in content:
        raise InputError([Problem(path, "is UTF-16 or binary (an Excel workbook?), not UTF-8 text", mend)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError([Problem(path, "has a character that is not UTF-8", mend, line)]) from None


def _column_problems(
    path: str, columns: Sequence[str], required: Sequence[str], optional: Sequence[str] | None
) -> list[Problem]:
    if len(columns) == 1 and any(mark in columns[0] for mark in ",;"):
        return [Problem(path, "its header has no tab but commas or semicolons", "Save it as tab-separated text")]
    problems = [
        Problem(path, "the column is missing", f"Add it; the header needs {', '.join(required)}", column=name)
        for name in required
        if name not in columns
    ]
    problems += [
        Problem(path, "the column stands twice", "Remove or rename one of the two", column=name)
        for name in sorted({name for name in columns if columns.count(name) > 1})
    ]
    known = {*required, *(optional or ())}
    if optional is not None:
        problems += [
            Problem(path, "the column is not known", f"Known columns: {', '.join(sorted(known))}", column=name)
            for name in sorted(set(columns) - known)
        ]
    return problems
