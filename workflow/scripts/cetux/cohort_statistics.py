"""Everything that is said of the cohort as a whole, as one record and one table.

Two comparisons are declared in advance: ERBB2 amplified or not, and heregulin high or low, on progression-free
survival. Every other P is exploratory and adjusted together with all other exploratory ones for the false discovery
rate. What cannot be computed has a row that says why, and every row has its number of patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cetux.cohort_calls import CohortCalls
from cetux.exclusivity import exclusivity_rows
from cetux.frequencies import adjusted, association_rows, frequency_rows
from cetux.heregulin_statistics import by_response, response_rows, survival_rows
from cetux.paired import emergence_rows, paired_rows, paired_series
from cetux.statistics_records import LEAST_SHOWN, PRIMARY, CohortStatistics, Statistic
from cetux.subjects import subjects
from cetux.survival_comparisons import comparisons, follow_up_row, rows
from cetux.tables import cell

COLUMNS = ("name", "group", "n", "estimate", "low", "high", "p", "p_adjusted", "note")
"""Columns of statistics.tsv; an empty cell is a number that does not exist or could not be had."""


_DECLARED = " and ".join(f"{mechanism} on {endpoint}" for mechanism, endpoint in PRIMARY)


@dataclass(frozen=True)
class Resampling:
    """How often the bootstrap and the permutations draw (>= 1), and their seed (>= 0)."""

    samples: int
    seed: int


def describe(calls: CohortCalls, resampling: Resampling) -> CohortStatistics:
    """Frequencies, associations, exclusivity, survival, heregulin and pairs of one cohort, whatever its size.

    Args:
        calls: of every patient.
        resampling: of the intervals and tests that draw.
    """
    cohort = subjects(calls)
    survival = comparisons(cohort)
    heregulin = by_response(cohort)
    paired = paired_series(cohort)
    n = len(cohort)
    few = f"too few: n = {n}; numbers are given, groups are neither drawn nor tested" if n < LEAST_SHOWN else ""
    found = [
        Statistic("patients", "all patients", n, note=few or f"primary: {_DECLARED}; all else is exploratory"),
        *frequency_rows(cohort),
        *association_rows(cohort),
        *exclusivity_rows(cohort),
        follow_up_row(cohort),
        *(row for comparison in survival for row in rows(comparison)),
        *(row for one in heregulin for row in response_rows(one, resampling.samples, resampling.seed)),
        *survival_rows(cohort, resampling.samples, resampling.seed),
        *(row for series in paired for row in paired_rows(series)),
        *emergence_rows(cohort),
    ]
    return CohortStatistics(n, tuple(with_adjusted(found)), tuple(survival), tuple(heregulin), tuple(paired), few)


def with_adjusted(found: Sequence[Statistic]) -> list[Statistic]:
    """The rows in their order; every exploratory P adjusted for all of them."""
    exploratory = [place for place, row in enumerate(found) if row.p is not None and not row.primary]
    corrected = adjusted([row.p for row in found if row.p is not None and not row.primary])
    by_place = dict(zip(exploratory, corrected, strict=True))
    return [replace(row, p_adjusted=by_place.get(place)) for place, row in enumerate(found)]


def table(statistics: CohortStatistics) -> str:
    """The text of statistics.tsv."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(cell(getattr(row, column)) for column in COLUMNS) for row in statistics.rows]
    return "\n".join(lines) + "\n"
