"""Rests of lost alleles: the likelihood by hand for one site, and where they lie along a chromosome."""

from math import log

import numpy as np
import pytest

from cetux.lost_alleles import log_likelihood

DEPTH = 300
HET, CLEAN, REST = 150, 0, 12
"""Fragments of the rarer allele: a heterozygous site, a homozygous one, and 4 % of a lost allele."""


def likelihood(shown: list[int], step_bp: int = 5_000_000, chroms: list[str] | None = None) -> float:
    k = np.array(shown)
    positions = np.arange(len(k)) * step_bp
    return log_likelihood(chroms or ["1"] * len(k), positions, k == HET, k, np.full(len(k), DEPTH), 1e-3)


def test_one_heterozygous_site_by_hand():
    """Kept (1/2), or at a purity of 0.8 lost with one, two or three copies left (1/6 each): 0.2/1.2 is above 10 %, so
    that it still looks heterozygous, 0.2/2 and 0.2/2.8 are not. 2 % of the sites are odd.
    """
    assert likelihood([HET]) == pytest.approx(log(0.4 * (0.98 / 2 + 0.98 / 6 + 2 * 0.02 / 6)))


def test_rests_in_one_segment_are_the_patients_own_and_scattered_ones_are_not():
    """The same sites twice: eight rests side by side, or one beside every heterozygous site."""
    together = likelihood([REST] * 8 + [CLEAN] * 8 + [HET] * 8)
    scattered = likelihood([REST, HET, CLEAN] * 8)
    assert together - scattered > log(1000)


def test_far_sites_and_other_chromosomes_are_independent():
    """What lies far apart may be lost or kept each for itself; the likelihood of both is then the same."""
    shown = [REST, HET] * 4
    alone = [str(number) for number in range(8)]
    assert likelihood(shown, chroms=alone) == pytest.approx(likelihood(shown, step_bp=10**12), rel=1e-9)
    assert likelihood(shown, chroms=alone) > likelihood(shown, step_bp=100_000) + log(1000)
