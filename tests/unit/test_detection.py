"""The test's null distribution and the limit's power, by simulation and by law."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.unit.genotype_builders import LISTED, call, counted

from cetux.counts import ErrorCount
from cetux.detection import (
    LONGEST_TABLE,
    Floats,
    gap_p_value,
    limits,
    make_tests,
    needed_chance,
    saddlepoint_tails,
    score_tails,
)
from cetux.detection import Tests as Family  # pytest collects classes called Tests

BUDGET = 1e-3
RARE = 1e-9  # spread so small that the negative binomial is a Poisson


def one(depth: list[int], error: list[float], spread: float = 1e-3, tests: int = 100):  # type: ignore[no-untyped-def]
    """`tests` equal tests of these strata."""
    depths = np.tile(np.array(depth), (tests, 1))
    errors = np.tile(np.array(error), (tests, 1))
    return make_tests(depths, errors, np.full(tests, spread), np.zeros_like(errors), BUDGET)


def test_one_weight_gives_the_tail_of_a_negative_binomial() -> None:
    intensity = np.zeros((16, 1))
    intensity[0] = 2.5
    tails = score_tails(intensity, np.array([4.0]), 1e-9)[:, 0]
    expected = stats.nbinom.sf(np.arange(len(tails)) - 1, 4.0, 4.0 / 6.5)
    assert tails == pytest.approx(expected, abs=1e-12)


def test_several_weights_give_the_tail_of_the_simulated_score() -> None:
    intensity = np.zeros((16, 1))
    intensity[[0, 2, 6], 0] = (0.8, 0.3, 0.05)
    rng = np.random.default_rng(1)
    factor = rng.gamma(2.0, 0.5, 400_000)
    score = sum(w * rng.poisson(rate * factor) for w, rate in ((1, 0.8), (3, 0.3), (7, 0.05)))
    tails = score_tails(intensity, np.array([2.0]), 1e-6)[:, 0]
    for x in (1, 3, 5, 8):
        assert tails[x] == pytest.approx((score >= x).mean(), rel=0.05)


def test_the_false_detections_of_a_family_stay_within_the_budget_and_use_it() -> None:
    tests = one([300, 100, 30], [1e-6, 1e-4, 2e-3])
    spent = tests.null.tails[np.minimum(tests.critical, len(tests.null.tails) - 1), np.arange(100)].sum()
    assert BUDGET / 20 < spent <= BUDGET


def test_false_detections_by_simulation() -> None:
    """At a budget of 5 % the share of samples with any false detection is at most that (400 tests, 4,000 samples)."""
    depth, error = np.array([250, 80, 20]), np.array([1e-5, 2e-4, 3e-3])
    tests = make_tests(np.tile(depth, (400, 1)), np.tile(error, (400, 1)), np.full(400, 1e-3), np.zeros((400, 3)), 0.05)
    drawn = np.random.default_rng(2).binomial(depth, error, (4000, 400, 3))
    false = (drawn @ tests.weight[0] >= tests.critical[0]).any(axis=1).sum()
    assert 20 <= false <= stats.binom.ppf(0.999, 4000, 0.05)


def test_a_good_fragment_weighs_more_than_a_bad_one() -> None:
    tests = one([100, 100], [1e-5, 1e-2])
    assert tests.weight[0, 0] > 2 * tests.weight[0, 1]


@pytest.mark.parametrize(
    ("depth", "error", "min_fragments", "low_vaf"),
    [
        ([400], [1e-4], 5, 0.01),
        ([2000], [3e-4], 5, 0.01),
        ([1260], [1e-6], 3, 0.001),
        ([300, 150, 50], [1e-6, 1e-4, 2e-3], 2, 0.0),
        ([1500, 500], [3e-5, 5e-4], 3, 0.001),
    ],
)
def test_the_limit_has_95_percent_power(
    depth: list[int], error: list[float], min_fragments: int, low_vaf: float
) -> None:
    tests = one(depth, error)
    (limit,) = limits(tests, np.array([0]), float("inf"), min_fragments, low_vaf)
    assert limit is not None
    rng = np.random.default_rng(3)
    carried = rng.binomial(depth, limit, (20_000, len(depth)))
    carried = carried + rng.binomial(np.array(depth) - carried, error)
    many = carried.sum(axis=1)
    called = carried @ tests.weight[0] >= tests.critical[0]
    called &= (many >= min_fragments) & (many >= low_vaf * sum(depth))
    assert 0.93 <= called.mean() <= 0.97


def test_1260_molecules_exclude_half_a_percent() -> None:
    tests = one([1260], [3e-6], tests=250)
    (limit,) = limits(tests, np.array([0]), float("inf"), 3, 0.001)
    assert limit == pytest.approx(0.005, rel=0.01)


def test_genome_equivalents_limit_the_claim() -> None:
    """Rules: 3.8 ng exclude 0.5 % however deep they are sequenced."""
    tests = one([20_000], [1e-6], tests=10)
    (deep,) = limits(tests, np.array([0]), float("inf"), 3, 0.001)
    (scarce,) = limits(tests, np.array([0]), 330 * 3.8, 3, 0.001)
    assert deep is not None and deep < 0.002
    assert scarce == pytest.approx(0.005, rel=0.02)


def test_no_fraction_is_excluded_by_fewer_fragments_than_a_call_needs() -> None:
    assert limits(one([4], [1e-4]), np.array([0]), float("inf"), 5, 0.01) == [None]
    assert limits(one([0], [1e-4]), np.array([0]), float("inf"), 5, 0.01) == [None]


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 3000), st.floats(1e-6, 1e-3), st.sampled_from([(5, 0.01), (3, 0.001)]))
def test_twice_the_fragments_never_raise_the_limit(depth: int, error: float, floors: tuple[int, float]) -> None:
    few, many = (limits(one([n], [error]), np.array([0]), float("inf"), *floors)[0] for n in (depth, 2 * depth))
    assert few is not None and many is not None
    assert many <= few


@settings(max_examples=20, deadline=None)
@given(st.integers(20, 500), st.integers(20, 500), st.floats(1e-6, 1e-3))
def test_strata_that_are_equal_are_as_one(a: int, b: int, error: float) -> None:
    split, whole = one([a, b], [error, error]), one([a + b, 0], [error, error])
    assert split.critical[0] == whole.critical[0]


def test_uncertain_rates_need_more_fragments() -> None:
    assert one([5000], [1e-3], spread=1.0).critical[0] > one([5000], [1e-3], spread=1e-3).critical[0]


def test_the_p_value_of_a_rare_event_is_a_poisson_tail_where_nothing_varies() -> None:
    assert gap_p_value(3, 0.01, RARE) == pytest.approx(stats.poisson.sf(2, 0.01), rel=1e-3)


NOISY = 20
DEPTH_AND_SPREAD = [(depth, spread) for depth in (5_000, 20_000, 100_000, 1_000_000) for spread in (1e-3, 0.05, 0.5)]


def damaged(depth: int, spread: float, noisy: float, quiet: float = 1e-5, budget: float = BUDGET) -> Family:
    """120 tests of two strata, 7 to 3, the second ten times worse; the first 20 have the rate `noisy`."""
    depths = np.tile(np.array([depth * 7 // 10, depth * 3 // 10]), (120, 1))
    errors = np.tile(np.array([quiet, quiet * 10]), (120, 1))
    errors[:NOISY] = (noisy, noisy * 10)
    return make_tests(depths, errors, np.full(120, spread), np.zeros_like(errors), budget)


def two_limits(tests: Family) -> Floats:
    """Limits of a noisy and of a quiet test; above 1 where there is none."""
    return np.array([2.0 if v is None else v for v in limits(tests, np.array([0, 119]), float("inf"), 2, 0.0)])


@pytest.mark.parametrize("weight", [1, 16])
@pytest.mark.parametrize("expected", [50.0, 1e3, 1e5])
@pytest.mark.parametrize("shape", [0.5, 2.0, 20.0, 1000.0])
@pytest.mark.parametrize("level", [1e-5, 1e-7, 1e-9])
def test_the_saddlepoint_lies_just_above_the_tail_of_a_negative_binomial(
    weight: int, expected: float, shape: float, level: float
) -> None:
    """Never below it, and no higher than the tail of 5 % fewer fragments: so much more is asked for at most."""
    intensity = np.zeros((16, 1))
    intensity[weight - 1] = expected
    chance = shape / (shape + expected)
    many = int(stats.nbinom.isf(level, shape, chance))
    found = saddlepoint_tails(intensity, np.array([shape]), np.array([weight * many]))[0]
    assert stats.nbinom.sf(many - 1, shape, chance) <= found <= stats.nbinom.sf(0.95 * many - 1, shape, chance)


def test_the_saddlepoint_lies_above_the_recursion_at_several_weights() -> None:
    intensity = np.zeros((16, 3))
    intensity[[0, 2, 15], 0] = (40.0, 20.0, 5.0)
    intensity[[4, 15], 1] = (80.0, 1.0)
    intensity[[0, 15], 2] = (90.0, 0.01)
    shape = np.array([8.0, 200.0, 20.0])
    tails = score_tails(intensity, shape, 1e-9)
    for level in (1e-3, 1e-5, 1e-7):
        scores = (tails > level).sum(axis=0)
        exact = tails[scores, np.arange(3)]
        found = saddlepoint_tails(intensity, shape, scores)
        assert np.all(exact <= found)
        assert np.all(found <= 4 * exact)


@pytest.mark.parametrize(("depth", "spread"), DEPTH_AND_SPREAD)
def test_no_depth_makes_a_long_table(depth: int, spread: float) -> None:
    """C>T of 1 % in 20 tests; the work is rows of the table, and rows of fragments by columns of scores."""
    tests = damaged(depth, spread, 0.01)
    assert len(tests.null.tails) <= LONGEST_TABLE
    few = np.flatnonzero(tests.critical < LONGEST_TABLE)
    assert 119 in few
    assert len(needed_chance(tests, few)) <= LONGEST_TABLE
    assert np.all(two_limits(tests) < 1)


@pytest.mark.parametrize("depth", [20_000, 100_000])
def test_a_damaged_deep_sample_is_called(depth: int) -> None:
    """Whole call with C>T of 1 % on the forward strand, spread 0.5: the mutation at 30 % is found."""
    cohort = counted(LISTED, depth, {("BRAF", 600, "CTC"): depth * 3 // 10}, stratum="F2", flank_bases=4_000_000)
    errors = tuple(
        ErrorCount(e.substitution, e.stratum, e.bases // 100, e.bases) if e.substitution == "C>T" else e
        for e in cohort.background.errors
    )
    noisy = replace(cohort.background, errors=errors, error_pairs=1500.0, expected_pairs=1000.0)
    genes = call(replace(cohort, background=noisy), LISTED).genes
    assert [(a.protein, a.state) for a in genes["BRAF"].alleles] == [("V600E", "MUT")]


@pytest.mark.parametrize(("depth", "spread"), DEPTH_AND_SPREAD)
def test_the_limit_has_its_power_at_any_number_of_errors(depth: int, spread: float) -> None:
    """95 % from the mutant fragments alone, which is what is stated; errors only add to it."""
    tests = damaged(depth, spread, 0.01)
    rng = np.random.default_rng(6)
    for index, limit in zip((0, 119), two_limits(tests), strict=True):
        carried = rng.binomial(tests.depth[index], limit, (20_000, 2))
        called = (carried @ tests.weight[index] >= tests.critical[index]) & (carried.sum(axis=1) >= 2)
        assert 0.94 <= called.mean() <= 0.97


@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_false_detections_of_deep_tests_by_simulation(spread: float) -> None:
    """Rates that vary by a gamma distribution; no more than 5 % of 2,000 samples have any, and not far less.

    The quiet tests' scores take few values, so that some of their part stays unspent.
    """
    tests = damaged(20_000, spread, 0.01, quiet=3e-4, budget=0.05)
    error = np.tile(np.array([3e-4, 3e-3]), (120, 1))
    error[:NOISY] = (0.01, 0.1)
    rng = np.random.default_rng(7)
    factor = rng.gamma(1 / spread, spread, (2000, 120, 1))
    score = (rng.poisson(tests.depth * error * factor) * tests.weight).sum(axis=2)
    false = (score >= tests.critical).any(axis=1).sum()
    assert 30 <= false <= stats.binom.ppf(0.999, 2000, 0.05)


@pytest.mark.parametrize(("depth", "spread"), [(2_000, 0.5), (20_000, 0.05), (20_000, 0.5), (100_000, 0.5)])
def test_a_noisy_substitution_leaves_the_limits_of_the_others(depth: int, spread: float) -> None:
    undamaged = two_limits(damaged(depth, spread, 1e-5))[1]
    for noisy in (1e-3, 3e-3, 1e-2, 5e-2):
        assert two_limits(damaged(depth, spread, noisy))[1] <= undamaged


@pytest.mark.parametrize("spread", [1e-3, 0.05, 0.5])
@pytest.mark.parametrize("noisy", [1e-4, 1e-2])
def test_more_depth_never_makes_a_limit_worse(spread: float, noisy: float) -> None:
    """From 250x to 1,024,000x, over the ends of table and of common ratio; 1e-7 is the precision of the search."""
    found = np.stack([two_limits(damaged(250 * 2**doubled, spread, noisy)) for doubled in range(13)])
    assert np.all(np.diff(found, axis=0) <= 1e-7)
