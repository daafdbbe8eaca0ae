"""Names of changes in the nomenclature of the Human Genome Variation Society (hgvs-nomenclature.org, 21.0).

A change is given as plus-strand edits of one molecule, a name as text without accession, or empty where the reference
bases that decide it are unknown. Rules that are followed:

* the 3' rule: an insertion or deletion stands at the last place in reading direction that gives the same sequence. It
  is applied on the chromosome, so it never jumps over an intron;
* substitution before deletion, duplication, insertion, delins; changes of one codon, or of adjacent bases, are one
  delins;
* proteins: ``p.V600E`` or ``p.Val600Glu``, always predicted from DNA: the parentheses that HGVS asks for then are left
  out, as tumour reports do.

Deviation: a reversed complement of two or more bases is named delins, as catalogues of tumour alleles do, not inv.
"""

from collections.abc import Callable, Iterable, Sequence
from re import fullmatch, match

from cetux.coding import Transcript
from cetux.codons import Change, reverse_complement, translated
from cetux.counts import IndelCount
from cetux.edits import Bases, Edit, haplotype_edits, indel_edit, joined, linked_changes, shifted, trimmed
from cetux.evidence import Allele
from cetux.resources import CHROMOSOME_ACCESSIONS, Codon

_NAMES = "Ala Cys Asp Glu Phe Gly His Ile Lys Leu Met Asn Pro Gln Arg Ser Thr Val Trp Tyr Ter Xaa"
_THREE = dict(zip("ACDEFGHIKLMNPQRSTVWY*X", _NAMES.split(), strict=True))

KNOWN_INDELS = {
    ("ERBB2", "c.2313_2324dup"): "Y772_A775dup",
    ("ERBB2", "c.2326_2327insTGT"): "G776delinsVC",
    ("ERBB2", "c.2332_2340dup"): "G778_P780dup",
    ("ERBB2", "c.2264_2278del"): "L755_T759del",
    ("ERBB2", "c.2263_2277del"): "L755_T759del",
}
"""Listed insertions and deletions by gene and coding change: specification 7.4 (DoCM; SeraCare)."""

_SPLICE_BP = 2
"""Bases of an intron beside the exon that every splice site needs; a change there has an unknown protein."""


def genomic_name(edits: Iterable[Edit], bases: Bases, build: str) -> str:
    """The ``g.`` name with its accession, such as ``NC_000007.14:g.140753336A>T``.

    Args:
        edits: of one molecule and one chromosome; several are named together, in brackets.
        bases: plus-strand reference around them.
        build: "GRCh37" or "GRCh38".
    """
    ordered = sorted(trimmed(edit) for edit in edits)
    named = [_described(edit, bases, "+", lambda place: str(place + 1)) for edit in ordered]
    return f"{CHROMOSOME_ACCESSIONS[build][ordered[0].chrom]}:g.{_listed(named)}" if named and all(named) else ""


def coding_name(transcript: Transcript, edits: Iterable[Edit]) -> str:
    """The ``c.`` name on the transcript, such as ``c.1799T>A`` or ``c.2313_2324dup``.

    Positions in an intron carry the distance to the nearer exon (``c.1741+1``). Bases before the start codon or behind
    the stop codon have no number here, since the untranslated exons are not in the tables: the name is empty.
    """
    grouped = _grouped(transcript, edits)
    named = [_named_group(transcript, group) for group in grouped]
    return f"c.{_listed(named)}" if named and all(named) else ""


def _listed(named: Sequence[str]) -> str:
    return named[0] if len(named) == 1 else f"[{';'.join(named)}]"


def _grouped(transcript: Transcript, edits: Iterable[Edit]) -> list[list[Edit]]:
    """The edits in coding order, those together that HGVS names as one: adjacent ones, and those of one codon."""
    ordered = sorted((trimmed(edit) for edit in edits), reverse=transcript.strand == "-")
    groups: list[list[Edit]] = []
    for edit in ordered:
        place = _coding_places(transcript, edit)
        before = _coding_places(transcript, groups[-1][-1]) if groups else None
        if place and before and (place[0] <= before[1] or _same_codon(place[0], before[1] - 1)):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _same_codon(one: int, other: int) -> bool:
    return one // 3 == other // 3


