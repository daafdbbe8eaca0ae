"""Other methods' results beside ours: what is compared with what, and what is flagged."""

from dataclasses import replace

import pytest
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import CTDNA, POST, PRE, sample

from cetux import cohort_calls, tables
from cetux.cohort_calls import CohortCalls, call_cohort
from cetux.counts import Usable
from cetux.evidence import SampleEvidence
from cetux.other_methods import ComparedResult, amplification_confirmed, compare, flags
from cetux.states import Agreement, Axis, Erbb2, Genotype, MethodResult, Verdict

AGREE, THEIRS, OURS = Agreement.AGREE, Agreement.ONLY_THEIRS, Agreement.ONLY_OURS


def row(analyte: str = "ERBB2", method: str = "FISH", result: str = "positive", **cells: str) -> dict[str, str]:
    blank = dict.fromkeys(("specimen", "sample", "change", "ratio", "copies", "vaf", "date"), "")
    return blank | {"patient": "P1", "timepoint": "pre", "analyte": analyte, "method": method, "result": result} | cells


def one(given: dict[str, str], *samples: SampleEvidence, **heregulin: str) -> ComparedResult:
    blood = {time: mechanism_cases.heregulin(time, text) for time, text in ((PRE, heregulin.get("pre")),) if text}
    (compared,) = compare([given], samples, blood)
    return compared


@pytest.mark.parametrize(
    ("erbb2", "result", "agreement", "flag"),
    [
        ("AMP 22", "positive", AGREE, ""),
        ("AMP 22", "negative", OURS, "other_method_differs:FISH ERBB2 negative, here AMP"),
        ("NEG", "negative", AGREE, ""),
        ("NEG", "positive", THEIRS, "other_method_differs:FISH ERBB2 positive, here NEG"),
        ("POLYSOMY 4.2 over 3.8", "negative", AGREE, ""),
        ("POLYSOMY 4.2 over 3.8", "positive", THEIRS, "other_method_differs:FISH ERBB2 positive, here POLYSOMY"),
        ("EQUIVOCAL 5", "positive", None, "other_method_alone:FISH ERBB2 positive, here EQUIVOCAL"),
        ("EQUIVOCAL 5", "negative", None, ""),
        ("NE technical", "positive", None, "other_method_alone:FISH ERBB2 positive, here NE"),
        ("NE technical", "negative", None, ""),
        ("AMP 22", "equivocal", None, ""),
        ("NEG", "failed", None, ""),
    ],
)
def test_fish_beside_the_state(erbb2, result, agreement, flag):
    found = one(row(result=result), sample(erbb2=erbb2))
    assert (found.agreement, found.flag) == (agreement, flag)
    assert found.axis == Axis.ERBB2


def test_not_usable_is_no_negative():
    for erbb2 in ("EQUIVOCAL 5", "NE technical"):
        found = one(row(), sample(erbb2=erbb2))
        assert found.ours is not None
        assert found.ours.verdict is Verdict.NOT_USABLE


def test_a_failed_measurement_brings_no_number():
    technical = one(row(), sample(erbb2="NE technical")).ours
    assert technical is not None
    assert (technical.copies, technical.ratio) == (None, None)
    seen = sample(erbb2="AMP 22")
    broken = replace(seen, usable=Usable(False, "it is truncated"))
    reading = one(row(), broken).ours
    assert reading is not None
    assert (reading.verdict, reading.copies) == (Verdict.NOT_USABLE, None)
    amplified = one(row(), seen).ours
    assert amplified is not None
    assert amplified.copies == pytest.approx(22)


def test_time_point_and_specimen_must_fit():
    amplified = sample(POST, erbb2="AMP 22")
    found = one(row(), amplified)
    assert (found.ours, found.agreement) == (None, None)
    assert found.flag == "other_method_alone:FISH ERBB2 positive, here not measured"
    assert one(row(timepoint="post"), amplified).agreement is AGREE
    assert one(row(timepoint="post", specimen="ctdna"), amplified).ours is None


def test_of_several_samples_a_positive_speaks_and_then_a_suspicious_one():
    samples = [
        sample(name="c", erbb2="NEG"),
        sample(name="b", erbb2="NE technical"),
        sample(name="d", erbb2="EQUIVOCAL 5"),
    ]
    for kept, speaks in ((samples, "d"), (samples[:2], "c"), (samples[1:2], "b")):
        reading = one(row(), *kept).ours
        assert reading is not None
        assert reading.sample == speaks
    reading = one(row(), *samples, sample(name="e", erbb2="AMP 22")).ours
    assert reading is not None
    assert reading.sample == "e"


def test_the_sample_that_is_named_speaks_alone():
    samples = [
        sample(name="a", erbb2="AMP 22"),
        sample(name="b", erbb2="NEG"),
        sample(PRE, CTDNA, name="c", erbb2="NE technical"),
    ]
    assert one(row(sample="b"), *samples).agreement is THEIRS
    assert one(row(sample="a"), *samples).agreement is AGREE
    named = one(row(sample="c"), *samples)
    assert (named.specimen, named.agreement) == (CTDNA, None)


