"""Where a finding at progression comes from: emergent, there before, expanded, or not to be told.

Several pre-treatment samples, of one site or several, of tissue or blood, combine in this order:

1. What any of them shows was there. It is EXPANDED only where it has grown over *every* sample that shows it.
2. What any of them leaves in doubt (an equivocal copy number, a change that looks like an artefact) is not excluded by
   another one's negative.
3. Else one adequate negative whose limit covers what was found is enough; one of the finding's own specimen type is
   taken before one of the other type, which is flagged.

Of several samples at progression each gives its finding an origin; `mechanism.one_per_label` takes the best supported.
"""

from collections.abc import Sequence
from dataclasses import replace

from cetux.axes import AXIS_GENES, Finding, shows_tumour
from cetux.clonality import DIPLOID, mutated_copies
from cetux.evidence import Allele, CopyNumber, HeregulinResult, SampleEvidence
from cetux.force_call import detected, force_call
from cetux.heregulin import HeregulinChange
from cetux.mechanism_rules import MechanismRules
from cetux.states import Erbb2, Forced, Heregulin, Origin, Trend

ACROSS = "across_specimen_types"
"""Flag of a finding whose baseline is of another specimen type."""

_NOT_HIGH = (Heregulin.LOW, Heregulin.BLQ)


def with_origin(
    finding: Finding,
    pre: Sequence[SampleEvidence],
    heregulin: HeregulinResult | None,
    rules: MechanismRules,
    change: HeregulinChange | None = None,
) -> Finding:
    """The finding with its origin, judged on the pre-treatment samples.

    EMERGENT needs an adequate pre-treatment negative that would have seen it: in the same specimen type one whose
    limit is at most what was found; across types one that excludes a clonal event, by the CCF of the rules (flagged,
    because tissue and blood differ), for a mutation at a purity that was given, not estimated. An allele or
    amplification that was there is PRE_EXISTING, or EXPANDED where its CCF (at one multiplicity) or copies more than
    doubled with the 95 % intervals apart. Everything else is ORIGIN_UNRESOLVED: a missing sample is no negative, nor is
    a low heregulin of another assay or matrix.

    Fragments that show the allele before treatment without being DETECTED are flagged (``fragments_before``) with their
    count. No more of them than errors make do not lift the limit, which says what the codon would have shown with 95 %
    power; more than that (SUPPORTED) leave in doubt that the sample is negative.

    Args:
        finding: seen at progression.
        pre: the patient's pre-treatment samples.
        heregulin: the pre-treatment value.
        rules: of the join, for the cancer cell fraction from which on a mutation is clonal.
        change: of heregulin from pre to post; a crossing within the reference change is no emergence.
    """
    usable = [sample for sample in pre if sample.usable.ok]
    if finding.allele:
        return _allele_origin(finding, finding.allele, usable, rules.clonal_ccf)
    if finding.copy_number:
        return _copies_origin(finding, finding.copy_number, usable, rules.clonal_ccf)
    return _heregulin_origin(finding, heregulin, change)


def is_lost(
    finding: Finding,
    post: Sequence[SampleEvidence],
    heregulin: HeregulinResult | None,
    rules: MechanismRules,
    change: HeregulinChange | None = None,
) -> bool:
    """Whether a finding of before treatment is gone: EMERGENT read backwards, with the same limits.

    Heregulin must also have fallen beyond the reference change: where that was not tested it is not said to be gone.

    Args:
        finding: seen before treatment.
        post: the patient's samples at progression.
        heregulin: the value at progression.
        rules: of the join.
        change: of heregulin from pre to post.
    """
    if finding.heregulin:
        low = heregulin is not None and heregulin.state in _NOT_HIGH
        return low and change is not None and change.kind is Trend.FALL
    return with_origin(finding, post, heregulin, rules).origin is Origin.EMERGENT


