"""Count the haplotypes of the listed codons, fragment by fragment. No opinions here: see `genotype`.

A fragment is a read pair (reads of one name). Where its mates overlap they count once; where they disagree the base is
no base. A codon is read off the fragment whole. Where an intron splits a codon (BRAF 581), a fragment that covers one
of its exons whole is counted with ``.`` for the bases that it does not reach.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pysam

from cetux.alignment import open_alignment
from cetux.counts import CodonCounts, HaplotypeCount, HaplotypeCounts, Usable
from cetux.errors import UnusableSample
from cetux.genomes import contig_prefix
from cetux.resources import Codon

_CLUSTER_GAP_BP = 1000
_CONFLICT = "!"
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class ReadFilter:
    """Which reads and bases count. keep_duplicates: reads flagged as duplicates count (amplicon assays)."""

    min_mapping_quality: int
    min_base_quality: int
    keep_duplicates: bool


def count_haplotypes(
    sample: str, bam: str, fasta: str | None, codons: Sequence[Codon], keep: ReadFilter
) -> HaplotypeCounts:
    """Count every haplotype of every codon in one BAM or CRAM, reading it by its index only.

    Args:
        sample: ID, carried to the result.
        bam: path; its index lies beside it.
        fasta: the assay's FASTA, needed for a CRAM.
        codons: the codons to count.
        keep: which reads and bases count.

    Returns:
        Counts in the order of `codons`; a codon without reads has no haplotypes. Damage in the data makes the whole
        sample not usable, with the reason, and no counts.
    """
    counts: dict[tuple[str, int], CodonCounts] = {}
    identical = 0
    try:
        with open_alignment(bam, fasta) as alignment:
            prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
            for cluster in _clusters(codons):
                fragments, dropped = _fragments(alignment, cluster, prefix, keep)
                identical += dropped
                for codon in cluster:
                    counts[codon.gene, codon.codon] = _count(codon, fragments)
    except UnusableSample as error:
        return HaplotypeCounts(sample, Usable(False, error.reason, error.remedy))
    except (OSError, ValueError) as error:
        usable = Usable(False, f"reading failed ({error})", "Copy or make the BAM and its index again")
        return HaplotypeCounts(sample, usable)
    ordered = tuple(counts[codon.gene, codon.codon] for codon in codons)
    return HaplotypeCounts(sample, Usable(), ordered, identical)


def _clusters(codons: Iterable[Codon]) -> Iterator[list[Codon]]:
    """Codons that lie within a fragment's reach of each other are read together."""
    cluster: list[Codon] = []
    end = 0
    for codon in sorted(codons, key=lambda codon: (codon.chrom, min(codon.positions))):
        if cluster and (codon.chrom != cluster[0].chrom or min(codon.positions) > end + _CLUSTER_GAP_BP):
            yield cluster
            cluster = []
        end = max(codon.positions) if not cluster else max(end, *codon.positions)
        cluster.append(codon)
    if cluster:
        yield cluster


@dataclass
class _Fragment:
    """Bases of one fragment at the positions asked for, and on which strands its reads lie over each of them."""

    bases: dict[int, str] = field(default_factory=dict)
    forward: set[int] = field(default_factory=set)
    reverse: set[int] = field(default_factory=set)

    def add(self, bases: Mapping[int, str], is_reverse: bool) -> None:
        for position, base in bases.items():
            known = self.bases.get(position, base)
            self.bases[position] = base if known == base else _CONFLICT
        (self.reverse if is_reverse else self.forward).update(bases)


def _fragments(
    alignment: pysam.AlignmentFile, cluster: Sequence[Codon], prefix: str, keep: ReadFilter
) -> tuple[list[_Fragment], int]:
    positions = sorted({position for codon in cluster for position in codon.positions})
    contig = prefix + cluster[0].chrom
    if alignment.get_tid(contig) < 0:
        return [], 0
    fragments: dict[str | None, _Fragment] = defaultdict(_Fragment)
    seen: set[tuple[str | None, int, int, str | None]] = set()
    dropped = 0
    for read in alignment.fetch(contig, positions[0], positions[-1] + 1):
        if not _counts(read, keep):
            continue
        identity = (read.query_name, read.flag, read.reference_start, read.cigarstring)
        if identity in seen:
            dropped += 1
            continue
        seen.add(identity)
        bases = bases_at(read, positions, keep.min_base_quality)
        if bases:
            fragments[read.query_name].add(bases, read.is_reverse)
    return list(fragments.values()), dropped


