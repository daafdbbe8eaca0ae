"""Why a call is what it is: every call is explained by rules of the file, numbers, and what would decide it."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit import mechanism_cases
from tests.unit.mechanism_cases import CTDNA, POST, RULES, SETTINGS, call, evidence, patient, sample

from cetux import why
from cetux.cohort_calls import call_cohort
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.states import Annotation, Axis, Mechanism, Status, Timepoint, Verdict

THRESHOLDS = {"erbb2": SETTINGS["erbb2"], **{name: SETTINGS["genotypes"][name] for name in ("tissue", "ctdna")}}


def explained(one: PatientEvidence) -> why.Explanation:
    return why.explain(call_patient(one, RULES), one, RULES, THRESHOLDS)


DEEPER = "deeper sequencing of the codons named, of more DNA where its molecules are too few"
ACQUIRED = evidence(patient("PR", 274), [sample(), sample(POST, erbb2="AMP 18", KRAS="MUT_LOW G12D 2%")], pre="LOW 420")


def test_a_call_in_one_sentence() -> None:
    assert why.sentence(call(ACQUIRED)) == (
        "Acquired resistance: ERBB2 amplification, emergent at progression: reported as associated with resistance to "
        "anti-EGFR antibodies (confidence HIGH; not usable: RAS, HRG)."
    )


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (evidence(patient("PR", None), [sample()]), "No resistance: there is no progression"),
        (
            evidence(patient("PR", 270, last_dose_day=100), [sample(erbb2="AMP 22")]),
            "nothing is called; seen: ERBB2 amplification.",
        ),
        (
            evidence(patient(), [sample()], pre="LOW 420"),
            "no mechanism was detected on the four axes (excluded: RAS and BRAF",
        ),
        (evidence(patient("PR", 274), [sample()]), "a usable post-treatment sample sequenced over KRAS and NRAS"),
        (evidence(patient(), [sample(KRAS="MUT G12D 30%", erbb2="AMP 22")], pre="LOW 420"), "several independent ones"),
        (evidence(patient(), [sample(BRAF="MUT K601E 30%")], pre="LOW 420"), "BRAF class 2 mutation K601E"),
        (evidence(patient(), [sample()], pre="HIGH 2900"), "high circulating heregulin"),
    ],
)
def test_sentences_of_every_status(one: PatientEvidence, says: str) -> None:
    assert says in why.sentence(call(one))


def of_case(name: str) -> str:
    case = mechanism_cases.load(name)
    return why.sentence(call_patient(case.evidence, case.rules))


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (
            evidence(patient(), [sample(KRAS="NO_CALL; codon 61 at 20x")], pre="LOW 420"),
            "De novo resistance: no mechanism can be called: RAS is not usable (BRAF, ERBB2 and HRG negative); this "
            "would decide: deeper sequencing of the codons named, of more DNA where its molecules are too few.",
        ),
        (
            evidence(patient(), [sample(erbb2="NEG")]),
            "De novo resistance: no mechanism can be called: HRG is not usable (RAS, BRAF and ERBB2 negative); this "
            "would decide: a pre-treatment serum or plasma, of an assay with a cut-off.",
        ),
        (
            evidence(patient(), [sample(erbb2="POLYSOMY 4.2 over 3.8")], pre="LOW 420"),
            "confidence MODERATE); seen and not counted: polysomy of chromosome 17.",
        ),
        (
            evidence(patient(), [sample(KRAS="MUT G12D 30%", erbb2="AMP 22")], pre="LOW 420"),
            "RAS mutation KRAS G12D, with ERBB2 amplification (one of several independent ones): ",
        ),
        (
            evidence(patient(), [sample(KRAS="MUT G12D 30%", erbb2="AMP 22")], pre="LOW 420"),
            "(confidence HIGH); RAS mutation and ERBB2 amplification rarely stand in one tumour: check for a swap or "
            "contamination first.",
        ),
    ],
    ids=["a gap", "no heregulin", "annotated", "several", "a conflict"],
)
def test_sentences_in_full(one: PatientEvidence, says: str) -> None:
    assert why.sentence(call(one)).endswith(says) or says in why.sentence(call(one))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("S01", "no mechanism can be called: samples are of different persons: pre-tissue and post-tissue: SNPs; this "
                "would decide: fresh samples of this patient."),
        ("S05", "seen: RAS mutation KRAS G12D; samples are of different persons: pre-tissue and post-tissue: SNPs."),
        ("S06", "so nothing is called; samples are of different persons: pre-tissue and post-tissue: SNPs."),
        ("X59", "RAS mutation KRAS G12D was there before treatment, under which the disease was controlled (BRAF, "
                "ERBB2 and HRG negative); this would decide: a further post-treatment sample, in which this has more "
                "than doubled or another mechanism has emerged."),
        ("X23", "this would decide: a further post-treatment sample, in which another mechanism has emerged."),
        ("O15", "seen and not counted: high circulating heregulin (lost at progression)."),
    ],
)  # fmt: skip
def test_sentences_of_cases(name: str, says: str) -> None:
    assert of_case(name).endswith(says)


def test_a_negative_names_its_limits_and_only_the_genes_that_were_read() -> None:
    """500 fragments exclude 1.8 %; `detectable_copies` of the sample is the smallest gain. A polysomy is itself one."""
    one = sample()
    said = why.sentence(call(evidence(patient(), [one], pre="LOW 420")))
    assert "(excluded: RAS and BRAF mutations of VAF >= 1.8%, ERBB2" in said
    gain = f"any gain to {one.erbb2.detectable_copies:.1f} copies or more"
    assert f", ERBB2 amplification and {gain}; confidence HIGH)." in said
    polysomy = why.sentence(call(evidence(patient(), [sample(erbb2="POLYSOMY 4.2 over 3.8")], pre="LOW 420")))
    assert "of VAF >= 1.8%, ERBB2 amplification; confidence MODERATE" in polysomy
    assert "excluded: KRAS and BRAF mutations" in of_case("C32a")


def test_a_negative_without_its_axes_names_no_limit() -> None:
    """As a record of an earlier version may come."""
    bare = replace(call(evidence(patient(), [sample()], pre="LOW 420")), axes={})
    assert why.sentence(bare).endswith("no mechanism was detected on the four axes (confidence HIGH).")


def test_every_label_has_words() -> None:
    for name in (*Mechanism, *Annotation):
        assert str(name) not in why._named(name)
        assert str(name) not in why._named(f"{name}(BRAF V600E)")
    assert why._named("LOST(RAS_MUT(KRAS G12D))") == "RAS mutation KRAS G12D (lost at progression)"
    assert why._named("MET_AMP(9.8 copies, ratio 4.4)") == "MET amplification (9.8 copies, ratio 4.4)"


@pytest.mark.parametrize("name", mechanism_cases.names())
def test_every_case_is_explained(name: str) -> None:
    case = mechanism_cases.load(name)
    made = call_patient(case.evidence, case.rules)
    found = why.explain(made, case.evidence, case.rules, THRESHOLDS)
    check(made, found)
    unworded = {"classes.off_drug_days", "classes.min_exposure_days", "classes.short_response_days"}
    unworded |= {"axes.RAS.scope", "primary.subclonal_yields"}
    assert {one.rule for one in found.fired if not one.words} <= unworded
    assert all(one.rule in case.rules.words for one in found.fired if one.words)


def check(made: Call, found: why.Explanation) -> None:
    """What holds for the explanation of any call."""
    assert re.fullmatch(r"[A-Z][^\n]+\.", found.sentence)
    assert "resistant to" not in found.sentence, "the wording rules"
    assert not re.search(r"[,;:.]\s*[,;:.)]|\s[,;:.)]|\(\s|  |\.\.", found.sentence), found.sentence
    jargon = [*Mechanism, *(note for note in Annotation if note is not Annotation.LOST), "ORIGIN_UNRESOLVED"]
    assert not [name for name in jargon if name in found.sentence], found.sentence
    assert found.fired or made.resistance_class == "NOT_RESISTANT"
    if made.status is Status.INDETERMINATE:
        assert found.wanted
    if made.status is Status.NONE_DETECTED:
        assert found.wanted == ()
    named = {one.axis for one in found.wanted} - {""}
    unusable = {axis for axis in Axis if axis not in made.axes or made.axes[axis].verdict is Verdict.NOT_USABLE}
    if made.status in (Status.MECHANISM, Status.MULTIPLE, Status.INDETERMINATE) and "sample_swap" not in made.flags:
        assert named == set(unusable)
    assert all(one.missing and one.would_decide for one in found.wanted)
    assert not any("{" in one.would_decide for one in found.wanted)


@pytest.mark.parametrize(
    ("given", "hrg", "axis", "decides"),
    [
        ({"erbb2": "EQUIVOCAL 4.6", "purity": 0.35}, "LOW 420", "ERBB2", "ERBB2 IHC and ISH of the same tissue"),
        ({"erbb2": "NE technical"}, "LOW 420", "ERBB2", "a sample of higher or known purity, or ERBB2 IHC and ISH"),
        ({"KRAS": "NO_CALL; codon 61 at 20x"}, "LOW 420", "RAS", DEEPER),
        ({"KRAS": "MUT_LOW G12D 2%"}, "LOW 420", "RAS", "digital PCR"),
        ({"BRAF": "MUT L597R 30%"}, "LOW 420", "BRAF", "class of the change"),
        ({"NRAS": "not assessed"}, "LOW 420", "RAS", "sequenced over KRAS and NRAS"),
        ({"specimen": CTDNA}, "LOW 420", "RAS", "tissue, or plasma in which a tumour variant is seen"),
        ({}, "EQUIVOCAL 980", "HRG", "in more replicates"),
        ({}, None, "HRG", "a pre-treatment serum or plasma"),
    ],
)
def test_what_would_decide(given: dict[str, object], hrg: str | None, axis: str, decides: str) -> None:
    wanted = explained(evidence(patient(), [sample(**given)], pre=hrg)).wanted
    assert [decides in one.would_decide for one in wanted if one.axis == axis] == [True]


def test_an_unresolved_origin_says_what_would_tell_it() -> None:
    found = explained(evidence(patient("PR", 274), [sample(POST, erbb2="AMP 18")], post="LOW 420"))
    assert [one.would_decide for one in found.wanted] == [
        "a pre-treatment sample that excludes it, or shows it, would tell its origin"
    ]


@pytest.mark.parametrize(
    ("name", "decides"),
    [
        ("X02", "in which this has more than doubled or another mechanism has emerged"),
        ("X14", "in which this has more than doubled or another mechanism has emerged"),
        ("X23", "in which another mechanism has emerged"),
    ],
)
def test_what_was_there_before_says_what_would_decide(name: str, decides: str) -> None:
    """A mutation and an amplification count once they have expanded; a heregulin that was high never does."""
    case = mechanism_cases.load(name)
    made = call_patient(case.evidence, case.rules)
    (said,) = [one for one in why.wanted(made) if not one.axis]
    assert said.missing in made.missing, "the page does not list it twice"
    assert said.would_decide == f"a further post-treatment sample, {decides}"


def test_an_origin_that_a_site_does_not_count_says_what_would_decide() -> None:
    rules = mechanism_cases.rules_with(
        {"origins": {"counted": {"EXPANDED": None}, "annotated": {"EXPANDED": "it grew"}}}
    )
    grown = [sample(KRAS="MUT G12D 6%"), sample(POST, KRAS="MUT G12D 36%")]
    made = call_patient(evidence(patient("PR", 274), grown, pre="LOW 420", post="LOW 420"), rules)
    assert [(one.missing, one.would_decide) for one in why.wanted(made)] == [
        (
            "RAS_MUT(KRAS G12D) is EXPANDED, which does not count",
            "a further post-treatment sample, in which another mechanism has emerged",
        )
    ]


def test_calls_of_a_cohort_carry_their_explanation() -> None:
    (one,) = call_cohort([ACQUIRED], RULES, thresholds=THRESHOLDS).patients
    assert one.explanation == explained(ACQUIRED)


HRG = (None, "LOW 420", "HIGH 2900", "EQUIVOCAL 980", "MISSING")


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([patient("PD", 60), patient("PR", 270), patient("PR", None), patient("NE", 60)]),
    st.lists(st.tuples(st.sampled_from(Timepoint), st.sampled_from(["WT", "MUT G12D 30%", "NO_CALL; all at 20x"]))),
    st.sampled_from(HRG),
    st.sampled_from(HRG),
)
def test_every_call_is_explained(who, samples, pre, post) -> None:
    taken = [sample(time, name=f"{time}{i}", KRAS=words) for i, (time, words) in enumerate(samples[:4])]
    one = evidence(who, taken, pre=pre, post=post)
    check(call_patient(one, RULES), explained(one))
