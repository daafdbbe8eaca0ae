"""Error rates: shrunk, by molecule strand, never zero, never less careful with normals."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.genotype_builders import codon, counted

from cetux.background import LEAST_RATE, PRIOR_RATES, estimate, stratum_index
from cetux.counts import Background, ErrorCount

G12 = codon("KRAS", 12)


def background(*errors: ErrorCount, pairs: float = 0.0, expected: float = 0.0) -> Background:
    others = [
        ErrorCount(f"{a}>{b}", error.stratum, 0, error.bases)
        for error in errors
        for a in "ACGT"
        for b in "ACGT"
        if a != b and f"{a}>{b}" not in {one.substitution for one in errors}
    ]
    return Background((*errors, *others), 1000, 0, pairs, expected)


def test_many_errors_give_their_own_rate() -> None:
    rates = estimate(background(ErrorCount("C>T", "F2", 500, 1_000_000)), ())
    assert rates.of(stratum_index("F2"), "C", "T") == pytest.approx(5e-4, rel=0.02)


def test_damage_follows_the_strand_of_the_molecule() -> None:
    """C>T of the plus strand and G>A of the minus strand are one chemistry."""
    rates = estimate(background(ErrorCount("C>T", "F2", 500, 1_000_000)), ())
    forward, reverse = stratum_index("F2"), stratum_index("R2")
    assert rates.of(reverse, "G", "A") == rates.of(forward, "C", "T")
    assert rates.of(reverse, "C", "T") == rates.of(forward, "G", "A") < 2e-6


def test_without_a_strand_a_substitution_and_its_complement_are_one() -> None:
    rates = estimate(background(ErrorCount("C>T", "N5", 100, 1_000_000)), ())
    unknown = stratum_index("N5")
    assert rates.of(unknown, "C", "T") == rates.of(unknown, "G", "A") == pytest.approx(5e-5, rel=0.05)


def test_without_any_base_the_prior_speaks() -> None:
    rates = estimate(Background(), ())
    for error_class, prior in enumerate(PRIOR_RATES):
        assert rates.of(stratum_index(f"F{error_class}"), "A", "C") == pytest.approx(prior)


def test_no_rate_is_zero_whatever_the_quality_says() -> None:
    rates = estimate(background(ErrorCount("C>T", "N5", 0, 10**9)), ())
    assert rates.rate.min() >= LEAST_RATE


def test_damage_of_one_substitution_does_not_blacken_the_others() -> None:
    """500 of 1,000,000 C are deaminated and nothing else is wrong in 11,000,000 bases."""
    rates = estimate(background(ErrorCount("C>T", "F3", 500, 1_000_000)), ())
    assert rates.of(stratum_index("F3"), "C", "T") == pytest.approx(5e-4, rel=0.02)
    assert rates.of(stratum_index("F3"), "A", "C") == pytest.approx(0.5 / 12_000_000, rel=2.5)


def test_substitutions_that_are_alike_share_their_rate() -> None:
    """None of 0 to 2 errors in 50,000 bases is taken for damage: all are drawn to the same mean, 12 in 600,000.

    By hand, with the prior 5e-5 of class 3: r1 = 12.5 / 610,000, and 2 errors have the rate 2.5 / (50,000 + 0.5 / r1).
    """
    pairs = list(permutations("ACGT", 2))
    few = [ErrorCount(f"{a}>{b}", "F3", i % 3, 50_000) for i, (a, b) in enumerate(pairs)]
    rates = estimate(Background(tuple(few)), ())
    each = [rates.of(stratum_index("F3"), a, b) for a, b in pairs]
    assert each == pytest.approx([(i % 3 + 0.5) / 74_400 for i in range(12)])


def test_normals_never_make_a_sample_less_careful() -> None:
    own = background(ErrorCount("C>T", "F2", 500, 1_000_000))
    clean = background(ErrorCount("C>T", "F2", 0, 9_000_000))
    noisy = background(ErrorCount("C>T", "F2", 9000, 9_000_000))
    alone, careful, raised = estimate(own, ()), estimate(own, (), [clean]), estimate(own, (), [noisy])
    assert (careful.rate >= alone.rate).all()
    assert raised.of(stratum_index("F2"), "C", "T") == pytest.approx(1e-3, rel=0.01)


def test_variation_between_positions_is_seen_in_pairs_of_errors() -> None:
    error = ErrorCount("C>T", "F2", 500, 1_000_000)
    calm = estimate(background(error, pairs=1000, expected=1000), ())
    spread = estimate(background(error, pairs=3000, expected=1000), ())
    assert calm.spread < 0.1
    assert spread.spread == pytest.approx(2.0, rel=0.02)


def test_where_no_flank_was_counted_the_codons_speak_without_their_variants() -> None:
    counts = counted([G12], 10_000, {("KRAS", 12, "ATC"): 2000, ("KRAS", 12, "ACT"): 8})
    rates = estimate(Background(), counts.codons)
    assert rates.of(stratum_index("F2"), "C", "T") < 1e-3


@given(st.integers(0, 1000), st.integers(1, 10))
def test_more_errors_in_as_many_bases_never_lower_a_rate(errors: int, more: int) -> None:
    def rate(number: int) -> float:
        found = estimate(background(ErrorCount("C>T", "F2", number, 1_000_000)), ())
        return found.of(stratum_index("F2"), "C", "T")

    assert rate(errors + more) >= rate(errors)
