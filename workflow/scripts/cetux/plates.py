"""One plate file from readings to results: curve, acceptance, and each sample's concentration or why there is
none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cetux.calibration import CalibrationError, Curve, Level, back_calculate, fit_curve
from cetux.errors import InputError
from cetux.measurement import Preanalytics
from cetux.plate_files import Plate, Well, read_plates
from cetux.plate_layout import Role
from cetux.plate_quality import (
    AcceptanceLimits,
    QcCheck,
    Replicates,
    check_control,
    check_standards,
    choose_dilution,
    control_failures,
    merge_replicates,
    pooled_cv,
    standards_failures,
    usable_range,
)
from cetux.plate_records import WHOLE_FILE, PlateFileRecord, PlateResult, SampleResult, WellResult
from cetux.plate_sheets import PlateFile, SampleName, named, parse_plate_row, parse_sample_row
from cetux.states import Timepoint


def process_rows(
    row: Mapping[str, str],
    samples: Sequence[Mapping[str, str]],
    acceptance: Mapping[str, Any],
    cv_fail_fraction: float,
    preanalytics: Mapping[str, Any],
) -> PlateFileRecord:
    """One plate file from its row of `plates.tsv` and its rows of `plate_samples.tsv`; see `process`.

    Args:
        row: paths in it are as they are to be opened.
        samples: rows of `plate_samples.tsv` that name this file.
        acceptance: the `plate_acceptance` section of the settings.
        cv_fail_fraction: replicates apart by more are not used.
        preanalytics: the `preanalytics` section of the settings.
    """
    limits = AcceptanceLimits(**acceptance, cv_fail_fraction=cv_fail_fraction)
    names = [parse_sample_row(sample, Preanalytics(**preanalytics)) for sample in samples]
    return process(parse_plate_row(row), names, limits)


def process(source: PlateFile, names: Sequence[SampleName], limits: AcceptanceLimits) -> PlateFileRecord:
    """Read, fit, check and quantify all plates of one file.

    A file that cannot be read, and a plate that fails, keep their samples: each has a qc_failure with the
    reason. Samples that `names` lists and no plate holds are kept likewise.

    Args:
        source: the row of `plates.tsv`, its paths as they are to be opened.
        names: rows of `plate_samples.tsv`; those of other files are passed over.
        limits: when a plate passes.
    """
    mine = [name for name in names if name.plates == source.plates]
    try:
        plates = read_plates(source.file, source.layout, source.options)
        results = [_plate(plate, source, mine, limits) for plate in plates]
        failures: tuple[str, ...] = ()
    except InputError as error:
        results, failures = [], tuple(str(problem) for problem in error.problems)
    found = {(sample.sample, sample.patient) for result in results for sample in result.samples}
    lost = [name for name in mine if (name.sample, name.patient) not in found]
    if failures or lost:
        unread = [failure for result in results if not result.samples for failure in result.failures]
        reason = "; ".join([*failures, *unread]) or f"the sample is on no plate of {source.plates}"
        samples = tuple(SampleResult(n.sample, n.patient, n.timepoint, None, reason, n.flags) for n in lost)
        results.append(PlateResult(WHOLE_FILE, "", failures, samples=samples))
    return PlateFileRecord(
        source.plates,
        source.file,
        source.assay,
        source.matrix,
        source.lloq_pg_per_ml,
        source.uloq_pg_per_ml,
        source.run_date,
        source.kit_lot,
        tuple(results),
    )


def _plate(plate: Plate, source: PlateFile, names: Sequence[SampleName], limits: AcceptanceLimits) -> PlateResult:
    """One plate; failures keep the checks that show why, and no concentration of a sample."""
    wells, blank = _without_blank(plate, source)
    levels = _levels(wells, source.factor)
    failures = [*_empty(plate), *_wrong_unit(plate, source)]
    curve: Curve | None = None
    if not failures:
        try:
            curve = fit_curve(levels, source.model, source.weights)
        except CalibrationError as error:
            failures.append(str(error))
    if curve is None:
        return _failed(
            PlateResult(plate.number, plate.name, tuple(failures), blank_density=blank), wells, names, source
        )
    lloq, uloq = source.lloq_pg_per_ml, source.uloq_pg_per_ml
    standards = check_standards(curve, levels, lloq, uloq, limits)
    failures += standards_failures(standards, levels, limits)
    lower, upper = usable_range(standards, lloq, uloq)
    read = [_read_well(well, curve, lower, upper, source.factor) for well in wells]
    controls = _controls(read, limits)
    failures += control_failures(controls, limits)
    result = PlateResult(
        plate.number,
        plate.name,
        tuple(failures),
        curve,
        lower,
        upper,
        blank,
        standards,
        controls,
        flags=(*_range_flags(lower, upper, source), *_control_flags(controls), *_standard_flags(wells)),
    )
    if failures:
        return _failed(result, wells, names, source)
    return _quantified(result, read, names, limits)


def _quantified(
    result: PlateResult, read: Sequence[WellResult], names: Sequence[SampleName], limits: AcceptanceLimits
) -> PlateResult:
    """An accepted plate with its samples and its pooled CV."""
    assert result.lower_limit_pg_per_ml is not None
    assert result.upper_limit_pg_per_ml is not None
    merged: dict[str, tuple[Replicates, ...]] = {}
    for role in (Role.UNKNOWN, Role.QC):
        for name, wells in _by_sample(read, role).items():
            merged[name] = _dilutions(wells, result.lower_limit_pg_per_ml, result.upper_limit_pg_per_ml)
    samples = []
    for name, wells in _by_sample(read, Role.UNKNOWN).items():
        samples.append(_sample(name, wells, merged[name], _person(name, result, names), limits))
    cv = pooled_cv((r for dilutions in merged.values() for r in dilutions), limits.cv_fail_fraction)
    return replace(result, pooled_cv_fraction=cv, samples=tuple(samples), wells=tuple(read))


def _failed(result: PlateResult, wells: Sequence[Well], names: Sequence[SampleName], source: PlateFile) -> PlateResult:
    """A plate whose samples are all kept, without a number, with its failures as their reason."""
    reason = f"plate {result.number} of {source.plates}: {'; '.join(result.failures)}"
    unknowns = dict.fromkeys(well.sample for well in wells if well.role is Role.UNKNOWN)
    samples = []
    for name in unknowns:
        patient, timepoint, flags = _person(name, result, names)
        samples.append(SampleResult(name, patient, timepoint, None, reason, flags))
    plain = tuple(
        WellResult(
            w.well, w.role, w.sample, w.dilution, w.od, _scaled(w.level, source.factor), None, "", w.masked, w.note
        )
        for w in wells
    )
    return replace(result, samples=tuple(samples), wells=plain)


def _without_blank(plate: Plate, source: PlateFile) -> tuple[tuple[Well, ...], float | None]:
    """The wells as the curve takes them, and the blank's mean density where it was taken off."""
    blanks = [w.od for w in plate.wells if w.role is Role.BLANK and w.od is not None and not w.masked]
    if source.blank == "zero_standard":
        return tuple(
            replace(w, role=Role.STANDARD, level=0.0) if w.role is Role.BLANK else w for w in plate.wells
        ), None
    if source.blank == "ignore" or not blanks:
        return plate.wells, None
    blank = sum(blanks) / len(blanks)
    return tuple(w if w.od is None else replace(w, od=w.od - blank) for w in plate.wells), blank


