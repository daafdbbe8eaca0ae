"""What a cohort's plates say together: controls from plate to plate, pairs split over plates, and errors of
unit.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, median, stdev

from cetux.errors import Problem
from cetux.measurement import Measurement
from cetux.plate_records import PlateFileRecord, PlateResult, measurements
from cetux.states import Timepoint

UNIT_JUMP = 1000 / math.sqrt(10)
"""Medians further apart than this are nearer to a factor of 1,000 than to one of 100, on a log scale."""

MIN_VALUES_FOR_A_JUMP = 3
"""The median of fewer values is a patient's, not a plate's [P]."""

Place = tuple[str, int]
"""A plate: ID of its file, and its number in it."""


@dataclass(frozen=True)
class LeveyJennings:
    """One control on one plate, for a Levey-Jennings chart; concentrations in pg/mL, dilution applied.

    mean, sd: over all accepted plates of the assay and matrix with this control, None for fewer than two. z:
    (value - mean) / sd, None for fewer than three plates, where no sd can tell one plate from the others.
    accepted: the plate's standards and controls pass.
    """

    assay: str
    matrix: str
    control: str
    plates: str
    plate: int
    run_date: str
    accepted: bool
    value_pg_per_ml: float
    nominal_pg_per_ml: float | None
    mean_pg_per_ml: float | None = None
    sd_pg_per_ml: float | None = None
    z: float | None = None


@dataclass(frozen=True)
class PlateFactor:
    """How much one plate reads above the others, by the controls that they share.

    factor: geometric mean over bridging controls of (value on this plate / geometric mean of the control over
    its plates); 1 reads like the others. None without a control that stands on another accepted plate too. No
    value is corrected by it.
    """

    assay: str
    matrix: str
    plates: str
    plate: int
    factor: float | None
    controls: tuple[str, ...]


@dataclass(frozen=True)
class SplitPair:
    """A patient whose pre and post were measured on different plates; ratio: factor of post's plate over
    pre's.

    bridged: both plates have a factor through a control that both hold.
    """

    patient: str
    assay: str
    matrix: str
    pre: Place
    post: Place
    bridged: bool
    ratio: float | None


def levey_jennings(records: Sequence[PlateFileRecord]) -> list[LeveyJennings]:
    """A row for each control with a value on each plate, in the order of run dates, then of the records."""
    rows = [
        LeveyJennings(
            assay=record.assay,
            matrix=record.matrix,
            control=check.sample,
            plates=record.plates,
            plate=result.number,
            run_date=record.run_date,
            accepted=not result.failures,
            value_pg_per_ml=check.value_pg_per_ml,
            nominal_pg_per_ml=check.nominal_pg_per_ml,
        )
        for record in sorted(records, key=lambda record: record.run_date)
        for result in record.results
        for check in result.controls
        if check.value_pg_per_ml is not None
    ]
    return [_placed(row, rows) for row in rows]


def plate_factors(records: Sequence[PlateFileRecord], controls: Sequence[str] = ()) -> list[PlateFactor]:
    """A factor for each accepted plate.

    Args:
        records: of all plate files.
        controls: names of the bridging controls; none given, every control that stands on two accepted plates
        or more.
    """
    rows = [row for row in levey_jennings(records) if row.accepted and (not controls or row.control in controls)]
    factors = []
    for record in records:
        for result in _accepted(record):
            here = [row for row in rows if (row.plates, row.plate) == (record.plates, result.number)]
            ratios = {row.control: _over_the_others(row, rows) for row in here}
            known = {control: ratio for control, ratio in ratios.items() if ratio is not None}
            factor = math.exp(fmean(math.log(ratio) for ratio in known.values())) if known else None
            factors.append(
                PlateFactor(record.assay, record.matrix, record.plates, result.number, factor, tuple(sorted(known)))
            )
    return factors


def split_pairs(records: Sequence[PlateFileRecord], factors: Sequence[PlateFactor]) -> list[SplitPair]:
    """Every patient whose pre and post never stand on one plate of the same assay and matrix."""
    places: dict[tuple[str, str, str], dict[Timepoint, list[Place]]] = {}
    for record in records:
        for result in _accepted(record):
            for sample in result.samples:
                if sample.patient is not None and sample.timepoint is not None:
                    of_patient = places.setdefault((sample.patient, record.assay, record.matrix), {})
                    of_patient.setdefault(sample.timepoint, []).append((record.plates, result.number))
    by_place = {(factor.plates, factor.plate): factor for factor in factors}
    pairs = []
    for (patient, assay, matrix), of_patient in sorted(places.items()):
        pre, post = of_patient.get(Timepoint.PRE, []), of_patient.get(Timepoint.POST, [])
        if pre and post and not set(pre) & set(post):
            bridged, ratio = _bridge(by_place[pre[0]], by_place[post[0]])
            pairs.append(SplitPair(patient, assay, matrix, pre[0], post[0], bridged, ratio))
    return pairs


def cohort_measurements(records: Sequence[PlateFileRecord], controls: Sequence[str] = ()) -> list[Measurement]:
    """One measurement per patient, time point, assay and matrix, with the flags that only several plates
    show.

    Of a sample measured on several plates the one with a value counts, else one that is censored, else a
    failed one; of several as good, the first by run date, then by the order of the records. A pair split over
    plates is flagged on both sides.

    Args:
        records: of all plate files.
        controls: names of the bridging controls, see `plate_factors`.
    """
    pairs = {
        (pair.patient, pair.assay, pair.matrix): pair for pair in split_pairs(records, plate_factors(records, controls))
    }
    several: dict[tuple[str, Timepoint | None, str, str], list[Measurement]] = {}
    for record in sorted(records, key=lambda record: record.run_date):
        for m in measurements(record):
            several.setdefault((m.patient, m.timepoint, m.assay, m.matrix), []).append(m)
    chosen = []
    for same in several.values():
        first = min(same, key=_usability)
        flags = (f"measured_on_plates: {len(same)}",) if len(same) > 1 else ()
        pair = pairs.get((first.patient, first.assay, first.matrix))
        chosen.append(replace(first, flags=(*first.flags, *flags, *(() if pair is None else (_pair_flag(pair),)))))
    return chosen


def unit_jumps(groups: Mapping[str, Iterable[Measurement]], file: str) -> list[Problem]:
    """A problem for each two groups (plates) of one assay and matrix whose medians lie about a thousandfold
    apart.

    That is no biology but ng/mL taken for pg/mL: the run must stop. A censored value counts as its limit;
    failed ones, and groups with fewer than three values, do not count.

    Args:
        groups: measurements by a name that the message shows.
        file: the sheet in which the units stand.
    """
    medians: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for name, group in groups.items():
        values: dict[tuple[str, str], list[float]] = {}
        for m in group:
            value = m.limit_pg_per_ml if m.value_pg_per_ml is None else m.value_pg_per_ml
            if value is not None and value > 0 and not m.qc_failure:
                values.setdefault((m.assay, m.matrix), []).append(value)
        for key, numbers in values.items():
            if len(numbers) >= MIN_VALUES_FOR_A_JUMP:
                medians.setdefault(key, []).append((name, median(numbers)))
    return [
        Problem(
            file,
            f"the median heregulin of {assay} in {matrix} is {one:.4g} pg/mL in {first}, {other:.4g} in {second}",
            "Check the unit of both: a jump of about 1,000 is ng/mL taken for pg/mL",
            column="unit",
        )
        for (assay, matrix), group_medians in medians.items()
        for (first, one), (second, other) in combinations(group_medians, 2)
        if max(one, other) / min(one, other) > UNIT_JUMP
    ]


def by_plate(records: Iterable[PlateFileRecord]) -> dict[str, list[Measurement]]:
    """Measurements by plate, named for `unit_jumps`."""
    return {
        f"{record.plates} plate {result.number}": measurements(replace(record, results=(result,)))
        for record in records
        for result in record.results
    }


def _accepted(record: PlateFileRecord) -> list[PlateResult]:
    return [result for result in record.results if result.curve is not None and not result.failures]


def _same_control(row: LeveyJennings, rows: Iterable[LeveyJennings]) -> list[LeveyJennings]:
    """Rows of the same control on accepted plates of the same assay and matrix."""
    key = (row.assay, row.matrix, row.control)
    return [other for other in rows if (other.assay, other.matrix, other.control) == key and other.accepted]


def _placed(row: LeveyJennings, rows: Sequence[LeveyJennings]) -> LeveyJennings:
    """The row with mean, sd and z of its control."""
    values = [other.value_pg_per_ml for other in _same_control(row, rows)]
    if len(values) < 2:
        return row
    mean, sd = fmean(values), stdev(values)
    z = (row.value_pg_per_ml - mean) / sd if len(values) > 2 and sd > 0 else None
    return replace(row, mean_pg_per_ml=mean, sd_pg_per_ml=sd, z=z)


def _over_the_others(row: LeveyJennings, rows: Sequence[LeveyJennings]) -> float | None:
    """The control's value over its geometric mean on all its plates; None where it stands on one plate alone."""
    same = _same_control(row, rows)
    if len({(other.plates, other.plate) for other in same}) < 2:
        return None
    return row.value_pg_per_ml / math.exp(fmean(math.log(other.value_pg_per_ml) for other in same))


def _bridge(pre: PlateFactor, post: PlateFactor) -> tuple[bool, float | None]:
    """Whether a control stands on both plates, and how much post's plate reads above pre's."""
    if not set(pre.controls) & set(post.controls) or pre.factor is None or post.factor is None:
        return False, None
    return True, post.factor / pre.factor


def _pair_flag(pair: SplitPair) -> str:
    if not pair.bridged:
        return "pair_split_without_bridge"
    return f"pair_split_bridged: post's plate reads {pair.ratio:.2f} of pre's"


def _usability(m: Measurement) -> int:
    """0 with a value, 1 with a limit, 2 without either."""
    if m.value_pg_per_ml is not None:
        return 0
    return 1 if m.censored else 2
