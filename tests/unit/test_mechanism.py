"""The join: which mechanism comes first, how sure it is, and what holds for every patient whatsoever."""

import contextlib
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.mechanism_cases import (
    CTDNA,
    POST,
    PRE,
    RULES,
    TISSUE,
    call,
    copies,
    evidence,
    heregulin,
    missing_axes,
    patient,
    sample,
)

from cetux.evidence import HeregulinResult, SampleEvidence
from cetux.heregulin import change
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.states import (
    Axis,
    Confidence,
    Erbb2,
    Mechanism,
    Origin,
    ResistanceClass,
    Specimen,
    Status,
    Timepoint,
    Verdict,
)

CALLED = (Status.MECHANISM, Status.MULTIPLE)
AXIS_OF = {
    Mechanism.RAS_MUT: Axis.RAS,
    Mechanism.BRAF_CLASS1: Axis.BRAF,
    Mechanism.BRAF_CLASS2: Axis.BRAF,
    Mechanism.ERBB2_AMP: Axis.ERBB2,
    Mechanism.HRG_HIGH: Axis.HRG,
}


def de_novo(one: SampleEvidence, hrg: str | None = "LOW 420", **config: Any) -> Call:
    return call(evidence(patient(), [one], pre=hrg), **config)


def acquired(*samples: SampleEvidence, pre: str | None = "LOW 420", post: str | None = "LOW 420") -> Call:
    return call(evidence(patient("PR", 270), samples, pre=pre, post=post))


def everything_that_is_said(found: Call) -> dict[str, Any]:
    """A call without the order in which samples stand."""
    return {
        "resistance_class": found.resistance_class,
        "status": found.status,
        "primary": found.primary,
        "additional": found.additional,
        "confidence": found.confidence,
        "origin": found.origin,
        "annotated": set(found.annotated),
        "flags": set(found.flags),
        "missing": missing_axes(found),
        "why": {part for step in found.why for part in step.replace(": ", "; ").split("; ")},
        "verdicts": {axis: state.verdict for axis, state in found.axes.items()},
        "judged": found.judged_timepoint,
    }


class TestConfidence:
    @pytest.mark.parametrize(
        ("given", "confidence"),
        [
            ({"KRAS": "MUT G12D 15%"}, Confidence.HIGH),
            ({"KRAS": "MUT G12D 14%"}, Confidence.MODERATE),
            ({"KRAS": "MUT G12D 25%", "purity": None, "erbb2": "NE"}, Confidence.HIGH),
            ({"KRAS": "MUT G12D 24%", "purity": None, "erbb2": "NE"}, Confidence.MODERATE),
            ({"erbb2": "AMP 22"}, Confidence.HIGH),
            ({"erbb2": "AMP 22", "purity": None}, Confidence.HIGH),
            ({"BRAF": "MUT V600E 30%"}, Confidence.HIGH),
            ({"BRAF": "MUT K601E 30%"}, Confidence.MODERATE),
            ({"EGFR": "MUT S492R 30%"}, Confidence.MODERATE),
            ({"ERBB2": "MUT L755S 30%"}, Confidence.LOW),
            ({"erbb2": {"text": "AMP 22", "flags": ["flat_reference"]}}, Confidence.MODERATE),
            (
                {"specimen": CTDNA, "KRAS": "MUT G12D 0.9%", "purity": 0.03, "erbb2": "NE"},
                Confidence.MODERATE,
            ),
            (
                {"specimen": CTDNA, "KRAS": "MUT G12D 1%", "purity": 0.03, "erbb2": "NE"},
                Confidence.HIGH,
            ),
        ],
        ids=str,
    )
    def test_of_a_mechanism(self, given: dict[str, Any], confidence: Confidence) -> None:
        assert de_novo(sample(**given)).confidence is confidence

    @pytest.mark.parametrize(
        ("given", "config", "confidence"),
        [
            ({}, {}, Confidence.HIGH),
            ({"erbb2": "POLYSOMY 4.2 over 3.8"}, {}, Confidence.MODERATE),
            ({"BRAF": "MUT D594G 30%"}, {}, Confidence.MODERATE),
            ({"NRAS": "not assessed"}, {"axes": {"RAS": {"scope": "KRAS_only"}}}, Confidence.MODERATE),
            ({"erbb2": {"text": "NEG", "flags": ["flat_reference"]}}, {}, Confidence.MODERATE),
        ],
        ids=str,
    )
    def test_of_nothing_detected(self, given: dict[str, Any], config: dict[str, Any], confidence: Confidence) -> None:
        found = de_novo(sample(**given), **config)
        assert (found.status, found.confidence) == (Status.NONE_DETECTED, confidence)

    def test_it_rates_the_primary_not_the_rest(self) -> None:
        found = de_novo(sample(erbb2="AMP 22", ERBB2="MUT L755S 30%"), "HIGH 2900")
        assert (found.primary, found.confidence) == ("ERBB2_AMP", Confidence.HIGH)


