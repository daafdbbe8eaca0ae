"""Controls, pairs and units over several plates, by hand arithmetic."""

import math

import pytest
from tests.unit.plate_builders import SPECIFICATION_CURVE

from cetux.measurement import Measurement
from cetux.plate_cohort import (
    by_plate,
    cohort_measurements,
    levey_jennings,
    plate_factors,
    split_pairs,
    unit_jumps,
)
from cetux.plate_quality import QcCheck, Replicates
from cetux.plate_records import PlateFileRecord, PlateResult, SampleResult
from cetux.states import Timepoint

PRE, POST = Timepoint.PRE, Timepoint.POST


def control(name: str, value: float | None) -> QcCheck:
    return QcCheck(name, None, value, None, None, 2, None)


def sample(patient: str, timepoint: Timepoint, value: float | None, **fields: object) -> SampleResult:
    chosen = None if value is None else Replicates(1.0, 2, value, cv_fraction=0.05, **fields)
    return SampleResult(f"{patient}:{timepoint}", patient, timepoint, chosen, "" if chosen else "plate failed")


def censored(patient: str, timepoint: Timepoint, sign: str, limit: float) -> SampleResult:
    chosen = Replicates(1.0, 2, None, sign, limit)
    return SampleResult(f"{patient}:{timepoint}", patient, timepoint, chosen)


def plate(number: int = 1, controls=(), samples=(), failures: tuple[str, ...] = ()) -> PlateResult:
    return PlateResult(
        number,
        f"plate {number}",
        failures,
        SPECIFICATION_CURVE,
        62.5,
        4000.0,
        controls=tuple(controls),
        samples=tuple(samples),
    )


def record(plates: str, *results: PlateResult, run_date: str = "", matrix: str = "plasma") -> PlateFileRecord:
    return PlateFileRecord(plates, f"{plates}.txt", "DuoSet", matrix, 62.5, 4000.0, run_date, "", results)


def test_levey_jennings_by_hand():
    """500, 600, 700: mean 600, sd 100; z -1, 0, 1. The failed plate is shown, and placed, but does not count."""
    records = [
        record("C", plate(controls=[control("POOL", 700.0)]), run_date="2024-03-01"),
        record("A", plate(controls=[control("POOL", 500.0)]), run_date="2024-01-01"),
        record("F", plate(controls=[control("POOL", 900.0)], failures=("x",)), run_date="2024-04-01"),
        record("B", plate(controls=[control("POOL", 600.0), control("LOW", None)]), run_date="2024-02-01"),
        record("S", plate(controls=[control("POOL", 9.0)]), run_date="2024-02-01", matrix="serum"),
    ]
    rows = [row for row in levey_jennings(records) if row.matrix == "plasma"]
    assert [(row.plates, row.value_pg_per_ml, row.z) for row in rows] == [
        ("A", 500.0, -1.0),
        ("B", 600.0, 0.0),
        ("C", 700.0, 1.0),
        ("F", 900.0, 3.0),
    ]
    assert {(row.mean_pg_per_ml, row.sd_pg_per_ml) for row in rows} == {(600.0, 100.0)}
    assert [row.accepted for row in rows] == [True, True, True, False]


def test_two_plates_have_a_mean_but_no_z():
    rows = levey_jennings(
        [record(name, plate(controls=[control("POOL", x)])) for name, x in (("A", 400.0), ("B", 600.0))]
    )
    assert [(row.mean_pg_per_ml, row.z) for row in rows] == [(500.0, None), (500.0, None)]
    (row,) = levey_jennings([record("A", plate(controls=[control("POOL", 400.0)]))])
    assert row.mean_pg_per_ml is None


def test_plate_factors_by_hand():
    """POOL 400 and 900: geometric mean 600, ratios 2/3 and 3/2; LOW 100 and 100: 1. Factors sqrt(2/3) and sqrt(3/2)."""
    records = [
        record("A", plate(controls=[control("POOL", 400.0), control("LOW", 100.0)])),
        record("B", plate(controls=[control("POOL", 900.0), control("LOW", 100.0), control("ALONE", 5.0)])),
        record("F", plate(controls=[control("POOL", 9000.0)], failures=("x",))),
    ]
    first, second = plate_factors(records)
    assert (first.factor, second.factor) == (pytest.approx(math.sqrt(2 / 3)), pytest.approx(math.sqrt(3 / 2)))
    assert second.controls == ("LOW", "POOL")
    only_low = plate_factors(records, ["LOW"])
    assert [factor.factor for factor in only_low] == [pytest.approx(1.0), pytest.approx(1.0)]


def test_a_plate_without_a_shared_control_has_no_factor():
    records = [record("A", plate(controls=[control("POOL", 400.0)])), record("B", plate())]
    assert [factor.factor for factor in plate_factors(records)] == [None, None]


