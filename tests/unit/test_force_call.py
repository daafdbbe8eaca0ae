"""Alleles of one sample looked for in the patient's other samples: count, fraction and limit, from what was counted."""

from dataclasses import replace

import pytest
from tests.unit import genotype_builders
from tests.unit.genotype_builders import codon
from tests.unit.mechanism_cases import CTDNA, POST, PRE, sample

from cetux.evidence import SampleEvidence
from cetux.force_call import force_call, force_calls
from cetux.states import Forced, Genotype


def observed(one: SampleEvidence, **counts: int) -> SampleEvidence:
    named = {name.replace("_", " "): many for name, many in counts.items()}
    return replace(one, genotypes=replace(one.genotypes, observed=named))


MUTATED = sample(POST, name="post", KRAS="MUT G12D 30%")


def test_an_allele_of_progression_is_looked_for_before_treatment() -> None:
    (found,) = force_calls([sample(PRE, name="pre"), MUTATED])
    assert (found.allele, found.sample, found.state) == ("KRAS G12D", "pre", Forced.ABSENT)
    assert (found.alt_fragments, found.fragments, found.vaf) == (0, 500, 0)
    # (1 - v)**500 and the four terms after it sum to 5 % at v = 1.82 %: five fragments of 500 with 95 % power
    assert found.excluded_vaf == pytest.approx(0.0182, abs=1e-4)
    assert str(found) == "KRAS G12D in pre: 0 of 500 fragments, ABSENT, excludes VAF >= 1.8%"


def test_and_one_of_before_at_progression() -> None:
    (found,) = force_calls([sample(PRE, name="pre", BRAF="MUT V600E 20%"), sample(POST, name="post")])
    assert (found.allele, found.sample, found.state) == ("BRAF V600E", "post", Forced.ABSENT)


def test_fragments_without_a_detection_are_counted() -> None:
    before = observed(sample(PRE, name="pre"), KRAS_G12D=2, KRAS_G13D=4)
    (found,) = force_calls([before, MUTATED])
    assert (found.state, found.alt_fragments, found.vaf) == (Forced.FRAGMENTS, 2, pytest.approx(0.004))
    assert "2 of 500 fragments (0.40%)" in str(found)


def test_more_of_them_than_errors_make_of_one_known_change() -> None:
    before = observed(sample(PRE, name="pre"), KRAS_G12D=4, KRAS_G12V=4)
    before = replace(before, genotypes=replace(before.genotypes, beyond_errors=("KRAS G12V",)))
    both = [MUTATED, sample(POST, name="post2", KRAS="MUT G12V 30%")]
    states = {f.allele: f.state for f in force_calls([before, *both]) if f.sample == "pre"}
    assert states == {"KRAS G12D": Forced.FRAGMENTS, "KRAS G12V": Forced.SUPPORTED}


def test_every_other_sample_is_looked_at() -> None:
    samples = [sample(PRE, name="a"), sample(PRE, CTDNA, name="b"), sample(POST, CTDNA, name="c"), MUTATED]
    assert [found.sample for found in force_calls(samples[::-1])] == ["a", "b", "c"]


def test_what_a_sample_reports_itself_is_not_forced() -> None:
    assert force_calls([sample(PRE, KRAS="MUT G12D 10%"), MUTATED]) == ()


def test_another_change_of_the_codon_is_another_allele() -> None:
    names = [(f.allele, f.sample) for f in force_calls([sample(PRE, name="pre", KRAS="MUT G12V 30%"), MUTATED])]
    assert names == [("KRAS G12D", "pre"), ("KRAS G12V", "post")]


@pytest.mark.parametrize("words", ["not assessed", "NO_CALL; codon 12 at 0x"])
def test_a_codon_without_fragments_is_not_read(words: str) -> None:
    (found,) = force_calls([sample(PRE, name="pre", KRAS=words), MUTATED])
    assert (found.state, found.fragments, found.vaf, found.excluded_vaf) == (Forced.NOT_READ, None, None, None)
    assert str(found) == "KRAS G12D in pre: NOT_READ"


def test_a_gene_that_was_not_looked_at_is_not_read() -> None:
    (found,) = force_calls([sample(PRE, name="pre"), sample(POST, EGFR="MUT S492R 10%")])
    assert (found.allele, found.state) == ("EGFR S492R", Forced.NOT_READ)


def test_an_unusable_sample_says_nothing() -> None:
    assert force_calls([sample(PRE, quarantined="wrong build"), MUTATED]) == ()


@pytest.mark.parametrize(("filters", "state"), [((), Forced.DETECTED), (("one_strand",), Forced.FILTERED)])
def test_what_was_detected_and_not_reported(filters: tuple[str, ...], state: Forced) -> None:
    before = sample(PRE, name="pre")
    (allele,) = MUTATED.genotypes.genes["KRAS"].alleles
    trace = replace(allele, alt_fragments=4, vaf=0.008, state=Genotype.WT, filters=filters)
    genes = {**before.genotypes.genes, "KRAS": replace(before.genotypes.genes["KRAS"], traces=(trace,))}
    before = replace(before, genotypes=replace(before.genotypes, genes=genes))
    found = force_call(before, allele)
    assert (found.state, found.alt_fragments, found.vaf) == (state, 4, 0.008)


def test_genotypes_carry_what_was_observed_at_listed_codons() -> None:
    """GGT (glycine) to GAT is G12D, to GGC silent; on the plus strand of this minus-strand gene ACC to ATC and GCC."""
    kras = codon("KRAS", 12)
    changed = {("KRAS", 12, "ATC"): 2, ("KRAS", 12, "GCC"): 3, ("KRAS", 12, "AAC"): 1}
    counts = genotype_builders.counted([kras], 500, changed)
    found = genotype_builders.call(counts, [kras])
    assert found.observed == {"KRAS G12D": 2, "KRAS G12V": 1}
    assert found.genes["KRAS"].alleles == ()