class TestJudgedTimePoint:
    def test_what_comes_later_does_not_change_a_de_novo_call(self) -> None:
        found = call(evidence(patient(), [sample(), sample(POST, KRAS="MUT G12D 30%")], pre="LOW 420"))
        assert found.status is Status.NONE_DETECTED

    def test_heregulin_alone_is_judged(self) -> None:
        found = call(evidence(patient(), [], pre="HIGH 2900"))
        assert (found.primary, found.flags) == ("HRG_HIGH", ("incomplete:RAS,BRAF,ERBB2",))

    def test_with_nothing_at_all(self) -> None:
        found = call(evidence(patient(), []))
        assert (found.status, found.missing) == (Status.INDETERMINATE, tuple(f"{axis}: no sample" for axis in Axis))

    def test_an_acquired_call_never_rests_on_a_sample_of_before(self) -> None:
        found = acquired(sample(KRAS="MUT G12D 30%", erbb2="AMP 22"), pre="HIGH 2900", post=None)
        assert (found.status, found.primary, found.additional) == (Status.INDETERMINATE, "", ())

    def test_a_patient_in_response_gets_no_mechanism(self) -> None:
        one = evidence(patient("PR", None), [sample(KRAS="MUT G12D 30%")], pre="LOW 420")
        found = call(one)
        assert (found.status, found.primary, found.confidence) == (Status.NOT_APPLICABLE, "", Confidence.NA)
        assert "RAS_MUT(KRAS G12D)" in found.annotated


class TestDescribed:
    def test_says_what_is_missing_and_what_limits_the_samples(self) -> None:
        taken = sample(KRAS="NO_CALL; all at 20x")
        limited = replace(taken, genotypes=replace(taken.genotypes, flags=("listed_codons_only",)))
        found = call(evidence(patient("PR", 270, last_dose_day=100), [limited]))
        assert found.status is Status.DESCRIPTIVE
        assert [text.split(":")[0] for text in found.missing] == [Axis.RAS, Axis.HRG]
        assert found.flags == ("listed_codons_only",)

    def test_with_nothing_at_all(self) -> None:
        found = call(evidence(patient("PR", None), []))
        assert (found.status, found.missing) == (Status.NOT_APPLICABLE, tuple(f"{axis}: no sample" for axis in Axis))


class TestLost:
    GONE = "LOST(RAS_MUT(KRAS G12D))"

    @pytest.mark.parametrize(
        ("after", "lost"),
        [
            ({"KRAS": "WT"}, True),
            ({"KRAS": "MUT G12D 30%"}, False),
            ({"KRAS": "NO_CALL; all at 20x"}, False),
            ({"KRAS": "not assessed"}, False),
            ({"KRAS": "MUT_LOW G12D 2%"}, False),
            ({"quarantined": "wrong patient"}, False),
        ],
        ids=str,
    )
    def test_only_an_adequate_negative_loses_a_mutation(self, after: dict[str, str], lost: bool) -> None:
        """Specification 4.2: "PRE positive + POST negative = LOST"; missing is never negative."""
        found = acquired(sample(KRAS="MUT G12D 30%"), sample(POST, **after))
        assert (self.GONE in found.annotated) is lost

    def test_heregulin_is_not_lost_where_its_fall_was_not_tested(self) -> None:
        assert acquired(sample(), sample(POST), pre="HIGH 2900").annotated == ()

    def test_it_is_never_counted(self) -> None:
        found = acquired(sample(KRAS="MUT G12D 30%"), sample(POST))
        assert (found.status, found.primary, found.additional) == (Status.NONE_DETECTED, "", ())


