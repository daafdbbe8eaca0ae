"""Decide from CNVkit's bins whether a gene, ERBB2 above all, is amplified: every number, then the rules' first match.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2),
Q the gene's copies over those of its chromosome-arm controls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cetux import records
from cetux.amplification_rules import CLEAR_OF_NOISE, decided, purity_disagrees
from cetux.bin_noise import Estimate, control_estimate, control_noise, estimate_bins
from cetux.copies import at_purity, over_own_purities
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck
from cetux.evidence import CopyNumber, PurityEstimate
from cetux.flip_purity import with_flips
from cetux.gene_bins import OFF_TARGET, Bins, Locus, control_loci, erbb2_locus, extended_loci, measured, middle_of, over
from cetux.gene_break import Break, find_break
from cetux.kept_bins import KeptBins, kept_bins
from cetux.purity import estimate_purity, purity_segments
from cetux.raised_segment import extent, raised_width
from cetux.shared_noise import SharedVariance, assay_variance, shared_noise, shared_variance
from cetux.sites import SiteCounts
from cetux.states import Erbb2, PurityState

_SEGMENT_DISAGREEMENT_LOG2 = 0.3
_FROM_SAMPLE = "heterozygous SNPs and copy ratios"
_PLOIDY_SPREAD = 0.75
"""A fit whose ploidy lies further from the given one has found a twin, diploid for doubled, with a wrong purity [P]."""


@dataclass(frozen=True)
class Tumour:
    """What the call needs to know of the sample: purity 0 < p <= 1 and ploidy in copies per cell, None if unknown.

    amplicon: of an amplicon assay, with fewer and noisier bins. plasma: ctDNA, with thresholds of its own. estimate:
    what the sample itself tells of its purity, None if that was not asked. whole_genome: of an assay whose bins lie all
    over the gene. ploidy_fitted: the ploidy is that of the estimate.
    """

    sample: str
    purity: float | None
    purity_source: str
    ploidy: float | None
    amplicon: bool
    plasma: bool = False
    estimate: PurityEstimate | None = None
    whole_genome: bool = False
    ploidy_fitted: bool = False

    @property
    def state(self) -> PurityState:
        """Where the purity comes from."""
        if self.purity is None:
            return PurityState.FAILED
        return PurityState.ESTIMATED if self.purity_source == _FROM_SAMPLE else PurityState.GIVEN


@dataclass(frozen=True)
class _Measured:
    """Bins of the gene, their mean, the controls, and what a gene's bins share."""

    bins: KeptBins
    gene: Estimate
    controls: Mapping[str, pd.DataFrame]
    shared_sd: float


def call_erbb2(
    bins: Bins,
    status: str,
    check: str,
    reference_notes: str | None,
    build: str,
    tumour: Tumour,
    rules: Mapping[str, Any],
    correction: Mapping[str, bool],
    sites: str | None = None,
) -> CopyNumber:
    """ERBB2 of one sample from the files of the stages before; a sample that is not usable is NE, with the reason.

    Args:
        bins: corrected bins, segments and design.
        status: path of what `correct_coverage` said.
        check: path of what `check_sample` said.
        reference_notes: path of what `build_reference` said; None with a frozen reference.
        build: the assay's build.
        tumour: purity and ploidy.
        rules: the `erbb2` section of the settings.
        correction: what was corrected for.
        sites: path of what `count_sites` counted; None where the assay has no list of SNPs.
    """
    checked, corrected = records.read(SampleCheck, check), records.read(CorrectedCoverage, status)
    usable = checked.usable if not checked.usable.ok else corrected.usable
    if not usable.ok:
        return _not_evaluable(tumour, usable.reason)
    notes = records.read(ReferenceNotes, reference_notes) if reference_notes else None
    flags = [
        *(["flat_reference"] if notes and notes.flat else []),
        *([] if notes else ["reference_unknown"]),
        *(["normals_not_compared"] if notes and notes.normals and not notes.compared else []),
        *(["few_normals"] if notes and 0 < len(notes.normals) < rules["min_normals"] else []),
        *(f"normal_left_out:{name}" for name in (notes.left_out if notes else ())),
        *([] if correction["gc"] else ["no_gc_correction"]),
    ]
    noise = assay_variance(notes.shared_sd_log2, notes.shared_variance_spread) if notes else None
    if sites:
        expected = shared_noise(None, rules["shared_log2_sd"], noise)
        tumour = _with_estimate(tumour, bins, records.read(SiteCounts, sites), expected)
    locus = erbb2_locus(build, tumour.whole_genome)
    call = with_flips(call_amplification(bins, locus, tumour, rules, flags, noise), rules)
    return replace(call, others=_others(bins, build, tumour, rules, noise, flags))


