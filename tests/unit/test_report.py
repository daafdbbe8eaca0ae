import re
from dataclasses import replace

import pytest
from tests.unit.test_tables import CALL, SAMPLE, cohort_calls

from cetux.cohort_calls import CohortCalls
from cetux.counts import Usable
from cetux.heregulin_calls import HeregulinCalls
from cetux.pictures import Chart
from cetux.report import Told, changed_calls, cohort_page
from cetux.states import Status
from cetux.statistics_records import CohortStatistics

ATTACK = '<img src=x onerror=alert(1)>&"'
NOTHING_CHANGED = "patient\tevent\tbecause\n001\tNEW\t\n"
WHAT_IF = Chart("what-if", "What if", "nothing moves", "<svg></svg>", ("threshold",), ())


def page_of(calls: CohortCalls, changes: str = NOTHING_CHANGED) -> str:
    nothing = CohortStatistics(0, (), (), (), ())
    return cohort_page(calls, Told(HeregulinCalls((), (), {}), nothing, WHAT_IF, changed_calls(changes)))


def test_page_shows_every_patient_with_its_call() -> None:
    page = page_of(cohort_calls())
    for text in ("001", "MULTIPLE", "RAS_MUT(KRAS G12D)", "EMERGENT", "MULTIPLE 1.", 'href="patients/001.html"'):
        assert text in " ".join(page.split()), text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.INDETERMINATE, "not called"),
        (Status.NONE_DETECTED, "none detected"),
        (Status.NOT_APPLICABLE, "not judged"),
    ],
)
def test_a_call_without_a_primary_mechanism_says_why(status: Status, said: str) -> None:
    page = page_of(cohort_calls(replace(CALL, status=status, primary="", origin=None, axes={})))
    row = page[page.index('<th scope="row">') :]
    assert f"<td>{said}</td>" in row[: row.index("not judged</td>", row.index(f"{said}</td>")) + 20]
    assert "<td>none</td>" not in page


def test_axis_that_was_not_judged_says_so() -> None:
    page = page_of(cohort_calls())
    assert page.count("<td>not judged</td>") == 2
    assert page.count("<td>NOT_USABLE</td>") == 1


def test_page_needs_nothing_from_elsewhere() -> None:
    page = page_of(cohort_calls())
    links = set(re.findall(r"(?:src|href)\s*=\s*\"([^\"]*)", page))
    assert {link for link in links if not link.startswith(("#", "data:"))} == {"patients/001.html"}
    assert not re.search(r"@import|url\((?!#)", page)
    assert "Research use only" in page


def test_every_value_is_escaped() -> None:
    call = replace(CALL, patient=ATTACK, primary=ATTACK, additional=(ATTACK,), annotated=(ATTACK,))
    bad = replace(SAMPLE, sample=ATTACK, usable=Usable(False, ATTACK, ATTACK))
    page = page_of(cohort_calls(call, bad), f"patient\tevent\tbecause\n{ATTACK}\tCHANGED\t{ATTACK}\n")
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") >= 8


def test_unusable_samples_are_listed_with_the_remedy() -> None:
    bad = replace(SAMPLE, usable=Usable(False, "it is truncated", "Copy it again"))
    page = page_of(cohort_calls(CALL, bad))
    assert "it is truncated. Copy it again." in page
    assert "could not be used" not in page_of(cohort_calls())
    mixed = replace(SAMPLE.genotypes, usable=Usable(False, "contaminated: 6.1 % foreign DNA", "Sequence it again"))
    page = page_of(cohort_calls(CALL, replace(SAMPLE, genotypes=mixed)))
    assert f"<strong>{SAMPLE.sample}, genotypes</strong>: contaminated: 6.1 % foreign DNA. Sequence it again." in page


def test_cohort_without_patients_has_a_page() -> None:
    page = page_of(CohortCalls(()))
    assert "0 patients" in page
    assert "No curve: no group of at least three" in page


def test_every_chart_has_its_words_and_its_table() -> None:
    page = page_of(cohort_calls())
    figures = re.findall(r"<figure id=.*?</figure>", page, re.DOTALL)
    assert len(figures) == 7
    for figure in figures:
        assert re.search(r'role="img" aria-label="[^"]{10,}"', figure)
        assert "<figcaption>" in figure
        assert "<table>" in figure


def test_the_same_calls_make_the_same_page() -> None:
    assert page_of(cohort_calls()) == page_of(cohort_calls())


def test_a_first_call_is_no_change() -> None:
    text = "patient\tevent\tbecause\nP1\tNEW\t\nP2\tCHANGED\terbb2.amp_copies 6 to 5\nP3\tREMOVED\t\n"
    assert [row[0] for row in changed_calls(text).rows] == ["P2", "P3"]
    assert "erbb2.amp_copies 6 to 5" in page_of(cohort_calls(), text)


@pytest.mark.parametrize("count", [1, 80])
def test_the_methods_name_numbers_and_versions(count: int) -> None:
    (patient,) = cohort_calls().patients
    page = " ".join(page_of(CohortCalls((patient,) * count)).split())
    assert f"mechanisms of {count} patients ({count} tumour samples) were called with cetux " in page
    assert re.search(r"CNVkit 0\.\d+\.\d+", page)
    assert "Heregulin was not assessed." in page