class TestSeveralSamples:
    def test_order_does_not_matter_where_two_samples_show_the_same_fraction(self) -> None:
        """6 % in a tumour of purity 0.1 is clonal, in one of 0.6 it is not and yields to the amplification."""
        first = sample(name="A", KRAS="MUT G12D 6%", purity=0.1, erbb2="NE")
        second = sample(name="B", KRAS="MUT G12D 6%", purity=0.6, erbb2="AMP 22")
        one, other = (call(evidence(patient(), pair, pre="LOW 420")) for pair in permutations((first, second)))
        assert everything_that_is_said(one) == everything_that_is_said(other)

    def test_removing_a_sample_of_unknown_purity_creates_no_mechanism(self) -> None:
        """Property (b): the second biopsy hides the growth that the first shows; without it the call gains nothing."""
        before = sample(KRAS="MUT G12D 8%")
        first = sample(POST, name="A", KRAS="MUT G12D 25%")
        second = sample(POST, name="B", KRAS="MUT G12D 30%", purity=None, erbb2="NE")
        with_both, with_one = acquired(before, first, second), acquired(before, first)
        assert with_one.status not in CALLED or with_both.status in CALLED

    def test_removing_a_purer_sample_creates_no_mechanism(self) -> None:
        """The same with copies: the sample with more observed copies is not that with more copies per tumour cell."""
        before = sample(erbb2="AMP 9")
        first = sample(POST, name="A", erbb2="AMP 34", purity=0.3)
        second = sample(POST, name="B", erbb2="AMP 16", purity=0.9)
        with_both, with_one = acquired(before, first, second), acquired(before, first)
        assert with_one.status not in CALLED or with_both.status in CALLED


# Properties over random patients ------------------------------------------------------------------------------------

_GENE_WORDS = {
    "KRAS": (
        "WT",
        "not assessed",
        "NO_CALL; codon 12 at 40x",
        "NO_CALL; all at 20x",
        "MUT_LOW G12D 2%",
        "MUT G12D 6%",
        "MUT G12D 30%",
        "MUT G12D 8% + MUT Q61H 8%",
        "MUT_LOW G12D 0.3%",
        "MUT G12* 20%",
    ),
    "NRAS": ("WT", "not assessed", "NO_CALL; codon 12 at 40x", "MUT Q61K 30%"),
    "BRAF": (
        "WT",
        "NO_CALL; all at 20x",
        "MUT V600E 6%",
        "MUT V600E 30%",
        "MUT K601E 30%",
        "MUT D594G 30%",
        "MUT L597R 30%",
        "MUT N581T 48%",
    ),
    "EGFR": ("WT", "MUT S492R 30%", "MUT_LOW S492R 0.3%", "not assessed"),
}
_ERBB2_WORDS = (
    "NEG",
    "AMP 9",
    "AMP 16",
    "AMP 34",
    "POLYSOMY 4.2 over 3.8",
    "EQUIVOCAL 4.6",
    "NE",
    "NE technical",
)
_HRG_WORDS = (None, "LOW 420", "BLQ <62.5", "HIGH 2900", "MISSING")
_PURITIES = (None, 0.1, 0.3, 0.6, 0.9)


def _fits(**words: Any) -> bool:
    try:
        sample(**words)
    except AssertionError:
        return False
    return True


@cache
def _possible(specimen: Specimen, purity: float | None) -> dict[str, tuple[str, ...]]:
    """Words that can stand for a sample of this kind: a copy number that is NEG needs a purity, and so on."""
    plain = {"specimen": specimen, "purity": purity}
    possible = {
        name: tuple(text for text in words if _fits(erbb2="NE technical", **plain, **{name: text}))
        for name, words in _GENE_WORDS.items()
    }
    return {**possible, "erbb2": tuple(text for text in _ERBB2_WORDS if _fits(erbb2=text, **plain))}


