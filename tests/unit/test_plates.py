"""One plate file from readings to measurements: what the case folders do not show."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.plate_builders import LEVELS, LIMITS, SPECIFICATION_CURVE
from tests.unit.test_plate_files import SOFTMAX

from cetux.cutoffs import Cutoff, HeregulinSettings
from cetux.heregulin import judge
from cetux.measurement import Measurement
from cetux.plate_quality import AcceptanceLimits
from cetux.plate_records import PlateFileRecord, measurements
from cetux.plate_sheets import PlateFile, SampleName
from cetux.plates import process
from cetux.records import from_json, to_json
from cetux.states import Timepoint

SETTINGS = HeregulinSettings((), 0.20, 0.30, 0.90, 1, 1)
HEADER = "plate,well,od,role,level,sample,dilution,masked"


def standard_rows(plate: str = "1", scale: float = 1.0) -> list[str]:
    """The specification's curve in duplicate, with its zero."""
    points = [(0.0, 0.08), *((x, SPECIFICATION_CURVE.density(x)) for x in LEVELS)]
    return [
        f"{plate},{'ABCDEFGH'[i]}{column},{density!r},standard,{x * scale!r},,,"
        for i, (x, density) in enumerate(points)
        for column in (1, 2)
    ]


def sample_rows(concentrations: dict[str, tuple[float, ...]], plate: str = "1") -> list[str]:
    """Unknowns that lie on the curve at their concentrations; a dilution follows the name behind @."""
    rows = []
    for i, (name, values) in enumerate(concentrations.items()):
        sample, _, dilution = name.partition("@")
        for k, x in enumerate(values):
            well = f"{'ABCDEFGH'[i % 8]}{3 + k + 4 * (i // 8)}"
            rows.append(f"{plate},{well},{SPECIFICATION_CURVE.density(x)!r},unknown,,{sample},{dilution},")
    return rows


def run(
    folder: Path,
    rows: list[str],
    names: tuple[SampleName, ...] = (),
    limits: AcceptanceLimits = LIMITS,
    **source: object,
) -> PlateFileRecord:
    path = folder / "plate.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    plain = PlateFile("RUN1", str(path), "DuoSet", "plasma", "pg/mL", 62.5, 4000.0)
    return process(replace(plain, **source), names, limits)


def values(record: PlateFileRecord) -> dict[tuple[str, Timepoint | None], float | None]:
    return {(m.patient, m.timepoint): m.value_pg_per_ml for m in measurements(record)}


def test_a_measurement_carries_precision_and_where_it_comes_from(tmp_path):
    (measurement,) = measurements(run(tmp_path, [*standard_rows(), *sample_rows({"P01:pre@2": (900.0, 1100.0)})]))
    assert measurement == Measurement(
        patient="P01",
        timepoint=Timepoint.PRE,
        matrix="plasma",
        assay="DuoSet",
        raw="RUN1 plate 1: A3 1.176, A4 1.353",
        value_pg_per_ml=pytest.approx(2000.0),
        lloq_pg_per_ml=62.5,
        uloq_pg_per_ml=4000.0,
        dilution=2.0,
        cv_fraction=pytest.approx(0.141421, abs=1e-5),
        pooled_cv_fraction=pytest.approx(0.141421, abs=1e-5),
        replicates=2,
    )


def test_names_come_from_the_sheet_and_from_the_plate(tmp_path):
    rows = [*standard_rows(), *sample_rows({"tube 1": (500.0,), "P02:post": (700.0,), "spike": (100.0,)})]
    names = (
        SampleName("RUN1", "tube 1", "P01", Timepoint.PRE, flags=("haemolysis: gross",)),
        SampleName("RUN2", "spike", "P09", Timepoint.PRE),
    )
    record = run(tmp_path, rows, names)
    assert values(record) == {
        ("P01", Timepoint.PRE): pytest.approx(500.0),
        ("P02", Timepoint.POST): pytest.approx(700.0),
    }
    assert measurements(record)[0].flags == ("haemolysis: gross",)
    assert [sample.patient for sample in record.results[0].samples] == ["P01", "P02", None]


