"""SoftMax Pro text exports (Molecular Devices): plates with their readings, and groups that say what lies in
the wells.

A `Plate:` block holds the optical densities of each wavelength, all wells in one line (TimeFormat) or as a
grid (PlateFormat). The `Group:` blocks behind it list samples, wells and what the laboratory masked. Values
there are rounded to three decimals, so the densities are taken from the plate, and the groups' values show
which wavelengths make them: 450 - 620, say. Concentrations that SoftMax computed are not used.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cetux.errors import InputError, Problem
from cetux.measurement import number_problem
from cetux.plate_layout import Content, Names, Role, well_name

MARKS = ("##BLOCKS=", "Plate:")
"""What an export begins with."""

_TYPE, _DATA, _FORMAT, _WAVELENGTHS = 4, 6, 3, 15
_CONCENTRATION = re.compile(r"conc\w*\s*\(?([a-z]*/?[a-z]*)\)?", re.IGNORECASE)
_ROUNDING = 1.02
"""A printed value may differ from the exact one by half of its last digit; 2 % more for numbers that end in
5.
"""


@dataclass
class _Block:
    """One plate as it is being read."""

    name: str
    wavelengths: list[str]
    readings: list[dict[str, str]] = field(default_factory=list)
    contents: dict[str, Content] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    unit: str = ""


@dataclass(frozen=True)
class SoftMaxPlate:
    """One plate of an export: optical densities as text, what the groups say, and the standards' unit, if
    stated.
    """

    name: str
    readings: Mapping[str, str]
    contents: Mapping[str, Content]
    unit: str = ""


def read_softmax(text: str, file: str, names: Names, wavelength: str = "") -> list[SoftMaxPlate]:
    """The plates of one export.

    Args:
        text: the file's text.
        file: its name, for messages.
        names: concentrations of controls, by the group's and the sample's name (``Control 1``).
        wavelength: ``450`` or ``450-620`` in nm where the groups do not show it.

    Raises:
        InputError: no endpoint read, wells unknown, or a wavelength that cannot be told.
    """
    blocks = _blocks(text, file, names)
    if not blocks:
        raise InputError([Problem(file, "has no plate", "Export the plates and their groups as text")])
    return [
        SoftMaxPlate(block.name, _reduced(block, number, file, wavelength), block.contents, block.unit)
        for number, block in enumerate(blocks, start=1)
    ]


def _blocks(text: str, file: str, names: Names) -> list[_Block]:
    rows = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines()]
    blocks: list[_Block] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        end = next((i for i in range(at, len(rows)) if rows[i][0].startswith("~End")), len(rows))
        if row[0] == "Plate:":
            blocks.append(_plate_block(rows[at:end], len(blocks) + 1, file))
            at = end
        elif row[0].startswith("Group:"):
            if not blocks:
                raise InputError([Problem(file, f"{row[0]} stands before any plate", "Export the plates too", at + 1)])
            _read_group(rows[at:end], blocks[-1], len(blocks), file, names)
            at = end
        at += 1
    return blocks


def _plate_block(rows: Sequence[list[str]], number: int, file: str) -> _Block:
    head = rows[0] + [""] * (_WAVELENGTHS + 1 - len(rows[0]))
    if head[_TYPE] != "Endpoint":
        what = f"plate {number} is a {head[_TYPE] or 'unknown'} read, not Endpoint"
        raise InputError([Problem(file, what, "Export an endpoint read of the plate")])
    reduced = head[_DATA] == "Reduced"
    block = _Block(head[1], ["reduced"] if reduced else head[_WAVELENGTHS].split())
    comma = "," in head[2]  # the export's version, 1.3, shows the locale
    body = [[cell.replace(",", ".") for cell in row] if comma else row for row in rows[2:]]
    body = [row for row in body if any(row[2:])]
    header = rows[1] if len(rows) > 1 else []
    if head[_FORMAT] == "PlateFormat":
        block.readings = _side_by_side(header, body)
    else:
        wells = {i: well_name(cell) for i, cell in enumerate(header) if i > 1}
        block.readings = [
            {well: row[i] for i, well in wells.items() if well and i < len(row) and row[i]} for row in body
        ]
    return block


def _side_by_side(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Grids of a PlateFormat block, one per wavelength, next to each other; rows have no letters."""
    starts = [i for i, cell in enumerate(header) if cell == "1"]
    grids = []
    for start in starts:
        columns = [i for i in range(start, len(header)) if header[i] == str(i - start + 1)]
        grids.append(
            {
                f"{'ABCDEFGHIJKLMNOP'[r]}{header[i]}": row[i]
                for r, row in enumerate(body)
                for i in columns
                if i < len(row) and row[i]
            }
        )
    return grids