@cache
def _pool() -> tuple[SampleEvidence, ...]:
    """Four hundred samples, plain and odd: drawing one of them is quicker than drawing each of its words."""
    random = Random(1)
    pool = [sample(), sample(erbb2="AMP 22"), sample(KRAS="MUT G12D 30%"), sample(quarantined="wrong build")]
    while len(pool) < 400:
        specimen, purity = random.choice((TISSUE, TISSUE, CTDNA)), random.choice(_PURITIES)
        words = {
            # two of three are the first word, wild type or negative: else hardly any patient is negative throughout
            name: texts[0] if random.random() < 2 / 3 else random.choice(texts)
            for name, texts in _possible(specimen, purity).items()
        }
        pool.append(sample(specimen=specimen, purity=purity, **words))
    return tuple(pool)


_PATIENTS = (
    patient("PD", 60),
    patient("SD", 100),
    patient("PR", 270),
    patient("PR", 270, drug="panitumumab"),
    patient("SD", 270),
    patient("PR", None),
    patient("NE", 60),
    patient("PR", 270, last_dose_day=100),
)


@cache
def _blood(timepoint: Timepoint, words: str) -> HeregulinResult:
    return heregulin(timepoint, words)


@st.composite
def patients(draw: st.DrawFn, response: str | None = None) -> PatientEvidence:
    """Any patient: class, up to three samples before and after, heregulin."""
    people = _PATIENTS if response is None else [one for one in _PATIENTS if one.best_response == response]
    counts = st.integers(0, 3)
    taken = [
        _named(_pool()[draw(st.integers(0, 399))], timepoint, f"{timepoint}{i}")
        for timepoint in (PRE, POST)
        for i in range(draw(counts))
    ]
    blood = {t: _blood(t, text) for t in (PRE, POST) if (text := draw(st.sampled_from(_HRG_WORDS)))}
    return PatientEvidence(draw(st.sampled_from(people)), tuple(taken), blood)


def _named(one: SampleEvidence, timepoint: Timepoint, name: str) -> SampleEvidence:
    return replace(
        one,
        sample=name,
        timepoint=timepoint,
        genotypes=replace(one.genotypes, sample=name),
        erbb2=replace(one.erbb2, sample=name),
    )


configs = st.sampled_from(
    [
        {},
        {"axes": {"RAS": {"scope": "KRAS_only"}}},
        {"classes": {"stable_disease": "strict"}},
        {"classes": {"stable_disease": "paper", "stable_disease_days": None}},
    ]
)
some = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def check_invariants(one: PatientEvidence, found: Call) -> None:
    """What the rules promise of every call."""
    has_mechanism = found.status in CALLED
    verdicts = {axis: state.verdict for axis, state in found.axes.items()}
    assert found.why and all(found.why)
    assert bool(found.primary) == has_mechanism
    assert found.primary not in found.additional
    assert len(set(found.additional)) == len(found.additional)
    rated = has_mechanism or found.status is Status.NONE_DETECTED
    assert (found.confidence is not Confidence.NA) == rated
    judged = found.resistance_class in (ResistanceClass.DE_NOVO, ResistanceClass.ACQUIRED)
    assert judged == (found.status not in (Status.NOT_APPLICABLE, Status.DESCRIPTIVE))
    assert (found.status is Status.NOT_APPLICABLE) <= (one.patient.progression_day is None)
    if found.status is Status.NONE_DETECTED:
        assert verdicts == dict.fromkeys(Axis, Verdict.NEGATIVE)
        assert not found.missing and not found.additional
    if found.status is Status.INDETERMINATE:
        assert found.missing and not found.additional
    if has_mechanism:
        unusable = missing_axes(found)
        flags = [flag for flag in found.flags if flag.startswith("incomplete:")]
        assert [set(flag.removeprefix("incomplete:").split(",")) for flag in flags] == ([unusable] if unusable else [])
    if found.resistance_class is ResistanceClass.ACQUIRED and found.status is not Status.INDETERMINATE:
        assert found.judged_timepoint is POST
    if found.resistance_class is ResistanceClass.ACQUIRED and found.confidence is Confidence.HIGH and has_mechanism:
        assert found.origin is Origin.EMERGENT
    origins = {finding.label: finding.origin for finding in found.findings}
    counted = {found.primary, *found.additional} - {""}
    assert counted <= set(origins)
    if found.resistance_class is not ResistanceClass.ACQUIRED:
        assert not any(origins.values())
    for label in counted:
        assert origins[label] not in (Origin.PRE_EXISTING, Origin.LOST)
    for label, origin in origins.items():
        assert (f"PRE_EXISTING({label})" in found.annotated) == (origin is Origin.PRE_EXISTING)


