"""Survival of groups: Kaplan-Meier, log-rank, Cox, and how many events it takes.

The estimates are lifelines' and, where events are few, firthmodels'. Both import slowly: only the rule that computes
statistics imports this module.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from firthmodels import FirthCoxPH
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.exceptions import ConvergenceError
from lifelines.statistics import logrank_test, proportional_hazard_test
from numpy.typing import NDArray
from scipy import stats

from cetux.statistics_records import Curve, Hazard
from cetux.subjects import FollowUp

Floats = NDArray[np.float64]

FEW_EVENTS = 10
"""A group with fewer events takes Firth's penalty (specification 6, item 4: below 5 to 10)."""

DESIGN_HAZARD_RATIO = 2.0
"""The hazard ratio that a comparison should be able to see; without this power it is called underpowered."""

_POWER, _ALPHA = 0.8, 0.05
_MOST_TICKS = 8
_TICK_STEPS = (1, 7, 14, 30, 60, 90, 180, 365, 730, 1825)


def curve(group: str, followed: Sequence[FollowUp], ticks: Sequence[int]) -> Curve:
    """The Kaplan-Meier estimate of one group.

    Its interval is Greenwood's on the log(-log) scale, which stays within 0..1; the median's are the days between
    which that interval encloses one half (Brookmeyer and Crowley, Biometrics 1982;38:29).

    Args:
        followed: at least one patient.
        ticks: days at which to count those at risk.
    """
    fitted = KaplanMeierFitter().fit([one.days for one in followed], [one.event for one in followed])
    steps = fitted.event_table.index[fitted.event_table["observed"] > 0]
    interval = fitted.confidence_interval_.loc[steps]
    survival = _floats(fitted.survival_function_.loc[steps].iloc[:, 0])
    low, high = _floats(interval.iloc[:, 0]), _floats(interval.iloc[:, 1])
    return Curve(
        group=group,
        n=len(followed),
        events=sum(one.event for one in followed),
        days=_floats(steps),
        survival=survival,
        low=low,
        high=high,
        censored_days=tuple(sorted(one.days for one in followed if not one.event)),
        at_risk=tuple(sum(one.days >= tick for one in followed) for tick in ticks),
        median_days=_half(steps, survival),
        median_low_days=_half(steps, low),
        median_high_days=_half(steps, high),
    )


def ticks(followed: Sequence[FollowUp]) -> tuple[int, ...]:
    """Days from 0 to the end of observation at which numbers at risk are given: at most nine, evenly apart."""
    longest = max((one.days for one in followed), default=0)
    step = next((step for step in _TICK_STEPS if longest <= step * _MOST_TICKS), _TICK_STEPS[-1])
    return tuple(range(0, longest + 1, step))


def reverse(followed: Sequence[FollowUp]) -> list[FollowUp]:
    """The same patients with event and censoring exchanged: its curve is that of the follow-up (reverse Kaplan-Meier;
    Schemper and Smith, Control Clin Trials 1996;17:343).
    """
    return [FollowUp(one.days, not one.event) for one in followed]


def log_rank(one: Sequence[FollowUp], other: Sequence[FollowUp]) -> tuple[float, float] | None:
    """Chi-square (1 degree of freedom) and P of the log-rank test; None without an event while both are observed."""
    both_until = min(max(followed.days for followed in group) for group in (one, other))
    if not any(followed.event and followed.days <= both_until for followed in (*one, *other)):
        return None
    found = logrank_test(
        *([x.days for x in group] for group in (one, other)), *([x.event for x in g] for g in (one, other))
    )
    chi2, p = float(found.test_statistic), float(found.p_value)
    return (chi2, p) if math.isfinite(chi2) and math.isfinite(p) else None