def test_a_name_may_belong_to_one_plate_of_the_file(tmp_path):
    rows = [line for n in "12" for line in (*standard_rows(n), *sample_rows({"P1": (100.0 * int(n),)}, n))]
    names = (SampleName("RUN1", "P1", "A", Timepoint.PRE, "1"), SampleName("RUN1", "P1", "B", Timepoint.PRE, "2"))
    expected = {("A", Timepoint.PRE): pytest.approx(100.0), ("B", Timepoint.PRE): pytest.approx(200.0)}
    assert values(run(tmp_path, rows, names)) == expected


def test_a_named_sample_that_is_on_no_plate_is_kept_as_failed(tmp_path):
    names = (SampleName("RUN1", "tube 1", "P01", Timepoint.PRE),)
    (measurement,) = measurements(run(tmp_path, standard_rows(), names))
    assert measurement.qc_failure == "the sample is on no plate of RUN1"


def test_a_file_that_cannot_be_read_keeps_its_samples(tmp_path):
    names = (SampleName("RUN1", "tube 1", "P01", Timepoint.PRE),)
    record = run(tmp_path, ["1,Z1,0.5,unknown,,x,,"], names)
    (measurement,) = measurements(record)
    assert "'Z1' is no well" in measurement.qc_failure
    assert judge("P01", Timepoint.PRE, measurement, [], SETTINGS).state == "QC_FAIL"


def test_a_file_without_a_layout_keeps_its_samples_with_that_reason(tmp_path):
    (tmp_path / "plate.csv").write_text("well,od\nA1,0.5\n")
    source = PlateFile("RUN1", str(tmp_path / "plate.csv"), "DuoSet", "plasma", "pg/mL", 62.5, 4000.0)
    (measurement,) = measurements(process(source, (SampleName("RUN1", "x", "P01", Timepoint.PRE),), LIMITS))
    assert "the plate has no layout" in measurement.qc_failure


def test_a_failed_plate_shows_why_and_no_concentration(tmp_path):
    strict = replace(LIMITS, min_levels=8)
    (result,) = run(tmp_path, [*standard_rows(), *sample_rows({"P01:pre": (500.0,)})], limits=strict).results
    assert result.failures == ("7 levels of standards inside the limits of quantification, 8 are needed",)
    assert len(result.standards) == 8
    assert all(well.concentration_pg_per_ml is None for well in result.wells)
    assert result.samples[0].chosen is None
    assert result.samples[0].qc_failure.startswith("plate 1 of RUN1: 7 levels")


def test_the_unit_of_the_file_must_be_that_of_the_sheet(tmp_path):
    path = tmp_path / "run.txt"
    path.write_bytes(SOFTMAX.encode("latin-1"))
    source = PlateFile("RUN1", str(path), "DuoSet", "plasma", "ng/mL", 62.5, 4000.0, factor=1000.0)
    (result,) = process(source, (), LIMITS).results
    assert result.failures == ("the file's standards are in pg/mL, plates.tsv says ng/mL",)


def test_blanks_as_the_zero_standard_or_not_at_all(tmp_path):
    rows = [line for line in standard_rows() if ",0.0," not in line]
    blanks = ["1,A1,0.08,blank,,,,", "1,A2,0.08,blank,,,,"]
    zero = run(tmp_path, [*rows, *blanks], blank="zero_standard").results[0]
    assert zero.standards[0].nominal_pg_per_ml == 0.0
    assert (zero.blank_density, zero.curve.levels) == (None, 8)
    ignored = run(tmp_path, [*rows, *blanks], blank="ignore").results[0]
    assert (ignored.blank_density, ignored.curve.levels) == (None, 7)
    subtracted = run(tmp_path, [*rows, *blanks]).results[0]
    assert subtracted.blank_density == pytest.approx(0.08)
    assert subtracted.curve.d == pytest.approx(3.2 - 0.08, rel=1e-4)


