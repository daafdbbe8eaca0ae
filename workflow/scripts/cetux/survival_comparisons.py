"""Survival with and without each mechanism, on progression-free, overall and post-progression survival.

The endpoint says which samples define the groups (`subjects.Subject.states_for`): those from before treatment for PFS
and OS, those at progression for survival after it. Heregulin HIGH by a cut-off that this cohort gave is not tested on
the cohort's survival.
"""

from collections.abc import Sequence

from cetux.frequencies import has_own_cutoff
from cetux.states import Mechanism
from cetux.statistics_records import LEAST_SHOWN, PRIMARY, Curve, Endpoint, Statistic, SurvivalComparison
from cetux.subjects import FollowUp, Subject, known_at
from cetux.survival import (
    DESIGN_HAZARD_RATIO,
    cox,
    curve,
    detectable_hazard_ratio,
    events_needed,
    log_rank,
    reverse,
    ticks,
)

_EVERYBODY = "all patients"


def compare(cohort: Sequence[Subject], mechanism: Mechanism, endpoint: Endpoint) -> SurvivalComparison:
    """Carriers against patients shown not to carry the mechanism, of those whose endpoint is known."""
    known = [
        (subject.follow_up[endpoint], subject.states_for(endpoint)[mechanism])
        for subject in cohort
        if endpoint in subject.follow_up and subject.states_for(endpoint)[mechanism] is not None
    ]
    carriers = [followed for followed, state in known if state]
    others = [followed for followed, state in known if not state]
    everybody = [followed for followed, _ in known]
    primary = (mechanism, endpoint) in PRIMARY
    base = (endpoint, mechanism, known_at(endpoint), primary, len(carriers), len(others))
    if has_own_cutoff(cohort, mechanism, known_at(endpoint)):
        return SurvivalComparison(*base, note="not compared: the cut-off was derived from this cohort")
    if min(len(carriers), len(others)) < LEAST_SHOWN:
        return SurvivalComparison(*base, note=f"too few: a group has fewer than {LEAST_SHOWN} patients")
    at = ticks(everybody)
    tested = log_rank(carriers, others)
    events, prevalence = sum(followed.event for followed in everybody), len(carriers) / len(known)
    needed = events_needed(DESIGN_HAZARD_RATIO, prevalence)
    return SurvivalComparison(
        *base,
        tick_days=at,
        curves=(curve(f"{mechanism}", carriers, at), curve(f"no {mechanism}", others, at)),
        log_rank_chi2=tested[0] if tested else None,
        log_rank_p=tested[1] if tested else None,
        hazard=cox(everybody, [float(bool(state)) for _, state in known]),
        events_needed=needed,
        underpowered=events < needed,
        note=_power(events, needed, prevalence),
    )


def whole_cohort(cohort: Sequence[Subject], endpoint: Endpoint) -> SurvivalComparison:
    """One curve of everybody whose endpoint is known."""
    followed = _known(cohort, endpoint)
    base = (endpoint, None, known_at(endpoint), False, len(followed), 0)
    if len(followed) < LEAST_SHOWN:
        return SurvivalComparison(*base, note=f"too few: fewer than {LEAST_SHOWN} patients")
    at = ticks(followed)
    return SurvivalComparison(*base, tick_days=at, curves=(curve(_EVERYBODY, followed, at),))


def comparisons(cohort: Sequence[Subject]) -> list[SurvivalComparison]:
    """The whole cohort and every mechanism, on each endpoint."""
    return [
        found
        for endpoint in Endpoint
        for found in (whole_cohort(cohort, endpoint), *(compare(cohort, m, endpoint) for m in Mechanism))
    ]


def rows(found: SurvivalComparison) -> list[Statistic]:
    """The comparison as rows: medians by group, log-rank and hazard ratio; or why there are none."""
    name, group = str(found.endpoint), str(found.mechanism or _EVERYBODY)
    n = found.with_n + found.without_n
    medians = [_median(f"{name}_median_days", one) for one in found.curves]
    if found.mechanism is None:
        return medians or [Statistic(f"{name}_median_days", group, n, note=found.note)]
    label = f"{group}, known at {found.known_at}"
    sizes = f"{found.with_n} with, {found.without_n} without"
    kind = "primary" if found.primary else "exploratory"
    note = "; ".join(part for part in (kind, sizes, found.note) if part)
    if not found.curves:
        return [Statistic(f"{name}_log_rank", label, n, note=note, primary=found.primary)]
    if found.log_rank_p is None:
        note += "; not tested: no event tells the groups apart"
    tested = Statistic(
        f"{name}_log_rank", label, n, found.log_rank_chi2, p=found.log_rank_p, note=f"chi-square; {note}",
        primary=found.primary,
    )  # fmt: skip
    hazard = found.hazard
    if hazard is None:
        why = "not estimated: nobody had the event, or the fit did not converge"
        return [*medians, tested, Statistic(f"{name}_hazard_ratio", label, n, note=why, primary=found.primary)]
    trend = f"; proportional hazards P = {hazard.proportional_p:.2g}" if hazard.proportional_p is not None else ""
    ratio = Statistic(
        f"{name}_hazard_ratio", label, n, hazard.ratio, hazard.low, hazard.high, hazard.p,
        note=f"{hazard.method}{trend}; {note}", primary=found.primary,
    )  # fmt: skip
    return [*medians, tested, ratio]


def follow_up_row(cohort: Sequence[Subject]) -> Statistic:
    """Median follow-up by the reverse Kaplan-Meier method, of patients whose outcome is known."""
    followed = _known(cohort, Endpoint.OS)
    if len(followed) < LEAST_SHOWN:
        return Statistic("follow_up_median_days", _EVERYBODY, len(followed), note="too few with a known outcome")
    found = curve(_EVERYBODY, reverse(followed), ())
    alive = f"{found.events} of {found.n} alive when last seen"
    note = f"reverse Kaplan-Meier; {alive}" + ("" if found.median_days is not None else "; median not reached")
    interval = (found.median_days, found.median_low_days, found.median_high_days)
    return Statistic("follow_up_median_days", _EVERYBODY, found.n, *interval, note=note)


def _known(cohort: Sequence[Subject], endpoint: Endpoint) -> list[FollowUp]:
    return [subject.follow_up[endpoint] for subject in cohort if endpoint in subject.follow_up]


def _power(events: int, needed: int, prevalence: float) -> str:
    if events >= needed:
        return f"{events} events, {needed} needed to see a hazard ratio of {DESIGN_HAZARD_RATIO:g} with 80 % power"
    seen = detectable_hazard_ratio(events, prevalence)
    reach = f"; these see {seen:.3g} or more" if seen else ""
    return (
        f"underpowered: {events} events, {needed} needed to see a hazard ratio of {DESIGN_HAZARD_RATIO:g} "
        f"with 80 % power where {prevalence:.0%} carry it{reach}"
    )


def _median(name: str, of: Curve) -> Statistic:
    note = f"{of.events} events" + ("" if of.median_days is not None else "; median not reached")
    return Statistic(name, of.group, of.n, of.median_days, of.median_low_days, of.median_high_days, note=note)
