"""Tab-separated sheets, read as text: "001" and "1e5" stay what the user wrote."""

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cetux.errors import InputError, Problem

Row = dict[str, str]

MOST_COLUMNS = 1000
"""A sheet with more is no sheet of this workflow: the wrong file, or one that lost its line ends."""

MOST_BYTES = 100_000_000
"""A larger sheet is not read into memory: a BAM was named where a sheet is wanted."""

COMMENT = "# "
"""A line that begins so is a comment: no ID begins with a hash."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ENCODING_MEND = "Save it as tab-separated text in UTF-8"


@dataclass(frozen=True)
class Sheet:
    """Rows of one sheet; `file` is the name to use in messages, `lines` the line of the file of each row."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[int, Row]]:
        """Each row with its line number, as a spreadsheet shows it (the header is 1)."""
        return zip(self.lines, self.rows, strict=True)


def read_sheet(path: str, required: Sequence[str], optional: Sequence[str], *, closed: bool = True) -> Sheet:
    """Read a tab-separated UTF-8 sheet with a header line.

    A byte-order mark, CRLF line ends, quoted cells, blank lines, comment lines (`COMMENT`), spaces around cells and
    empty columns at the end are accepted.

    Args:
        path: the file; also its name in messages.
        required: columns that must be there.
        optional: further columns, empty cells in every row where the sheet lacks them.
        closed: refuse columns that are neither; else they are kept.

    Raises:
        InputError: the file is missing, unreadable, not UTF-8, not tab-separated, empty, has missing, unknown or
            repeated columns, a quote that is not closed, or a row with more cells than the header.
    """
    numbered = _cells(path)
    if not numbered:
        raise InputError([Problem(path, "the sheet is empty", f"Write a header line with: {', '.join(required)}")])
    columns = tuple(_trimmed(numbered[0][1]))
    problems = _column_problems(path, columns, required, optional, closed)
    problems += [
        Problem(path, f"has {len(cells)} cells, the header has {len(columns)}", "Remove the tabs too many", line)
        for line, cells in ((line, _trimmed(cells)) for line, cells in numbered[1:])
        if len(cells) > len(columns)
    ]
    problems += [
        Problem(path, "a cell holds a line break", "Remove it, or the quotation mark that is not closed", line)
        for line, cells in numbered
        if any("\n" in cell.strip() or "\r" in cell.strip() for cell in cells)
    ]
    if problems:
        raise InputError(problems)
    names = [*columns, *(name for name in (*required, *optional) if name not in columns)]
    rows = tuple(
        {name: cells[i].strip() if i < len(cells) else "" for i, name in enumerate(names)} for _, cells in numbered[1:]
    )
    return Sheet(path, columns, rows, tuple(line for line, _ in numbered[1:]))


def quoted(text: str, most: int = 60) -> str:
    """The text as it can be shown in one line of a message: in quotes, shortened, what cannot be seen spelt out.

    >>> quoted("P 01"), quoted("P01\\u200b"), quoted("\\u041001")
    ("'P 01'", "'P01\\\\u200b' (U+200B ZERO WIDTH SPACE)", "'А01' (U+0410 CYRILLIC CAPITAL LETTER A)")
    """
    shown = repr(text if len(text) <= most else text[:most] + "...")
    odd = next((letter for letter in text[:most] if not letter.isascii()), "")
    return f"{shown} (U+{ord(odd):04X} {unicodedata.name(odd, 'without a name')})" if odd else shown


def _cells(path: str) -> list[tuple[int, list[str]]]:
    """Cells of each line that is neither blank nor a comment, with the number of the line that it begins on."""
    reader = csv.reader(io.StringIO(_decode(path), newline=""), delimiter="\t", strict=True)
    numbered: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not cells[0].startswith(COMMENT):
                numbered.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        long = "field limit" in str(error)
        wrong = "a cell is too long" if long else "a quotation mark opens a cell and is not closed at its end"
        mend = "Check that it is the right file" if long else "Remove the mark, or write the cell without marks"
        raise InputError([Problem(path, wrong, mend, line)]) from None
    return numbered


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Cells without the spaces around them and without the empty ones at the end."""
    stripped = [cell.strip() for cell in cells]
    while stripped and not stripped[-1]:
        stripped.pop()
    return stripped


def _decode(path: str) -> str:
    content = _content(path)
    if content.startswith(_UTF16_MARKS) or b"\0" in content:
        wrong = "is UTF-16 or binary (an Excel workbook?), not UTF-8 text"
        raise InputError([Problem(path, wrong, _ENCODING_MEND)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError([Problem(path, "has a character that is not UTF-8", _ENCODING_MEND, line)]) from None


def _content(path: str) -> bytes:
    mend = "Check the path in the cohort's YAML"
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise InputError([Problem(path, "is a folder or a device, not a file", mend)])
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError([Problem(path, f"is larger than {MOST_BYTES // 1_000_000} MB: no sheet", mend)])
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError([Problem(path, "there is no such file", mend)]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError([Problem(path, f"cannot be read ({reason})", "Check its path and permissions")]) from None


def _column_problems(
    path: str, columns: Sequence[str], required: Sequence[str], optional: Sequence[str], closed: bool
) -> list[Problem]:
    if len(columns) > MOST_COLUMNS:
        wrong = f"the header has {len(columns)} columns; at most {MOST_COLUMNS} are read"
        return [Problem(path, wrong, "Check that it is the right file and that its line ends are whole")]
    if len(columns) == 1 and len(required) > 1 and columns[0] not in required:
        instead = " but commas or semicolons" if any(mark in columns[0] for mark in ",;") else ""
        return [Problem(path, f"its header has no tab{instead}", "Save it as tab-separated text")]
    known = [*required, *optional]
    slips = {_plain(name): name for name in columns if name not in known and _plain(name) in map(_plain, known)}
    problems = [
        Problem(
            path,
            f"the column {'stands also' if name in columns else 'is written'} as {quoted(slips[_plain(name)])}",
            "Keep one of the two" if name in columns else f"Rename it to {name}",
            column=name,
        )
        for name in known
        if _plain(name) in slips
    ]
    problems += [
        Problem(path, "the column is missing", f"Add it; the header needs {', '.join(required)}", column=name)
        for name in required
        if name not in columns and _plain(name) not in slips
    ]
    problems += [
        Problem(path, "the column stands twice", "Remove or rename one of the two", column=name)
        for name, count in Counter(columns).items()
        if name and count > 1
    ]
    problems += [
        Problem(path, f"column {number} has no name", "Name it, or remove it", 1)
        for number, name in enumerate(columns, start=1)
        if not name
    ]
    unknown = [name for name in dict.fromkeys(columns) if name and name not in known and _plain(name) not in slips]
    if unknown and closed:
        some = ", ".join(quoted(name) for name in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        wrong = (
            f"the column{'s' if len(unknown) > 1 else ''} {some}{more} {'are' if len(unknown) > 1 else 'is'} not known"
        )
        problems.append(Problem(path, wrong, f"Remove or correct; known: {', '.join(sorted(known))}", 1))
    return problems


def _plain(name: str) -> str:
    """A column's name without what a slip of the hand changes: case, spaces, hyphens, underscores."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
