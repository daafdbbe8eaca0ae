"""Where a finding at progression comes from: emergent, there before, expanded, or not to be told."""

from collections.abc import Sequence
from dataclasses import replace

from cetux.axes import CLONAL_CCF, Finding
from cetux.evidence import Allele, CopyNumber, HeregulinResult, SampleEvidence
from cetux.genotype import cancer_cell_fraction
from cetux.states import Erbb2, Heregulin, Origin

_ACROSS = "across_specimen_types"


def with_origin(finding: Finding, pre: Sequence[SampleEvidence], heregulin: HeregulinResult | None) -> Finding:
    """The finding with its origin, judged on the pre-treatment samples.

    EMERGENT needs a pre-treatment negative that would have seen it: in the same specimen type one whose limit is at
    most what was found; across types one that excludes a CCF of 0.5 (flagged, because tissue and blood differ). An
    allele or amplification that was there is PRE_EXISTING, or EXPANDED where its CCF or copies more than doubled with
    the 95 % intervals apart. Everything else is ORIGIN_UNRESOLVED: a missing sample is no negative.
    """
    if finding.allele:
        return _allele_origin(finding, finding.allele, pre)
    if finding.copy_number:
        return _copies_origin(finding, finding.copy_number, pre)
    return replace(finding, origin=_heregulin_origin(heregulin))


def _settled(finding: Finding, same_type: bool, across: bool) -> Finding:
    if same_type:
        return replace(finding, origin=Origin.EMERGENT)
    if across:
        return replace(finding, origin=Origin.EMERGENT, flags=(*finding.flags, _ACROSS))
    return replace(finding, origin=Origin.ORIGIN_UNRESOLVED)


def _allele_origin(finding: Finding, allele: Allele, pre: Sequence[SampleEvidence]) -> Finding:
    before = [found for sample in pre for found in _same_allele(sample, allele)]
    if before:
        expanded = all(_expanded(found, allele) for found in before)
        return replace(finding, origin=Origin.EXPANDED if expanded else Origin.PRE_EXISTING)
    same_type = across = False
    for sample in pre:
        limit = _excluded(sample, allele)
        if limit is None:
            continue
        purity = sample.erbb2.purity
        if sample.specimen is finding.specimen:
            same_type = same_type or limit <= allele.vaf
        elif purity is not None:
            across = across or cancer_cell_fraction(limit, purity) <= CLONAL_CCF
    return _settled(finding, same_type, across)


def _same_allele(sample: SampleEvidence, allele: Allele) -> list[Allele]:
    gene = sample.genotypes.genes.get(allele.gene)
    return [found for found in gene.alleles if found.protein == allele.protein] if gene else []


def _expanded(before: Allele, after: Allele) -> bool:
    if before.ccf is None or after.ccf is None or before.ccf_high is None or after.ccf_low is None:
        return False
    return after.ccf > 2 * before.ccf and after.ccf_low > before.ccf_high


def _excluded(sample: SampleEvidence, allele: Allele) -> float | None:
    """The VAF that the sample excludes at the allele's codon; None where it was not read or excludes nothing."""
    gene = sample.genotypes.genes.get(allele.gene)
    limits = [limit.excluded_vaf for limit in gene.codons if limit.codon == allele.codon] if gene else []
    return limits[0] if sample.usable.ok and limits else None


def _copies_origin(finding: Finding, after: CopyNumber, pre: Sequence[SampleEvidence]) -> Finding:
    amplified = [sample.erbb2 for sample in pre if sample.erbb2.state is Erbb2.AMP]
    if amplified:
        expanded = all(_grown(before, after) for before in amplified)
        return replace(finding, origin=Origin.EXPANDED if expanded else Origin.PRE_EXISTING)
    negative = [s for s in pre if s.usable.ok and s.erbb2.state in (Erbb2.NEG, Erbb2.POLYSOMY)]
    found = after.copies if after.copies is not None else after.observed_copies
    seen = [s for s in negative if _would_have_seen(s.erbb2, found)]
    same_type = any(sample.specimen is finding.specimen for sample in seen)
    return _settled(finding, same_type, bool(seen))


def _grown(before: CopyNumber, after: CopyNumber) -> bool:
    if before.copies is None or after.copies is None or before.copies_high is None or after.copies_low is None:
        return False
    return after.copies > 2 * before.copies and after.copies_low > before.copies_high


def _would_have_seen(before: CopyNumber, copies: float | None) -> bool:
    return before.detectable_copies is not None and copies is not None and before.detectable_copies <= copies


def _heregulin_origin(before: HeregulinResult | None) -> Origin:
    if before is None:
        return Origin.ORIGIN_UNRESOLVED
    if before.state is Heregulin.HIGH:
        return Origin.PRE_EXISTING
    if before.state in (Heregulin.LOW, Heregulin.BLQ):
        return Origin.EMERGENT
    return Origin.ORIGIN_UNRESOLVED