@some
@given(patients(), configs)
def test_invariants_of_random_patients(one: PatientEvidence, config: dict[str, Any]) -> None:
    check_invariants(one, call(one, **config))


@some
@given(patients(), configs, st.randoms(use_true_random=False))
def test_the_order_of_samples_never_changes_a_call(one: PatientEvidence, config: dict[str, Any], random: Any) -> None:
    shuffled = list(one.samples)
    random.shuffle(shuffled)
    blood = dict(reversed(one.heregulin.items()))
    other = replace(one, samples=tuple(shuffled), heregulin=blood)
    assert everything_that_is_said(call(one, **config)) == everything_that_is_said(call(other, **config))


def _less(one: PatientEvidence, timepoint: Timepoint) -> list[PatientEvidence]:
    """The patient with one assay fewer at the time point: a sample, a gene of one, its copies, or the blood."""
    fewer = []
    for i, taken in enumerate(one.samples):
        if taken.timepoint is not timepoint:
            continue
        rest = one.samples[:i], one.samples[i + 1 :]
        fewer.append(replace(one, samples=(*rest[0], *rest[1])))
        unmeasured = replace(taken, erbb2=copies("NE technical", taken.erbb2.purity, sample=taken.sample))
        changed = [unmeasured]
        for gene in taken.genotypes.genes:
            genes = {name: found for name, found in taken.genotypes.genes.items() if name != gene}
            changed.append(replace(taken, genotypes=replace(taken.genotypes, genes=genes)))
        fewer += [replace(one, samples=(*rest[0], other, *rest[1])) for other in changed]
    fewer.append(replace(one, heregulin={t: result for t, result in one.heregulin.items() if t is not timepoint}))
    return fewer


@some
@given(patients(), configs)
def test_removing_an_assay_of_the_judged_time_point_never_creates_a_mechanism(
    one: PatientEvidence, config: dict[str, Any]
) -> None:
    whole = call(one, **config)
    before = {whole.primary, *whole.additional} - {""}
    assume(whole.judged_timepoint is not None)
    for part in _less(one, whole.judged_timepoint):
        found = call(part, **config)
        if found.judged_timepoint is whole.judged_timepoint:
            assert {found.primary, *found.additional} - {""} <= before


def _with_change(one: PatientEvidence) -> PatientEvidence:
    if set(one.heregulin) != {PRE, POST}:
        return one
    return replace(one, heregulin_change=change(one.heregulin[PRE], one.heregulin[POST], 0.10, 0.20))


@some
@given(patients(response="PR"))
def test_swapping_before_and_after_turns_emergent_into_lost(one: PatientEvidence) -> None:
    """Heregulin with its change tested: what rose beyond the reference change falls beyond it when swapped."""
    one = _with_change(one)
    found = call(one)
    swap = {PRE: POST, POST: PRE}
    other = PatientEvidence(
        one.patient,
        tuple(replace(taken, timepoint=swap[taken.timepoint]) for taken in one.samples),
        {swap[t]: replace(result, timepoint=swap[t]) for t, result in one.heregulin.items()},
    )
    swapped = call(_with_change(other))
    for finding in found.findings:
        axis = AXIS_OF.get(finding.mechanism)
        if finding.origin is Origin.EMERGENT and axis and swapped.axes:
            assert finding.label not in {swapped.primary, *swapped.additional}
            if swapped.axes[axis].verdict is Verdict.NEGATIVE:
                assert f"LOST({finding.label})" in swapped.annotated


def _measured_copies(value: float, purity: float) -> SampleEvidence:
    """A sample with so many copies, in whatever state the rules say it is."""
    for state in Erbb2:
        with contextlib.suppress(AssertionError):
            return sample(POST, erbb2=f"{state} {value:.3f}", purity=purity)
    raise AssertionError(f"no state has {value} copies at purity {purity}")


