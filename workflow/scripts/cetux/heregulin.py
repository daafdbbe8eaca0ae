"""What circulating heregulin says: HIGH, LOW, or an honest "cannot say"; and whether it rose from pre to
post.

Tables of concentrations are read by `measurement`, plates by `plates`, cut-offs derived by `cutoffs`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scipy.stats import norm

from cetux.cutoffs import Cutoff, HeregulinSettings
from cetux.evidence import HeregulinResult
from cetux.measurement import Measurement
from cetux.states import Heregulin, Timepoint, Trend


@dataclass(frozen=True)
class HeregulinChange:
    """Trend of one patient's heregulin from pre to post.

    fold: post over pre, or the bound of it that censored values leave. bound: ``>=`` or ``<=`` in front of
    the fold where it is a bound, else empty. crossed: pre is negative and post HIGH.
    """

    kind: Trend
    reason: str
    fold: float | None = None
    bound: str = ""
    crossed: bool = False


def ranked(measurements: Iterable[Measurement], cutoffs: Sequence[Cutoff]) -> list[Measurement]:
    """Measurements of one patient at one time point by different assays, the one that speaks first in front.

    Those whose assay and matrix come first among the cut-offs; then those whose assay does; then by assay and matrix,
    so that the order of rows does not matter.
    """
    exact = {(c.assay, c.matrix): place for place, c in reversed(list(enumerate(cutoffs)))}
    by_assay = {c.assay: place for place, c in reversed(list(enumerate(cutoffs)))}
    last = len(cutoffs)

    def rank(m: Measurement) -> tuple[int, int, str, str]:
        return exact.get((m.assay, m.matrix), last), by_assay.get(m.assay, last), m.assay, m.matrix

    return sorted(measurements, key=rank)


_TIERS = ((Heregulin.HIGH,), (Heregulin.EQUIVOCAL, Heregulin.ALQ), (Heregulin.LOW, Heregulin.BLQ))


def combine(results: Sequence[HeregulinResult]) -> HeregulinResult:
    """The result that counts of several assays at one time point, each judged by its own cut-off.

    As with several samples: HIGH in any of them outweighs everything; then one that leaves the question open
    (EQUIVOCAL, ALQ), then a negative one, then one that says nothing; of equals the first. Where those that say
    something do not say the same, the result is flagged with what each says.

    Args:
        results: at least one, in the order of `ranked`.
    """
    tiers = {id(r): next((i for i, states in enumerate(_TIERS) if r.state in states), len(_TIERS)) for r in results}
    counting = min(results, key=lambda result: tiers[id(result)])
    saying = [result for result in results if tiers[id(result)] < len(_TIERS)]
    if len({tiers[id(result)] for result in saying}) < 2:
        return counting
    said = ", ".join(f"{result.assay} {result.matrix} {result.state}" for result in saying)
    return replace(counting, flags=(*counting.flags, f"assays_disagree: {said}"))


def judge(
    patient: str,
    timepoint: Timepoint,
    measurement: Measurement | None,
    cutoffs: Sequence[Cutoff],
    settings: HeregulinSettings,
) -> HeregulinResult:
    """The state of one patient's heregulin at one time point.

    In this order: MISSING (no row, or no value in it), QC_FAIL, MISSING (no cut-off), MATRIX_MISMATCH; then,
    c being the cut-off and all limits after dilution::

        < limit       BLQ if limit < c, else EQUIVOCAL
        > limit       HIGH if limit >= c, else ALQ
        value         EQUIVOCAL if low < c <= high, else HIGH if value >= c, else LOW

    Args:
        patient, timepoint: whose result this is.
        measurement: None where the table has no row.
        cutoffs: of all assays; the one of the measurement's assay and matrix is used, never another.
        settings: limits of the CV and level of the interval.
    """
    if measurement is None:
        return HeregulinResult(patient, timepoint, Heregulin.MISSING, "no heregulin value in the table")
    cutoff = _cutoff_for(measurement, cutoffs)
    bounds = interval(measurement, settings.interval_level)
    state, reason = _state(
        measurement, cutoff, bounds, [c.matrix for c in cutoffs if c.assay == measurement.assay], settings
    )
    failed = state is Heregulin.QC_FAIL
    return HeregulinResult(
        patient=patient,
        timepoint=timepoint,
        state=state,
        reason=reason,
        raw=measurement.raw,
        value_pg_per_ml=None if failed else measurement.value_pg_per_ml,
        interval_low_pg_per_ml=None if failed or bounds is None else bounds[0],
        interval_high_pg_per_ml=None if failed or bounds is None else bounds[1],
        censored="" if failed else measurement.censored,
        limit_pg_per_ml=None if failed else measurement.limit_pg_per_ml,
        cutoff_pg_per_ml=None if cutoff is None else cutoff.value_pg_per_ml,
        cutoff_method="" if cutoff is None else cutoff.method,
        cutoff_exploratory=cutoff is not None and cutoff.exploratory,
        assay=measurement.assay,
        matrix=measurement.matrix,
        flags=_flags(measurement, cutoff, settings),
    )


def interval(measurement: Measurement, level: float) -> tuple[float, float] | None:
    """Between which concentrations the mean lies with probability `level`, in pg/mL; None where no CV is
    known.

    The mean x of n wells with a coefficient of variation CV has the standard error x * CV / sqrt(n). CV is
    the plate's pooled one (rules), known from so many wells that the normal quantile z stands for Student's
    t; else the sample's own::

        x * (1 +- z * CV / sqrt(n)),   z = Phi**-1((1 + level) / 2)

    For duplicates at 90 % that is +-1.645 / sqrt(2) = +-1.16 CV. Without a number of wells n is 1. The lower
    end is never below 0, for no concentration is.

    Args:
        measurement: with a value in pg/mL; without, there is no interval.
        level: 0..1.
    """
    cv = measurement.pooled_cv_fraction if measurement.pooled_cv_fraction is not None else measurement.cv_fraction
    if measurement.value_pg_per_ml is None or cv is None:
        return None
    half = float(norm.ppf((1 + level) / 2)) * cv / math.sqrt(measurement.replicates or 1)
    return measurement.value_pg_per_ml * max(0.0, 1 - half), measurement.value_pg_per_ml * (1 + half)


def reference_change(cv_analytical: float, cv_within: float) -> tuple[float, float]:
    """By how much two values of one person must differ for more than assay and biology (95 %), as fractions
    (rise, fall).

    Both values vary log-normally with the variance s**2 = ln(1 + CVa**2 + CVi**2); their log ratio has the
    variance 2*s**2, so::

        rise = exp(1.96 * sqrt(2) * s) - 1        fall = exp(-1.96 * sqrt(2) * s) - 1

    Args:
        cv_analytical: CVa, of the assay between the two measurements, fraction, >= 0.
        cv_within: CVi, of one person over time, fraction, >= 0.

    Raises:
        ValueError: a CV is negative or not finite.

    >>> [round(change, 2) for change in reference_change(0.10, 0.20)]
    [0.84, -0.46]
    """
    for cv in (cv_analytical, cv_within):
        if not math.isfinite(cv) or cv < 0:
            raise ValueError(f"a CV is a fraction of at least 0, not {cv}")
    exponent = 1.96 * math.sqrt(2 * math.log(1 + cv_analytical**2 + cv_within**2))
    return math.exp(exponent) - 1, math.exp(-exponent) - 1


def change(
    pre: HeregulinResult, post: HeregulinResult, cv_analytical: float | None, cv_within: float | None
) -> HeregulinChange:
    """Whether heregulin rose from pre to post by more than the reference change value, and across the
    cut-off.

    A censored value bounds the fold: from ``<L`` to x it is at least x / L, from x to ``>U`` at least U / x,
    likewise at most; a bound proves a change where it lies beyond the reference change, and nothing
    elsewhere.

    Args:
        pre, post: results of one patient.
        cv_analytical, cv_within: fractions, see `reference_change`; None where not known: then nothing is
        said.
    """
    crossed = pre.state in (Heregulin.LOW, Heregulin.BLQ) and post.state is Heregulin.HIGH
    fold, bound = _fold(pre, post)
    if fold is None:
        return HeregulinChange(Trend.NOT_ASSESSABLE, "pre or post has no value, or both are beyond one limit")
    if (pre.assay, pre.matrix) != (post.assay, post.matrix):
        return HeregulinChange(Trend.NOT_ASSESSABLE, "pre and post are of different assays or matrices")
    if cv_analytical is None or cv_within is None:
        why = "the assay's or the biological CV is not configured"
        return HeregulinChange(Trend.NOT_ASSESSABLE, why, fold, bound, crossed)
    rise, fall = reference_change(cv_analytical, cv_within)
    limits = f"reference change {rise:+.0%} / {fall:+.0%}"
    if fold > 1 + rise and bound != "<=":
        kind = Trend.RISE if crossed else Trend.INCREASE
        return HeregulinChange(kind, limits, fold, bound, crossed)
    if fold < 1 + fall and bound != ">=":
        return HeregulinChange(Trend.FALL, limits, fold, bound, crossed)
    if bound:
        return HeregulinChange(Trend.NOT_ASSESSABLE, f"the fold is only bounded; {limits}", fold, bound, crossed)
    return HeregulinChange(Trend.UNCHANGED, limits, fold, bound, crossed)


def _cutoff_for(measurement: Measurement, cutoffs: Sequence[Cutoff]) -> Cutoff | None:
    for cutoff in cutoffs:
        if (cutoff.assay, cutoff.matrix) == (measurement.assay, measurement.matrix):
            return cutoff
    return None


def _state(
    m: Measurement,
    cutoff: Cutoff | None,
    bounds: tuple[float, float] | None,
    matrices: Sequence[str],
    settings: HeregulinSettings,
) -> tuple[Heregulin, str]:
    """The state and its reason; `matrices` are those for which the assay has a cut-off."""
    if m.qc_failure:
        return Heregulin.QC_FAIL, m.qc_failure
    if m.value_pg_per_ml is None and not m.censored:
        return Heregulin.MISSING, "the row has no value"
    if m.cv_fraction is not None and m.cv_fraction > settings.cv_fail_fraction:
        return Heregulin.QC_FAIL, f"replicate CV {m.cv_fraction:.0%}, above {settings.cv_fail_fraction:.0%}"
    if cutoff is None and matrices:
        why = f"measured in {m.matrix}, the cut-off of {m.assay} is for {' and '.join(matrices)}"
        return Heregulin.MATRIX_MISMATCH, why
    if cutoff is None:
        return Heregulin.MISSING, f"no cut-off for the assay {m.assay}"
    if cutoff.value_pg_per_ml is None:
        return Heregulin.MISSING, f"no cut-off for the assay {m.assay}: {cutoff.note}"
    return compared(m, cutoff.value_pg_per_ml, bounds)


def compared(
    m: Measurement | HeregulinResult, cutoff: float, bounds: tuple[float, float] | None
) -> tuple[Heregulin, str]:
    """The state of a value, or of what lies beyond a limit, by the cut-off alone; all in pg/mL."""
    if m.value_pg_per_ml is None:
        assert m.limit_pg_per_ml is not None
        said = f"{m.censored}{m.limit_pg_per_ml:g} pg/mL after dilution, cut-off {cutoff:g}"
        if m.censored == "<":
            below = m.limit_pg_per_ml < cutoff
            return (Heregulin.BLQ, said) if below else (Heregulin.EQUIVOCAL, f"{said}: the assay cannot exclude HIGH")
        if m.limit_pg_per_ml >= cutoff:
            return Heregulin.HIGH, said
        return Heregulin.ALQ, f"{said}: re-assay at a higher dilution"
    said = f"{m.value_pg_per_ml:.4g} pg/mL, cut-off {cutoff:g}"
    if bounds is not None and bounds[0] < cutoff <= bounds[1]:
        return Heregulin.EQUIVOCAL, f"{said} lies within the interval {bounds[0]:.4g} to {bounds[1]:.4g}"
    return (Heregulin.HIGH if m.value_pg_per_ml >= cutoff else Heregulin.LOW), said


def _flags(m: Measurement, cutoff: Cutoff | None, settings: HeregulinSettings) -> tuple[str, ...]:
    flags = list(m.flags)
    if m.cv_fraction is not None and m.cv_fraction > settings.cv_flag_fraction:
        flags.append(f"cv_high: {m.cv_fraction:.0%}")
    if m.value_pg_per_ml is not None and m.pooled_cv_fraction is None:
        flags.append("no_precision" if m.cv_fraction is None else "own_cv")
    if cutoff is not None and cutoff.exploratory:
        flags.append("exploratory_cutoff")
    return tuple(flags)


def _fold(pre: HeregulinResult, post: HeregulinResult) -> tuple[float | None, str]:
    """Post over pre and what it is: exact (empty), at least (``>=``), at most (``<=``); None where nothing
    bounds it.
    """
    before = pre.value_pg_per_ml if not pre.censored else pre.limit_pg_per_ml
    after = post.value_pg_per_ml if not post.censored else post.limit_pg_per_ml
    if before is None or after is None or pre.censored == post.censored != "":
        return None, ""
    if pre.censored == "<" or post.censored == ">":
        return after / before, ">="
    if pre.censored == ">" or post.censored == "<":
        return after / before, "<="
    return after / before, ""