def _coding_places(transcript: Transcript, edit: Edit) -> tuple[int, int] | None:
    """First coding base replaced and the one behind the last; of an insertion, twice the one behind it.

    None where the edit lies, wholly or in part, outside the coding exons.
    """
    if edit.ref:
        places = [transcript.index.get(place) for place in range(edit.start, edit.end)]
        known = sorted(place for place in places if place is not None)
        whole = len(known) == len(places) and known[-1] - known[0] == len(known) - 1
        return (known[0], known[-1] + 1) if whole else None
    left, right = transcript.index.get(edit.start - 1), transcript.index.get(edit.start)
    if left is None or right is None or abs(left - right) != 1:
        return None
    return max(left, right), max(left, right)


def _named_group(transcript: Transcript, group: Sequence[Edit]) -> str:
    def name(place: int) -> str:
        return _coding_number(transcript, place)

    whole = joined(group, transcript.bases) if _in_one_exon(transcript, group) else None
    if whole is not None:
        return _described(trimmed(whole), transcript.bases, transcript.strand, name)
    # over an intron: the exons' changes stand side by side in the transcript, so they are one delins there
    places = [place for edit in group if (place := _coding_places(transcript, edit))]
    if len(places) != len(group):
        return ""
    first, last = min(place[0] for place in places), max(place[1] for place in places)
    altered = _altered(transcript, group, first, last)
    if "N" in altered or not altered:
        return ""
    return f"{first + 1}_{last}delins{altered}"


def _in_one_exon(transcript: Transcript, group: Sequence[Edit]) -> bool:
    if len(group) == 1:
        return True
    low, high = min(edit.start for edit in group), max(edit.end for edit in group)
    return any(exon.start <= low and high <= exon.end for exon in transcript.exons)


def _described(edit: Edit, bases: Bases, strand: str, name: Callable[[int], str]) -> str:
    """One trimmed edit in the reading direction of `strand`; `name` numbers a position, empty where it cannot."""
    settled = shifted(edit, bases, 1 if strand == "+" else -1)
    if settled is None:
        return ""
    before = "".join(bases.get(place, "N") for place in _before(settled, strand))
    if not settled.ref and before != settled.alt and "N" in before:
        return ""
    return _written(settled, before == settled.alt, strand, name)


def _before(edit: Edit, strand: str) -> range:
    """As many positions as an insertion has bases, before it in the reading direction of `strand`."""
    size = len(edit.alt)
    return range(edit.start - size, edit.start) if strand == "+" else range(edit.start, edit.start + size)


def _written(edit: Edit, repeats: bool, strand: str, name: Callable[[int], str]) -> str:
    """One edit that stands at its last place; `repeats`: what an insertion inserts repeats the bases before it."""
    forward = strand == "+"
    ref, alt = (edit.ref, edit.alt) if forward else (reverse_complement(edit.ref), reverse_complement(edit.alt))
    if ref:
        where = range(edit.start, edit.end)
        what = f"{ref}>{alt}" if len(ref) == len(alt) == 1 else f"delins{alt}" if alt else "del"
    elif repeats:
        where, what = _before(edit, strand), "dup"
    else:
        where, what = range(edit.start - 1, edit.start + 1), f"ins{alt}"
    span = _span(where.start, where.stop, forward, name)
    return span and span + what


def _span(start: int, end: int, forward: bool, name: Callable[[int], str]) -> str:
    """Numbers of the first and last base of start..end in reading direction; one where they are the same."""
    first, last = name(start), name(end - 1)
    if not first or not last:
        return ""
    if end - start == 1:
        return first
    return f"{first}_{last}" if forward else f"{last}_{first}"


def _coding_number(transcript: Transcript, place: int) -> str:
    """The c. number of a plus-strand position: an exon base, or an intron base by the nearer exon; else empty."""
    if place in transcript.index:
        return str(transcript.index[place] + 1)
    for left, right in zip(transcript.exons, transcript.exons[1:], strict=False):
        low, high = (left, right) if transcript.strand == "+" else (right, left)
        if low.end <= place < high.start:
            ends = (low.end - 1, high.start) if transcript.strand == "+" else (high.start, low.end - 1)
            after, until = abs(place - ends[0]), abs(place - ends[1])
            if after <= until:
                return f"{transcript.index[ends[0]] + 1}+{after}"
            return f"{transcript.index[ends[1]] + 1}-{until}"
    return ""


