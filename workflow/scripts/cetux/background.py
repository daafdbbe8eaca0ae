"""How often errors alone make a base: one rate for each substitution, orientation and error class of a specimen.

The material is what `flanks` counted around the codons of the sample itself, where no variant is possible. Damage and
copying errors belong to a strand of the original molecule, so the 12 substitutions are taken as that strand shows them:
deamination is C>T there, whichever strand the gene lies on. Where the strand is not known (a duplex, simulated counts)
a substitution and its complement are one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from cetux.counts import ERROR_CLASSES, ORIENTATIONS, Background, CodonCounts, ErrorCount

Floats = npt.NDArray[np.float64]

PRIOR_RATES = (1e-2, 1.5e-3, 2e-4, 5e-5, 3e-5, 3e-6)
"""Rate of one substitution in each error class before anything is counted [P]: a misplaced read; Phred 20-29 and 30-40
over the three wrong bases; what two agreeing mates leave (copying and damage); single-strand and duplex consensus.
"""

PRIOR_ERRORS = 0.5
"""What the prior of a rate is worth, in errors: half of one, as in Jeffreys' prior of a Poisson rate."""

LEAST_RATE = 1e-7
"""No base is better than this, whatever its quality says: a Phred of 90 states 1e-9, but the first copies of a molecule
and its damage on both strands are not in it. What a base is worth is what the sample's own flanks show, never much less
than 1 / the bases that were counted; this only keeps the rate above zero [P]."""

INDEL_RATE = 1e-4
"""Insertions or deletions per position read, before anything is counted [P]."""

SLIPPAGE = {4: 2e-4, 5: 1e-3, 6: 3e-3, 7: 1e-2}
"""Least rate of one or two bases more or less in a repeat, by the places over which they can be moved: in a run of
seven equal bases one deleted base can be moved over six. Copying slips there, the more the longer the run, and a
sample's flanks hold too few such runs to count it [P]. Kept high: no frameshift in such a run is a resistance allele.
"""

PAIR_PRIOR = 5.0
SPREAD_PRIOR = 0.1
"""Variation of a rate between positions (squared coefficient of variation), worth `PAIR_PRIOR` pairs of errors [P]."""

_SLIPPED_BASES = 2
_DAMAGED_P = 1e-4
_VARIANT_FRAGMENTS = 3
_VARIANT_FRACTION = 0.01
_UNSTRANDED = ORIENTATIONS.index("N")
_COMPLEMENTED = [3, 2, 1, 0]
_BASES = "ACGT"


@dataclass(frozen=True)
class ErrorRates:
    """Rates of one specimen.

    rate, weight: [stratum, reference base, shown base] on the plus strand, bases in the order ACGT, stratum =
    orientation * number of classes + class. weight: errors behind each rate, the prior's included. spread: squared
    coefficient of variation of a rate between positions. indel: insertions and deletions per position read. seen: bases
    behind the rates by [stratum, reference base].
    """

    rate: Floats
    weight: Floats
    seen: Floats
    spread: float
    indel: float

    def of(self, stratum: int, reference: str, shown: str) -> float:
        """Chance that a fragment of the stratum shows `shown` where it carries `reference`."""
        return float(self.rate[stratum, _BASES.index(reference), _BASES.index(shown)])

    def indel_at(self, bases: int, shift: int) -> float:
        """Chance that a fragment shows an insertion or deletion that it does not carry.

        Args:
            bases: that are inserted and deleted, together.
            shift: places over which the change can be moved without becoming another one (0 outside of repeats).

        >>> rates = ErrorRates(np.zeros(0), np.zeros(0), np.zeros(0), spread=0.1, indel=1e-6)
        >>> rates.indel_at(1, 0), rates.indel_at(1, 6), rates.indel_at(2, 20), rates.indel_at(12, 12)
        (1e-06, 0.003, 0.01, 1e-06)
        """
        slips = SLIPPAGE.get(min(shift, max(SLIPPAGE)), 0.0) if bases <= _SLIPPED_BASES else 0.0
        return max(self.indel, slips)

    def summary(self) -> dict[str, float]:
        """Rate of each of the 12 substitutions over all strata, as often as each was seen, on the plus strand."""
        return {
            f"{reference}>{shown}": float(np.average(self.rate[:, i, j], weights=self.seen[:, i]))
            for i, reference in enumerate(_BASES)
            for j, shown in enumerate(_BASES)
            if i != j and self.seen[:, i].any()
        }


def stratum_index(name: str) -> int:
    """Index of a stratum such as ``F2``.

    >>> stratum_index("F0"), stratum_index("R3")
    (0, 9)
    """
    return ORIENTATIONS.index(name[0]) * len(ERROR_CLASSES) + ERROR_CLASSES.index(name[1])