def _counts(read: pysam.AlignedSegment, keep: ReadFilter) -> bool:
    return not (
        read.is_unmapped
        or read.is_secondary
        or read.is_supplementary
        or read.is_qcfail
        or (read.is_duplicate and not keep.keep_duplicates)
        or read.mapping_quality < keep.min_mapping_quality
    )


def bases_at(read: pysam.AlignedSegment, positions: Sequence[int], min_base_quality: int) -> dict[int, str]:
    """What one read shows at the sorted 0-based `positions` that it covers.

    Returns:
        By position: the base, followed in lower case by bases inserted behind it; ``-`` where it is deleted. A base
        below `min_base_quality` or N, a clipped base and one skipped by an intron (N in the CIGAR) is absent. Reads
        without qualities (``*``) show nothing.
    """
    sequence, qualities = read.query_sequence, read.query_qualities
    found: dict[int, str] = {}
    if sequence is None or qualities is None or read.cigartuples is None:
        return found
    reference, query = read.reference_start, 0
    for operation, length in read.cigartuples:
        if operation in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF):
            for position in positions[bisect_left(positions, reference) : bisect_left(positions, reference + length)]:
                index = query + position - reference
                if qualities[index] >= min_base_quality and sequence[index] in "ACGT":
                    found[position] = sequence[index]
            reference += length
            query += length
        elif operation == pysam.CDEL:
            for position in positions[bisect_left(positions, reference) : bisect_left(positions, reference + length)]:
                found[position] = "-"
            reference += length
        elif operation == pysam.CINS:
            if reference - 1 in found:
                found[reference - 1] += sequence[query : query + length].lower()
            query += length
        elif operation == pysam.CREF_SKIP:
            reference += length
        elif operation == pysam.CSOFT_CLIP:
            query += length
    return found


def _count(codon: Codon, fragments: Iterable[_Fragment]) -> CodonCounts:
    positions = sorted(codon.positions)
    parts = exon_parts(positions)
    totals: Counter[str] = Counter()
    forward: Counter[str] = Counter()
    reverse: Counter[str] = Counter()
    conflicts = incomplete = 0
    for fragment in fragments:
        shown = [fragment.bases.get(position, "") for position in positions]
        if not any(shown):
            continue
        whole = [part for part in parts if all(fragment.bases.get(position, "") for position in part)]
        if _CONFLICT in shown:
            conflicts += 1
        elif not whole:
            incomplete += 1
        else:
            read = {position for part in whole for position in part}
            bases = "".join(fragment.bases[position] if position in read else "." for position in positions)
            totals[bases] += 1
            forward[bases] += bool(fragment.forward & read)
            reverse[bases] += bool(fragment.reverse & read)
    haplotypes = sorted(totals, key=lambda bases: (-totals[bases], bases))
    return CodonCounts(
        gene=codon.gene,
        codon=codon.codon,
        reference=plus_strand(codon),
        haplotypes=tuple(HaplotypeCount(bases, totals[bases], forward[bases], reverse[bases]) for bases in haplotypes),
        conflicts=conflicts,
        incomplete=incomplete,
    )


def exon_parts(positions: Sequence[int]) -> list[list[int]]:
    """Sorted positions split where they are not adjacent.

    >>> exon_parts([10, 11, 805])
    [[10, 11], [805]]
    """
    parts: list[list[int]] = []
    for position in positions:
        if parts and position == parts[-1][-1] + 1:
            parts[-1].append(position)
        else:
            parts.append([position])
    return parts


def plus_strand(codon: Codon) -> str:
    """The codon's reference bases in plus-strand order.

    A minus-strand codon is listed in coding order at descending positions, so its plus-strand text is the reverse
    complement.
    """
    return codon.wt_codon if codon.strand == "+" else codon.wt_codon[::-1].translate(_COMPLEMENT)
