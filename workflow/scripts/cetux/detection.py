"""Is a change there, and how small a fraction of it is excluded? The test, its calibration and its limit of detection.

**The test.** A fragment of stratum s shows a given wrong base with chance e[s] (see `background`); one that is mutant
always does. At a fraction v the log-likelihood ratio of m[s] among n[s] fragments is, for small e and v and with n of
all strata, ::

    LR = sum over s of m[s] * log(1 + v / e[s]) - n * v

so every fragment counts with a weight that says how hard its stratum errs. By the lemma of Neyman and Pearson no other
use of the fragments detects more at that v. Here n * v is three fragments and four standard deviations of the expected
errors, where the decision is close: a lower fraction cannot be told from errors, a higher one is found with any
weights. Weights are rounded to whole numbers up to `TOP_WEIGHT`, which makes the score a whole number with a known
distribution.

**Its false detections.** Without the change, m[s] is Poisson with mean n[s] * e[s] (a binomial of rare errors), and the
score a compound Poisson. The rates are themselves uncertain: by a gamma distribution with the squared coefficient of
variation c = spread between positions + estimation error (1 / errors counted), which turns the Poisson into a negative
binomial of shape 1 / c, as a beta-binomial does for one stratum. Its tail comes from Panjer's recursion (ASTIN Bulletin
1981;12:22). A plain beta-binomial of all fragments would spend its false detections on the worst bases.

**Over all codons.** A change is DETECTED where its LR reaches one value that is common to a family of tests, the lowest
at which the chances of all tests to reach it by error sum to no more than the budget (which bounds the chance of any).
A common LR, not a common p-value, detects most in all: it is the lemma once more, over the family. Scores being
discrete, tests that cannot come near the value spend nothing and leave it to the others (Tarone, Biometrics
1990;46:515).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special  # scipy.stats takes half a second more to import

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POWER = 0.95
"""Probability with which an excluded VAF would have been called."""

TOP_WEIGHT = 16
"""Weight of a fragment of the best stratum; 16 steps lose no recall that a simulation could show."""

_HIGHEST_SCORE = 20_000
_LEVELS = 40
_BISECTIONS = 26
_NEGLIGIBLE = 1e-7


@dataclass(frozen=True)
class Tests:
    """One row for each single-base change that is tested.

    depth: fragments that read the base, by [test, stratum]. weight: of each stratum, 0 where it has no fragment.
    critical: the score that makes the change DETECTED. tails: P(score >= x) by [x, test] without the change.
    """

    depth: Ints
    weight: Ints
    critical: Ints
    tails: Floats

    def score(self, test: int, carried: Ints) -> int:
        """Score of `carried` fragments by stratum."""
        return int((self.weight[test] * carried).sum())

    def p_value(self, test: int, score: int) -> float:
        """P(such a score without the change); at most the smallest tail that was computed."""
        return float(self.tails[min(score, len(self.tails) - 1), test])


def make_tests(depth: Ints, error: Floats, spread: Floats, extra: Floats, budget: float) -> Tests:
    """Weights and critical scores of a family of tests that share one budget of false detections.

    Args:
        depth: fragments that show the position, by [test, stratum].
        error: chance that one of them shows the change by error.
        spread: squared coefficient of variation of the test's error rate.
        extra: further expected errors, by [test, stratum]: fragments of another variant that an error turns into this
        change. budget: accepted probability of any false detection in the family.
    """
    expected = depth * error + extra
    # the excess of mutant fragments at which the decision is close: three, and four standard deviations of the errors
    excess = 3.0 + 4.0 * np.sqrt(expected.sum(axis=1))
    weight, unit = _weights(depth, error, excess)
    intensity = np.stack([np.where(weight == w, expected, 0.0).sum(axis=1) for w in range(TOP_WEIGHT + 1)])
    intensity[1] += intensity[0]  # an extra error in a stratum without depth
    tails = score_tails(intensity[1:], 1.0 / np.maximum(spread, 1e-3), budget / max(len(depth), 1) / 50)
    return Tests(depth, weight, _critical(tails, unit, excess, budget), tails)


def _weights(depth: Ints, error: Floats, excess: Floats) -> tuple[Ints, Floats]:
    """Whole-number weight of each stratum, and what one unit of it is worth as log-likelihood."""
    total = np.maximum(depth.sum(axis=1), 1)
    gain = np.where(depth > 0, np.log1p((excess / total)[:, None] / error), 0.0)
    unit = np.where(depth.any(axis=1), gain.max(axis=1), 1.0) / TOP_WEIGHT
    rounded = np.maximum(np.rint(gain / unit[:, None]), 1).astype(np.int64)
    weight: Ints = np.where(depth > 0, rounded, 0)
    return weight, unit


def score_tails(intensity: Floats, shape: Floats, least: float) -> Floats:
    """P(score >= x) for x = 0, 1, ... by [x, test], until every tail is below `least`.

    With L the sum of the intensities, f[j] = intensity[j] / L, shape r and b = (L / r) / (1 + L / r), the negative
    binomial number of errors obeys p[k] = (b + (r - 1) * b / k) * p[k - 1], and Panjer's recursion for the score is::

        g[0] = (1 + L / r) ** -r        g[x] = sum over j of (b + (r - 1) * b * j / x) * f[j] * g[x - j]

    Args:
        intensity: expected errors by [weight - 1, test].
        shape: r of each test, > 0.
        least: > 0.
    """
    top, tests = intensity.shape
    total = intensity.sum(axis=0)
    share = intensity / np.maximum(total, 1e-300)
    b = (total / shape) / (1 + total / shape)
    steady = b * share
    fading = (shape - 1) * b * share * np.arange(1, top + 1)[:, None]
    mass = [np.zeros(tests)] * top + [np.exp(-shape * np.log1p(total / shape))]
    tails = [np.ones(tests), 1.0 - mass[-1]]
    while tails[-1].max(initial=0.0) > least and len(tails) < _HIGHEST_SCORE:
        x = len(tails) - 1
        recent = np.stack(mass[: -top - 1 : -1])
        mass.append(((steady + fading / x) * recent).sum(axis=0))
        tails.append(np.maximum(tails[-1] - mass[-1], 0.0))
    return np.stack(tails)


def _critical(tails: Floats, unit: Floats, excess: Floats, budget: float) -> Ints:
    """The lowest critical scores at one common log-likelihood ratio whose tails sum to no more than `budget`."""
    tests = np.arange(tails.shape[1])
    low, high = 0.0, float(((len(tails) + 1) * unit).max(initial=1.0))
    for _ in range(_LEVELS):
        middle = (low + high) / 2
        tried = np.ceil((middle + excess) / unit).astype(np.int64)
        # beyond the last tail that was computed less than a fiftieth of a test's part is spent
        if tails[np.minimum(tried, len(tails) - 1), tests].sum() <= budget:
            high = middle
        else:
            low = middle
    critical: Ints = np.maximum(np.ceil((high + excess) / unit), 1).astype(np.int64)
    return critical


def needed_chance(tests: Tests, chosen: Ints) -> Floats:
    """P(score is critical | k mutant fragments) by [k, test], k = 0, 1, ...: each falls into a stratum by its depth."""
    weight, depth = tests.weight[chosen], tests.depth[chosen]
    critical = tests.critical[chosen]
    total = np.maximum(depth.sum(axis=1), 1)
    share = np.stack([np.where(weight == w, depth, 0).sum(axis=1) / total for w in range(1, TOP_WEIGHT + 1)], axis=1)
    top = int(critical.max(initial=1))
    scores = np.zeros((len(chosen), top + TOP_WEIGHT))
    scores[:, 0] = 1.0
    known = np.arange(top) < critical[:, None]
    chances = [np.zeros(len(chosen))]
    while chances[-1].min(initial=1.0) < 1 - _NEGLIGIBLE and len(chances) <= top:
        moved = np.zeros_like(scores)
        for w in range(1, TOP_WEIGHT + 1):
            moved[:, w:] += share[:, w - 1, None] * scores[:, :-w]
        scores[:, :top] = np.where(known, moved[:, :top], 0.0)
        scores[:, top:] = 0.0
        chances.append(1.0 - scores.sum(axis=1))
    return np.stack(chances)


def limits(tests: Tests, chosen: Ints, molecules: float, min_fragments: int, low_vaf: float) -> list[float | None]:
    """The smallest VAF that each chosen test would have called with 95 % power; None where no VAF reaches that.

    A call needs a critical score, `min_fragments` fragments and a fraction of `low_vaf`. With h[k] the chance that k
    fragments make a call (h = 0 below the floors) and X the number of mutant fragments of n, binomial at v, ::

        power(v) = sum over k of (h[k] - h[k - 1]) * P(X >= k | n, v),    P(X >= k | n, v) = I_v(k, n - k + 1)

    I_v being the regularised incomplete beta function. Errors that would add to the fragments are left out.

    Args:
        tests: the family.
        chosen: indices of the tests.
        molecules: genome equivalents of the input: more fragments than that are copies of one another. inf if unknown.
        min_fragments: the rule's floor.
        low_vaf: the rule's floor.
    """
    if not len(chosen):
        return []
    depth = np.floor(np.minimum(tests.depth[chosen].sum(axis=1), molecules))
    chance = needed_chance(tests, chosen)
    # an observed fraction m/n of at least low_vaf; the tolerance keeps 0.01 * 500 at 5
    floor = np.maximum(min_fragments, np.ceil(low_vaf * depth - 1e-9)).astype(np.int64)
    many = max(len(chance), int(floor.max()) + 1)
    chance = np.concatenate([chance, np.ones((many - len(chance), len(chosen)))])
    k = np.arange(many)[:, None]
    chance = np.where((k >= floor) & (k <= depth), chance, 0.0)
    gain = np.diff(chance, axis=0, prepend=0.0)
    gain = np.where((k <= depth) & (gain > _NEGLIGIBLE), gain, 0.0)
    rows, tests_at = np.nonzero(gain)
    gains = gain[rows, tests_at]
    remaining = np.maximum(depth[tests_at] - rows + 1, 1)
    reachable = np.bincount(tests_at, gains, minlength=len(chosen)) >= POWER
    low, high = np.zeros(len(chosen)), np.ones(len(chosen))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        part = gains * special.betainc(np.maximum(rows, 1), remaining, middle[tests_at])
        enough = np.bincount(tests_at, part, minlength=len(chosen)) >= POWER
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return [float(v) if ok else None for v, ok in zip(high, reachable, strict=True)]


def gap_p_value(fragments: int, expected: float, spread: float) -> float:
    """P(at least `fragments` errors) where `expected` are expected with the squared coefficient of variation `spread`.

    The negative binomial of the tests above for changes that have no family: several bases at once, insertions,
    deletions.
    """
    shape = 1.0 / spread
    # P(X >= k) = I_{1-p}(k, shape) with p = shape / (shape + expected)
    return float(special.betainc(fragments, shape, expected / (shape + expected)))
