"""What the measuring stages write: counts and checks without an opinion. Plain frozen records, as JSON on disk.

They stand apart from `evidence` so that a new field of a decision rereads no BAM.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Usable:
    """Whether a sample, or a measurement of it, can be used; if not, why and what would mend it."""

    ok: bool = True
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class SampleCheck:
    """What `check_sample` found in one BAM or CRAM before anything was measured."""

    sample: str
    usable: Usable
    build: str | None = None
    contig_prefix: str = ""
    fingerprint: str = ""
    read_groups: tuple[str, ...] = ()
    loci_without_reads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HaplotypeCount:
    """Fragments that carry one haplotype of a codon.

    bases: the codon's positions in plus-strand order; ``-`` a deleted base, ``.`` a base in an exon that the fragment
    does not reach, lower case a base inserted behind the one before it. forward, reverse: fragments with a read on that
    strand over the codon (a fragment with both counts in both).
    """

    bases: str
    fragments: int
    forward: int
    reverse: int


@dataclass(frozen=True)
class CodonCounts:
    """All haplotypes seen at one codon; `reference` in plus-strand order."""

    gene: str
    codon: int
    reference: str
    haplotypes: tuple[HaplotypeCount, ...]
    conflicts: int = 0
    incomplete: int = 0


@dataclass(frozen=True)
class HaplotypeCounts:
    """Every listed codon of one sample, as `count_haplotypes` writes it."""

    sample: str
    usable: Usable
    codons: tuple[CodonCounts, ...] = ()
    identical_records_dropped: int = 0


@dataclass(frozen=True)
class CorrectedCoverage:
    """How the coverage correction of one sample fared; the bins themselves stand in its .cnr and .cns.

    residual_*: spread of the bins about their segments, log2.
    """

    sample: str
    usable: Usable
    bins: int = 0
    segments: int = 0
    residual_sd_log2: float | None = None
    residual_mad_log2: float | None = None


@dataclass(frozen=True)
class ReferenceNotes:
    """Which normals the reference was made from, and which were left out and why; flat without any."""

    normals: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def flat(self) -> bool:
        """Whether no normal was there to pool."""
        return not self.normals
