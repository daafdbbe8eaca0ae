"""What is said of a whole cohort: plain frozen records, from which a report draws without computing.

Everything here is descriptive or exploratory but for the two comparisons that are declared in advance (`PRIMARY`).
Days are since the start of treatment, or since progression where the endpoint says so. ``None`` means that a number
does not exist or could not be had; the note says which.
"""

from dataclasses import dataclass
from enum import StrEnum

from cetux.states import Mechanism, Timepoint

LEAST_SHOWN = 3
"""Patients that a group needs to be drawn or tested (specification 6, item 10); its number is always printed."""


class Endpoint(StrEnum):
    """What is waited for. The clock of PFS and OS starts with treatment, that of PPS at progression."""

    PFS = "PFS"
    OS = "OS"
    PPS = "PPS"


PRIMARY = ((Mechanism.ERBB2_AMP, Endpoint.PFS), (Mechanism.HRG_HIGH, Endpoint.PFS))
"""The comparisons declared in advance: amplified or not, heregulin high or low, on PFS. All else is exploratory."""


@dataclass(frozen=True)
class Statistic:
    """One row of statistics.tsv.

    group: whom or what it is about. n: patients behind it. low, high: the 95 % interval of the estimate. p: two-sided.
    p_adjusted: by Benjamini and Hochberg over every exploratory p of the cohort; primary ones are not adjusted.
    """

    name: str
    group: str
    n: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    note: str = ""
    primary: bool = False


@dataclass(frozen=True)
class Curve:
    """Kaplan-Meier estimate of one group, a step function that starts at 1.

    days: where it steps, ascending; survival: from that day on, with low and high its pointwise 95 % log-log interval.
    censored_days: of the patients without an event, ascending. at_risk: patients under observation and without an
    event just before each tick of the comparison. median_days: None where half never had the event; its interval is
    None where it has no end.
    """

    group: str
    n: int
    events: int
    days: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    censored_days: tuple[int, ...]
    at_risk: tuple[int, ...]
    median_days: float | None
    median_low_days: float | None
    median_high_days: float | None


@dataclass(frozen=True)
class Hazard:
    """Hazard ratio with its 95 % interval (None where it has no end). method: how it was fitted.

    proportional_p: of the Schoenfeld residuals' trend over time; None where it was not tested.
    """

    ratio: float
    low: float | None
    high: float | None
    p: float | None
    method: str
    proportional_p: float | None = None


@dataclass(frozen=True)
class SurvivalComparison:
    """Patients with a mechanism against those shown to be without it, on one endpoint.

    mechanism: None for the whole cohort as one curve. known_at: the time point whose samples say who carries the
    mechanism, never later than the clock's start. with_n, without_n: always there, also where no curve may be drawn.
    tick_days: of the numbers at risk. events_needed: for 80 % power to see a hazard ratio of 2.
    """

    endpoint: Endpoint
    mechanism: Mechanism | None
    known_at: Timepoint
    primary: bool
    with_n: int
    without_n: int
    tick_days: tuple[int, ...] = ()
    curves: tuple[Curve, ...] = ()
    log_rank_chi2: float | None = None
    log_rank_p: float | None = None
    hazard: Hazard | None = None
    events_needed: int | None = None
    underpowered: bool = True
    note: str = ""


@dataclass(frozen=True)
class Bounded:
    """A number that lies between low and high: equal where it was quantified; high None where there is no upper end."""

    low: float
    high: float | None


@dataclass(frozen=True)
class HeregulinByResponse:
    """Heregulin before treatment (pg/mL) of one assay and matrix, by patient, and its ROC curve.

    roc: (1 - specificity, sensitivity) from (0, 0) to (1, 1), high values standing for no response.
    """

    assay: str
    matrix: str
    no_response: dict[str, Bounded]
    response: dict[str, Bounded]
    roc: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Pair:
    """One patient before treatment and at progression. what: the allele, assay or specimen that was followed."""

    patient: str
    what: str
    pre: Bounded
    post: Bounded


@dataclass(frozen=True)
class PairedSeries:
    """Every pair of one measure: heregulin_pg_per_ml, ERBB2_copies or vaf."""

    measure: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class CohortStatistics:
    """All of it; `rows` is the table, the rest what charts need."""

    patients: int
    rows: tuple[Statistic, ...]
    survival: tuple[SurvivalComparison, ...]
    heregulin: tuple[HeregulinByResponse, ...]
    paired: tuple[PairedSeries, ...]
    note: str = ""
