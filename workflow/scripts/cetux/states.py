"""The names of every state, class, status and finding: spelt here and nowhere else."""

from enum import StrEnum


class Genotype(StrEnum):
    """State of a gene, or of one allele, in one sample."""

    MUT = "MUT"
    MUT_LOW = "MUT_LOW"
    WT = "WT"
    NO_CALL = "NO_CALL"


class Erbb2(StrEnum):
    """State of the ERBB2 copy number in one sample."""

    AMP = "AMP"
    POLYSOMY = "POLYSOMY"
    EQUIVOCAL = "EQUIVOCAL"
    NEG = "NEG"
    NE = "NE"


class Heregulin(StrEnum):
    """State of the circulating heregulin of one patient at one time point."""

    HIGH = "HIGH"
    LOW = "LOW"
    BLQ = "BLQ"
    ALQ = "ALQ"
    EQUIVOCAL = "EQUIVOCAL"
    QC_FAIL = "QC_FAIL"
    MATRIX_MISMATCH = "MATRIX_MISMATCH"
    MISSING = "MISSING"


class Verdict(StrEnum):
    """What one axis says at one time point. Missing is never negative."""

    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"
    NOT_USABLE = "NOT_USABLE"


class Group(StrEnum):
    """What a state of an axis says. IN_DOUBT: not usable, and another sample's negative does not mend it."""

    POSITIVE = "positive"
    IN_DOUBT = "in_doubt"
    NEGATIVE = "negative"
    NOT_USABLE = "not_usable"


class RasState(StrEnum):
    """What one sample says of KRAS or NRAS, as the rules of the join name it."""

    MUTATED = "MUTATED"
    GREY_ZONE = "GREY_ZONE"
    UNCLASSIFIED = "UNCLASSIFIED"
    LIKELY_GERMLINE = "LIKELY_GERMLINE"
    WT = "WT"
    NO_CALL = "NO_CALL"
    NO_TUMOUR_DNA = "NO_TUMOUR_DNA"
    NOT_ASSESSED = "NOT_ASSESSED"


class BrafState(StrEnum):
    """What one sample says of BRAF, as the rules of the join name it."""

    CLASS1 = "CLASS1"
    CLASS2 = "CLASS2"
    CLASS3 = "CLASS3"
    GREY_ZONE = "GREY_ZONE"
    UNCLASSIFIED = "UNCLASSIFIED"
    LIKELY_GERMLINE = "LIKELY_GERMLINE"
    WT = "WT"
    NO_CALL = "NO_CALL"
    NO_TUMOUR_DNA = "NO_TUMOUR_DNA"
    NOT_ASSESSED = "NOT_ASSESSED"


class Erbb2State(StrEnum):
    """What one sample says of the ERBB2 copies, as the rules of the join name it."""

    AMP = "AMP"
    POLYSOMY = "POLYSOMY"
    EQUIVOCAL = "EQUIVOCAL"
    NEG = "NEG"
    NE = "NE"
    NO_TUMOUR_DNA = "NO_TUMOUR_DNA"
    NOT_ASSESSED = "NOT_ASSESSED"


class MutationSize(StrEnum):
    """How large a reported change is: MUT, or MUT_LOW by its cancer cell fraction."""

    MUT = "MUT"
    MUT_LOW_CLONAL = "MUT_LOW_CLONAL"
    MUT_LOW_PURITY_UNKNOWN = "MUT_LOW_PURITY_UNKNOWN"
    MUT_LOW_SUBCLONAL = "MUT_LOW_SUBCLONAL"


class Limit(StrEnum):
    """What limits the confidence in a mechanism, beside the mechanism itself."""

    CHOSEN_BY_CLONALITY = "CHOSEN_BY_CLONALITY"
    NOT_CLEARLY_CLONAL = "NOT_CLEARLY_CLONAL"
    EXPANDED = "EXPANDED"
    ORIGIN_UNRESOLVED = "ORIGIN_UNRESOLVED"
    ACROSS_SPECIMEN_TYPES = "ACROSS_SPECIMEN_TYPES"
    WEAK_REFERENCE = "WEAK_REFERENCE"
    JUDGED_ON_POST = "JUDGED_ON_POST"
    EXPLORATORY_CUTOFF = "EXPLORATORY_CUTOFF"
    ARCHIVAL_ONLY = "ARCHIVAL_ONLY"


class LimitOfNone(StrEnum):
    """What limits the confidence in "none detected"."""

    POLYSOMY = "POLYSOMY"
    BRAF_CLASS3 = "BRAF_CLASS3"
    REDUCED_SCOPE = "REDUCED_SCOPE"
    JUDGED_ON_POST = "JUDGED_ON_POST"
    EXPLORATORY_CUTOFF = "EXPLORATORY_CUTOFF"
    RATIO_NOT_ASSESSABLE = "RATIO_NOT_ASSESSABLE"
    WEAK_REFERENCE = "WEAK_REFERENCE"


