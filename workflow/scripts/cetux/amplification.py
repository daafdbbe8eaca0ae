"""Decide from CNVkit's bins whether a gene, ERBB2 above all, is amplified: the rules' first match.

Symbols: C copies of the gene and P average copies (ploidy) per tumour cell, p purity, r observed copy ratio (2**log2),
Q the gene's copies over those of its chromosome-arm controls.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cetux import records
from cetux.counts import CorrectedCoverage, ReferenceNotes, SampleCheck
from cetux.evidence import CopyNumber
from cetux.genomes import plain_contig
from cetux.resources import Interval, chromosome_17, erbb2_exons
from cetux.states import Erbb2

_BLOCK_BP = 1_000_000
_OFF_TARGET = ("Antitarget", "Background")
_TWO_SIDED_95 = 0.975
_SEGMENT_DISAGREEMENT_LOG2 = 0.3


@dataclass(frozen=True)
class Locus:
    """A gene and what it is compared with.

    exons: where its bins are looked for. arm: the arm of the controls. excluded: what of the arm is too near to serve.
    other_arm: reported apart, None if there is none.
    """

    gene: str
    exons: tuple[Interval, ...]
    arm: Interval
    excluded: Interval
    other_arm: Interval | None


def erbb2_locus(build: str) -> Locus:
    """ERBB2 with its 17q controls outside GRCh37 17:35-40 Mb, and 17p reported apart (it is often lost)."""
    landmarks = chromosome_17(build)
    return Locus("ERBB2", erbb2_exons(build), landmarks["17q"], landmarks["ERBB2_excluded"], landmarks["17p"])


@dataclass(frozen=True)
class Estimate:
    """Mean log2 of some bins with its standard error and 95 % bounds."""

    log2: float
    se: float
    low: float
    high: float
    bins: int


@dataclass(frozen=True)
class Tumour:
    """What the call needs to know of the sample: purity 0 < p <= 1 and ploidy in copies per cell, None if unknown."""

    sample: str
    purity: float | None
    purity_source: str
    ploidy: float | None
    amplicon: bool


def tumour_copies(ratio: float, purity: float, ploidy: float = 2.0) -> float:
    """Copies of a locus per tumour cell, from the bulk copy ratio.

    A bulk of tumour fraction p holds p*C + (1-p)*2 copies of the locus per cell, over an average of p*P + (1-p)*2; the
    ratio r of the two is what coverage measures, so::

        C = (r * (p*P + 2*(1-p)) - 2*(1-p)) / p

    Args:
        ratio: bulk copies over average copies, dimensionless, >= 0 (2**log2).
        purity: tumour cell fraction p, 0 < p <= 1.
        ploidy: average copies per tumour cell P, > 0.

    Returns:
        C in copies per cell, not rounded. It can be negative where noise exceeds the signal: the caller reports that as
        not evaluable and never clips it to a call.

    Raises:
        ValueError: an argument is outside its range or not finite.

    >>> round(tumour_copies(2**1.0, 0.5), 2), round(tumour_copies(2**0.9, 0.2, 3), 2)
    (6.0, 12.53)
    """
    if not (math.isfinite(ratio) and ratio >= 0):
        raise ValueError(f"ratio must be finite and >= 0, not {ratio}")
    if not 0 < purity <= 1:
        raise ValueError(f"purity must lie in (0, 1], not {purity}")
    if not (math.isfinite(ploidy) and ploidy > 0):
        raise ValueError(f"ploidy must be finite and > 0, not {ploidy}")
    average = purity * ploidy + 2 * (1 - purity)
    return (ratio * average - 2 * (1 - purity)) / purity


def detectable_copies(se: float, purity: float, ploidy: float) -> float:
    """The smallest number of copies whose gain over the ploidy would be seen with 95 % power.

    A log2 of the gene above z_a * SE is seen; with probability 95 % the measured log2 of a true shift d exceeds
    d - z_b * SE, so d = (z_a + z_b) * SE is needed. Its ratio 2**d, put into `tumour_copies`, gives::

        C_min = P + (2**((z_a + z_b) * SE) - 1) * (p*P + 2*(1-p)) / p

    with z_a = 1.96 (two-sided 95 %) and z_b = 1.645 (95 % power).

    Args:
        se: standard error of the gene's log2, >= 0.
        purity: 0 < p <= 1.
        ploidy: P, > 0.
    """
    shift = (stats.norm.ppf(_TWO_SIDED_95) + stats.norm.ppf(0.95)) * se
    return float(ploidy + (2**shift - 1) * (purity * ploidy + 2 * (1 - purity)) / purity)


def estimate(log2: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], least_se: float) -> Estimate | None:
    """Weighted mean of bins, with a t interval; None for fewer than two bins.

    With weights w and mean m, the variance of the mean is the weighted variance of the bins times sum(w**2)/sum(w)**2,
    which is 1/n_eff; n_eff - 1 are the degrees of freedom (a percentile bootstrap covers too little below 20 bins).

    Args:
        log2: of each bin, finite.
        weight: of each bin, > 0.
        least_se: the standard error is never taken as smaller, because the scatter between the bins of one gene does
            not show what all of them share.
    """
    if len(log2) < 2:
        return None
    total = weight.sum()
    effective = total**2 / (weight**2).sum()
    mean = float((weight * log2).sum() / total)
    variance = float((weight * (log2 - mean) ** 2).sum() / total) * effective / (effective - 1)
    se = max(math.sqrt(variance / effective), least_se)
    half = float(stats.t.ppf(_TWO_SIDED_95, effective - 1)) * se
    return Estimate(mean, se, mean - half, mean + half, len(log2))


@dataclass(frozen=True)
class Bins:
    """CNVkit's corrected bins (.cnr: chromosome, start, end, gene, log2, weight), its segments (.cns: chromosome,
    start, end, log2) and the bins that the assay was designed with (chromosome, start, end).
    """

    ratios: pd.DataFrame
    segments: pd.DataFrame
    designed: pd.DataFrame


def read_bins(ratios: str, segments: str, designed: str) -> Bins:
    """Bins from CNVkit's .cnr and .cns and the BED of the design."""
    contigs: dict[Hashable, type[str]] = {"chromosome": str, "gene": str}
    return Bins(
        pd.read_csv(ratios, sep="\t", dtype=contigs, keep_default_na=False),
        pd.read_csv(segments, sep="\t", dtype=contigs, keep_default_na=False),
        pd.read_csv(
            designed, sep="\t", header=None, usecols=[0, 1, 2], names=["chromosome", "start", "end"], dtype={0: str}
        ),
    )


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
    ratios = bins.ratios
    usable = ratios[np.isfinite(ratios["log2"]) & (ratios["weight"] > 0)]
    targets = usable[~usable["gene"].isin(_OFF_TARGET)]
    gene_bins = _over(targets, locus.exons)
    designed_bins = len(_over(bins.designed, locus.exons))
    controls = _control_loci(targets, locus, rules["min_bins_per_control"])
    gene = _estimate_bins(gene_bins, rules["min_log2_se"])
    needed = rules["min_amplicons"] if tumour.amplicon else rules["min_bins"]
    noise = _control_noise(controls)
    if gene is None or gene.bins < needed:
        reason = f"{len(gene_bins)} of {designed_bins} {locus.gene} bins kept, {needed} needed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    if noise is not None and noise > rules["max_control_mad_log2"]:
        reason = f"control bins scatter by {noise:.2f} log2, {rules['max_control_mad_log2']:.2f} allowed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    facts = _facts(gene, controls, usable, bins.segments, locus, tumour, rules, flags, designed_bins)
    state, reason = classify(facts, rules)
    return _with_state(facts, state, reason)


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


