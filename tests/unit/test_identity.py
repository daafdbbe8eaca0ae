"""Identity of pairs and contamination: the stated error rates are checked by simulation, seeded."""

from math import log

import numpy as np
import pytest

from cetux.identity import (
    ERROR_RATE,
    SPACING_BP,
    Contamination,
    Site,
    SiteCount,
    contamination,
    genotype,
    pair_identity,
    raised_floor,
)
from cetux.sample_genotypes import MOST_FOREIGN
from cetux.states import Identity

Rng = np.random.Generator


def sites(many: int) -> list[Site]:
    return [Site(str(1 + i % 22), (1 + i // 22) * 1_000_000, "C", "T") for i in range(many)]


def person(rng: Rng, frequencies: np.ndarray) -> np.ndarray:
    return rng.binomial(2, frequencies)


def counted(rng: Rng, alleles: np.ndarray, lost: float = 0.0, foreign: float = 0.0, other=None, depth: int = 200):
    """Counts of a sample: a share `lost` of sites keeps one allele (purity 0.95), `foreign` DNA is of `other`."""
    fraction = alleles / 2
    gone = (rng.random(len(alleles)) < lost) & (alleles == 1)
    fraction = np.where(gone, np.where(rng.random(len(alleles)) < 0.5, 0.025, 0.975), fraction)
    if other is not None:
        fraction = (1 - foreign) * fraction + foreign * other / 2
    n = rng.poisson(depth, len(alleles))
    alt = rng.binomial(n, fraction * (1 - 2e-3) + 1e-3)
    return {s: SiteCount(int(d - a), int(a)) for s, d, a in zip(sites(len(alleles)), n, alt, strict=True)}


SPECTRA = {
    "common": lambda rng, many: rng.uniform(0.2, 0.8, many),
    "all": lambda rng, many: rng.uniform(0.05, 0.95, many),
    "mostly rare": lambda rng, many: np.exp(rng.uniform(log(0.02), log(0.9), many)),
}


@pytest.mark.parametrize(("ref", "alt", "expected"), [(98, 2, 0), (90, 10, 0), (89, 11, 1), (10, 90, 2), (10, 9, None)])
def test_genotypes(ref, alt, expected):
    assert genotype(SiteCount(ref, alt)) == expected


@pytest.mark.parametrize("lost", [0.2, 0.6])
def test_a_tumour_that_lost_much_is_not_taken_for_another_person(lost):
    """One sample without loss, the other without one allele at many sites: 500 pairs, as above."""
    rng = np.random.default_rng(9)
    false = 0
    for _ in range(500):
        one = person(rng, rng.uniform(0.2, 0.8, 40))
        found = pair_identity(counted(rng, one), counted(rng, one, lost=lost))
        false += found.verdict is Identity.DIFFERENT_PERSONS
    assert false <= 4


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("many", [12, 40])
def test_false_verdicts_are_rare(spectrum, known, many):
    """500 pairs of each kind: with a rate of at most 1 in 1,000, more than 4 have a chance of 0.02 %."""
    rng = np.random.default_rng(7)
    false_same = false_different = 0
    for _ in range(500):
        f = SPECTRA[spectrum](rng, many)
        frequencies = dict(zip(sites(many), f, strict=True)) if known else None
        one, other = person(rng, f), person(rng, f)
        mine = counted(rng, one, lost=0.2)
        again, stranger = counted(rng, one, lost=0.2), counted(rng, other, lost=0.2)
        false_different += pair_identity(mine, again, frequencies).verdict is Identity.DIFFERENT_PERSONS
        false_same += pair_identity(mine, stranger, frequencies).verdict is Identity.SAME_PERSON
    assert false_same <= 4
    assert false_different <= 4


@pytest.mark.parametrize(("known", "many"), [(True, 60), (False, 80)])
def test_enough_common_sites_decide(known, many):
    rng = np.random.default_rng(3)
    right = 0
    for _ in range(100):
        f = rng.uniform(0.3, 0.7, many)
        frequencies = dict(zip(sites(many), f, strict=True)) if known else None
        one, other = person(rng, f), person(rng, f)
        mine = counted(rng, one, lost=0.1)
        right += pair_identity(mine, counted(rng, one, lost=0.1), frequencies).verdict is Identity.SAME_PERSON
        stranger = pair_identity(mine, counted(rng, other), frequencies)
        right += stranger.verdict is Identity.DIFFERENT_PERSONS
    assert right >= 190


def test_the_log_odds_of_one_site_by_hand():
    """f = 0.5, both heterozygous, 10 or 40 % of such sites lost in each: one person, on average over both,
    (1/2)(0.75)**2 + (1/2)(0.01)**2 = 0.2813; two persons at most, with 10 % lost, ((1/2)(0.9) + 0.005)**2 = 0.207025.
    """
    site = Site("1", 1_000_000, "C", "T")
    half = {site: SiteCount(50, 50)}
    assert pair_identity(half, half, {site: 0.5}).log_odds == pytest.approx(log(0.2813 / 0.207025))


def test_too_little_is_a_verdict_of_its_own():
    few = {site: SiteCount(50, 50) for site in sites(3)}
    found = pair_identity(few, few)
    assert found.verdict is Identity.NOT_ASSESSABLE
    assert (found.sites, found.concordant, found.opposite) == (3, 3, 0)
    assert "too few to tell" in found.reason
    assert "not assessable" in pair_identity({}, few).reason
    shallow = {site: SiteCount(5, 5) for site in sites(40)}
    assert pair_identity(shallow, shallow).sites == 0


def test_a_site_that_is_not_covered_stands_in_no_others_way():
    """A broad list: one SNP that the targets miss, 50 kb before each that they hold."""
    rng = np.random.default_rng(3)
    one = person(rng, np.full(60, 0.5))
    missed = {Site(s.chrom, s.position - 50_000, "A", "G"): SiteCount(0, 0) for s in sites(60) if s.position}
    samples = [missed | counted(rng, one) for _ in range(2)]
    assert pair_identity(*samples).verdict is Identity.SAME_PERSON
    assert contamination(samples[0]).assessable


def test_a_site_that_does_not_vary_stands_in_no_others_way():
    """Without frequencies a rare SNP, ref in both samples, says nothing: the common one 50 kb behind it counts."""
    one = {site: SiteCount(50, 50) for site in sites(10)}
    rare = {Site(s.chrom, s.position - 50_000, "A", "G"): SiteCount(100, 0) for s in one}
    found = pair_identity(rare | one, rare | one)
    assert (found.sites, found.verdict) == (10, Identity.SAME_PERSON)
    # with frequencies ref in both samples is evidence like any other, and the first of two linked sites counts
    assert pair_identity(rare | one, rare | one, dict.fromkeys(rare | one, 0.1)).concordant == 10


def test_a_dense_list_of_rare_snps_makes_no_false_verdicts():
    """Ten SNPs in each of 60 blocks of 50 kb, 30 % of the blocks without one allele in the second sample: 200 pairs.

    One false in 1,000 is accepted: more than 2 of 200 have a chance of 0.1 %.
    """
    rng = np.random.default_rng(5)
    dense = [Site(s.chrom, s.position + 5_000 * i, "C", "T") for s in sites(60) for i in range(10)]

    def shown(alleles: np.ndarray, lost: float) -> dict[Site, SiteCount]:
        gone = np.repeat(rng.random(60) < lost, 10) & (alleles == 1)
        fraction = np.where(gone, np.repeat(np.where(rng.random(60) < 0.5, 0.03, 0.97), 10), alleles / 2)
        alt = rng.binomial(200, fraction * (1 - 2e-3) + 1e-3)
        return {site: SiteCount(200 - int(a), int(a)) for site, a in zip(dense, alt, strict=True)}

    verdicts = {"same": [], "apart": []}
    for _ in range(200):
        f = SPECTRA["mostly rare"](rng, 600)
        one, other = person(rng, f), person(rng, f)
        verdicts["same"].append(pair_identity(shown(one, 0.0), shown(one, 0.3)).verdict)
        verdicts["apart"].append(pair_identity(shown(one, 0.0), shown(other, 0.3)).verdict)
    assert verdicts["same"].count(Identity.DIFFERENT_PERSONS) <= 2
    assert verdicts["apart"].count(Identity.SAME_PERSON) <= 2
    assert verdicts["same"].count(Identity.SAME_PERSON) >= 180
    assert verdicts["apart"].count(Identity.DIFFERENT_PERSONS) >= 180


def test_damage_that_the_sample_shows_elsewhere_is_no_foreign_dna():
    """C>T in 0.5 % of the fragments at every site, as in FFPE, without any foreign DNA: 200 samples."""
    rng = np.random.default_rng(6)
    called = {"unknown": 0, "known": 0}
    for _ in range(200):
        one = person(rng, np.full(100, 0.5))
        n = rng.poisson(300, 100)
        alt = rng.binomial(n, np.where(one == 0, 0.005, np.where(one == 2, 0.999, 0.5)))
        shown = {s: SiteCount(int(d - a), int(a)) for s, d, a in zip(sites(100), n, alt, strict=True)}
        called["unknown"] += contamination(shown).detected
        called["known"] += contamination(shown, None, {"C>T": 0.005}).detected
    # one false in 1,000 is accepted: more than 3 of 200 have a chance of 6e-5
    assert called["known"] <= 3 < 100 < called["unknown"]


def test_linked_sites_count_once():
    near = {Site("1", 1_000_000 + i * SPACING_BP // 100, "C", "T"): SiteCount(50, 50) for i in range(90)}
    found = pair_identity(near, near)
    assert (found.sites, found.verdict) == (1, Identity.NOT_ASSESSABLE)


def test_sites_without_any_alt_say_nothing_where_frequencies_are_unknown():
    plain = {site: SiteCount(100, 0) for site in sites(40)}
    assert pair_identity(plain, plain).sites == 0
    assert pair_identity(plain, plain, dict.fromkeys(plain, 0.4)).verdict is Identity.SAME_PERSON


def test_a_swapped_pair_shows_its_opposite_homozygotes():
    one = {site: SiteCount(100, 0) if i % 2 else SiteCount(0, 100) for i, site in enumerate(sites(10))}
    other = {site: SiteCount(0, 100) if i % 2 else SiteCount(100, 0) for i, site in enumerate(sites(10))}
    found = pair_identity(one, other)
    assert (found.verdict, found.opposite) == (Identity.DIFFERENT_PERSONS, 10)


# --- contamination ---------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_clean_samples_are_not_called_mixed(known):
    rng = np.random.default_rng(11)
    false = 0
    for _ in range(400):
        f = rng.uniform(0.1, 0.9, 60)
        found = contamination(counted(rng, person(rng, f)), dict(zip(sites(60), f, strict=True)) if known else None)
        assert found.assessable
        false += found.detected
    assert false <= 3  # of 400 at 1 in 1,000: more than 3 have a chance of 0.08 %
    assert ERROR_RATE == 1e-3


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("foreign", [0.01, 0.02, 0.05])
def test_the_foreign_fraction_is_estimated(known, foreign):
    rng = np.random.default_rng(5)
    covered, estimates = 0, []
    for _ in range(60):
        f = rng.uniform(0.2, 0.8, 100)
        frequencies = dict(zip(sites(100), f, strict=True)) if known else None
        counts = counted(rng, person(rng, f), foreign=foreign, other=person(rng, f), depth=400)
        found = contamination(counts, frequencies)
        assert found.detected
        estimates.append(found.fraction)
        covered += found.low <= foreign <= found.high
    assert np.mean(estimates) == pytest.approx(foreign, rel=0.05 if known else 0.33)
    if known:
        assert covered >= 51  # of 60 at 95 %: fewer have a chance of 0.3 %


def test_the_detectable_fraction_has_its_power():
    rng = np.random.default_rng(2)
    f = np.full(60, 0.5)
    detectable = contamination(counted(rng, person(rng, f))).detectable
    assert 0.002 < detectable < 0.05
    seen = 0
    for _ in range(300):
        seen += contamination(
            counted(rng, person(rng, f), foreign=detectable, other=person(rng, f)), dict.fromkeys(sites(60), 0.5)
        ).detected
    assert seen >= 0.85 * 300


def test_one_odd_site_proves_nothing():
    rng = np.random.default_rng(4)
    counts = counted(rng, np.zeros(60, dtype=int))
    counts[sites(60)[0]] = SiteCount(190, 12)
    assert not contamination(counts).detected


def test_more_than_can_be_measured_is_still_seen():
    rng = np.random.default_rng(6)
    f = rng.uniform(0.2, 0.8, 100)
    found = contamination(counted(rng, person(rng, f), foreign=0.2, other=person(rng, f)))
    assert found.detected
    assert found.high > 0.05


ARM_BP = 60_000_000


@pytest.mark.parametrize("purity", [0.84, 0.9, 0.95])
def test_the_rest_of_lost_alleles_is_not_taken_for_another_persons(purity):
    """Tumours that lost one copy of two arms of five, of 22 chromosomes with four sites 30 Mb apart: none is mixed."""
    rng = np.random.default_rng(12)
    places = [Site(str(1 + chrom), site * ARM_BP // 2, "A", "G") for chrom in range(22) for site in range(4)]
    undecided = 0
    for _ in range(50):
        alleles, lost = person(rng, rng.uniform(0.2, 0.8, 88)), np.repeat(rng.random(44) < 0.4, 2)
        rest = np.where(rng.random(88) < 0.5, (1 - purity) / (2 - purity), 1 / (2 - purity))
        alt = rng.binomial(300, np.where(lost & (alleles == 1), rest, alleles / 2) * 0.998 + 0.001)
        found = contamination({site: SiteCount(300 - int(k), int(k)) for site, k in zip(places, alt, strict=True)})
        assert not found.detected
        undecided += not found.assessable
    assert undecided > 40 or purity < 0.9  # without the question where it is seen, these would all be called mixed


def test_too_few_sites_are_not_assessable():
    found = contamination({site: SiteCount(200, 0) for site in sites(2)})
    assert (found.assessable, found.detected, found.fraction) == (False, False, None)
    assert "too few" in found.reason
    assert not contamination({site: SiteCount(100, 100) for site in sites(5)}).assessable


def test_the_grey_zone_rises_to_the_foreign_fraction():
    mixed = Contamination(True, True, "", 60, 0.03, 0.02, 0.045, 0.01)
    clean = Contamination(True, False, "", 60, 0.0, 0.0, 0.008, 0.01)
    assert raised_floor(0.01, mixed) == 0.045
    assert raised_floor(0.05, mixed) == 0.05
    assert raised_floor(0.01, clean) == 0.01


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("foreign", [0.2, 0.3, 0.5])
def test_two_persons_in_large_parts_look_too_heterozygous(known, foreign):
    """Of 100 mixtures at 120 sites at least 95 are seen, with enough to make the sample not usable."""
    draw = np.random.default_rng(3)
    seen = 0
    for _ in range(100):
        frequencies = draw.uniform(0.3, 0.7, 120)
        one, other = draw.binomial(2, frequencies), draw.binomial(2, frequencies)
        alt = draw.binomial(300, 0.001 + 0.998 * ((1 - foreign) * one + foreign * other) / 2)
        sites = [Site("1", 1_000_000 * i, "A", "G") for i in range(120)]
        counts = {site: SiteCount(300 - int(k), int(k)) for site, k in zip(sites, alt, strict=True)}
        found = contamination(counts, dict(zip(sites, frequencies.tolist(), strict=True)) if known else None)
        seen += found.detected and (found.fraction or 0) >= MOST_FOREIGN
    assert seen >= 95


def test_one_person_with_parents_of_two_populations_is_not_mixed():
    """Frequencies of 0.35 and 0.65 in the two make 54.5 % heterozygous sites where 50 % are expected (Fst 0.09)."""
    draw = np.random.default_rng(4)
    flagged = 0
    for _ in range(50):
        alleles = draw.binomial(1, 0.35, 1000) + draw.binomial(1, 0.65, 1000)
        alt = draw.binomial(300, 0.001 + 0.998 * alleles / 2)
        sites = [Site("1", 1_000_000 * i, "A", "G") for i in range(1000)]
        counts = {site: SiteCount(300 - int(k), int(k)) for site, k in zip(sites, alt, strict=True)}
        flagged += contamination(counts, dict.fromkeys(sites, 0.5)).detected
    assert flagged == 0
