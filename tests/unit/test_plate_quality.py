"""Acceptance of a plate, replicates, dilutions and the hook effect, by hand arithmetic."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.plate_builders import LEVELS, LIMITS, SPECIFICATION_CURVE

from cetux.calibration import Level
from cetux.plate_quality import (
    QcCheck,
    Replicates,
    StandardCheck,
    check_control,
    check_standards,
    choose_dilution,
    coefficient_of_variation,
    control_failures,
    merge_replicates,
    pooled_cv,
    standards_failures,
    usable_range,
)


def standards(**read: float) -> list[Level]:
    """Standards that lie on the specification's curve; `x250=240` makes the one of 250 read 240."""
    return [
        Level(0.0, (0.08,)),
        *(Level(x, (SPECIFICATION_CURVE.density(read.get(f"x{x:g}".replace(".", "_"), x)),)) for x in LEVELS),
    ]


def checks(**read: float) -> tuple[StandardCheck, ...]:
    return check_standards(SPECIFICATION_CURVE, standards(**read), 62.5, 4000.0, LIMITS)


def failures(**read: float) -> list[str]:
    return standards_failures(checks(**read), standards(**read), LIMITS)


def test_standards_on_the_curve_pass_and_the_zero_is_an_anchor():
    found = checks()
    assert [check.anchor for check in found] == [True, *[False] * 7]
    assert all(check.passed for check in found[1:])
    assert [check.bias_fraction for check in found[1:]] == pytest.approx([0.0] * 7, abs=1e-9)
    assert found[0].back_calculated_pg_per_ml is None
    assert failures() == []


@pytest.mark.parametrize(
    ("read", "passes"),
    [
        ({"x250": 299.0}, True),  # +19.6 %
        ({"x250": 301.0}, False),  # +20.4 %
        ({"x250": 201.0}, True),
        ({"x250": 199.0}, False),
        ({"x62_5": 77.0}, True),  # +23.2 % at the lower limit, where 25 % are allowed
        ({"x62_5": 79.0}, False),  # +26.4 %
        ({"x4000": 3010.0}, True),  # -24.75 % at the upper limit
        ({"x4000": 2990.0}, False),
    ],
)
def test_bias_of_one_level(read, passes):
    assert [check.passed for check in checks(**read)].count(False) == (1 if passes else 2)  # the anchor never passes


def test_the_cv_of_a_level_counts_too():
    spread = Level(250.0, tuple(SPECIFICATION_CURVE.density(x) for x in (205.0, 295.0)))  # mean 250, CV 25.5 %
    (check,) = check_standards(
        SPECIFICATION_CURVE, [spread], 62.5, 4000.0, replace(LIMITS, max_cv_at_limits_fraction=0.2)
    )
    assert check.bias_fraction == pytest.approx(0.0)
    assert check.cv_fraction == pytest.approx(0.2546, abs=1e-4)
    assert not check.passed


def test_three_quarters_of_the_standards_must_pass():
    assert failures(x125=200.0) == []  # 6 of 7 = 86 %
    assert failures(x125=200.0, x500=700.0) == [
        "5 of 7 levels of standards near enough to their concentration, 75% are needed"  # 71 %
    ]


def test_six_levels_inside_the_limits_are_needed():
    levels = standards()
    narrow = check_standards(SPECIFICATION_CURVE, levels, 100.0, 2500.0, LIMITS)
    assert [check.anchor for check in narrow].count(False) == 5
    assert "5 levels" in standards_failures(narrow, levels, LIMITS)[0]


def test_falling_standards_are_named():
    assert failures(x1000=300.0, x2000=900.0) == [
        "the standards are not monotone: 500 pg/mL reads 0.7386 to 0.7386, 1000 pg/mL 0.475 to 0.475",
        "5 of 7 levels of standards near enough to their concentration, 75% are needed",
    ]


