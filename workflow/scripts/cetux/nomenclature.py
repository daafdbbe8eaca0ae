"""What a change of a codon is called: its amino acid, and its HGVS name on the coding DNA."""

from collections.abc import Mapping, Sequence
from itertools import product
from re import findall, fullmatch

from cetux.counts import IndelCount
from cetux.resources import Codon

Change = tuple[tuple[int, str], ...]
"""What stands at which index (0..2, plus-strand order) of a codon's positions."""

COMPLEMENT = str.maketrans("ACGT", "TGCA")

AMINO_ACIDS = dict(
    zip(
        ("".join(bases) for bases in product("TCAG", repeat=3)),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
"""The standard genetic code."""

KNOWN_INDELS = {
    ("ERBB2", "c.2313_2324dup"): "Y772_A775dup",
    ("ERBB2", "c.2326_2327insTGT"): "G776delinsVC",
    ("ERBB2", "c.2332_2340dup"): "G778_P780dup",
    ("ERBB2", "c.2264_2278del"): "L755_T759del",
    ("ERBB2", "c.2263_2277del"): "L755_T759del",
}
"""Listed insertions and deletions by gene and coding change: specification 7.4 (DoCM; SeraCare)."""

_BASES = frozenset("ACGT")


def translate(codon: str) -> str:
    """The amino acid of a coding-strand codon, one letter, ``*`` for stop.

    >>> translate("GGT"), translate("TAA")
    ('G', '*')
    """
    return AMINO_ACIDS[codon]


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
    bases = list(codon.wt_codon if codon.strand == "+" else codon.wt_codon[::-1].translate(COMPLEMENT))
    for index, shown in changes:
        if shown not in _BASES:
            return "indel"
        bases[index] = shown
    plus = "".join(bases)
    return translate(plus if codon.strand == "+" else plus[::-1].translate(COMPLEMENT))


def hgvs_coding(codon: Codon, changes: Sequence[tuple[int, str]], linked: Sequence[str] = ()) -> str:
    """The change in HGVS c. nomenclature on the codon's transcript; empty for an insertion or deletion.

    A single base is a substitution, several are one delins over the bases from the first to the last changed one.

    Args:
        codon: the codon.
        changes: substitutions within it.
        linked: substitutions beside it on the same molecules, as in HaplotypeCount.linked.
    """
    first = 3 * (codon.codon - 1) + 1
    coding = dict(enumerate(codon.wt_codon))
    altered: dict[int, str] = {}
    for index, shown in changes:
        if shown not in _BASES:
            return ""
        altered[_place(codon, index)] = _coding(codon, shown)
    for text in linked:
        match = fullmatch(r"([+-]\d+)([ACGT])>([ACGT])", text)
        assert match is not None, text
        coding[_place(codon, int(match[1]))] = _coding(codon, match[2])
        altered[_place(codon, int(match[1]))] = _coding(codon, match[3])
    low, high = min(altered), max(altered)
    if low == high:
        return f"c.{first + low}{coding[low]}>{altered[low]}"
    if not set(range(low, high + 1)) <= set(coding):
        return hgvs_coding(codon, changes)
    bases = "".join(altered.get(place, coding[place]) for place in range(low, high + 1))
    return f"c.{first + low}_{first + high}delins{bases}"


def _place(codon: Codon, index: int) -> int:
    """Offset from the codon's first coding base, of an offset from its first plus-strand base."""
    return index if codon.strand == "+" else 2 - index


def _coding(codon: Codon, base: str) -> str:
    return base if codon.strand == "+" else base.translate(COMPLEMENT)


def hgvs_indel(codon: Codon, indel: IndelCount) -> str:
    """An insertion or deletion in HGVS c. nomenclature, moved to the 3' end of the coding strand.

    An insertion that repeats the bases before it is a duplication. The codon's exon is taken to reach over the change.
    """
    first, plus = 3 * (codon.codon - 1) + 1, codon.strand == "+"

    def place(position: int) -> int:
        return first + (position - codon.positions[0] if plus else codon.positions[0] - position)

    moved = indel.start + (indel.shift if plus else 0)
    if indel.deleted:
        ends = sorted((place(moved), place(moved + len(indel.deleted) - 1)))
        return f"c.{_range(ends)}del"
    size = len(indel.inserted)
    if indel.shift >= size:
        ends = sorted((place(moved - size + 1), place(moved)) if plus else (place(moved + 1), place(moved + size)))
        return f"c.{_range(ends)}dup"
    turn = indel.shift % size if plus else 0
    bases = indel.inserted[turn:] + indel.inserted[:turn]
    ends = sorted((place(moved), place(moved + 1)))
    return f"c.{ends[0]}_{ends[1]}ins{bases if plus else bases[::-1].translate(COMPLEMENT)}"


def _range(ends: Sequence[int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}_{ends[1]}"


def indel_protein(codon: Codon, indel: IndelCount, coding: str, known: Mapping[tuple[str, str], str]) -> str:
    """Listed name of an insertion or deletion, else the codon with ``indel`` (in frame) or ``fs`` (not)."""
    in_frame = len(indel.deleted or indel.inserted) % 3 == 0
    return known.get((codon.gene, coding), f"{codon.wt_aa}{codon.codon}{'indel' if in_frame else 'fs'}")
