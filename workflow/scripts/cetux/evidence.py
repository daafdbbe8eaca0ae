"""What the deciding stages hand to the join: evidence with its numbers and limits. Plain frozen records, as JSON.

Fractions lie in 0..1, copies are per cell, coordinates are 0-based half-open. ``None`` means that a number could not
be had; no number ever stands where a failure was.
"""

from dataclasses import dataclass, field

from cetux.counts import IndelCount, Usable
from cetux.states import Erbb2, Genotype, Heregulin, Identity, PurityState, Specimen, Timepoint

COPIES_BELOW_ZERO = "copies_below_zero"
"""Flag of copies that are left out, since they came out below zero."""


@dataclass(frozen=True)
class Allele:
    """A change that was detected in one sample.

    hgvs_c: the change of the coding DNA. changes: what stands at which index (0..2, plus-strand order) of the codon's
    positions, as in HaplotypeCount.bases. vaf: alt_fragments / fragments. ccf: cancer cell fraction, None where the
    purity is unknown; *_low, *_high its 95 % interval; multiplicity: mutated copies per mutated cell that it takes;
    local_copies: copies of the gene per tumour cell, None where two are taken; *_low, *_high their 95 % interval.
    listed: the change is one that the tables of `resources/` count for its gene. braf_class: 1, 2 or 3. forward,
    reverse: fragments with a read on that strand; at_ends: fragments seen at read ends alone. p_value: chance of as
    strong a signal by errors. filters: why it looks like an artefact. indel: the insertion or deletion as counted.
    linked: changes beside the codon on the same molecules, as in HaplotypeCount.linked.
    """

    gene: str
    codon: int
    protein: str
    hgvs_c: str
    changes: tuple[tuple[int, str], ...]
    state: Genotype
    alt_fragments: int
    fragments: int
    vaf: float
    ccf: float | None = None
    ccf_low: float | None = None
    ccf_high: float | None = None
    multiplicity: int = 1
    local_copies: float | None = None
    local_copies_low: float | None = None
    local_copies_high: float | None = None
    listed: bool = True
    braf_class: int | None = None
    forward: int = 0
    reverse: int = 0
    at_ends: int = 0
    p_value: float | None = None
    filters: tuple[str, ...] = ()
    indel: IndelCount | None = None
    linked: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodonLimit:
    """Depth of one codon, and the smallest VAF that it would have shown with 95 % power (None if it would show none).

    excluded_ccf: the same as a cancer cell fraction at one mutated copy, None where the purity is unknown.
    """

    codon: int
    fragments: int
    excluded_vaf: float | None
    excluded_ccf: float | None = None


@dataclass(frozen=True)
class GeneGenotype:
    """State of one gene in one sample.

    excluded_vaf, excluded_ccf: the smallest fraction that every required codon would have shown with 95 % power (of
    changes other than `alleles`); None where a codon fails. failing: required codons that exclude too little, each with
    its depth, and what looks like an artefact. traces: changes that are DETECTED but below the floors of the rules
    (state WT) or filtered (NO_CALL).
    """

    gene: str
    state: Genotype
    alleles: tuple[Allele, ...] = ()
    excluded_vaf: float | None = None
    excluded_ccf: float | None = None
    failing: tuple[str, ...] = ()
    reason: str = ""
    codons: tuple[CodonLimit, ...] = ()
    traces: tuple[Allele, ...] = ()

    @property
    def codons_read(self) -> bool:
        """Whether any listed codon of the gene was read at all: else the assay does not cover it."""
        return any(limit.fragments for limit in self.codons)


@dataclass(frozen=True)
class SampleGenotypes:
    """Genotypes of one sample, as `call_genotypes` writes them. A gene that is absent here was not looked at.

    error_rates: of the sample, per base, by substitution on the plus strand. error_normals: the normals whose errors
    count too. coding_coverage: part of each gene's
    coding sequence that was read deeply enough, 0..1; empty where only listed codons were read. observed: fragments
    with each change of a listed codon, detected or not, by its name as in ``KRAS G12D``; none were seen of what is
    absent. beyond_errors: those of them that are not DETECTED but would be if they alone were looked for, which holds
    for what another sample of the patient shows.
    """

    sample: str
    usable: Usable
    genes: dict[str, GeneGenotype] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    error_rates: dict[str, float] = field(default_factory=dict)
    coding_coverage: dict[str, float] = field(default_factory=dict)
    error_normals: tuple[str, ...] = ()
    observed: dict[str, int] = field(default_factory=dict)
    beyond_errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class PurityEstimate:
    """What the sample itself tells of its purity.

    state: ESTIMATED or FAILED; a failed one holds no number, only the reason. low, high: 95 % interval, 0..1. ploidy:
    copies of a segment at log2 0; ploidy_at_low, ploidy_at_high: those that fit best with `low` and with `high`. sites:
    heterozygous-looking SNPs used; segments: likewise.
    """

    state: PurityState
    reason: str
    purity: float | None = None
    low: float | None = None
    high: float | None = None
    ploidy: float | None = None
    sites: int = 0
    segments: int = 0
    ploidy_at_low: float | None = None
    ploidy_at_high: float | None = None


