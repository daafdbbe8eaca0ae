"""Cancer cell fractions: by hand, by simulation of the bulk, and the laws that hold for any numbers."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from tests.unit.mechanism_cases import sample

from cetux.clonality import (
    Copies,
    cell_fraction,
    multiplicity,
    mutated_copies,
    with_local_copies,
)
from cetux.evidence import SampleEvidence


def cancer_cell_fraction(vaf: float, purity: float, copies: float) -> float:
    """As `cell_fraction` puts it together, of any VAF."""
    mutated = mutated_copies(vaf, purity, copies)
    return mutated / multiplicity(mutated, copies)


vafs = st.floats(0.001, 1)
purities = st.floats(0.05, 1)
copy_numbers = st.floats(1, 40)


@pytest.mark.parametrize(
    ("vaf", "purity", "copies", "ccf"),
    [
        (0.30, 0.6, 2, 1.0),  # heterozygous in a diploid tumour: p / 2
        (0.18, 0.4, 2, 0.9),
        (0.05, 0.1, 2, 1.0),  # at a purity of 10 % a clonal mutation stands at 5 %
        (0.60, 0.6, 2, 1.0),  # both copies: p
        (0.3 / 0.7, 0.6, 1, 1.0),  # the other copy lost: p / (p + 2*(1-p)) = 0.6 / 1.4
        (0.6 / 12.8, 0.6, 20, 1.0),  # one of 20 copies: 0.6*1 / (0.6*20 + 0.8)
        (6.0 / 12.8, 0.6, 20, 1.0),  # ten of 20 copies
        (0.01, 1.0, 2, 0.02),
    ],
)
def test_by_hand(vaf: float, purity: float, copies: float, ccf: float) -> None:
    assert cancer_cell_fraction(vaf, purity, copies) == pytest.approx(ccf)


@given(purities, st.integers(1, 12), st.data())
def test_what_a_bulk_of_cells_shows_is_taken_back(purity: float, copies: int, data: st.DataObject) -> None:
    """A clonal mutation on any number of copies is found clonal, with that multiplicity."""
    times = data.draw(st.integers(1, copies))
    tumour_cells, normal_cells = purity, 1 - purity
    vaf = tumour_cells * times / (tumour_cells * copies + normal_cells * 2)
    assume(vaf <= 1)
    assert multiplicity(mutated_copies(vaf, purity, copies), copies) == times
    assert cancer_cell_fraction(vaf, purity, copies) == pytest.approx(1)


@given(purities, copy_numbers, st.floats(0.01, 1))
def test_a_subclone_on_one_copy_is_taken_back(purity: float, copies: float, ccf: float) -> None:
    vaf = purity * ccf / (purity * copies + 2 * (1 - purity))
    assert cancer_cell_fraction(vaf, purity, copies) == pytest.approx(ccf)


@given(vafs, vafs, purities, copy_numbers)
def test_more_of_the_mutation_never_makes_it_subclonal(one: float, other: float, p: float, copies: float) -> None:
    low, high = sorted((one, other))
    assert mutated_copies(low, p, copies) <= mutated_copies(high, p, copies)
    if cancer_cell_fraction(low, p, copies) >= 0.5:
        assert cancer_cell_fraction(high, p, copies) >= 0.5


@given(vafs, purities, purities, copy_numbers, copy_numbers)
def test_mutated_copies_fall_with_purity_and_rise_with_copies(
    vaf: float, one: float, other: float, few: float, many: float
) -> None:
    low, high = sorted((one, other))
    assert mutated_copies(vaf, low, few) >= mutated_copies(vaf, high, few) * (1 - 1e-9)
    few, many = sorted((few, many))
    assert mutated_copies(vaf, low, few) <= mutated_copies(vaf, low, many) * (1 + 1e-9)


@given(vafs, purities, copy_numbers)
def test_multiplicity_lies_between_one_and_the_copies(vaf: float, purity: float, copies: float) -> None:
    mutated = mutated_copies(vaf, purity, copies)
    times = multiplicity(mutated, copies)
    assert 1 <= times <= max(1, round(copies))
    assert mutated / times >= 0
    if mutated < copies:
        assert mutated / times < 1.5


@given(st.integers(1, 400), st.integers(1, 400), purities, st.floats(0.1, 1), copy_numbers)
def test_the_interval_holds_the_estimate(alt: int, more: int, purity: float, part: float, copies: float) -> None:
    found = cell_fraction(alt, alt + more, purity, purity * part, Copies(copies, 0.8 * copies, 1.3 * copies))
    assert 0 <= found.low <= found.value <= found.high


def test_bounds_by_hand() -> None:
    """50 of 500 at purity 0.6, at least 0.3: 2*v/p of the exact limits of v at the two purities."""
    low, high = stats.beta.ppf(0.025, 50, 451), stats.beta.ppf(0.975, 51, 450)
    found = cell_fraction(50, 500, 0.6, 0.3)
    assert (found.low, found.high) == (pytest.approx(2 * low / 0.6), pytest.approx(2 * high / 0.3))
    assert (found.value, found.multiplicity) == (pytest.approx(1 / 3), 1)


def test_uncertain_copies_widen_the_interval() -> None:
    exact = cell_fraction(50, 500, 0.6, 0.6, Copies(6, 6, 6))
    open_ = cell_fraction(50, 500, 0.6, 0.6, Copies(6, 4, 9))
    assert open_.value == exact.value
    assert open_.low < exact.low
    assert open_.high > exact.high


@pytest.mark.parametrize(("vaf", "purity", "copies"), [(-0.1, 0.5, 2), (1.1, 0.5, 2), (0.1, 0, 2), (0.1, 1.2, 2)])
def test_numbers_out_of_range_are_refused(vaf: float, purity: float, copies: float) -> None:
    with pytest.raises(ValueError, match="no mutated copies"):
        mutated_copies(vaf, purity, copies)


def erbb2_allele(one: SampleEvidence):
    (allele,) = one.genotypes.genes["ERBB2"].alleles
    return allele


def test_an_erbb2_mutation_takes_the_copies_of_erbb2() -> None:
    """S310F at 5 % in a tumour with 22 copies: one copy of each cell, not a subclone of CCF 0.17."""
    before = sample(erbb2="AMP 22", ERBB2="MUT S310F 5%", KRAS="MUT G12D 5%")
    assert erbb2_allele(before).ccf == pytest.approx(0.05 * 2 / 0.6)
    after = with_local_copies(before, 0.5)
    allele = erbb2_allele(after)
    assert allele.ccf == pytest.approx(0.05 * (0.6 * 22 + 0.8) / 0.6, rel=0.01)
    assert (allele.multiplicity, round(allele.local_copies)) == (1, 22)
    assert allele.local_copies_low < allele.local_copies < allele.local_copies_high
    assert allele.ccf_low < allele.ccf < allele.ccf_high
    assert after.genotypes.genes["KRAS"] == before.genotypes.genes["KRAS"]


def test_without_copies_or_purity_two_are_taken() -> None:
    unmeasured = sample(erbb2="NE technical", ERBB2="MUT S310F 20%")
    assert with_local_copies(unmeasured, 0.5) == unmeasured
    impure = sample(purity=None, erbb2="AMP 22", ERBB2="MUT S310F 20%")
    assert with_local_copies(impure, 0.5) == impure
    assert erbb2_allele(unmeasured).local_copies is None


def test_copies_below_one_cannot_carry_the_mutation() -> None:
    lost = sample(ERBB2="MUT S310F 20%")
    lost = replace(lost, erbb2=replace(lost.erbb2, copies=0.3, copies_low=-0.2, copies_high=0.8))
    assert erbb2_allele(with_local_copies(lost, 0.5)).local_copies == 1
