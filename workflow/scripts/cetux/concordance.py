"""How far the workflow agrees with another method, and what its copies say about the cut-off.

Counts are of results, and a result of ours that is not usable is counted apart: it is no negative. Intervals are 95 %
and take results as independent; where a patient brings several, that is said.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from cetux.other_methods import ComparedResult
from cetux.roc import youden_cutoff
from cetux.states import Agreement, Axis, MethodResult, Verdict

_Z = float(stats.norm.ppf(0.975))

COLUMNS = ("method", "specimen", "axis", "statistic", "value", "low", "high", "n", "note")
"""Columns of concordance.tsv: one row per statistic; low and high its 95 % interval, n the results behind it."""


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval (None where none exists), and the number of results behind it."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Counts:
    """Results by what both sides say.

    The first four are the 2x2 table. not_usable_*: ours is no call where theirs is positive or negative; not_measured:
    no sample or value of ours; equivocal, failed: theirs.
    """

    both_positive: int
    only_theirs: int
    only_ours: int
    both_negative: int
    not_usable_positive: int
    not_usable_negative: int
    not_measured: int
    equivocal: int
    failed: int

    @property
    def compared(self) -> int:
        """Results that both sides call."""
        return self.both_positive + self.only_theirs + self.only_ours + self.both_negative


@dataclass(frozen=True)
class BlandAltman:
    """Agreement of numbers: differences ours - theirs, or log2(ours / theirs), of the results that have both.

    measure: copies (per tumour cell), ratio or vaf. scale: "difference" or "log2 ratio". lower, upper: the limits
    between which 95 % of differences lie.
    """

    measure: str
    scale: str
    bias: Estimate
    lower: Estimate
    upper: Estimate


@dataclass(frozen=True)
class SuggestedCutoff:
    """Copies per tumour cell that best tell their positives from their negatives, with a bootstrap interval.

    youden: sensitivity + specificity - 1 there, less the optimism of having been chosen on these results. auc: the
    chance that a positive has more copies than a negative.
    """

    copies: Estimate
    youden_corrected: float
    auc: Estimate


@dataclass(frozen=True)
class MethodConcordance:
    """One method on one axis in one kind of specimen. None where a number could not be had; notes say why."""

    method: str
    specimen: str
    axis: str
    results: int
    patients: int
    counts: Counts
    kappa: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    numbers: tuple[BlandAltman, ...]
    cutoff: SuggestedCutoff | None
    equivalent: bool
    conclusion: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Concordance:
    """Every method on every axis, and the results behind it."""

    methods: tuple[MethodConcordance, ...]
    results: tuple[ComparedResult, ...]


def concordance(results: Sequence[ComparedResult], rules: Mapping[str, Any]) -> Concordance:
    """Agreement by method, specimen and axis.

    Args:
        results: of all patients.
        rules: the `concordance_rules` section of the settings.
    """
    ordered = sorted(results, key=_group)
    groups = [list(group) for _, group in groupby(ordered, key=_group)]
    return Concordance(tuple(_method(group, rules) for group in groups), tuple(results))


def _group(one: ComparedResult) -> tuple[str, str, str]:
    return one.axis, one.method, one.specimen


def _method(results: Sequence[ComparedResult], rules: Mapping[str, Any]) -> MethodConcordance:
    first, counts = results[0], count(results)
    sensitivity = proportion(counts.both_positive, counts.both_positive + counts.only_theirs)
    specificity = proportion(counts.both_negative, counts.both_negative + counts.only_ours)
    patients = len({one.patient for one in results})
    cutoff, no_cutoff = suggested_cutoff(results, rules) if first.axis == Axis.ERBB2 else (None, "")
    repeated = f"{len(results)} results of {patients} patients: the intervals are too narrow"
    notes = [note for note in (no_cutoff, repeated if patients < len(results) else "") if note]
    missing = shortfalls(counts, sensitivity, specificity, patients == len(results), rules)
    return MethodConcordance(
        method=first.method,
        specimen=first.specimen,
        axis=first.axis,
        results=len(results),
        patients=patients,
        counts=counts,
        kappa=kappa(counts),
        sensitivity=sensitivity,
        specificity=specificity,
        numbers=tuple(_numbers(results)),
        cutoff=cutoff,
        equivalent=not missing,
        conclusion=_conclusion(first.method, missing),
        notes=tuple(notes),
    )


def _conclusion(method: str, missing: Sequence[str]) -> str:
    return f"not calibrated against {method}: {'; '.join(missing)}" if missing else f"equivalent to {method}"


def count(results: Sequence[ComparedResult]) -> Counts:
    """The results by what both sides say; each is counted once."""

    def number(fits: Callable[[ComparedResult], bool]) -> int:
        return sum(fits(one) for one in results)

    def agreed(verdict: Verdict) -> int:
        return number(lambda one: one.agreement is Agreement.AGREE and one.verdict is verdict)

    def not_usable(verdict: Verdict) -> int:
        return number(lambda one: one.ours is not None and one.agreement is None and one.verdict is verdict)

    called = (MethodResult.POSITIVE, MethodResult.NEGATIVE)
    return Counts(
        both_positive=agreed(Verdict.POSITIVE),
        only_theirs=number(lambda one: one.agreement is Agreement.ONLY_THEIRS),
        only_ours=number(lambda one: one.agreement is Agreement.ONLY_OURS),
        both_negative=agreed(Verdict.NEGATIVE),
        not_usable_positive=not_usable(Verdict.POSITIVE),
        not_usable_negative=not_usable(Verdict.NEGATIVE),
        not_measured=number(lambda one: one.ours is None and one.result in called),
        equivocal=number(lambda one: one.result is MethodResult.EQUIVOCAL),
        failed=number(lambda one: one.result is MethodResult.FAILED),
    )


def proportion(successes: int, trials: int) -> Estimate | None:
    """A proportion with its exact (Clopper-Pearson) 95 % interval; None without trials.

    >>> found = proportion(31, 82)
    >>> f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"
    '0.378 (0.273-0.492)'
    """
    if not trials:
        return None
    interval = stats.binomtest(successes, trials).proportion_ci(method="exact")
    return Estimate(successes / trials, float(interval.low), float(interval.high), trials)


def kappa(counts: Counts) -> Estimate | None:
    """Cohen's kappa with the large-sample interval of Fleiss, Cohen and Everitt (1969), within -1..1.

    None where one side says the same throughout: chance alone would then agree as well. Without any disagreement the
    large-sample error is 0, which is no interval: there is none.
    """
    table = [[counts.both_positive, counts.only_theirs], [counts.only_ours, counts.both_negative]]
    if not (np.any(table, axis=0).all() and np.any(table, axis=1).all()):
        return None
    found = cohens_kappa(table)
    value, low, high = (float(number) for number in (found.kappa, found.kappa_low, found.kappa_upp))
    if low == high:
        return Estimate(value, None, None, counts.compared)
    return Estimate(value, max(-1.0, low), min(1.0, high), counts.compared)


def _numbers(results: Sequence[ComparedResult]) -> Iterator[BlandAltman]:
    for measure in ("copies", "ratio", "vaf"):
        pairs = [
            (getattr(one.ours, measure), getattr(one, measure))
            for one in results
            if one.ours is not None and getattr(one.ours, measure) is not None and getattr(one, measure) is not None
        ]
        yield from _of_scale(measure, "difference", [ours - theirs for ours, theirs in pairs])
        if measure != "vaf":  # errors of copies grow with the copies
            logs = [math.log2(ours / theirs) for ours, theirs in pairs if ours > 0 and theirs > 0]
            yield from _of_scale(measure, "log2 ratio", logs)


def _of_scale(measure: str, scale: str, differences: Sequence[float]) -> Iterator[BlandAltman]:
    limits = bland_altman(differences)
    if limits:
        yield BlandAltman(measure, scale, *limits)


def bland_altman(differences: Sequence[float]) -> tuple[Estimate, Estimate, Estimate] | None:
    """Bias and lower and upper limit of agreement, each with its 95 % interval; None of fewer than three differences.

    With mean d and standard deviation s of n differences the limits are d -+ 1.96 s. The error of d is s / sqrt(n), and
    as var(s) is about s**2 / (2 (n - 1)), that of a limit is s * sqrt(1 / n + 1.96**2 / (2 (n - 1))); both with t of
    n - 1 degrees of freedom (Bland and Altman, Stat Methods Med Res 1999;8:135).
    """
    n = len(differences)
    if n < 3:
        return None
    mean, sd = float(np.mean(differences)), float(np.std(differences, ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    of_mean = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1 / n + _Z**2 / (2 * (n - 1)))

    def around(value: float, half: float) -> Estimate:
        return Estimate(value, value - half, value + half, n)

    return around(mean, of_mean), around(mean - _Z * sd, of_limit), around(mean + _Z * sd, of_limit)


def suggested_cutoff(results: Sequence[ComparedResult], rules: Mapping[str, Any]) -> tuple[SuggestedCutoff | None, str]:
    """The copies that best tell the other method's positives from its negatives (Youden), or why there are none."""
    copies: dict[Verdict, list[float]] = {Verdict.POSITIVE: [], Verdict.NEGATIVE: [], Verdict.NOT_USABLE: []}
    for one in results:
        if one.ours is not None and one.ours.copies is not None:
            copies[one.verdict].append(one.ours.copies)
    positives, negatives = sorted(copies[Verdict.POSITIVE]), sorted(copies[Verdict.NEGATIVE])
    needed = rules["cutoff_min_results"]
    if min(len(positives), len(negatives)) < needed:
        seen = f"{len(positives)} positive and {len(negatives)} negative results with copies"
        return None, f"no cut-off suggested: {seen}, {needed} of each needed"
    ends = [[(value, value) for value in values] for values in (positives, negatives)]
    found = youden_cutoff(ends[0], ends[1], rules["bootstrap_samples"], rules["seed"])
    if found is None:
        return None, "no cut-off suggested: positives have no more copies than negatives"
    n, merit = len(positives) + len(negatives), found.performance
    return (
        SuggestedCutoff(
            copies=Estimate(found.cutoff, found.interval_low, found.interval_high, n),
            youden_corrected=merit.youden_corrected,
            auc=Estimate(merit.auc, merit.auc_low, merit.auc_high, n),
        ),
        "",
    )


