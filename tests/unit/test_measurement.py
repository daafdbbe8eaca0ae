"""Rows of the heregulin table: units, dilutions, censored values, and every wrong cell."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetux.measurement import Measurement, Preanalytics, bounded, parse_row, row_problems
from cetux.states import Timepoint

ROW = {
    "patient": "P01",
    "timepoint": "pre",
    "matrix": "serum",
    "assay": "DuoSet",
    "value": "420",
    "unit": "pg/mL",
    "lloq": "62.5",
    "uloq": "4000",
    "dilution": "2",
    "dilution_applied": "yes",
}


def row(**cells: str) -> dict[str, str]:
    return {**ROW, **cells}


def columns_wrong(cells: Mapping[str, str]) -> list[str]:
    return [problem.column for problem in row_problems(cells, "heregulin.tsv", 7)]


def test_row_with_dilution_applied():
    assert parse_row(row()) == Measurement(
        patient="P01",
        timepoint=Timepoint.PRE,
        matrix="serum",
        assay="DuoSet",
        raw="420",
        value_pg_per_ml=420.0,
        lloq_pg_per_ml=62.5,
        uloq_pg_per_ml=4000.0,
        dilution=2.0,
        dilution_applied=True,
    )


def test_dilution_not_applied_multiplies_the_value():
    measurement = parse_row(row(value="635.1", dilution_applied="no"))
    assert measurement.value_pg_per_ml == pytest.approx(1270.2)  # specification 3.3: OD 0.900 at 1:2
    assert (measurement.lower_limit_pg_per_ml, measurement.upper_limit_pg_per_ml) == (125.0, 8000.0)


@pytest.mark.parametrize(
    ("unit", "mass", "factor"), [("pg/mL", "", 1), ("ng/L", "", 1), ("ng/mL", "", 1000), ("pM", "26000", 26)]
)
def test_units(unit, mass, factor):
    measurement = parse_row(row(value="500", unit=unit, mass_da=mass))
    assert measurement.value_pg_per_ml == 500 * factor
    assert measurement.lloq_pg_per_ml == 62.5 * factor
    assert measurement.uloq_pg_per_ml == 4000 * factor


@pytest.mark.parametrize(
    ("value", "applied", "censored", "limit", "flags"),
    [
        ("<62.5", "no", "<", 125.0, ()),
        ("<125", "yes", "<", 125.0, ()),
        ("< 100", "no", "<", 200.0, ("limit_differs_from_lloq",)),
        ("<30", "no", "<", 125.0, ("limit_differs_from_lloq",)),
        (">4000", "no", ">", 8000.0, ()),
        (">2000", "no", ">", 4000.0, ("limit_differs_from_uloq",)),
        ("BLQ", "no", "<", 125.0, ()),
        ("<LLOQ", "yes", "<", 125.0, ()),
        ("alq", "no", ">", 8000.0, ()),
        (">ULOQ", "no", ">", 8000.0, ()),
        ("53.3", "no", "<", 125.0, ()),
        ("4001", "no", ">", 8000.0, ()),
        ("-1346", "yes", "<", 125.0, ("negative_value",)),
    ],
)
def test_censored_values(value, applied, censored, limit, flags):
    measurement = parse_row(row(value=value, dilution_applied=applied))
    assert measurement.value_pg_per_ml is None
    assert (measurement.censored, measurement.limit_pg_per_ml, measurement.flags) == (censored, limit, flags)
    assert measurement.raw == value


@pytest.mark.parametrize("value", ["", "NA", "nan"])
def test_no_value_is_neither_a_number_nor_censored(value):
    measurement = parse_row(row(value=value))
    assert (measurement.value_pg_per_ml, measurement.censored, measurement.limit_pg_per_ml) == (
        None,
        "",
        None,
    )


def test_exponents_and_names_survive():
    measurement = parse_row(row(patient="1e5", value="1e3", unit="ng/L"))
    assert (measurement.patient, measurement.value_pg_per_ml) == ("1e5", 1000.0)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"patient": ""}, "patient"),
        ({"patient": "P 1"}, "patient"),
        ({"assay": ""}, "assay"),
        ({"timepoint": "baseline"}, "timepoint"),
        ({"matrix": "blood"}, "matrix"),
        ({"unit": "ug/mL"}, "unit"),
        ({"unit": ""}, "unit"),
        ({"unit": "pM"}, "mass_da"),
        ({"unit": "pM", "mass_da": "8 kDa"}, "mass_da"),
        ({"unit": "pM", "mass_da": "0"}, "mass_da"),
        ({"value": "12,5"}, "value"),
        ({"value": "1 200 pg"}, "value"),
        ({"value": "high"}, "value"),
        ({"value": "ND"}, "value"),
        ({"value": "<"}, "value"),
        ({"value": "<-5"}, "value"),
        ({"value": "<0"}, "value"),
        ({"value": "<<62.5"}, "value"),
        ({"value": "inf"}, "value"),
        ({"value": "1e999"}, "value"),
        ({"value": "1_000"}, "value"),
        ({"lloq": ""}, "lloq"),
        ({"lloq": "0"}, "lloq"),
        ({"lloq": "-62.5"}, "lloq"),
        ({"uloq": "4.000,0"}, "uloq"),
        ({"lloq": "4000", "uloq": "62.5"}, "lloq"),
        ({"lloq": "62.5", "uloq": "62.5"}, "lloq"),
        ({"dilution": "0.5"}, "dilution"),
        ({"dilution": "1:2"}, "dilution"),
        ({"dilution_applied": "true"}, "dilution_applied"),
        ({"dilution_applied": ""}, "dilution_applied"),
        ({"cv_percent": "-3"}, "cv_percent"),
        ({"pooled_cv_percent": "8 %"}, "pooled_cv_percent"),
        ({"replicates": "0"}, "replicates"),
        ({"replicates": "2.5"}, "replicates"),
        ({"freeze_thaw": "twice"}, "freeze_thaw"),
        ({"draw_to_spin_minutes": "-1"}, "draw_to_spin_minutes"),
    ],
)
def test_each_wrong_cell_is_named(cells, column):
    assert columns_wrong(row(**cells)) == [column]
    with pytest.raises(ValueError, match=column):
        parse_row(row(**cells))


def test_all_wrong_cells_of_a_row_are_named_at_once():
    wrong = columns_wrong({"patient": "P01", "value": "12,5"})
    assert wrong == [
        "assay",
        "matrix",
        "dilution_applied",
        "timepoint",
        "unit",
        "value",
        "lloq",
        "uloq",
        "dilution",
    ]


def test_a_problem_says_where_what_and_how_to_mend():
    (problem,) = row_problems(row(value="12,5"), "heregulin.tsv", 7)
    assert str(problem).startswith("heregulin.tsv, row 7, column value: '12,5' has a comma")


def test_a_right_row_has_no_problem():
    assert columns_wrong(row()) == []
    assert columns_wrong(row(unit="pm", mass_da="8000", cv_percent="12.5", replicates="2", freeze_thaw="")) == []


def test_a_control_has_no_time_point():
    cells = {name: cell for name, cell in ROW.items() if name != "timepoint"}
    assert columns_wrong(cells) == ["timepoint"]
    assert row_problems(cells, "controls.tsv", 2, control=True) == []
    assert parse_row(cells, control=True).timepoint is None


def test_preanalytics_are_flagged_with_their_words():
    cells = row(haemolysis="gross", comorbidity="heart failure", freeze_thaw="3", draw_to_spin_minutes="90")
    assert parse_row(cells).flags == ("haemolysis: gross", "comorbidity: heart failure")
    limits = Preanalytics(max_freeze_thaw=2, max_draw_to_spin_minutes=60)
    assert parse_row(cells, limits).flags[2:] == ("freeze_thaw: 3", "draw_to_spin_minutes: 90")
    fine = row(haemolysis="no", comorbidity="none", freeze_thaw="2", draw_to_spin_minutes="60")
    assert parse_row(fine, limits).flags == ()


def test_precision_columns():
    measurement = parse_row(row(cv_percent="12.5", pooled_cv_percent="8", replicates="2"))
    assert measurement.cv_fraction == 0.125
    assert (measurement.pooled_cv_fraction, measurement.replicates) == (0.08, 2)


@given(st.floats(-1e5, 1e5), st.floats(1, 100), st.booleans())
def test_a_value_never_leaves_the_limits_without_a_sign(value, dilution, applied):
    cells = row(value=repr(value), dilution=repr(dilution), dilution_applied="yes" if applied else "no")
    measurement = parse_row(cells)
    if measurement.value_pg_per_ml is None:
        assert measurement.censored in ("<", ">")
        assert measurement.limit_pg_per_ml in (
            measurement.lower_limit_pg_per_ml,
            measurement.upper_limit_pg_per_ml,
        )
    else:
        assert measurement.censored == ""
        limits = measurement.lower_limit_pg_per_ml, measurement.upper_limit_pg_per_ml
        assert limits[0] <= measurement.value_pg_per_ml <= limits[1]


@given(st.sampled_from(["<", ">"]), st.floats(1e-3, 1e6))
def test_a_limit_is_vouched_for_by_text_and_assay(sign, limit):
    _, censored, known, _ = bounded(f"{sign}{limit!r}", 1.0, 62.5, 4000.0)
    assert censored == sign
    assert known is not None
    assert known >= max(limit, 62.5) if sign == "<" else known <= min(limit, 4000.0)
