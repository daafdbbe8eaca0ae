"""One heregulin concentration as a laboratory reports it: from a row of text to pg/mL with its limits.

A row's `value`, `lloq` and `uloq` share its `unit`. The limits are the assay's own, as measured; in the
patient's blood they stand `dilution` times higher. `dilution_applied` says whether `value` holds the dilution
already.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cetux.errors import Problem
from cetux.states import Timepoint

MATRICES = ("serum", "plasma")
"""What is measured in. A cut-off belongs to one of them: HERALD's is for serum, Yonesaka's for plasma [V S3,
S4].
"""

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names of patients: they become parts of file names."""

Wrong = tuple[str, str, str]
"""A column, what is wrong with its cell, and the mend."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_UNIT_TO_PG_PER_ML = {"pg/ml": 1.0, "ng/l": 1.0, "ng/ml": 1000.0}
_BELOW_WORDS = ("BLQ", "<LLOQ")
_ABOVE_WORDS = ("ALQ", ">ULOQ")
_NO_VALUE_WORDS = ("", "NA", "N/A", "NAN")
_NO_FINDING_WORDS = ("", "NA", "N/A", "NAN", "NO", "NONE", "0")
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True)
class Measurement:
    """Heregulin of one person at one time point, in one matrix, by one assay.

    timepoint: None for a healthy control. raw: the text of the value as it came. value_pg_per_ml: in the
    blood, dilution applied, inside [lower_limit, upper_limit]; None where it is censored, failed or missing.
    censored: ``<`` or ``>`` limit_pg_per_ml, else empty. lloq_pg_per_ml, uloq_pg_per_ml: as measured, before
    dilution. cv_fraction: of the replicates of this sample; pooled_cv_fraction: of all samples of its plate.
    qc_failure: why the value may not be used.
    """

    patient: str
    timepoint: Timepoint | None
    matrix: str
    assay: str
    raw: str
    value_pg_per_ml: float | None
    lloq_pg_per_ml: float
    uloq_pg_per_ml: float
    censored: str = ""
    limit_pg_per_ml: float | None = None
    dilution: float = 1.0
    dilution_applied: bool = True
    cv_fraction: float | None = None
    pooled_cv_fraction: float | None = None
    replicates: int | None = None
    qc_failure: str = ""
    flags: tuple[str, ...] = ()

    @property
    def lower_limit_pg_per_ml(self) -> float:
        """The smallest concentration in the blood that could have been quantified: LLOQ * dilution, pg/mL."""
        return self.lloq_pg_per_ml * self.dilution

    @property
    def upper_limit_pg_per_ml(self) -> float:
        """The largest concentration in the blood that could have been quantified: ULOQ * dilution, pg/mL."""
        return self.uloq_pg_per_ml * self.dilution


@dataclass(frozen=True)
class Preanalytics:
    """From where on the way of the blood to the plate is warned of. None: kept and shown, never warned of.

    max_freeze_thaw: cycles, >= 0. max_draw_to_spin_minutes: minutes, > 0.
    """

    max_freeze_thaw: int | None = None
    max_draw_to_spin_minutes: float | None = None


def parse_row(
    row: Mapping[str, str], preanalytics: Preanalytics | None = None, *, control: bool = False
) -> Measurement:
    """A measurement from one row of the heregulin table.

    Args:
        row: columns `patient timepoint matrix assay value unit lloq uloq dilution dilution_applied` and,
        where given,
            `mass_da cv_percent pooled_cv_percent replicates haemolysis freeze_thaw draw_to_spin_minutes
            comorbidity`.
        preanalytics: from where on the last four but one raise a flag.
        control: the row is of a healthy control, which has no time point.

    Returns:
        The measurement in pg/mL. A number outside the limits of quantification is censored, never itself.

    Raises:
        ValueError: the row is wrong; `row_problems` says what about it.
    """
    problems = row_problems(row, "row", None, control=control)
    if problems:
        raise ValueError("; ".join(str(problem) for problem in problems))
    factor = unit_factor(_cell(row, "unit"), _number(_cell(row, "mass_da")))
    lloq, uloq = float(_cell(row, "lloq")) * factor, float(_cell(row, "uloq")) * factor
    dilution = float(_cell(row, "dilution"))
    applied = _YES_NO[_cell(row, "dilution_applied")]
    value, censored, limit, flags = bounded(
        _cell(row, "value"), factor if applied else factor * dilution, lloq * dilution, uloq * dilution
    )
    replicates = _number(_cell(row, "replicates"))
    return Measurement(
        patient=_cell(row, "patient"),
        timepoint=None if control else Timepoint(_cell(row, "timepoint")),
        matrix=_cell(row, "matrix"),
        assay=_cell(row, "assay"),
        raw=_cell(row, "value"),
        value_pg_per_ml=value,
        lloq_pg_per_ml=lloq,
        uloq_pg_per_ml=uloq,
        censored=censored,
        limit_pg_per_ml=limit,
        dilution=dilution,
        dilution_applied=applied,
        cv_fraction=_percent(_cell(row, "cv_percent")),
        pooled_cv_fraction=_percent(_cell(row, "pooled_cv_percent")),
        replicates=None if replicates is None else int(replicates),
        flags=(*flags, *preanalytical_flags(row, preanalytics or Preanalytics())),
    )


def unit_factor(unit: str, mass_da: float | None = None) -> float:
    """What a number in `unit` is multiplied with to give pg/mL.

    1 ng/L is 1e-9 g in 1e3 mL, that is 1 pg/mL. 1 pM is 1e-12 mol/L; times M g/mol it is M * 1e-12 g in 1e3
    mL, so::

        pg/mL = pM * M / 1000

    Args:
        unit: pg/mL, ng/mL, ng/L or pM, in any case of letters.
        mass_da: M, the mass of what the assay's standard is, in Da, > 0; needed for pM alone.

    Raises:
        ValueError: the unit is unknown, or pM comes without a mass.

    >>> unit_factor("ng/mL"), unit_factor("pM", 8000.0)
    (1000.0, 8.0)
    """
    unit = unit.lower()
    if unit == "pm":
        if mass_da is None or mass_da <= 0:
            raise ValueError("pM needs the mass of the standard in Da")
        return mass_da / 1000
    if unit not in _UNIT_TO_PG_PER_ML:
        raise ValueError(f"unknown unit {unit!r}")
    return _UNIT_TO_PG_PER_ML[unit]


def bounded(
    text: str, factor: float, lower: float, upper: float
) -> tuple[float | None, str, float | None, tuple[str, ...]]:
    """A value's text as (value, censored, limit, flags), never outside [lower, upper].

    ``<x`` says only that the concentration lies below x, and the assay itself vouches for nothing below
    `lower`: the limit is the larger of the two. Likewise the smaller of x and `upper` for ``>x``. A number
    below `lower` (HERALD reports down to -1,346 pg/mL [V S4]) is ``<lower``, one above `upper` is ``>upper``.

    Args:
        text: a number, ``<number``, ``>number``, BLQ, ALQ, <LLOQ, >ULOQ, or nothing.
        factor: turns the number into pg/mL in the blood.
        lower, upper: the limits of quantification in the blood, pg/mL.

    Returns:
        value in pg/mL or None; ``<``, ``>`` or empty; the limit in pg/mL or None; flags.

    >>> bounded("<100", 1.0, 62.5, 4000.0)
    (None, '<', 100.0, ('limit_differs_from_lloq',))
    >>> bounded("53.3", 1.0, 62.5, 4000.0)
    (None, '<', 62.5, ())
    """
    word = text.replace(" ", "").upper()
    if word in _NO_VALUE_WORDS:
        return None, "", None, ()
    if word in _BELOW_WORDS:
        return None, "<", lower, ()
    if word in _ABOVE_WORDS:
        return None, ">", upper, ()
    if word[0] in "<>":
        return _censored_at(word[0], float(word[1:]) * factor, lower, upper)
    value = float(word) * factor
    if value < lower:
        return None, "<", lower, ("negative_value",) if value < 0 else ()
    if value > upper:
        return None, ">", upper, ()
    return value, "", None, ()


def preanalytical_flags(row: Mapping[str, str], limits: Preanalytics) -> tuple[str, ...]:
    """What happened to the blood that may have moved the value; the cells' own words behind the flag's name.

    haemolysis, comorbidity: any word but none, no, 0 (heart failure raises circulating neuregulin [V
    S37-S39]).
    freeze_thaw: cycles above the limit. draw_to_spin_minutes: minutes above the limit.

    >>> preanalytical_flags({"haemolysis": "slight", "freeze_thaw": "3"}, Preanalytics(max_freeze_thaw=2))
    ('haemolysis: slight', 'freeze_thaw: 3')
    """
    flags = []
    for column in ("haemolysis", "comorbidity"):
        if _cell(row, column).upper() not in _NO_FINDING_WORDS:
            flags.append(f"{column}: {_cell(row, column)}")
    for column, limit in (
        ("freeze_thaw", limits.max_freeze_thaw),
        ("draw_to_spin_minutes", limits.max_draw_to_spin_minutes),
    ):
        count = _number(_cell(row, column))
        if limit is not None and count is not None and count > limit:
            flags.append(f"{column}: {_cell(row, column)}")
    return tuple(flags)


def row_problems(row: Mapping[str, str], file: str, row_number: int | None, *, control: bool = False) -> list[Problem]:
    """Every wrong cell of one row of the heregulin table, each with its mend.

    Args:
        row: the row's cells as text.
        file, row_number: where it stands, for the message.
        control: the row is of a healthy control: no time point is asked for.
    """
    found = [
        *_name_problems(row, control),
        *_unit_problems(row),
        *_value_problems(_cell(row, "value")),
        *_limit_problems(row),
        *_optional_problems(row),
    ]
    return [Problem(file, what, mend, row_number, column) for column, what, mend in found]


def number_problem(text: str) -> tuple[str, str] | None:
    """What is wrong with a text that should be a finite number, and the mend; None where it is one.

    >>> number_problem("1e5"), number_problem("12,5")
    (None, ("'12,5' has a comma", 'Write the decimal point as a point and no thousands separator'))
    """
    if "," in text:
        return f"{text!r} has a comma", "Write the decimal point as a point and no thousands separator"
    if not _NUMBER.fullmatch(text):
        return f"{text!r} is no number", "Write a number, such as 62.5 or 1e5"
    if abs(float(text)) == float("inf"):
        return f"{text!r} is too large", "Write a number, such as 62.5 or 1e5"
    return None


def _censored_at(sign: str, at: float, lower: float, upper: float) -> tuple[None, str, float, tuple[str, ...]]:
    """The limit that both the text and the assay vouch for; a flag where they differ by more than 1 %."""
    own, limit = (lower, max(at, lower)) if sign == "<" else (upper, min(at, upper))
    name = "limit_differs_from_lloq" if sign == "<" else "limit_differs_from_uloq"
    return None, sign, limit, (name,) if abs(at - own) > 0.01 * own else ()


def _name_problems(row: Mapping[str, str], control: bool) -> Iterator[Wrong]:
    if not IDENTIFIER.fullmatch(_cell(row, "patient")):
        yield "patient", f"{_cell(row, 'patient')!r} is no name", "Use letters, digits, '.', '_' and '-' only"
    if not _cell(row, "assay"):
        yield "assay", "the cell is empty", "Name the assay or kit, as in heregulin_cutoffs"
    choices: dict[str, tuple[str, ...]] = {"matrix": MATRICES, "dilution_applied": tuple(_YES_NO)}
    if not control:
        choices["timepoint"] = tuple(Timepoint)
    for column, allowed in choices.items():
        if _cell(row, column) not in allowed:
            yield column, f"{_cell(row, column)!r} is not known", f"Write one of: {', '.join(allowed)}"


def _unit_problems(row: Mapping[str, str]) -> Iterator[Wrong]:
    unit, mass = _cell(row, "unit"), _cell(row, "mass_da")
    if unit.lower() != "pm" and unit.lower() not in _UNIT_TO_PG_PER_ML:
        yield "unit", f"{unit!r} is not known", "Write one of: pg/mL, ng/mL, ng/L, pM"
    if mass and (number_problem(mass) or float(mass) <= 0):
        yield "mass_da", f"{mass!r} is no mass", "Write the mass of the assay's standard in Da"
    if unit.lower() == "pm" and not mass:
        yield "mass_da", "pM without a mass", "Write the mass of the assay's standard in Da, or give pg/mL"


def _value_problems(text: str) -> Iterator[Wrong]:
    word = text.replace(" ", "").upper()
    if word in (*_NO_VALUE_WORDS, *_BELOW_WORDS, *_ABOVE_WORDS):
        return
    mend = "Write a number, <number, >number, BLQ or ALQ; leave it empty where nothing was measured"
    censored = word[0] in "<>"
    problem = number_problem(word[1:] if censored else word)
    if problem:
        yield "value", problem[0], mend
    elif censored and float(word[1:]) <= 0:
        yield "value", f"{text!r} is no limit: it is not above 0", mend


def _limit_problems(row: Mapping[str, str]) -> Iterator[Wrong]:
    wrong = False
    for column, least, mend in (
        ("lloq", 0.0, "Write the assay's lower limit of quantification, above 0, in the row's unit"),
        ("uloq", 0.0, "Write the assay's upper limit of quantification, above 0, in the row's unit"),
        ("dilution", 1.0, "Write how many fold the specimen was diluted: 1 if not, 2 for 1:2"),
    ):
        text = _cell(row, column)
        problem = number_problem(text)
        if problem:
            wrong = True
            yield column, problem[0] if text else "the cell is empty", mend
        elif float(text) < least or float(text) == 0:
            wrong = True
            yield column, f"{text} is too small", mend
    if not wrong and float(_cell(row, "lloq")) >= float(_cell(row, "uloq")):
        what = f"lloq {_cell(row, 'lloq')} is not below uloq {_cell(row, 'uloq')}"
        yield "lloq", what, "Give both as the assay has them, before dilution"


def _optional_problems(row: Mapping[str, str]) -> Iterator[Wrong]:
    for column, mend in (
        ("cv_percent", "Write the CV of the sample's replicates in %, at least 0"),
        ("pooled_cv_percent", "Write the pooled CV of the plate's duplicates in %, at least 0"),
        ("replicates", "Write how many wells the value is the mean of: 1, 2, 3, ..."),
        ("freeze_thaw", "Write how often the specimen was frozen and thawed: 0, 1, 2, ..."),
        ("draw_to_spin_minutes", "Write the minutes from the draw to the centrifuge"),
    ):
        text = _cell(row, column)
        if text.upper() in _NO_VALUE_WORDS:
            continue
        problem = number_problem(text)
        if problem:
            yield column, problem[0], mend
        elif float(text) < 0 or (column == "replicates" and float(text) < 1):
            yield column, f"{text} is too small", mend
        elif column in ("replicates", "freeze_thaw") and not float(text).is_integer():
            yield column, f"{text} is no whole number", mend


def _cell(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "").strip()


def _number(text: str) -> float | None:
    """The number of an optional cell; None where it is empty or says so."""
    return None if text.upper() in _NO_VALUE_WORDS else float(text)


def _percent(text: str) -> float | None:
    number = _number(text)
    return None if number is None else number / 100
