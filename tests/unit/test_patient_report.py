import re
from dataclasses import replace
from pathlib import Path

from tests.unit.mechanism_cases import POST, PRE, RULES, evidence, patient, sample

from cetux import patient_report
from cetux.cohort_calls import PatientCall, call_cohort
from cetux.states import Erbb2
from cetux.what_if import WhatIf

ATTACK = "<img src=x onerror=alert(1)>"


def called() -> PatientCall:
    samples = [sample(PRE), sample(POST, erbb2="AMP 22")]
    one = evidence(patient("PR", 300), samples, pre="LOW 420", post="LOW 430")
    return call_cohort([one], RULES).patients[0]


def page_of(one: PatientCall) -> str:
    return " ".join(patient_report.patient_page(one, ["AMP holds down to purity 0.2"], [], []).split())


def test_the_page_gives_call_evidence_limits_flips_and_annotation() -> None:
    page = page_of(called())
    for text in (
        "Research use only",
        "ERBB2_AMP",
        "AMP holds down to purity 0.2",
        "95 % ",
        "would have seen",
        "excludes VAF",
        "reported as associated with resistance",
        "entered 2026-",
        "cetux 0.",
    ):
        assert text in page, text
    assert "resistant to" not in page


def test_evidence_stands_by_time_point_and_sample() -> None:
    rows = patient_report.evidence_rows(called())
    assert [row[:4] for row in rows if row[0] == "ERBB2 copies"] == [
        ("ERBB2 copies", "pre", "pre-tissue (tissue)", "NEG"),
        ("ERBB2 copies", "post", "post-tissue (tissue)", "AMP"),
    ]
    assert [(row[1], row[3], row[4]) for row in rows if row[0] == "HRG"] == [
        ("pre", "LOW", "420 pg/mL"),
        ("post", "LOW", "430 pg/mL"),
    ]


def test_a_sample_that_is_not_usable_gives_its_reason_and_no_number() -> None:
    one = call_cohort([evidence(patient(), [sample(quarantined="it is truncated")])], RULES).patients[0]
    (row,) = patient_report.evidence_rows(one)
    assert row == ("all", "pre", "pre-tissue (tissue)", "not usable", "", "it is truncated")


def test_every_value_is_escaped() -> None:
    one = called()
    call = replace(
        one.call, primary="RAS_MUT(KRAS <b>)", why=(ATTACK,), missing=(ATTACK,), flags=(ATTACK,), patient=ATTACK
    )
    hostile = replace(one, call=call, samples=tuple(replace(s, sample=ATTACK) for s in one.samples))
    page = patient_report.patient_page(hostile, [ATTACK], [], [])
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") >= 6


def test_pages_are_written_with_their_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "post-tissue.svg"
    picture.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    calls = call_cohort([evidence(patient(), [sample(POST)], post="LOW 420")], RULES)
    patient_report.write_pages(calls, WhatIf((), {}), [str(picture)], [], ["post-tissue"], str(tmp_path / "pages"))
    page = (tmp_path / "pages/P1.html").read_text(encoding="utf-8")
    assert re.search(r'<img class="white" src="data:image/svg\+xml;base64,\w+', page)
    assert 'href="../reads/post-tissue.html"' in page
    assert "No threshold in its plausible range changes this call." in page
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["P1.html"]


def test_the_purity_at_which_the_copies_flip_is_said() -> None:
    one = called()
    samples = tuple(
        replace(s, erbb2=replace(s.erbb2, flip_below_purity=0.22, flip_below_state=Erbb2.EQUIVOCAL))
        for s in one.samples
    )
    assert patient_report.purity_flips(replace(one, samples=samples)) == [
        "ERBB2 of post-tissue: AMP holds down to purity 0.22 (stated 0.60); below it is EQUIVOCAL"
    ]
    assert patient_report.purity_flips(one) == []
