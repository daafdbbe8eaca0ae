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
1981;12:22), or where so many errors are expected that the recursion would be long, from the saddlepoint of the same
distribution (`saddlepoint_tails`), which makes the tail a little too great, so never a call too many, and takes no
longer at any depth. A plain beta-binomial of all fragments would spend its false detections on the worst bases.

**Over all codons.** A change is DETECTED where its LR reaches one value that is common to a family of tests, the lowest
at which the chances of all tests to reach it by error sum to no more than the budget (which bounds the chance of any).
A common LR, not a common p-value, detects most in all: it is the lemma once more, over the family. Scores being
discrete, tests that cannot come near the value spend nothing and leave it to the others (Tarone, Biometrics
1990;46:515).

The errors' variance is L * (1 + c * L) at L expected ones. Where c * L is beyond `OVERDISPERSED`, it is the unknown
rate more than chance that brings many errors, of which the LR above knows nothing: errors alone then reach an LR that
would be unheard of elsewhere. A value common to all would follow these tests, and one damaged substitution would take
the small fractions from all others. They are set aside: each has an equal part of the budget, and the others share what
is left. So are those with more than `MANY_ERRORS` expected, whose number times the rounding of their weights is of the
order of the LR itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special  # scipy.stats takes half a second more to import

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

POWER = 0.95
"""Probability with which an excluded VAF would have been called."""

TOP_WEIGHT = 16
"""Weight of a fragment of the best stratum; 16 steps lose no recall that a simulation could show."""

OVERDISPERSED = 0.5
"""Variance of the expected errors by their uncertain rate, over that by chance, from which a test stands apart [P]."""

MANY_ERRORS = 50.0
"""Expected errors from which a test stands apart [P]."""

LONGEST_TABLE = 2048
"""Scores below this are tabulated one by one: 128 fragments of the best stratum. Beyond, saddlepoint and normal
distribution are as good, and take the same time at any depth."""

_LEVELS = 40
_HALVINGS = 60
_BISECTIONS = 26
_NEGLIGIBLE = 1e-7
_NO_ERRORS = 1e-12
_SMALLEST_LOG = -700.0


@dataclass(frozen=True)
class Null:
    """The distribution of each test's score without the change.

    intensity: expected errors by [weight - 1, test]. shape: of the negative binomial. tails: P(score >= x) by
    [x, test], at most `LONGEST_TABLE` rows. long: tests for which the table is not enough.
    """

    intensity: Floats
    shape: Floats
    tails: Floats
    long: Flags

    def tail(self, scores: Ints) -> Floats:
        """P(score >= scores[test]) of all tests; beyond the table the smallest tail that was computed."""
        tails: Floats = self.tails[np.minimum(scores, len(self.tails) - 1), np.arange(len(self.shape))]
        if self.long.any():
            tails[self.long] = saddlepoint_tails(self.intensity[:, self.long], self.shape[self.long], scores[self.long])
        return tails


@dataclass(frozen=True)
class Tests:
    """One row for each single-base change that is tested.

    depth: fragments that read the base, by [test, stratum]. weight: of each stratum, 0 where it has no fragment.
    critical: the score that makes the change DETECTED. null: the scores without the change.
    """

    depth: Ints
    weight: Ints
    critical: Ints
    null: Null

    def score(self, test: int, carried: Ints) -> int:
        """Score of `carried` fragments by stratum."""
        return int((self.weight[test] * carried).sum())

    def p_value(self, test: int, score: int) -> float:
        """P(such a score without the change); at most the smallest tail that was computed."""
        null = self.null
        if null.long[test]:
            one = slice(test, test + 1)
            return float(saddlepoint_tails(null.intensity[:, one], null.shape[one], np.array([score]))[0])
        return float(null.tails[min(score, len(null.tails) - 1), test])


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
    errors = expected.sum(axis=1)
    # the excess of mutant fragments at which the decision is close: three, and four standard deviations of the errors
    excess = 3.0 + 4.0 * np.sqrt(errors)
    weight, unit = _weights(depth, error, excess)
    intensity = np.stack([np.where(weight == w, expected, 0.0).sum(axis=1) for w in range(TOP_WEIGHT + 1)])
    intensity[1] += intensity[0]  # an extra error in a stratum without depth
    spread = np.maximum(spread, 1e-3)
    part = budget / max(len(depth), 1)
    null = _null(intensity[1:], 1.0 / spread, part / 50)
    apart = (spread * errors > OVERDISPERSED) | (errors > MANY_ERRORS)
    common = _critical(null, unit, excess, ~apart, part * float((~apart).sum()), part / 50)
    critical = np.where(apart, _lowest(null, part), common) if apart.any() else common
    return Tests(depth, weight, critical, null)


