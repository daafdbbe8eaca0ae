"""Standard curves of immunoassays: from known concentrations to a curve, and from an optical density back.

Both models are one function; a curve with four parameters has g = 1::

    y = d + (a - d) / (1 + (x / c)**b)**g

x: concentration, pg/mL. y: optical density. a: density at x = 0. d: density at infinite x. c: the
concentration that the two parts of the curve turn around (the half-way point if g = 1), pg/mL. b: slope, > 0.
g: asymmetry, > 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import approx_fprime, least_squares

Floats = NDArray[np.float64]

MODELS: Mapping[str, int] = {"4PL": 4, "5PL": 5}
"""Models and their numbers of parameters."""

WEIGHTS: Mapping[str, Callable[[Floats], Floats]] = {
    "none": np.ones_like,
    "1/y": lambda y: 1 / y,
    "1/y2": lambda y: 1 / y**2,
}
"""Weights of a level's squared residual, by its mean optical density."""

MIN_LEVELS_5PL = 8
"""A fifth parameter needs at least eight levels (specification 3.3 [P])."""

_STARTS = [(slope, top) for slope in (0.7, 1.0, 1.5) for top in (1.05, 1.5, 3.0)]
"""Where the search begins: the slope, and the far end of the curve over the range of the standards."""


_PRECISION: Mapping[str, Any] = {"xtol": 1e-13, "ftol": 1e-13, "gtol": 1e-13, "max_nfev": 1000}
_EDGE = 1e-3
"""A logarithm this near to the end of its range has run away."""


class CalibrationError(Exception):
    """The standards make no curve; says why."""