def test_the_range_of_a_plate_is_that_of_its_passing_standards():
    assert usable_range(checks(), 62.5, 4000.0) == (62.5, 4000.0)
    assert usable_range(checks(x62_5=20.0), 62.5, 4000.0) == (125.0, 4000.0)
    assert usable_range(checks(x62_5=20.0, x125=300.0, x4000=2000.0), 62.5, 4000.0) == (250.0, 2000.0)
    assert usable_range(checks(x500=900.0), 62.5, 4000.0) == (62.5, 4000.0)  # one in the middle narrows nothing


def test_nothing_is_read_beyond_the_standards_whatever_the_sheet_says():
    wide = check_standards(SPECIFICATION_CURVE, standards(), 10.0, 9000.0, LIMITS)
    assert usable_range(wide, 10.0, 9000.0) == (62.5, 4000.0)
    inner = check_standards(SPECIFICATION_CURVE, standards(), 100.0, 3000.0, LIMITS)
    assert usable_range(inner, 100.0, 3000.0) == (100.0, 3000.0)


def test_no_passing_standard_leaves_the_sheet_s_limits():
    none = [replace(check, passed=False) for check in checks()]
    assert usable_range(none, 62.5, 4000.0) == (62.5, 4000.0)


def control(nominal: float | None, *wells: float | None) -> QcCheck:
    return check_control("QC", nominal, [(value, "" if value is not None else "<") for value in wells], LIMITS)


def test_a_control_counts_its_wells_near_the_nominal():
    assert control(500.0, 400.0, 600.0) == QcCheck("QC", 500.0, 500.0, 0.0, pytest.approx(0.2828, abs=1e-4), 2, 2)
    assert control(500.0, 399.0, 601.0).wells_passed == 0
    assert control(500.0, 500.0, None) == QcCheck("QC", 500.0, None, None, None, 2, 1)
    assert control(None, 500.0).wells_passed is None


@pytest.mark.parametrize(
    ("controls", "failing"),
    [
        ([], 0),
        ([control(None, 5.0, 9.0)], 0),
        ([control(500.0, 500.0, 510.0), control(2000.0, 2000.0, 3000.0)], 0),  # 3 of 4, 1 of 2
        ([control(500.0, 500.0, 700.0), control(2000.0, 2000.0, 3000.0)], 1),  # 2 of 4 is less than 2/3
        ([control(150.0, 150.0, 150.0), control(500.0, 500.0, 510.0), control(2000.0, 3000.0, 3000.0)], 1),  # 0 of 2
        ([control(500.0, 700.0, 700.0)], 2),
        ([control(500.0, None, None)], 2),
    ],
)
def test_two_thirds_of_all_controls_and_half_of_each_level(controls, failing):
    assert len(control_failures(controls, LIMITS)) == failing


@pytest.mark.parametrize(
    ("wells", "dilution", "value", "censored", "limit", "cv", "flags"),
    [
        ([(900.0, ""), (1100.0, "")], 1.0, 1000.0, "", None, 0.14142, ()),
        ([(900.0, ""), (1100.0, "")], 10.0, 10000.0, "", None, 0.14142, ()),
        ([(900.0, "")], 2.0, 1800.0, "", None, None, ()),
        ([(None, "<"), (None, "<")], 2.0, None, "<", 125.0, None, ()),
        ([(None, ">"), (None, ">")], 10.0, None, ">", 40000.0, None, ()),
        ([(None, "<"), (70.0, "")], 1.0, None, "<", 66.25, 0.08006, ("straddles_limit",)),
        ([(None, ">"), (3900.0, "")], 1.0, None, ">", 3950.0, 0.0179, ("straddles_limit",)),
        ([(None, "<"), (None, ">")], 1.0, None, "", None, 1.37075, ("straddles_limit",)),
    ],
)
def test_replicates(wells, dilution, value, censored, limit, cv, flags):
    found = merge_replicates(wells, dilution, 62.5, 4000.0)
    assert (found.value_pg_per_ml, found.censored, found.limit_pg_per_ml) == (value, censored, limit)
    assert found.cv_fraction == (None if cv is None else pytest.approx(cv, abs=1e-4))
    assert (found.dilution, found.wells, found.flags) == (dilution, len(wells), flags)


