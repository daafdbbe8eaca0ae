"""Which part of the tumour cells carries a mutation: the cancer cell fraction, from VAF, purity and local copies.

Symbols: v variant allele fraction, p purity, C copies of the locus per tumour cell (normal cells have 2), u mutated
copies per tumour cell on average, m multiplicity: mutated copies per cell that is mutated.
"""

from dataclasses import dataclass, replace

from scipy import special  # scipy.stats takes half a second more to import

from cetux.evidence import Allele, SampleEvidence

DIPLOID = 2.0
"""Copies that a locus is taken to have where nothing measures them (flagged by `Allele.local_copies` being None)."""

_ERBB2 = "ERBB2"


@dataclass(frozen=True)
class Copies:
    """Copies of a locus per tumour cell with the 95 % interval; at least one where a mutation is seen."""

    value: float = DIPLOID
    low: float = DIPLOID
    high: float = DIPLOID


@dataclass(frozen=True)
class CellFraction:
    """Cancer cell fraction with its 95 % interval, and the multiplicity that it takes."""

    value: float
    low: float
    high: float
    multiplicity: int


def mutated_copies(vaf: float, purity: float, copies: float = DIPLOID) -> float:
    """Mutated copies per tumour cell, averaged over all tumour cells.

    A bulk of purity p holds p*C + 2*(1-p) copies of the locus per cell, of which p*u are mutated; the part of the reads
    that show it is the ratio of the two, so::

        u = v * (p*C + 2*(1-p)) / p

    For a mutation on one copy u is its cancer cell fraction c, and v = p*c / (p*C + 2*(1-p)) the VAF that McGranahan et
    al. (Sci Transl Med 2015;7(283):283ra54) expect of it.

    Args:
        vaf: v, 0..1.
        purity: p, 0 < p <= 1.
        copies: C, >= 0.

    Returns:
        u >= 0: the CCF of a mutation on one copy, which is what a limit of detection is stated for. It rises with v and
        C and falls with p: du/dp = -2*v / p**2.

    Raises:
        ValueError: an argument is outside its range.

    >>> round(mutated_copies(0.18, 0.4), 3)
    0.9
    """
    if not (0 <= vaf <= 1 and 0 < purity <= 1 and copies >= 0):
        raise ValueError(f"no mutated copies of VAF {vaf}, purity {purity} and {copies} copies")
    return vaf * (purity * copies + 2 * (1 - purity)) / purity


def multiplicity(mutated: float, copies: float = DIPLOID) -> int:
    """Mutated copies per mutated cell: the whole number nearest to u, at least 1 and at most the copies there are.

    A bulk gives u = m * CCF alone. u above 1 needs cells with several mutated copies; m is then taken as that which
    makes the CCF closest to 1, a convention. Below 1.5 it is 1, the value that gives the largest CCF: a call of
    *subclonal* therefore holds whatever m is. Between two samples a rounded m may differ although the cells are the
    same: `origin` compares u as well.

    Args:
        mutated: u, from `mutated_copies`.
        copies: C, per tumour cell.

    >>> multiplicity(0.3), multiplicity(1.4), multiplicity(1.9), multiplicity(2.9, copies=2.2)
    (1, 1, 2, 2)
    """
    return max(1, min(int(mutated + 0.5), round(copies)))


def cell_fraction(
    alt_fragments: int, fragments: int, purity: float, purity_low: float, copies: Copies | None = None
) -> CellFraction:
    """Cancer cell fraction u / m with the interval that VAF, purity and copies leave open together.

    It is not clipped: clearly above 1 it says that the purity or the copies are higher than stated. It is at least 0.5
    exactly where u is (see `multiplicity`), so that raising the VAF never makes a clonal mutation subclonal.

    At the multiplicity of the estimate u / m rises with v and C and falls with p, so its bounds are those at the bounds
    of the three: low at the exact binomial lower limit of v, the stated purity and the fewest copies; high at the upper
    limit of v, the lowest purity and the most copies. Joint bounds hold at least 95 %: they never claim too much.

    Args:
        alt_fragments: fragments with the mutation, 1..fragments.
        fragments: fragments that read the place, >= 1.
        purity: as stated, 0 < p <= 1.
        purity_low: its lower bound, 0 < p <= purity; the stated purity is taken for the upper one.
        copies: of the locus; two, exactly, where None.

    >>> found = cell_fraction(90, 500, 0.4, 0.2)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2), found.multiplicity
    (0.9, 0.74, 2.17, 1)
    """
    local = copies or Copies()
    others = fragments - alt_fragments  # the exact limits of Clopper and Pearson are quantiles of beta distributions
    low = special.betaincinv(alt_fragments, others + 1, 0.025)
    high = special.betaincinv(alt_fragments + 1, others, 0.975) if others else 1.0
    mutated = mutated_copies(alt_fragments / fragments, purity, local.value)
    times = multiplicity(mutated, local.value)
    return CellFraction(
        value=mutated / times,
        low=mutated_copies(float(low), purity, local.low) / times,
        high=mutated_copies(float(high), purity_low, local.high) / times,
        multiplicity=times,
    )


def with_local_copies(sample: SampleEvidence, purity_lower_factor: float) -> SampleEvidence:
    """The sample with the CCF of its ERBB2 mutations at the copies that were measured there; others stay at two.

    ERBB2 is the one gene whose copies are called. Where they or the purity are unknown nothing changes.

    Args:
        sample: its genotypes and its ERBB2 copies.
        purity_lower_factor: lower bound of the purity as a part of the stated one.
    """
    gene, called = sample.genotypes.genes.get(_ERBB2), sample.erbb2
    value = called.copies_above_zero
    if gene is None or called.purity is None or value is None:
        return sample
    bounds = (value, called.copies_low, called.copies_high)
    copies = Copies(*(max(1.0, value if bound is None else bound) for bound in bounds))

    def at_copies(allele: Allele) -> Allele:
        purity = called.purity or 1.0
        found = cell_fraction(allele.alt_fragments, allele.fragments, purity, purity * purity_lower_factor, copies)
        return replace(
            allele,
            ccf=found.value,
            ccf_low=found.low,
            ccf_high=found.high,
            multiplicity=found.multiplicity,
            local_copies=copies.value,
            local_copies_low=copies.low,
            local_copies_high=copies.high,
        )

    adjusted = replace(gene, alleles=tuple(map(at_copies, gene.alleles)), traces=tuple(map(at_copies, gene.traces)))
    genotypes = replace(sample.genotypes, genes={**sample.genotypes.genes, _ERBB2: adjusted})
    return replace(sample, genotypes=genotypes)