class Axis(StrEnum):
    """The four axes on which a mechanism is looked for."""

    RAS = "RAS"
    BRAF = "BRAF"
    ERBB2 = "ERBB2"
    HRG = "HRG"


class Timepoint(StrEnum):
    """Before the first anti-EGFR dose, or at progression and before the next treatment."""

    PRE = "pre"
    POST = "post"


class Specimen(StrEnum):
    """What the DNA was taken from."""

    TISSUE = "tissue"
    CTDNA = "ctdna"


class PurityState(StrEnum):
    """Where the purity of a sample comes from. FAILED: neither the sheet nor the sample itself tells it."""

    GIVEN = "GIVEN"
    ESTIMATED = "ESTIMATED"
    FAILED = "FAILED"


class ResistanceClass(StrEnum):
    """Clinical class of the patient's resistance."""

    DE_NOVO = "DE_NOVO"
    ACQUIRED = "ACQUIRED"
    NOT_RESISTANT = "NOT_RESISTANT"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Origin(StrEnum):
    """Where a finding at progression comes from, judged on the pre-treatment sample."""

    EMERGENT = "EMERGENT"
    PRE_EXISTING = "PRE_EXISTING"
    EXPANDED = "EXPANDED"
    LOST = "LOST"
    ORIGIN_UNRESOLVED = "ORIGIN_UNRESOLVED"


class Status(StrEnum):
    """What the join says of the patient."""

    MECHANISM = "MECHANISM"
    MULTIPLE = "MULTIPLE"
    NONE_DETECTED = "NONE_DETECTED"
    INDETERMINATE = "INDETERMINATE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    DESCRIPTIVE = "DESCRIPTIVE"


class Confidence(StrEnum):
    """How far the primary mechanism is to be trusted."""

    HIGH = "HIGH"
    MODERATE = "MODERATE"
    LOW = "LOW"
    NA = "NA"


class Mechanism(StrEnum):
    """Kinds of finding that count, in the order in which one becomes the primary mechanism."""

    RAS_MUT = "RAS_MUT"
    BRAF_CLASS1 = "BRAF_CLASS1"
    ERBB2_AMP = "ERBB2_AMP"
    BRAF_CLASS2 = "BRAF_CLASS2"
    EGFR_ECD = "EGFR_ECD"
    ERBB2_MUT = "ERBB2_MUT"
    HRG_HIGH = "HRG_HIGH"


class Annotation(StrEnum):
    """Kinds of finding that are shown beside a call and never counted."""

    BRAF_CLASS3 = "BRAF_CLASS3"
    ERBB2_GAIN = "ERBB2_GAIN"
    POLYSOMY_17 = "POLYSOMY_17"
    UNCLASSIFIED = "UNCLASSIFIED"
    GREY_ZONE = "GREY_ZONE"
    OTHER_GENE = "OTHER_GENE"
    EGFR_AMP = "EGFR_AMP"
    MET_AMP = "MET_AMP"
    KRAS_AMP = "KRAS_AMP"
    PRE_EXISTING = "PRE_EXISTING"
    LOST = "LOST"


class MethodResult(StrEnum):
    """What another method (FISH, IHC, ddPCR) says, as in its sheet."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    EQUIVOCAL = "equivocal"
    FAILED = "failed"


class Agreement(StrEnum):
    """How a change, or a finding, stands on both sides. FILTERED: the other caller has it but does not report it."""

    AGREE = "AGREE"
    ONLY_THEIRS = "ONLY_THEIRS"
    ONLY_OURS = "ONLY_OURS"
    FILTERED = "FILTERED"


class Identity(StrEnum):
    """Verdict on two samples."""

    SAME_PERSON = "SAME_PERSON"
    DIFFERENT_PERSONS = "DIFFERENT_PERSONS"
    NOT_ASSESSABLE = "NOT_ASSESSABLE"


class Trend(StrEnum):
    """What became of heregulin from pre to post. RISE crosses the cut-off, INCREASE does not."""

    RISE = "RISE"
    INCREASE = "INCREASE"
    FALL = "FALL"
    UNCHANGED = "UNCHANGED"
    NOT_ASSESSABLE = "NOT_ASSESSABLE"


class Forced(StrEnum):
    """How an allele that another sample of the patient shows stands in one sample.

    FILTERED: detected, but it looks like an artefact. SUPPORTED: not among all changes, but beyond errors where it
    is asked for. FRAGMENTS: some fragments show it, no more than errors make.
    """

    DETECTED = "DETECTED"
    FILTERED = "FILTERED"
    SUPPORTED = "SUPPORTED"
    FRAGMENTS = "FRAGMENTS"
    ABSENT = "ABSENT"
    NOT_READ = "NOT_READ"


class Event(StrEnum):
    """What became of a patient's call since the last run that recorded it."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"
    RETURNED = "RETURNED"
