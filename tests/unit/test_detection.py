"""The test's null distribution and the limit's power, by simulation and by law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cetux.detection import gap_p_value, limits, make_tests, score_tails

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
