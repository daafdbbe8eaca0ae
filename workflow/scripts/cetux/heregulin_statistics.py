"""Heregulin before treatment against response and survival, one assay and matrix at a time.

Censored values keep their rank: those that the highest lower limit hides tie there (`roc.tied_scores`). Where a number
is needed, as in Cox's model, only quantified values take part and the others are counted out loud; a limit never
stands for a value. A cut-off that is chosen here by response or by survival describes this cohort; no test is made at
it but the one that repeats the choice (maximally selected log-rank).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cetux.paired import heregulin_ends
from cetux.roc import tied_scores, youden_cutoff
from cetux.states import Timepoint
from cetux.statistics_records import LEAST_SHOWN, Bounded, Endpoint, HeregulinByResponse, Statistic
from cetux.subjects import FollowUp, Subject
from cetux.survival import cox

Floats = NDArray[np.float64]

_FEW = 8
_PERMUTATIONS = 9999
_LEAST_GROUP = 0.1


def by_response(cohort: Sequence[Subject]) -> list[HeregulinByResponse]:
    """Values before treatment of patients whose response is known, with the ROC curve where both groups have any."""
    found = []
    for (assay, matrix), values in _by_assay(cohort).items():
        groups: dict[bool, dict[str, Bounded]] = {True: {}, False: {}}
        for subject, value in values:
            if subject.responded is not None:
                groups[subject.responded][subject.source.call.patient] = value
        roc = _roc(*_scores(groups[False], groups[True])) if groups[False] and groups[True] else ()
        found.append(HeregulinByResponse(assay, matrix, groups[False], groups[True], roc))
    return found


def response_rows(found: HeregulinByResponse, samples: int, seed: int) -> list[Statistic]:
    """Mann-Whitney, the area under the ROC curve, and Youden's cut-off with what its choice flatters.

    Args:
        found: of one assay and matrix.
        samples, seed: of the bootstrap.
    """
    group = f"{found.assay} in {found.matrix}"
    sizes = f"{len(found.no_response)} without, {len(found.response)} with response"
    n = len(found.no_response) + len(found.response)
    if min(len(found.no_response), len(found.response)) < LEAST_SHOWN:
        return [Statistic("heregulin_mann_whitney", group, n, note=f"too few: {sizes}")]
    cases, controls = _scores(found.no_response, found.response)
    area, low, high = delong(cases, controls)
    degenerate = "; no interval: the groups are told apart without error" if low is None else ""
    rows = [
        Statistic("heregulin_mann_whitney", group, n, p=mann_whitney_p(cases, controls, seed), note=sizes),
        Statistic("heregulin_auc", group, n, area, low, high, note=f"DeLong; {sizes}{degenerate}"),
    ]
    ends = [[_finite_ends(value) for value in side.values()] for side in (found.no_response, found.response)]
    chosen = youden_cutoff(ends[0], ends[1], samples, seed)
    if chosen is None:
        return [*rows, Statistic("heregulin_youden_cutoff", group, n, note="no cut-off has a Youden index above 0")]
    at = chosen.performance
    note = (
        f"pg/mL, bootstrap interval; exploratory: sensitivity {at.sensitivity:.0%}, specificity {at.specificity:.0%}, "
        f"Youden index {at.youden:.2f}, {at.youden_corrected:.2f} corrected for optimism (area at the cut-off "
        f"{at.auc_at_cutoff_corrected:.2f})"
    )
    cutoff = Statistic(
        "heregulin_youden_cutoff", group, n, chosen.cutoff, chosen.interval_low, chosen.interval_high, note=note
    )
    return [*rows, cutoff]


def survival_rows(cohort: Sequence[Subject], samples: int, seed: int) -> list[Statistic]:
    """Hazard per doubling of heregulin, and the maximally selected log-rank test, for PFS and OS."""
    rows = []
    for (assay, matrix), values in _by_assay(cohort).items():
        for endpoint in (Endpoint.PFS, Endpoint.OS):
            known = [(s.follow_up[endpoint], value) for s, value in values if endpoint in s.follow_up]
            group = f"{assay} in {matrix}"
            rows.append(_per_doubling(f"{endpoint}_hazard_ratio_per_doubling", group, known))
            rows.append(_selected(f"{endpoint}_max_selected_log_rank", group, known, samples, seed))
    return rows


def delong(cases: Floats, controls: Floats) -> tuple[float, float | None, float | None]:
    """Area under the ROC curve with DeLong's 95 % interval (Biometrics 1988;44:837), cut at 0 and 1.

    Each case has the fraction of controls below it (ties half), each control that of cases above it; the area is
    their mean, and its variance the sum of both variances of the mean. Where one group lies wholly above the other
    both are zero, and no interval is given.

    Args:
        cases, controls: at least two of each.
    """
    wins = (cases[:, None] > controls) + 0.5 * (cases[:, None] == controls)
    area = float(wins.mean())
    variance = wins.mean(axis=1).var(ddof=1) / len(cases) + wins.mean(axis=0).var(ddof=1) / len(controls)
    if variance == 0:
        return area, None, None
    half = float(stats.norm.ppf(0.975)) * math.sqrt(variance)
    return area, max(0.0, area - half), min(1.0, area + half)


def mann_whitney_p(cases: Floats, controls: Floats, seed: int) -> float:
    """Two-sided P: exact or, where small groups have ties, by permutation; the normal approximation for large ones."""
    tied = len(np.unique(np.concatenate([cases, controls]))) < len(cases) + len(controls)
    if tied and min(len(cases), len(controls)) <= _FEW:
        # all permutations where there are fewer
        method = stats.PermutationMethod(n_resamples=_PERMUTATIONS, rng=np.random.default_rng(seed))
        return float(stats.mannwhitneyu(cases, controls, method=method).pvalue)
    return float(stats.mannwhitneyu(cases, controls, method="auto").pvalue)


def max_selected_log_rank(
    followed: Sequence[FollowUp], scores: Floats, permutations: int, seed: int
) -> tuple[float, float] | None:
    """The cut-off that parts survival best, and the P of having chosen it.

    Maximally selected rank statistics (Lausen and Schumacher, Biometrics 1992;48:73), by permutation. Each patient has
    the log-rank score ``event - H(t)``: 1 or 0, less the Nelson-Aalen estimate of all at the end of their observation.
    At each cut-off that leaves a tenth of the n patients, and at least three, on either side, the sum S of the m scores
    above it is standardised by its mean and variance over all permutations::

        Z = (S - m * mean) / sqrt(m * (n - m) / (n * (n - 1)) * sum((score - mean)**2))

    P is how often the largest absolute Z of permuted patients reaches the one that was seen, counting itself.

    Args:
        followed, scores: of each patient, in the same order; HIGH lies above the cut-off.
        permutations, seed: of the null distribution.

    Returns:
        Cut-off (midway between neighbours) and P; None where no cut-off is allowed or nobody had the event.
    """
    order = np.argsort(scores, kind="stable")
    ranked, values = log_rank_scores([followed[i] for i in order]), scores[order]
    n = len(values)
    above = n - np.arange(1, n)
    least = max(LEAST_SHOWN, _LEAST_GROUP * n)
    allowed = (values[1:] > values[:-1]) & (above >= least) & (above <= n - least)
    centred = ranked - ranked.mean()
    if not allowed.any() or not np.any(centred):
        return None
    spread = np.sqrt(above * (n - above) / (n * (n - 1)) * (centred**2).sum())[allowed]

    def largest(permuted: Floats) -> Floats:
        below = np.cumsum(permuted)[:-1][allowed]  # of centred scores: the sum above, but for its sign
        standardised: Floats = np.abs(below) / spread
        return standardised

    seen = largest(centred)
    best = int(np.argmax(seen))
    rng = np.random.default_rng(seed)
    reached = sum(largest(rng.permutation(centred)).max() >= seen[best] - 1e-12 for _ in range(permutations))
    at = np.flatnonzero(allowed)[best]
    return float((values[at] + values[at + 1]) / 2), (1 + int(reached)) / (1 + permutations)


def log_rank_scores(followed: Sequence[FollowUp]) -> Floats:
    """Each patient's event (1, 0) less the Nelson-Aalen estimate at the end of their observation; they sum to 0."""
    days = np.array([one.days for one in followed])
    events = np.array([one.event for one in followed])
    times = np.unique(days[events])
    hazard = np.array([(events & (days == time)).sum() / (days >= time).sum() for time in times])
    return np.array([float(one.event) - hazard[times <= one.days].sum() for one in followed])


