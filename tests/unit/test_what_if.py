import pytest
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import POST, PRE, RULES, SETTINGS, evidence, patient, sample

from cetux import what_if_chart
from cetux.cohort_calls import call_cohort
from cetux.mechanism import PatientEvidence
from cetux.what_if import Sweep, WhatIf, thresholds, what_if, what_if_table


def swept(one: PatientEvidence) -> WhatIf:
    return what_if(call_cohort([one], RULES), SETTINGS)


def sweep_of(found: WhatIf, threshold: str) -> Sweep:
    (sweep,) = [sweep for sweep in found.sweeps if sweep.threshold.startswith(threshold)]
    return sweep


def moved_at(found: WhatIf, threshold: str) -> list[float]:
    sweep = sweep_of(found, threshold)
    return [value for value, flips in zip(sweep.values, sweep.flips, strict=True) if flips]


def negative(**given: str) -> PatientEvidence:
    return evidence(patient(), [sample(**given)], pre="LOW 420")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_deciding_again_at_the_current_value_changes_nothing(name: str) -> None:
    case = mechanism_cases.load(name)
    for threshold in thresholds(case.rules, SETTINGS):
        assert threshold.current in threshold.values
        assert threshold.values == tuple(sorted(threshold.values))
        if threshold.evidence:
            assert threshold.evidence(case.evidence, threshold.current) is case.evidence, threshold.name
        if threshold.rules:
            assert threshold.rules(case.rules, threshold.current) == case.rules


def test_an_amplification_falls_where_more_copies_are_asked() -> None:
    found = swept(negative(erbb2="AMP 7.2"))
    assert moved_at(found, "erbb2.amp_copies") == [7.5, 8]
    said = [words for words in found.nearest["P1"] if words.startswith("erbb2.amp_copies")]
    assert said == [
        "erbb2.amp_copies: DE_NOVO MECHANISM ERBB2_AMP holds up to 7 (now 6); at 7.5 it is DE_NOVO INDETERMINATE"
    ]


def test_a_wild_type_falls_where_it_must_exclude_less() -> None:
    """At 250 fragments a VAF of 3.6 % is excluded: P(< 5 of 250 | 3.6 %) is 5 %."""
    found = swept(negative(KRAS="WT; all at 250x"))
    assert moved_at(found, "genotypes.tissue.wt_excludes_vaf") == [0.01, 0.02, 0.03]
    assert moved_at(found, "genotypes.ctdna.wt_excludes_vaf") == []


def test_a_no_call_stands_where_it_may_exclude_less() -> None:
    """At 100 fragments 8.9 % is excluded (P(< 5 of 100 | 8.9 %) = 5 %): enough for a limit of 10 %."""
    found = swept(negative(KRAS="NO_CALL; codon 12 at 100x"))
    assert moved_at(found, "genotypes.tissue.wt_excludes_vaf") == [0.1]


def test_heregulin_moves_with_its_cut_off() -> None:
    """700 pg/mL with a CV of 5 % against 980: 0.67 of it is 657, a tenth below the value; 0.8 of it is 784."""
    found = swept(evidence(patient(), [sample()], pre="LOW 700"))
    assert 0.67 in moved_at(found, "heregulin cut-off")
    assert 0.8 not in moved_at(found, "heregulin cut-off")


def test_the_class_moves_with_its_days() -> None:
    who = patient("SD", 200)
    found = swept(evidence(who, [sample(PRE), sample(POST)], pre="LOW 420", post="LOW 420"))
    assert moved_at(found, "classes.stable_disease_days") == [210, 240]


def test_a_clonal_fraction_moves_nothing_without_a_mutation() -> None:
    assert moved_at(swept(negative()), "mutations.clonal_ccf") == []


def test_overstated_purity_shows() -> None:
    """12 copies at purity 0.6 are 8 observed; were the purity 1.0, they would be 8 per tumour cell: still amplified.

    At 7 copies 5 are observed: six per cell at purity 0.75, 5.3 at 0.9 and 5 at 1.0."""
    assert moved_at(swept(negative(erbb2="AMP 12")), "purity") == []
    assert set(moved_at(swept(negative(erbb2="AMP 7")), "purity")) == {1.5, 2.0}


def test_the_table_has_a_row_for_each_value_and_the_chart_names_what_is_still() -> None:
    found = swept(negative(erbb2="AMP 7.2"))
    rows = what_if_table(found).splitlines()[1:]
    assert len(rows) == sum(len(sweep.values) for sweep in found.sweeps)
    (row,) = [row for row in rows if row.startswith("erbb2.amp_copies\t7.5\t")]
    assert row.split("\t")[2:] == ["6", "1", "P1: DE_NOVO MECHANISM ERBB2_AMP > DE_NOVO INDETERMINATE"]
    chart = what_if_chart.chart(found)
    assert "classes.off_drug_days" in chart.alt.split("No effect")[1]
    assert "erbb2.amp_copies" not in chart.alt
    assert "class, status or primary mechanism" in chart.alt
    assert what_if_chart.picture(found) == what_if_chart.picture(found)
