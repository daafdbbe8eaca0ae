"""Purity of a tumour from its own copy ratios and its heterozygous SNPs, with an interval; or no number at all.

In a segment with n copies per tumour cell, m of them of the rarer parental allele, a heterozygous SNP shows that
allele in the part b of the fragments, and coverage the ratio r::

    b = (p*m + 1 - p) / (p*n + 2*(1-p))        r = (p*n + 2*(1-p)) / (p*P + 2*(1-p))

with purity p and P the copies of a segment at log2 0. Neither tells p alone: one copy lost at a low purity looks like
a subclone at a high one. All segments together, each with whole n and m, do, unless nothing or everything of the
genome is changed. Here p and P lie on a grid, and each segment takes the n and m that fit it best.

Two kinds of twins fit exactly alike. All copies doubled, at p/(2-p). And two copies more in every segment, one of each
parent, at p/(1-p), which a segment without one parent's allele rules out where two copies fewer are tried. Of twins the
one nearer to a diploid genome is taken; the truth is then never below half of that purity, and half of it is what a
negative call is judged at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

from cetux.bin_noise import estimate_bins
from cetux.evidence import PurityEstimate
from cetux.gene_bins import OFF_TARGET, Bins, measured, over
from cetux.genomes import plain_contig
from cetux.resources import Interval
from cetux.sites import CountedSite, SiteCounts
from cetux.states import PurityState

PURITIES = np.round(np.arange(0.10, 1.001, 0.02), 2)
PLOIDIES = np.round(np.arange(1.5, 5.001, 0.1), 2)
_MOST_COPIES = 8
_STATES = [(n, m) for n in range(_MOST_COPIES + 1) for m in range(n // 2 + 1)]
_NEARNESS = 0.5
"""Prior odds of a segment for one copy further from the genome's middle [P]."""
_DIPLOID = 3.0
"""Log prior that a copy of the middle's distance from two costs, once: it chooses between twins, whose purities the
interval holds all the same [P]."""
_OFF_CENTRE = 0.15
"""Standard deviation, in copies, of log2 0 from a whole number: CNVkit puts it on the median bin [P]."""
_OUTLIERS = 0.05
"""Part of the segments that no whole number of copies explains: subclones, wrong borders [P]."""
_LOG2_RANGE = 6.0
"""Width of the log2 over which an outlier may lie."""
_CONCENTRATION = 150.0
"""Of the beta-binomial: allele fractions scatter by 0.04 besides sampling, by capture and mapping [P]."""
_MISREAD = 0.005
_UNKNOWN_HETEROZYGOSITY = 0.4
_LEAST_HETEROZYGOSITY = 0.01
_LEAST_SE = 0.01
LEAST_SITES = 20
"""Heterozygous-looking SNPs below which nothing is estimated [P]."""
LEAST_FRAGMENTS = 20
"""Depth below which a SNP is not used."""
_FOREIGN_PARTS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Foreign DNA that a sample may hold: it moves alleles as the loss of one parent's does in a pure tumour."""
_GENOTYPES = (0.3, 0.4, 0.3)
"""How often another person has none, one or two of an allele of a common SNP [P]."""
_FOREIGN_EVIDENCE = 5.0
"""Natural log of the likelihood with foreign DNA over that without, from which its presence is taken as shown."""
_LEAST_EVIDENCE = 10.0
_LEAST_ALLELIC_EVIDENCE = 5.0
"""Natural log of the likelihood over that of an unchanged genome that a fit needs in all, and from the SNPs alone:
uneven coverage makes gains and losses of its own, but moves no allele fraction. Of 120 simulated unchanged genomes none
got as far; of 100 with 8 to 30 % of foreign DNA 91 did before that was part of the comparison, and none since [D]."""
_DROP = 4.0
"""Of the profile log-likelihood at the ends of the interval. 1.92 would hold 95 % if the model held to the letter; it
does not (subclones, wrong borders). Of 91 simulated near-diploid tumours (purity 0.2 to 0.95, 5 % of the segments
subclonal) the interval held 86, of 82 with a doubled genome 43, most others having been taken for their diploid twin;
half of the estimate lay below the truth in all 173 [D]."""
_WIDEST = 0.35
"""An interval wider than this tells too little [P]."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """One stretch of equal copies.

    log2: of its bins, with the standard error `se` > 0. ref, alt: fragments with each allele, a SNP an element.
    heterozygosity: chance, 0..1, that a person is heterozygous there.
    """

    log2: float
    se: float
    ref: Ints
    alt: Ints
    heterozygosity: Floats


def purity_segments(bins: Bins, sites: SiteCounts, shared_log2_sd: float) -> list[Segment]:
    """CNVkit's autosomal segments with the target bins and the SNPs that lie in each; shared_log2_sd: as in `estimate`.

    A SNP of less than LEAST_FRAGMENTS is left out; so is a segment with too few bins to tell their noise.
    """
    usable = measured(bins.ratios)
    targets = usable[~usable["gene"].isin(OFF_TARGET)]
    deep = [site for site in sites.sites if site.count.fragments >= LEAST_FRAGMENTS]
    found = []
    for contig, start, end in bins.segments[["chromosome", "start", "end"]].itertuples(index=False):
        place = Interval(plain_contig(str(contig)), int(start), int(end))
        mean = estimate_bins(over(targets, [place]), shared_log2_sd) if place.chrom.isdigit() else None
        if mean:
            inside = [one for one in deep if _within(one, place)]
            found.append(_segment(mean.log2, mean.se, inside))
    return found


def _within(one: CountedSite, place: Interval) -> bool:
    site = one.known.site
    return site.chrom == place.chrom and place.start <= site.position < place.end


def _segment(log2: float, se: float, inside: Sequence[CountedSite]) -> Segment:
    rates = [one.known.frequency for one in inside]
    return Segment(
        log2,
        max(se, _LEAST_SE),
        np.array([one.count.ref for one in inside], dtype=np.int64),
        np.array([one.count.alt for one in inside], dtype=np.int64),
        np.array([_UNKNOWN_HETEROZYGOSITY if rate is None else 2 * rate * (1 - rate) for rate in rates]).clip(
            _LEAST_HETEROZYGOSITY, 0.5
        ),
    )


def estimate_purity(segments: Sequence[Segment]) -> PurityEstimate:
    """The purity with the highest likelihood and its interval from the profile; FAILED where it is not identified."""
    parts = [segment.alt / (segment.ref + segment.alt) for segment in segments]
    sites = sum(int(((part > 0.1) & (part < 0.9)).sum()) for part in parts)
    if sites < LEAST_SITES:
        return _failed(f"{sites} heterozygous SNPs, {LEAST_SITES} needed", sites, len(segments))
    snps = _Snps(segments)
    allelic = [snps.by_state(purity) for purity in PURITIES.tolist()]
    unchanged_alleles = max((snps.unchanged(part) for part in (0.0, *_FOREIGN_PARTS)), key=np.sum)
    log2, se = np.array([s.log2 for s in segments]), np.array([s.se for s in segments])
    found = np.array([_by_ploidy(log2, se, p, alleles) for p, alleles in zip(PURITIES, allelic, strict=True)])
    best, at = np.unravel_index(int((found - _DIPLOID * np.abs(PLOIDIES - 2)).argmax()), found.shape)
    unchanged = float((_normal(log2, 0.0, se) + unchanged_alleles).sum())
    purity = float(PURITIES[best])
    posterior = _joint(log2, se, purity, PLOIDIES[[at]], allelic[best])[0]
    chosen = allelic[best][np.arange(len(segments)), posterior.argmax(axis=1)]
    if (
        found[best, at] - unchanged < _LEAST_EVIDENCE
        or chosen.sum() - unchanged_alleles.sum() < _LEAST_ALLELIC_EVIDENCE
    ):
        return _failed("too few changes of copies show in coverage and SNPs: a quiet genome", sites, len(segments))
    mixed = max(_by_ploidy(log2, se, purity, snps.by_state(purity, part))[at] for part in _FOREIGN_PARTS)
    if mixed - found[best, at] > _FOREIGN_EVIDENCE:
        return _failed("its SNPs show another person's DNA, which looks like losses", sites, len(segments))
    profile = found.max(axis=1)
    inside = PURITIES[profile >= min(profile.max() - _DROP, found[best, at])]
    low, high = float(inside.min()), float(inside.max())
    if low == PURITIES[0]:
        return _failed(f"no purity above {low:.2f} is told apart from lower ones", sites, len(segments))
    if high - low > _WIDEST:
        return _failed(f"purities from {low:.2f} to {high:.2f} fit alike", sites, len(segments))
    return PurityEstimate(
        PurityState.ESTIMATED,
        f"{sites} heterozygous SNPs in {len(segments)} segments",
        purity,
        low,
        high,
        float(PLOIDIES[at]),
        sites,
        len(segments),
        _ploidy_at(found, low),
        _ploidy_at(found, high),
    )


def _ploidy_at(found: Floats, purity: float) -> float:
    """The ploidy that fits best with a purity of the grid; found: log-likelihood, purity x ploidy."""
    return float(PLOIDIES[found[int(np.abs(PURITIES - purity).argmin())].argmax()])


def _failed(reason: str, sites: int, segments: int) -> PurityEstimate:
    return PurityEstimate(PurityState.FAILED, reason, sites=sites, segments=segments)


def _prior(ploidies: Floats) -> Floats:
    """Log prior of every state, the outlier last, by ploidy."""
    copies = np.array([n for n, _ in _STATES])
    weights = _NEARNESS ** np.abs(copies - ploidies[:, np.newaxis]) / (copies // 2 + 1)
    whole = np.log(weights / weights.sum(axis=1, keepdims=True) * (1 - _OUTLIERS))
    return np.pad(whole, ((0, 0), (0, 1)), constant_values=np.log(_OUTLIERS))


def _by_ploidy(log2: Floats, se: Floats, purity: float, allelic: Floats) -> Floats:
    """Log-likelihood of one purity at every ploidy, each segment in its best state.

    (Summed over the states it would favour low purities, whose states lie so close that several fit each segment.)
    """
    fits = _joint(log2, se, purity, PLOIDIES, allelic).max(axis=2).sum(axis=1)
    return np.asarray(fits - 0.5 * ((PLOIDIES - np.round(PLOIDIES)) / _OFF_CENTRE) ** 2)


def _joint(log2: Floats, se: Floats, purity: float, ploidies: Floats, allelic: Floats) -> Floats:
    """Log of prior times likelihood: ploidy x segment x state, the outlier last."""
    copies = np.array([n for n, _ in _STATES])
    average = purity * ploidies + 2 * (1 - purity)
    ratio = np.maximum(purity * copies + 2 * (1 - purity), 0.02) / average[:, np.newaxis]
    expected = np.log2(ratio)[:, np.newaxis, :]
    of_ratio = _normal(log2[:, np.newaxis], expected, se[:, np.newaxis])
    anywhere = np.full((*of_ratio.shape[:2], 1), -np.log(_LOG2_RANGE))
    return np.concatenate([of_ratio, anywhere], axis=2) + allelic + _prior(ploidies)[:, np.newaxis]


def _normal(value: Floats, mean: Floats | float, sd: Floats) -> Floats:
    return np.asarray(-0.5 * ((value - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi))


class _Snps:
    """The SNPs of all segments; log-likelihoods of their counts, summed by segment."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.ref = np.concatenate([segment.ref for segment in segments])
        self.alt = np.concatenate([segment.alt for segment in segments])
        self.rate = np.concatenate([segment.heterozygosity for segment in segments])
        self.owner = np.repeat(np.arange(len(segments)), [len(segment.ref) for segment in segments])
        self.segments = len(segments)

    def by_state(self, purity: float, foreign: float = 0.0) -> Floats:
        """segment x state, the outlier last: it has every number of alt fragments as likely as any other.

        foreign: part of the DNA, 0..1, that is another person's. What it does to heterozygous SNPs is left out.
        """
        alike = self._homozygous(foreign)
        states = [self._summed(self._either(_minor_part(purity, n, m)), alike) for n, m in _STATES]
        return np.stack([*states, self._summed(-np.log(self.ref + self.alt + 1), alike)], axis=1)

    def unchanged(self, foreign: float) -> Floats:
        """By segment, of a genome with one copy of each parent everywhere.

        In a part c of foreign DNA heterozygous SNPs show (1-c)/2, 1/2 or (1+c)/2, by the genotype of the other person.
        """
        mixed = self._by_genotype(self.alt, self.ref, [(1 - foreign) / 2, 0.5, (1 + foreign) / 2])
        return self._summed(mixed, self._homozygous(foreign))

    def _homozygous(self, foreign: float) -> Floats:
        """In a part c of foreign DNA they show 0, c/2 or c of the other allele."""
        parts = [0.0, foreign / 2, foreign]
        return np.asarray(np.logaddexp(*(self._by_genotype(*of, parts) for of in self._both_ways())) - np.log(2))

    def _either(self, minor: float) -> Floats:
        return np.asarray(np.logaddexp(*(_fragments(*of, minor) for of in self._both_ways())) - np.log(2))

    def _both_ways(self) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
        return (self.alt, self.ref), (self.ref, self.alt)

    def _by_genotype(self, alt: Ints, ref: Ints, parts: Sequence[float]) -> Floats:
        each = [
            np.log(often) + _fragments(alt, ref, min(max(part, _MISREAD), 1 - _MISREAD))
            for part, often in zip(parts, _GENOTYPES, strict=True)
        ]
        return np.asarray(np.logaddexp.reduce(each, axis=0))

    def _summed(self, heterozygous: Floats, homozygous: Floats) -> Floats:
        mixed = np.logaddexp(np.log(self.rate) + heterozygous, np.log1p(-self.rate) + homozygous)
        return np.asarray(np.bincount(self.owner, weights=mixed, minlength=self.segments), dtype=np.float64)


def _minor_part(purity: float, copies: int, minor: int) -> float:
    """Expected part of the fragments with the rarer allele at a heterozygous SNP, within the rate of misread bases."""
    total = purity * copies + 2 * (1 - purity)
    part = (purity * minor + 1 - purity) / total if total > 0 else 0.5
    return min(max(part, _MISREAD), 1 - _MISREAD)


def _fragments(alt: Ints, ref: Ints, part: float) -> Floats:
    """Log-likelihood of the counts under a beta-binomial of mean `part`."""
    a, b = part * _CONCENTRATION, (1 - part) * _CONCENTRATION
    ways = gammaln(alt + ref + 1) - gammaln(alt + 1) - gammaln(ref + 1)
    return np.asarray(ways + betaln(alt + a, ref + b) - betaln(a, b))