@dataclass(frozen=True)
class CopyNumber:
    """Copy number of one gene, ERBB2 unless said otherwise, in one sample, as `call_erbb2` writes it.

    log2: weighted mean of the gene's bins against the reference. observed_copies: 2 * 2**log2, whatever the purity.
    copies: per tumour cell, purity-adjusted; *_low, *_high its 95 % interval. ratio: Q, adjusted copies of the gene
    over those of its controls on the same arm; copies_other_arm: of the other arm. Copies and ratio are None where the
    copies come out below zero. bins_dropped: why bins of the design are not among those kept, as in ``2 without a
    read``. detectable_copies: the smallest gain over the ploidy seen with 95 % power. purity_state: where the purity
    comes from; ploidy_fitted: the ploidy is that of the purity's own fit; purity_low: what the sample itself tells of
    the purity's lower bound (NEG needs it); purity_estimate: all that it tells. others: the same of the genes that are
    only annotated (EGFR, MET, KRAS).
    """

    sample: str
    state: Erbb2
    reason: str
    log2: float | None = None
    log2_se: float | None = None
    log2_low: float | None = None
    log2_high: float | None = None
    observed_copies: float | None = None
    copies: float | None = None
    copies_low: float | None = None
    copies_high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    detectable_copies: float | None = None
    purity: float | None = None
    purity_source: str = ""
    ploidy: float | None = None
    bins_designed: int = 0
    bins_kept: int = 0
    control_loci: tuple[str, ...] = ()
    control_mad_log2: float | None = None
    copies_other_arm: float | None = None
    segment_log2: float | None = None
    flags: tuple[str, ...] = ()
    control_log2: float | None = None
    control_log2_high: float | None = None
    copies_arm: float | None = None
    other_arm_log2: float | None = None
    extent: str = ""
    raised_width_bp: int | None = None
    raised_width_most_bp: int | None = None
    raised_part: str = ""
    raised_part_log2: float | None = None
    raised_part_log2_high: float | None = None
    break_p_value: float | None = None
    flip_below_purity: float | None = None
    flip_below_state: Erbb2 | None = None
    flip_above_purity: float | None = None
    flip_above_state: Erbb2 | None = None
    plasma: bool = False
    purity_state: PurityState | None = None
    purity_low: float | None = None
    purity_estimate: PurityEstimate | None = None
    gene: str = "ERBB2"
    others: tuple["CopyNumber", ...] = ()
    bins_dropped: tuple[str, ...] = ()
    ploidy_fitted: bool = False

    @property
    def given_purity(self) -> float | None:
        """The purity, unless it was only estimated: what makes a statement less cautious needs this one."""
        return self.purity if self.purity_state in (None, PurityState.GIVEN) else None

    @property
    def given_ploidy(self) -> float | None:
        """The ploidy, unless it is that of the sample's own fit."""
        return None if self.ploidy_fitted else self.ploidy

    @property
    def copies_above_zero(self) -> float | None:
        """The copies for ranks, pairs and pictures: 0 where they came out below zero; None where nothing is known."""
        return 0.0 if self.copies is None and COPIES_BELOW_ZERO in self.flags else self.copies


@dataclass(frozen=True)
class HeregulinResult:
    """Heregulin of one patient at one time point.

    value_pg_per_ml: after dilution; None where the value is censored, failed or missing. interval: 90 %.
    censored: ``<`` below the lower, ``>`` above the upper limit of quantification, whose corrected value is
    limit_pg_per_ml. raw: the text that stood in the sheet. cutoff_exploratory: the cut-off was derived from the cohort
    that it judges.
    """

    patient: str
    timepoint: Timepoint
    state: Heregulin
    reason: str
    raw: str = ""
    value_pg_per_ml: float | None = None
    interval_low_pg_per_ml: float | None = None
    interval_high_pg_per_ml: float | None = None
    censored: str = ""
    limit_pg_per_ml: float | None = None
    cutoff_pg_per_ml: float | None = None
    cutoff_method: str = ""
    cutoff_exploratory: bool = False
    assay: str = ""
    matrix: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class IdentityCheck:
    """Whether two samples of one patient are of one person, by common SNPs."""

    one: str
    other: str
    verdict: Identity
    reason: str


@dataclass(frozen=True)
class SampleEvidence:
    """All that one tumour sample contributes to its patient's call. collected_day: since the start of treatment.

    archival: of a sample of before treatment, "yes", "no", or "anti_egfr_since" where an anti-EGFR antibody was given
    between its collection and the start of treatment; empty where it is not known. fingerprint: of its BAM.
    """

    sample: str
    timepoint: Timepoint
    specimen: Specimen
    genotypes: SampleGenotypes
    erbb2: CopyNumber
    usable: Usable = field(default_factory=Usable)
    flags: tuple[str, ...] = ()
    collected_day: int | None = None
    archival: str = ""
    fingerprint: str = ""
