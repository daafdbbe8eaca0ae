import pytest
from tests.unit.mechanism_cases import POST, PRE, RULES, evidence, patient, sample

from cetux import oncoprint
from cetux.cohort_calls import CohortCalls, PatientCall, call_cohort
from cetux.evidence import SampleEvidence
from cetux.mechanism import PatientEvidence
from cetux.oncoprint import Glyph
from cetux.states import Axis, Timepoint


def called(one: PatientEvidence) -> PatientCall:
    (patient_call,) = call_cohort([one], RULES).patients
    return patient_call


def read(given: dict[str, str], timepoint: Timepoint = PRE) -> SampleEvidence:
    """A sample; the mutations of ERBB2 under a name of their own, beside its copies."""
    words = dict(given)
    mutation = words.pop("ERBB2 mutation", "")
    return sample(timepoint, **words, **({"ERBB2": mutation} if mutation else {}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("axis", "given", "pre", "wanted"),
    [
        (Axis.RAS, {"KRAS": "MUT G12D 30%"}, "LOW 420", Glyph.POSITIVE),
        (Axis.RAS, {}, "LOW 420", Glyph.NEGATIVE),
        (Axis.RAS, {"KRAS": "MUT_LOW G12D 2%"}, "LOW 420", Glyph.EQUIVOCAL),
        (Axis.RAS, {"KRAS": "NO_CALL; codon 12 at 50x"}, "LOW 420", Glyph.NO_CALL),
        (Axis.RAS, {"genes": "none"}, "LOW 420", Glyph.NOT_ASSESSED),
        (Axis.ERBB2, {"erbb2": "AMP 22"}, "LOW 420", Glyph.POSITIVE),
        (Axis.ERBB2, {"erbb2": "EQUIVOCAL 5"}, "LOW 420", Glyph.EQUIVOCAL),
        (Axis.ERBB2, {"erbb2": "NE technical"}, "LOW 420", Glyph.NO_CALL),
        (Axis.HRG, {}, "HIGH 2000", Glyph.POSITIVE),
        (Axis.HRG, {}, None, Glyph.NOT_ASSESSED),
        (oncoprint.EXTENDED, {}, "LOW 420", Glyph.NOT_ASSESSED),
        (oncoprint.EXTENDED, {"EGFR": "WT", "ERBB2 mutation": "WT"}, "LOW 420", Glyph.NEGATIVE),
        (oncoprint.EXTENDED, {"EGFR": "WT"}, "LOW 420", Glyph.NO_CALL),
        (oncoprint.EXTENDED, {"EGFR": "NO_CALL; codon 492 at 50x", "ERBB2 mutation": "WT"}, "LOW 420", Glyph.NO_CALL),
        (oncoprint.EXTENDED, {"EGFR": "MUT_LOW S492R 2%", "ERBB2 mutation": "WT"}, "LOW 420", Glyph.EQUIVOCAL),
    ],
)
def test_a_cell_says_what_the_axis_says(axis: str, given: dict[str, str], pre: str | None, wanted: Glyph) -> None:
    assert oncoprint.glyph(called(evidence(patient(), [read(given)], pre=pre)), axis) is wanted


def test_without_a_judged_sample_nothing_was_assessed() -> None:
    acquired = called(evidence(patient("PR", 300), [sample()]))
    assert {oncoprint.glyph(acquired, axis) for axis in Axis} == {Glyph.NOT_ASSESSED}


def test_genes_beyond_the_axes_are_those_of_the_judged_time_point() -> None:
    before = read({"EGFR": "WT", "ERBB2 mutation": "WT"})
    one = called(evidence(patient("PR", 300), [before, sample(POST)], pre="LOW 420", post="LOW 420"))
    assert oncoprint.glyph(one, oncoprint.EXTENDED) is Glyph.NOT_ASSESSED


def test_a_sample_that_is_not_usable_is_no_call() -> None:
    one = called(evidence(patient(), [sample(quarantined="it is truncated")]))
    assert oncoprint.glyph(one, Axis.RAS) is Glyph.NO_CALL


@pytest.mark.parametrize("count", [0, 1, 90])
def test_the_picture_has_a_column_for_every_patient(count: int) -> None:
    one = called(evidence(patient("PR", 300), [sample(POST, erbb2="AMP 22")], post="LOW 420"))
    chart = oncoprint.chart(CohortCalls((one,) * count, RULES))
    assert len(chart.rows) == count
    assert f"{count} patients" in chart.alt
    assert f"ERBB2 {count}" in chart.alt
    assert chart.svg.startswith("<svg")
    assert all(word in chart.svg for word in Glyph)