def _by_assay(cohort: Sequence[Subject]) -> Mapping[tuple[str, str], list[tuple[Subject, Bounded]]]:
    """Values before treatment that are quantified or censored, by assay and matrix."""
    found: dict[tuple[str, str], list[tuple[Subject, Bounded]]] = defaultdict(list)
    for subject in cohort:
        result = subject.heregulin(Timepoint.PRE)
        value = heregulin_ends(result)
        if result is not None and value is not None:
            found[result.assay, result.matrix].append((subject, value))
    return dict(sorted(found.items()))


def _finite_ends(value: Bounded) -> tuple[float, float]:
    return value.low, math.inf if value.high is None else value.high


def _scores(no_response: Mapping[str, Bounded], response: Mapping[str, Bounded]) -> tuple[Floats, Floats]:
    return tied_scores([_finite_ends(v) for v in no_response.values()], [_finite_ends(v) for v in response.values()])


def _roc(cases: Floats, controls: Floats) -> tuple[tuple[float, float], ...]:
    cutoffs = np.unique(np.concatenate([cases, controls]))[::-1]
    points = [(float(np.mean(controls >= c)), float(np.mean(cases >= c))) for c in cutoffs]
    return ((0.0, 0.0), *points)


def _per_doubling(name: str, group: str, known: Sequence[tuple[FollowUp, Bounded]]) -> Statistic:
    used = [(followed, value.low) for followed, value in known if value.low == value.high and value.low > 0]
    note = f"{len(known) - len(used)} not quantified are left out"
    values = [math.log2(value) for _, value in used]
    if len(used) < LEAST_SHOWN or max(values) - min(values) < 1:
        return Statistic(name, group, len(used), note=f"too few, or all within one doubling; {note}")
    hazard = cox([followed for followed, _ in used], values)
    if hazard is None:
        return Statistic(name, group, len(used), note=f"no event, or the fit did not converge; {note}")
    trend = f"; proportional hazards P = {hazard.proportional_p:.2g}" if hazard.proportional_p is not None else ""
    note = f"{hazard.method}{trend}; {sum(followed.event for followed, _ in used)} events; {note}"
    return Statistic(name, group, len(used), hazard.ratio, hazard.low, hazard.high, hazard.p, note=note)


def _selected(
    name: str, group: str, known: Sequence[tuple[FollowUp, Bounded]], permutations: int, seed: int
) -> Statistic:
    if len(known) < 2 * LEAST_SHOWN:
        return Statistic(name, group, len(known), note=f"too few: n = {len(known)}")
    _, scores = tied_scores([], [_finite_ends(value) for _, value in known])
    found = max_selected_log_rank([followed for followed, _ in known], scores, permutations, seed)
    if found is None:
        return Statistic(name, group, len(known), note="no cut-off to choose, or no event")
    note = "pg/mL; P corrected for the choice of the cut-off, by permutation; the cut-off is for no other use"
    return Statistic(name, group, len(known), found[0], p=found[1], note=note)
