"""What samples say on each axis: positive, negative or not usable; missing is never negative."""

from dataclasses import replace
from itertools import permutations

import pytest
from tests.unit.mechanism_cases import CTDNA, PRE, RULES, TISSUE, heregulin, rules_with, sample

from cetux.axes import AxisState, axis_states
from cetux.counts import Usable
from cetux.evidence import HeregulinResult, SampleEvidence, SampleGenotypes
from cetux.states import Axis, Heregulin, PurityState, Verdict

POSITIVE, NEGATIVE, NOT_USABLE = Verdict.POSITIVE, Verdict.NEGATIVE, Verdict.NOT_USABLE


def axis(which: Axis, *samples: SampleEvidence, scope: str = "RAS") -> AxisState:
    return axis_states(samples, None, PRE, rules_with({"axes": {"RAS": {"scope": scope}}}))[which]


@pytest.mark.parametrize(
    ("kras", "nras", "verdict", "verdict_of_kras_only"),
    [
        ("WT", "WT", NEGATIVE, NEGATIVE),
        ("MUT G12D 30%", "WT", POSITIVE, POSITIVE),
        ("WT", "MUT Q61K 30%", POSITIVE, POSITIVE),
        ("MUT G12D 30%; codon 61 at 20x", "not assessed", POSITIVE, POSITIVE),
        ("MUT A146T 30%", "WT", POSITIVE, POSITIVE),
        ("MUT_LOW G12D 2%", "WT", NOT_USABLE, NOT_USABLE),
        ("WT", "MUT_LOW G12D 2%", NOT_USABLE, NOT_USABLE),
        ("NO_CALL; codon 146 at 20x", "WT", NOT_USABLE, NOT_USABLE),
        ("WT", "NO_CALL; codon 12 at 20x", NOT_USABLE, NEGATIVE),
        ("WT", "not assessed", NOT_USABLE, NEGATIVE),
        ("not assessed", "WT", NOT_USABLE, NOT_USABLE),
        ("not assessed", "MUT Q61K 30%", POSITIVE, POSITIVE),
        ("MUT G12* 30%", "WT", NOT_USABLE, NOT_USABLE),
    ],
)
def test_ras(kras: str, nras: str, verdict: Verdict, verdict_of_kras_only: Verdict) -> None:
    one = sample(KRAS=kras, NRAS=nras)
    assert axis(Axis.RAS, one).verdict is verdict
    assert axis(Axis.RAS, one, scope="KRAS_only").verdict is verdict_of_kras_only


def test_a_gene_that_is_absent_from_the_record_is_not_wild_type() -> None:
    whole = sample()
    for gene, which in (("KRAS", Axis.RAS), ("NRAS", Axis.RAS), ("BRAF", Axis.BRAF)):
        genes = {name: found for name, found in whole.genotypes.genes.items() if name != gene}
        without = SampleEvidence(
            "S", PRE, TISSUE, type(whole.genotypes)("S", whole.genotypes.usable, genes), whole.erbb2
        )
        assert axis(which, without).verdict is NOT_USABLE
        assert gene in " ".join(axis(which, without).reasons)


@pytest.mark.parametrize("scope", ["RAS", "KRAS_only"])
@pytest.mark.parametrize("which", [Axis.RAS, Axis.BRAF])
def test_genotypes_that_cannot_be_used_say_why_and_not_that_the_assay_lacks_the_gene(which: Axis, scope: str) -> None:
    """Only the words differ from those of a panel without the genes; the copies of the same sample stand."""
    whole = sample(erbb2="AMP 22")
    mixed = SampleGenotypes(whole.sample, Usable(False, "contaminated: 6.1 % foreign DNA", "Sequence it again"))
    found = axis(which, replace(whole, genotypes=mixed), scope=scope)
    assert found.reasons == ("pre-tissue: genotypes not usable: contaminated: 6.1 % foreign DNA",)
    lacking = axis(which, replace(whole, genotypes=SampleGenotypes(whole.sample, Usable())), scope=scope)
    assert replace(found, reasons=lacking.reasons) == lacking
    assert found.verdict is NOT_USABLE
    assert axis(Axis.ERBB2, replace(whole, genotypes=mixed)).verdict is POSITIVE