def _with_estimate(tumour: Tumour, bins: Bins, sites: SiteCounts, shared_sd: float) -> Tumour:
    """The tumour with what it tells of its own purity, which is used where none is given; a given one stays.

    The purity of a fit holds for the ploidy of the same fit alone: where the sheet gives none, that goes with it.
    """
    found = estimate_purity(purity_segments(bins, sites, shared_sd))
    if found.ploidy and tumour.ploidy and abs(found.ploidy - tumour.ploidy) > _PLOIDY_SPREAD:
        reason = f"the fit has a ploidy of {found.ploidy:.1f}, the sample sheet {tumour.ploidy:.1f}"
        found = PurityEstimate(PurityState.FAILED, reason, sites=found.sites, segments=found.segments)
    if tumour.purity is not None or found.purity is None:
        return replace(tumour, estimate=found)
    of_fit = replace(tumour, estimate=found, purity=found.purity, purity_source=_FROM_SAMPLE)
    return of_fit if tumour.ploidy else replace(of_fit, ploidy=found.ploidy, ploidy_fitted=True)


def _others(
    bins: Bins,
    build: str,
    tumour: Tumour,
    rules: Mapping[str, Any],
    noise: SharedVariance | None,
    flags: Sequence[str],
) -> tuple[CopyNumber, ...]:
    """The genes that are only annotated, by the rules of ERBB2, but with as few bins as of an amplicon panel.

    KRAS has four coding exons; what few bins do not tell widens the interval, and AMP needs its lower bound.
    """
    few = {**rules, "min_bins": rules["min_amplicons"]}
    return tuple(call_amplification(bins, locus, tumour, few, flags, noise) for locus in extended_loci(build))


def call_amplification(
    bins: Bins,
    locus: Locus,
    tumour: Tumour,
    rules: Mapping[str, Any],
    flags: Sequence[str] = (),
    assay: SharedVariance | None = None,
) -> CopyNumber:
    """The gene's state by the rules' first match, with every number that led to it.

    Args:
        bins: corrected bins, segments and design.
        locus: the gene and its controls.
        tumour: purity and ploidy of the sample.
        rules: the `erbb2` section of the settings.
        flags: what the correction had to go without (no normals, no GC); carried to the call.
        assay: what the bins of one locus share in the assay's normals, if known.
    """
    usable = measured(bins.ratios)
    targets = usable[~usable["gene"].isin(OFF_TARGET)]
    kept = kept_bins(bins, locus)
    controls = control_loci(targets, locus, rules["min_bins_per_control"])
    unevenness = shared_variance(targets, locus, rules["min_bins_per_control"])
    shared = shared_noise(unevenness, rules["shared_log2_sd"], assay)
    gene = estimate_bins(kept.rows, shared)
    needed = rules["min_amplicons"] if tumour.amplicon else rules["min_bins"]
    noise = control_noise(controls)

    def unusable(reason: str) -> CopyNumber:
        return _not_evaluable(tumour, reason, kept, controls, flags, locus.gene)

    if gene is None or gene.bins < needed:
        reason = f"{len(kept.rows)} of {kept.designed} {locus.gene} bins kept, {needed} needed"
        reason += f" ({'; '.join(kept.dropped)})" if kept.dropped else ""
        return unusable(reason)
    if noise is not None and noise > rules["max_control_mad_log2"]:
        reason = f"control bins scatter by {noise:.2f} log2, {rules['max_control_mad_log2']:.2f} allowed"
        return unusable(reason)
    uneven = unevenness and unevenness.clearly_above(rules["max_shared_log2_sd"])
    if unevenness and uneven and gene.log2 < CLEAR_OF_NOISE * gene.se:
        said = f"{unevenness.variance**0.5:.2f} log2, {rules['max_shared_log2_sd']:.2f} allowed"
        reason = f"uneven: neighbouring loci of the genome differ beyond the scatter of their bins by {said}"
        return unusable(reason)
    facts = _facts(_Measured(kept, gene, controls, shared), usable, bins.segments, locus, tumour, rules)
    return decided(replace(facts, flags=(*flags, *facts.flags)), rules)