def _levels(wells: Iterable[Well], factor: float) -> list[Level]:
    """Standards by concentration in pg/mL, of wells that have a number and are not masked."""
    densities: dict[float, list[float]] = {}
    for well in wells:
        if well.role is Role.STANDARD and well.od is not None and well.level is not None and not well.masked:
            densities.setdefault(well.level * factor, []).append(well.od)
    return [Level(nominal, tuple(values)) for nominal, values in sorted(densities.items())]


def _empty(plate: Plate) -> list[str]:
    if not plate.wells:
        return ["the plate has no layout: add one to the file or name a layout file in plates.tsv"]
    if all(well.od is None and not well.above_reader for well in plate.wells):
        return ["the plate is empty: no well of its layout has a reading"]
    if not any(well.role is Role.STANDARD for well in plate.wells):
        return ["the plate has no standards"]
    return []


def _wrong_unit(plate: Plate, source: PlateFile) -> list[str]:
    if plate.unit and plate.unit.lower() != source.unit.lower():
        return [f"the file's standards are in {plate.unit}, plates.tsv says {source.unit}"]
    return []


def _read_well(well: Well, curve: Curve, lower: float, upper: float, factor: float) -> WellResult:
    """One well read off the curve, inside the plate's limits; masked and unreadable wells have no
    concentration.
    """
    plain = WellResult(
        well.well,
        well.role,
        well.sample,
        well.dilution,
        well.od,
        _scaled(well.level, factor),
        masked=well.masked,
        note=well.note,
    )
    if well.masked:
        return plain
    if well.above_reader:
        return replace(plain, censored=">")
    if well.od is None:
        return plain
    value, sign = back_calculate(curve, well.od, lower, upper)
    return replace(plain, concentration_pg_per_ml=value, censored=sign)


