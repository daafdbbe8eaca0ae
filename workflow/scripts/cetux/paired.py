"""What changed from before treatment to progression, within patients: heregulin, ERBB2 copies, VAF, and mechanisms.

A number that was not quantified lies between two ends: below a limit, above one, or below the VAF that an adequate
negative excludes. The fold change then lies between two ends, too. In Wilcoxon's test such a pair counts with the
least change that its ends allow, and as no change where they overlap; exchanging pre and post turns its sign, so
that the test stays valid. Numbers are compared within one assay and matrix, or one specimen type, only.
"""

import math
from collections.abc import Iterable, Sequence

from cetux.axes import AXIS_GENES
from cetux.evidence import Allele, HeregulinResult, SampleEvidence
from cetux.frequencies import two_by_two
from cetux.origin import excludes
from cetux.signed_rank import MOST_EXACT, bounded_median, mcnemar_p, signed_rank_p
from cetux.states import Erbb2, Mechanism, Specimen, Timepoint
from cetux.statistics_records import LEAST_SHOWN, Bounded, Pair, PairedSeries, Statistic
from cetux.subjects import Subject, samples_of

_FOLLOWED_GENES = (*AXIS_GENES, "EGFR", "ERBB2")
_GROUP = "post over pre"


def heregulin_ends(result: HeregulinResult | None) -> Bounded | None:
    """Between which concentrations (pg/mL) a result lies; None where it has neither a value nor a limit."""
    if result is None:
        return None
    if result.value_pg_per_ml is not None:
        return Bounded(result.value_pg_per_ml, result.value_pg_per_ml)
    if result.limit_pg_per_ml is None or not result.censored:
        return None
    return Bounded(0.0, result.limit_pg_per_ml) if result.censored == "<" else Bounded(result.limit_pg_per_ml, None)


def paired_series(cohort: Sequence[Subject]) -> list[PairedSeries]:
    """Every pair of the three measures. Patients whose samples are not of one person have no pair of DNA."""
    same_person = [subject for subject in cohort if "sample_swap" not in subject.source.call.flags]
    return [
        PairedSeries("heregulin_pg_per_ml", tuple(filter(None, map(_heregulin_pair, cohort)))),
        PairedSeries("ERBB2_copies", tuple(filter(None, map(_copies_pair, same_person)))),
        PairedSeries("vaf", tuple(filter(None, map(_vaf_pair, same_person)))),
    ]


def paired_rows(series: PairedSeries) -> list[Statistic]:
    """The median fold change with its interval, and Wilcoxon's P."""
    n, name = len(series.pairs), f"wilcoxon_{series.measure}"
    if n < LEAST_SHOWN:
        return [Statistic(name, _GROUP, n, note=f"too few: n = {n}")]
    folds = [fold_change(pair) for pair in series.pairs]
    median, (low, high) = bounded_median(*zip(*folds, strict=True))
    p = signed_rank_p([least_change(pair) for pair in series.pairs])
    how = "exact" if n <= MOST_EXACT else "normal approximation"
    bounded = sum(low != high for low, high in folds)
    note = f"median fold change, {how}; {bounded} of {n} pairs not quantified on both sides"
    if p is None:
        note += "; not tested: no pair is known to have changed"
    if median[0] != median[1]:
        note += f"; the median lies between {median[0]:.3g} and {median[1]:.3g}"
    estimate = median[0] if median[0] == median[1] and math.isfinite(median[0]) else None
    return [Statistic(name, _GROUP, n, estimate, low, high, p, note=note)]


def emergence_rows(cohort: Sequence[Subject]) -> list[Statistic]:
    """Each mechanism before treatment against at progression, where both are known, by McNemar's exact test."""
    rows = []
    for mechanism in Mechanism:
        states = [(subject.before[mechanism], subject.at_progression[mechanism]) for subject in cohort]
        (kept, lost), (gained, never) = two_by_two(states)
        n = kept + lost + gained + never
        note = f"{gained} gained, {lost} lost, {kept} kept of {n} pairs"
        p = mcnemar_p(gained, lost) if n >= LEAST_SHOWN else None
        if p is None:
            note += "; not tested: " + ("nobody changed" if n >= LEAST_SHOWN else "too few")
        estimate = gained / n if n else None
        rows.append(Statistic("mcnemar_emergence", mechanism, n, estimate, p=p, note=f"fraction gained; {note}"))
    return rows