def test_coefficient_of_variation_needs_two_values():
    assert coefficient_of_variation([5.0]) is None
    assert coefficient_of_variation([0.0, 0.0]) is None
    assert coefficient_of_variation([90.0, 100.0, 110.0]) == pytest.approx(0.1)


def result(
    value: float | None, dilution: float = 1.0, cv: float | None = None, wells: int = 2, **fields: object
) -> Replicates:
    return Replicates(dilution, wells, value, cv_fraction=cv, **fields)


def below(limit: float, dilution: float = 1.0) -> Replicates:
    return result(None, dilution, censored="<", limit_pg_per_ml=limit)


def above(limit: float, dilution: float = 1.0) -> Replicates:
    return result(None, dilution, censored=">", limit_pg_per_ml=limit)


def test_the_pooled_cv_weighs_degrees_of_freedom_and_leaves_blunders_out():
    samples = [
        result(100.0, cv=0.10),
        result(100.0, cv=0.20, wells=3),
        result(100.0, cv=0.9),
        result(100.0, wells=1),
        below(62.5),
    ]
    assert pooled_cv(samples, 0.30) == pytest.approx(((0.01 + 2 * 0.04) / 3) ** 0.5)
    assert pooled_cv([result(100.0, wells=1)], 0.30) is None


@pytest.mark.parametrize(
    ("dilutions", "chosen", "flag"),
    [
        ([result(800.0)], 0, ""),
        ([result(800.0), result(760.0, 10.0)], 0, ""),
        ([result(760.0, 10.0), result(800.0)], 1, ""),
        ([result(400.0), result(280.0, 4.0)], 0, "dilution_not_linear: 1:4 differs by -30%"),
        ([result(400.0, cv=0.5), result(380.0, 4.0, cv=0.1)], 1, ""),
        ([result(1000.0), result(1240.0, 10.0)], 0, "dilution_not_linear: 1:10 differs by +24%"),
        ([result(1000.0), result(1260.0, 10.0)], 1, "hook_effect: 1:10 reads higher than 1:1"),
        ([above(4000.0), result(6000.0, 10.0)], 1, ""),
        ([result(3900.0), above(40000.0, 10.0)], 1, "hook_effect"),
        ([below(62.5), result(5000.0, 10.0)], 1, "hook_effect"),
        ([below(62.5), above(40000.0, 10.0)], 1, "hook_effect"),
        ([result(700.0), below(625.0, 10.0)], 0, ""),
        ([above(4000.0), above(40000.0, 10.0)], 1, ""),
        ([below(62.5), below(625.0, 10.0)], 0, ""),
        ([above(4000.0), below(6250.0, 100.0)], 0, ""),
        ([result(None)], 0, ""),
    ],
)
def test_which_dilution_counts(dilutions, chosen, flag):
    found, flags = choose_dilution(dilutions, LIMITS)
    assert found is dilutions[chosen]
    assert flag in "; ".join(flags)
    assert bool(flag) == bool(flags)


WELLS = st.lists(
    st.one_of(st.tuples(st.floats(62.5, 4000.0), st.just("")), st.sampled_from([(None, "<"), (None, ">")])),
    min_size=1,
    max_size=6,
)


@given(WELLS, st.floats(1.0, 100.0))
def test_a_result_never_leaves_the_limits_without_a_sign(wells, dilution):
    found = merge_replicates(wells, dilution, 62.5, 4000.0)
    number = found.value_pg_per_ml if found.value_pg_per_ml is not None else found.limit_pg_per_ml
    if number is not None:
        assert 62.5 * dilution * (1 - 1e-12) <= number <= 4000.0 * dilution * (1 + 1e-12)
    assert (found.value_pg_per_ml is None) == any(sign for _, sign in wells)


@given(WELLS, st.randoms())
def test_the_order_of_wells_changes_no_result(wells, random):
    plain = merge_replicates(wells, 2.0, 62.5, 4000.0)
    shuffled = merge_replicates(random.sample(wells, len(wells)), 2.0, 62.5, 4000.0)
    assert shuffled.value_pg_per_ml == pytest.approx(plain.value_pg_per_ml)
    assert (shuffled.censored, shuffled.flags) == (plain.censored, plain.flags)