def shortfalls(
    counts: Counts,
    sensitivity: Estimate | None,
    specificity: Estimate | None,
    independent: bool,
    rules: Mapping[str, Any],
) -> list[str]:
    """What is missing before the workflow may be called equivalent to the method in this cohort; empty if nothing.

    Needed: the lower 95 % bounds of both sensitivity and specificity at least `equivalence_bound` (0.90 takes at least
    36 results of each kind, all of them right), at most `max_not_usable_fraction` of their positives and negatives
    without a usable result here, and one result a patient.
    """
    missing = []
    for name, found in (("sensitivity", sensitivity), ("specificity", specificity)):
        if found is None or found.low is None:
            missing.append(f"no {name}")
        elif found.low < rules["equivalence_bound"]:
            missing.append(
                f"the lower bound of the {name} is {found.low:.2f}, {rules['equivalence_bound']:g} is needed"
            )
    unusable = counts.not_usable_positive + counts.not_usable_negative
    called = counts.compared + unusable
    if called and unusable / called > rules["max_not_usable_fraction"]:
        missing.append(f"{unusable} of {called} results are not usable here")
    if not independent:
        missing.append("some patients have several results")
    return missing


def table_rows(found: Concordance) -> Iterator[list[object]]:
    """Cells of concordance.tsv, in the order of `COLUMNS`."""
    for method in found.methods:
        for statistic, estimate, note in _statistics(method):
            numbers: tuple[float | None, ...] = (None, None, None, None)
            if isinstance(estimate, int):
                numbers = (estimate, None, None, method.results)
            elif estimate is not None:
                numbers = (estimate.value, estimate.low, estimate.high, estimate.n)
            yield [method.method, method.specimen, method.axis, statistic, *numbers, note]


def _statistics(method: MethodConcordance) -> Iterator[tuple[str, Estimate | int | None, str]]:
    yield "results", method.results, "; ".join(method.notes)
    yield "patients", method.patients, ""
    for name, number in asdict(method.counts).items():
        yield name, number, ""
    yield "kappa", method.kappa, "" if method.kappa else "one side says the same throughout"
    read = f"to be read as {{}} percent agreement where {method.method} is no reference standard"
    for name, found, kind in (
        ("sensitivity", method.sensitivity, "positive"),
        ("specificity", method.specificity, "negative"),
    ):
        yield name, found, read.format(kind) if found else f"no {kind} result to compare with"
    for numbers in method.numbers:
        name = f"{numbers.measure} {numbers.scale}"
        yield f"bias of {name}", numbers.bias, "here against the other method"
        yield f"lower limit of {name}", numbers.lower, ""
        yield f"upper limit of {name}", numbers.upper, ""
    if method.cutoff:
        corrected = f"Youden index {method.cutoff.youden_corrected:.2f} less its optimism; exploratory"
        yield "suggested cut-off in copies", method.cutoff.copies, corrected
        yield "AUC of copies", method.cutoff.auc, ""
    yield "equivalent", int(method.equivalent), method.conclusion