def fold_change(pair: Pair) -> tuple[float, float]:
    """Between which ends post over pre lies; 0 and infinity where an end is missing.

    >>> fold_change(Pair("P1", "", Bounded(0, 100), Bounded(400, 400)))
    (4.0, inf)
    """
    (pre_low, pre_high), (post_low, post_high) = _ends(pair.pre), _ends(pair.post)
    low = post_low / pre_high if pre_high else math.inf
    return low, post_high / pre_low if pre_low else math.inf


def least_change(pair: Pair) -> float:
    """log2 of the fold change nearest to none that the ends allow; 0 where they overlap.

    >>> least_change(Pair("P1", "", Bounded(0, 100), Bounded(400, 400)))
    2.0
    >>> least_change(Pair("P1", "", Bounded(0, 100), Bounded(50, 50)))
    0.0
    """
    low, high = fold_change(pair)
    return math.log2(low) if low > 1 else (_log2(high) if high < 1 else 0.0)


def _log2(value: float) -> float:
    return math.log2(value) if value > 0 else -math.inf


def _ends(number: Bounded) -> tuple[float, float]:
    return number.low, math.inf if number.high is None else number.high


def _heregulin_pair(subject: Subject) -> Pair | None:
    before, after = subject.heregulin(Timepoint.PRE), subject.heregulin(Timepoint.POST)
    pre, post = heregulin_ends(before), heregulin_ends(after)
    if before is None or after is None or (before.assay, before.matrix) != (after.assay, after.matrix):
        return None
    return Pair(before.patient, f"{before.assay} in {before.matrix}", pre, post) if pre and post else None


def _copies_pair(subject: Subject) -> Pair | None:
    """Purity-adjusted copies in one specimen type, tissue first; of several samples the highest."""
    for specimen in (Specimen.TISSUE, Specimen.CTDNA):
        pre, post = (_copies(samples) for samples in _both(subject, specimen))
        if pre and post:
            return Pair(subject.source.call.patient, str(specimen), pre, post)
    return None


def _copies(samples: Iterable[SampleEvidence]) -> Bounded | None:
    found = [
        sample.erbb2.copies_above_zero
        for sample in samples
        if sample.usable.ok and sample.erbb2.state is not Erbb2.NE and sample.erbb2.copies_above_zero is not None
    ]
    return Bounded(max(found), max(found)) if found else None


def _vaf_pair(subject: Subject) -> Pair | None:
    """The allele with the highest VAF at either time point that the other shows or excludes in the same specimen."""
    for specimen in (Specimen.TISSUE, Specimen.CTDNA):
        pre, post = _both(subject, specimen)
        listed = [allele for sample in (*pre, *post) for allele in _seen(sample) if allele.listed]
        for allele in sorted(listed, key=lambda found: (-found.vaf, found.gene, found.protein)):
            before, after = _vaf(pre, allele), _vaf(post, allele)
            if before and after:
                return Pair(subject.source.call.patient, f"{allele.gene} {allele.protein}, {specimen}", before, after)
    return None


def _vaf(samples: Iterable[SampleEvidence], allele: Allele) -> Bounded | None:
    """The allele's VAF, of several samples the highest; else between 0 and the smallest that a sample excludes."""
    samples = list(samples)
    same = [a.vaf for sample in samples for a in _seen(sample) if (a.gene, a.protein) == (allele.gene, allele.protein)]
    if same:
        return Bounded(max(same), max(same))
    limits = [limit for limit in (excludes(sample, allele) for sample in samples) if limit is not None]
    return Bounded(0.0, min(limits)) if limits else None


def _seen(sample: SampleEvidence) -> list[Allele]:
    """Alleles of the genes that are followed, also those below the floors of a report."""
    if not sample.usable.ok:
        return []
    genes = [gene for name, gene in sample.genotypes.genes.items() if name in _FOLLOWED_GENES]
    return [a for gene in genes for a in (*gene.alleles, *(trace for trace in gene.traces if not trace.filters))]


def _both(subject: Subject, specimen: Specimen) -> tuple[list[SampleEvidence], list[SampleEvidence]]:
    """The patient's samples of one specimen type before treatment, and at progression."""
    pre, post = (
        [sample for sample in samples_of(subject.source, timepoint) if sample.specimen is specimen]
        for timepoint in (Timepoint.PRE, Timepoint.POST)
    )
    return pre, post
