"""Files of plate readers: which program wrote one is recognised from its content, and every well is read as
it stands.

    SoftMax Pro     text export of plates and groups (Molecular Devices), Latin-1 or UTF-8
    Tecan Magellan  .xls or .xlsx: a grid of readings, and a grid of names in the same workbook or in a layout
    file tidy            CSV, TSV, .xls or .xlsx with one row per well: plate, well, od, role, level, sample,
    dilution, masked
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import pandas as pd

from cetux import plate_layout, softmax
from cetux.errors import InputError, Problem
from cetux.measurement import number_problem
from cetux.plate_layout import Cells, Content, Names, Role

_MEND_FORMAT = "Export from SoftMax Pro as text, from Magellan as Excel, or fill in config/plate_tidy.csv"
_ABOVE_READER = re.compile(r">.*|\*+|#?(over|ovrflw|overflow|sat)\w*", re.IGNORECASE)
_ENGINES = {b"PK\x03\x04": "openpyxl", b"\xd0\xcf\x11\xe0": "xlrd"}
"""First bytes of a workbook and the pandas engine that reads it: .xlsx is a zip, .xls an OLE file."""


class Reader(StrEnum):
    """Programs whose files are known."""

    SOFTMAX = "SoftMax Pro"
    MAGELLAN = "Tecan Magellan"
    TIDY = "tidy"


@dataclass(frozen=True)
class Well:
    """One well: where, what, and how dense.

    od: optical density; None where there is none. above_reader: too dense for the reader. note: the text that
    stood where a number should. level: nominal concentration in the plate's unit. dilution: fold, >= 1.
    """

    well: str
    role: Role
    sample: str
    od: float | None
    level: float | None = None
    dilution: float = 1.0
    masked: bool = False
    above_reader: bool = False
    note: str = ""


@dataclass(frozen=True)
class Plate:
    """One plate of a file: its place in the file from 1, its name there, its used wells, and the unit that it
    states.
    """

    number: int
    name: str
    wells: tuple[Well, ...]
    unit: str = ""


@dataclass(frozen=True)
class ReadOptions:
    """What a file does not say itself: concentrations of names, and the wavelength (``450-620``) in nm."""

    names: Names = field(default_factory=Names)
    wavelength: str = ""


@dataclass(frozen=True)
class _Read:
    """One plate as a reader gives it: readings as text, and what the same file says of the wells."""

    name: str
    readings: Mapping[str, str]
    contents: Mapping[str, Content]
    unit: str = ""


def read_plates(path: str, layout: str = "", options: ReadOptions | None = None) -> tuple[Plate, ...]:
    """All plates of one file.

    Args:
        path: the reader's file.
        layout: a layout file (see `plate_layout`); what it says stands over what the reader's file says.
        options: what neither says.

    Raises:
        InputError: a file is missing, of no known program, or wrong; every problem names file, plate and
        well.
    """
    options = options or ReadOptions()
    tables, text = _load(path)
    reader = recognise(path, tables, text)
    if reader is Reader.SOFTMAX:
        read = [
            _Read(plate.name, plate.readings, plate.contents, plate.unit)
            for plate in softmax.read_softmax(text, path, options.names, options.wavelength)
        ]
    elif reader is Reader.TIDY:
        read = [plate for name, cells in tables.items() for plate in _tidy(cells, path, name, options.names)]
    else:
        read = _grids(tables, path, options.names, with_layout=not layout)
    if layout:
        read = _laid_out(read, layout, options.names)
    return tuple(_plate(number, plate) for number, plate in enumerate(read, start=1))


def recognise(path: str, tables: Mapping[str, Cells], text: str) -> Reader:
    """Which program's file this is, by its content alone.

    Args:
        path: for the message.
        tables: the file's tables, by the name of the sheet.
        text: the file's text; empty for a workbook.

    Raises:
        InputError: it is none of them.
    """
    if text.lstrip().startswith(softmax.MARKS):
        return Reader.SOFTMAX
    if any({"well", "od"} <= {cell.strip().lower() for cell in cells[0]} for cells in tables.values() if cells):
        return Reader.TIDY
    if any(_is_readings(grid) for cells in tables.values() for grid in plate_layout.grids(cells)):
        return Reader.MAGELLAN
    raise InputError([Problem(path, "is not a plate reader's file that is known, or has no readings", _MEND_FORMAT)])


def _load(path: str) -> tuple[dict[str, Cells], str]:
    """A file as tables of text by sheet, and as text where it is no workbook."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        raise InputError([Problem(path, what, "Check the path in plates.tsv")]) from None
    engine = _ENGINES.get(content[:4])
    if engine:
        return _workbook(path, content, engine), ""
    text = _decoded(content)
    if not text.strip():
        raise InputError([Problem(path, "the file is empty", "Export the plate again")])
    if text.lstrip().startswith(softmax.MARKS):
        return {}, text
    delimiter = max("\t;,", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return {"": [[cell.strip() for cell in row] for row in rows]}, text


def _decoded(content: bytes) -> str:
    """Text in UTF-16 with its mark, UTF-8, or else Latin-1, which every byte fits."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _workbook(path: str, content: bytes, engine: str) -> dict[str, Cells]:
    try:
        sheets = pd.read_excel(
            io.BytesIO(content),
            sheet_name=None,
            header=None,
            dtype=object,
            keep_default_na=False,
            engine="xlrd" if engine == "xlrd" else "openpyxl",
        )
    except Exception as error:  # each engine has its own errors for a damaged file
        raise InputError([Problem(path, f"is a damaged workbook ({error})", "Export it again")]) from None
    return {
        str(name): [[_cell_text(cell) for cell in row] for row in frame.to_numpy(dtype=object)]
        for name, frame in sheets.items()
    }


def _cell_text(cell: object) -> str:
    """A workbook's cell as text; NaN, which pandas may make of an empty one, is empty."""
    return "" if cell != cell else str(cell).strip()


def _tidy(cells: Cells, path: str, sheet: str, names: Names) -> list[_Read]:
    """Plates of a tidy table; a workbook's sheet without a column `plate` is one plate with the sheet's name."""
    header = [cell.strip().lower() for cell in cells[0]] if cells else []
    if not {"well", "od"} <= set(header):
        return []
    known = {*plate_layout.COLUMNS, "od"}
    problems = [
        Problem(path, "the column is not known", f"Known: {', '.join(sorted(known))}", column=name)
        for name in header
        if name and name not in known
    ]
    contents: dict[str, dict[str, Content]] = {}
    if "role" in header:
        contents, wrong = plate_layout.listed(cells, path, names)
        problems += wrong
    if problems:
        raise InputError(problems)
    readings: dict[str, dict[str, str]] = {}
    for line in cells[1:]:
        row = {name: line[i].strip() if i < len(line) else "" for i, name in enumerate(header)}
        well = plate_layout.well_name(row["well"])
        if well:
            readings.setdefault(row.get("plate", ""), {})[well] = row["od"]
    return [_Read(plate or sheet or "1", wells, contents.get(plate, {})) for plate, wells in readings.items()]


def _grids(tables: Mapping[str, Cells], path: str, names: Names, *, with_layout: bool) -> list[_Read]:
    """Plates of a workbook of grids: those of numbers are readings, those of names are layouts."""
    readings, layouts = [], []
    for name, cells in tables.items():
        for grid in plate_layout.grids(cells):
            if _is_readings(grid):
                readings.append((name, grid))
            elif any(grid.values()):
                layouts.append(grid)
    if with_layout and len(layouts) not in (1, len(readings)):
        what = f"has {len(readings)} grids of readings and {len(layouts)} of names"
        raise InputError([Problem(path, what, "Give one layout for all plates or one for each, or a layout file")])
    if not with_layout:
        layouts = [{}]
    if len(layouts) == 1:
        layouts *= len(readings)
    return [
        _Read(name, grid, _contents(layout, path, names))
        for (name, grid), layout in zip(readings, layouts, strict=True)
    ]


def _laid_out(read: Sequence[_Read], layout: str, names: Names) -> list[_Read]:
    """The plates with the contents that the layout file gives them: by name or number, or one for all."""
    tables, _ = _load(layout)
    by_plate: dict[str, Mapping[str, Content]] = {}
    problems: list[Problem] = []
    in_order = []
    for cells in tables.values():
        if plate_layout.is_list(cells):
            contents, wrong = plate_layout.listed(cells, layout, names)
            by_plate.update(contents)
            problems += wrong
        else:
            in_order += [_contents(grid, layout, names) for grid in plate_layout.grids(cells)]
    by_plate.update({str(number): contents for number, contents in enumerate(in_order, start=1)})
    if len(in_order) == 1:
        by_plate[""] = in_order[0]
    laid_out = []
    for number, plate in enumerate(read, start=1):
        found = [by_plate[key] for key in (plate.name, str(number), "") if key in by_plate]
        if not found:
            what = f"has no layout for plate {number} ({plate.name})"
            problems.append(Problem(layout, what, "Give one grid per plate, or a list with its plate's name or number"))
        laid_out.append(replace(plate, contents=found[0] if found else {}))
    if problems:
        raise InputError(problems)
    return laid_out


def _contents(grid: Mapping[str, str], path: str, names: Names) -> dict[str, Content]:
    """What the names of a grid say; raises InputError for a dilution below 1."""
    named = {well: plate_layout.content_of(name, names) for well, name in grid.items()}
    contents = {well: content for well, content in named.items() if content is not None}
    problems = [
        Problem(path, f"well {well}: {content.sample} has the dilution {content.dilution:g}", "Write @10 for 1:10")
        for well, content in contents.items()
        if content.dilution < 1
    ]
    if problems:
        raise InputError(problems)
    return contents


def _is_readings(grid: Mapping[str, str]) -> bool:
    """Whether more than half of a grid's filled cells are numbers or the reader's word for too dense."""
    filled = [text for text in grid.values() if text]
    numbers = [text for text in filled if not number_problem(text) or _ABOVE_READER.fullmatch(text)]
    return len(numbers) > len(filled) / 2


def _plate(number: int, read: _Read) -> Plate:
    wells = [
        _well(well, content, read.readings.get(well, ""))
        for well, content in sorted(read.contents.items(), key=lambda item: (item[0][0], int(item[0][1:])))
    ]
    return Plate(number, read.name, tuple(wells), read.unit)


def _well(well: str, content: Content, reading: str) -> Well:
    plain = Well(well, content.role, content.sample, None, content.level, content.dilution, content.masked)
    if not number_problem(reading):
        return replace(plain, od=float(reading))
    if _ABOVE_READER.fullmatch(reading):
        return replace(plain, above_reader=True, note=reading)
    return replace(plain, note=reading or "no reading")
