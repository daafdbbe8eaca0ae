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

_LOCUS_BP = 1_000_000
_OFF_TARGET = ("Antitarget", "Background")
_TWO_SIDED_95 = 0.975
_Z_95 = float(stats.norm.ppf(_TWO_SIDED_95))
_SEGMENT_DISAGREEMENT_LOG2 = 0.3
_EMPTY_LOG2 = -15.0
"""Below this a bin had no read (CNVkit's drop_low_coverage): nothing was measured there, which is no loss of copies."""
_LEAST_NEIGHBOURS = 5
"""Pairs of neighbouring loci that an estimate of their shared noise needs [P]."""
_NORMAL_SD_PER_MAD = 1.4826


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
    shift = (_Z_95 + stats.norm.ppf(0.95)) * se
    return float(ploidy + (2**shift - 1) * (purity * ploidy + 2 * (1 - purity)) / purity)


def estimate(log2: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], shared_sd: float) -> Estimate | None:
    """Weighted mean of bins, with a t interval; None for fewer than two bins.

    With weights w and mean m, the variance of the mean is the weighted variance of the bins times sum(w**2)/sum(w)**2,
    which is 1/n_eff; n_eff - 1 are the degrees of freedom (a percentile bootstrap covers too little below 20 bins).
    What all bins of one gene share (its GC, its reference, its DNA quality) moves the mean and does not show in their
    scatter: it is an error of its own, and independent errors add in quadrature::

        SE**2 = variance of the bins / n_eff + shared_sd**2

    Args:
        log2: of each bin, finite.
        weight: of each bin, > 0.
        shared_sd: standard deviation of what the bins share, log2, >= 0.
    """
    total = float(weight.sum())
    effective = total**2 / float((weight**2).sum()) if total else 0.0
    if effective < 1.5:  # one bin, or one that outweighs the rest: no spread can be had
        return None
    mean = float((weight * log2).sum() / total)
    variance = float((weight * (log2 - mean) ** 2).sum() / total) * effective / (effective - 1)
    se = math.hypot(math.sqrt(variance / effective), shared_sd)
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
    """Bins from CNVkit's .cnr and .cns and the BED of the design. An empty number is NaN; a gene may be called NA."""
    contigs: dict[Hashable, type[str]] = {"chromosome": str, "gene": str}
    missing = {column: ["", "NA", "nan", "NaN"] for column in ("log2", "depth", "weight")}
    return Bins(
        pd.read_csv(ratios, sep="\t", dtype=contigs, keep_default_na=False, na_values=missing),
        pd.read_csv(segments, sep="\t", dtype=contigs, keep_default_na=False, na_values=missing),
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
    usable = _measured(bins.ratios)
    targets = usable[~usable["gene"].isin(_OFF_TARGET)]
    gene_bins = _over(targets, locus.exons)
    designed_bins = len(_over(bins.designed, locus.exons))
    controls = _control_loci(targets, locus, rules["min_bins_per_control"])
    shared = max(shared_noise(targets, locus, rules["min_bins_per_control"]), rules["min_log2_se"])
    gene = _estimate_bins(gene_bins, shared)
    needed = rules["min_amplicons"] if tumour.amplicon else rules["min_bins"]
    noise = _control_noise(controls)
    if gene is None or gene.bins < needed:
        reason = f"{len(gene_bins)} of {designed_bins} {locus.gene} bins kept, {needed} needed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    if noise is not None and noise > rules["max_control_mad_log2"]:
        reason = f"control bins scatter by {noise:.2f} log2, {rules['max_control_mad_log2']:.2f} allowed"
        return _not_evaluable(tumour, reason, designed_bins, len(gene_bins), noise, flags)
    facts = _facts(gene, controls, usable, bins.segments, locus, tumour, rules, flags, designed_bins, shared)
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
    return frame[_overlapping(frame, intervals)]


def _outside(frame: pd.DataFrame, intervals: Sequence[Interval]) -> pd.DataFrame:
    """Rows that overlap none of the intervals."""
    return frame[~_overlapping(frame, intervals)]


def _overlapping(frame: pd.DataFrame, intervals: Sequence[Interval]) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(len(frame), dtype=bool)
    chrom = frame["chromosome"].astype(str).map(plain_contig)
    for interval in intervals:
        on_it = (chrom == interval.chrom) & (frame["start"] < interval.end) & (frame["end"] > interval.start)
        chosen |= on_it.to_numpy()
    return chosen


def _measured(ratios: pd.DataFrame) -> pd.DataFrame:
    """Bins that hold a measurement: a missing log2, a bin without a read and one without weight hold none."""
    depth = ratios["depth"] if "depth" in ratios else pd.Series(1.0, ratios.index)
    log2 = ratios["log2"]
    return ratios[log2.gt(_EMPTY_LOG2) & log2.lt(np.inf) & ratios["weight"].gt(0) & depth.gt(0)]


def _loci(targets: pd.DataFrame, least: int) -> list[pd.DataFrame]:
    """Target bins in order, cut where a bin begins 1 Mb or more after the first of its locus: a gene or two on a panel.

    Cut so, and not on a grid, a gene is not halved by where it lies, and both builds give the same loci. Loci of fewer
    than `least` bins are left out.
    """
    found = []
    for _, members in targets.sort_values(["chromosome", "start"]).groupby("chromosome"):
        starts = members["start"].to_numpy()
        cuts = [0]
        while (cut := int(np.searchsorted(starts, starts[cuts[-1]] + _LOCUS_BP))) < len(starts):
            cuts.append(cut)
        found += [members.iloc[a:b] for a, b in zip(cuts, [*cuts[1:], len(starts)], strict=True) if b - a >= least]
    return found


def _control_loci(targets: pd.DataFrame, locus: Locus, least: int) -> dict[str, pd.DataFrame]:
    """Loci of the arm outside the excluded region, by a label for people: genes and place."""
    arm = _over(targets, [locus.arm])
    named = {}
    for members in _loci(_outside(arm, [locus.excluded]), least):
        genes = sorted({str(gene) for gene in members["gene"]} - {"-", "", "nan"})
        label = "/".join(genes[:2]) if genes else "unnamed"
        named[f"{label} ({locus.arm.chrom}:{members['start'].iloc[0] / 1e6:.1f}Mb)"] = members
    return named


def shared_noise(targets: pd.DataFrame, locus: Locus, least: int) -> float:
    """Standard deviation (log2) of what the bins of one locus share in this sample; 0 with too few loci to tell.

    Neighbouring loci of a chromosome mostly have the same copies, so the difference of their means is noise: twice the
    shared variance and the variances that the scatter of the bins gives each mean. The median absolute difference is
    blind to the few neighbours between which copies do change. On 18 real normals, each against a reference of the
    others, intervals with this cover 95.6 % of the genes where GC is corrected and 92 % where not; the scatter of the
    bins alone covers 73 and 59 % [D].
    """
    loci = _loci(_outside(targets, [locus.excluded, *locus.exons]), least)
    means = np.array([members["log2"].mean() for members in loci])
    variances = np.array([members["log2"].var() / len(members) for members in loci])
    contigs = np.array([str(members["chromosome"].iloc[0]) for members in loci])
    neighbours = contigs[1:] == contigs[:-1]
    if least < 2 or neighbours.sum() < _LEAST_NEIGHBOURS:
        return 0.0
    apart = (_NORMAL_SD_PER_MAD * float(np.median(np.abs(np.diff(means)[neighbours])))) ** 2
    expected = float(np.median((variances[1:] + variances[:-1])[neighbours]))
    return math.sqrt(max(0.0, apart - expected) / 2)


def _estimate_bins(members: pd.DataFrame, shared_sd: float) -> Estimate | None:
    return estimate(members["log2"].to_numpy(dtype=float), members["weight"].to_numpy(dtype=float), shared_sd)


def _control_noise(controls: Mapping[str, pd.DataFrame]) -> float | None:
    """Robust standard deviation of a control bin: that of the difference of two neighbours over sqrt(2).

    (Deviations from a locus' own median come out too small where it has few bins.)
    """
    steps = [np.abs(np.diff(members["log2"].to_numpy(dtype=float))) for members in controls.values()]
    together = np.concatenate([np.empty(0), *steps])
    return _NORMAL_SD_PER_MAD / math.sqrt(2) * float(np.median(together)) if len(together) else None


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
    control = _control_estimate(controls, rules, shared)
    ratio, ratio_low, ratio_high = _ratio(gene, control, tumour.purity, ploidy)
    if ratio is None:
        notes.append("ratio_not_assessable")
    segment = _over(segments, [_middle(locus)])["log2"]
    segment_log2 = float(segment.iloc[0]) if len(segment) else None
    if segment_log2 is not None and abs(segment_log2 - gene.log2) > _SEGMENT_DISAGREEMENT_LOG2:
        notes.append("segment_disagrees")
    other = _over(usable, [locus.other_arm]) if locus.other_arm else usable.iloc[:0]
    other_arm = _estimate_bins(other, shared)
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


def _control_estimate(controls: Mapping[str, pd.DataFrame], rules: Mapping[str, Any], shared: float) -> Estimate | None:
    """Median over the control loci; None with too few. An event of one locus moves neither it nor its error much.

    The standard error of a median is sqrt(pi/2) times that of a mean, sd / sqrt(n). The sd of the loci is taken from
    their median absolute deviation, which is too small by about n / (n - 0.8) for few of them, and never below the
    settings' least error.
    """
    found = [_estimate_bins(members, shared) for members in controls.values()]
    means = np.array([each.log2 for each in found if each])
    many = len(means)
    if many < max(rules["min_control_loci"], 2):
        return None
    middle = float(np.median(means))
    sd = _NORMAL_SD_PER_MAD * float(np.median(np.abs(means - middle))) * many / (many - 0.8)
    se = math.sqrt(math.pi / 2 / many) * sd
    half = max(float(stats.t.ppf(_TWO_SIDED_95, many - 1)) * se, _Z_95 * rules["min_log2_se"])
    return Estimate(middle, se, middle - half, middle + half, many)


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
    """State and reason by the rules' first match, from rule 2 (of rule 1, bins and noise were passed before).

    Args:
        facts: every number of the sample; its own state and reason are not read.
        rules: the `erbb2` section of the settings.

    Returns:
        The state and the words for people. Copies that lie below none with their whole interval contradict the purity
        or the reference: nothing can be said of such a sample, least of all that it is negative.
    """
    focal = facts.ratio is None or facts.ratio >= rules["amp_ratio"]
    ratio = "not assessable" if facts.ratio is None else f"{facts.ratio:.1f}"
    observed = _known(facts.observed_copies)
    if facts.purity is None:
        if observed >= rules["amp_observed_copies"] and focal:
            return Erbb2.AMP, f"{observed:.1f} copies observed at unknown purity, ratio to the controls {ratio}"
        if observed < rules["min_observed_copies"]:
            return (
                Erbb2.NE,
                f"purity: unknown, and {observed:.1f} copies observed could hide an amplification",
            )
        return Erbb2.EQUIVOCAL, f"{observed:.1f} copies observed at unknown purity: reflex IHC/ISH"
    copies, low, high = _known(facts.copies), _known(facts.copies_low), _known(facts.copies_high)
    if high < 0:
        wrong = f"{copies:.1f} copies ({low:.1f} to {high:.1f}) cannot be: the purity or the reference is wrong"
        return Erbb2.NE, f"technical: {wrong}"
    ploidy = facts.ploidy or 2.0
    enough = copies >= rules["amp_copies"] and low >= rules["amp_copies_low"]
    if enough and copies - ploidy >= rules["amp_gain_over_ploidy"] and focal:
        return Erbb2.AMP, f"{copies:.1f} copies ({low:.1f} to {high:.1f}), ratio to the controls {ratio}"
    polysomy = facts.ratio_high is not None and facts.ratio_high < rules["polysomy_ratio"]
    if copies >= rules["polysomy_copies"] and polysomy:
        return (
            Erbb2.POLYSOMY,
            f"{copies:.1f} copies, ratio to the controls {ratio} (up to {_known(facts.ratio_high):.1f})",
        )
    if facts.purity < rules["min_purity"]:
        return Erbb2.NE, f"purity: {facts.purity:.2f} is below {rules['min_purity']:.2f}"
    upper, gain = negative_bounds(facts, rules)
    if upper < rules["neg_copies"] and gain < rules["neg_gain_over_ploidy"]:
        limit = _known(facts.detectable_copies)
        return Erbb2.NEG, f"{copies:.1f} copies ({low:.1f} to {high:.1f}); would have seen {limit:.1f}"
    return (
        Erbb2.EQUIVOCAL,
        f"{copies:.1f} copies ({low:.1f} to {high:.1f}), ratio to the controls {ratio}: reflex IHC/ISH",
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