def _weights(depth: Ints, error: Floats, excess: Floats) -> tuple[Ints, Floats]:
    """Whole-number weight of each stratum, and what one unit of it is worth as log-likelihood."""
    total = np.maximum(depth.sum(axis=1), 1)
    gain = np.where(depth > 0, np.log1p((excess / total)[:, None] / error), 0.0)
    unit = np.where(depth.any(axis=1), gain.max(axis=1), 1.0) / TOP_WEIGHT
    rounded = np.maximum(np.rint(gain / unit[:, None]), 1).astype(np.int64)
    weight: Ints = np.where(depth > 0, rounded, 0)
    return weight, unit


def _null(intensity: Floats, shape: Floats, least: float) -> Null:
    """Tails by table where they fall below `least` within it, the saddlepoint for the others.

    The table starts from the chance of no error at all, which has to be a number above zero.
    """
    ends = np.full(len(shape), LONGEST_TABLE - 1)
    no_error = -shape * np.log1p(intensity.sum(axis=0) / shape)
    long: Flags = (saddlepoint_tails(intensity, shape, ends) > least) | (no_error < _SMALLEST_LOG)
    tails = score_tails(np.where(long, 0.0, intensity), shape, least)
    return Null(intensity, shape, tails, long)


def score_tails(intensity: Floats, shape: Floats, least: float) -> Floats:
    """P(score >= x) for x = 0, 1, ... by [x, test], until every tail is below `least` or the table is full.

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
    while tails[-1].max(initial=0.0) > least and len(tails) < LONGEST_TABLE:
        x = len(tails) - 1
        recent = np.stack(mass[: -top - 1 : -1])
        mass.append(((steady + fading / x) * recent).sum(axis=0))
        tails.append(np.maximum(tails[-1] - mass[-1], 0.0))
    return np.stack(tails)


def saddlepoint_tails(intensity: Floats, shape: Floats, scores: Ints) -> Floats:
    """P(score >= scores[test]) of each test from above, at any number of expected errors.

    Given the rate, the score is compound Poisson; over the gamma distribution of the rate its cumulant function is ::

        K(t) = -r * log(1 - A(t) / r),    A(t) = sum over w of intensity[w] * (exp(t * w) - 1),    A(t) < r

    By Markov's inequality P(score >= x) <= exp(K(t) - t * x) for each t > 0 (Chernoff), least where K'(t) = x. There
    the tilted score, of mean x and variance K''(t), is near normal, and the chance of one value is exp(K(t) - t * x) *
    h / sqrt(2 pi K''(t)) on a lattice of step h (Daniels, Ann Math Stat 1954;25:631). The further values fall off
    about like exp(-t * h) each, so their sum is that over 1 - exp(-t * h). The step is taken as the greatest
    weight, the coarsest that can be, which makes the sum greater: in 2,246 comparisons with the recursion at scores
    above 1,500 (drawn weights, rates and shapes) it was 1.08 to 1.69 times the tail. The lesser of the two is returned,
    1 up to the mean.

    t lies below log(1 + r / L), where A(t) >= L * (exp(t) - 1) reaches r, and is found by halving.
    """
    top = len(intensity)
    weight = np.arange(1, top + 1)[:, None]
    total = np.maximum(intensity.sum(axis=0), _NO_ERRORS)
    mean = (intensity * weight).sum(axis=0)
    low, high = np.zeros(len(shape)), np.log1p(shape / total)
    for _ in range(_HALVINGS):
        t = (low + high) / 2
        grown = intensity * np.exp(t * weight)
        left = 1 - (grown - intensity).sum(axis=0) / shape
        beyond = (left <= 0) | ((grown * weight).sum(axis=0) > scores * left)
        low, high = np.where(beyond, low, t), np.where(beyond, t, high)
    t = np.maximum(low, _NO_ERRORS)
    grown = intensity * np.exp(t * weight)
    left = 1 - (grown - intensity).sum(axis=0) / shape
    slope = (grown * weight).sum(axis=0) / left
    curvature = np.maximum((grown * weight**2).sum(axis=0) / left + slope**2 / shape, _NO_ERRORS)
    chernoff = np.exp(np.minimum(-shape * np.log(left) - t * scores, 0.0))
    lattice = top / -np.expm1(-t * top) / np.sqrt(2 * np.pi * curvature)
    return np.where(scores > mean, chernoff * np.minimum(lattice, 1.0), 1.0)


def _bound(null: Null, level: float) -> Ints:
    """A score of each test whose tail is no more than `level`.

    Chernoff's exp(K(t) - t * x) is `level` at x = (K(t) - log(level)) / t, for any t with A(t) < r. As A(t) is at most
    L * (exp(16 t) - 1), A(t) <= r / 2 at t = log(1 + r / 2L) / 16, and K(t) <= r * log(2).
    """
    total = np.maximum(null.intensity.sum(axis=0), _NO_ERRORS)
    t = np.log1p(null.shape / 2 / total) / TOP_WEIGHT
    bound: Ints = np.ceil((null.shape * np.log(2.0) - np.log(level)) / t).astype(np.int64)
    return bound


def _lowest(null: Null, level: float) -> Ints:
    """The lowest score of each test whose tail is no more than `level`, at least 1."""
    low, high = np.zeros(len(null.shape), dtype=np.int64), _bound(null, level)
    for _ in range(int(high.max(initial=1)).bit_length()):
        middle = (low + high) // 2
        enough = null.tail(middle) <= level
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.maximum(high, 1)


def _critical(null: Null, unit: Floats, excess: Floats, members: Flags, budget: float, least: float) -> Ints:
    """The lowest critical scores at one common log-likelihood ratio whose tails sum to no more than `budget`.

    Only the tails of `members` are summed. At the highest value tried each is no more than `least`.
    """
    low, high = 0.0, float((_bound(null, least) * unit)[members].max(initial=1.0))
    for _ in range(_LEVELS):
        middle = (low + high) / 2
        tried = np.ceil((middle + excess) / unit).astype(np.int64)
        # beyond the last tail that was computed less than a fiftieth of a test's part is spent
        if null.tail(tried)[members].sum() <= budget:
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

    A call needs a critical score, `min_fragments` fragments and a fraction of `low_vaf`. Errors that would add to the
    fragments are left out.

    Args:
        tests: the family.
        chosen: indices of the tests.
        molecules: genome equivalents of the input: more fragments than that are copies of one another. inf if unknown.
        min_fragments: the rule's floor.
        low_vaf: the rule's floor.
    """
    depth = np.floor(np.minimum(tests.depth[chosen].sum(axis=1), molecules))
    # an observed fraction m/n of at least low_vaf; the tolerance keeps 0.01 * 500 at 5
    floor = np.maximum(min_fragments, np.ceil(low_vaf * depth - 1e-9)).astype(np.int64)
    many = tests.critical[chosen] >= LONGEST_TABLE
    found: list[float | None] = [None] * len(chosen)
    for rows, power_at in ((~many, _power), (many, _power_of_many)):
        if rows.any():
            power = power_at(tests, chosen[rows], depth[rows], floor[rows])
            for index, limit in zip(np.flatnonzero(rows), _smallest(power, int(rows.sum())), strict=True):
                found[index] = limit
    return found