_ASCENDING = (Verdict.NEGATIVE, Verdict.NOT_USABLE, Verdict.POSITIVE)


@some
@given(st.tuples(st.floats(2, 40), st.floats(2, 40)).map(sorted), st.sampled_from([0.25, 0.4, 0.6, 0.9]))
def test_more_copies_never_weaken_the_call(copies_of: list[float], purity: float) -> None:
    """Property (c): from negative through equivocal to positive, never back."""
    few, many = (
        call(evidence(patient("PR", 270), [sample(), _measured_copies(value, purity)], pre="LOW 420", post="LOW 420"))
        for value in copies_of
    )
    order = [_ASCENDING.index(found.axes[Axis.ERBB2].verdict) for found in (few, many)]
    assert order == sorted(order)
    assert (few.primary == "ERBB2_AMP") <= (many.primary == "ERBB2_AMP")


@some
@given(st.tuples(st.floats(1, 4000), st.floats(1, 4000)).map(sorted))
def test_more_heregulin_never_weakens_the_call(values: list[float]) -> None:
    """Property (c), for the ligand."""
    few, many = (_called_with_heregulin(value) for value in values)
    order = [_ASCENDING.index(found.axes[Axis.HRG].verdict) for found in (few, many)]
    assert order == sorted(order)
    assert (few.primary == "HRG_HIGH") <= (many.primary == "HRG_HIGH")


def _called_with_heregulin(value: float) -> Call:
    for state in ("BLQ", "LOW", "EQUIVOCAL", "HIGH"):
        with contextlib.suppress(AssertionError):
            return call(evidence(patient(), [sample()], pre=f"{state} {value:.3f}"))
    raise AssertionError(f"no state has {value} pg/mL")


@some
@given(st.sampled_from(["KRAS", "NRAS", "BRAF"]), patients())
def test_a_gene_without_any_depth_is_never_wild_type(gene: str, one: PatientEvidence) -> None:
    """Property (f): where no sample read the gene, its axis is not usable, unless another gene of it is positive."""
    nothing = sample(**{gene: "not assessed"}).genotypes.genes[gene]
    unread = tuple(
        replace(taken, genotypes=replace(taken.genotypes, genes={**taken.genotypes.genes, gene: nothing}))
        for taken in one.samples
    )
    found = call(replace(one, samples=unread))
    axis = Axis.BRAF if gene == "BRAF" else Axis.RAS
    if found.axes:
        assert found.axes[axis].verdict is not Verdict.NEGATIVE
    assert found.status is not Status.NONE_DETECTED


@some
@given(patients(), configs)
def test_lost_needs_a_negative(one: PatientEvidence, config: dict[str, Any]) -> None:
    found = call(one, **config)
    for mechanism, axis in AXIS_OF.items():
        if any(note.startswith(f"LOST({mechanism}") for note in found.annotated):
            assert found.axes[axis].verdict is not Verdict.NOT_USABLE


# Every combination of axis states, classes and time points -----------------------------------------------------------

_STATES = (Verdict.POSITIVE, Verdict.NEGATIVE, Verdict.NOT_USABLE)
_AXIS_WORDS = {
    Axis.RAS: ("KRAS", ("MUT G12D 30%", "WT", "NO_CALL; all at 20x")),
    Axis.BRAF: ("BRAF", ("MUT V600E 30%", "WT", "NO_CALL; all at 20x")),
    Axis.ERBB2: ("erbb2", ("AMP 22", "NEG", "EQUIVOCAL 4.6")),
}
_LABELS = {
    Axis.RAS: "RAS_MUT(KRAS G12D)",
    Axis.BRAF: "BRAF_CLASS1(V600E)",
    Axis.ERBB2: "ERBB2_AMP",
    Axis.HRG: "HRG_HIGH",
}
_HRG = dict(zip(_STATES, ("HIGH 2900", "LOW 420", "MISSING"), strict=True))
_PEOPLE = {
    ResistanceClass.DE_NOVO: patient("PD", 60),
    ResistanceClass.ACQUIRED: patient("PR", 270),
    ResistanceClass.NOT_RESISTANT: patient("PR", None),
    ResistanceClass.NOT_EVALUABLE: patient("PR", 270, last_dose_day=100),
}
Verdicts = dict[Axis, Verdict]


