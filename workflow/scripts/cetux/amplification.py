"""Decide from CNVkit's bins whether a gene, ERBB2 above all, is amplified: every number, then the rules' first match.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2),
Q the gene's copies over those of its chromosome-arm controls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cetux import records
from cetux.amplification_rules import classify
from cetux.bin_noise import Estimate, control_estimate, control_noise, estimate_bins, shared_noise
from cetux.copies import at_purity
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck
from cetux.evidence import CopyNumber
from cetux.flip_purity import with_flips
from cetux.gene_bins import OFF_TARGET, Bins, Locus, control_loci, erbb2_locus, measured, middle_of, over
from cetux.gene_break import Break, find_break
from cetux.raised_segment import extent, raised_width
from cetux.states import Erbb2

_SEGMENT_DISAGREEMENT_LOG2 = 0.3


@dataclass(frozen=True)
class Tumour:
    """What the call needs to know of the sample: purity 0 < p <= 1 and ploidy in copies per cell, None if unknown.

    amplicon: of an amplicon assay, with fewer and noisier bins. plasma: ctDNA, with thresholds of its own.
    """

    sample: str
    purity: float | None
    purity_source: str
    ploidy: float | None
    amplicon: bool
    plasma: bool = False


@dataclass(frozen=True)
class _GeneBins:
    """Bins of the gene in genome order, their mean, the controls, what a gene's bins share, and the bins designed."""

    rows: pd.DataFrame
    gene: Estimate
    controls: Mapping[str, pd.DataFrame]
    shared_sd: float
    designed: int


def call_erbb2(
    bins: Bins,
    status: str,
    check: str,
    reference_notes: str | None,
    build: str,
    tumour: Tumour,
    rules: Mapping[str, Any],
    correction: Mapping[str, bool],
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
    """
    checked, corrected = records.read(SampleCheck, check), records.read(CorrectedCoverage, status)
    usable = checked.usable if not checked.usable.ok else corrected.usable
    if not usable.ok:
        return _not_evaluable(tumour, usable.reason, 0, 0, None, ())
    notes = records.read(ReferenceNotes, reference_notes) if reference_notes else None
    flags = [
        *(["flat_reference"] if notes and notes.flat else []),
        *(["few_normals"] if notes and 0 < len(notes.normals) < rules["min_normals"] else []),
        *(f"normal_left_out:{name}" for name in (notes.left_out if notes else ())),
        *([] if correction["gc"] else ["no_gc_correction"]),
    ]
    return with_flips(call_amplification(bins, erbb2_locus(build), tumour, rules, flags), rules)


def call_amplification(
    bins: Bins,
    locus: Locus,
    tumour: Tumour,
    rules: Mapping[str, Any],
    flags: Sequence[str] = (),
) -> CopyNumber:
    """The gene's state by the rules' first match, with every number that led to it.

    Args:
        bins: corrected bins, segments and design.
        locus: the gene and its controls.
        tumour: purity and ploidy of the sample.
        rules: the `erbb2` section of the settings.
        flags: what the correction had to go without (no normals, no GC); carried to the call.
    """
    usable = measured(bins.ratios)
    targets = usable[~usable["gene"].isin(OFF_TARGET)]
    gene_bins = over(targets, locus.exons).sort_values("start")
    designed_bins = len(over(bins.designed, locus.exons))
    controls = control_loci(targets, locus, rules["min_bins_per_control"])
    shared = shared_noise(targets, locus, rules["min_bins_per_control"], rules["shared_log2_sd"])
    gene = estimate_bins(gene_bins, shared)
    needed = rules["min_amplicons"] if tumour.amplicon else rules["min_bins"]
    noise = control_noise(controls)
    if gene is None or gene.bins < needed:
        reason = f"{len(gene_bins)} of {designed_bins} {locus.gene} bins kept, {needed} needed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    if noise is not None and noise > rules["max_control_mad_log2"]:
        reason = f"control bins scatter by {noise:.2f} log2, {rules['max_control_mad_log2']:.2f} allowed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    members = _GeneBins(gene_bins, gene, controls, shared, designed_bins)
    facts = _facts(members, usable, bins.segments, locus, tumour, rules)
    state, reason = classify(facts, rules)
    return replace(facts, state=state, reason=reason, flags=(*flags, *facts.flags))


def _not_evaluable(
    tumour: Tumour, reason: str, designed: int, kept: int, noise: float | None, flags: Sequence[str]
) -> CopyNumber:
    return CopyNumber(
        sample=tumour.sample,
        state=Erbb2.NE,
        reason=f"technical: {reason}",
        purity=tumour.purity,
        purity_source=tumour.purity_source,
        ploidy=tumour.ploidy,
        bins_designed=designed,
        bins_kept=kept,
        control_mad_log2=noise,
        flags=tuple(flags),
        plasma=tumour.plasma,
    )


def _facts(
    bins: _GeneBins,
    usable: pd.DataFrame,
    segments: pd.DataFrame,
    locus: Locus,
    tumour: Tumour,
    rules: Mapping[str, Any],
) -> CopyNumber:
    """Every number of the call, before a state is given; flags are those of the numbers."""
    gene, shared = bins.gene, bins.shared_sd
    control = control_estimate(bins.controls, rules, shared)
    other = over(usable, [locus.other_arm]) if locus.other_arm else usable.iloc[:0]
    other_arm = estimate_bins(other, shared)
    segment = over(segments, [middle_of(locus)])["log2"]
    segment_log2 = float(segment.iloc[0]) if len(segment) else None
    width = raised_width(usable, locus, gene, control.log2 if control else 0.0)
    broken = find_break(
        bins.rows["log2"].to_numpy(dtype=float),
        bins.rows["weight"].to_numpy(dtype=float),
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
        bins_designed=bins.designed,
        bins_kept=gene.bins,
        control_loci=tuple(bins.controls),
        control_mad_log2=control_noise(bins.controls),
        control_log2=control.log2 if control else None,
        control_log2_high=control.high if control else None,
        other_arm_log2=other_arm.log2 if other_arm else None,
        segment_log2=segment_log2,
        extent=extent(gene, control, other_arm),
        raised_width_bp=width.least_bp if width else None,
        raised_width_most_bp=width.most_bp if width else None,
        raised_part=_part(bins.rows, broken, locus) if broken else "",
        raised_part_log2=broken.raised.log2 if broken else None,
        raised_part_log2_high=broken.raised.high if broken else None,
        break_p_value=broken.p_value if broken else None,
        plasma=tumour.plasma,
    )
    found = at_purity(found, tumour.purity)
    apart = segment_log2 is not None and abs(segment_log2 - gene.log2) > _SEGMENT_DISAGREEMENT_LOG2
    said = {
        "ploidy_taken_as_2": tumour.ploidy is None,
        "ratio_not_assessable": found.ratio is None,
        "segment_disagrees": apart,
        "partial_amplification": broken is not None,
    }
    return replace(found, flags=tuple(flag for flag, holds in said.items() if holds))


def _part(rows: pd.DataFrame, broken: Break, locus: Locus) -> str:
    """The raised side of a break for people: coordinates and exons, as in ``17:39723319-39728662 (exons 17-27)``."""
    side = rows.iloc[broken.first_right :] if broken.raised_right else rows.iloc[: broken.first_right]
    start, end = int(side["start"].min()), int(side["end"].max())
    hit = [number for number, exon in enumerate(locus.exons, start=1) if exon.start < end and exon.end > start]
    return f"{locus.exons[0].chrom}:{start + 1}-{end} (exons {hit[0]}-{hit[-1]})"
