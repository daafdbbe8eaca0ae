"""Decide from CNVkit's bins whether a gene, ERBB2 above all, is amplified: every number, then the rules' first match.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2),
Q the gene's copies over those of its chromosome-arm controls.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cetux import records
from cetux.amplification_rules import classify
from cetux.bin_noise import Estimate, control_estimate, control_noise, estimate_bins, shared_noise
from cetux.copies import detectable_copies, tumour_copies
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck
from cetux.evidence import CopyNumber
from cetux.gene_bins import OFF_TARGET, Bins, Locus, control_loci, erbb2_locus, measured, middle_of, over
from cetux.states import Erbb2

_SEGMENT_DISAGREEMENT_LOG2 = 0.3


@dataclass(frozen=True)
class Tumour:
    """What the call needs to know of the sample: purity 0 < p <= 1 and ploidy in copies per cell, None if unknown."""

    sample: str
    purity: float | None
    purity_source: str
    ploidy: float | None
    amplicon: bool


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
        *(f"normal_left_out:{name}" for name in (notes.left_out if notes else ())),
        *([] if correction["gc"] else ["no_gc_correction"]),
    ]
    return call_amplification(bins, erbb2_locus(build), tumour, rules, flags)


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
    gene_bins = over(targets, locus.exons)
    designed_bins = len(over(bins.designed, locus.exons))
    controls = control_loci(targets, locus, rules["min_bins_per_control"])
    shared = max(shared_noise(targets, locus, rules["min_bins_per_control"]), rules["shared_log2_sd"])
    gene = estimate_bins(gene_bins, shared)
    needed = rules["min_amplicons"] if tumour.amplicon else rules["min_bins"]
    noise = control_noise(controls)
    if gene is None or gene.bins < needed:
        reason = f"{len(gene_bins)} of {designed_bins} {locus.gene} bins kept, {needed} needed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    if noise is not None and noise > rules["max_control_mad_log2"]:
        reason = f"control bins scatter by {noise:.2f} log2, {rules['max_control_mad_log2']:.2f} allowed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    facts = _facts(gene, controls, usable, bins.segments, locus, tumour, rules, flags, designed_bins, shared)
    state, reason = classify(facts, rules)
    return replace(facts, state=state, reason=reason)


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
    )


def _facts(
    gene: Estimate,
    controls: Mapping[str, pd.DataFrame],
    usable: pd.DataFrame,
    segments: pd.DataFrame,
    locus: Locus,
    tumour: Tumour,
    rules: Mapping[str, Any],
    flags: Sequence[str],
    designed_bins: int,
    shared: float,
) -> CopyNumber:
    """Every number of the call, before a state is given."""
    ploidy = tumour.ploidy or 2.0
    notes = [*flags, *([] if tumour.ploidy else ["ploidy_taken_as_2"])]
    control = control_estimate(controls, rules, shared)
    ratio, ratio_low, ratio_high = _ratio(gene, control, tumour.purity, ploidy)
    if ratio is None:
        notes.append("ratio_not_assessable")
    segment = over(segments, [middle_of(locus)])["log2"]
    segment_log2 = float(segment.iloc[0]) if len(segment) else None
    if segment_log2 is not None and abs(segment_log2 - gene.log2) > _SEGMENT_DISAGREEMENT_LOG2:
        notes.append("segment_disagrees")
    other = over(usable, [locus.other_arm]) if locus.other_arm else usable.iloc[:0]
    other_arm = estimate_bins(other, shared)
    known = tumour.purity is not None

    def copies(log2: float) -> float | None:
        return tumour_copies(2**log2, tumour.purity, ploidy) if tumour.purity is not None else None

    return CopyNumber(
        sample=tumour.sample,
        state=Erbb2.NE,
        reason="",
        log2=gene.log2,
        log2_se=gene.se,
        log2_low=gene.low,
        log2_high=gene.high,
        observed_copies=2 * 2**gene.log2,
        copies=copies(gene.log2),
        copies_low=copies(gene.low),
        copies_high=copies(gene.high),
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        detectable_copies=detectable_copies(gene.se, tumour.purity, ploidy) if tumour.purity else None,
        purity=tumour.purity,
        purity_source=tumour.purity_source or ("sample sheet" if known else ""),
        ploidy=tumour.ploidy,
        bins_designed=designed_bins,
        bins_kept=gene.bins,
        control_loci=tuple(controls),
        control_mad_log2=control_noise(controls),
        copies_other_arm=copies(other_arm.log2) if other_arm else None,
        segment_log2=segment_log2,
        flags=tuple(notes),
    )


def _ratio(
    gene: Estimate, control: Estimate | None, purity: float | None, ploidy: float
) -> tuple[float | None, float | None, float | None]:
    """Q with its 95 % bounds; purity-adjusted where the purity is known, else of the observed copies.

    The noise of gene and controls is put on the gene, in log2: their standard errors add in quadrature. Not assessable
    (None) without controls, or where the controls' adjusted copies are below one: over a lost arm Q means nothing.
    """
    if control is None:
        return None, None, None
    spread = math.hypot(gene.high - gene.log2, control.high - control.log2)
    shifts = (gene.log2, gene.log2 - spread, gene.log2 + spread)
    if purity is None:
        first, low, high = (2 ** (shift - control.log2) for shift in shifts)
        return first, low, high
    below = tumour_copies(2**control.log2, purity, ploidy)
    if below < 1:
        return None, None, None
    first, low, high = (tumour_copies(2**shift, purity, ploidy) / below for shift in shifts)
    return first, low, high