def cox(followed: Sequence[FollowUp], covariate: Sequence[float]) -> Hazard | None:
    """Hazard ratio per unit of one covariate.

    Cox's model with Efron's ties, the Wald interval, and the trend of the Schoenfeld residuals over the ranked event
    times. Where the covariate is binary and one of its groups has fewer than `FEW_EVENTS` events, or where they are
    fewer in all, Firth's penalty (Heinze and Schemper, Biometrics 2001;57:114; Breslow's ties) with the profile
    likelihood: finite although all events lie in one group. Residuals of so few events are not tested.

    Returns:
        None where there is no event, all patients are alike, or the fit did not converge.
    """
    values = np.asarray(covariate, dtype=np.float64)
    events = np.array([one.event for one in followed], dtype=bool)
    days = np.array([one.days for one in followed], dtype=np.float64)
    levels = np.unique(values)
    if not events.any() or len(levels) < 2:
        return None
    fewest = min(int(events[values == level].sum()) for level in levels) if len(levels) == 2 else int(events.sum())
    return _firth(days, events, values) if fewest < FEW_EVENTS else _efron(days, events, values)


def _efron(days: Floats, events: NDArray[np.bool_], values: Floats) -> Hazard | None:
    frame = pd.DataFrame({"days": days, "event": events, "x": values})
    try:
        fitted = CoxPHFitter().fit(frame, "days", "event")
    except ConvergenceError:
        return None
    row = fitted.summary.loc["x"]
    trend = proportional_hazard_test(fitted, frame, time_transform="rank")
    return Hazard(
        ratio=float(row["exp(coef)"]),
        low=_finite(row["exp(coef) lower 95%"]),
        high=_finite(row["exp(coef) upper 95%"]),
        p=_finite(row["p"]),
        method="Cox, ties by Efron",
        proportional_p=_finite(np.ravel(trend.p_value)[0]),
    )


def _firth(days: Floats, events: NDArray[np.bool_], values: Floats) -> Hazard | None:
    fitted = FirthCoxPH(backend="numpy").fit(values[:, None], (events, days))
    if not fitted.converged_:
        return None
    fitted.lrt()
    low, high = np.exp(fitted.conf_int(method="pl")[0])
    return Hazard(
        ratio=float(np.exp(fitted.coef_[0])),
        low=_finite(low),
        high=_finite(high),
        p=_finite(fitted.lrt_pvalues_[0]),
        method="Cox with Firth's penalty (few events), ties by Breslow",
    )


def events_needed(hazard_ratio: float, prevalence: float) -> int:
    """Events for 80 % power at a two-sided 5 % (Schoenfeld, Biometrics 1983;39:499)::

        d = (z_0.975 + z_0.8)**2 / (f * (1 - f) * ln(HR)**2)

    Args:
        hazard_ratio: HR to be seen, > 0 and not 1.
        prevalence: f, the fraction of carriers, 0 < f < 1.

    >>> [events_needed(2, f) for f in (0.05, 0.10, 0.30)]
    [344, 182, 78]
    """
    return math.ceil(_schoenfeld(prevalence) / math.log(hazard_ratio) ** 2)


def detectable_hazard_ratio(events: int, prevalence: float) -> float | None:
    """The hazard ratio above 1 that `events` events see with 80 % power: the same formula, solved for HR.

    None where there is no event, or so few that the ratio is beyond 1000.
    """
    exponent = math.sqrt(_schoenfeld(prevalence) / events) if events else math.inf
    return math.exp(exponent) if exponent < math.log(1000) else None


def _schoenfeld(prevalence: float) -> float:
    z = float(stats.norm.ppf(1 - _ALPHA / 2) + stats.norm.ppf(_POWER))
    return z**2 / (prevalence * (1 - prevalence))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _half(days: Sequence[float], survival: Sequence[float]) -> float | None:
    """The first day on which at most one half is left; products of fractions may miss it by a rounding error."""
    return next((float(day) for day, left in zip(days, survival, strict=True) if left <= 0.5 + 1e-9), None)


def _floats(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