def _smallest(power: Callable[[Floats], Floats], tests: int) -> list[float | None]:
    """The lowest fraction of each test at which its power, which rises with the fraction, is `POWER`; None if none."""
    reachable = power(np.ones(tests)) >= POWER
    low, high = np.zeros(tests), np.ones(tests)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        enough = power(middle) >= POWER
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return [float(v) if ok else None for v, ok in zip(high, reachable, strict=True)]


def _power(tests: Tests, chosen: Ints, depth: Floats, floor: Ints) -> Callable[[Floats], Floats]:
    """Power of each chosen test by fraction.

    With h[k] the chance that k fragments make the score, f the floor of fragments and X the number of mutant fragments
    of n, binomial at v, ::

        power(v) = sum over k of (h[k] - h[k - 1]) * P(X >= max(k, f) | n, v),    P(X >= k | n, v) = I_v(k, n - k + 1)

    I_v being the regularised incomplete beta function.
    """
    gain = np.diff(needed_chance(tests, chosen), axis=0, prepend=0.0)
    rows, tests_at = np.nonzero(gain > _NEGLIGIBLE)
    needed = np.maximum(np.maximum(rows, floor[tests_at]), 1)
    possible = needed <= depth[tests_at]
    gains = np.where(possible, gain[rows, tests_at], 0.0)
    remaining = np.maximum(depth[tests_at] - needed + 1, 1)

    def power(fraction: Floats) -> Floats:
        part = gains * special.betainc(needed, remaining, fraction[tests_at])
        called: Floats = np.bincount(tests_at, part, minlength=len(chosen)).astype(np.float64)
        return called

    return power


