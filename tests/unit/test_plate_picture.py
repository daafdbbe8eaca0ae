"""The picture of a plate: all its parts, the same bytes every time, also of a plate that failed."""

import re
from dataclasses import replace
from xml.etree import ElementTree

from tests.unit.plate_builders import LIMITS
from tests.unit.test_plates import run, sample_rows, standard_rows

from cetux.plate_picture import plate_svg

SAMPLES = {"P01:pre": (500.0, 520.0), "P02:pre": (20.0, 20.0), "P03:pre": (5000.0, 5200.0)}
CONTROL = "1,H11,0.9,qc,,POOL,,"


def ids(svg: str) -> set[str]:
    return {element.get("id", "") for element in ElementTree.fromstring(svg).iter()}


def test_points_curve_limits_and_unknowns(tmp_path):
    record = run(tmp_path, [*standard_rows(), *sample_rows(SAMPLES), CONTROL])
    svg = plate_svg(record, record.results[0])
    assert ids(svg) >= {"curve", "limit-lower", "limit-upper", "standards", "samples", "controls"}
    assert "samples-<-62.5" in ids(svg)
    assert "samples->-4000" in ids(svg)
    assert ">RUN1, plate 1 (1): accepted<" in svg
    assert "mathdefault" not in svg
    assert ">1000<" in svg


def test_the_same_plate_gives_the_same_bytes(tmp_path):
    record = run(tmp_path, [*standard_rows(), *sample_rows(SAMPLES)])
    first, second = (plate_svg(record, record.results[0]) for _ in range(2))
    assert first == second
    assert not re.search(r"\d{4}-\d\d-\d\d|<dc:date|<dc:creator", first)


def test_a_failed_plate_is_drawn_with_its_reasons(tmp_path):
    record = run(tmp_path, [*standard_rows(), *sample_rows(SAMPLES)], limits=replace(LIMITS, min_levels=9))
    svg = plate_svg(record, record.results[0])
    assert "FAILED" in svg
    assert "7 levels of standards inside the limits of quantification, 9 are needed" in svg


def test_a_plate_without_a_curve_is_drawn_too(tmp_path):
    record = run(tmp_path, [*standard_rows()[:6], *sample_rows(SAMPLES)])
    svg = plate_svg(record, record.results[0])
    assert "standards" in ids(svg)
    assert "curve" not in ids(svg)
    empty = run(tmp_path, ["1,A1,,standard,0,,,"])
    assert "the plate is empty" in plate_svg(empty, empty.results[0])
