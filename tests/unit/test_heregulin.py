"""States of heregulin by the rules, and the change from pre to post."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cetux.cutoffs import Cutoff, HeregulinSettings
from cetux.evidence import HeregulinResult
from cetux.heregulin import change, combine, interval, judge, ranked, reference_change
from cetux.measurement import Measurement, parse_row
from cetux.states import Heregulin, Timepoint, Trend

SETTINGS = HeregulinSettings(
    cutoffs=(),
    cv_flag_fraction=0.20,
    cv_fail_fraction=0.30,
    interval_level=0.90,
    bootstrap_samples=200,
    seed=1,
)
CUTOFF = Cutoff("DuoSet", "serum", "fixed", 980.0)
MEASURED = Measurement(
    patient="P01",
    timepoint=Timepoint.POST,
    matrix="serum",
    assay="DuoSet",
    raw="420",
    value_pg_per_ml=420.0,
    lloq_pg_per_ml=62.5,
    uloq_pg_per_ml=4000.0,
    pooled_cv_fraction=0.10,
    replicates=2,
)
EXACT = Measurement("P01", Timepoint.POST, "serum", "DuoSet", "420", 420.0, 62.5, 4000.0)


def measured(value: float, **fields: object) -> Measurement:
    return replace(MEASURED, raw=f"{value:g}", value_pg_per_ml=value, **fields)


def censored(sign: str, limit: float, **fields: object) -> Measurement:
    return replace(MEASURED, raw=sign, value_pg_per_ml=None, censored=sign, limit_pg_per_ml=limit, **fields)


def judged(measurement: Measurement | None, *cutoffs: Cutoff) -> HeregulinResult:
    return judge("P01", Timepoint.POST, measurement, cutoffs or (CUTOFF,), SETTINGS)


@pytest.mark.parametrize(
    ("measurement", "state"),
    [
        (None, Heregulin.MISSING),
        (replace(MEASURED, value_pg_per_ml=None, raw=""), Heregulin.MISSING),
        (measured(420), Heregulin.LOW),
        (measured(2900), Heregulin.HIGH),
        (measured(980), Heregulin.EQUIVOCAL),
        (measured(1100), Heregulin.EQUIVOCAL),  # 1100 * (1 - 0.1163) = 972 < 980
        (measured(1110), Heregulin.HIGH),  # 1110 * (1 - 0.1163) = 980.9 >= 980
        (measured(870), Heregulin.LOW),  # 870 * (1 + 0.1163) = 971 < 980
        (measured(880), Heregulin.EQUIVOCAL),  # 880 * (1 + 0.1163) = 982 >= 980
        (replace(EXACT, value_pg_per_ml=980.0), Heregulin.HIGH),
        (replace(EXACT, value_pg_per_ml=979.9), Heregulin.LOW),
        (censored("<", 125.0), Heregulin.BLQ),
        (censored("<", 979.9), Heregulin.BLQ),
        (censored("<", 980.0), Heregulin.EQUIVOCAL),
        (censored("<", 1250.0), Heregulin.EQUIVOCAL),
        (censored(">", 8000.0), Heregulin.HIGH),
        (censored(">", 980.0), Heregulin.HIGH),
        (censored(">", 979.9), Heregulin.ALQ),
        (measured(420, matrix="plasma"), Heregulin.MATRIX_MISMATCH),
        (measured(2900, matrix="plasma"), Heregulin.MATRIX_MISMATCH),
        (measured(420, assay="in-house"), Heregulin.MISSING),
        (measured(420, cv_fraction=0.34), Heregulin.QC_FAIL),
        (measured(420, cv_fraction=0.30), Heregulin.LOW),
        (measured(420, qc_failure="plate 7: 4 of 8 standards off"), Heregulin.QC_FAIL),
        (measured(420, qc_failure="no standards", assay="in-house"), Heregulin.QC_FAIL),
    ],
)
def test_states(measurement, state):
    assert judged(measurement).state is state


def test_missing_says_what_is_missing():
    assert "no heregulin value" in judged(None).reason
    assert "no cut-off for the assay in-house" in judged(measured(420, assay="in-house")).reason
    unknown = Cutoff("DuoSet", "serum", "cohort_quantile", None, note="4 usable values, 6 are needed")
    result = judged(measured(420), unknown)
    assert (result.state, result.cutoff_pg_per_ml) == (Heregulin.MISSING, None)
    assert "4 usable values" in result.reason


def test_a_cutoff_of_the_right_matrix_is_found_behind_another():
    plasma = Cutoff("DuoSet", "plasma", "fixed", 100.0)
    assert judged(measured(420), plasma, CUTOFF).state is Heregulin.LOW
    assert judged(measured(420, matrix="plasma"), plasma, CUTOFF).state is Heregulin.HIGH
    mismatch = judged(measured(420), plasma)
    assert mismatch.state is Heregulin.MATRIX_MISMATCH
    assert "plasma" in mismatch.reason


def test_alq_below_the_cutoff_asks_for_a_higher_dilution():
    assert "re-assay at a higher dilution" in judged(censored(">", 500.0)).reason


def test_no_number_stands_where_a_failure_was():
    result = judged(measured(420, cv_fraction=0.34))
    assert result.value_pg_per_ml is None
    assert result.interval_low_pg_per_ml is None
    assert result.reason == "replicate CV 34%, above 30%"


def test_flags():
    assert judged(measured(420, cv_fraction=0.24)).flags == ("cv_high: 24%",)
    assert judged(measured(420, cv_fraction=0.20)).flags == ()
    assert judged(EXACT).flags == ("no_precision",)
    assert judged(replace(EXACT, cv_fraction=0.1)).flags == ("own_cv",)
    assert judged(censored("<", 125.0)).flags == ()
    quantile = replace(CUTOFF, method="cohort_quantile", exploratory=True)
    assert judged(measured(420, flags=("haemolysis: gross",)), quantile).flags == (
        "haemolysis: gross",
        "exploratory_cutoff",
    )


def test_interval_of_duplicates_is_1_16_cv_at_90_percent():
    low, high = interval(measured(1000.0), 0.90)
    assert (1000 - low) / 100 == pytest.approx(1.163, abs=5e-4)  # rules: +-1.16 CV
    assert high - 1000 == pytest.approx(1000 - low)


def test_interval_without_a_number_of_wells_is_of_one_well_and_never_below_zero():
    assert interval(measured(1000.0, replicates=None), 0.90)[0] == pytest.approx(1000 - 164.5, abs=0.05)
    assert interval(measured(1000.0, pooled_cv_fraction=2.0), 0.90)[0] == 0.0


@pytest.mark.parametrize(
    ("analytical", "within", "rise", "fall"), [(0.10, 0.20, 0.84, -0.46), (0.15, 0.30, 1.47, -0.60)]
)
def test_reference_change_of_the_rules(analytical, within, rise, fall):
    assert reference_change(analytical, within) == (
        pytest.approx(rise, abs=0.005),
        pytest.approx(fall, abs=0.005),
    )


@pytest.mark.parametrize("cv", [-0.1, float("nan"), float("inf")])
def test_reference_change_needs_cvs(cv):
    with pytest.raises(ValueError, match="fraction"):
        reference_change(cv, 0.2)


@pytest.mark.parametrize(
    ("pre", "post", "kind", "bound", "fold"),
    [
        (measured(420), measured(2900), Trend.RISE, "", 6.905),  # case C16: 6.9-fold
        (measured(420), measured(760), Trend.UNCHANGED, "", 1.810),
        (measured(420), measured(780), Trend.INCREASE, "", 1.857),  # +86 % > +84 %, but still LOW
        (measured(1500), measured(3900), Trend.INCREASE, "", 2.6),  # HIGH before: no crossing
        (measured(2900), measured(1500), Trend.FALL, "", 0.517),  # -48 % < -46 %
        (measured(2900), measured(1600), Trend.UNCHANGED, "", 0.552),
        (censored("<", 125.0), censored(">", 8000.0), Trend.RISE, ">=", 64.0),  # case C26
        (censored("<", 125.0), measured(2900), Trend.RISE, ">=", 23.2),
        (censored("<", 800.0), measured(1200), Trend.NOT_ASSESSABLE, ">=", 1.5),
        (measured(2900), censored("<", 125.0), Trend.FALL, "<=", 0.0431),
        (measured(150), censored("<", 125.0), Trend.NOT_ASSESSABLE, "<=", 0.833),
        (measured(420), censored(">", 8000.0), Trend.RISE, ">=", 19.05),
        (censored(">", 8000.0), measured(420), Trend.FALL, "<=", 0.0525),
        (censored("<", 125.0), censored("<", 125.0), Trend.NOT_ASSESSABLE, "", None),
        (censored(">", 8000.0), censored(">", 8000.0), Trend.NOT_ASSESSABLE, "", None),
        (None, measured(2900), Trend.NOT_ASSESSABLE, "", None),
        (measured(420), measured(2900, cv_fraction=0.5), Trend.NOT_ASSESSABLE, "", None),
        (measured(420, matrix="plasma"), measured(2900), Trend.NOT_ASSESSABLE, "", None),
    ],
)
def test_change(pre, post, kind, bound, fold):
    found = change(judged(pre), judged(post), 0.10, 0.20)
    assert (found.kind, found.bound) == (kind, bound)
    assert found.fold == (None if fold is None else pytest.approx(fold, rel=1e-3))


def test_change_without_a_biological_cv_says_so():
    found = change(judged(measured(420)), judged(measured(2900)), 0.10, None)
    assert found.kind is Trend.NOT_ASSESSABLE
    assert (found.fold, found.crossed) == (pytest.approx(6.905, rel=1e-3), True)


def test_the_assay_with_a_cutoff_speaks_first_whatever_the_order():
    mine, other = measured(420), measured(99, assay="AnotherKit")
    plasma = measured(7, matrix="plasma")
    for order in ([mine, other, plasma], [plasma, other, mine]):
        assert ranked(order, [CUTOFF]) == [mine, plasma, other]
    assert ranked([], [CUTOFF]) == []


OTHER = replace(CUTOFF, assay="AnotherKit", value_pg_per_ml=50.0)


@pytest.mark.parametrize(
    ("mine", "other", "counts", "disagree"),
    [
        (measured(420), measured(99, assay="AnotherKit"), ("AnotherKit", "HIGH"), True),
        (measured(2900), measured(9, assay="AnotherKit"), (CUTOFF.assay, "HIGH"), True),
        (measured(2900), measured(99, assay="AnotherKit"), (CUTOFF.assay, "HIGH"), False),
        (measured(420), measured(9, assay="AnotherKit"), (CUTOFF.assay, "LOW"), False),
        (measured(420), measured(9, assay="NoCutoff"), (CUTOFF.assay, "LOW"), False),
        (measured(980), measured(9, assay="AnotherKit"), (CUTOFF.assay, "EQUIVOCAL"), True),
        (measured(420), measured(50, assay="AnotherKit"), ("AnotherKit", "EQUIVOCAL"), True),
    ],
    ids=["HIGH elsewhere", "HIGH first", "both HIGH", "both LOW", "one says nothing", "in doubt", "in doubt elsewhere"],
)
def test_of_several_assays_any_high_counts_by_its_own_cutoff(mine, other, counts, disagree):
    """The rules' order for samples: a positive outweighs everything, a doubt outweighs a negative."""
    cutoffs = [CUTOFF, OTHER]
    for order in ([mine, other], [other, mine]):
        found = combine([judge("P01", Timepoint.POST, one, cutoffs, SETTINGS) for one in ranked(order, cutoffs)])
        assert (found.assay, found.state) == counts
        assert any(flag.startswith("assays_disagree: ") for flag in found.flags) is disagree