@pytest.mark.parametrize(
    ("words", "verdict", "annotated"),
    [
        ("WT", NEGATIVE, ()),
        ("MUT V600E 30%", POSITIVE, ()),
        ("MUT K601E 30%", POSITIVE, ()),
        ("MUT D594G 30%", NEGATIVE, ("BRAF_CLASS3(D594G)",)),
        ("MUT_LOW D594G 2%", NEGATIVE, ("BRAF_CLASS3(D594G)",)),
        ("MUT G469E 30%", NEGATIVE, ("BRAF_CLASS3(G469E)",)),
        ("MUT D594G 30%; codon 600 at 20x", NOT_USABLE, ("BRAF_CLASS3(D594G)",)),
        ("MUT D594G 30% + MUT V600E 8%", POSITIVE, ("BRAF_CLASS3(D594G)",)),
        ("MUT_LOW V600E 2%", NOT_USABLE, ("GREY_ZONE(BRAF V600E)",)),
        ("MUT L597R 30%", NOT_USABLE, ("UNCLASSIFIED(BRAF L597R)",)),
        ("NO_CALL; codon 469 at 20x", NOT_USABLE, ()),
        ("not assessed", NOT_USABLE, ()),
        ("MUT V600E 30% + MUT L597R 10%", POSITIVE, ("UNCLASSIFIED(BRAF L597R)",)),
        ("MUT V600E 30% + MUT_LOW K601E 2%", POSITIVE, ("GREY_ZONE(BRAF K601E)",)),
    ],
)
def test_braf(words: str, verdict: Verdict, annotated: tuple[str, ...]) -> None:
    found = axis(Axis.BRAF, sample(BRAF=words))
    assert (found.verdict, found.annotated) == (verdict, annotated)


@pytest.mark.parametrize(
    ("words", "purity", "verdict"),
    [("MUT_LOW G12D 3%", 0.6, NOT_USABLE), ("MUT_LOW G12D 3%", 0.13, NOT_USABLE), ("MUT_LOW G12D 3%", 0.12, POSITIVE)],
    ids=["CCF 0.10", "CCF 0.46", "CCF 0.50"],
)
def test_a_faint_mutation_counts_where_it_is_clonal(words: str, purity: float, verdict: Verdict) -> None:
    assert axis(Axis.RAS, sample(KRAS=words, purity=purity, erbb2="NE technical")).verdict is verdict


def test_a_faint_mutation_of_unknown_purity_counts_with_a_flag() -> None:
    found = axis(Axis.RAS, sample(KRAS="MUT_LOW G12D 2%", purity=None, erbb2="NE"))
    assert (found.verdict, found.findings[0].flags) == (POSITIVE, ("low_vaf_purity_unknown",))


@pytest.mark.parametrize(
    ("vaf", "purity", "verdict"),
    [
        (48, 0.3, NEGATIVE),
        (40, 0.3, NEGATIVE),
        (60, 0.3, NEGATIVE),
        (39, 0.3, NOT_USABLE),
        (61, 0.3, NOT_USABLE),
        (48, 0.9, NOT_USABLE),
        (48, None, NOT_USABLE),
    ],
)
def test_only_a_likely_germline_change_leaves_the_axis_negative(
    vaf: int, purity: float | None, verdict: Verdict
) -> None:
    found = axis(Axis.BRAF, sample(BRAF=f"MUT N581T {vaf}%", purity=purity, erbb2="NE technical"))
    assert found.verdict is verdict
    assert len(found.annotated) == 1 and "BRAF N581T" in found.annotated[0]


def test_a_negative_beside_a_change_that_does_not_count_says_what_it_excludes() -> None:
    one = sample(BRAF="MUT D594G 20%", purity=0.6)
    gene = replace(one.genotypes.genes["BRAF"], excluded_vaf=0.018, excluded_ccf=0.06)
    found = axis(Axis.BRAF, replace(one, genotypes=replace(one.genotypes, genes={"BRAF": gene})))
    assert found.verdict is NEGATIVE
    assert found.reasons[0].endswith("BRAF D594G 20.0%, else WT, excludes VAF >= 1.8% (CCF >= 6%)")


@pytest.mark.parametrize(
    ("words", "purity", "verdict", "annotated"),
    [
        ("AMP 22", 0.6, POSITIVE, ()),
        ("AMP 22", None, POSITIVE, ()),
        ("NEG", 0.6, NEGATIVE, ()),
        ("POLYSOMY 4.2 over 3.8", 0.6, NEGATIVE, ("POLYSOMY_17",)),
        ("EQUIVOCAL 4.6", 0.35, NOT_USABLE, ("ERBB2_GAIN",)),
        ("EQUIVOCAL 4.6", None, NOT_USABLE, ("ERBB2_GAIN",)),
        ("NE", 0.1, NOT_USABLE, ()),
        ("NE", None, NOT_USABLE, ()),
        ("NE technical", 0.6, NOT_USABLE, ()),
    ],
)
def test_erbb2(words: str, purity: float | None, verdict: Verdict, annotated: tuple[str, ...]) -> None:
    found = axis(Axis.ERBB2, sample(erbb2=words, purity=purity))
    assert (found.verdict, found.annotated) == (verdict, annotated)


