"""Count the haplotypes of the codons, fragment by fragment. No opinions here: see `genotype`.

A fragment is a read pair (reads of one name). Where its mates overlap they count once; where they disagree the base is
no base. A fragment that shows any base of a codon is counted, with ``.`` for the bases that it does not show: those of
low quality or in conflict, beyond its end, or in the other exon of a codon that an intron splits (BRAF 581).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pysam

from cetux.alignment import open_alignment
from cetux.codons import codon_bases, plus_strand
from cetux.counts import (
    ERROR_CLASSES,
    ORIENTATIONS,
    CodonCounts,
    HaplotypeCount,
    HaplotypeCounts,
    Usable,
)
from cetux.errors import UnusableSample
from cetux.flanks import FLANK_BP, FlankCounter
from cetux.fragments import (
    BASES,
    END_BP,
    Bools,
    Bytes,
    Fragments,
    Ints,
    Merged,
    ReadFilter,
    Segment,
    read_fragments,
)
from cetux.genomes import contig_prefix
from cetux.indels import FoundIndel, by_codon, count_indels
from cetux.resources import Codon

__all__ = ["ReadFilter", "count_haplotypes"]

_WINDOW_BP = 200
_LINKED_OFFSETS = (-3, -2, -1, 3, 4, 5)
"""Bases beside a codon that are linked to it: those of both neighbours, so that each of two codons sees the other."""

_LEAST_LINKED = 2


def count_haplotypes(
    sample: str, bam: str, fasta: str | None, codons: Sequence[Codon], keep: ReadFilter
) -> HaplotypeCounts:
    """Count every haplotype of every codon in one BAM or CRAM, reading it by its index only.

    Args:
        sample: ID, carried to the result.
        bam: path; its index lies beside it.
        fasta: the assay's FASTA, needed for a CRAM; it also gives the bases around the codons. Without it the sample's
            most frequent bases stand for them.
        codons: the codons to count; positions of those with `required` bases never count as background.
        keep: which reads and bases count.

    Returns:
        Counts in the order of `codons`; a codon without reads has no haplotypes. Damage in the data makes the whole
        sample not usable, with the reason, and no counts.
    """
    counts: dict[tuple[str, int], CodonCounts] = {}
    indels: list[FoundIndel] = []
    identical = 0
    flanks = FlankCounter({(codon.chrom, p) for codon in codons if codon.required for p in codon.positions})
    try:
        with open_alignment(bam, fasta) as alignment, pysam.FastaFile(fasta) if fasta else nullcontext() as file:
            prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
            for cluster in _clusters(codons):
                fragments = _read(alignment, cluster, prefix, keep)
                identical += fragments.identical_records
                flanks.add(cluster[0].chrom, fragments)
                window = count_indels(cluster, fragments, _reference(file, cluster))
                indels += window.found
                for codon in cluster:
                    counts[codon.gene, codon.codon] = _count(codon, fragments, window.joined)
    except UnusableSample as error:
        return HaplotypeCounts(sample, Usable(False, error.reason, error.remedy))
    except (OSError, ValueError) as error:
        usable = Usable(False, f"reading failed ({error})", "Copy or make the BAM and its index again")
        return HaplotypeCounts(sample, usable)
    of_codon = by_codon(indels)
    keys = [(codon.gene, codon.codon) for codon in codons]
    ordered = tuple(replace(counts[key], indels=of_codon.get(key, ())) for key in keys)
    return HaplotypeCounts(sample, Usable(), ordered, identical, flanks.background())


def _clusters(codons: Iterable[Codon]) -> Iterator[list[Codon]]:
    """Codons within 200 bp are read together; one that an intron splits wider than that stands alone."""
    cluster: list[Codon] = []
    for codon in sorted(codons, key=lambda codon: (codon.chrom, min(codon.positions), max(codon.positions))):
        first = min(cluster[0].positions) if cluster else 0
        if cluster and (codon.chrom != cluster[0].chrom or max(codon.positions) > first + _WINDOW_BP):
            yield cluster
            cluster = []
        cluster.append(codon)
    if cluster:
        yield cluster


def segments_of(cluster: Sequence[Codon]) -> list[Segment]:
    """The columns of a window: every codon of the cluster with its flanks; reads come from the codons themselves."""
    spans: list[list[int]] = []
    for first in sorted({position for codon in cluster for position in codon.positions}):
        if spans and first <= spans[-1][1] + 2 * FLANK_BP:
            spans[-1][1] = first + 1
        else:
            spans.append([first, first + 1])
    segments: list[Segment] = []
    column = 0
    for first, last in spans:
        segments.append(Segment(max(first - FLANK_BP, 0), last + FLANK_BP, column, first, last))
        column += segments[-1].end - segments[-1].start
    return segments


def _reference(file: pysam.FastaFile | None, cluster: Sequence[Codon]) -> dict[int, str]:
    """Plus-strand bases of a window: those of the FASTA, and of the codons where it has none."""
    known: dict[int, str] = {}
    if file is not None:
        lengths = dict(zip(file.references, file.lengths, strict=True))
        contig = contig_prefix(lengths) + cluster[0].chrom
        for segment in segments_of(cluster) if contig in lengths else ():
            known |= enumerate(file.fetch(contig, segment.start, segment.end).upper(), segment.start)
    return known | codon_bases(cluster)


def _read(alignment: pysam.AlignmentFile, cluster: Sequence[Codon], prefix: str, keep: ReadFilter) -> Fragments:
    return read_fragments(alignment, prefix + cluster[0].chrom, segments_of(cluster), keep)


def _count(codon: Codon, fragments: Fragments, joined: Mapping[int, Sequence[int]]) -> CodonCounts:
    """Count one codon; a base that is part of a change with a gap (`joined`) counts there, here as a deleted one."""
    positions = sorted(codon.positions)
    columns = [_column(fragments, position) for position in positions]
    merged = fragments.at(columns)
    for index, position in enumerate(positions):
        merged.bases[list(joined.get(position, ())), index] = BASES.index("-")
    conflict: Bools = np.asarray(merged.conflicts.any(axis=1))
    inserted, disagreeing = _insertions(fragments, positions, columns)
    conflict[disagreeing] = True
    shows: Bools = np.asarray((merged.bases > 0).any(axis=1))
    shows[disagreeing] = False
    counted = np.flatnonzero(shows)
    rows = _rows(fragments, merged, positions)
    tally = _Tally()
    plain = counted if not inserted else counted[~np.isin(counted, list(inserted))]
    for code, many in zip(*np.unique(rows[plain], return_counts=True), strict=True):
        tally.add(int(code), int(many), {})
    for row in set(counted.tolist()) & set(inserted):
        tally.add(int(rows[row]), 1, inserted[row])
    linked = _Linked(fragments, positions, columns, rows[plain], plain)
    reference = plus_strand(codon)
    return CodonCounts(
        gene=codon.gene,
        codon=codon.codon,
        reference=reference,
        haplotypes=tuple(tally.haplotypes(reference, linked)),
        conflicts=int(conflict.sum()),
    )


def _column(fragments: Fragments, position: int) -> int:
    column = fragments.column(position)
    assert column is not None, "a codon lies in its own window"
    return column


def _insertions(
    fragments: Fragments, positions: Sequence[int], columns: Sequence[int]
) -> tuple[dict[int, dict[int, str]], list[int]]:
    """Inserted bases by fragment and index in the codon; and the fragments whose mates disagree about one."""
    inserted: dict[int, dict[int, str]] = {}
    disagreeing: list[int] = []
    behind: dict[int, Bools] = {}
    for row, found in fragments.indels.items():
        for indel, mates in found.items():
            if not indel.inserted or indel.start not in positions:
                continue
            index = positions.index(indel.start)
            if index not in behind:
                behind[index] = fragments.at([columns[index] + 1]).covered[:, :, 0]
            if any(behind[index][mate, row] for mate in {0, 1} - mates):
                disagreeing.append(row)
            inserted.setdefault(row, {})[index] = indel.inserted.lower()
    return inserted, disagreeing


_RADIX = (6, 6, 6, 7, 7, 7, 3, 2, 2, 2)
"""One number a fragment: three bases, three error classes (6: not read), orientation, forward, reverse, at ends."""


def _rows(fragments: Fragments, merged: Merged, positions: Sequence[int]) -> Ints:
    """The number of each fragment, as `_RADIX` composes it."""
    bases = merged.bases
    classes = np.where(bases > 0, merged.classes, len(ERROR_CLASSES))
    shown = merged.covered
    covers = shown.any(axis=2)
    places = np.array(positions)
    first, last = places[shown.argmax(axis=2)], places[2 - shown[:, :, ::-1].argmax(axis=2)]
    near = (first < fragments.start + END_BP) | (last >= fragments.end - END_BP)
    features = (
        *bases.T,
        *classes.T,
        fragments.orientation,
        (covers & ~fragments.reverse).any(axis=0),
        (covers & fragments.reverse).any(axis=0),
        ~(covers & ~near).any(axis=0),
    )
    rows = np.zeros(fragments.count, dtype=np.int64)
    for feature, radix in zip(features, _RADIX, strict=True):
        rows = rows * radix + feature
    return rows


class _Linked:
    """Bases next to the codon that differ from the consensus, among the fragments of one haplotype."""

    def __init__(
        self, fragments: Fragments, positions: Sequence[int], columns: Sequence[int], rows: Ints, counted: Ints
    ) -> None:
        self.haplotype = rows // int(np.prod(_RADIX[3:]))
        self.bases: dict[int, Bytes] = {}
        if positions[2] - positions[0] == 2:
            beside = fragments.at([columns[0] + offset for offset in _LINKED_OFFSETS]).bases[counted]
            self.bases = dict(zip(_LINKED_OFFSETS, beside.T, strict=True))

    def of(self, number: int) -> dict[str, int]:
        """By change, as in ``-1C>A``: the fragments of haplotype `number` that show it, if there are at least two."""
        here = self.haplotype == number
        found: dict[str, int] = {}
        for offset, bases in self.bases.items():
            usual = int(np.bincount(bases[bases > 0], minlength=6).argmax()) if bases.any() else 0
            for base in range(1, 5):
                many = int((bases[here] == base).sum())
                if base != usual and many >= _LEAST_LINKED:
                    found[f"{offset:+d}{BASES[usual]}>{BASES[base]}"] = many
        return found


class _Tally:
    """Fragments of one codon by haplotype."""

    def __init__(self) -> None:
        self.totals: dict[str, list[int]] = {}
        self.strata: dict[str, Counter[str]] = {}
        self.numbers: dict[str, int] = {}

    def add(self, row: int, many: int, inserted: dict[int, str]) -> None:
        digits: list[int] = []
        for radix in reversed(_RADIX):
            row, digit = divmod(row, radix)
            digits.append(digit)
        one, two, three, *classes = digits[::-1]
        orientation, forward, reverse, at_ends = classes[3:]
        tokens = [BASES[base] + inserted.get(index, "") for index, base in enumerate((one, two, three))]
        bases = "".join(tokens)
        totals = self.totals.setdefault(bases, [0, 0, 0, 0])
        for index, value in enumerate((1, forward, reverse, at_ends)):
            totals[index] += many * value
        key = ORIENTATIONS[orientation] + "".join((ERROR_CLASSES + ".")[c] for c in classes[:3])
        self.strata.setdefault(bases, Counter())[key] += many
        if not inserted:
            self.numbers[bases] = (one * 6 + two) * 6 + three

    def haplotypes(self, reference: str, linked: _Linked) -> Iterator[HaplotypeCount]:
        """Most frequent first."""
        for bases in sorted(self.totals, key=lambda bases: (-self.totals[bases][0], bases)):
            many, forward, reverse, at_ends = self.totals[bases]
            seek = bases in self.numbers and bases != reference and many >= _LEAST_LINKED
            beside = linked.of(self.numbers[bases]) if seek else {}
            strata = dict(sorted(self.strata[bases].items()))
            yield HaplotypeCount(bases, many, forward, reverse, at_ends, strata, beside)
