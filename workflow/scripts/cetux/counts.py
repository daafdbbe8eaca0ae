"""What the measuring stages write: counts and checks without an opinion. Plain frozen records, as JSON on disk.

They stand apart from `evidence` so that a new field of a decision rereads no BAM.
"""

from dataclasses import dataclass, field


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


ORIENTATIONS = "FRN"
"""Which strand of the original molecule the first read shows: plus (F1R2), minus (F2R1), or both or unknown."""

ERROR_CLASSES = "012345"
"""How a base is known, from worst to best: a stratum is an orientation and one of these digits.

0: read mapped below Phred 20, whatever its bases. 1: one read, Phred below 30. 2: one read, Phred 30 or more. 3: both
mates agree. 4: consensus of at least two reads of one molecule, or a Phred above 50, which no sequencer gives. 5:
consensus of both strands (duplex).
"""


@dataclass(frozen=True)
class HaplotypeCount:
    """Fragments that carry one haplotype of a codon.

    bases: the codon's positions in plus-strand order; ``-`` a deleted base, ``.`` a base that the fragment does not
    show (of low quality, in conflict, or not reached), lower case a base inserted behind the one before it. forward,
    reverse: fragments with a read on that strand over the codon (a fragment with both counts in both). at_ends:
    fragments in which every read over the codon ends within five bases of it. strata: fragments by orientation and
    error class of each base, as in ``F233`` (``.`` a base that is not read). linked: fragments with another base than
    the sample's consensus next to the codon, as in ``-1C>A`` (offset from the codon's first base on the plus strand),
    counted from two fragments on.
    """

    bases: str
    fragments: int
    forward: int
    reverse: int
    at_ends: int = 0
    strata: dict[str, int] = field(default_factory=dict)
    linked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class IndelCount:
    """Fragments that carry one insertion or deletion which touches a codon in one of its equivalent placements.

    start: 0-based plus-strand position of the first deleted base, or of the base behind which the insertion stands, in
    the left-most placement; shift: bases by which it can move to the right. deleted, inserted: plus-strand bases at the
    left-most placement; neither is empty where bases are exchanged for others, which the change then begins with; an N
    is a base of the reference that is not known. covering: fragments whose alignment reaches over all placements.
    badly_mapped: fragments mapped below Phred 20. without_*: how the covering fragments that do not carry it lie,
    counted as in HaplotypeCount.
    """

    start: int
    shift: int
    deleted: str
    inserted: str
    fragments: int
    covering: int
    forward: int
    reverse: int
    at_ends: int
    without_forward: int = 0
    without_reverse: int = 0
    without_at_ends: int = 0
    badly_mapped: int = 0
    without_badly_mapped: int = 0


@dataclass(frozen=True)
class CodonCounts:
    """All haplotypes seen at one codon; `reference` in plus-strand order.

    conflicts: fragments whose mates disagree about a base or an insertion.
    """

    gene: str
    codon: int
    reference: str
    haplotypes: tuple[HaplotypeCount, ...]
    conflicts: int = 0
    indels: tuple[IndelCount, ...] = ()


@dataclass(frozen=True)
class ErrorCount:
    """Wrong bases of one kind in one stratum (as in ``F2``), and the bases that could have become it.

    substitution: on the plus strand, as in ``C>T``.
    """

    substitution: str
    stratum: str
    errors: int
    bases: int


@dataclass(frozen=True)
class Background:
    """What goes wrong around the codons, where no variant is possible: the material for error rates.

    positions: those that were counted; variable: those left out because a variant may stand there. error_pairs: pairs
    of fragments with the same error at the same position; expected_pairs: the same if all positions were alike. indels:
    fragments with an insertion or deletion, of `indel_bases` positions read.
    """

    errors: tuple[ErrorCount, ...] = ()
    positions: int = 0
    variable: int = 0
    error_pairs: float = 0.0
    expected_pairs: float = 0.0
    indels: int = 0
    indel_bases: int = 0


@dataclass(frozen=True)
class HaplotypeCounts:
    """Every listed codon of one sample, as `count_haplotypes` writes it."""

    sample: str
    usable: Usable
    codons: tuple[CodonCounts, ...] = ()
    identical_records_dropped: int = 0
    background: Background = Background()


@dataclass(frozen=True)
class SampleBackground:
    """The part of `HaplotypeCounts` that a normal lends to tumours of its kind; reads the same file."""

    sample: str
    usable: Usable
    background: Background = Background()


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
    """Which normals the reference was made from, and which were left out and why; flat without any.

    compared: whether the normals were held against each other (three are too few for that). bin_sd_log2: median over
    the bins of their leave-one-out spread between the normals used; gene_sd_log2: spread of the mean of ERBB2;
    shared_sd_log2: what the bins of one locus share in a normal held against the others, the assay's own noise;
    shared_variance_spread: standard deviation of its square between the normals.
    """

    normals: tuple[str, ...]
    left_out: dict[str, str]
    compared: bool = False
    bin_sd_log2: float | None = None
    gene_sd_log2: float | None = None
    shared_sd_log2: float | None = None
    shared_variance_spread: float | None = None

    @property
    def flat(self) -> bool:
        """Whether no normal was there to pool."""
        return not self.normals