def estimate(background: Background, codons: Iterable[CodonCounts], normals: Sequence[Background] = ()) -> ErrorRates:
    """Error rates of a sample.

    A rate is the posterior mean of a gamma prior that is worth half an error, first over the substitutions of an error
    class (E errors in B bases, prior rate r0 of the class), then for each substitution about that mean r1::

        r1 = (E + 0.5) / (B + 0.5 / r0)        r = (e + 0.5) / (b + 0.5 / r1)

    Substitutions that chemistry damages are left out of the r1 of the others, which it leaves alone: in FFPE C>T is up
    to a thousand times as frequent as any other change of bases that both mates show.

    With so little weight the prior speaks only where the sample has next to nothing to say, and always keeps the rate
    above zero. Normals give a second estimate in the same way; the greater of the two stands, so that they never make
    the test less careful than the sample's own errors do.

    Args:
        background: what was counted around the codons; where it is empty, the codons themselves are used.
        codons: haplotypes of the codons. Changes in at least three fragments and 1 % may be variants and do not count.
        normals: the same of normals of the same assay, specimen type and preservation; the caller sees to that.
    """
    errors = background.errors or tuple(_codon_errors(codons))
    rate, weight, seen = _posterior(errors)
    if normals:
        pooled, _, _ = _posterior([error for normal in normals for error in normal.errors])
        rate = np.maximum(rate, pooled)
    pairs = (background.error_pairs + PAIR_PRIOR * (1 + SPREAD_PRIOR)) / (background.expected_pairs + PAIR_PRIOR)
    indel = (background.indels + 1) / (background.indel_bases + 1 / INDEL_RATE)
    return ErrorRates(rate, weight, seen, spread=max(pairs - 1, SPREAD_PRIOR / 2), indel=max(indel, LEAST_RATE))


def _posterior(counted: Iterable[ErrorCount]) -> tuple[Floats, Floats, Floats]:
    classes = len(ERROR_CLASSES)
    errors = np.zeros((len(ORIENTATIONS), classes, 4, 4))
    bases = np.zeros_like(errors)
    for one in counted:
        orientation, error_class = divmod(stratum_index(one.stratum), classes)
        place = (orientation, error_class, _BASES.index(one.substitution[0]), _BASES.index(one.substitution[2]))
        errors[place] += one.errors
        bases[place] += one.bases
    shape = (len(ORIENTATIONS) * classes, 4, 4)
    seen = bases.max(axis=3).reshape(shape[:2])
    errors, bases = _by_molecule(errors), _by_molecule(bases)
    prior = np.array(PRIOR_RATES)[None, :]
    calm = ~_damaged(errors, bases)
    everything, calm_only = (
        (np.where(which, errors, 0).sum(axis=(2, 3)) + PRIOR_ERRORS)
        / (np.where(which, bases, 0).sum(axis=(2, 3)) + PRIOR_ERRORS / prior)
        for which in (np.ones_like(calm), calm)
    )
    mean = np.where(calm, calm_only[:, :, None, None], everything[:, :, None, None])
    rate = np.maximum((errors + PRIOR_ERRORS) / (bases + PRIOR_ERRORS / mean), LEAST_RATE)
    weight = errors + PRIOR_ERRORS
    return _on_plus(rate).reshape(shape), _on_plus(weight).reshape(shape), seen


def _damaged(errors: Floats, bases: Floats) -> npt.NDArray[np.bool_]:
    """Substitutions that the other ones of their orientation and class do not explain: deamination, oxidation.

    With e errors in b bases, and E in B of the others, e is binomial of e + E with the chance s = b / (b + B) if all
    are alike, and reaches e with the chance I_s(e, E + 1): below `_DAMAGED_P` they are not alike.
    """
    others, among = errors.sum(axis=(2, 3), keepdims=True) - errors, bases.sum(axis=(2, 3), keepdims=True) - bases
    share = bases / np.maximum(bases + among, 1)
    damaged: npt.NDArray[np.bool_] = (errors > 0) & (
        special.betainc(np.maximum(errors, 1), others + 1, share) < _DAMAGED_P
    )
    return damaged


def _complemented(table: Floats) -> Floats:
    turned: Floats = table[..., _COMPLEMENTED, :][..., _COMPLEMENTED]
    return turned


def _by_molecule(table: Floats) -> Floats:
    """Counts [orientation, class, reference, shown] of the plus strand, as the molecule's own strand shows them.

    The two orientations of a strand-aware read see the same chemistry and share their counts; without a known strand, a
    substitution and its complement share theirs.
    """
    stranded = table[0] + _complemented(table[1])
    unknown = table[_UNSTRANDED] + _complemented(table[_UNSTRANDED])
    return np.stack([stranded, stranded, unknown])


def _on_plus(table: Floats) -> Floats:
    """Back to the plus strand: a fragment of orientation R shows the complement."""
    return np.stack([table[0], _complemented(table[1]), table[_UNSTRANDED]])


def _codon_errors(codons: Iterable[CodonCounts]) -> Iterable[ErrorCount]:
    for codon in codons:
        depth = sum(haplotype.fragments for haplotype in codon.haplotypes)
        for haplotype in codon.haplotypes:
            if len(haplotype.bases) != len(codon.reference):
                continue
            differs = [i for i, base in enumerate(haplotype.bases) if base not in (codon.reference[i], ".")]
            variant = haplotype.fragments >= max(_VARIANT_FRAGMENTS, _VARIANT_FRACTION * depth)
            if len(differs) > 1 or "-" in haplotype.bases or (differs and variant):
                continue
            for name, many in (haplotype.strata or {"N222": haplotype.fragments}).items():
                for index, reference in enumerate(codon.reference):
                    if haplotype.bases[index] == ".":
                        continue
                    stratum = name[0] + name[1 + index]
                    for shown in set(_BASES) - {reference}:
                        wrong = many if haplotype.bases[index] == shown else 0
                        yield ErrorCount(f"{reference}>{shown}", stratum, wrong, many)