def test_an_amplification_without_controls_is_flagged() -> None:
    (finding,) = axis(Axis.ERBB2, sample(erbb2="AMP 22 over none")).findings
    assert finding.flags == ("ratio_not_assessable",)


@pytest.mark.parametrize("state", list(Heregulin))
def test_heregulin(state: Heregulin) -> None:
    verdicts = dict.fromkeys(Heregulin, NOT_USABLE)
    verdicts |= {Heregulin.HIGH: POSITIVE, Heregulin.LOW: NEGATIVE, Heregulin.BLQ: NEGATIVE}
    found = axis_states([], HeregulinResult("P1", PRE, state, "why"), PRE, RULES)[Axis.HRG]
    assert found.verdict is verdicts[state]
    assert "why" in found.reasons[0]


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ({"state": "BLQ", "value": "<62.5"}, NEGATIVE),
        ({"state": "EQUIVOCAL", "value": "<LLOQ", "lloq": "500"}, NOT_USABLE),
        ({"state": "HIGH", "value": ">4000"}, POSITIVE),
        ({"state": "ALQ", "value": ">ULOQ", "uloq": "400"}, NOT_USABLE),
        ({"state": "EQUIVOCAL", "value": "950", "cv_percent": "10", "replicates": "2"}, NOT_USABLE),
        ({"state": "MISSING", "value": ""}, NOT_USABLE),
    ],
)
def test_heregulin_at_the_limits_of_the_assay(words: dict[str, str], verdict: Verdict) -> None:
    assert axis_states([], heregulin(PRE, words), PRE, RULES)[Axis.HRG].verdict is verdict


def test_without_anything_no_axis_is_usable() -> None:
    states = axis_states([], None, PRE, RULES)
    assert list(states) == list(Axis)
    assert all(state.verdict is NOT_USABLE and state.reasons for state in states.values())


def test_a_wild_type_says_what_it_excludes() -> None:
    (reason,) = axis(Axis.BRAF, sample(BRAF="WT", purity=0.6)).reasons
    assert "VAF >= 1.8%" in reason and "CCF >= 6%" in reason


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("WT", "WT", NEGATIVE),
        ("WT", "NO_CALL; all at 20x", NEGATIVE),
        ("WT", "not assessed", NEGATIVE),
        ("WT", "MUT V600E 30%", POSITIVE),
        ("NO_CALL; all at 20x", "MUT V600E 30%", POSITIVE),
        ("WT", "MUT L597R 30%", NOT_USABLE),
        ("WT", "MUT_LOW V600E 2%", NOT_USABLE),
        ("MUT V600E 30%", "MUT L597R 30%", POSITIVE),
        ("NO_CALL; all at 20x", "not assessed", NOT_USABLE),
    ],
)
def test_two_samples_of_one_time_point(first: str, second: str, verdict: Verdict) -> None:
    pair = [sample(name="A", BRAF=first), sample(name="B", BRAF=second)]
    assert [axis(Axis.BRAF, *both).verdict for both in permutations(pair)] == [verdict, verdict]


def test_an_equivocal_gain_is_not_mended_by_another_negative() -> None:
    pair = [sample(name="A", erbb2="EQUIVOCAL 4.6", purity=0.35), sample(name="B")]
    assert axis(Axis.ERBB2, *pair).verdict is NOT_USABLE


def test_a_full_sample_is_not_weakened_by_one_of_reduced_scope() -> None:
    whole, part = sample(name="A"), sample(name="B", NRAS="not assessed")
    assert axis(Axis.RAS, whole, part, scope="KRAS_only").flags == ()


def test_a_sample_put_aside_is_not_usable_and_says_why() -> None:
    aside = sample(quarantined="another patient's fingerprint")
    for which in (Axis.RAS, Axis.BRAF, Axis.ERBB2):
        found = axis(which, aside)
        assert found.verdict is NOT_USABLE
        assert "another patient's fingerprint" in found.reasons[0]


