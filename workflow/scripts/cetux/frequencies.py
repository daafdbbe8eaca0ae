"""How often each mechanism stands in the cohort, and whether it goes with the class or with the response.

Missing is never negative: a denominator holds the patients in whom an adequate assay found the mechanism or excluded
it, and nobody else.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import stats

from cetux.states import Mechanism, ResistanceClass, Timepoint
from cetux.statistics_records import LEAST_SHOWN, Statistic
from cetux.subjects import Subject

_CLASSES = (ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED)


def clopper_pearson(carriers: int, assayed: int) -> tuple[float, float]:
    """The exact 95 % interval of a fraction (Clopper and Pearson, Biometrika 1934;26:404), 0..1.

    Args:
        carriers: 0 <= carriers <= assayed.
        assayed: at least 1.

    >>> [round(100 * bound, 1) for bound in clopper_pearson(33, 84)]
    [28.8, 50.5]
    """
    interval = stats.binomtest(carriers, assayed).proportion_ci(method="exact")
    return float(interval.low), float(interval.high)


def fisher_p(table: Sequence[Sequence[int]]) -> float:
    """Fisher's two-sided exact P of a 2x2 table: all tables of the same margins that are no likelier than this one."""
    return float(stats.fisher_exact(np.array(table)).pvalue)


def odds_ratio(table: Sequence[Sequence[int]]) -> tuple[float | None, float | None, float | None]:
    """Conditional maximum-likelihood odds ratio of a 2x2 table with its exact 95 % interval; None where unbounded.

    No margin may be zero.
    """
    found = stats.contingency.odds_ratio(np.array(table))
    interval = found.confidence_interval(0.95)
    return _finite(found.statistic), _finite(interval.low), _finite(interval.high)


def frequency_rows(cohort: Sequence[Subject]) -> list[Statistic]:
    """Each mechanism among all patients with resistance, de novo and acquired, as judged; and before treatment.

    The first three count what the calls count, at the time point that they judge. The last counts every patient with
    a sample from before treatment, whatever the class.
    """
    resistant = [subject for subject in cohort if subject.resistance_class in _CLASSES]
    rows = []
    for mechanism in Mechanism:
        rows.append(_frequency(mechanism, "all", [subject.judged[mechanism] for subject in resistant]))
        for klass in _CLASSES:
            of_class = [s.judged[mechanism] for s in resistant if s.resistance_class is klass]
            rows.append(_frequency(mechanism, klass, of_class))
        before = [subject.before[mechanism] for subject in cohort]
        rows.append(_frequency(mechanism, Timepoint.PRE, before, "baseline_frequency"))
    return rows


def _frequency(mechanism: Mechanism, group: str, states: Sequence[bool | None], name: str = "frequency") -> Statistic:
    known = [state for state in states if state is not None]
    label = f"{mechanism}, {group}"
    unknown = f"{len(states) - len(known)} without an adequate assay are left out"
    if not known:
        return Statistic(name, label, 0, note=f"not known: {unknown}")
    low, high = clopper_pearson(sum(known), len(known))
    few = f"too few: n = {len(known)}; " if len(known) < LEAST_SHOWN else ""
    note = f"{few}{sum(known)} of {len(known)}; {unknown}"
    return Statistic(name, label, len(known), sum(known) / len(known), low, high, note=note)


def association_rows(cohort: Sequence[Subject]) -> list[Statistic]:
    """Each mechanism by class (as judged) and by response (before treatment), by Fisher's test.

    A heregulin cut-off that was derived from this cohort may have been chosen by response: it is not tested by it.
    """
    rows = []
    for mechanism in Mechanism:
        by_class = [
            (s.judged[mechanism], s.resistance_class is ResistanceClass.DE_NOVO)
            for s in cohort
            if s.resistance_class in _CLASSES
        ]
        note = "de novo against acquired; judged before treatment and at progression"
        rows.append(_fisher("fisher_by_class", mechanism, by_class, note))
        note = "no response against response (CR, PR); before treatment"
        if has_own_cutoff(cohort, mechanism, Timepoint.PRE):
            known = sum(s.before[mechanism] is not None and s.responded is not None for s in cohort)
            why = "not tested: the cut-off was derived from this cohort"
            rows.append(Statistic("fisher_by_response", mechanism, known, note=f"{note}; {why}"))
        else:
            by_response = [(s.before[mechanism], not s.responded) for s in cohort if s.responded is not None]
            rows.append(_fisher("fisher_by_response", mechanism, by_response, note))
    return rows


def has_own_cutoff(cohort: Iterable[Subject], mechanism: Mechanism, timepoint: Timepoint) -> bool:
    """Whether the mechanism is heregulin by a cut-off that the cohort itself gave, at that time point."""
    if mechanism is not Mechanism.HRG_HIGH:
        return False
    results = (subject.heregulin(timepoint) for subject in cohort)
    return any(result is not None and result.cutoff_exploratory for result in results)


def two_by_two(pairs: Iterable[tuple[bool | None, bool | None]]) -> list[list[int]]:
    """Counts of [[both, first alone], [second alone, neither]] among the pairs that are known on both sides."""
    known = [pair for pair in pairs if None not in pair]

    def count(first: bool, second: bool) -> int:
        return sum(pair == (first, second) for pair in known)

    return [[count(True, True), count(True, False)], [count(False, True), count(False, False)]]


def why_untested(table: Sequence[Sequence[int]]) -> str:
    """Why a 2x2 table says nothing about association: too few patients, or nobody in a row or column; empty if it does.

    >>> why_untested([[0, 0], [3, 4]]), why_untested([[1, 2], [3, 4]])
    ('not tested: a margin of the table is zero', '')
    """
    (a, b), (c, d) = table
    if a + b + c + d < LEAST_SHOWN:
        return f"not tested: too few, n = {a + b + c + d}"
    return "not tested: a margin of the table is zero" if 0 in (a + b, c + d, a + c, b + d) else ""


def _fisher(name: str, group: str, pairs: Sequence[tuple[bool | None, bool]], note: str) -> Statistic:
    table = two_by_two(pairs)
    (a, b), (c, d) = table
    n = a + b + c + d
    counts = f"{a} of {a + c} against {b} of {b + d}"
    if untested := why_untested(table):
        return Statistic(name, group, n, note=f"{note}: {counts}; {untested}")
    estimate, low, high = odds_ratio(table)
    what = "odds ratio" if estimate is not None else "odds ratio unbounded"
    return Statistic(name, group, n, estimate, low, high, fisher_p(table), note=f"{what}, {note}: {counts}")


def adjusted(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for the false discovery rate (Benjamini and Hochberg, J R Stat Soc B 1995;57:289)."""
    return [float(p) for p in stats.false_discovery_control(p_values)] if p_values else []


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
