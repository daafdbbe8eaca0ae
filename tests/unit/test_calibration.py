"""Standard curves against the specification's curve, R's drc, and fits by other code."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit, minimize
from tests.unit.plate_builders import DENSITIES, LEVELS, SPECIFICATION_CURVE

from cetux.calibration import CalibrationError, Curve, Level, back_calculate, fit_curve

TECAN = (
    (15.625, (0.132, 0.106)),
    (31.25, (0.145, 0.138)),
    (62.5, (0.259, 0.230)),
    (125.0, (0.460, 0.425)),
    (250.0, (0.728, 0.760)),
    (500.0, (1.480, 1.407)),
    (1000.0, (2.110, 2.166)),
)
"""Standards that the README of koncina/elisar prints (commit 06bc853), with concentrations by R's drc below."""


def levels(pairs):
    return [Level(nominal, tuple(densities)) for nominal, densities in pairs]


def logistic(x, a, b, c, d, g=1.0):
    return d + (a - d) / (1 + (x / c) ** b) ** g


@pytest.mark.parametrize(("concentration", "density"), list(zip(LEVELS, DENSITIES, strict=True)))
def test_density_of_the_specification(concentration, density):
    assert round(SPECIFICATION_CURVE.density(concentration), 4) == density


@pytest.mark.parametrize(
    ("density", "concentration"), [(0.500, 318.2), (0.900, 635.1), (2.400, 3642.7), (0.1359, 53.3)]
)
def test_concentration_of_the_specification(density, concentration):
    value, sign = SPECIFICATION_CURVE.concentration(density)
    assert (round(value, 1), sign) == (concentration, "")


@pytest.mark.parametrize(
    ("density", "expected"),
    [
        (0.07, (None, "<")),
        (0.08, (None, "<")),
        (0.1359, (None, "<")),
        (3.25, (None, ">")),
        (3.2, (None, ">")),
        (2.4651, (None, ">")),
        (-1.0, (None, "<")),
    ],
)
def test_nothing_is_read_beyond_the_limits(density, expected):
    assert back_calculate(SPECIFICATION_CURVE, density, 62.5, 4000.0) == expected


def test_zero_concentration_reads_the_lower_end():
    assert SPECIFICATION_CURVE.density(0.0) == pytest.approx(0.08)


def test_a_falling_curve_is_read_too():
    curve = Curve("4PL", "none", 2.0, 1.0, 100.0, 0.1, 1.0, None, 0.0, 6, 6)
    assert curve.concentration(1.05) == (pytest.approx(100.0), "")
    assert curve.concentration(2.1) == (None, "<")
    assert curve.concentration(0.05) == (None, ">")


@pytest.mark.parametrize("weights", ["none", "1/y", "1/y2"])
def test_exact_standards_give_the_curve_back(weights):
    exact = levels((x, (logistic(x, 0.08, 1.2, 1500.0, 3.2),)) for x in LEVELS)
    curve = fit_curve(exact, "4PL", weights)
    assert (curve.a, curve.b, curve.c_pg_per_ml, curve.d) == pytest.approx((0.08, 1.2, 1500.0, 3.2), rel=1e-6)


def test_the_printed_standards_give_concentrations_to_four_digits():
    curve = fit_curve(levels((x, (y,)) for x, y in zip(LEVELS, DENSITIES, strict=True)), "4PL", "none")
    for density, concentration in ((0.500, 318.2), (0.900, 635.1), (2.400, 3642.7)):
        assert curve.concentration(density)[0] == pytest.approx(concentration, rel=2e-4)


def test_exact_standards_of_five_parameters_give_the_curve_back():
    points = (0.0, 15.6, 31.2, *LEVELS, 8000.0, 16000.0)
    exact = levels((x, (logistic(x, 0.08, 1.4, 900.0, 3.2, 0.6),)) for x in points)
    curve = fit_curve(exact, "5PL", "none")
    assert (curve.a, curve.b, curve.c_pg_per_ml, curve.d, curve.g) == pytest.approx(
        (0.08, 1.4, 900.0, 3.2, 0.6), rel=1e-4
    )


@pytest.mark.parametrize(
    ("density", "concentration"), [(0.516, 159.998395), (0.251, 70.308342), (0.112, 5.933014), (0.231, 62.798726)]
)
def test_concentrations_of_drc(density, concentration):
    """What elisar's README prints for wells G1, G2, G3 and H1; drc stops earlier, so the smallest differs most."""
    curve = fit_curve(levels(TECAN), "4PL", "none")
    assert curve.concentration(density)[0] == pytest.approx(concentration, rel=1e-3)


@pytest.mark.parametrize(("weights", "power"), [("none", 0.0), ("1/y", 1.0), ("1/y2", 2.0)])
def test_weighted_fits_agree_with_nelder_and_mead(weights, power):
    """The same sum of squares, minimised by a method without derivatives, gives the same densities."""
    x = np.array([nominal for nominal, _ in TECAN])
    y = np.array([np.mean(densities) for _, densities in TECAN])

    def squares(p):
        return float(np.sum((logistic(x, p[0], p[1], math.exp(p[2]), p[3]) - y) ** 2 / y**power))

    start = [0.1, 1.3, math.log(600), 3.2]
    fine = {"xatol": 1e-10, "fatol": 1e-16, "maxiter": 20000}
    best = minimize(squares, start, method="Nelder-Mead", options=fine)
    curve = fit_curve(levels(TECAN), "4PL", weights)
    found = [curve.density(value) for value in x]
    assert found == pytest.approx(logistic(x, best.x[0], best.x[1], math.exp(best.x[2]), best.x[3]), rel=1e-5)


