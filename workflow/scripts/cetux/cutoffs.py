"""The concentration from which circulating heregulin counts as high, and how well that concentration is
known.

Healthy values of published assays span three orders of magnitude [V S36-S39], so there is no default. A
cut-off belongs to one assay and one matrix and comes from outside (fixed), from healthy controls, or from
this cohort (exploratory).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cetux.errors import InputError, Problem
from cetux.evidence import HeregulinResult
from cetux.measurement import Measurement
from cetux.roc import RocPerformance, youden_cutoff
from cetux.states import Heregulin, Timepoint

Floats = NDArray[np.float64]

METHODS = ("fixed", "healthy_percentile", "cohort_quantile", "roc")
"""How a cut-off may come about."""

_BOOTSTRAP_TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class CutoffRule:
    """What the configuration asks for, for one assay in one matrix.

    value_pg_per_ml: in the blood, > 0 (fixed). quantile: 0 < q < 1 (healthy_percentile, cohort_quantile).
    frozen: the file of an earlier run's cut-offs that is used instead of deriving anew. min_n: the fewest
    values to derive from; unset, the number from which a 95 % interval exists (`smallest_sample`).
    """

    assay: str
    matrix: str
    method: str
    value_pg_per_ml: float | None = None
    quantile: float | None = None
    frozen: str = ""
    min_n: int | None = None


@dataclass(frozen=True)
class HeregulinSettings:
    """How heregulin is judged; the numbers come from the configuration alone.

    cv_flag_fraction, cv_fail_fraction: replicate CVs above which a value is flagged, and is not used.
    interval_level: of the value's interval, 0..1. bootstrap_samples: >= 1; seed: >= 0. cv_within_fraction:
    the biological CV of one person over
    time, cv_analytical_fraction: the assay's CV between runs; both for the reference change, neither has a
    default.
    """

    cutoffs: tuple[CutoffRule, ...]
    cv_flag_fraction: float
    cv_fail_fraction: float
    interval_level: float
    bootstrap_samples: int
    seed: int
    cv_within_fraction: float | None = None
    cv_analytical_fraction: float | None = None


@dataclass(frozen=True)
class Cutoff:
    """HIGH is at or above value_pg_per_ml, in the blood; None where it could not be had, and `note` says why.

    interval_*: 95 %, by the bootstrap; None where it is not bounded by a quantified value, and for a fixed
    one. exploratory: derived from the cohort that it judges. n: values it rests on. bars_survival_test:
    chosen by response, so that survival of the same cohort may not be tested at it.
    """

    assay: str
    matrix: str
    method: str
    value_pg_per_ml: float | None
    interval_low_pg_per_ml: float | None = None
    interval_high_pg_per_ml: float | None = None
    exploratory: bool = False
    n: int | None = None
    note: str = ""
    bars_survival_test: bool = False
    frozen_from: str = ""
    performance: RocPerformance | None = None


@dataclass(frozen=True)
class CutoffTable:
    """All cut-offs of one run. Its file, copied and named as `frozen`, keeps them for later runs."""

    cutoffs: tuple[Cutoff, ...]


@dataclass(frozen=True)
class MovedCall:
    """A state that changed although the patient's own value need not have, because the cut-off moved."""

    patient: str
    timepoint: Timepoint
    before: Heregulin
    after: Heregulin
    cutoff_before_pg_per_ml: float | None
    cutoff_after_pg_per_ml: float | None


def resolve_cutoffs(
    settings: HeregulinSettings,
    measurements: Iterable[Measurement],
    *,
    healthy: Iterable[Measurement] = (),
    resistant: Mapping[str, bool] | None = None,
    frozen: Mapping[str, CutoffTable] | None = None,
) -> list[Cutoff]:
    """One cut-off for each rule of the settings, in their order.

    Args:
        settings: rules, seed and number of bootstrap samples.
        measurements: the cohort's; pre-treatment values of the rule's assay and matrix that pass their
        quality control are
            used. Their order does not matter.
        healthy: controls, for `healthy_percentile`.
        resistant: per patient whether the tumour did not respond, for `roc`.
        frozen: the tables read from the files that rules name as `frozen`.

    Raises:
        InputError: a rule is wrong, or a frozen file has no cut-off for its assay and matrix.
    """
    problems = rule_problems(settings.cutoffs, "config", "heregulin_cutoffs")
    if problems:
        raise InputError(problems)
    cohort = [m for m in measurements if m.timepoint is Timepoint.PRE]
    return [_resolve(rule, settings, cohort, list(healthy), resistant or {}, frozen or {}) for rule in settings.cutoffs]