def _scaled(level: float | None, factor: float) -> float | None:
    return None if level is None else level * factor


def _usable(wells: Iterable[WellResult]) -> list[WellResult]:
    """Wells with a concentration or a sign."""
    return [w for w in wells if w.concentration_pg_per_ml is not None or w.censored]


def _by_sample(wells: Iterable[WellResult], role: Role) -> dict[str, list[WellResult]]:
    samples: dict[str, list[WellResult]] = {}
    for well in wells:
        if well.role is role:
            samples.setdefault(well.sample, []).append(well)
    return samples


def _controls(read: Sequence[WellResult], limits: AcceptanceLimits) -> tuple[QcCheck, ...]:
    """Each control by name and concentration; unreadable wells do not count, censored ones do."""
    checks = []
    for name, wells in _by_sample(read, Role.QC).items():
        for nominal in dict.fromkeys(w.nominal_pg_per_ml for w in wells):
            of_level = [w for w in _usable(wells) if w.nominal_pg_per_ml == nominal]
            signed = [(_scaled(w.concentration_pg_per_ml, w.dilution), w.censored) for w in of_level]
            checks.append(check_control(name, nominal, signed, limits))
    return tuple(checks)


def _dilutions(wells: Iterable[WellResult], lower: float, upper: float) -> tuple[Replicates, ...]:
    by_dilution: dict[float, list[tuple[float | None, str]]] = {}
    for w in _usable(wells):
        by_dilution.setdefault(w.dilution, []).append((w.concentration_pg_per_ml, w.censored))
    return tuple(merge_replicates(signed, dilution, lower, upper) for dilution, signed in sorted(by_dilution.items()))


def _sample(
    name: str,
    wells: Sequence[WellResult],
    dilutions: tuple[Replicates, ...],
    person: tuple[str | None, Timepoint | None, tuple[str, ...]],
    limits: AcceptanceLimits,
) -> SampleResult:
    patient, timepoint, flags = person
    flags += tuple(f"well_unreadable: {w.well} {w.note!r}" for w in wells if w.note and not w.censored and not w.masked)
    flags += tuple(f"well_masked: {w.well}" for w in wells if w.masked)
    if not dilutions:
        return SampleResult(name, patient, timepoint, None, "no well of the sample can be used", flags)
    chosen, chosen_flags = choose_dilution(dilutions, limits)
    flags += (*chosen.flags, *chosen_flags)
    raw = ", ".join(_well_text(w) for w in wells if w.dilution == chosen.dilution and not w.masked)
    failure = (
        "" if chosen.value_pg_per_ml is not None or chosen.censored else "its wells lie below and above the limits"
    )
    return SampleResult(name, patient, timepoint, chosen, failure, flags, raw, dilutions)


def _well_text(well: WellResult) -> str:
    return f"{well.well} {well.note if well.density is None else format(well.density, '.4g')}"


def _person(
    sample: str, result: PlateResult, names: Sequence[SampleName]
) -> tuple[str | None, Timepoint | None, tuple[str, ...]]:
    """Patient, time point and flags of a sample's name; None where it belongs to nobody."""
    for name in names:
        if name.sample == sample and name.plate in ("", result.name, str(result.number)):
            return name.patient, name.timepoint, name.flags
    patient, timepoint = named(sample) or (None, None)
    return patient, timepoint, ()


def _range_flags(lower: float, upper: float, source: PlateFile) -> tuple[str, ...]:
    raised = (f"lloq_raised: {lower:g} pg/mL",) if lower > source.lloq_pg_per_ml else ()
    lowered = (f"uloq_lowered: {upper:g} pg/mL",) if upper < source.uloq_pg_per_ml else ()
    return (*raised, *lowered)


def _control_flags(controls: Sequence[QcCheck]) -> tuple[str, ...]:
    if not controls:
        return ("no_qc_wells",)
    return () if any(check.wells_passed is not None for check in controls) else ("qc_without_target",)


def _standard_flags(wells: Iterable[Well]) -> tuple[str, ...]:
    return tuple(
        f"standard_unreadable: {w.well} {w.note!r}"
        for w in wells
        if w.role is Role.STANDARD and w.note and not w.masked
    )