def _power_of_many(tests: Tests, chosen: Ints, depth: Floats, floor: Ints) -> Callable[[Floats], Floats]:
    """Power of each chosen test by fraction where the score needs `LONGEST_TABLE` or more: 128 fragments at least.

    Each mutant fragment falls into a stratum by its depth. With E the mean over the n fragments, the score at v has ::

        mean = n * v * E[w],    variance = n * v * E[w**2] - n * v**2 * E[w]**2

    and is near normal. It rises with the number of fragments, so the chance of a sufficient score and of sufficient
    fragments is at least the product of both (Harris' inequality), which is taken.
    """
    share = tests.depth[chosen] / np.maximum(tests.depth[chosen].sum(axis=1, keepdims=True), 1)
    mean = (share * tests.weight[chosen]).sum(axis=1)
    square = (share * tests.weight[chosen] ** 2).sum(axis=1)
    needed = np.maximum(floor, 1)
    remaining = np.maximum(depth - needed + 1, 1)

    def power(fraction: Floats) -> Floats:
        variance = depth * fraction * np.maximum(square - fraction * mean**2, _NO_ERRORS)
        beyond = (depth * fraction * mean - tests.critical[chosen]) / np.sqrt(np.maximum(variance, _NO_ERRORS))
        enough = special.ndtr(beyond) * special.betainc(needed, remaining, fraction)
        return np.where(needed <= depth, enough, 0.0)

    return power


def gap_p_value(fragments: int, expected: float, spread: float) -> float:
    """P(at least `fragments` errors) where `expected` are expected with the squared coefficient of variation `spread`.

    The negative binomial of the tests above for changes that have no family: several bases at once, insertions,
    deletions.
    """
    shape = 1.0 / spread
    # P(X >= k) = I_{1-p}(k, shape) with p = shape / (shape + expected)
    return float(special.betainc(fragments, shape, expected / (shape + expected)))