def test_a_pair_on_one_plate_is_not_split():
    records = [record("A", plate(samples=[sample("P01", PRE, 400.0), sample("P01", POST, 2900.0)]))]
    assert split_pairs(records, plate_factors(records)) == []
    assert all(m.flags == () for m in cohort_measurements(records))


def test_a_pair_over_two_plates_with_and_without_a_bridge():
    apart = [
        record("A", plate(samples=[sample("P01", PRE, 400.0)])),
        record("B", plate(samples=[sample("P01", POST, 2900.0), sample("P02", POST, 1.0)])),
    ]
    assert [m.flags for m in cohort_measurements(apart) if m.patient == "P01"] == [("pair_split_without_bridge",)] * 2
    assert [m.flags for m in cohort_measurements(apart) if m.patient == "P02"] == [()]
    bridged = [
        record("A", plate(controls=[control("POOL", 500.0)], samples=[sample("P01", PRE, 400.0)])),
        record("B", plate(controls=[control("POOL", 600.0)], samples=[sample("P01", POST, 2900.0)])),
    ]
    (pair,) = split_pairs(bridged, plate_factors(bridged))
    assert (pair.pre, pair.post, pair.bridged, pair.ratio) == (("A", 1), ("B", 1), True, pytest.approx(1.2))
    flag = "pair_split_bridged: post's plate reads 1.20 of pre's"
    assert [m.flags for m in cohort_measurements(bridged)] == [(flag,), (flag,)]


def test_two_plates_of_one_file_are_two_plates():
    records = [record("A", plate(1, samples=[sample("P01", PRE, 400.0)]), plate(2, samples=[sample("P01", POST, 1.0)]))]
    assert len(split_pairs(records, plate_factors(records))) == 1


def test_of_several_measurements_the_one_with_a_value_counts():
    records = [
        record("D", plate(samples=[sample("P01", PRE, 777.0)]), run_date="2024-04-01"),
        record("A", plate(samples=[sample("P01", PRE, None)], failures=("x",)), run_date="2024-01-01"),
        record("B", plate(samples=[censored("P01", PRE, ">", 4000.0)]), run_date="2024-02-01"),
        record("C", plate(samples=[sample("P01", PRE, 6000.0)]), run_date="2024-03-01"),
    ]
    (measurement,) = cohort_measurements(records)
    assert measurement.value_pg_per_ml == 6000.0
    assert measurement.flags == ("measured_on_plates: 4",)
    (failed,) = cohort_measurements(records[1:2])
    assert failed.qc_failure == "plate failed"


def measured(*values: float, assay: str = "DuoSet") -> list[Measurement]:
    return [Measurement(f"P{i}", PRE, "plasma", assay, "", value, 1.0, 1e9) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("one", "other", "jumps"),
    [
        ((400, 500, 900), (400_000, 500_000, 900_000), 1),
        ((400, 500, 900), (0.4, 0.5, 0.9), 1),
        ((400, 500, 900), (40_000, 50_000, 90_000), 0),  # a hundredfold: plates of other patients, or a hook
        ((400, 500, 900), (500_000, 500_000), 0),  # two values are patients, not a plate
        ((400, 500, 900), (300, 500, 800), 0),
    ],
)
def test_a_thousandfold_jump_is_an_error_of_unit(one, other, jumps):
    problems = unit_jumps({"RUN1 plate 1": measured(*one), "RUN2 plate 1": measured(*other)}, "plates.tsv")
    assert len(problems) == jumps
    for problem in problems:
        assert "RUN1 plate 1" in problem.wrong
        assert "ng/mL taken for pg/mL" in problem.mend


def test_other_assays_may_lie_a_thousandfold_apart():
    """Healthy values of published assays do (specification 3.1)."""
    groups = {"A": measured(300, 310, 320), "B": measured(300_000, 310_000, 320_000, assay="in-house")}
    assert unit_jumps(groups, "plates.tsv") == []


def test_censored_values_count_as_their_limit_and_failed_ones_not():
    low = [Measurement(f"P{i}", PRE, "plasma", "DuoSet", "", None, 62.5, 4000.0, "<", 62.5) for i in range(3)]
    failed = [Measurement(f"F{i}", PRE, "plasma", "DuoSet", "", None, 62.5, 4000.0, qc_failure="x") for i in range(3)]
    groups = {"A": low, "B": measured(400_000, 500_000, 900_000), "C": failed}
    assert len(unit_jumps(groups, "plates.tsv")) == 1


def test_measurements_by_plate():
    records = [record("A", plate(1, samples=[sample("P01", PRE, 400.0)]), plate(2))]
    assert {name: [m.patient for m in group] for name, group in by_plate(records).items()} == {
        "A plate 1": ["P01"],
        "A plate 2": [],
    }