def rule_problems(rules: Sequence[CutoffRule], file: str, column: str) -> list[Problem]:
    """Every rule that lacks what its method needs or repeats another's assay and matrix."""
    problems = []
    seen = set()
    for rule in rules:
        name = f"the cut-off of {rule.assay} in {rule.matrix}"
        if rule.method not in METHODS:
            mend = f"Write one of: {', '.join(METHODS)}"
            problems.append(Problem(file, f"{name} has the unknown method {rule.method!r}", mend, column=column))
        if rule.method == "fixed" and not _is_positive(rule.value_pg_per_ml):
            mend = "Give value_pg_per_ml, above 0, or another method"
            problems.append(Problem(file, f"{name} is fixed but has no value", mend, column=column))
        if rule.method in ("healthy_percentile", "cohort_quantile") and not (
            rule.quantile is not None and 0 < rule.quantile < 1
        ):
            mend = "Give quantile between 0 and 1, such as 0.75"
            problems.append(Problem(file, f"{name} has no quantile", mend, column=column))
        if (rule.assay, rule.matrix) in seen:
            problems.append(Problem(file, f"{name} stands twice", "Keep one", column=column))
        seen.add((rule.assay, rule.matrix))
    return problems


def smallest_sample(quantile: float) -> int:
    """How many values a 95 % interval of a quantile needs, whatever their distribution [D].

    The smallest and largest of n values enclose the quantile q unless all n lie on one side of it, so::

        1 - q**n - (1 - q)**n >= 0.95

    >>> [smallest_sample(q) for q in (0.5, 0.75, 0.95)]
    [6, 11, 59]
    """
    n = 1
    while 1 - quantile**n - (1 - quantile) ** n < 0.95:
        n += 1
    return n