def _altered(transcript: Transcript, edits: Iterable[Edit], first: int, last: int) -> str:
    """Coding bases `first` to `last` (half-open, from 0) with the edits made; all edits lie in the coding exons."""
    pieces = list(transcript.sequence)
    before = [""] * (len(pieces) + 1)
    for edit in edits:
        places = _coding_places(transcript, edit)
        assert places is not None
        alt = edit.alt if transcript.strand == "+" else reverse_complement(edit.alt)
        if edit.ref:
            pieces[places[0] : places[1]] = [alt, *[""] * (places[1] - places[0] - 1)]
        else:
            before[places[0]] += alt
    return "".join(before[place] + pieces[place] for place in range(first, last))


def protein_name(transcript: Transcript, edits: Iterable[Edit], letters: int = 1) -> str:
    """The ``p.`` name of what the edits together make of the protein.

    Numbers count from the transcript's own start codon, so BRAF's V600E is never V640E (MANE Plus Clinical).

    Args:
        transcript: the MANE Select transcript; it may know only some bases.
        edits: of one molecule, not overlapping; all of one gene.
        letters: 1 (``p.V600E``) or 3 (``p.Val600Glu``).

    Returns:
        Empty where unknown bases decide it, or where the edits lie in an intron away from its ends; ``p.?`` where a
        splice site or an exon's end is changed, whose effect no codon tells.
    """
    given = [trimmed(edit) for edit in edits]
    inside = [edit for edit in given if _coding_places(transcript, edit)]
    if not inside or len(inside) < len(given):
        return "p.?" if any(_near_exon(transcript, edit) for edit in given) else ""
    places = [place for edit in inside if (place := _coding_places(transcript, edit))]
    first = min(place[0] for place in places) // 3
    last = (max(place[1] for place in places) - 1) // 3
    new = _altered(transcript, inside, 0, len(transcript.positions))
    old = transcript.sequence
    name = _Residues(letters)
    if "N" in old[3 * first : 3 * last + 3]:
        return ""
    if len(new) % 3 != len(old) % 3:
        return "" if "N" in old[3 * first :] else _frameshift(translated(old), translated(new), name)
    if len(new) != len(old) and "N" in old[max(0, 3 * first - abs(len(new) - len(old))) : 3 * last + 6]:
        return ""
    return _in_frame(translated(old), translated(new), (first, last), name)


def _near_exon(transcript: Transcript, edit: Edit) -> bool:
    span = range(edit.start - (not edit.ref), max(edit.end, edit.start + 1))
    return any(exon.start - _SPLICE_BP <= place < exon.end + _SPLICE_BP for place in span for exon in transcript.exons)


class _Residues:
    """Writes amino acids with one or three letters."""

    def __init__(self, letters: int) -> None:
        if letters not in (1, 3):
            raise ValueError(f"an amino acid has one letter or three, not {letters}")
        self._three = letters == 3

    def __call__(self, residues: str) -> str:
        return "".join(_THREE[residue] for residue in residues) if self._three else residues

    def span(self, protein: str, start: int, end: int) -> str:
        """First and last residue of start..end (half-open, from 0) with their numbers."""
        first = f"{self(protein[start])}{start + 1}"
        return first if end - start == 1 else f"{first}_{self(protein[end - 1])}{end}"


def _in_frame(old: str, new: str, touched: tuple[int, int], name: _Residues) -> str:
    """Name of an in-frame change; `touched` are the first and last codon whose bases change, from 0.

    The residues that both proteins share are taken off at the front first, which puts an insertion or deletion in a
    repeat at its last place, as the 3' rule asks.
    """
    if old == new:
        return f"p.{name.span(old, touched[0], touched[1] + 1)}="
    if old[0] == "M" and new[:1] != "M":
        return f"p.{name('M')}1?"
    start = next(
        (i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), min(map(len, (old, new)))
    )
    shared = 0
    while shared < min(len(old), len(new)) - start and old[-1 - shared] == new[-1 - shared]:
        shared += 1
    if start == len(old):
        return "p.?"  # a sequence without its stop codon goes on behind its end
    gone, come = old[start : len(old) - shared], new[start : len(new) - shared]
    if old[start : start + 1] == "*" and start == len(old) - 1:
        return f"p.{name('*')}{start + 1}{name(new[start])}ext{name('*')}?"
    if come.startswith("*"):
        return f"p.{name(old[start])}{start + 1}{name('*')}"
    if "*" in come:
        come = come[: come.index("*") + 1]
    if len(gone) == len(come) == 1:
        return f"p.{name(gone)}{start + 1}{name(come)}"
    if not come:
        return f"p.{name.span(old, start, start + len(gone))}del"
    if gone:
        return f"p.{name.span(old, start, start + len(gone))}delins{name(come)}"
    if old[start - len(come) : start] == come:
        return f"p.{name.span(old, start - len(come), start)}dup"
    return f"p.{name.span(old, start - 1, start + 1)}ins{name(come)}"