def excludes(sample: SampleEvidence, allele: Allele) -> float | None:
    """The VAF that an adequate negative sample excludes at the allele's codon; None where it is no such negative.

    Adequate: the sample is usable and shows tumour DNA, the allele is not in it, and of KRAS, NRAS and BRAF no required
    codon fails (of other genes, of which panels hold parts, the codon itself must have been read).
    """
    gene = sample.genotypes.genes.get(allele.gene)
    if gene is None or not sample.usable.ok or not shows_tumour(sample) or _same_allele(sample, allele):
        return None
    if gene.failing and allele.gene in AXIS_GENES:
        return None
    return next((limit.excluded_vaf for limit in gene.codons if limit.codon == allele.codon), None)


def _settled(finding: Finding, same_type: bool, across: bool) -> Finding:
    if same_type:
        return replace(finding, origin=Origin.EMERGENT)
    if across:
        return replace(finding, origin=Origin.EMERGENT, flags=(*finding.flags, ACROSS))
    return replace(finding, origin=Origin.ORIGIN_UNRESOLVED)


def _allele_origin(finding: Finding, allele: Allele, pre: Sequence[SampleEvidence], clonal_ccf: float) -> Finding:
    before = [found for sample in pre for found in _same_allele(sample, allele)]
    if before:
        return replace(finding, origin=_origin_of_known(before, allele))
    forced = [force_call(sample, allele) for sample in pre]
    shown = [call for call in forced if call.state in (Forced.FRAGMENTS, Forced.SUPPORTED)]
    seen = [f"{call.sample}:{call.alt_fragments}/{call.fragments}" for call in shown]
    if seen:
        finding = replace(finding, flags=(*finding.flags, f"fragments_before:{','.join(seen)}"))
    if any(call.state in (Forced.FILTERED, Forced.SUPPORTED) for call in forced):
        return replace(finding, origin=Origin.ORIGIN_UNRESOLVED)
    same_type = across = False
    for sample in pre:
        limit = excludes(sample, allele)
        purity = sample.erbb2.given_purity
        if limit is None:
            continue
        if sample.specimen is finding.specimen:
            same_type = same_type or limit <= allele.vaf
        elif purity is not None:
            across = across or mutated_copies(limit, purity) <= clonal_ccf
    return _settled(finding, same_type, across)


def _same_allele(sample: SampleEvidence, allele: Allele) -> list[Allele]:
    """The same change in another sample, where it is DETECTED, also below the floors of a report."""
    return [found for found in detected(sample) if (found.gene, found.protein) == (allele.gene, allele.protein)]


def _origin_of_known(before: Sequence[Allele], after: Allele) -> Origin:
    """Of an allele that was there before. Where the CCF is unknown a VAF that more than doubled cannot be judged."""
    if all(_expanded(found, after) for found in before):
        return Origin.EXPANDED
    known = after.ccf is not None and all(found.ccf is not None for found in before)
    if not known and all(after.vaf > 2 * found.vaf for found in before):
        return Origin.ORIGIN_UNRESOLVED
    return Origin.PRE_EXISTING


def _expanded(before: Allele, after: Allele) -> bool:
    """Whether the CCF more than doubled, the intervals apart, at one multiplicity for both samples.

    The multiplicity m is rounded, so that CCFs alone may differ by it: of 1.5 mutated copies per tumour cell a CCF of
    0.75 is taken (m is 2) where two copies were measured, of 1.5 where one was. At one m for both the ratio of the CCFs
    is that of the mutated copies, m * CCF. Where the copies of the gene differ, so may m, and the CCF must have doubled
    at each sample's own, too: the amplification of a clonal mutation is no growth of its cells.
    """
    if before.ccf is None or after.ccf is None or before.ccf_high is None or after.ccf_low is None:
        return False
    old, new = before.multiplicity, after.multiplicity
    doubled = new * after.ccf > 2 * old * before.ccf and new * after.ccf_low > old * before.ccf_high
    if not _copies_differ(before, after):
        return doubled
    return doubled and after.ccf > 2 * before.ccf and after.ccf_low > before.ccf_high


