import re
from dataclasses import replace

from tests.unit.test_tables import CALL, SAMPLE, cohort_calls

from cetux.cohort_calls import CohortCalls
from cetux.counts import Usable
from cetux.heregulin_calls import HeregulinCalls
from cetux.report import cohort_page

ATTACK = "<script>alert('x')</script>&\""


def page_of(calls: CohortCalls) -> str:
    return cohort_page(calls, HeregulinCalls((), (), {}), [])


def test_page_shows_every_patient_with_its_call() -> None:
    page = page_of(cohort_calls())
    for text in ("001", "MULTIPLE", "RAS_MUT(KRAS G12D)", "EMERGENT", "BRAF: no sample", "MULTIPLE 1."):
        assert text in " ".join(page.split()), text


def test_axis_that_was_not_judged_says_so() -> None:
    page = page_of(cohort_calls())
    assert page.count("<td>not judged</td>") == 2
    assert page.count("<td>NOT_USABLE</td>") == 1


def test_page_needs_nothing_from_elsewhere() -> None:
    page = page_of(cohort_calls())
    assert not re.search(r"(?:src|href)\s*=|@import|url\(", page)
    assert "Research use only" in page


def test_every_value_is_escaped() -> None:
    call = replace(CALL, patient=ATTACK, primary=ATTACK, why=(ATTACK,), missing=(ATTACK,), flags=(ATTACK,))
    bad = replace(SAMPLE, sample=ATTACK, usable=Usable(False, ATTACK, ATTACK))
    page = page_of(cohort_calls(call, bad))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_unusable_samples_are_listed_with_the_remedy() -> None:
    bad = replace(SAMPLE, usable=Usable(False, "it is truncated", "Copy it again"))
    page = page_of(cohort_calls(CALL, bad))
    assert "it is truncated. Copy it again." in page
    assert "could not be used" not in page_of(cohort_calls())


def test_cohort_without_patients_has_a_page() -> None:
    assert "0 patients" in page_of(CohortCalls(()))
