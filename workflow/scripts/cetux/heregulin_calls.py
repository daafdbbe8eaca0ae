"""Judge the heregulin of a whole cohort: cut-offs first, then every value."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from cetux.cohort import Cohort
from cetux.evidence import HeregulinResult
from cetux.heregulin import Cutoff, CutoffRule, HeregulinSettings, judge, parse_row, resolve_cutoffs, select
from cetux.measurement import Measurement
from cetux.settings import Settings
from cetux.states import Timepoint


@dataclass(frozen=True)
class HeregulinCalls:
    """Cut-offs of the run, and one result per patient and time point that the sheet has a row for."""

    cutoffs: tuple[Cutoff, ...]
    results: tuple[HeregulinResult, ...]


def heregulin_settings(settings: Settings) -> HeregulinSettings:
    """The heregulin sections of the settings as one record."""
    rules: dict[str, Any] = settings["heregulin_rules"]
    cutoffs = tuple(CutoffRule(**rule) for rule in settings["heregulin_cutoffs"])
    return HeregulinSettings(cutoffs=cutoffs, **rules)


def call_heregulin(cohort: Cohort) -> HeregulinCalls:
    """Every value of the cohort's sheet against the cut-off of its assay and matrix."""
    settings = heregulin_settings(cohort.settings)
    measurements = [parse_row(row) for row in cohort.heregulin_rows]
    cutoffs = resolve_cutoffs(settings, measurements)
    values: dict[tuple[str, Timepoint], list[Measurement]] = defaultdict(list)
    for measured in measurements:
        if measured.timepoint is not None:
            values[measured.patient, measured.timepoint].append(measured)
    results = [
        judge(patient, timepoint, select(several, cutoffs), cutoffs, settings)
        for (patient, timepoint), several in sorted(values.items())
    ]
    return HeregulinCalls(tuple(cutoffs), tuple(results))
