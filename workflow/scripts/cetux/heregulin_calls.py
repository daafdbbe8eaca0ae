"""Judge the heregulin of a whole cohort: cut-offs first, then every value, then what changed within each patient."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cetux import clinical, records
from cetux.cohort import Cohort
from cetux.cutoffs import (
    Cutoff,
    CutoffRule,
    CutoffTable,
    HeregulinSettings,
    MovedCall,
    moved_calls,
    resolve_cutoffs,
)
from cetux.errors import HistoryError, InputError
from cetux.evidence import HeregulinResult
from cetux.heregulin import HeregulinChange, change, combine, judge, ranked
from cetux.measurement import Measurement, Preanalytics, parse_row
from cetux.plate_cohort import (
    LeveyJennings,
    PlateFactor,
    by_plate,
    cohort_measurements,
    levey_jennings,
    plate_factors,
    unit_jumps,
)
from cetux.plate_records import PlateFileRecord
from cetux.settings import Settings
from cetux.states import ResistanceClass, Timepoint


@dataclass(frozen=True)
class HeregulinCalls:
    """What the cohort's heregulin says.

    cutoffs: of this run. results: one per patient and time point that has a value. changes: by patient, from pre to
    post. moved: states that differ from the last run's. controls, factors: of the plates, see `plate_cohort`.
    """

    cutoffs: tuple[Cutoff, ...]
    results: tuple[HeregulinResult, ...]
    changes: dict[str, HeregulinChange]
    moved: tuple[MovedCall, ...] = ()
    controls: tuple[LeveyJennings, ...] = ()
    factors: tuple[PlateFactor, ...] = ()


@dataclass(frozen=True)
class _LastRun:
    """What is read of the calls of the last run, so that another version's further fields do not matter."""

    results: tuple[HeregulinResult, ...]


def heregulin_settings(settings: Settings) -> HeregulinSettings:
    """The heregulin sections of the settings as one record."""
    rules: dict[str, Any] = settings["heregulin_rules"]
    cutoffs = tuple(CutoffRule(**rule) for rule in settings["heregulin_cutoffs"])
    return HeregulinSettings(cutoffs=cutoffs, **rules)


def call_heregulin(cohort: Cohort, plates: Iterable[str], history: str) -> HeregulinCalls:
    """Every value of the cohort's sheet and plates against the cut-off of its assay and matrix.

    Args:
        cohort: sheets and settings.
        plates: paths of what `read_plates` made.
        history: path of the last run's calls; there is none in a first run.

    Raises:
        InputError: the medians of two plates lie a thousandfold apart, which is an error of unit; or a frozen cut-off
            is not in its file.
        HistoryError: the file of the last run's calls is there, but cannot be read.
    """
    settings = heregulin_settings(cohort.settings)
    preanalytics = Preanalytics(**cohort.settings["preanalytics"])
    read = [records.read(PlateFileRecord, path) for path in plates]
    problems = unit_jumps(by_plate(read), cohort.sheets.get("plates", ""))
    if problems:
        raise InputError(problems)
    controls = cohort.settings["bridging_controls"]
    measurements = [parse_row(row, preanalytics) for row in cohort.heregulin_rows]
    measurements += cohort_measurements(read, controls)
    cutoffs = resolve_cutoffs(
        settings,
        measurements,
        healthy=[parse_row(row, preanalytics, control=True) for row in cohort.healthy_rows],
        resistant=_resistant(cohort),
        frozen={name: records.read(CutoffTable, path) for name, path in cohort.frozen_cutoffs.items()},
    )
    judged = _judged(measurements, cutoffs, settings)
    results = {whose: combine(several) for whose, several in judged.items()}
    return HeregulinCalls(
        cutoffs=tuple(cutoffs),
        results=tuple(results.values()),
        changes=_changes(judged, results, settings),
        moved=tuple(moved_calls(_last_results(history), results.values())),
        controls=tuple(levey_jennings(read)),
        factors=tuple(plate_factors(read, controls)),
    )


def _last_results(history: str) -> tuple[HeregulinResult, ...]:
    if not Path(history).exists():
        return ()
    try:
        return records.read(_LastRun, history).results
    except ValueError:
        wrong = "it is no record of heregulin calls" if Path(history).stat().st_size else "the file is empty"
        mend = (
            "Restore it from a backup; or delete it, and this run names no call that a cut-off moved since the last one"
        )
        raise HistoryError(history, wrong, mend) from None


def _resistant(cohort: Cohort) -> Mapping[str, bool]:
    """Whether the tumour never responded, of each patient whose class says so."""
    classes = {
        name: clinical.classify(patient, cohort.rules.classes).resistance for name, patient in cohort.patients.items()
    }
    known = (ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED)
    return {name: found is ResistanceClass.DE_NOVO for name, found in classes.items() if found in known}


def _judged(
    measurements: Iterable[Measurement], cutoffs: Sequence[Cutoff], settings: HeregulinSettings
) -> dict[tuple[str, Timepoint], list[HeregulinResult]]:
    """Results of every assay by patient and time point, in the order of `ranked`."""
    values: dict[tuple[str, Timepoint], list[Measurement]] = defaultdict(list)
    for measured in measurements:
        if measured.timepoint is not None:
            values[measured.patient, measured.timepoint].append(measured)
    return {
        (patient, timepoint): [judge(patient, timepoint, one, cutoffs, settings) for one in ranked(several, cutoffs)]
        for (patient, timepoint), several in sorted(values.items())
    }


def _changes(
    judged: Mapping[tuple[str, Timepoint], Sequence[HeregulinResult]],
    results: Mapping[tuple[str, Timepoint], HeregulinResult],
    settings: HeregulinSettings,
) -> dict[str, HeregulinChange]:
    """By patient, from pre to post of the assay that counts at post; where pre lacks it, of that which counts there."""
    found = {}
    for (patient, timepoint), post in results.items():
        if timepoint is Timepoint.POST and (patient, Timepoint.PRE) in results:
            same = [
                pre for pre in judged[patient, Timepoint.PRE] if (pre.assay, pre.matrix) == (post.assay, post.matrix)
            ]
            found[patient] = change(
                same[0] if same else results[patient, Timepoint.PRE],
                post,
                cv_analytical=settings.cv_analytical_fraction,
                cv_within=settings.cv_within_fraction,
            )
    return found