def _frameshift(old: str, new: str, name: _Residues) -> str:
    """Name of a frameshift: the first changed residue and the distance to the new stop; ``?`` beyond the last exon."""
    start = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    if start is None or old[start] == "*":
        return "p.?"
    if start == 0:
        return f"p.{name('M')}1?"
    if new[start] == "*":
        return f"p.{name(old[start])}{start + 1}{name('*')}"
    stop = new.find("*", start)
    distance = str(stop - start + 1) if stop >= 0 else "?"
    return f"p.{name(old[start])}{start + 1}{name(new[start])}fs{name('*')}{distance}"


def haplotype_name(transcript: Transcript, codon: Codon, changes: Change, linked: Iterable[str] = ()) -> str:
    """The ``c.`` name of a haplotype of one codon, together with what stands beside it on the same molecules.

    Args:
        transcript: of the codon's gene.
        codon: the codon.
        changes: substitutions within it.
        linked: substitutions beside it, as in `counts.HaplotypeCount.linked`; left out as in `linked_changes`.
    """
    together, beside = linked_changes(codon, changes, linked, transcript.bases)
    return coding_name(transcript, haplotype_edits(codon, together, beside) or ())


def indel_names(transcript: Transcript, codon: Codon, indel: IndelCount) -> tuple[str, str]:
    """A counted insertion or deletion: its label and its ``c.`` name.

    The count knows how far it moves, so that no reference base is needed for its name. The label is that of
    `KNOWN_INDELS`, else the first residue that changes with ``indel`` (in frame) or ``fs`` (not); X is a residue whose
    bases are unknown. Where bases are exchanged for as many others and one residue changes, it is a substitution's.

    Returns:
        No ``c.`` name where bases that the change replaces are unknown.
    """
    edit = indel_edit(codon.chrom, indel, indel.shift if codon.strand == "+" else 0)
    if "N" in edit.ref + edit.alt:
        return f"{codon.wt_aa}{codon.codon}{_kind(edit)}", ""
    repeats = indel.shift >= len(edit.alt)
    text = _written(edit, repeats, codon.strand, lambda place: _coding_number(transcript, place))
    coding = text and f"c.{text}"
    return KNOWN_INDELS.get((codon.gene, coding)) or _label(transcript, codon, edit), coding


def _kind(edit: Edit) -> str:
    return "indel" if (len(edit.ref) - len(edit.alt)) % 3 == 0 else "fs"


def _label(transcript: Transcript, codon: Codon, edit: Edit) -> str:
    """Label of an insertion or deletion that stands at its last place in reading direction."""
    protein = protein_name(transcript, [edit])
    if len(edit.ref) == len(edit.alt) and fullmatch(r"p\.[A-Z]\d+[A-Z*]", protein):
        return protein.removeprefix("p.")
    first = match(r"p\.([A-Z*]\d+)", protein)
    places = _coding_places(transcript, edit)
    if first:
        return first[1] + _kind(edit)
    if not places:
        return f"{codon.wt_aa}{codon.codon}{_kind(edit)}"
    number = (places[0] - (not edit.ref)) // 3  # an insertion has the base before it changed, as in V12_G13insA
    return f"{translated(transcript.sequence[3 * number : 3 * number + 3])}{number + 1}{_kind(edit)}"


def allele_edits(allele: Allele, codon: Codon, bases: Bases) -> tuple[Edit, ...] | None:
    """What a detected allele changes: its counted indel, else its codon with the bases linked to it, where they are
    known, else its codon alone.

    Returns:
        As `haplotype_edits`: None where the change is not known to its end, or its reference bases are not.
    """
    if allele.indel is not None:
        edit = indel_edit(codon.chrom, allele.indel)
        return None if "N" in edit.ref + edit.alt else (edit,)
    together, _ = linked_changes(codon, allele.changes, allele.linked, bases)
    return haplotype_edits(codon, together, bases) or haplotype_edits(codon, allele.changes, bases) or None
