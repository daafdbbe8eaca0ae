"""What a reader does with the pages of the finished demo, and with a cohort of a thousand."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cetux import report
from cetux.cohort_calls import CohortCalls
from cetux.heregulin_calls import HeregulinCalls
from cetux.pictures import Chart
from cetux.statistics_records import CohortStatistics
from tests.browser.conftest import Watched
from tests.unit.test_tables import CALL, SAMPLE, cohort_calls

HOSTILE = "<img src=x onerror=\"document.title='taken'\">"
COLOURS_OF_THE_READS = """() => {
  const shadows = [...document.querySelectorAll("#reads, #reads *")].map((one) => one.shadowRoot).filter(Boolean);
  const canvases = shadows.flatMap((one) => [...one.querySelectorAll(".igv-viewport canvas")]);
  const tallest = canvases.filter((one) => one.width).sort((a, b) => b.height - a.height)[0];
  if (!tallest) return 0;
  const pixels = new Uint32Array(
    tallest.getContext("2d").getImageData(0, 0, tallest.width, tallest.height).data.buffer
  );
  return new Set(pixels).size;
}"""
"""Colours of the tallest track, that of the reads: a bare one has one colour, or two with its centre guide."""
WHAT_IF = Chart("what-if", "What if", "nothing moves", "<svg></svg>", ("threshold",), ())


@pytest.fixture(scope="session")
def pages(finished: Path) -> Path:
    return finished / "results/report"


def test_the_cohort_page_opens_quietly_and_alone(watched: Watched, pages: Path) -> None:
    page = watched.open(pages / "index.html")
    assert page.locator("table.sortable tbody tr").count() == 9
    assert page.locator("figure svg").count() >= 7
    assert (watched.complaints, watched.over_the_network) == ([], [])
    assert watched.serious() == []


def test_every_patient_page_opens_quietly_and_alone(watched: Watched, pages: Path) -> None:
    every = sorted((pages / "patients").glob("*.html"))
    assert len(every) == 9
    for path in every:
        page = watched.open(path)
        assert "Research use only" in page.inner_text("header")
        assert path.stat().st_size < 1_500_000
    assert (watched.complaints, watched.over_the_network) == ([], [])
    assert watched.serious() == []


def test_a_reads_page_draws_its_reads_quietly_and_alone(watched: Watched, pages: Path) -> None:
    """igv.js, which stands beside the page, draws the fragments over the allele that was called."""
    page = watched.open(pages / "reads/P01_KRAS_pre.html")
    page.wait_for_function(f"({COLOURS_OF_THE_READS})() > 10", timeout=20_000)
    assert page.locator("button[data-site]").all_inner_texts() == ["KRAS G12D"]
    assert (watched.complaints, watched.over_the_network) == ([], [])
    assert [Path(url).name for url in watched.requests if url.startswith("file:")] == [
        "P01_KRAS_pre.html",
        "igv.min.js",
    ]
    assert watched.serious() == []


def test_a_reads_page_without_a_change_says_so(watched: Watched, pages: Path) -> None:
    page = watched.open(pages / "reads/P07_NONE_pre.html")
    assert "No reads are drawn: no change was called" in page.inner_text("main")
    assert page.locator("#reads").count() == 0
    assert (watched.complaints, watched.over_the_network) == ([], [])


def test_the_table_sorts_filters_and_leads_to_a_patient(watched: Watched, pages: Path) -> None:
    page = watched.open(pages / "index.html")
    first = "table.sortable tbody tr:first-child th"
    patient = page.get_by_role("button", name="Patient", exact=True)
    patient.click()
    assert page.inner_text(first) == "P01_KRAS"
    patient.click()
    assert page.inner_text(first) == "P09_PURITY"
    assert page.locator("table.sortable th[aria-sort='descending']").count() == 1
    page.get_by_label("Search the calls").fill("erbb2_amp acquired")
    visible = page.locator("table.sortable tbody tr:visible")
    assert visible.count() == 1
    assert page.inner_text("#count") == "1 of 9 patients"
    visible.get_by_role("link").click()
    page.wait_for_url("**/patients/P04_ERBB2.html")
    assert "ERBB2" in page.inner_text(".call")
    page.get_by_role("link", name="All patients").click()
    page.wait_for_url("**/index.html")


def test_the_table_sorts_by_the_keyboard(watched: Watched, pages: Path) -> None:
    page = watched.open(pages / "index.html")
    page.get_by_role("button", name="Confidence").focus()
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort='ascending']").inner_text().startswith("Confidence")


def test_the_page_follows_the_colour_scheme(browser: Browser, pages: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto((pages / "index.html").resolve().as_uri())
        seen[scheme] = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        letters = page.evaluate("() => getComputedStyle(document.querySelector('figure svg text')).fill")
        assert letters == page.evaluate("() => getComputedStyle(document.body).color")
        page.close()
    assert seen["light"] == "rgb(255, 255, 255)"
    assert seen["dark"] != seen["light"]


def test_a_patient_page_prints_on_a4(browser: Browser, pages: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "patients/P04_ERBB2.html").resolve().as_uri())
    printed = tmp_path / "patient.pdf"
    page.pdf(path=printed, prefer_css_page_size=True)
    page.close()
    text = printed.read_bytes()
    assert b"/MediaBox [0 0 594.95996 841.91998]" in text or b"/MediaBox [0 0 595 842]" in text, text[:2000]


def test_hostile_names_stay_text(watched: Watched, tmp_path: Path) -> None:
    call = replace(CALL, patient=HOSTILE, primary=HOSTILE, why=(HOSTILE,), flags=(HOSTILE,), annotated=(HOSTILE,))
    calls = cohort_calls(call, replace(SAMPLE, sample=HOSTILE))
    path = tmp_path / "index.html"
    path.write_text(cohort_page(calls), encoding="utf-8")
    page = watched.open(path)
    assert HOSTILE in page.inner_text("table.sortable")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() == "Cetuximab resistance mechanisms"
    assert watched.complaints == []


def test_a_thousand_patients_render_within_three_seconds(browser: Browser, tmp_path: Path) -> None:
    (one,) = cohort_calls().patients
    many = CohortCalls(tuple(replace(one, call=replace(CALL, patient=f"P{n:04}")) for n in range(1000)))
    path = tmp_path / "index.html"
    path.write_text(cohort_page(many), encoding="utf-8")
    page = browser.new_page()
    began = time.perf_counter()
    page.goto(path.resolve().as_uri(), wait_until="load")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    took = time.perf_counter() - began
    assert page.locator("table.sortable tbody tr").count() == 1000
    page.close()
    assert took < 3.0


def cohort_page(calls: CohortCalls) -> str:
    """The page of made-up calls."""
    nothing = CohortStatistics(0, (), (), (), ())
    return report.cohort_page(calls, report.Told(HeregulinCalls((), (), {}), nothing, WHAT_IF, report.Table((), ())))