@dataclass(frozen=True)
class Level:
    """Standards of one concentration: nominal in pg/mL, >= 0, and the optical densities of its used wells."""

    nominal_pg_per_ml: float
    densities: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean optical density."""
        return sum(self.densities) / len(self.densities)


@dataclass(frozen=True)
class Curve:
    """A fitted standard curve; parameters as in the module's formula, c in pg/mL.

    errors: standard errors of a, b, c, d and, in 5PL, g; None where the parameters do not determine one another.
    residual: root of the weighted mean squared residual of the wells, in optical density where unweighted.
    """

    model: str
    weights: str
    a: float
    b: float
    c_pg_per_ml: float
    d: float
    g: float
    errors: tuple[float, ...] | None
    residual: float
    levels: int
    wells: int

    def density(self, concentration: float) -> float:
        """Optical density at a concentration in pg/mL, >= 0.

        >>> curve = Curve("4PL", "none", 0.08, 1.2, 1500.0, 3.2, 1.0, None, 0.0, 7, 14)
        >>> [round(curve.density(x), 4) for x in (62.5, 1000, 4000)]
        [0.1474, 1.2678, 2.465]
        """
        return float(_density(np.array([concentration]), self.a, self.b, self.c_pg_per_ml, self.d, self.g)[0])

    def concentration(self, density: float) -> tuple[float | None, str]:
        """Concentration in pg/mL of an optical density, and ``<`` or ``>`` where the curve has none.

        Solving the formula for x::

            x = c * (((a - d) / (y - d))**(1 / g) - 1)**(1 / b)

        which needs y strictly between a and d. At or beyond a the concentration is below all that the curve
        tells apart from none (``<``), at or beyond d above all (``>``). Limits of quantification are not
        looked at.
        """
        part = (density - self.a) / (self.d - self.a)
        if part <= 0:
            return None, "<"
        if part >= 1:
            return None, ">"
        return self.c_pg_per_ml * ((1 - part) ** (-1 / self.g) - 1) ** (1 / self.b), ""


def back_calculate(curve: Curve, density: float, lower: float, upper: float) -> tuple[float | None, str]:
    """Concentration of one well inside [lower, upper] pg/mL, else None and ``<`` lower or ``>`` upper.

    Never extrapolated, negative or NaN.
    """
    value, beyond = curve.concentration(density)
    if beyond:
        return None, beyond
    assert value is not None
    if value < lower:
        return None, "<"
    if value > upper:
        return None, ">"
    return value, ""


def fit_curve(levels: Sequence[Level], model: str, weights: str) -> Curve:
    """The curve with the smallest weighted sum of squares over the levels' mean densities.

    A level counts once, however many of its wells are masked; so does SoftMax Pro, whose unweighted results
    this repeats to the last printed digit. c and g are sought as logarithms, b too, since all are above 0;
    several starts guard against a local minimum, and the best is kept.

    The means' variances are s**2 / (w * n) with n wells of weight w = w(y) at a level. With J the derivatives
    of the curve at the levels and W = diag(w), the weighted estimate is (J'WJ)**-1 J'W y, so its covariance
    is::

        (J'WJ)**-1 J' W diag(s**2 / n) J (J'WJ)**-1,     s**2 = sum of w * (y - f)**2 over wells / (wells -
        parameters)

    Standard errors are the roots of its diagonal.

    Args:
        levels: of different concentrations; zero and anchors included, those without a density are passed over.
        model: a key of `MODELS`. weights: a key of `WEIGHTS`.

    Raises:
        CalibrationError: too few levels, a density that the weights cannot take, or no curve found.
    """
    levels = sorted((level for level in levels if level.densities), key=lambda level: level.nominal_pg_per_ml)
    parameters = MODELS[model]
    needed = MIN_LEVELS_5PL if model == "5PL" else parameters + 1
    if len(levels) < needed:
        raise CalibrationError(f"{len(levels)} levels of standards with a reading, {model} needs {needed}")
    x = np.array([level.nominal_pg_per_ml for level in levels])
    y = np.array([level.mean for level in levels])
    if weights != "none" and y.min() <= 0:
        raise CalibrationError(f"weights {weights} need densities above 0, the lowest level has {y.min():.4g}")
    w = WEIGHTS[weights](y)
    best = _search(x, y, w, parameters)
    return _curve(best, levels, x, w, model, weights)


def _density(x: Floats, a: float, b: float, c: float, d: float, g: float) -> Floats:
    """The module's formula; by logarithms, so that no power overflows."""
    with np.errstate(divide="ignore"):
        power = b * (np.log(x) - math.log(c))
    part: Floats = np.exp(-g * np.logaddexp(0.0, power))
    return d + (a - d) * part


def _natural(p: Floats) -> tuple[float, float, float, float, float]:
    """a, b, c, d, g from the sought a, ln b, ln c, d and, if there, ln g."""
    g = math.exp(p[4]) if len(p) == 5 else 1.0
    return float(p[0]), math.exp(p[1]), math.exp(p[2]), float(p[3]), g


def _search(x: Floats, y: Floats, w: Floats, parameters: int) -> Floats:
    """The best a, ln b, ln c, d (and ln g) over all starts."""
    positive = x[x > 0]
    span = y[-1] - y[0]
    if span == 0:
        raise CalibrationError("the standards' densities do not differ")
    middle = float(np.interp(0.5, np.sort((y - y[0]) / span), np.log(np.maximum(x, positive.min() / 2))))
    root = np.sqrt(w)

    def residuals(p: Floats) -> Floats:
        return root * (_density(x, *_natural(p)) - y)

    low = np.array([-np.inf, math.log(0.05), math.log(positive.min()) - 10, -np.inf, math.log(0.02)])[:parameters]
    high = np.array([np.inf, math.log(20.0), math.log(positive.max()) + 10, np.inf, math.log(50.0)])[:parameters]
    found: list[Any] = []
    for slope, top in _STARTS:
        start = np.array([y[0], math.log(slope), middle, y[0] + top * span, 0.0][:parameters])
        found.append(least_squares(residuals, start, bounds=(low, high), x_scale="jac", **_PRECISION))
    best = np.asarray(min(found, key=lambda result: result.cost).x, dtype=np.float64)
    if np.any(best - low < _EDGE) or np.any(high - best < _EDGE):
        raise CalibrationError(f"the standards do not determine the {parameters} parameters of the curve")
    return best


def _curve(p: Floats, levels: Sequence[Level], x: Floats, w: Floats, model: str, weights: str) -> Curve:
    """The curve of the found parameters, with its residual and standard errors."""
    natural = np.array(_natural(p))
    wells = sum(len(level.densities) for level in levels)
    fitted = _density(x, *natural)
    squares = sum(
        weight * (density - mean) ** 2
        for level, weight, mean in zip(levels, w, fitted, strict=True)
        for density in level.densities
    )
    variance = float(squares) / (wells - len(p))
    errors = _errors(natural, len(p), levels, x, w, variance)
    a, b, c, d, g = (float(value) for value in natural)
    return Curve(model, weights, a, b, c, d, g, errors, math.sqrt(variance), len(levels), wells)


def _errors(
    natural: Floats, free: int, levels: Sequence[Level], x: Floats, w: Floats, variance: float
) -> tuple[float, ...] | None:
    """Standard errors of the first `free` parameters by `fit_curve`'s formula; None where they do not
    determine one another.
    """

    def densities(p: Floats) -> Floats:
        a, b, c, d, g = (float(value) for value in (*p, *natural[free:]))
        return _density(x, a, b, c, d, g)

    slopes = approx_fprime(natural[:free], densities, 1e-7 * np.maximum(np.abs(natural[:free]), 1e-3))
    weighted = slopes.T * w
    try:
        inverse = np.linalg.inv(weighted @ slopes)
    except np.linalg.LinAlgError:
        return None
    wells = np.array([len(level.densities) for level in levels])
    covariance = inverse @ (weighted * (variance / wells)) @ slopes @ inverse
    squares = np.diag(covariance)
    if not np.all(np.isfinite(squares)) or np.any(squares < 0):
        return None
    return tuple(float(value) for value in np.sqrt(squares))
