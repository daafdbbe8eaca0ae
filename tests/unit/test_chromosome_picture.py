"""The picture of chromosome 17: all its parts, the same bytes every time, also of a sample that failed."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from tests.unit.test_amplification import LOCUS, RULES, SEGMENTS, call, cnr_frame, tumour

from cetux.amplification import Tumour
from cetux.chromosome_picture import chromosome_svg
from cetux.gene_bins import Bins


def picture(frame: pd.DataFrame, of: Tumour | None = None, segments: pd.DataFrame = SEGMENTS) -> str:
    return chromosome_svg(Bins(frame, segments, frame), call(frame, of), LOCUS, RULES)


def ids(svg: str) -> list[str]:
    return [element.get("id", "") for element in ElementTree.fromstring(svg).iter()]


def points(svg: str, name: str) -> int:
    """Markers in a group."""
    group = next(element for element in ElementTree.fromstring(svg).iter() if element.get("id") == name)
    return sum(1 for element in group.iter() if element.tag.endswith("}use"))


def test_all_parts_stand_there() -> None:
    svg = picture(cnr_frame(erbb2=2.0, noise=0.05))
    assert set(ids(svg)) >= {"excluded", "ERBB2", "controls", "other-targets", "segment", "threshold", "reason"}
    assert (points(svg, "ERBB2"), points(svg, "controls"), points(svg, "other-targets")) == (30, 36, 18)
    assert ">S1: ERBB2 AMP<" in svg
    assert (
        ">6 copies at purity 0.5<" in svg and ">4 copies at purity 0.25<" in svg
    )  # half of it, where a negative is judged


def test_a_long_reason_is_not_cut() -> None:
    svg = picture(cnr_frame(noise=0.05), tumour(0.9))
    words = " ".join("".join(element.itertext()) for element in ElementTree.fromstring(svg).iter())
    assert "far above" in words and " it" in words and "6 copies and 3 above the ploidy" in words


def test_a_threshold_above_the_picture_is_said() -> None:
    assert "above)<" in picture(cnr_frame(), tumour(1.0, 1.0))


def test_unknown_purity_shows_observed_copies() -> None:
    svg = picture(cnr_frame(erbb2=1.0), tumour(None))
    assert ">6 observed copies<" in svg and "at purity" not in svg


@pytest.mark.parametrize("empty", [True, False])
def test_a_sample_that_is_not_evaluable_is_drawn_with_its_reason(empty: bool) -> None:
    frame = cnr_frame()
    frame = frame.iloc[:0] if empty else frame[frame["gene"] != "ERBB2"]
    svg = picture(frame, segments=SEGMENTS.iloc[:0])
    assert "S1: ERBB2 NE" in svg and "bins kept" in svg
    assert "ERBB2" not in ids(svg)


def test_the_same_bins_give_the_same_bytes() -> None:
    first, second = (picture(cnr_frame(erbb2=1.0)) for _ in range(2))
    assert first == second
    assert not re.search(r"\d{4}-\d\d-\d\d|<dc:date|<dc:creator", first)


def test_a_genome_of_bins_stays_a_small_file() -> None:
    frame = cnr_frame(noise=0.05)
    many = pd.DataFrame({"start": range(0, 15_000_000, 500)}).assign(chromosome="chr17", gene="-", log2=0.0)
    many = many.assign(end=many["start"] + 400, depth=100.0, weight=1.0)
    svg = picture(pd.concat([frame, many], ignore_index=True))
    assert points(svg, "other-targets") == 2_000
    assert points(svg, "ERBB2") == 30
