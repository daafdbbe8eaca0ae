"""Partial amplification: a step of the copy number inside the gene, such as a break between two exons.

One change point is looked for among the gene's bins in their order along the genome. For a split that leaves n1 bins on
one and n2 on the other side, with means m1 and m2 and the scatter s of the bins about the mean of their own side::

    t = (m2 - m1) / (s * sqrt(1/n1 + 1/n2))

The largest abs(t) of all splits is compared with that of the same bins in random orders: without a step every order is
as likely as any other, whatever the distribution of their noise, so that the part of the orders with as large a value
is an exact p value, and a bound on it is the rate of false breaks, as far as the noise of neighbouring bins is
independent. It is not quite: of 828 genes of real normals (46 genes, 18 normals) 4.7 % show a step at p <= 0.01. The
step must besides be of a size that matters; with at least 0.3 log2 2.3 % do, with the default of 0.5 1.0 % [D].
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cetux.bin_noise import Estimate, estimate

_LEAST_BINS_A_SIDE = 3
_ORDERS = 999
_SEED = 1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Break:
    """A step inside a gene. first_right: index of the first bin behind it. raised: mean of the side that stands higher;
    raised_right: whether that is the right one.
    """

    first_right: int
    p_value: float
    raised: Estimate
    raised_right: bool


def find_break(
    log2: Floats, weight: Floats, shared_sd: float, false_positive_rate: float, least_step_log2: float
) -> Break | None:
    """The step among bins in genome order; None without one, or with fewer than six bins.

    Args:
        log2: of each bin, in order.
        weight: of each bin, for the mean of the raised side (the test itself needs bins that are alike).
        shared_sd: what the bins share, log2, for the interval of the raised side.
        false_positive_rate: largest p value that is taken for a break, > 1 / 1000.
        least_step_log2: smallest step between the two sides, log2.
    """
    if len(log2) < 2 * _LEAST_BINS_A_SIDE:
        return None
    rng = np.random.default_rng(_SEED)
    squares = _t_squared(log2[np.newaxis])[0]
    orders = rng.permuted(np.tile(log2, (_ORDERS, 1)), axis=1)
    best = int(np.argmax(squares))
    as_large = int((_t_squared(orders).max(axis=1) >= squares[best] * (1 - 1e-12)).sum())
    p_value = (1 + as_large) / (_ORDERS + 1)
    at = best + _LEAST_BINS_A_SIDE
    step = float(np.average(log2[at:], weights=weight[at:]) - np.average(log2[:at], weights=weight[:at]))
    side = slice(at, None) if step > 0 else slice(None, at)
    raised = estimate(log2[side], weight[side], shared_sd)
    if p_value > false_positive_rate or abs(step) < least_step_log2 or raised is None:
        return None
    return Break(at, p_value, raised, step > 0)


def _t_squared(rows: Floats) -> Floats:
    """t**2 of every split of every row: rows in, rows x splits out; infinite where nothing scatters about a step.

    With T the sum of squares about the row's mean and B = n1*n2/n * (m2-m1)**2 that between the sides, s**2 is
    (T - B) / (n - 2) and t**2 = B / s**2.
    """
    many = rows.shape[1]
    left = np.arange(_LEAST_BINS_A_SIDE, many - _LEAST_BINS_A_SIDE + 1)
    centred = rows - rows.mean(axis=1, keepdims=True)
    sums = np.cumsum(centred, axis=1)[:, left - 1]  # the right side sums to the negative of the left
    between = sums**2 / left + sums**2 / (many - left)
    within = np.maximum((centred**2).sum(axis=1, keepdims=True) - between, 0.0) / (many - 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(between > 0, between / within, 0.0))
