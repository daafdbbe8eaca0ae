"""Whether two mechanisms avoid one another in the same patient.

Only patients in whom both were assayed count. Conditional on the numbers of carriers of each, Fisher's test is the
exact permutation test: it runs over every way in which the carriers of one could lie among those of the other. With
a prevalence of 5 % the expected number of patients with both is so small that even none is no surprise, so that
number, and whether none at all would have been significant, stands beside every test.
"""

from collections.abc import Sequence
from itertools import combinations

from scipy import stats

from cetux.frequencies import fisher_p, odds_ratio, two_by_two, why_untested
from cetux.states import Mechanism
from cetux.statistics_records import Statistic
from cetux.subjects import Subject

_ALPHA = 0.05


def expected_together(carriers: int, other_carriers: int, n: int) -> float:
    """Patients expected to carry both where the two are independent: n1 * n2 / n.

    >>> expected_together(5, 5, 100)
    0.25
    """
    return carriers * other_carriers / n


def chance_of_none(carriers: int, other_carriers: int, n: int) -> float:
    """The probability that no patient carries both though the two are independent (hypergeometric).

    The one-sided P of perfect exclusivity: where it is above 0.05, these numbers cannot show exclusivity at all.
    """
    return float(stats.hypergeom.pmf(0, n, carriers, other_carriers))


def exclusivity_rows(cohort: Sequence[Subject]) -> list[Statistic]:
    """Every pair of mechanisms, as the calls judge them; an odds ratio below 1 speaks for exclusivity."""
    return [
        _pair(one, other, [(subject.judged[one], subject.judged[other]) for subject in cohort])
        for one, other in combinations(Mechanism, 2)
    ]


def _pair(one: Mechanism, other: Mechanism, states: Sequence[tuple[bool | None, bool | None]]) -> Statistic:
    table = two_by_two(states)
    (both, first), (second, neither) = table
    n = both + first + second + neither
    group = f"{one} and {other}"
    if not n:
        return Statistic("mutual_exclusivity", group, 0, note="nobody was assayed for both")
    expected = expected_together(both + first, both + second, n)
    note = f"{both} with both, {expected:.2g} expected; {both + first} and {both + second} carriers of {n}"
    if untested := why_untested(table):
        return Statistic("mutual_exclusivity", group, n, note=f"{note}; {untested}")
    chance = chance_of_none(both + first, both + second, n)
    if chance > _ALPHA:
        note += f"; almost no power: none at all would be seen by chance in {chance:.0%}"
    estimate, low, high = odds_ratio(table)
    what = "odds ratio" if estimate is not None else "odds ratio unbounded"
    return Statistic("mutual_exclusivity", group, n, estimate, low, high, fisher_p(table), note=f"{what}, {note}")
