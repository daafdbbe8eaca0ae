from dataclasses import replace

import pytest
from tests.unit.mechanism_cases import CTDNA, sample
from tests.unit.statistics_builders import POST, PRE, called, one

from cetux.paired import emergence_rows, fold_change, heregulin_ends, least_change, paired_rows, paired_series
from cetux.statistics_records import Bounded, Pair, PairedSeries
from cetux.subjects import subjects


def series(*patients):
    return {found.measure: found for found in paired_series(subjects(called(*patients)))}


def pair(pre, post):
    return Pair("P1", "", Bounded(*pre), Bounded(*post))


@pytest.mark.parametrize(
    ("pre", "post", "fold", "least"),
    [
        ((100, 100), (400, 400), (4, 4), 2),
        ((0, 100), (400, 400), (4, float("inf")), 2),  # below 100: at least fourfold
        ((0, 100), (50, 50), (0.5, float("inf")), 0),
        ((400, 400), (0, 100), (0, 0.25), -2),
        ((1000, 1000), (4000, None), (4, float("inf")), 2),
        ((0, 100), (0, 100), (0, float("inf")), 0),
    ],
)
def test_bounded_numbers_count_with_the_least_change(pre, post, fold, least):
    assert fold_change(pair(pre, post)) == fold
    assert least_change(pair(pre, post)) == least
    assert least_change(pair(post, pre)) == -least


def test_heregulin_pairs_keep_their_limits():
    found = series(one("P1", pre="BLQ <62.5", post="HIGH 2000"))["heregulin_pg_per_ml"]
    # values are after the twofold dilution
    assert [(p.pre, p.post) for p in found.pairs] == [(Bounded(0, 125), Bounded(2000, 2000))]


def test_failed_and_missing_values_make_no_pair():
    calls = called(one("P1", pre="LOW 300", post="LOW 300"))
    (patient,) = calls.patients
    other = replace(patient.heregulin[1], matrix="plasma")
    failed = replace(patient.heregulin[1], value_pg_per_ml=None)
    for result in (other, failed):
        changed = replace(patient, heregulin=(patient.heregulin[0], result))
        assert not paired_series(subjects(replace(calls, patients=(changed,))))[0].pairs
    assert heregulin_ends(None) is None


def test_copies_are_paired_within_a_specimen():
    assert not series(one("P1", [sample(PRE), sample(POST, CTDNA, KRAS="MUT G12D 5%")]))["ERBB2_copies"].pairs
    (found,) = series(one("P1", [sample(PRE), sample(POST, erbb2="AMP 12")]))["ERBB2_copies"].pairs
    assert (found.pre.low, found.post.low) == (pytest.approx(2), pytest.approx(12))
    assert not series(one("P1", [sample(PRE), sample(POST, erbb2="NE technical")]))["ERBB2_copies"].pairs


def test_an_allele_that_emerged_has_at_most_the_excluded_vaf_before():
    """500 fragments at every codon: five or more are seen with 95 % power at a VAF of 1.8 % (Poisson 9.15 / 500)."""
    (found,) = series(one("P1", [sample(PRE), sample(POST, KRAS="MUT G12D 30%")]))["vaf"].pairs
    assert found.what == "KRAS G12D, tissue"
    assert found.pre.low == 0 and found.pre.high == pytest.approx(9.15 / 500, rel=0.02)
    assert found.post == Bounded(0.3, 0.3)


def test_an_allele_that_could_not_be_seen_makes_no_pair():
    shallow = sample(PRE, KRAS="NO_CALL; codon 12 at 20x")
    assert not series(one("P1", [shallow, sample(POST, KRAS="MUT G12D 30%")]))["vaf"].pairs


def test_one_allele_a_patient_that_with_the_highest_vaf():
    pre = sample(PRE, KRAS="MUT G12D 10%", BRAF="MUT V600E 20%")
    (found,) = series(one("P1", [pre, sample(POST, KRAS="MUT G12D 30%")]))["vaf"].pairs
    assert found.what == "KRAS G12D, tissue" and (found.pre.low, found.post.low) == (0.1, 0.3)


def test_swapped_samples_make_no_pair_of_dna():
    calls = called(one("P1", [sample(PRE), sample(POST, KRAS="MUT G12D 30%")], pre="LOW 300", post="LOW 400"))
    (patient,) = calls.patients
    swapped = replace(patient, call=replace(patient.call, flags=("sample_swap",)))
    found = paired_series(subjects(replace(calls, patients=(swapped,))))
    assert [len(one.pairs) for one in found] == [1, 0, 0]


def test_six_rises_are_significant_and_their_median_is_bounded():
    pairs = [pair((100, 100), (fold * 100, fold * 100)) for fold in (2, 3, 4, 6, 7)] + [pair((0, 100), (800, 800))]
    (row,) = paired_rows(PairedSeries("heregulin_pg_per_ml", tuple(pairs)))
    assert row.p == 2 / 64
    assert (row.n, row.estimate, row.low, row.high) == (6, 5, 2, None)
    assert "1 of 6 pairs not quantified" in row.note


def test_a_median_among_censored_values_is_not_a_number():
    pairs = [pair((0, 100), (fold, fold)) for fold in (50, 60, 400)]
    (row,) = paired_rows(PairedSeries("heregulin_pg_per_ml", tuple(pairs)))
    assert row.estimate is None and "the median lies between 0.6 and inf" in row.note


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_pairs_are_counted(n):
    (row,) = paired_rows(PairedSeries("vaf", tuple(pair((1, 1), (2, 2)) for _ in range(n))))
    assert (row.n, row.p, row.estimate) == (n, None, None) and "too few" in row.note


def test_emergence_by_mcnemar():
    """Five amplifications gained, one lost: 2 * (1 + 6) / 64."""
    gained = [one(f"G{i}", [sample(PRE), sample(POST, erbb2="AMP 12")]) for i in range(5)]
    lost = one("L", [sample(PRE, erbb2="AMP 12"), sample(POST)])
    unknown = one("U", [sample(PRE, erbb2="NE technical"), sample(POST, erbb2="AMP 12")])
    rows = emergence_rows(subjects(called(*gained, lost, unknown)))
    (row,) = [row for row in rows if row.group == "ERBB2_AMP"]
    assert (row.n, row.p) == (6, pytest.approx(14 / 64))
    assert "5 gained, 1 lost" in row.note