def test_standard_errors_agree_with_curve_fit_on_the_wells():
    """With as many wells at every level, the means' fit is the wells' fit, whose errors scipy gives."""
    x = np.array([nominal for nominal, densities in TECAN for _ in densities])
    y = np.array([density for _, densities in TECAN for density in densities])
    p, covariance = curve_fit(logistic, x, y, p0=[0.1, 1.3, 600.0, 3.2])
    curve = fit_curve(levels(TECAN), "4PL", "none")
    assert (curve.a, curve.b, curve.c_pg_per_ml, curve.d) == pytest.approx(p[:4], rel=1e-4)
    assert curve.errors == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)
    assert (curve.levels, curve.wells) == (7, 14)


def test_standard_errors_of_unequal_levels_agree_with_simulation():
    """Parameters of 200 plates drawn with a known error scatter as the formula says."""
    rng = np.random.default_rng(5)
    wells = dict(zip((0.0, *LEVELS), (3, 3, 1, 2, 3, 1, 3, 3), strict=True))

    def plate():
        drawn = ((x, logistic(x, 0.08, 1.2, 800.0, 3.2) + rng.normal(0, 0.02, n)) for x, n in wells.items())
        return levels((x, tuple(densities)) for x, densities in drawn)

    curves = [fit_curve(plate(), "4PL", "none") for _ in range(200)]
    scatter = np.std([[c.a, c.b, c.d] for c in curves], axis=0)
    stated = np.sqrt(np.mean([[c.errors[i] ** 2 for i in (0, 1, 3)] for c in curves], axis=0))
    assert stated == pytest.approx(scatter, rel=0.2)


@pytest.mark.parametrize(
    ("standards", "model", "weights", "reason"),
    [
        ([], "4PL", "none", "0 levels"),
        (
            [(x, (0.1 * x,)) for x in (1.0, 2.0, 3.0, 4.0)],
            "4PL",
            "none",
            "4 levels of standards with a reading, 4PL needs 5",
        ),
        ([(x, (0.1 * x,)) for x in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)], "5PL", "none", "5PL needs 8"),
        ([(x, ()) for x in LEVELS], "4PL", "none", "0 levels"),
        ([(x, (0.5,)) for x in LEVELS], "4PL", "none", "do not differ"),
        ([(x, (x / 1000 - 0.1,)) for x in LEVELS], "4PL", "1/y2", "densities above 0"),
    ],
)
def test_standards_that_make_no_curve(standards, model, weights, reason):
    with pytest.raises(CalibrationError, match=reason):
        fit_curve(levels(standards), model, weights)


def test_a_fifth_parameter_that_nothing_determines_is_refused():
    """Standards on a straight part of the curve say nothing of its upper end: the asymmetry runs away."""
    straight = levels((x, (logistic(x, 0.03, 1.1, 1000.0, 100.0, 0.005),)) for x in (0.0, *LEVELS))
    with pytest.raises(CalibrationError, match="do not determine"):
        fit_curve(straight, "5PL", "none")


def test_the_order_of_levels_changes_nothing():
    standards = levels(TECAN)
    assert fit_curve(standards, "4PL", "1/y") == fit_curve(standards[::-1], "4PL", "1/y")


CURVES = st.builds(
    Curve,
    model=st.just("4PL"),
    weights=st.just("none"),
    a=st.floats(0.0, 0.2),
    b=st.floats(0.5, 3.0),
    c_pg_per_ml=st.floats(100.0, 5000.0),
    d=st.floats(1.0, 5.0),
    g=st.floats(0.3, 3.0),
    errors=st.none(),
    residual=st.just(0.0),
    levels=st.just(8),
    wells=st.just(16),
)


@given(CURVES, st.floats(-1.0, 6.0))
def test_a_concentration_is_inside_the_limits_or_signed(curve, density):
    value, sign = back_calculate(curve, density, 62.5, 4000.0)
    if sign:
        assert value is None
    else:
        assert 62.5 <= value <= 4000.0
        assert curve.density(value) == pytest.approx(density, rel=1e-6)


@given(CURVES, st.floats(-1.0, 6.0), st.floats(-1.0, 6.0))
def test_denser_never_reads_lower(curve, one, other):
    order = {"<": 0, "": 1, ">": 2}
    lower, higher = (back_calculate(curve, density, 62.5, 4000.0) for density in sorted((one, other)))
    assert order[lower[1]] <= order[higher[1]]
    if lower[0] is not None and higher[0] is not None:
        assert lower[0] <= higher[0] * (1 + 1e-9)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([0.001, 0.5, 8.0, 1000.0]))
def test_scaling_the_unit_scales_the_concentrations(scale):
    plain = fit_curve(levels(TECAN), "4PL", "none")
    scaled = fit_curve(levels((nominal * scale, densities) for nominal, densities in TECAN), "4PL", "none")
    for density in (0.2, 0.5, 1.0, 2.0):
        assert scaled.concentration(density)[0] == pytest.approx(plain.concentration(density)[0] * scale, rel=1e-5)
