"""Another caller's VCF of the same sample, held against the direct count change by change.

Both sides are brought to one form first: multi-allelic records split, alleles trimmed, insertions and deletions at
their left-most place, substitutions of several bases taken apart into single ones, single ones of one phase put
together. `call_comparison` then matches them.

The form is that of ``bcftools norm -m -any -f`` (a test compares them), made here since that program refuses a VCF
whose contigs are named unlike the FASTA's, and needs a FASTA.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pysam

from cetux.coding import Transcript
from cetux.counts import Usable
from cetux.edits import Bases, Edit, parts, shifted, trimmed
from cetux.genomes import plain_contig, recognise_build

_CALLERS = {
    "mutect": "Mutect2",
    "lofreq": "LoFreq",
    "vardict": "VarDict",
    "strelka": "Strelka",
    "dragen": "DRAGEN",
}
_PASSED = ("PASS", ".")
_BASES = frozenset("ACGT")


@dataclass(frozen=True)
class OtherCall:
    """One allele of another caller.

    edit: trimmed and left-most as far as the bases are known. filters: why that caller does not report it, empty where
    it does. alt, depth: its counts; vaf: fraction; each None where the VCF has none. phase: calls with the same text
    were seen on one molecule; empty if not known.
    """

    edit: Edit
    filters: tuple[str, ...] = ()
    alt: int | None = None
    depth: int | None = None
    vaf: float | None = None
    phase: str = ""


@dataclass(frozen=True)
class OtherCalls:
    """What one VCF says at the codons that are read; not usable with the reason where it cannot be compared."""

    sample: str
    caller: str
    usable: Usable
    calls: tuple[OtherCall, ...] = ()
    notes: tuple[str, ...] = ()


class _UnfitError(Exception):
    """The VCF cannot be compared: reason and remedy."""


def known_bases(known: Iterable[Transcript]) -> dict[str, dict[int, str]]:
    """Plus-strand bases by chromosome and position, from all transcripts together."""
    bases: dict[str, dict[int, str]] = {}
    for transcript in known:
        bases.setdefault(transcript.chrom, {}).update(transcript.bases)
    return bases


def read_calls(
    path: str, sample: str, build: str, bases: Mapping[str, Bases], places: Mapping[str, set[int]]
) -> OtherCalls:
    """Read the calls of one sample that touch the codons.

    Args:
        path: VCF or VCF.gz of Mutect2, LoFreq, VarDict, Strelka, DRAGEN or another caller that follows the standard; no
            index is needed. Contigs with or without ``chr``.
        sample: ID of the sample. Its column is the one of that name, else the one that the header names as the tumour
            (Mutect2), else ``TUMOR`` (Strelka), else the only one.
        build: the assay's build; a header of another build makes the VCF not usable.
        bases: `known_bases` of the transcripts; with a FASTA they reach beyond the codons, so that changes in repeats
            are normalised.
        places: 0-based positions of the codons, by chromosome.

    Returns:
        Calls by position. Damage in the file, or a REF that is not the build's, makes it not usable, with the reason.
        A record whose REF does not name its bases (N) is left out, with a note.
    """
    caller = "unknown"
    try:
        with pysam.VariantFile(path) as file:
            caller = _caller(str(file.header))
            _check_build(file.header, build)
            column = _column(file.header, sample)
            calls: list[OtherCall] = []
            symbolic = unfiltered = unknown = 0
            for record in file:
                here = places.get(plain_contig(record.contig))
                if here is None:
                    continue
                if not set(str(record.ref).upper()) <= _BASES:
                    unknown += any(place in here for place in range(record.start, record.start + len(str(record.ref))))
                    continue
                for index, alt in enumerate(record.alts or ()):
                    if not set(alt.upper()) <= _BASES:
                        symbolic += 1
                        continue
                    call = _call(record, (index, alt.upper()), column, bases)
                    there = _is_there(call, _genotype(record, column), index + 1)
                    if there and touches(call.edit, here, bases):
                        calls.append(call)
                        unfiltered += not list(record.filter)
    except _UnfitError as problem:
        return OtherCalls(sample, caller, Usable(False, *problem.args))
    except (OSError, ValueError) as error:
        remedy = "Give a whole VCF (plain or bgzipped): check it with bcftools view"
        return OtherCalls(sample, caller, Usable(False, f"the VCF {path} cannot be read ({error})", remedy))
    notes = []
    if symbolic:
        notes.append(f"{symbolic} alleles without bases (such as <DEL>, * or N) on these chromosomes were left out")
    if unknown:
        notes.append(f"{unknown} records over the codons were left out: their REF has letters other than A, C, G and T")
    if unfiltered:
        notes.append(f"{unfiltered} calls carry no FILTER: were they filtered?")
    ordered = sorted(calls, key=lambda call: call.edit)
    return OtherCalls(sample, caller, Usable(), tuple(ordered), tuple(notes))


def _caller(header: str) -> str:
    """The caller by what its header says of itself, in lines that name a source, a command or a version."""
    lines = [line.lower() for line in header.splitlines() if line.startswith("##")]
    told = [line for line in lines if any(word in line for word in ("source", "command", "cmdline", "version"))]
    return next((name for word, name in _CALLERS.items() if any(word in line for line in told)), "unknown")


def _check_build(header: pysam.VariantHeader, build: str) -> None:
    lengths = {str(name): contig.length for name, contig in header.contigs.items() if contig.length}
    found = recognise_build(lengths)
    if lengths and found not in (build, None):
        raise _UnfitError(
            f"the VCF is {found} by its contig lengths, the assay says {build}", "Give calls of the same build"
        )


def _column(header: pysam.VariantHeader, sample: str) -> str | None:
    names = list(header.samples)
    told = [record.value for record in header.records if record.key == "tumor_sample"]
    for name in (sample, *told, "TUMOR"):
        if name in names:
            return str(name)
    if len(names) > 1:
        raise _UnfitError(
            f"no column of the VCF is {sample}: it has {', '.join(names)}",
            "Name the tumour's column as the sample in samples.tsv",
        )
    return names[0] if names else None


def _call(
    record: pysam.VariantRecord, allele: tuple[int, str], column: str | None, bases: Mapping[str, Bases]
) -> OtherCall:
    """One allele, given as its index among ALT and its bases."""
    chrom = plain_contig(record.contig)
    around = bases.get(chrom, {})
    ref = str(record.ref).upper()
    wrong = [place for place, base in enumerate(ref, record.start) if around.get(place, "N") not in (base, "N")]
    if wrong:
        place = wrong[0]
        raise _UnfitError(
            f"REF at {chrom}:{place + 1} is {ref[place - record.start]}, the reference has {around[place]}",
            "Give calls that were made on the assay's build and FASTA",
        )
    edit = trimmed(Edit(chrom, record.start, ref, allele[1]))
    alt, depth, vaf = _numbers(record, allele, column)
    return OtherCall(
        edit=shifted(edit, around, -1) or edit,
        filters=tuple(str(name) for name in record.filter if name not in _PASSED),
        alt=alt,
        depth=depth,
        vaf=vaf,
        phase=_phase(record, allele[0], column),
    )


def _numbers(
    record: pysam.VariantRecord, allele: tuple[int, str], column: str | None
) -> tuple[int | None, int | None, float | None]:
    """Reads with the allele, all reads, and the fraction, from where the caller keeps them.

    FORMAT AD, DP and AF (Mutect2, VarDict, DRAGEN; AD over AF); of Strelka the first tier of AU, CU, GU, TU for a base
    and of TAR, TIR for an insertion or deletion; of LoFreq, which has no sample column, INFO DP4, DP and AF.
    """
    index = allele[0]
    if column is None:
        # pysam refuses to look up a name that the header does not define
        said = {name: record.info.get(name) for name in ("DP4", "DP", "AF") if name in record.header.info}
        four = said.get("DP4")
        alt = four[2] + four[3] if four and len(record.alts or ()) == 1 else None
        return alt, said.get("DP"), _item(said.get("AF"), index)
    given = record.samples[column]
    tiers = {name: _item(given.get(name), 0) for name in ("AU", "CU", "GU", "TU", "TAR", "TIR")}
    if tiers["AU"] is not None:
        depth = sum(tiers[name] or 0 for name in ("AU", "CU", "GU", "TU"))
        alt = tiers.get(f"{allele[1]}U")
    elif tiers["TIR"] is not None:
        alt, depth = tiers["TIR"], (tiers["TAR"] or 0) + tiers["TIR"]
    else:
        counts = given.get("AD")
        alt, depth = _item(counts, index + 1), given.get("DP")
        known = [count for count in counts or () if count is not None] if isinstance(counts, tuple) else []
        depth = depth if depth is not None else (sum(known) or None)
    stated = _item(given.get("AF"), index)
    vaf = alt / depth if alt is not None and depth else stated
    return alt, depth, vaf


def _genotype(record: pysam.VariantRecord, column: str | None) -> tuple[int | None, ...]:
    """GT of the sample's column, None for each allele that is not called (``.``); empty where there is no GT."""
    return tuple(record.samples[column].get("GT") or ()) if column is not None else ()