def _copies_differ(before: Allele, after: Allele) -> bool:
    """Whether the gene's copies differ by their intervals, or may differ since only one sample measured them."""
    bounds = (before.local_copies_low, before.local_copies_high, after.local_copies_low, after.local_copies_high)
    low, high, other_low, other_high = bounds
    if low is None or high is None or other_low is None or other_high is None:
        return any(bound is not None for bound in bounds)
    return other_low > high or other_high < low


def _copies_origin(finding: Finding, after: CopyNumber, pre: Sequence[SampleEvidence], clonal_ccf: float) -> Finding:
    amplified = [sample.erbb2 for sample in pre if sample.erbb2.state is Erbb2.AMP]
    if amplified:
        return replace(finding, origin=_origin_of_amplified(amplified, after))
    if any(sample.erbb2.state is Erbb2.EQUIVOCAL for sample in pre):
        return replace(finding, origin=Origin.ORIGIN_UNRESOLVED)
    negative = [s for s in pre if shows_tumour(s) and s.erbb2.state in (Erbb2.NEG, Erbb2.POLYSOMY)]
    found = after.copies if after.copies is not None else after.observed_copies
    return _settled(
        finding,
        same_type=any(s.specimen is finding.specimen and _would_have_seen(s.erbb2, found) for s in negative),
        across=any(_would_have_seen(s.erbb2, _in_part_of_the_cells(s.erbb2, found, clonal_ccf)) for s in negative),
    )


def _origin_of_amplified(before: Sequence[CopyNumber], after: CopyNumber) -> Origin:
    """Of an amplification that was there before. Observed copies that more than doubled cannot be judged alone."""
    if all(_grown(found, after) for found in before):
        return Origin.EXPANDED
    known = after.copies is not None and all(found.copies is not None for found in before)
    if not known and all(_observed_doubled(found, after) for found in before):
        return Origin.ORIGIN_UNRESOLVED
    return Origin.PRE_EXISTING


def _observed_doubled(before: CopyNumber, after: CopyNumber) -> bool:
    if before.observed_copies is None or after.observed_copies is None:
        return False
    return after.observed_copies > 2 * before.observed_copies


def _in_part_of_the_cells(before: CopyNumber, copies: float | None, part: float) -> float | None:
    """Average copies per tumour cell where a part of the cells has `copies` and the others the ploidy.

    What an amplification that is just clonal looks like in bulk, which a sample of another specimen type must exclude.
    """
    ploidy = DIPLOID if before.ploidy is None else before.ploidy
    return None if copies is None else part * copies + (1 - part) * ploidy


def _grown(before: CopyNumber, after: CopyNumber) -> bool:
    if before.copies is None or after.copies is None or before.copies_high is None or after.copies_low is None:
        return False
    return after.copies > 2 * before.copies and after.copies_low > before.copies_high


def _would_have_seen(before: CopyNumber, copies: float | None) -> bool:
    return before.detectable_copies is not None and copies is not None and before.detectable_copies <= copies


def _heregulin_origin(finding: Finding, before: HeregulinResult | None, change: HeregulinChange | None) -> Finding:
    if before is not None and before.state is Heregulin.HIGH:
        return replace(finding, origin=Origin.PRE_EXISTING)
    if before is None or before.state not in _NOT_HIGH:
        return replace(finding, origin=Origin.ORIGIN_UNRESOLVED)
    after = finding.heregulin
    if after is not None and (before.assay, before.matrix) != (after.assay, after.matrix):
        return replace(finding, origin=Origin.ORIGIN_UNRESOLVED, flags=(*finding.flags, "other_assay_or_matrix"))
    if change is None or change.kind is Trend.NOT_ASSESSABLE:
        return replace(finding, origin=Origin.EMERGENT, flags=(*finding.flags, "rise_not_tested"))
    if change.kind is Trend.RISE:
        return replace(finding, origin=Origin.EMERGENT)
    return replace(finding, origin=Origin.ORIGIN_UNRESOLVED, flags=(*finding.flags, "rise_within_reference_change"))