def test_flags_of_the_plate(tmp_path):
    unjudged = "1,A11,0.9,qc,,POOL,,"
    judged = f"1,B11,{SPECIFICATION_CURVE.density(500.0)!r},qc,500,QC,,"
    rows = standard_rows()
    assert run(tmp_path, rows).results[0].flags == ("no_qc_wells",)
    assert run(tmp_path, [*rows, unjudged]).results[0].flags == ("qc_without_target",)
    assert run(tmp_path, [*rows, unjudged, judged]).results[0].flags == ()
    wide = run(tmp_path, [*rows, judged], lloq_pg_per_ml=30.0, uloq_pg_per_ml=9000.0)
    assert wide.results[0].flags == ("lloq_raised: 62.5 pg/mL", "uloq_lowered: 4000 pg/mL")
    (measurement,) = measurements(
        run(tmp_path, [*rows, *sample_rows({"P01:pre": (500.0,)})], lloq_pg_per_ml=30.0, uloq_pg_per_ml=4000.0)
    )
    assert measurement.flags == ("lloq_raised: 62.5 pg/mL",)


def test_the_record_survives_its_file(tmp_path):
    record = run(tmp_path, [*standard_rows(), *sample_rows({"P01:pre": (500.0, 520.0), "P02:pre@10": (10.0,)})])
    assert from_json(PlateFileRecord, to_json(record)) == record


@settings(max_examples=10, deadline=None)
@given(st.randoms())
def test_the_order_of_wells_changes_nothing(tmp_path_factory, random):
    folder = tmp_path_factory.mktemp("order")
    rows = [
        *standard_rows(),
        *sample_rows({"P01:pre": (500.0, 520.0), "P01:post@10": (90.0, 95.0), "P02:pre": (10.0, 70.0)}),
    ]
    plain = run(folder, rows)
    assert run(folder, random.sample(rows, len(rows))) == plain


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([("ng/mL", 1000.0), ("ng/L", 1.0)]), st.floats(100.0, 3900.0))
def test_the_unit_of_the_file_changes_no_concentration(tmp_path_factory, unit, concentration):
    folder = tmp_path_factory.mktemp("unit")
    name, factor = unit
    samples = sample_rows({"P01:pre": (concentration, concentration)})
    record = run(folder, [*standard_rows(scale=1 / factor), *samples], unit=name, factor=factor)
    assert values(record)["P01", Timepoint.PRE] == pytest.approx(concentration, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.0, 4.0), min_size=2, max_size=2), st.floats(1.0, 50.0))
def test_a_measurement_never_leaves_its_limits_without_a_sign(tmp_path_factory, densities, dilution):
    folder = tmp_path_factory.mktemp("limits")
    rows = [
        f"1,{well},{density!r},unknown,,P01:pre,{dilution!r},"
        for well, density in zip(("A3", "A4"), densities, strict=True)
    ]
    (m,) = measurements(run(folder, [*standard_rows(), *rows]))
    if m.value_pg_per_ml is not None:
        assert m.lower_limit_pg_per_ml <= m.value_pg_per_ml <= m.upper_limit_pg_per_ml
    else:
        assert m.censored or m.qc_failure


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 3.1), st.floats(0.0, 0.5), st.floats(100.0, 3000.0))
def test_raising_a_density_never_turns_high_into_low(tmp_path_factory, density, rise, cutoff):
    folder = tmp_path_factory.mktemp("monotone")
    states = []
    for od in (density, density + rise):
        rows = [f"1,A{column},{od!r},unknown,,P01:pre,," for column in (3, 4)]
        (m,) = measurements(run(folder, [*standard_rows(), *rows]))
        states.append(judge("P01", Timepoint.PRE, m, [Cutoff("DuoSet", "plasma", "fixed", cutoff)], SETTINGS).state)
    if states[0] == "HIGH":
        assert states[1] == "HIGH"