class TestCtdna:
    def test_without_a_tumour_variant_it_excludes_nothing(self) -> None:
        states = axis_states([sample(specimen=CTDNA)], None, PRE, RULES)
        assert [states[a].verdict for a in (Axis.RAS, Axis.BRAF, Axis.ERBB2)] == [NOT_USABLE] * 3

    @pytest.mark.parametrize(
        "variant", [{"PIK3CA": "MUT H1047R 3%"}, {"BRAF": "MUT V600E 0.6%"}, {"erbb2": "AMP 22"}], ids=str
    )
    def test_any_tumour_variant_makes_its_negatives_usable(self, variant: dict[str, str]) -> None:
        assert axis(Axis.RAS, sample(specimen=CTDNA, **variant)).verdict is NEGATIVE

    def test_a_likely_germline_change_proves_no_tumour(self) -> None:
        found = sample(specimen=CTDNA, BRAF="MUT N581T 50%", purity=0.3)
        assert axis(Axis.RAS, found).verdict is NOT_USABLE

    def test_its_depth_must_exclude_half_a_percent(self) -> None:
        shallow = sample(specimen=CTDNA, PIK3CA="MUT H1047R 3%", KRAS="NO_CALL; codon 61 at 1000x")
        assert axis(Axis.RAS, shallow).verdict is NOT_USABLE
        deep = sample(specimen=CTDNA, PIK3CA="MUT H1047R 3%", KRAS="WT; codon 61 at 1260x")
        assert axis(Axis.RAS, deep).verdict is NEGATIVE

    def test_without_umi_it_has_the_thresholds_of_tissue(self) -> None:
        found = sample(specimen=CTDNA, umi=False, purity=None, erbb2="NE", KRAS="MUT_LOW G12D 3%")
        assert axis(Axis.RAS, found).findings[0].flags == ("low_vaf_purity_unknown", "chip_not_excluded")


@pytest.mark.parametrize("change", ["L597R 45%", "G464R 43%"])
def test_a_change_of_the_allele_table_is_never_taken_for_germline(change: str) -> None:
    """No class was verified for these two, so they count for nothing; but they are known in tumours."""
    assert axis(Axis.BRAF, sample(BRAF=f"MUT {change}", purity=0.3)).verdict is NOT_USABLE


def test_a_vaf_that_a_lost_allele_explains_is_not_germline() -> None:
    """Purity 0.6 with the other copy lost: VAF 0.6 / 1.4 = 43 %."""
    assert axis(Axis.BRAF, sample(BRAF="MUT N581T 42%", purity=0.6)).verdict is NOT_USABLE
    assert axis(Axis.BRAF, sample(BRAF="MUT N581T 48%", purity=0.6)).verdict is NEGATIVE


def test_an_estimated_purity_makes_no_change_germline() -> None:
    """Rules: "VAF 40-60 % in a sample of known lower purity"; an estimate is not known."""
    one = sample(BRAF="MUT N581T 48%", purity=0.6)
    for state, verdict in ((PurityState.GIVEN, NEGATIVE), (PurityState.ESTIMATED, NOT_USABLE)):
        found = axis(Axis.BRAF, replace(one, erbb2=replace(one.erbb2, purity_state=state)))
        assert found.verdict is verdict


def test_the_limit_of_an_axis_is_of_its_worst_gene_and_its_best_sample() -> None:
    """The least VAF seen with 95 % power: by 500 fragments 1.8 %, by 200 4.5 %, as `genotype.excluded_vaf` has it."""
    deep, shallow = sample(name="A"), sample(name="B", NRAS="WT; codon 61 at 200x")
    alone = axis(Axis.RAS, shallow).limit
    assert alone == shallow.genotypes.genes["NRAS"].excluded_vaf
    assert alone is not None and alone > 0.04
    assert axis(Axis.RAS, shallow, deep).limit == deep.genotypes.genes["KRAS"].excluded_vaf
    assert axis(Axis.ERBB2, deep).limit == deep.erbb2.detectable_copies


def test_an_axis_that_is_not_negative_has_no_limit() -> None:
    assert axis(Axis.RAS, sample(KRAS="MUT G12D 30%")).limit is None
    assert axis(Axis.RAS, sample(KRAS="NO_CALL; all at 20x")).limit is None
    assert axis(Axis.ERBB2, sample(erbb2="AMP 22")).limit is None
    assert axis(Axis.HRG, sample()).limit is None


@pytest.mark.parametrize(
    ("change", "purity", "verdict"),
    [
        ("N581T 50%", None, Verdict.NOT_USABLE),
        ("N581T 38%", None, Verdict.NOT_USABLE),
        ("N581T 99%", 0.2, Verdict.NOT_USABLE),  # born with it on both copies: at 0.2 a tumour reaches 11 %
        ("N581T 50%", 0.8, Verdict.NEGATIVE),  # 67 % can be reached
        ("N581T 8%", None, Verdict.NEGATIVE),
        ("D594G 50%", None, Verdict.NEGATIVE),  # listed
    ],
)
def test_what_the_patient_may_be_born_with_proves_no_tumour_dna(
    change: str, purity: float | None, verdict: Verdict
) -> None:
    """Rules: ctDNA with no tumour variant anywhere is not usable."""
    plasma = sample(specimen=CTDNA, BRAF=f"MUT {change}", purity=purity, erbb2="NE" if purity is None else "NEG")
    assert axis(Axis.RAS, plasma).verdict is verdict