def _not_evaluable(
    tumour: Tumour,
    reason: str,
    bins: KeptBins | None = None,
    controls: Mapping[str, pd.DataFrame] | None = None,
    flags: Sequence[str] = (),
    gene: str = "ERBB2",
) -> CopyNumber:
    return CopyNumber(
        sample=tumour.sample,
        state=Erbb2.NE,
        reason=f"technical: {reason}",
        purity=tumour.purity,
        purity_source=tumour.purity_source,
        ploidy=tumour.ploidy,
        bins_designed=bins.designed if bins else 0,
        bins_kept=len(bins.rows) if bins else 0,
        bins_dropped=bins.dropped if bins else (),
        control_loci=tuple(controls or ()),
        control_mad_log2=control_noise(controls or {}),
        flags=tuple(flags),
        plasma=tumour.plasma,
        purity_state=tumour.state,
        purity_estimate=tumour.estimate,
        gene=gene,
    )


def _facts(
    measured_bins: _Measured,
    usable: pd.DataFrame,
    segments: pd.DataFrame,
    locus: Locus,
    tumour: Tumour,
    rules: Mapping[str, Any],
) -> CopyNumber:
    """Every number of the call, before a state is given; flags are those of the numbers."""
    gene, shared = measured_bins.gene, measured_bins.shared_sd
    kept, controls = measured_bins.bins, measured_bins.controls
    control = control_estimate(controls, rules, shared)
    other = over(usable, [locus.other_arm]) if locus.other_arm else usable.iloc[:0]
    other_arm = estimate_bins(other, shared)
    segment = over(segments, [middle_of(locus)])["log2"]
    segment_log2 = float(segment.iloc[0]) if len(segment) else None
    width = raised_width(usable, locus, gene, control.log2 if control else 0.0)
    broken = find_break(
        kept.rows["log2"].to_numpy(dtype=float),
        kept.rows["weight"].to_numpy(dtype=float),
        shared,
        rules["break_false_positive_rate"],
        rules["break_log2"],
    )
    found = CopyNumber(
        sample=tumour.sample,
        state=Erbb2.NE,
        reason="",
        log2=gene.log2,
        log2_se=gene.se,
        log2_low=gene.low,
        log2_high=gene.high,
        observed_copies=2 * 2**gene.log2,
        purity_source=tumour.purity_source or ("sample sheet" if tumour.purity is not None else ""),
        ploidy=tumour.ploidy,
        bins_designed=kept.designed,
        bins_kept=gene.bins,
        bins_dropped=kept.dropped,
        control_loci=tuple(controls),
        control_mad_log2=control_noise(controls),
        control_log2=control.log2 if control else None,
        control_log2_high=control.high if control else None,
        other_arm_log2=other_arm.log2 if other_arm else None,
        segment_log2=segment_log2,
        extent=extent(gene, control, other_arm),
        raised_width_bp=width.least_bp if width else None,
        raised_width_most_bp=width.most_bp if width else None,
        raised_part=_part(kept.rows, broken, locus) if broken else "",
        raised_part_log2=broken.raised.log2 if broken else None,
        raised_part_log2_high=broken.raised.high if broken else None,
        break_p_value=broken.p_value if broken else None,
        plasma=tumour.plasma,
        purity_state=tumour.state,
        purity_low=tumour.estimate.low if tumour.estimate else None,
        purity_estimate=tumour.estimate,
        gene=locus.gene,
        ploidy_fitted=tumour.ploidy_fitted,
    )
    found = at_purity(found, tumour.purity)
    found = over_own_purities(found)
    apart = segment_log2 is not None and abs(segment_log2 - gene.log2) > _SEGMENT_DISAGREEMENT_LOG2
    gained = broken is not None and broken.raised.low > max(0.0, control.log2 if control else 0.0)
    said = {
        "purity_estimated": tumour.state is PurityState.ESTIMATED,
        "purity_disagrees": purity_disagrees(found),
        "ploidy_taken_as_2": tumour.ploidy is None,
        "ploidy_estimated": tumour.ploidy_fitted,
        "ratio_not_assessable": found.ratio is None,
        "segment_disagrees": apart,
        "partial_amplification": gained,
        "partial_loss": broken is not None and not gained,
    }
    return replace(found, flags=tuple(flag for flag, holds in said.items() if holds))


def _part(rows: pd.DataFrame, broken: Break, locus: Locus) -> str:
    """The raised side of a break for people: coordinates and, where they are known, exons.

    As in ``17:39723319-39728662 (exons 17-27)``.
    """
    side = rows.iloc[broken.first_right :] if broken.raised_right else rows.iloc[: broken.first_right]
    start, end = int(side["start"].min()), int(side["end"].max())
    place = f"{locus.exons[0].chrom}:{start + 1}-{end}"
    if len(locus.exons) == 1:  # only the whole gene is known
        return place
    hit = [number for number, exon in enumerate(locus.exons, start=1) if exon.start < end and exon.end > start]
    return f"{place} (exons {hit[0]}-{hit[-1]})"
