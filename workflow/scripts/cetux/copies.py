"""The purity model: copies of a gene per tumour cell from what coverage measures, and what could have been seen.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2).
"""

import math
from collections.abc import Callable
from dataclasses import replace

from scipy import special  # scipy.stats takes half a second more to import

from cetux.evidence import COPIES_BELOW_ZERO, CopyNumber
from cetux.states import PurityState

Z_95 = float(special.ndtri(0.975))
"""Two-sided 95 %."""
_Z_POWER = float(special.ndtri(0.95))


def tumour_copies(ratio: float, purity: float, ploidy: float = 2.0) -> float:
    """Copies of a locus per tumour cell, from the bulk copy ratio.

    A bulk of tumour fraction p holds p*C + (1-p)*2 copies of the locus per cell, over an average of p*P + (1-p)*2; the
    ratio r of the two is what coverage measures, so::

        C = (r * (p*P + 2*(1-p)) - 2*(1-p)) / p

    Args:
        ratio: bulk copies over average copies, dimensionless, >= 0 (2**log2).
        purity: tumour cell fraction p, 0 < p <= 1.
        ploidy: average copies per tumour cell P, > 0.

    Returns:
        C in copies per cell, not rounded. It can be negative where noise exceeds the signal: the caller reports that as
        not evaluable and never clips it to a call.

    Raises:
        ValueError: an argument is outside its range or not finite.

    >>> round(tumour_copies(2**1.0, 0.5), 2), round(tumour_copies(2**0.9, 0.2, 3), 2)
    (6.0, 12.53)
    """
    if not (math.isfinite(ratio) and ratio >= 0):
        raise ValueError(f"ratio must be finite and >= 0, not {ratio}")
    if not 0 < purity <= 1:
        raise ValueError(f"purity must lie in (0, 1], not {purity}")
    if not (math.isfinite(ploidy) and ploidy > 0):
        raise ValueError(f"ploidy must be finite and > 0, not {ploidy}")
    average = purity * ploidy + 2 * (1 - purity)
    return (ratio * average - 2 * (1 - purity)) / purity


def expected_log2(copies: float, purity: float, ploidy: float = 2.0) -> float:
    """log2 of the bulk copy ratio that so many copies per tumour cell would show: `tumour_copies` undone.

    >>> round(expected_log2(6, 0.5), 2), round(expected_log2(6, 0.2), 2)
    (1.0, 0.49)
    """
    return math.log2((purity * copies + 2 * (1 - purity)) / (purity * ploidy + 2 * (1 - purity)))


def detectable_copies(se: float, purity: float, ploidy: float) -> float:
    """The smallest number of copies whose gain over the ploidy would be seen with 95 % power.

    A log2 of the gene above z_a * SE is seen; with probability 95 % the measured log2 of a true shift d exceeds
    d - z_b * SE, so d = (z_a + z_b) * SE is needed. Its ratio 2**d, put into `tumour_copies`, gives::

        C_min = P + (2**((z_a + z_b) * SE) - 1) * (p*P + 2*(1-p)) / p

    with z_a = 1.96 (two-sided 95 %) and z_b = 1.645 (95 % power).

    Args:
        se: standard error of the gene's log2, >= 0.
        purity: 0 < p <= 1.
        ploidy: P, > 0.
    """
    shift = (Z_95 + _Z_POWER) * se
    return float(ploidy + (2**shift - 1) * (purity * ploidy + 2 * (1 - purity)) / purity)


def at_purity(call: CopyNumber, purity: float | None) -> CopyNumber:
    """The same measurement with the copies and the ratio Q that it would mean at another purity (None: unknown).

    Only log2 values are measured: all else follows from them, the ploidy and the purity. For Q the noise of gene and
    controls is put on the gene, in log2: half-widths of independent intervals add in quadrature. Q is not assessable
    (None) without controls, or where the controls' adjusted copies are below one: over a lost arm Q means nothing.

    Raises:
        ValueError: the gene was not measured.
    """
    if call.log2 is None or call.log2_low is None or call.log2_high is None or call.log2_se is None:
        raise ValueError("the gene was not measured")
    ploidy = call.ploidy or 2.0

    def copies(log2: float | None) -> float | None:
        return None if purity is None or log2 is None else tumour_copies(2**log2, purity, ploidy)

    ratio = ratio_low = ratio_high = None
    if call.control_log2 is not None and call.control_log2_high is not None:
        spread = math.hypot(call.log2_high - call.log2, call.control_log2_high - call.control_log2)
        shifts = (call.log2, call.log2 - spread, call.log2 + spread)
        below = copies(call.control_log2)
        if below is None:
            ratio, ratio_low, ratio_high = (2 ** (shift - call.control_log2) for shift in shifts)
        elif below >= 1 and purity is not None:
            ratio, ratio_low, ratio_high = (tumour_copies(2**shift, purity, ploidy) / below for shift in shifts)
    return replace(
        call,
        purity=purity,
        copies=copies(call.log2),
        copies_low=copies(call.log2_low),
        copies_high=copies(call.log2_high),
        copies_arm=copies(call.control_log2),
        copies_other_arm=copies(call.other_arm_log2),
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        detectable_copies=None if purity is None else detectable_copies(call.log2_se, purity, ploidy),
    )


def over_own_purities(call: CopyNumber) -> CopyNumber:
    """The call with the intervals of C and Q widened to the ends of the purity's interval, where the sample gave it.

    Each end has the ploidy that fits best with it, unless the sheet gives one. A call that is asked what it were at
    another purity takes the interval along in proportion.
    """
    own = call.purity_estimate
    estimated = call.purity_state is PurityState.ESTIMATED and call.purity is not None
    if not estimated or own is None or own.purity is None or own.low is None or own.high is None:
        return call
    moved = call.purity / own.purity if call.purity else 1.0
    ends = ((own.low, own.ploidy_at_low), (own.high, own.ploidy_at_high))
    every = [call]
    for purity, fitted in ends:
        ploidy = call.given_ploidy or fitted or call.ploidy
        every.append(at_purity(replace(call, ploidy=ploidy), min(purity * moved, 1.0)))

    def extreme(name: str, pick: Callable[[list[float]], float]) -> float | None:
        values = [value for each in every if (value := getattr(each, name)) is not None]
        return pick(values) if values else None

    return replace(
        call,
        copies_low=extreme("copies_low", min),
        copies_high=extreme("copies_high", max),
        ratio_low=extreme("ratio_low", min),
        ratio_high=extreme("ratio_high", max),
    )


def moved_to(call: CopyNumber, purity: float) -> CopyNumber:
    """What the same measurement would mean at another purity; what the sample told of its own moves along."""
    low = call.purity_low
    if low is not None and call.purity and call.given_purity is None:
        low *= purity / call.purity
    return over_own_purities(at_purity(replace(call, purity_low=low), purity))


def without_impossible(call: CopyNumber) -> CopyNumber:
    """The call without copies and Q that come out below zero, by noise or since the purity is higher than taken.

    The state stands, since the more tumour there is, the nearer to two copies are those that the same ratio means.
    """
    flags = tuple(flag for flag in call.flags if flag != COPIES_BELOW_ZERO)
    if call.copies is None or call.copies >= 0:
        return replace(call, flags=flags)
    left = replace(call, copies=None, copies_low=None, copies_high=None, flags=(*flags, COPIES_BELOW_ZERO))
    return replace(left, ratio=None, ratio_low=None, ratio_high=None)