CONCENTRATIONS = st.floats(0.1, 1e5)
ROWS = st.fixed_dictionaries(
    {
        "patient": st.just("P01"),
        "timepoint": st.just("pre"),
        "matrix": st.just("serum"),
        "assay": st.just("DuoSet"),
        "value": st.tuples(st.sampled_from(["", "<", ">"]), CONCENTRATIONS).map(lambda v: f"{v[0]}{v[1]!r}"),
        "unit": st.just("ng/mL"),
        "lloq": st.just("0.0625"),
        "uloq": st.just("4"),
        "dilution": st.floats(1, 50).map(repr),
        "dilution_applied": st.sampled_from(["yes", "no"]),
        "cv_percent": st.one_of(st.just(""), st.floats(0, 40).map(repr)),
        "replicates": st.sampled_from(["", "2", "3"]),
    }
)


@given(ROWS, CONCENTRATIONS, st.sampled_from([2.0**-10, 0.5, 2.0, 1024.0]))
def test_scaling_unit_and_cutoff_together_changes_nothing(row, cutoff, scale):
    """Powers of two scale without rounding, so the states must be equal, not nearly so."""
    plain = parse_row(row)
    scaled = replace(
        plain,
        value_pg_per_ml=None if plain.value_pg_per_ml is None else plain.value_pg_per_ml * scale,
        limit_pg_per_ml=None if plain.limit_pg_per_ml is None else plain.limit_pg_per_ml * scale,
        lloq_pg_per_ml=plain.lloq_pg_per_ml * scale,
        uloq_pg_per_ml=plain.uloq_pg_per_ml * scale,
    )
    before = judged(plain, replace(CUTOFF, value_pg_per_ml=cutoff))
    after = judged(scaled, replace(CUTOFF, value_pg_per_ml=cutoff * scale))
    assert (before.state, before.flags) == (after.state, after.flags)


