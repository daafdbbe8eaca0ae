"""Whether a plate may be believed, and what its replicates and dilutions say together.

The criteria are those of ICH M10 for ligand-binding assays as transcribed in [V S40]; M10 itself does not
cover biomarkers, so they are "M10-style" and every number comes from the configuration.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cetux.calibration import Curve, Level


@dataclass(frozen=True)
class AcceptanceLimits:
    """When a plate, its controls and its dilutions pass; fractions 0..1 of the nominal or of the mean.

    min_levels: levels of standards inside the limits of quantification. max_bias, max_cv: of one level;
    *_at_limits: of the lowest and the highest of them. min_passing: part of the levels that must pass. qc_*:
    likewise for control wells, all together and of each level. hook_rise: a higher dilution that reads higher
    by more shows the hook effect.
    dilution_difference: dilutions of one sample that differ by more are flagged. cv_fail: replicates apart by
    more are not used, and do not count for the plate's pooled CV.
    """

    min_levels: int
    max_bias_fraction: float
    max_bias_at_limits_fraction: float
    max_cv_fraction: float
    max_cv_at_limits_fraction: float
    min_passing_fraction: float
    qc_max_bias_fraction: float
    qc_min_passing_fraction: float
    qc_min_passing_per_level_fraction: float
    hook_rise_fraction: float
    dilution_difference_fraction: float
    cv_fail_fraction: float


@dataclass(frozen=True)
class StandardCheck:
    """One level of standards read off its own curve.

    back_calculated_pg_per_ml: mean of its wells, None where one lies beyond the curve's ends. bias_fraction:
    of it from the nominal. cv_fraction: of its wells' concentrations. anchor: outside the limits of
    quantification, fitted but not judged.
    """

    nominal_pg_per_ml: float
    wells: int
    mean_density: float
    back_calculated_pg_per_ml: float | None
    bias_fraction: float | None
    cv_fraction: float | None
    anchor: bool
    passed: bool


@dataclass(frozen=True)
class QcCheck:
    """One quality control: what it should be, what its wells are, and how many of them are near enough.

    nominal_pg_per_ml: None for a control that is only followed from plate to plate. value_pg_per_ml: mean of
    its wells, None where one lies outside the limits.
    """

    sample: str
    nominal_pg_per_ml: float | None
    value_pg_per_ml: float | None
    bias_fraction: float | None
    cv_fraction: float | None
    wells: int
    wells_passed: int | None


@dataclass(frozen=True)
class Replicates:
    """The wells of one sample at one dilution together; concentrations in the blood, dilution applied, pg/mL.

    value: the mean, None where censored or where no well could be used. censored and limit: ``<`` or ``>``
    limit. cv_fraction: of the wells, at least this where some are censored. wells: how many were used.
    """

    dilution: float
    wells: int
    value_pg_per_ml: float | None = None
    censored: str = ""
    limit_pg_per_ml: float | None = None
    cv_fraction: float | None = None
    flags: tuple[str, ...] = ()


def check_standards(
    curve: Curve, levels: Sequence[Level], lloq: float, uloq: float, limits: AcceptanceLimits
) -> tuple[StandardCheck, ...]:
    """Every level's back-calculated bias and CV, lowest first. Each well is read off the curve, then they are
    averaged.
    """
    ordered = sorted(levels, key=lambda level: level.nominal_pg_per_ml)
    judged = [level.nominal_pg_per_ml for level in ordered if lloq <= level.nominal_pg_per_ml <= uloq]
    return tuple(_standard(curve, level, judged, limits) for level in ordered)


def standards_failures(checks: Sequence[StandardCheck], levels: Sequence[Level], limits: AcceptanceLimits) -> list[str]:
    """Why the standards make the plate fail; empty if they pass."""
    judged = [check for check in checks if not check.anchor]
    failures = falling(levels, {check.nominal_pg_per_ml for check in judged})
    if len(judged) < limits.min_levels:
        what = f"{len(judged)} levels of standards inside the limits of quantification"
        failures.append(f"{what}, {limits.min_levels} are needed")
    passed = sum(check.passed for check in judged)
    if passed < limits.min_passing_fraction * len(judged):
        failures.append(
            f"{passed} of {len(judged)} levels of standards near enough to their concentration, "
            f"{limits.min_passing_fraction:.0%} are needed"
        )
    return failures


def falling(levels: Sequence[Level], judged: Iterable[float]) -> list[str]:
    """Where standards fall as their concentration rises: every well of a level denser than every one of the
    next.

    That is a plate turned round, a layout that does not belong to it, or a hook of the standards themselves.

    >>> falling([Level(100.0, (0.5, 0.6)), Level(200.0, (0.3, 0.4))], {100.0, 200.0})
    ['the standards are not monotone: 100 pg/mL reads 0.5 to 0.6, 200 pg/mL 0.3 to 0.4']
    """
    ordered = sorted(
        (level for level in levels if level.nominal_pg_per_ml in set(judged)),
        key=lambda level: level.nominal_pg_per_ml,
    )
    return [
        f"the standards are not monotone: {lower.nominal_pg_per_ml:g} pg/mL reads "
        f"{min(lower.densities):.4g} to {max(lower.densities):.4g}, {higher.nominal_pg_per_ml:g} pg/mL "
        f"{min(higher.densities):.4g} to {max(higher.densities):.4g}"
        for lower, higher in pairwise(ordered)
        if min(lower.densities) > max(higher.densities)
    ]


def usable_range(checks: Sequence[StandardCheck], lloq: float, uloq: float) -> tuple[float, float]:
    """The limits of quantification of this plate, pg/mL: those of the assay, or narrower.

    Nothing is read beyond the lowest and highest standard above zero; and where the lowest judged levels
    fail, the lowest that passes is the lower limit of the plate, likewise above.
    """
    known = [check.nominal_pg_per_ml for check in checks if check.nominal_pg_per_ml > 0]
    judged = [check for check in checks if not check.anchor]
    passed = [check.nominal_pg_per_ml for check in judged if check.passed]
    if not passed:
        return lloq, uloq
    lower = max(lloq, min(known)) if judged[0].passed else min(passed)
    upper = min(uloq, max(known)) if judged[-1].passed else max(passed)
    return lower, upper


def check_control(
    sample: str,
    nominal: float | None,
    wells: Sequence[tuple[float | None, str]],
    limits: AcceptanceLimits,
) -> QcCheck:
    """One control from its wells' (concentration, sign), pg/mL after dilution; a censored well is never near
    enough.
    """
    values = [value for value, _ in wells if value is not None]
    whole = len(values) == len(wells) > 0
    mean = sum(values) / len(values) if whole else None
    near = None
    if nominal is not None:
        near = sum(abs(value - nominal) <= limits.qc_max_bias_fraction * nominal for value in values)
    return QcCheck(
        sample,
        nominal,
        mean,
        None if mean is None or nominal is None else mean / nominal - 1,
        coefficient_of_variation(values) if whole else None,
        len(wells),
        near,
    )


def control_failures(checks: Sequence[QcCheck], limits: AcceptanceLimits) -> list[str]:
    """Why the controls make the plate fail: too few wells near their concentration, of all or of one level."""
    judged = [check for check in checks if check.wells_passed is not None and check.wells]
    failures = []
    wells = sum(check.wells for check in judged)
    passed = sum(check.wells_passed or 0 for check in judged)
    if passed < limits.qc_min_passing_fraction * wells:
        needed = f"{limits.qc_min_passing_fraction:.0%} are needed"
        failures.append(f"{passed} of {wells} control wells near enough to their concentration, {needed}")
    for nominal in sorted({check.nominal_pg_per_ml for check in judged if check.nominal_pg_per_ml is not None}):
        level = [check for check in judged if check.nominal_pg_per_ml == nominal]
        wells = sum(check.wells for check in level)
        passed = sum(check.wells_passed or 0 for check in level)
        if passed < limits.qc_min_passing_per_level_fraction * wells:
            needed = f"{limits.qc_min_passing_per_level_fraction:.0%} are needed"
            failures.append(f"{passed} of {wells} wells of the control of {nominal:g} pg/mL near enough, {needed}")
    return failures


def merge_replicates(
    wells: Sequence[tuple[float | None, str]], dilution: float, lower: float, upper: float
) -> Replicates:
    """Wells of one sample at one dilution as one result.

    The mean of wells that all have a value is the value. Where some are below `lower`, their mean is at most
    what it would be with those wells at `lower`, and its CV at least that (moving the lowest wells further
    down drives them apart): the result is ``<`` that mean. Likewise above. With wells below and above at once
    no bound remains, and no value.

    Args:
        wells: (concentration, sign) of each usable well, pg/mL before dilution; at least one.
        dilution: fold, applied last.
        lower, upper: the plate's limits of quantification, pg/mL before dilution.
    """
    placed = [value if value is not None else (lower if sign == "<" else upper) for value, sign in wells]
    signs = {sign for _, sign in wells}
    mean = sum(placed) / len(placed) * dilution
    cv = coefficient_of_variation(placed) if "" in signs or len(signs) > 1 else None
    if signs == {""}:
        return Replicates(dilution, len(wells), mean, cv_fraction=cv)
    flags = ("straddles_limit",) if len(signs) > 1 else ()
    if {"<", ">"} <= signs:
        return Replicates(dilution, len(wells), cv_fraction=cv, flags=flags)
    return Replicates(dilution, len(wells), None, "<" if "<" in signs else ">", mean, cv, flags)


def coefficient_of_variation(values: Sequence[float]) -> float | None:
    """Standard deviation (n - 1) over the mean, as a fraction; None for fewer than two values or a mean of 0.

    >>> round(coefficient_of_variation([90.0, 110.0]) or 0, 4)
    0.1414
    """
    if len(values) < 2 or sum(values) == 0:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1)) / mean


def pooled_cv(replicates: Iterable[Replicates], cv_fail: float) -> float | None:
    """The plate's CV from all samples with a value in two wells or more, each weighing its degrees of
    freedom::

        sqrt(sum((n - 1) * CV**2) / sum(n - 1))

    Samples apart by more than `cv_fail` are not used and tell of a blunder, not of the precision: they are
    left out.

    Returns:
        A fraction; None where no sample has replicates.
    """
    used = [
        (r.wells - 1, r.cv_fraction)
        for r in replicates
        if r.value_pg_per_ml is not None and r.cv_fraction is not None and r.cv_fraction <= cv_fail
    ]
    freedom = sum(degrees for degrees, _ in used)
    return math.sqrt(sum(degrees * cv**2 for degrees, cv in used) / freedom) if freedom else None


def choose_dilution(dilutions: Sequence[Replicates], limits: AcceptanceLimits) -> tuple[Replicates, tuple[str, ...]]:
    """Which dilution of a sample counts, and flags.

    The least diluted one with a value whose wells agree, for it multiplies errors least. Without a value, the
    bound that says
    most: the largest ``>``, else the smallest ``<``. If a higher dilution reads higher in the blood by more
    than `hook_rise`, even where both are only bounded, excess antigen hides antigen in the lower one (hook
    effect, prozone): then the highest dilution counts, and may itself still be too low.

    Args:
        dilutions: of one sample, at least one.
        limits: for the hook, the agreement of dilutions and of wells.
    """
    ordered = sorted(dilutions, key=lambda r: r.dilution)
    hooked = [
        f"hook_effect: 1:{high.dilution:g} reads higher than 1:{low.dilution:g}"
        for i, low in enumerate(ordered)
        for high in ordered[i + 1 :]
        if _at_least(high) > _at_most(low) * (1 + limits.hook_rise_fraction)
    ]
    if hooked:
        return ordered[-1], tuple(hooked)
    with_value = [r for r in ordered if r.value_pg_per_ml is not None]
    agreeing = [r for r in with_value if (r.cv_fraction or 0.0) <= limits.cv_fail_fraction]
    if with_value:
        chosen = (agreeing or with_value)[0]
        return chosen, _not_linear(chosen, agreeing, limits)
    above = [r for r in ordered if r.censored == ">"]
    below = [r for r in ordered if r.censored == "<"]
    if above:
        return max(above, key=_at_least), ()
    return (min(below, key=_at_most) if below else ordered[0]), ()


def _standard(curve: Curve, level: Level, judged: Sequence[float], limits: AcceptanceLimits) -> StandardCheck:
    nominal = level.nominal_pg_per_ml
    read = [curve.concentration(density)[0] for density in level.densities]
    values = [value for value in read if value is not None]
    whole = len(values) == len(read)
    mean = sum(values) / len(values) if whole else None
    bias = mean / nominal - 1 if mean is not None and nominal > 0 else None
    cv = coefficient_of_variation(values) if whole else None
    at_limit = bool(judged) and nominal in (judged[0], judged[-1])
    max_bias = limits.max_bias_at_limits_fraction if at_limit else limits.max_bias_fraction
    max_cv = limits.max_cv_at_limits_fraction if at_limit else limits.max_cv_fraction
    passed = bias is not None and abs(bias) <= max_bias and (cv is None or cv <= max_cv)
    anchor = nominal not in judged
    return StandardCheck(nominal, len(read), level.mean, mean, bias, cv, anchor, passed and not anchor)


def _at_least(r: Replicates) -> float:
    """The smallest concentration that the result allows."""
    if r.value_pg_per_ml is not None:
        return r.value_pg_per_ml
    return r.limit_pg_per_ml or 0.0 if r.censored == ">" else 0.0


def _at_most(r: Replicates) -> float:
    """The largest concentration that the result allows."""
    if r.value_pg_per_ml is not None:
        return r.value_pg_per_ml
    return r.limit_pg_per_ml or math.inf if r.censored == "<" else math.inf


def _not_linear(chosen: Replicates, others: Sequence[Replicates], limits: AcceptanceLimits) -> tuple[str, ...]:
    """A flag for each other dilution whose result in the blood differs from the chosen one's by too much."""
    assert chosen.value_pg_per_ml is not None
    flags = []
    for other in others:
        assert other.value_pg_per_ml is not None
        difference = other.value_pg_per_ml / chosen.value_pg_per_ml - 1
        if abs(difference) > limits.dilution_difference_fraction:
            flags.append(f"dilution_not_linear: 1:{other.dilution:g} differs by {difference:+.0%}")
    return tuple(flags)
