"""Whether a change that no table lists may be one that the patient was born with."""

from cetux.evidence import Allele
from cetux.resources import alleles

_GERMLINE_VAF = (0.4, 0.6)
_HETEROZYGOUS_VAF = (0.35, 0.65)
_HOMOZYGOUS_VAF = 0.9
"""Wider than the former: as proof of tumour DNA the doubtful do not serve [P]."""


def likely_germline(allele: Allele, purity: float | None) -> bool:
    """A VAF of 40 to 60 % where the purity is too low for a somatic change to reach it, even with the other copy lost.

    A mutation on the only copy left in tumour cells of purity p has VAF p / (p + 2*(1-p)) = p / (2 - p). Changes of the
    allele table, and insertions and deletions, are never taken for germline.
    """
    low, high = _GERMLINE_VAF
    if purity is None or allele.indel is not None or (allele.gene, allele.protein) in alleles():
        return False
    return low <= allele.vaf <= high and purity / (2 - purity) < allele.vaf


def is_no_proof_of_tumour(allele: Allele, purity: float | None) -> bool:
    """Whether a change that no table lists is no proof of tumour DNA, since the patient may have been born with it.

    About half of the reads, or nearly all: unless the tumour's part p is known to let a somatic change reach that much,
    p / (2 - p) as in `likely_germline`.
    """
    low, high = _HETEROZYGOUS_VAF
    inherited = low <= allele.vaf <= high or allele.vaf >= _HOMOZYGOUS_VAF
    return inherited and (purity is None or purity / (2 - purity) < allele.vaf)