ORDER = {Heregulin.BLQ: 0, Heregulin.LOW: 0, Heregulin.EQUIVOCAL: 1, Heregulin.ALQ: 1, Heregulin.HIGH: 2}


@given(
    st.floats(0, 1e5),
    st.floats(0, 1e5),
    st.floats(1, 1e5),
    st.floats(1, 50),
    st.sampled_from(["", "5", "15", "25"]),
)
def test_raising_a_concentration_never_turns_high_into_low(one, other, cutoff, dilution, cv):
    row = {
        "patient": "P01",
        "timepoint": "pre",
        "matrix": "serum",
        "assay": "DuoSet",
        "unit": "pg/mL",
        "lloq": "62.5",
        "uloq": "4000",
        "dilution": repr(dilution),
        "dilution_applied": "yes",
        "cv_percent": cv,
    }
    lower, higher = (
        judged(parse_row({**row, "value": repr(value)}), replace(CUTOFF, value_pg_per_ml=cutoff))
        for value in sorted([one, other])
    )
    if lower.state is Heregulin.HIGH:
        assert higher.state is Heregulin.HIGH
    if higher.state in (Heregulin.LOW, Heregulin.BLQ) and cutoff > 62.5 * dilution:
        assert ORDER[lower.state] == 0


@given(ROWS, CONCENTRATIONS)
def test_every_result_holds_a_number_or_says_why_not(row, cutoff):
    result = judged(parse_row(row), replace(CUTOFF, value_pg_per_ml=cutoff))
    assert result.reason
    if result.state in (Heregulin.HIGH, Heregulin.LOW) and not result.censored:
        assert result.value_pg_per_ml is not None
    if result.state in (Heregulin.QC_FAIL, Heregulin.MISSING, Heregulin.BLQ, Heregulin.ALQ):
        assert result.value_pg_per_ml is None
