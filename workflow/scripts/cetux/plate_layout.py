"""What lies in each well of a plate: grids and lists of names, read from the cells of any table.

A layout is a grid (letters down, numbers across) of names, or a list with one row per well. Names in a grid:

    STD62.5, STD 62.5   a standard of that concentration, in the plate's unit; or any name that `standards`
    lists
    BLANK, BLK          a blank: all reagents, no sample
    QC..., CTRL...      a quality control; or any name that `qc_targets` lists with its concentration
    Empty, -, nothing   not used
    any other           a sample; ``@10`` behind it says that it is diluted tenfold (``P01:pre@10``)
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cetux.errors import Problem
from cetux.measurement import number_problem

Cells = Sequence[Sequence[str]]
"""A table as text; rows may differ in length."""

COLUMNS = ("plate", "well", "role", "level", "sample", "dilution", "masked")
"""Columns of a layout list; a tidy file has `od` besides."""

_WELL = re.compile(r"([A-P])0*([1-9]|1\d|2[0-4])", re.IGNORECASE)
_STANDARD = re.compile(r"(?:STD|STANDARD)[ _]*(\d+\.?\d*|\.\d+)", re.IGNORECASE)
_CONTROL = re.compile(r"(?:QC|CTRL|CONTROL).*", re.IGNORECASE)
_DILUTED = re.compile(r"(.+?)\s*@\s*([\d.]+)")
_UNUSED = ("", "-", "EMPTY")
_CORNERS = ("", "<>")
_BLANKS = ("BLANK", "BLK")
_YES_NO = {"": False, "no": False, "yes": True}


class Role(StrEnum):
    """What a well holds."""

    STANDARD = "standard"
    UNKNOWN = "unknown"
    BLANK = "blank"
    QC = "qc"


@dataclass(frozen=True)
class Content:
    """What lies in one well.

    sample: its name on the plate. level: nominal concentration of a standard or control, in the plate's unit,
    >= 0. dilution: fold, >= 1. masked: the laboratory took the well out.
    """

    role: Role
    sample: str = ""
    level: float | None = None
    dilution: float = 1.0
    masked: bool = False


@dataclass(frozen=True)
class Names:
    """Concentrations, in the plate's unit, of names that do not say them: standards (S1) and controls
    (QC_LOW).
    """

    standards: Mapping[str, float] = field(default_factory=dict)
    controls: Mapping[str, float] = field(default_factory=dict)


def well_name(text: str) -> str | None:
    """A well's name as letter and number; None where the text is none.

    >>> well_name("a01"), well_name("H12"), well_name("Z3")
    ('A1', 'H12', None)
    """
    match = _WELL.fullmatch(text.strip())
    return f"{match[1].upper()}{int(match[2])}" if match else None


def content_of(name: str, names: Names) -> Content | None:
    """What a name in a grid says of its well; None where the well is not used.

    >>> content_of("STD62.5", Names())
    Content(role=<Role.STANDARD: 'standard'>, sample='STD62.5', level=62.5, dilution=1.0, masked=False)
    """
    name = name.strip()
    if name.upper() in _UNUSED:
        return None
    if name.upper() in _BLANKS:
        return Content(Role.BLANK, name)
    if name in names.standards:
        return Content(Role.STANDARD, name, names.standards[name])
    standard = _STANDARD.fullmatch(name)
    if standard:
        return Content(Role.STANDARD, name, float(standard[1]))
    if name in names.controls or _CONTROL.fullmatch(name):
        return Content(Role.QC, name, names.controls.get(name))
    diluted = _DILUTED.fullmatch(name)
    if diluted and not number_problem(diluted[2]):
        return Content(Role.UNKNOWN, diluted[1], dilution=float(diluted[2]))
    return Content(Role.UNKNOWN, name)


def grids(cells: Cells) -> list[dict[str, str]]:
    """Every grid of wells in a table, as {well: text}, from top to bottom.

    A grid begins at a corner cell that is empty or ``<>``, with whole numbers to its right and a letter A..P
    below it; it ends where the numbers and the letters do.
    """
    found = []
    for top, row in enumerate(cells):
        for left in range(len(row) - 1):
            if row[left] in _CORNERS and row[left + 1].isdigit() and _letter(cells, top + 1, left):
                found.append(_grid(cells, top, left))
    return found


def listed(cells: Cells, file: str, names: Names) -> tuple[dict[str, dict[str, Content]], list[Problem]]:
    """Contents by plate and well from a list with a header, and what is wrong in it.

    The plate is empty text where the list has no such column: then it holds for every plate.
    """
    header = [cell.strip().lower() for cell in cells[0]]
    contents: dict[str, dict[str, Content]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(cells[1:], start=2):
        row = {name: line[i].strip() if i < len(line) else "" for i, name in enumerate(header)}
        if not any(row.values()):
            continue
        plate, well = row.get("plate", ""), well_name(row.get("well", ""))
        if well is None:
            mend = "Write a letter and a number, such as B3"
            problems.append(Problem(file, f"{row.get('well', '')!r} is no well", mend, number, "well"))
            continue
        content, wrong = content_of_row(row, names)
        problems += [Problem(file, f"well {well}: {what}", mend, number, column) for column, what, mend in wrong]
        if well in contents.setdefault(plate, {}):
            where = f"plate {plate}, well {well}" if plate else f"well {well}"
            problems.append(Problem(file, f"{where} stands twice", "Remove one of the rows", number, "well"))
        if content is not None:
            contents[plate][well] = content
    return contents, problems


def is_list(cells: Cells) -> bool:
    """Whether the table is a layout list: a header with `well` and `role`."""
    header = {cell.strip().lower() for cell in cells[0]} if cells else set()
    return {"well", "role"} <= header


def content_of_row(row: Mapping[str, str], names: Names) -> tuple[Content | None, list[tuple[str, str, str]]]:
    """What one row of a list says of its well, None where it is not used; and (column, what is wrong, mend)."""
    if row.get("role", "").lower() in ("", "empty"):
        return None, []
    wrong = list(_row_problems(row, names))
    if wrong:
        return None, wrong
    role, sample = Role(row["role"].lower()), row.get("sample", "")
    known = {Role.STANDARD: names.standards, Role.QC: names.controls}.get(role, {})
    level = float(row["level"]) if row.get("level") else known.get(sample)
    dilution = float(row["dilution"]) if row.get("dilution") else 1.0
    return Content(role, sample, level, dilution, _YES_NO[row.get("masked", "").lower()]), []


def _row_problems(row: Mapping[str, str], names: Names) -> Iterator[tuple[str, str, str]]:
    role = row["role"].lower()
    if role not in tuple(Role):
        yield "role", f"{row['role']!r} is not known", f"Write one of: {', '.join(Role)}"
    if role == Role.UNKNOWN and not row.get("sample"):
        yield "sample", "an unknown without a name", "Write the sample's name"
    level, dilution = row.get("level", ""), row.get("dilution", "")
    if level and (number_problem(level) or float(level) < 0):
        yield "level", f"{level!r} is no concentration", "Write a number of at least 0"
    elif role == Role.QC and level and float(level) == 0:
        yield "level", "a control of 0", "Write its concentration, above 0, or leave it empty"
    elif role == Role.STANDARD and not level and row.get("sample", "") not in names.standards:
        yield "level", "a standard without a concentration", "Write its concentration, 0 for the zero standard"
    if dilution and (number_problem(dilution) or float(dilution) < 1):
        yield "dilution", f"{dilution!r} is no dilution", "Write how many fold: 1 for none, 10 for 1:10"
    if row.get("masked", "").lower() not in _YES_NO:
        yield "masked", f"{row['masked']!r} is not known", "Write yes or no"


def _letter(cells: Cells, row: int, column: int) -> str:
    """The row's letter A..P at this place, else empty text."""
    if row >= len(cells) or column >= len(cells[row]):
        return ""
    text = cells[row][column].strip().upper()
    return text if len(text) == 1 and "A" <= text <= "P" else ""


def _grid(cells: Cells, top: int, left: int) -> dict[str, str]:
    head = cells[top]
    right = left + 1
    while right < len(head) and head[right].isdigit():
        right += 1
    texts = {}
    row = top + 1
    while letter := _letter(cells, row, left):
        for column in range(left + 1, right):
            text = cells[row][column].strip() if column < len(cells[row]) else ""
            texts[f"{letter}{int(head[column])}"] = text
        row += 1
    return texts