def _read_group(rows: Sequence[list[str]], block: _Block, number: int, file: str, names: Names) -> None:
    """Add one group's wells to its plate."""
    group = rows[0][0].removeprefix("Group:").strip()
    header = rows[1] if len(rows) > 1 else []
    wells = next((name for name in ("Wells", "Well") if name in header), None)
    if wells is None:
        what = f"plate {number}: the group {group!r} has no column Wells"
        raise InputError([Problem(file, what, "Add the column to the group before the export")])
    values = next((name for name in ("Value", "Values") if name in header), "")
    concentration = next((name for name in header if _CONCENTRATION.match(name)), "")
    role = _role(group)
    if role is Role.STANDARD and (match := _CONCENTRATION.fullmatch(concentration)):
        block.unit = match[1]
    sample = Content(role)
    for line in rows[2:]:
        if not any(line):
            break
        row = {name: line[i] if i < len(line) else "" for i, name in enumerate(header)}
        if row[header[0]]:
            sample = _sample(row, role, group, row[header[0]], concentration, names)
            _check_sample(sample, f"plate {number}, group {group!r}, sample {row[header[0]]!r}", file)
        well = well_name(row[wells])
        if well is None or well in block.contents:
            what = "stands in two groups" if well else "is no well"
            problem = f"plate {number}, group {group!r}: {row[wells]!r} {what}"
            raise InputError([Problem(file, problem, "Mend the template in SoftMax and export again")])
        masked = row.get(values, "") == "Masked"
        block.contents[well] = replace(sample, masked=masked)
        if values and not masked:
            block.values[well] = row[values]


def _role(group: str) -> Role:
    """What a group holds, by its name.

    >>> [_role(name).value for name in ("Standards", "Unk_Dilution", "Control", "Blank")]
    ['standard', 'unknown', 'qc', 'blank']
    """
    name = group.lower()
    for words, role in (
        (("standard", "calibrat"), Role.STANDARD),
        (("blank",), Role.BLANK),
        (("control", "qc"), Role.QC),
    ):
        if any(word in name for word in words):
            return role
    return Role.UNKNOWN


def _sample(row: Mapping[str, str], role: Role, group: str, name: str, concentration: str, names: Names) -> Content:
    """What the first row of a sample says of all its wells."""
    if role is Role.QC:
        name = f"{group} {name}"
        return Content(role, name, names.controls.get(name))
    if role is Role.STANDARD:
        return Content(role, name, _float(row.get(concentration, ""), names.standards.get(name)))
    return Content(role, name, dilution=_float(row.get("Dilution", ""), None) or 1.0)


def _check_sample(sample: Content, where: str, file: str) -> None:
    if sample.role is Role.STANDARD and (sample.level is None or sample.level < 0):
        mend = "Fill in the concentrations of the standards in SoftMax and export again"
        raise InputError([Problem(file, f"{where} has no concentration", mend)])
    if sample.dilution < 1:
        raise InputError(
            [Problem(file, f"{where} has the dilution {sample.dilution:g}", "Give 1 for none, 10 for 1:10")]
        )


def _float(text: str, otherwise: float | None) -> float | None:
    return otherwise if number_problem(text) else float(text)


def _reduced(block: _Block, number: int, file: str, wavelength: str) -> dict[str, str]:
    """One density per well out of those of the wavelengths: one of them, or the first less the second."""
    choices: dict[str, dict[str, str]] = {}
    if len(block.readings) > 1:
        first, second = block.readings[:2]
        name = "-".join(block.wavelengths[:2])
        choices[name] = {well: _difference(first[well], second.get(well, "")) for well in first}
    for name, readings in zip(block.wavelengths or ["?"], block.readings, strict=False):
        choices[name] = readings
    if wavelength:
        if wavelength in choices:
            return choices[wavelength]
        what = f"plate {number} has no wavelength {wavelength}"
        raise InputError([Problem(file, what, f"Write one of: {', '.join(choices)}", column="wavelength")])
    if len(choices) == 1 and not block.values:
        return next(iter(choices.values()))
    for readings in choices.values():
        if block.values and all(_agrees(readings.get(well, ""), text) for well, text in block.values.items()):
            return readings
    if not choices:
        return {}
    what = f"plate {number}: which wavelength makes the values cannot be told"
    raise InputError([Problem(file, what, f"Write one of: {', '.join(choices)}", column="wavelength")])


def _difference(first: str, second: str) -> str:
    """The difference of two readings as text; the reader's own word where one of them is no number."""
    for text in (first, second):
        if _float(text, None) is None:
            return text
    return repr(round(float(first) - float(second), 6))


def _agrees(exact: str, printed: str) -> bool:
    """Whether a value in a group is the rounded reading; words agree with words."""
    number, shown = _float(exact, None), _float(printed, None)
    if number is None or shown is None:
        return number is shown
    decimals = len(printed.partition(".")[2])
    return abs(number - shown) <= 0.5 * 10.0**-decimals * _ROUNDING