def _over(frame: pd.DataFrame, intervals: Sequence[Interval]) -> pd.DataFrame:
    """Rows that overlap any of the intervals, found by coordinates and never by label."""
    chosen = np.zeros(len(frame), dtype=bool)
    chrom = frame["chromosome"].astype(str).map(plain_contig)
    for interval in intervals:
        on_it = (chrom == interval.chrom) & (frame["start"] < interval.end) & (frame["end"] > interval.start)
        chosen |= on_it.to_numpy()
    return frame[chosen]


def _control_loci(targets: pd.DataFrame, locus: Locus, least: int) -> dict[str, pd.DataFrame]:
    """Target bins of the arm outside the excluded region, by 1-Mb block: a gene or two on a panel."""
    arm = _over(targets, [locus.arm])
    outside = arm.drop(_over(arm, [locus.excluded]).index)
    loci = {}
    for block, members in outside.groupby(outside["start"] // _BLOCK_BP):
        if len(members) >= least:
            named = sorted({str(gene) for gene in members["gene"]} - {"-", "", "nan"})
            label = "/".join(named[:2]) if named else "unnamed"
            loci[f"{label} ({locus.arm.chrom}:{block}Mb)"] = members
    return loci


def _estimate_bins(members: pd.DataFrame, least_se: float) -> Estimate | None:
    return estimate(members["log2"].to_numpy(dtype=float), members["weight"].to_numpy(dtype=float), least_se)


def _control_noise(controls: Mapping[str, pd.DataFrame]) -> float | None:
    """Median absolute deviation (times 1.4826, the sd of a normal) of control bins about their own locus."""
    if not controls:
        return None
    residuals = pd.concat([members["log2"] - members["log2"].median() for members in controls.values()])
    return float(1.4826 * residuals.abs().median())


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
) -> CopyNumber:
    """Every number of the call, before a state is given."""
    ploidy = tumour.ploidy or 2.0
    notes = [*flags, *([] if tumour.ploidy else ["ploidy_taken_as_2"])]
    control = _control_estimate(controls, rules)
    if control is None:
        notes.append("ratio_not_assessable")
    ratio, ratio_low, ratio_high = _ratio(gene, control, tumour.purity, ploidy)
    segment = _over(segments, [_middle(locus)])["log2"]
    segment_log2 = float(segment.iloc[0]) if len(segment) else None
    if segment_log2 is not None and abs(segment_log2 - gene.log2) > _SEGMENT_DISAGREEMENT_LOG2:
        notes.append("segment_disagrees")
    other = _over(usable, [locus.other_arm]) if locus.other_arm else usable.iloc[:0]
    other_arm = _estimate_bins(other, rules["min_log2_se"])
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
        control_mad_log2=_control_noise(controls),
        copies_other_arm=copies(other_arm.log2) if other_arm else None,
        segment_log2=segment_log2,
        flags=tuple(notes),
    )