@pytest.mark.parametrize(
    ("genes", "change", "result", "state", "agreement"),
    [
        ({"KRAS": "MUT G12D 32%"}, "G12D", "positive", Genotype.MUT, AGREE),
        ({"KRAS": "MUT G12D 32%"}, "G12D", "negative", Genotype.MUT, OURS),
        ({"KRAS": "MUT G12D 32%"}, "", "positive", Genotype.MUT, AGREE),
        ({"KRAS": "MUT G12D 32%"}, "G13D", "positive", Genotype.WT, THEIRS),
        ({"KRAS": "WT"}, "G12D", "positive", Genotype.WT, THEIRS),
        ({"KRAS": "WT"}, "", "negative", Genotype.WT, AGREE),
        ({"KRAS": "MUT_LOW G12V 1.8%"}, "G12V", "positive", Genotype.MUT_LOW, None),
        ({"KRAS": "MUT_LOW G12V 1.8%"}, "G12D", "negative", Genotype.WT, AGREE),
        ({"KRAS": "NO_CALL; codon 61 at 41x"}, "G12D", "negative", Genotype.NO_CALL, None),
        ({"KRAS": "not assessed"}, "G12D", "positive", Genotype.NO_CALL, None),
    ],
)
def test_ddpcr_beside_a_gene(genes, change, result, state, agreement):
    found = one(row("KRAS", "ddPCR", result, change=change, vaf="0.3"), sample(**genes))
    assert found.ours is not None
    assert (found.ours.state, found.agreement) == (state, agreement)
    assert (found.axis, found.vaf) == (Axis.RAS, 0.3)
    if state in (Genotype.MUT, Genotype.MUT_LOW):
        assert found.ours.vaf == pytest.approx(float(genes["KRAS"].split()[-1].rstrip("%")) / 100)
    else:
        assert found.ours.vaf is None


def test_ctdna_that_shows_no_tumour_is_no_negative():
    silent = sample(PRE, CTDNA, erbb2="NE technical")
    found = one(row("KRAS", "ddPCR", "positive", specimen="ctdna"), silent)
    assert found.ours is not None
    assert (found.ours.state, found.ours.verdict, found.agreement) == (Genotype.WT, Verdict.NOT_USABLE, None)
    shedding = sample(PRE, CTDNA, erbb2="NE technical", BRAF="MUT V600E 8%")
    assert one(row("KRAS", "ddPCR", "positive", specimen="ctdna"), shedding).agreement is THEIRS


def test_a_mutation_of_erbb2_is_not_its_amplification():
    found = one(row("ERBB2", "sequencing", "positive", change="S310F"), sample(erbb2="AMP 22"))
    assert (found.axis, found.what, found.agreement) == ("ERBB2 mutation", "ERBB2 S310F", None)


@pytest.mark.parametrize(
    ("value", "result", "agreement"), [("HIGH 2900", "positive", AGREE), ("LOW 420", "positive", THEIRS)]
)
def test_heregulin_of_another_assay(value, result, agreement):
    found = one(row("HRG", "ELISA", result), pre=value)
    assert (found.axis, found.specimen, found.agreement) == (Axis.HRG, "blood", agreement)
    assert one(row("HRG", "ELISA", result)).ours is None


def test_order_of_rows_does_not_matter_and_patients_before_progression_come_first():
    given = [row("KRAS", "ddPCR", "negative"), row(timepoint="post"), row(method="IHC"), row()]
    samples = [sample(erbb2="NEG")]
    found = compare(given, samples, {})
    assert found == compare(given[::-1], samples, {})
    assert [one.method for one in found] == ["FISH", "IHC", "ddPCR", "FISH"]


def test_confirmed_by_an_in_situ_method_at_the_judged_time_point():
    def confirmed(given: dict[str, str]) -> bool:
        return amplification_confirmed(compare([given], [sample(erbb2="AMP 22")], {}), PRE)

    assert confirmed(row()) and confirmed(row(method="IHC")) and confirmed(row(method="ISH"))
    assert not confirmed(row(method="ddPCR"))
    assert not confirmed(row(result="negative"))
    assert not confirmed(row(result="equivocal"))
    assert not confirmed(row(timepoint="post"))
    assert not confirmed(row(change="S310F"))


def called(*rows: dict[str, str], erbb2: str = "NEG") -> cohort_calls.PatientCall:
    evidence = mechanism_cases.evidence(mechanism_cases.patient(), [sample(erbb2=erbb2)], pre="LOW 420")
    (patient,) = call_cohort([evidence], mechanism_cases.RULES, rows).patients
    return patient


def test_a_conflict_stands_beside_the_call_and_changes_nothing_in_it():
    alone, beside = called(), called(row(), row(method="IHC", result="negative"))
    assert beside.call == alone.call
    assert flags(beside.other_methods) == ("other_method_differs:FISH ERBB2 positive, here NEG",)
    header, line = tables.mechanisms(CohortCalls((beside,))).splitlines()
    cells = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert "other_method_differs:FISH ERBB2 positive, here NEG" in cells["flags"]
    assert cells["ERBB2"] == Verdict.NEGATIVE
    assert cells["other_methods"] == "FISH ERBB2 positive at pre (here NEG) | IHC ERBB2 negative at pre (here NEG)"


def test_rows_of_another_patient_are_not_taken():
    assert called(row(patient="P2")).other_methods == ()


def test_a_call_brings_what_its_findings_are_reported_to_mean():
    (meaning,) = called(erbb2="AMP 22").reported
    assert meaning.label == "ERBB2_AMP"
    assert any("confirm by IHC/ISH" in caution for caution in meaning.cautions)
    assert any(item.study == "MOUNTAINEER, final" for item in meaning.evidence), "RAS is wild type"
    (confirmed,) = called(row(method="IHC"), erbb2="AMP 22").reported
    assert confirmed.cautions == ()
    assert called().reported == ()


@pytest.mark.parametrize("result", list(MethodResult))
@pytest.mark.parametrize("erbb2", ["AMP 22", "NEG", "EQUIVOCAL 5", "NE technical", "POLYSOMY 4.2 over 3.8"])
def test_agreement_needs_two_usable_sides(result, erbb2):
    found = one(row(result=result), sample(erbb2=erbb2))
    usable = result in ("positive", "negative") and erbb2.split()[0] in (Erbb2.AMP, Erbb2.NEG, Erbb2.POLYSOMY)
    assert (found.agreement is not None) == usable
