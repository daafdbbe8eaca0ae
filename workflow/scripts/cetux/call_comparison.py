"""Each change of the direct count beside the same change of another caller: agreement, or what each side says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cetux.coding import Transcript, coding_scan
from cetux.codons import changed, plus_strand, tokens
from cetux.counts import CodonCounts, HaplotypeCounts, Usable
from cetux.edits import Bases, Edit, haplotype_edits, indel_edit
from cetux.evidence import Allele, SampleGenotypes
from cetux.hgvs import allele_edits, protein_name
from cetux.other_calls import OtherCall, OtherCalls, Unit, known_bases, read_calls, unit_parts, units
from cetux.resources import Codon
from cetux.states import Agreement

_VAF_RATIO = 2.0
"""Fractions that differ by more than this factor are pointed out [P]."""


@dataclass(frozen=True)
class ComparedCall:
    """One change on both sides.

    change: 1-based on the plus strand, as in ``7:140753336 A>T``; edits: the same before it is taken apart, empty where
    its ends are unknown. alt_fragments, fragments: the direct count, None where the change was not counted here; of a
    change over two codons, the smaller of both, hence an upper bound. reported: whether the direct count reports it.
    their_*: of the other caller, with its filters. flagged: the sides differ in what they report.
    """

    agreement: Agreement
    gene: str
    protein: str
    change: str
    reported: bool
    flagged: bool
    alt_fragments: int | None = None
    fragments: int | None = None
    their_alt: int | None = None
    their_depth: int | None = None
    their_vaf: float | None = None
    filters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


def compare_calls(
    genotypes: SampleGenotypes,
    counts: Sequence[CodonCounts],
    codons: Sequence[Codon],
    theirs: OtherCalls,
    known: Mapping[str, Transcript],
) -> tuple[ComparedCall, ...]:
    """Match the alleles of the direct count with another caller's, allele by allele.

    An allele of several bases matches a record of the same bases, or records of one phase that make it up, or, said in
    a note, separate records without phase. A record of several bases that here lie on different molecules matches
    nothing.

    Args:
        genotypes: what the direct count reports.
        counts: what it counted, for changes that only the other caller has.
        codons: the codons of `counts`.
        theirs: what the other caller says; nothing is compared where it is not usable.
        known: the transcripts by gene, for bases and names.
    """
    if not theirs.usable.ok or not genotypes.usable.ok:
        return ()
    bases: dict[str, Bases] = dict(known_bases(known.values()))
    by_codon = {(codon.gene, codon.codon): codon for codon in codons}
    named = units(theirs.calls, bases)
    used: set[OtherCall] = set()
    compared: list[ComparedCall] = []
    for allele in (allele for gene in genotypes.genes.values() for allele in gene.alleles):
        codon = by_codon[allele.gene, allele.codon]
        edits = allele_edits(allele, codon, bases.get(codon.chrom, {})) or ()
        ours = unit_parts(edits, bases)
        match, notes = _match(ours, named)
        used.update(match)
        compared.append(replace(_ours(allele, ours, match, notes), edits=edits))
    for parts, (call, *more) in named:
        if not more and call not in used:
            compared.append(_theirs(call, parts, counts, by_codon, known, bases))
    return tuple(compared)


@dataclass(frozen=True)
class Comparison:
    """One sample's alleles beside another caller's, as `compare_calls` of the workflow writes it."""

    sample: str
    caller: str
    usable: Usable
    calls: tuple[ComparedCall, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def compare_with_vcf(
    genotypes: SampleGenotypes, counts: HaplotypeCounts, path: str, build: str, fasta: str | None
) -> Comparison:
    """The alleles of one sample beside those of the VCF at `path`; see `compare_calls` and `read_calls`.

    Args:
        genotypes: what the direct count reports.
        counts: what it counted at `scanned_codons(build, fasta)`.
        path: another caller's VCF.
        build: the assay's build.
        fasta: the assay's FASTA, if any.
    """
    scan = coding_scan(build, fasta)
    known = scan.transcripts
    places: dict[str, set[int]] = {}
    for codon in scan.counted:
        places.setdefault(codon.chrom, set()).update(codon.positions)
    theirs = read_calls(path, genotypes.sample, build, dict(known_bases(known.values())), places)
    compared = compare_calls(genotypes, counts.codons, scan.counted, theirs, known)
    flags = disagreements(compared, theirs.caller) if theirs.usable.ok else ("other_calls_not_usable",)
    return Comparison(genotypes.sample, theirs.caller, theirs.usable, compared, theirs.notes, flags)


def disagreements(compared: Iterable[ComparedCall], caller: str) -> tuple[str, ...]:
    """Flags for the sample: how many changes only one side reports."""
    flagged = [one for one in compared if one.flagged]
    return (f"differs_from_{caller}:{len(flagged)}",) if flagged else ()


def _match(ours: frozenset[Edit], named: Sequence[Unit]) -> tuple[tuple[OtherCall, ...], list[str]]:
    """The calls that make up one of our alleles, and what is to be said of it."""
    exact = [calls for parts, calls in named if parts == ours and ours]
    if exact:
        reported = [calls for calls in exact if not any(call.filters for call in calls)]
        return (reported or exact)[0], []
    pieces = [(parts, calls) for parts, calls in named if len(calls) == 1 and parts < ours]
    if ours and frozenset().union(*(parts for parts, _ in pieces)) == ours:
        return tuple(call for _, (call,) in pieces), [f"called as {len(pieces)} separate changes"]
    if any(parts > ours for parts, _ in named if ours):
        return (), ["the other caller has it as part of a larger change"]
    return (), []


def _ours(allele: Allele, ours: frozenset[Edit], match: Sequence[OtherCall], notes: Sequence[str]) -> ComparedCall:
    filters = tuple(dict.fromkeys(name for call in match for name in call.filters))
    agreement = Agreement.FILTERED if filters else Agreement.AGREE
    if not match:
        agreement = Agreement.ONLY_OURS
    # of separate changes the rarer one bounds the allele
    call = min(match, key=lambda call: call.vaf if call.vaf is not None else 2.0) if match else None
    vaf = call.vaf if call else None
    said = list(notes)
    if vaf is not None and not 1 / _VAF_RATIO <= (vaf / allele.vaf) <= _VAF_RATIO:
        said.append(f"VAF {vaf:.1%} there, {allele.vaf:.1%} here")
    return ComparedCall(
        agreement=agreement,
        gene=allele.gene,
        protein=allele.protein,
        change=change_text(ours),
        reported=True,
        flagged=agreement is not Agreement.AGREE,
        alt_fragments=allele.alt_fragments,
        fragments=allele.fragments,
        their_alt=call.alt if call else None,
        their_depth=call.depth if call else None,
        their_vaf=vaf,
        filters=filters,
        notes=tuple(said),
    )


def _theirs(
    call: OtherCall,
    parts: frozenset[Edit],
    counts: Sequence[CodonCounts],
    by_codon: Mapping[tuple[str, int], Codon],
    known: Mapping[str, Transcript],
    bases: Mapping[str, Bases],
) -> ComparedCall:
    alt, fragments = direct_count(parts, counts, by_codon, bases)
    gene = next((one for one in known.values() if any(edit.start in one.index for edit in parts)), None)
    protein = protein_name(gene, [call.edit]).removeprefix("p.") if gene else ""
    notes = []
    if protein.endswith("="):
        notes.append("silent: not reported here")
    elif not fragments:
        notes.append("no fragment here reads it")
    else:
        notes.append(f"{alt} of {fragments} fragments here")
    return ComparedCall(
        agreement=Agreement.FILTERED if call.filters else Agreement.ONLY_THEIRS,
        gene=gene.gene if gene else "",
        protein=protein,
        change=change_text(parts),
        reported=False,
        flagged=not call.filters and not protein.endswith("="),
        alt_fragments=alt,
        fragments=fragments,
        their_alt=call.alt,
        their_depth=call.depth,
        their_vaf=call.vaf,
        filters=call.filters,
        notes=tuple(notes),
        edits=(call.edit,),
    )


def direct_count(
    parts: frozenset[Edit],
    counts: Sequence[CodonCounts],
    by_codon: Mapping[tuple[str, int], Codon],
    bases: Mapping[str, Bases],
) -> tuple[int | None, int | None]:
    """Fragments that carry all of `parts`, and those that read them; the least over the codons that are touched.

    Each codon is counted by itself, so over two codons the first number is an upper bound. (None, None) where no codon
    that was counted is touched.
    """
    found: list[tuple[int, int]] = []
    for count in counts:
        codon = by_codon[count.gene, count.codon]
        chroms = {edit.chrom for edit in parts}
        wanted = frozenset(edit for edit in parts if edit.chrom == codon.chrom and edit.start in codon.positions)
        for indel in count.indels if codon.chrom in chroms else ():
            if unit_parts([indel_edit(codon.chrom, indel)], bases) == parts:
                return indel.fragments, indel.covering
        if wanted:
            found.append(_with_and_reading(wanted, codon, count, bases))
    if not found:
        return None, None
    return min(alt for alt, _ in found), min(fragments for _, fragments in found)


def _with_and_reading(
    wanted: frozenset[Edit], codon: Codon, count: CodonCounts, bases: Mapping[str, Bases]
) -> tuple[int, int]:
    places = sorted(codon.positions)
    indices = {places.index(edit.start) for edit in wanted}
    alt = reading = 0
    for haplotype in count.haplotypes:
        shown = tokens(haplotype.bases)
        if any(shown[index] == "." for index in indices):
            continue
        reading += haplotype.fragments
        edits = haplotype_edits(codon, changed(haplotype.bases, plus_strand(codon)), bases.get(codon.chrom))
        if edits is not None and wanted <= unit_parts(edits, bases):
            alt += haplotype.fragments
    return alt, reading


def change_text(parts: Iterable[Edit]) -> str:
    """Single changes as text, 1-based on the plus strand.

    >>> change_text([Edit("7", 140753336, "C", "T"), Edit("7", 140753335, "A", "T")])
    '7:140753336 A>T 7:140753337 C>T'
    """
    return " ".join(f"{one.chrom}:{one.start + 1} {one.ref or '-'}>{one.alt or '-'}" for one in sorted(parts))