def _control_estimate(controls: Mapping[str, pd.DataFrame], rules: Mapping[str, Any]) -> Estimate | None:
    """Median over the control loci, robust to an event of one of them; None with too few loci."""
    if len(controls) < rules["min_control_loci"]:
        return None
    means = [found.log2 for members in controls.values() if (found := _estimate_bins(members, rules["min_log2_se"]))]
    # the standard error of a median is 1.2533 (sqrt(pi/2)) times that of a mean of normal values
    se = max(1.2533 * float(np.std(means, ddof=1)) / math.sqrt(len(means)), rules["min_log2_se"])
    middle = float(np.median(means))
    half = float(stats.norm.ppf(_TWO_SIDED_95)) * se
    return Estimate(middle, se, middle - half, middle + half, len(means))


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


def _middle(locus: Locus) -> Interval:
    start, end = min(exon.start for exon in locus.exons), max(exon.end for exon in locus.exons)
    centre = (start + end) // 2
    return Interval(locus.exons[0].chrom, centre, centre + 1)


def classify(facts: CopyNumber, rules: Mapping[str, Any]) -> tuple[Erbb2, str]:
    """State and reason by the rules' first match, from rule 2 (rule 1, technical, was passed before).

    Args:
        facts: every number of the sample; its own state and reason are not read.
        rules: the `erbb2` section of the settings.
    """
    focal = facts.ratio is None or facts.ratio >= rules["amp_ratio"]
    ratio = "not assessable" if facts.ratio is None else f"{facts.ratio:.1f}"
    observed = _known(facts.observed_copies)
    if facts.purity is None:
        if observed >= rules["amp_observed_copies"] and focal:
            return Erbb2.AMP, f"{observed:.1f} copies observed at unknown purity, ratio to 17q {ratio}"
        if observed < rules["min_observed_copies"]:
            return (
                Erbb2.NE,
                f"purity: unknown, and {observed:.1f} copies observed could hide an amplification",
            )
        return Erbb2.EQUIVOCAL, f"{observed:.1f} copies observed at unknown purity: reflex IHC/ISH"
    copies, low, high = _known(facts.copies), _known(facts.copies_low), _known(facts.copies_high)
    ploidy = facts.ploidy or 2.0
    enough = copies >= rules["amp_copies"] and low >= rules["amp_copies_low"]
    if enough and copies - ploidy >= rules["amp_gain_over_ploidy"] and focal:
        return Erbb2.AMP, f"{copies:.1f} copies ({low:.1f} to {high:.1f}), ratio to 17q {ratio}"
    polysomy = facts.ratio_high is not None and facts.ratio_high < rules["polysomy_ratio"]
    if copies >= rules["polysomy_copies"] and polysomy:
        return (
            Erbb2.POLYSOMY,
            f"{copies:.1f} copies, ratio to 17q {ratio} (up to {_known(facts.ratio_high):.1f})",
        )
    if facts.purity < rules["min_purity"]:
        return Erbb2.NE, f"purity: {facts.purity:.2f} is below {rules['min_purity']:.2f}"
    upper, gain = negative_bounds(facts, rules)
    if upper < rules["neg_copies"] and gain < rules["neg_gain_over_ploidy"]:
        limit = _known(facts.detectable_copies)
        return Erbb2.NEG, f"{copies:.1f} copies ({low:.1f} to {high:.1f}); would have seen {limit:.1f}"
    return (
        Erbb2.EQUIVOCAL,
        f"{copies:.1f} copies ({low:.1f} to {high:.1f}), ratio to 17q {ratio}: reflex IHC/ISH",
    )


def negative_bounds(facts: CopyNumber, rules: Mapping[str, Any]) -> tuple[float, float]:
    """Upper 95 % bounds of C and of C - P at the lower bound of the purity, for the negative rule.

    C - P = (r - 1) * (p*P + 2*(1-p)) / p grows with P, so an unknown ploidy is taken as the settings' `unknown_ploidy`
    (4) there, the careful side.
    """
    purity = _known(facts.purity) * float(rules["purity_lower_factor"])
    ratio = 2 ** _known(facts.log2_high)
    upper = tumour_copies(ratio, purity, facts.ploidy or 2.0)
    ploidy = facts.ploidy or float(rules["unknown_ploidy"])
    return upper, tumour_copies(ratio, purity, ploidy) - ploidy


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a number that this rule needs was not measured")
    return value


def _with_state(facts: CopyNumber, state: Erbb2, reason: str) -> CopyNumber:
    return replace(facts, state=state, reason=reason)
