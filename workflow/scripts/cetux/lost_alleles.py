"""Are alleles that should not be there the rest of the patient's own, of which the tumour has lost one?

In a tumour of high purity a heterozygous site whose one allele was lost looks homozygous, with a few fragments of the
lost allele from the normal cells: as if another person's DNA were there. What tells the two apart is where it is seen:
losses are of segments, in which no site is left heterozygous; foreign DNA shows all over the genome.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special  # scipy.stats takes half a second more to import

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HETEROZYGOSITY = 0.4
"""Chance that a person is heterozygous at a common SNP, where frequencies are unknown [P]."""

_PURITIES = np.array([0.8, 0.84, 0.88, 0.91, 0.94, 0.96, 0.98])
"""Purities at which a lost allele shows as little as 10 % or less. Higher ones are of no tissue [P]."""
_SEGMENT_BP = 50e6
"""Mean length of a segment, lost or kept: about a chromosome arm [P]."""
_SEGMENTS = np.array([3, 1, 1, 1]) / 6
"""Kept, or lost with one, two or three copies of the other allele left [P]."""
_LOOKS_HOMOZYGOUS = 0.1
"""As in `identity.HOMOZYGOUS`."""
_ODD = 0.02
"""Part of the sites that misbehave for a reason of their own [P]."""


def log_likelihood(chroms: Sequence[str], positions: Ints, seen_het: Bools, k: Ints, n: Ints, error: Floats) -> float:
    """Natural log of the greatest likelihood, over purities, of what the sites show, were all of it the patient's own.

    A site lies in a segment that is kept (1/2) or lost, leaving one, two or three copies of the other allele (1/6
    each). From one site to the next on its chromosome, d bases on, another segment has begun with 1 - exp(-d / 50 Mb).
    In a kept one a heterozygous site (40 % are) looks heterozygous. In a lost one it shows the lost allele in the part
    that 1 - p copies of the normal cells make of all: (1-p)/(2-p), (1-p)/2 or (1-p)/(2+p); above 10 % it still looks
    heterozygous. The likelihood is the sum over all ways of being lost or kept (forward algorithm).

    Args:
        chroms, positions: of the sites, sorted.
        seen_het: which look heterozygous.
        k, n: fragments with the rarer allele and with either.
        error: rate at which a fragment of each site shows the other allele by mistake, > 0.
    """
    p = _PURITIES[:, np.newaxis]
    parts = np.concatenate([(1 - p) / (2 - p), (1 - p) / 2, (1 - p) / (2 + p)], axis=1)[..., np.newaxis]
    homozygous = (1 - HETEROZYGOSITY) * _fragments(k, n, error)
    hidden = np.where(parts <= _LOOKS_HOMOZYGOUS, 1 - _ODD, _ODD)
    rest = homozygous + HETEROZYGOSITY * hidden * _fragments(k, n, error + parts)
    lost = np.where(seen_het, HETEROZYGOSITY * (1 - hidden), rest)
    kept = np.where(seen_het, HETEROZYGOSITY * (1 - _ODD), homozygous)
    shown = np.concatenate([np.broadcast_to(kept, (len(p), 1, len(n))), lost], axis=1)
    total, state = np.zeros(len(p)), _SEGMENTS
    for site in range(len(n)):
        same = site > 0 and chroms[site] == chroms[site - 1]
        stays = np.exp(-(positions[site] - positions[site - 1]) / _SEGMENT_BP) if same else 0.0
        state = (state * stays + _SEGMENTS * (1 - stays)) * shown[:, :, site]
        total += np.log(state.sum(axis=1))
        state = state / state.sum(axis=1, keepdims=True)
    return float(total.max())


def _fragments(k: Ints, n: Ints, rate: Floats) -> Floats:
    """Binomial probability of k of n, or any k alike at an odd site."""
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    return np.asarray(
        (1 - _ODD) * np.exp(ways + special.xlogy(k, rate) + special.xlog1py(n - k, -rate)) + _ODD / (n + 1)
    )