@cache
def _taken(timepoint: Timepoint, states: tuple[Verdict, ...]) -> SampleEvidence:
    words = {
        name: texts[_STATES.index(state)] for (name, texts), state in zip(_AXIS_WORDS.values(), states, strict=True)
    }
    return sample(timepoint, purity=0.45, **words)


@dataclass(frozen=True)
class Wanted:
    status: Status
    primary: str
    additional: tuple[str, ...]
    confidence: Confidence
    origin: Origin | None


def wanted(resistance: ResistanceClass, pre: Verdicts | None, post: Verdicts | None) -> Wanted:
    """The rules' "Join" for clonal findings of one specimen type, written anew."""
    if resistance is ResistanceClass.NOT_RESISTANT:
        return Wanted(Status.NOT_APPLICABLE, "", (), Confidence.NA, None)
    is_acquired = resistance is ResistanceClass.ACQUIRED
    late = post if is_acquired or resistance is ResistanceClass.NOT_EVALUABLE or pre is None else pre
    judged = (pre if late is None and not is_acquired else late) or {}
    positive = [axis for axis in Axis if judged.get(axis) is Verdict.POSITIVE]
    if resistance is ResistanceClass.NOT_EVALUABLE:
        return Wanted(Status.DESCRIPTIVE, "", tuple(_LABELS[axis] for axis in positive), Confidence.NA, None)
    origins: dict[Axis, Origin | None] = dict.fromkeys(Axis)
    if is_acquired:
        known = {
            Verdict.POSITIVE: Origin.PRE_EXISTING,
            Verdict.NEGATIVE: Origin.EMERGENT,
            Verdict.NOT_USABLE: Origin.ORIGIN_UNRESOLVED,
        }
        origins = {axis: known[(pre or {}).get(axis, Verdict.NOT_USABLE)] for axis in Axis}
    counted = [axis for axis in positive if origins[axis] is not Origin.PRE_EXISTING]
    if not counted:
        nothing = not positive and all(judged.get(axis) is Verdict.NEGATIVE for axis in Axis)
        if not nothing:
            return Wanted(Status.INDETERMINATE, "", (), Confidence.NA, None)
        sure = Confidence.MODERATE if not is_acquired and judged is not pre else Confidence.HIGH
        return Wanted(Status.NONE_DETECTED, "", (), sure, None)
    first = counted[0]
    causes = {Axis.ERBB2 if axis is Axis.HRG else axis for axis in counted}
    sure = Confidence.HIGH
    if first is Axis.HRG or (not is_acquired and judged is not pre):
        sure = Confidence.MODERATE
    if origins[first] is Origin.ORIGIN_UNRESOLVED:
        sure = Confidence.LOW
    status = Status.MULTIPLE if len(causes) > 1 else Status.MECHANISM
    return Wanted(status, _LABELS[first], tuple(_LABELS[axis] for axis in counted[1:]), sure, origins[first])


def _every_time_point() -> list[tuple[Verdict, ...] | None]:
    return [None, *product(_STATES, repeat=4)]


@pytest.mark.parametrize("resistance", list(ResistanceClass))
def test_every_combination(resistance: ResistanceClass) -> None:
    """82 x 82 patients per class: each axis positive, negative or not usable, each time point there or not."""
    for pre, post in product(_every_time_point(), repeat=2):
        given = {PRE: pre, POST: post}
        one = PatientEvidence(
            _PEOPLE[resistance],
            tuple(_taken(t, states[:3]) for t, states in given.items() if states),
            {t: _blood(t, _HRG[states[3]]) for t, states in given.items() if states},
        )
        found = call_patient(one, RULES)
        assert found.resistance_class is resistance
        check_invariants(one, found)
        got = Wanted(found.status, found.primary, found.additional, found.confidence, found.origin)
        named = {t: dict(zip(Axis, states, strict=True)) if states else None for t, states in given.items()}
        assert got == wanted(resistance, named[PRE], named[POST]), (resistance, pre, post, found.why)
