"""Kaplan-Meier curves of the cohort's statistics, with the numbers at risk; groups below three were never made."""

from matplotlib.axes import Axes

from cetux.pictures import BLUE, GREY, INK, ORANGE, Chart, inline_svg, number
from cetux.statistics_records import CohortStatistics, Curve, Endpoint, SurvivalComparison

_COLOURS = (ORANGE, BLUE, GREY)
_ENDPOINTS = {
    Endpoint.PFS: "Progression-free survival",
    Endpoint.OS: "Overall survival",
    Endpoint.PPS: "Survival after progression",
}


def charts(statistics: CohortStatistics) -> list[Chart]:
    """One chart for each comparison that has a curve."""
    return [_chart(one) for one in statistics.survival if one.curves]


def title_of(one: SurvivalComparison) -> str:
    """What is compared: the end point, by which mechanism, known when."""
    by = f" by {one.mechanism} in {one.known_at}-treatment samples" if one.mechanism else ""
    return f"{_ENDPOINTS[one.endpoint]}{by}"


def _chart(one: SurvivalComparison) -> Chart:
    medians = "; ".join(
        f"{curve.group}: n = {curve.n}, {curve.events} events, "
        f"median {number(curve.median_days, 4) or 'not reached'} days"
        for curve in one.curves
    )
    log_rank = f" Log-rank p = {number(one.log_rank_p, 2)}." if one.log_rank_p is not None else ""
    power = " Underpowered." if one.underpowered and one.mechanism else ""
    return Chart(
        name=f"survival-{one.endpoint}-{one.mechanism or 'all'}".lower().replace(" ", "-"),
        title=title_of(one),
        alt=f"{medians}.{log_rank}{power}",
        svg=inline_svg(lambda axes: _draw(axes, one), 7.0, 3.6 + 0.25 * len(one.curves)),
        columns=("group", "day", "survival", "95 % low", "95 % high"),
        rows=tuple(
            (curve.group, number(day, 5), number(at), number(low), number(high))
            for curve in one.curves
            for day, at, low, high in zip(curve.days, curve.survival, curve.low, curve.high, strict=True)
        ),
    )


def _draw(axes: Axes, one: SurvivalComparison) -> None:
    for curve, colour in zip(one.curves, _COLOURS, strict=False):
        axes.step(curve.days, curve.survival, where="post", color=colour, label=f"{curve.group} (n = {curve.n})")
        axes.fill_between(curve.days, curve.low, curve.high, step="post", color=colour, alpha=0.12, linewidth=0)
        at = [_survival(curve, day) for day in curve.censored_days]
        axes.plot(curve.censored_days, at, linestyle="none", marker="|", color=colour)
    axes.set_ylim(0, 1.03)
    axes.set_xlim(left=0)
    axes.set_ylabel("free of the event")
    axes.set_xticks(list(one.tick_days))
    risk = "\n".join(
        f"{curve.group}: " + "   ".join(str(left) for left in curve.at_risk) for curve in one.curves if curve.at_risk
    )
    axes.set_xlabel(f"days\nat risk on those days\n{risk}", color=INK)
    axes.legend(loc="upper right")


def _survival(curve: Curve, day: float) -> float:
    return next((s for at, s in reversed(list(zip(curve.days, curve.survival, strict=True))) if at <= day), 1.0)
