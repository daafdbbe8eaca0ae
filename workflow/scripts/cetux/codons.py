"""A codon and its haplotypes: the genetic code, both strands, what a haplotype changes and what amino acid it makes."""

from collections.abc import Iterable, Sequence
from itertools import product
from re import findall

from cetux.resources import Codon

Change = tuple[tuple[int, str], ...]
"""What stands at which index (0..2, plus-strand order) of a codon's positions."""

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
"""The base on the other strand, for `str.translate`; an unknown one stays N."""

AMINO_ACIDS = dict(
    zip(
        ("".join(bases) for bases in product("TCAG", repeat=3)),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
"""The standard genetic code (NCBI table 1)."""


def reverse_complement(bases: str) -> str:
    """The same bases as they read on the other strand.

    >>> reverse_complement("AAC")
    'GTT'
    """
    return bases.translate(COMPLEMENT)[::-1]


def translated(bases: str) -> str:
    """Amino acids of a coding sequence, one letter each: ``*`` for a stop, X for a codon with an unknown base.

    A last codon that is not whole is left out.

    >>> translated("ATGGNTTAAC")
    'MX*'
    """
    return "".join(AMINO_ACIDS.get(bases[place : place + 3], "X") for place in range(0, len(bases) - 2, 3))


def plus_strand(codon: Codon) -> str:
    """The codon's reference bases in plus-strand order.

    A minus-strand codon is listed in coding order at descending positions, so its plus-strand text is the reverse
    complement.
    """
    return codon.wt_codon if codon.strand == "+" else reverse_complement(codon.wt_codon)


def codon_bases(codons: Iterable[Codon]) -> dict[int, str]:
    """Plus-strand bases of the codons of one chromosome by position, as far as the tables alone know them."""
    found: dict[int, str] = {}
    for codon in codons:
        found.update(zip(sorted(codon.positions), plus_strand(codon), strict=True))
    return found


def tokens(bases: str) -> list[str]:
    """What a haplotype shows at each of its positions: a base with what is inserted behind it, ``-`` or ``.``."""
    if len(bases) == 3:
        return list(bases)
    found: list[str] = findall(r"[ACGT.-][acgtn]*", bases)
    return found


def changed(bases: str, reference: str) -> Change:
    """Index and content of each position at which a haplotype differs from the reference; unread ones do not.

    >>> changed("ATC", "ACC"), changed("A..", "ACC"), changed("ACgC", "ACC")
    (((1, 'T'),), (), ((1, 'Cg'),))
    """
    if bases == reference:
        return ()
    pairs = zip(tokens(bases), reference, strict=True)
    return tuple((i, shown) for i, (shown, base) in enumerate(pairs) if shown not in (base, "."))


def protein_change(codon: Codon, changes: Sequence[tuple[int, str]]) -> str:
    """The amino acid that a haplotype makes, or ``indel`` where bases are inserted or deleted."""
    bases = list(plus_strand(codon))
    for index, shown in changes:
        if shown not in ("A", "C", "G", "T"):
            return "indel"
        bases[index] = shown
    plus = "".join(bases)
    return translated(plus if codon.strand == "+" else reverse_complement(plus))
