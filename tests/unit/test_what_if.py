from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import CTDNA, POST, PRE, RULES, SETTINGS, copies, evidence, patient, sample

from cetux import what_if_chart
from cetux.clonality import cell_fraction
from cetux.cohort_calls import call_cohort
from cetux.evidence import SampleEvidence
from cetux.mechanism import PatientEvidence, call_patient
from cetux.states import Genotype
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


def test_a_purity_that_hides_a_clonal_mutation_stays_no_call_whatever_must_be_excluded() -> None:
    """At purity 0.06 a clonal mutation stands at 3 %: 250 fragments exclude 3.6 %, which is no CCF below 1."""
    one = sample(KRAS="WT; all at 250x", purity=0.06, erbb2="NE")
    gene = one.genotypes.genes["KRAS"]
    hidden = tuple(replace(limit, excluded_ccf=1.2) for limit in gene.codons)
    gene = replace(gene, state=Genotype.NO_CALL, codons=hidden, failing=("purity too low",), excluded_vaf=None)
    one = replace(one, genotypes=replace(one.genotypes, genes={**one.genotypes.genes, "KRAS": gene}))
    (threshold,) = [t for t in thresholds(RULES, SETTINGS) if t.name == "genotypes.tissue.wt_excludes_vaf"]
    assert threshold.evidence is not None
    for value in threshold.values:
        moved = threshold.evidence(evidence(patient(), [one], pre="LOW 420"), value)
        assert moved.samples[0].genotypes.genes["KRAS"].state is Genotype.NO_CALL


def test_a_wild_type_falls_where_it_must_exclude_less() -> None:
    """At 250 fragments a VAF of 3.6 % is excluded: P(< 5 of 250 | 3.6 %) is 5 %."""
    found = swept(negative(KRAS="WT; all at 250x"))
    assert moved_at(found, "genotypes.tissue.wt_excludes_vaf") == [0.01, 0.02, 0.03]
    assert moved_at(found, "genotypes.ctdna.wt_excludes_vaf") == []


def test_plasma_without_umis_moves_with_the_floors_of_tissue() -> None:
    """3 % is MUT from a floor of 2 or 3 % on, by the floors of tissue alone."""
    whole = sample(specimen=CTDNA, umi=False, KRAS="MUT_LOW G12D 3%")
    plasma = replace(whole, genotypes=replace(whole.genotypes, flags=("ctdna_without_umi",)))
    one = evidence(patient(), [plasma], pre="LOW 420")
    moved = {
        threshold.name: [value for value in threshold.values if threshold.evidence(one, value) is not one]
        for threshold in thresholds(RULES, SETTINGS)
        if threshold.evidence and threshold.name.endswith(".mut_vaf")
    }
    assert moved == {"genotypes.tissue.mut_vaf": [0.02, 0.03], "genotypes.ctdna.mut_vaf": []}


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


def with_trace(one: SampleEvidence, alt_fragments: int) -> SampleEvidence:
    """The sample with KRAS G12D in so few of 500 fragments that it is detected and not reported."""
    (allele,) = sample(KRAS="MUT G12D 30%").genotypes.genes["KRAS"].alleles
    cells = cell_fraction(alt_fragments, 500, 0.6, 0.3)
    trace = replace(
        allele,
        alt_fragments=alt_fragments,
        vaf=alt_fragments / 500,
        ccf=cells.value,
        ccf_low=cells.low,
        ccf_high=cells.high,
        multiplicity=cells.multiplicity,
    )
    genes = {**one.genotypes.genes, "KRAS": replace(one.genotypes.genes["KRAS"], traces=(trace,))}
    return replace(one, genotypes=replace(one.genotypes, genes=genes))


def test_a_trace_moves_with_the_purity_like_what_became_of_it() -> None:
    """4 of 500 fragments before, 35 at progression: 2 * v / p falls alike in both, so it has expanded at any purity.

    At purity 0.6 (at least 0.3) the upper bound before is 2 * 2.04 % / 0.3 = 0.14, the lower one after
    2 * 4.9 % / 0.6 = 0.16; at 1.0 they are 0.08 and 0.10.
    """
    samples = [with_trace(sample(PRE), 4), sample(POST, KRAS="MUT G12D 7%")]
    one = evidence(patient("PR", 274), samples, pre="LOW 420", post="LOW 420")
    made = call_patient(one, RULES)
    assert (made.primary, made.origin) == ("RAS_MUT(KRAS G12D)", "EXPANDED")
    assert moved_at(swept(one), "purity") == []


@given(st.floats(0.35, 1.6), st.integers(2, 400), st.floats(0.2, 0.95))
def test_a_sample_at_another_purity_is_what_it_would_have_been_there(factor: float, alt: int, purity: float) -> None:
    """Alleles against a sample that is made at that purity, and copies against the formula of the mixture."""
    assume(abs(factor - 1) > 1e-6)
    words = f"MUT G12D {alt / 5}%" if alt >= 25 else "MUT G12D 20%"
    one = sample(purity=purity, KRAS=words, erbb2="NE technical")
    one = replace(one, erbb2=replace(copies("AMP 40", 0.9), purity=purity, control_log2=0.0, control_log2_high=0.05))
    (threshold,) = [each for each in thresholds(RULES, SETTINGS) if each.name.startswith("purity")]
    assert threshold.evidence is not None
    (moved,) = threshold.evidence(evidence(patient(), [one], pre="LOW 420"), factor).samples
    there = min(purity * factor, 1.0)
    (found,) = moved.genotypes.genes["KRAS"].alleles
    (wanted,) = sample(purity=there, KRAS=words, erbb2="NE technical").genotypes.genes["KRAS"].alleles
    assert found.ccf == pytest.approx(wanted.ccf)
    assert (found.ccf_low, found.ccf_high) == (pytest.approx(wanted.ccf_low), pytest.approx(wanted.ccf_high))
    ratio = 2 ** (one.erbb2.log2 or 0.0)
    assert moved.erbb2.purity == there
    assert moved.erbb2.copies == pytest.approx((2 * ratio - 2 * (1 - there)) / there)


def test_a_sample_without_copies_moves_with_the_purity_all_the_same() -> None:
    """Whether a baseline of another specimen type excludes a clonal mutation is judged at that purity."""
    one = evidence(patient(), [sample(erbb2="NE technical")], pre="LOW 420")
    (threshold,) = [each for each in thresholds(RULES, SETTINGS) if each.name.startswith("purity")]
    assert threshold.evidence is not None
    (moved,) = threshold.evidence(one, 0.5).samples
    assert (moved.erbb2.state, moved.erbb2.given_purity) == ("NE", 0.3)


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
