import pytest
from scipy import stats
from tests.unit.mechanism_cases import CTDNA, sample
from tests.unit.statistics_builders import POST, PRE, called, one

from cetux.cutoffs import Cutoff
from cetux.frequencies import (
    adjusted,
    association_rows,
    clopper_pearson,
    frequency_rows,
    odds_ratio,
    two_by_two,
    why_untested,
)
from cetux.states import Mechanism, ResistanceClass
from cetux.subjects import subjects


def row(rows, name, group):
    (found,) = [r for r in rows if (r.name, r.group) == (name, group)]
    return found


@pytest.fixture(scope="module")
def cohort():
    """Four de novo, two acquired, one without progression; three of them without a usable ERBB2."""
    patients = [
        one("A", [sample(PRE, erbb2="AMP 12")]),
        one("B", [sample(PRE)]),
        one("C", [sample(PRE, erbb2="NE technical")]),
        one("D", [sample(PRE, quarantined="truncated")]),
        one("E", [sample(PRE), sample(POST, erbb2="AMP 12")], best_response="PR", progression_day=300),
        one("F", [sample(PRE)], best_response="PR", progression_day=300),
        one("G", [sample(PRE, erbb2="AMP 9")], best_response="PR", progression_day=None, last_contact_day=90),
    ]
    return subjects(called(*patients))


@pytest.mark.parametrize(
    ("name", "group", "carriers", "n"),
    [
        ("frequency", "ERBB2_AMP, all", 2, 3),  # A, B, E: C and D have no adequate assay, F no sample at progression
        ("frequency", "ERBB2_AMP, DE_NOVO", 1, 2),
        ("frequency", "ERBB2_AMP, ACQUIRED", 1, 1),
        ("baseline_frequency", "ERBB2_AMP, pre", 2, 5),  # A and G of A, B, E, F, G
        ("frequency", "RAS_MUT, all", 0, 4),  # C's RAS was read
        ("frequency", "HRG_HIGH, all", 0, 0),
        ("frequency", "EGFR_ECD, all", 0, 0),
    ],
)
def test_denominators_are_the_adequately_assayed(cohort, name, group, carriers, n):
    found = row(frequency_rows(cohort), name, group)
    assert found.n == n
    assert found.estimate == (carriers / n if n else None)
    if n:
        assert found.low <= carriers / n <= found.high
        assert f"{carriers} of {n}; " in found.note
    else:
        assert (found.low, found.high) == (None, None)


def test_the_left_out_are_counted(cohort):
    assert "3 without an adequate assay" in row(frequency_rows(cohort), "frequency", "ERBB2_AMP, all").note


def test_ctdna_without_tumour_is_in_no_denominator():
    (silent,) = subjects(called(one("A", [sample(PRE, CTDNA)])))
    assert set(silent.judged.values()) == set(silent.before.values()) == {None}


def test_what_a_responder_had_before_is_no_mechanism_but_was_assayed():
    amplified = [sample(PRE, erbb2="AMP 12"), sample(POST, erbb2="AMP 12")]
    (found,) = subjects(called(one("A", amplified, best_response="PR", progression_day=300)))
    assert found.resistance_class is ResistanceClass.ACQUIRED
    assert found.judged[Mechanism.ERBB2_AMP] is False
    assert found.before[Mechanism.ERBB2_AMP] and found.at_progression[Mechanism.ERBB2_AMP]


def test_by_response_is_before_treatment():
    """Six responders without, three others with amplification: P = 1 / C(9, 3). What came later does not count."""
    patients = [one(f"N{i}", [sample(PRE, erbb2="AMP 12")]) for i in range(3)]
    later = [sample(PRE), sample(POST, erbb2="AMP 12")]
    patients += [one(f"R{i}", later, best_response="PR", progression_day=300) for i in range(6)]
    rows = association_rows(subjects(called(*patients)))
    found = row(rows, "fisher_by_response", "ERBB2_AMP")
    assert found.p == pytest.approx(1 / 84)
    assert found.estimate is None and found.high is None and found.low > 1  # unbounded
    assert "3 of 3 against 0 of 6" in found.note
    by_class = row(rows, "fisher_by_class", "ERBB2_AMP")
    assert by_class.p is None and "3 of 3 against 6 of 6" in by_class.note


@pytest.mark.parametrize("exploratory", [True, False])
def test_a_cutoff_of_the_cohort_is_not_tested_by_its_response(exploratory):
    cutoff = Cutoff("DuoSet", "serum", "roc", 980.0, exploratory=exploratory)
    patients = [one(f"N{i}", pre="HIGH 2000", cutoff=cutoff) for i in range(3)]
    patients += [one(f"R{i}", pre="LOW 300", cutoff=cutoff, best_response="PR", progression_day=300) for i in range(3)]
    found = row(association_rows(subjects(called(*patients))), "fisher_by_response", "HRG_HIGH")
    assert found.n == 6
    assert (found.p is None) == exploratory
    assert ("derived from this cohort" in found.note) == exploratory


def test_two_by_two_leaves_out_the_unknown():
    pairs = [(True, True), (True, False), (None, True), (False, None), (False, True), (False, False), (False, False)]
    assert two_by_two(pairs) == [[1, 1], [1, 2]]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ([[0, 0], [1, 2]], "a margin of the table is zero"),
        ([[0, 1], [0, 2]], "a margin of the table is zero"),
        ([[1, 0], [0, 1]], "too few, n = 2"),
        ([[0, 1], [2, 0]], ""),
    ],
)
def test_why_a_table_is_not_tested(table, why):
    assert why_untested(table) == (f"not tested: {why}" if why else "")


def test_odds_ratio_of_the_tea_tasting():
    """Fisher's own [[3, 1], [1, 3]]: R's fisher.test prints 6.408309; its interval inverts the conditional tails."""
    estimate, low, high = odds_ratio([[3, 1], [1, 3]])
    assert estimate == pytest.approx(6.408309, rel=1e-5)
    assert stats.nchypergeom_fisher.sf(2, 8, 4, 4, low) == pytest.approx(0.025)
    assert stats.nchypergeom_fisher.cdf(3, 8, 4, 4, high) == pytest.approx(0.025)


def test_benjamini_and_hochberg_by_hand():
    """p * m / rank, then the smallest of what follows: .01*4/1, .02*4/2, .03*4/3, .5*4/4, in the order given."""
    assert adjusted([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.04, 0.04])
    assert adjusted([]) == []


def test_clopper_pearson_inverts_the_binomial():
    low, high = clopper_pearson(3, 20)
    assert stats.binom.sf(2, 20, low) == pytest.approx(0.025)
    assert stats.binom.cdf(3, 20, high) == pytest.approx(0.025)
    assert clopper_pearson(0, 5)[0] == 0 and clopper_pearson(5, 5)[1] == 1
