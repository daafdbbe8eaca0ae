"""Each folder of tests/cases/elisa is a plate file with what must come of it, and why.

`plates.tsv` is its row, `plate_samples.tsv` (if there) names samples. `expected.tsv` has a row for each sample of a
patient; `failure` and `flags` are parts that must stand in the result; an empty cell of a number: there is none.
"""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.plate_builders import LIMITS

from cetux.cutoffs import Cutoff, HeregulinSettings
from cetux.heregulin import judge
from cetux.measurement import Preanalytics
from cetux.plate_records import measurements
from cetux.plate_sheets import parse_plate_row, parse_sample_row
from cetux.plates import process

CASES = Path(__file__).parents[1] / "cases" / "elisa"
SETTINGS = HeregulinSettings((), 0.20, 0.30, 0.90, 1, 1)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet, delimiter="\t"))


def near(value: float | None, text: str) -> bool:
    """Whether the value rounds to the text's last digit; both absent is near too."""
    if value is None or not text:
        return value is None and not text
    return abs(value - float(text)) <= 0.5 * 10.0 ** -len(text.partition(".")[2])


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str) -> None:
    folder = CASES / case
    (sheet_row,) = rows(folder / "plates.tsv")
    paths = {name: str(folder / sheet_row[name]) for name in ("file", "layout") if sheet_row.get(name)}
    source = parse_plate_row({**sheet_row, **paths})
    named = rows(folder / "plate_samples.tsv") if (folder / "plate_samples.tsv").exists() else []
    record = process(source, [parse_sample_row(row, Preanalytics()) for row in named], LIMITS)
    found = {
        (str(result.number), sample.sample): measurement
        for result in record.results
        for sample, measurement in zip(
            [sample for sample in result.samples if sample.patient],
            measurements(replace(record, results=(result,))),
            strict=True,
        )
    }
    expected = rows(folder / "expected.tsv")
    assert set(found) == {(row["plate"], row["sample"]) for row in expected}
    for row in expected:
        measurement = found[row["plate"], row["sample"]]
        assert measurement.timepoint is not None
        cutoff = Cutoff("DuoSet", "plasma", "fixed", float(row["cutoff_pg_per_ml"]))
        result = judge(measurement.patient, measurement.timepoint, measurement, [cutoff], SETTINGS)
        where = f"{row['sample']}: {measurement}"
        assert result.state == row["state"], where
        if result.state != "QC_FAIL":
            assert near(result.value_pg_per_ml, row["value_pg_per_ml"]), where
            assert (result.censored, near(result.limit_pg_per_ml, row["limit_pg_per_ml"])) == (row["censored"], True)
        assert result.value_pg_per_ml is None or not row["failure"]
        assert row["failure"] in measurement.qc_failure, where
        assert row["flags"] in "; ".join(result.flags), where
        assert row["why"]