def quantile_cutoff(
    measurements: Iterable[Measurement], quantile: float, samples: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """The quantile of censored values and its 95 % bootstrap interval, in pg/mL.

    A value below its limit L lies somewhere in 0..L, one above U in U..infinity. A quantile rises with every
    value, so the quantile of the lower ends and that of the upper ends enclose it; where the two agree,
    censoring does not touch it, elsewhere it is not known (None). The interval runs from the 2.5 % point of
    the resampled lower quantiles to the 97.5 % point of the upper ones; an end among censored values is None.
    Values interpolate linearly (type 7).

    Args:
        measurements: at least one, all censored or with a value.
        quantile: 0 < q < 1.
        samples: how often the values are drawn anew, with replacement.
        seed: of the drawing.
    """
    ends = np.array(sorted(_ends(m) for m in measurements), dtype=np.float64)
    low, high = (float(_quantile(ends[:, side], quantile)) for side in (0, 1))
    draws = np.random.default_rng(seed).integers(len(ends), size=(samples, len(ends)))
    lows, highs = (_quantile(ends[draws, side], quantile) for side in (0, 1))
    interval_low = float(_quantile(lows, _BOOTSTRAP_TAILS[0]))
    interval_high = float(_quantile(highs, _BOOTSTRAP_TAILS[1]))
    return (
        low if low == high else None,
        interval_low if interval_low > 0 else None,
        interval_high if math.isfinite(interval_high) else None,
    )


def moved_calls(before: Iterable[HeregulinResult], after: Iterable[HeregulinResult]) -> list[MovedCall]:
    """Patients and time points of both runs whose state differs while what was measured is the same."""
    old = {(result.patient, result.timepoint): result for result in before}
    moved = []
    for new in after:
        was = old.get((new.patient, new.timepoint))
        if was is not None and was.state is not new.state and was.raw == new.raw:
            moved.append(
                MovedCall(
                    new.patient,
                    new.timepoint,
                    was.state,
                    new.state,
                    was.cutoff_pg_per_ml,
                    new.cutoff_pg_per_ml,
                )
            )
    return moved


def _resolve(
    rule: CutoffRule,
    settings: HeregulinSettings,
    cohort: Sequence[Measurement],
    healthy: Sequence[Measurement],
    resistant: Mapping[str, bool],
    frozen: Mapping[str, CutoffTable],
) -> Cutoff:
    if rule.frozen:
        return _thawed(rule, frozen)
    if rule.method == "fixed":
        return Cutoff(rule.assay, rule.matrix, rule.method, rule.value_pg_per_ml)
    if rule.method == "roc":
        known = [m for m in _usable(cohort, rule, settings) if m.patient in resistant]
        return _from_response(rule, settings, known, resistant)
    return _from_quantile(
        rule, settings, _usable(healthy if rule.method == "healthy_percentile" else cohort, rule, settings)
    )


def _thawed(rule: CutoffRule, frozen: Mapping[str, CutoffTable]) -> Cutoff:
    for cutoff in frozen[rule.frozen].cutoffs:
        if (cutoff.assay, cutoff.matrix) == (rule.assay, rule.matrix) and cutoff.value_pg_per_ml is not None:
            return replace(cutoff, frozen_from=rule.frozen)
    what = f"has no cut-off for {rule.assay} in {rule.matrix}"
    raise InputError([Problem(rule.frozen, what, "Freeze the cut-offs of a run that derived it")])


def _from_quantile(rule: CutoffRule, settings: HeregulinSettings, values: Sequence[Measurement]) -> Cutoff:
    assert rule.quantile is not None
    exploratory = rule.method == "cohort_quantile"
    blank = Cutoff(rule.assay, rule.matrix, rule.method, None, exploratory=exploratory, n=len(values))
    needed = rule.min_n or smallest_sample(rule.quantile)
    if len(values) < needed:
        return replace(
            blank, note=f"{len(values)} usable values, {needed} are needed for the quantile {rule.quantile:g}"
        )
    value, low, high = quantile_cutoff(values, rule.quantile, settings.bootstrap_samples, settings.seed)
    note = (
        "" if value is not None else f"the quantile {rule.quantile:g} lies among values outside the limits of the assay"
    )
    return replace(blank, value_pg_per_ml=value, interval_low_pg_per_ml=low, interval_high_pg_per_ml=high, note=note)


def _from_response(
    rule: CutoffRule,
    settings: HeregulinSettings,
    values: Sequence[Measurement],
    resistant: Mapping[str, bool],
) -> Cutoff:
    ends = [_ends(m) for m in values]
    needed = rule.min_n or smallest_sample(0.5)
    groups = [resistant[m.patient] for m in values]
    blank = Cutoff(rule.assay, rule.matrix, rule.method, None, exploratory=True, n=len(values), bars_survival_test=True)
    if min(groups.count(True), groups.count(False)) < needed:
        counts = f"{groups.count(True)} resistant and {groups.count(False)} responding patients"
        return replace(blank, note=f"{counts} with a usable value, {needed} of each are needed")
    found = youden_cutoff(
        [end for end, is_resistant in zip(ends, groups, strict=True) if is_resistant],
        [end for end, is_resistant in zip(ends, groups, strict=True) if not is_resistant],
        settings.bootstrap_samples,
        settings.seed,
    )
    if found is None:
        return replace(blank, note="no concentration separates resistant patients above from responding ones below")
    return replace(
        blank,
        value_pg_per_ml=found.cutoff,
        interval_low_pg_per_ml=found.interval_low,
        interval_high_pg_per_ml=found.interval_high,
        performance=found.performance,
        note="chosen by response: survival of this cohort may not be tested at it",
    )


def _usable(measurements: Iterable[Measurement], rule: CutoffRule, settings: HeregulinSettings) -> list[Measurement]:
    """Measurements of the rule's assay and matrix that have a value or a limit and did not fail."""
    return [
        m
        for m in measurements
        if (m.assay, m.matrix) == (rule.assay, rule.matrix)
        and not m.qc_failure
        and (m.cv_fraction or 0.0) <= settings.cv_fail_fraction
        and (m.value_pg_per_ml is not None or m.censored)
    ]


def _ends(measurement: Measurement) -> tuple[float, float]:
    """Between which concentrations the true one lies, pg/mL."""
    if measurement.value_pg_per_ml is not None:
        return measurement.value_pg_per_ml, measurement.value_pg_per_ml
    assert measurement.limit_pg_per_ml is not None
    return (
        (0.0, measurement.limit_pg_per_ml) if measurement.censored == "<" else (measurement.limit_pg_per_ml, math.inf)
    )


def _quantile(values: Floats, quantile: float) -> Floats:
    """Quantiles of the last axis by linear interpolation; like numpy's, but infinity stays infinity and is
    never NaN.
    """
    ordered = np.sort(values, axis=-1)
    position = quantile * (ordered.shape[-1] - 1)
    below, part = int(position), position - int(position)
    if part == 0:
        return ordered[..., below]
    bounded = np.where(np.isfinite(ordered), ordered, 0.0)
    between = bounded[..., below] * (1 - part) + bounded[..., below + 1] * part
    return np.where(np.isfinite(ordered[..., below + 1]), between, np.inf)


def _is_positive(number: float | None) -> bool:
    return number is not None and math.isfinite(number) and number > 0
