"""The purity model: copies of a gene per tumour cell from what coverage measures, and what could have been seen.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2).
"""

import math

from scipy import stats

Z_95 = float(stats.norm.ppf(0.975))
"""Two-sided 95 %."""
_Z_POWER = float(stats.norm.ppf(0.95))


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