def _is_there(call: OtherCall, genotype: Sequence[int | None], number: int) -> bool:
    """Whether the caller says that the sample has allele `number` of its record (VCF specification, 1.6.2: GT).

    A genotype whose alleles are all called names all that are there, whatever single reads show: a VCF of several
    samples has the other samples' alleles with 0/0 here. Where one is not called (``./.``) the counts must show the
    allele. A caller without GT (LoFreq, Strelka) writes what it found. Counts of 0 are always a no.
    """
    shown = call.alt if call.alt is not None else call.vaf
    if shown == 0:
        return False
    if not genotype or number in genotype:
        return True
    return None in genotype and shown is not None


def _item(values: Any, index: int) -> Any:
    """One of several values; a single value is itself."""
    if isinstance(values, tuple):
        return values[index] if index < len(values) else None
    return values


def _phase(record: pysam.VariantRecord, index: int, column: str | None) -> str:
    """Phase set and side of a phased genotype: PS with GT (standard, DRAGEN), or PID with PGT (Mutect2)."""
    if column is None:
        return ""
    given = record.samples[column]
    if given.get("PID"):
        return f"{given['PID']} {given.get('PGT')}"
    genotype = given.get("GT") or ()
    if given.phased and given.get("PS") is not None and index + 1 in genotype:
        return f"{given['PS']} {genotype.index(index + 1)}"
    return ""


