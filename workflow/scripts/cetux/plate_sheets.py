"""The sheets that name plate files and what lies on them: `plates.tsv` and `plate_samples.tsv`.

One row of `plates.tsv` is one file of a reader, which may hold several plates of one assay. Who a sample is
stands in its name on the plate (``P01:pre``) or in a row of `plate_samples.tsv`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from cetux.calibration import MODELS, WEIGHTS
from cetux.errors import Problem
from cetux.measurement import (
    IDENTIFIER,
    MATRICES,
    Preanalytics,
    Wrong,
    number_problem,
    preanalytical_flags,
    unit_factor,
)
from cetux.plate_files import ReadOptions
from cetux.plate_layout import Names
from cetux.states import Timepoint

PLATE_COLUMNS = ("plates", "file", "assay", "matrix", "unit", "lloq", "uloq")
"""Columns that `plates.tsv` must have."""

PLATE_OPTIONAL_COLUMNS = (
    "layout", "model", "weights", "blank", "standards", "qc_targets", "wavelength", "mass_da", "run_date", "kit_lot",
)  # fmt: skip
"""Columns that `plates.tsv` may have; further ones are kept."""

SAMPLE_COLUMNS = ("plates", "sample", "patient", "timepoint")
"""Columns that `plate_samples.tsv` must have; `plate` and those of the pre-analytics may stand beside them.
"""

BLANKS = ("subtract", "zero_standard", "ignore")
"""What is done with blank wells: their mean is taken off every well; they are the standard of 0; nothing."""

_EMPTY_MEANS = {"model": "4PL", "weights": "none", "blank": "subtract"}
_WAVELENGTH = re.compile(r"\d+(-\d+)?")
_NAMED = re.compile(rf"({IDENTIFIER.pattern}):(pre|post)")


@dataclass(frozen=True)
class PlateFile:
    """One row of `plates.tsv`.

    plates: ID of the file. lloq_pg_per_ml, uloq_pg_per_ml: limits of quantification from the lot's sheet,
    before dilution.
    factor: what numbers in the file are multiplied with to give pg/mL. model, weights: of the curve. blank:
    one of `BLANKS`.
    run_date: ISO date or empty. other: further columns as they stand.
    """

    plates: str
    file: str
    assay: str
    matrix: str
    unit: str
    lloq_pg_per_ml: float
    uloq_pg_per_ml: float
    factor: float = 1.0
    layout: str = ""
    model: str = "4PL"
    weights: str = "none"
    blank: str = "subtract"
    options: ReadOptions = field(default_factory=ReadOptions)
    run_date: str = ""
    kit_lot: str = ""
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleName:
    """Who a sample on a plate is; one row of `plate_samples.tsv`.

    plate: name or number of the plate in its file, empty for any. flags: of its pre-analytics.
    """

    plates: str
    sample: str
    patient: str
    timepoint: Timepoint
    plate: str = ""
    flags: tuple[str, ...] = ()


def parse_plate_row(row: Mapping[str, str]) -> PlateFile:
    """One row of `plates.tsv`; raises ValueError where it is wrong (`plate_row_problems` says what about it)."""
    problems = plate_row_problems(row, "plates.tsv", None)
    if problems:
        raise ValueError("; ".join(str(problem) for problem in problems))
    cell = {name: (text or "").strip() for name, text in row.items()}
    factor = unit_factor(cell["unit"], float(cell["mass_da"]) if cell.get("mass_da") else None)
    names = Names(_pairs(cell.get("standards", "")), _pairs(cell.get("qc_targets", "")))
    return PlateFile(
        plates=cell["plates"],
        file=cell["file"],
        assay=cell["assay"],
        matrix=cell["matrix"],
        unit=cell["unit"],
        lloq_pg_per_ml=float(cell["lloq"]) * factor,
        uloq_pg_per_ml=float(cell["uloq"]) * factor,
        factor=factor,
        layout=cell.get("layout", ""),
        model=_setting(cell, "model"),
        weights=_setting(cell, "weights"),
        blank=_setting(cell, "blank"),
        options=ReadOptions(names, cell.get("wavelength", "")),
        run_date=cell.get("run_date", ""),
        kit_lot=cell.get("kit_lot", ""),
        other={n: t for n, t in cell.items() if n not in (*PLATE_COLUMNS, *PLATE_OPTIONAL_COLUMNS)},
    )


def plate_row_problems(row: Mapping[str, str], file: str, row_number: int | None) -> list[Problem]:
    """Every wrong cell of one row of `plates.tsv`; whether the files are there is not looked at."""
    cell = {name: (text or "").strip() for name, text in row.items()}
    found = [*_text_problems(cell), *_number_problems(cell), *_pair_problems(cell)]
    return [Problem(file, what, mend, row_number, column) for column, what, mend in found]


def parse_sample_row(row: Mapping[str, str], preanalytics: Preanalytics) -> SampleName:
    """One row of `plate_samples.tsv`; raises ValueError for an unknown time point."""
    cell = {name: (text or "").strip() for name, text in row.items()}
    return SampleName(
        cell["plates"],
        cell["sample"],
        cell["patient"],
        Timepoint(cell["timepoint"]),
        cell.get("plate", ""),
        preanalytical_flags(cell, preanalytics),
    )


def sample_row_problems(row: Mapping[str, str], file: str, row_number: int | None) -> list[Problem]:
    """Every wrong cell of one row of `plate_samples.tsv`."""
    cell = {name: (text or "").strip() for name, text in row.items()}
    problems = []
    for column in ("plates", "patient"):
        if not IDENTIFIER.fullmatch(cell.get(column, "")):
            mend = "Use letters, digits, '.', '_' and '-' only"
            problems.append(Problem(file, f"{cell.get(column, '')!r} is no name", mend, row_number, column))
    if not cell.get("sample"):
        problems.append(Problem(file, "the cell is empty", "Write the name on the plate", row_number, "sample"))
    if cell.get("timepoint", "") not in tuple(Timepoint):
        what = f"{cell.get('timepoint', '')!r} is not known"
        problems.append(Problem(file, what, f"Write one of: {', '.join(Timepoint)}", row_number, "timepoint"))
    return problems


def named(sample: str) -> tuple[str, Timepoint] | None:
    """Patient and time point of a name like ``P01:pre``; None for another name.

    >>> named("P01:pre"), named("POOL")
    (('P01', <Timepoint.PRE: 'pre'>), None)
    """
    match = _NAMED.fullmatch(sample)
    return (match[1], Timepoint(match[2])) if match else None


def _setting(cell: Mapping[str, str], column: str) -> str:
    return cell.get(column) or _EMPTY_MEANS[column]


def _pairs(text: str) -> dict[str, float]:
    """Concentrations of names: ``S1=1000; S2=500``."""
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    return {name.strip(): float(number) for name, _, number in pairs}


def _text_problems(cell: Mapping[str, str]) -> Iterator[Wrong]:
    if not IDENTIFIER.fullmatch(cell.get("plates", "")):
        yield "plates", f"{cell.get('plates', '')!r} is no name", "Use letters, digits, '.', '_' and '-' only"
    for column in ("file", "assay"):
        if not cell.get(column):
            yield column, "the cell is empty", f"Write the {column}"
    choices = {"matrix": MATRICES, "model": tuple(MODELS), "weights": tuple(WEIGHTS), "blank": BLANKS}
    for column, allowed in choices.items():
        text = cell.get(column) or _EMPTY_MEANS.get(column, "")
        if text not in allowed:
            yield column, f"{text!r} is not known", f"Write one of: {', '.join(allowed)}"
    if cell.get("wavelength") and not _WAVELENGTH.fullmatch(cell["wavelength"]):
        yield "wavelength", f"{cell['wavelength']!r} is no wavelength", "Write nm, such as 450 or 450-620"
    if cell.get("run_date"):
        try:
            date.fromisoformat(cell["run_date"])
        except ValueError:
            yield "run_date", f"{cell['run_date']!r} is no date", "Write it as 2024-05-31"


def _number_problems(cell: Mapping[str, str]) -> Iterator[Wrong]:
    wrong = False
    for column, mend in (
        ("lloq", "Write the assay's lower limit of quantification, before dilution, in the file's unit"),
        ("uloq", "Write the assay's upper limit of quantification, before dilution, in the file's unit"),
        ("mass_da", "Write the mass of the assay's standard in Da"),
    ):
        text = cell.get(column, "")
        if column == "mass_da" and not text:
            continue
        problem = number_problem(text)
        if problem or float(text) <= 0:
            wrong = True
            yield column, problem[0] if problem and text else f"{text!r} is no number above 0", mend
    if not wrong and float(cell["lloq"]) >= float(cell["uloq"]):
        yield "lloq", f"lloq {cell['lloq']} is not below uloq {cell['uloq']}", "Take both from the lot's sheet"
    try:
        unit_factor(cell.get("unit", ""), None if wrong or not cell.get("mass_da") else float(cell["mass_da"]))
    except ValueError as error:
        yield "unit", str(error), "Write one of: pg/mL, ng/mL, ng/L, pM (with mass_da)"


def _pair_problems(cell: Mapping[str, str]) -> Iterator[Wrong]:
    for column in ("standards", "qc_targets"):
        for pair in (part.strip() for part in cell.get(column, "").split(";")):
            name, _, number = pair.partition("=")
            if pair and (not name.strip() or number_problem(number.strip()) or float(number) < 0):
                yield column, f"{pair!r} is no name and concentration", "Write them as S1=1000; S2=500"
