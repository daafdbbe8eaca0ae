"""Of several findings of one patient: which is the primary mechanism, what limits its confidence, what conflicts."""

from collections.abc import Iterable, Mapping, Sequence

from cetux.axes import WEAK_REFERENCE, Finding
from cetux.mechanism_rules import Conflict, MechanismRules
from cetux.origin import ACROSS
from cetux.states import Annotation, Confidence, Limit, LimitOfNone, Mechanism, Origin, Specimen

_ORIGINS = (None, Origin.EMERGENT, Origin.EXPANDED, Origin.ORIGIN_UNRESOLVED, Origin.PRE_EXISTING)
_LEVELS = (Confidence.LOW, Confidence.MODERATE, Confidence.HIGH)
_FLAGS_OF_NONE: Mapping[LimitOfNone, tuple[str, ...]] = {
    LimitOfNone.REDUCED_SCOPE: ("reduced_scope",),
    LimitOfNone.JUDGED_ON_POST: ("judged_on_post",),
    LimitOfNone.EXPLORATORY_CUTOFF: ("exploratory_cutoff",),
    LimitOfNone.RATIO_NOT_ASSESSABLE: ("ratio_not_assessable",),
    LimitOfNone.WEAK_REFERENCE: WEAK_REFERENCE,
}
_NOTES_OF_NONE = {LimitOfNone.POLYSOMY: Annotation.POLYSOMY_17, LimitOfNone.BRAF_CLASS3: Annotation.BRAF_CLASS3}


def one_per_label(findings: Sequence[Finding], rules: MechanismRules) -> list[Finding]:
    """One finding per label, in the order of mechanisms, whatever the order of the samples.

    Of several samples with the same finding the best supported speaks: an origin that counts before one that does not;
    then the one whose confidence is limited least; a baseline of the same specimen type before one of another; then the
    largest cancer cell fraction, VAF and copies. So a further sample can add a mechanism and never take one away.
    Flags that limit nothing weigh nothing: a mutation that tissue shows as well is no worse for being seen in plasma.
    """
    best: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda one: _support(one, rules)):
        best.setdefault(finding.label, finding)
    return sorted(best.values(), key=lambda finding: _rank(finding, rules))


def _support(finding: Finding, rules: MechanismRules) -> tuple[bool, int, int, bool, float, float, float, str]:
    limiting = limits(finding, rules, by_clonality=False, judged_on_post=False, archival_only=False)
    confidence = _LEVELS.index(lowest(limiting, rules.confidence))
    idle = finding.origin is not None and finding.origin not in rules.counted_origins
    ccf = finding.ccf if finding.ccf is not None else -1.0
    vaf = finding.allele.vaf if finding.allele else 0.0
    copies = (finding.copy_number.observed_copies or 0.0) if finding.copy_number else 0.0
    doubts = (idle, _ORIGINS.index(finding.origin), -confidence, ACROSS in finding.flags)
    return *doubts, -ccf, -vaf, -copies, finding.sample


def _rank(finding: Finding, rules: MechanismRules) -> tuple[int, float, str]:
    vaf = finding.allele.vaf if finding.allele else 0.0
    return rules.order.index(finding.mechanism), -vaf, finding.label


def choose_primary(findings: Sequence[Finding], rules: MechanismRules) -> tuple[Finding, bool]:
    """The primary mechanism, and whether it was chosen over another by clonality.

    The first in the order of mechanisms, unless the rules let a subclonal mutation yield, it is one, and a clonal DNA
    event (another mutation, or an amplification) is there: it yields to that one.

    Raises:
        ValueError: there is no finding.
    """
    if not findings:
        raise ValueError("no finding to choose from")
    ordered = sorted(findings, key=lambda finding: _rank(finding, rules))
    first = ordered[0]
    if not rules.subclonal_yields or first.ccf is None or first.ccf >= rules.clonal_ccf:
        return first, False
    clonal = [f for f in ordered if f.mechanism is Mechanism.ERBB2_AMP or is_clonal(f, rules)]
    return (clonal[0], True) if clonal else (first, False)


def is_clonal(finding: Finding, rules: MechanismRules) -> bool:
    """A mutation that is known to be in enough of the tumour cells."""
    return finding.ccf is not None and finding.ccf >= rules.clonal_ccf


def limits(
    primary: Finding, rules: MechanismRules, *, by_clonality: bool, judged_on_post: bool, archival_only: bool
) -> list[str]:
    """What limits the confidence in the primary mechanism: the mechanism itself, then everything that applies.

    Args:
        primary: the mechanism.
        rules: of the join.
        by_clonality: it was chosen over a subclonal one.
        judged_on_post: de novo resistance was judged on the sample at progression.
        archival_only: its origin was judged on archival samples alone.
    """
    applies = {
        Limit.CHOSEN_BY_CLONALITY: by_clonality,
        Limit.NOT_CLEARLY_CLONAL: not _clearly_clonal(primary, rules),
        Limit.EXPANDED: primary.origin is Origin.EXPANDED,
        Limit.ORIGIN_UNRESOLVED: primary.origin is Origin.ORIGIN_UNRESOLVED,
        Limit.ACROSS_SPECIMEN_TYPES: ACROSS in primary.flags,
        Limit.WEAK_REFERENCE: bool(set(WEAK_REFERENCE) & set(primary.flags)),
        Limit.JUDGED_ON_POST: judged_on_post,
        Limit.EXPLORATORY_CUTOFF: "exploratory_cutoff" in primary.flags,
        Limit.ARCHIVAL_ONLY: archival_only,
    }
    return [str(primary.mechanism), *(str(limit) for limit, fits in applies.items() if fits)]


def limits_of_none(annotated: Iterable[str], flags: Iterable[str]) -> list[str]:
    """What limits the confidence in "none detected"."""
    notes, said = tuple(annotated), tuple(flags)
    by_note = {limit for limit, note in _NOTES_OF_NONE.items() if any(one.startswith(note) for one in notes)}
    by_flag = {limit for limit, names in _FLAGS_OF_NONE.items() if any(flag.startswith(names) for flag in said)}
    return [str(limit) for limit in LimitOfNone if limit in by_note | by_flag]


def lowest(names: Iterable[str], levels: Mapping[str, Confidence]) -> Confidence:
    """The lowest confidence that any of the limits leaves; HIGH without any."""
    return min((levels[name] for name in names), key=_LEVELS.index, default=Confidence.HIGH)


def _clearly_clonal(finding: Finding, rules: MechanismRules) -> bool:
    """CCF high enough, or where it is unknown the VAF; never a faint ctDNA VAF. Only mutations have a clonality."""
    allele = finding.allele
    if allele is None:
        return True
    if finding.specimen is Specimen.CTDNA and allele.vaf < rules.low_ctdna_vaf:
        return False
    return allele.ccf >= rules.clonal_ccf if allele.ccf is not None else allele.vaf >= rules.high_vaf


def conflicts(findings: Sequence[Finding], rules: MechanismRules) -> list[Conflict]:
    """Pairs that rarely stand in one tumour: first check for a swap or contamination."""
    kinds = {finding.mechanism for finding in findings}
    clonal = {finding.mechanism for finding in findings if is_clonal(finding, rules)}
    return [one for one in rules.conflicts if set(one.pair) <= (clonal if one.clonal_only else kinds)]