def touches(edit: Edit, places: set[int], bases: Mapping[str, Bases]) -> bool:
    """Whether an edit changes one of the positions, or inserts beside one, in any of its equivalent placements."""
    around = bases.get(edit.chrom, {})
    ends = [one for one in (edit, shifted(edit, around, -1), shifted(edit, around, 1)) if one is not None]
    first, last = min(one.start for one in ends), max(one.end for one in ends)
    span = range(first - 1, last + 1) if not edit.ref else range(first, last)
    return any(place in places for place in span)


def unit_parts(edits: Iterable[Edit], bases: Mapping[str, Bases]) -> frozenset[Edit]:
    """The single changes of one molecule in the form in which both sides are compared."""
    singles = [part for edit in edits for part in parts(edit)]
    return frozenset(shifted(part, bases.get(part.chrom, {}), -1) or part for part in singles)


Unit = tuple[frozenset[Edit], tuple[OtherCall, ...]]
"""The single changes of one molecule, and the calls that they come from."""


def units(calls: Sequence[OtherCall], bases: Mapping[str, Bases]) -> list[Unit]:
    """Each call's single changes; calls of one phase that lie within two codons also as one."""
    found: list[Unit] = [(unit_parts([call.edit], bases), (call,)) for call in calls]
    by_phase: dict[tuple[str, str], list[OtherCall]] = {}
    for call in calls:
        if call.phase:
            by_phase.setdefault((call.edit.chrom, call.phase), []).append(call)
    for members in by_phase.values():
        near = [call for call in members if call.edit.start - members[0].edit.start <= _TWO_CODONS_BP]
        if len(near) > 1:
            found.append((unit_parts([call.edit for call in near], bases), tuple(near)))
    return found


_TWO_CODONS_BP = 5
