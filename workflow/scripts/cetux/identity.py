"""Are two samples of one person, and is one sample mixed with another person's DNA? Pure functions on counts at SNPs.

Sites are common single-base polymorphisms, of a list or found in the assay's normals (`polymorphisms`), which tells no
frequencies. The verdicts are likelihood-ratio tests with stated error rates; too little to decide is a verdict of its
own. A panel of the coding codons of KRAS, NRAS and BRAF alone never decides: it holds at most four sites that are not
inherited together, a shared allele of unknown frequency weighs 1.0 at most, and ln(1,000) = 6.9 are needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
import numpy.typing as npt
from scipy import special  # scipy.stats takes half a second more to import

from cetux import lost_alleles
from cetux.states import Identity

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ERROR_RATE = 1e-3
"""Accepted chance of a false verdict: of calling two persons one, one person two, or a clean sample mixed."""

LEAST_FRAGMENTS = 20
"""Depth from which a site has a genotype: a heterozygous one shows 2 or fewer of 20 for either allele in 4e-4."""

HOMOZYGOUS = 0.1
"""Alt fraction up to which, or from one minus which, a site looks homozygous."""

LEAST_ERROR = 1e-3
"""Rate below which no allele is shown by mistake: a Phred of 30, and what maps wrongly [P]."""

SPACING_BP = 100_000
"""Sites nearer than this are inherited together and count once."""

_LOST = (0.1, 0.4)
"""Part of a person's heterozygous sites that look homozygous in a sample, one allele being lost in the tumour [P]."""
_MISREAD = 0.01
_OUTLIERS = 0.02
_ADMIXED = 1.2
_EITHER_CHANCE = float(special.ndtri(0.95)) / 2**0.5
_FREQUENCIES = np.linspace(0.05, 0.95, 19)
_UNKNOWN = (0.6, 0.3, 0.1)
_FRACTIONS = np.concatenate([[0.0], np.geomspace(0.001, 0.1, 400)])


@dataclass(frozen=True, order=True)
class Site:
    """A biallelic position, 0-based, plus strand, `chrom` without ``chr``."""

    chrom: str
    position: int
    ref: str
    alt: str


@dataclass(frozen=True)
class SiteCount:
    """Fragments of one sample that show the two alleles of a site."""

    ref: int
    alt: int

    @property
    def fragments(self) -> int:
        """Fragments that show either."""
        return self.ref + self.alt


@dataclass(frozen=True)
class PairIdentity:
    """What the shared sites of two samples say.

    log_odds: natural logarithm of the ratio of likelihoods in favour of one person, negative of two, 0 where it is in
    favour of neither. sites: those that counted. concordant:
    sites with the same genotype; opposite: homozygous for different alleles.
    """

    verdict: Identity
    reason: str
    log_odds: float = 0.0
    sites: int = 0
    concordant: int = 0
    opposite: int = 0


@dataclass(frozen=True)
class Contamination:
    """Foreign DNA in one sample.

    fraction: of all DNA, 0..0.1, the most likely one; low, high: its 95 % interval. detectable: the smallest fraction
    that these sites would have shown with 95 % power. All None where it is not assessable.
    """

    assessable: bool
    detected: bool
    reason: str
    sites: int = 0
    fraction: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None


def genotype(count: SiteCount) -> int | None:
    """Alt alleles that a site seems to have: 0, 1 or 2; None below `LEAST_FRAGMENTS`.

    >>> genotype(SiteCount(100, 2)), genotype(SiteCount(60, 40)), genotype(SiteCount(5, 5))
    (0, 1, None)
    """
    if count.fragments < LEAST_FRAGMENTS:
        return None
    fraction = count.alt / count.fragments
    return 0 if fraction <= HOMOZYGOUS else 2 if fraction >= 1 - HOMOZYGOUS else 1


def pair_identity(
    one: Mapping[Site, SiteCount], other: Mapping[Site, SiteCount], frequencies: Mapping[Site, float] | None = None
) -> PairIdentity:
    """Whether two samples are of one person, by a likelihood ratio over their genotypes at shared sites.

    With the true genotype G of allele frequency f in Hardy-Weinberg proportions and what a sample seems to have, O::

        one person:   P(O1, O2) = sum over G of P(G | f) P(O1 | G) P(O2 | G)
        two persons:  P(O1, O2) = P(O1 | f) P(O2 | f)

    P(O | G): of a sample's heterozygous sites a part l looks homozygous, one allele being lost in the tumour; a
    homozygous one looks heterozygous in 1 % and opposite in 0.1 % [P]. How much a tumour has lost is not known, so l is
    10 or 40 % in each sample, and a verdict has to hold against the l that suit the other one best: the average
    likelihood of the one hypothesis over all pairs of l is set against the greatest of the other. An unknown frequency
    is averaged over 5 to 95 %, and since only sites that vary in the pair were kept, before they were thinned, both
    probabilities are divided by that of not being homozygous for ref in both.

    The verdict is made at a ratio of 1,000 in its favour. If a hypothesis holds, a ratio of at least 1/a against it has
    at most the probability a: its expectation is at most 1, whatever l is true, and Markov's inequality does the rest.
    So each false verdict has a chance of at most `ERROR_RATE`, as far as the model holds and sites are independent, for
    which they are thinned.
    Relatives share alleles: first-degree ones lie between the hypotheses.

    Args:
        one, other: counts by site; sites that only one of them has are left out.
        frequencies: of alt in the population, by site, 0..1; with it only its sites count, and all of them do.
    """
    seen: dict[Site, tuple[int, int]] = {}
    for site in one:
        if site in other and (frequencies is None or site in frequencies):
            first, second = genotype(one[site]), genotype(other[site])
            # without frequencies a site that does not vary tells nothing: it must not take the place of one that does
            if first is not None and second is not None and (frequencies is not None or max(first, second) > 0):
                seen[site] = (first, second)
    pairs = [(site, *seen[site]) for site in _spaced(seen)]
    known = [None if frequencies is None else frequencies[site] for site, _, _ in pairs]
    each = [_log_likelihoods(first, second, f) for (_, first, second), f in zip(pairs, known, strict=True)]
    same, apart = np.sum(each, axis=0) if each else np.zeros((2, 1, 1))
    for_one, for_two = _log_mean(same) - apart.max(), _log_mean(apart) - same.max()
    log_odds = max(for_one, 0.0) - max(for_two, 0.0)
    concordant = sum(first == second for _, first, second in pairs)
    opposite = sum(abs(first - second) == 2 for _, first, second in pairs)
    shown = f"{concordant} of {len(pairs)} sites agree, {opposite} are opposite homozygotes"
    if for_one >= log(1 / ERROR_RATE):
        verdict = Identity.SAME_PERSON
    elif for_two >= log(1 / ERROR_RATE):
        verdict = Identity.DIFFERENT_PERSONS
    else:
        verdict = Identity.NOT_ASSESSABLE
        shown += ": too few to tell" if pairs else ": identity not assessable"
    return PairIdentity(verdict, shown, log_odds, len(pairs), concordant, opposite)


def _spaced(sites: Iterable[Site]) -> list[Site]:
    """Sites in order, none nearer to the one before than `SPACING_BP`."""
    kept: list[Site] = []
    for site in sorted(sites):
        if not kept or site.chrom != kept[-1].chrom or site.position >= kept[-1].position + SPACING_BP:
            kept.append(site)
    return kept


_SEEMS = np.array(
    [
        [
            [1 - 1.1 * _MISREAD, _MISREAD, 0.1 * _MISREAD],
            [lost / 2, 1 - lost, lost / 2],
            [0.1 * _MISREAD, _MISREAD, 1 - 1.1 * _MISREAD],
        ]
        for lost in _LOST
    ]
)
"""P(O | G) as [part lost, true genotype, what it seems]."""


@lru_cache(maxsize=4096)
def _log_likelihoods(first: int, second: int, frequency: float | None) -> Floats:
    """Log of P(O1, O2) of one person, then of two: [hypothesis, part lost in one, part lost in the other]."""
    f = _FREQUENCIES if frequency is None else np.array([frequency])
    weights = np.stack([(1 - f) ** 2, 2 * f * (1 - f), f**2])

    def of(one: int, other: int) -> Floats:
        same = np.einsum("gf,ig,jg->ijf", weights, _SEEMS[:, :, one], _SEEMS[:, :, other])
        apart = np.einsum("if,jf->ijf", _SEEMS[:, :, one] @ weights, _SEEMS[:, :, other] @ weights)
        found: Floats = np.stack([same, apart]).mean(axis=-1)
        return found

    shown = of(first, second) if frequency is not None else of(first, second) / (1 - of(0, 0))
    return np.asarray(np.log(shown))


def _log_mean(log_likelihoods: Floats) -> float:
    return float(special.logsumexp(log_likelihoods)) - log(log_likelihoods.size)


def contamination(
    counts: Mapping[Site, SiteCount],
    frequencies: Mapping[Site, float] | None = None,
    error_rates: Mapping[str, float] | None = None,
) -> Contamination:
    """Foreign DNA, from alleles that should not be there at sites where the sample looks homozygous.

    A fraction c of DNA of a person with g foreign alleles (0, 1, 2) makes a fraction e + c*g/2 of foreign fragments, e
    the error rate. With k of n fragments foreign, and g in Hardy-Weinberg proportions of that allele's frequency::

        P(k | c) = (1 - w) sum over g of P(g) Binomial(k; n, e + c*g/2) + w / (n + 1)

    An unknown frequency is uniform; given that the sample itself is homozygous, P(g) is then 6/10, 3/10, 1/10 (the
    integrals over f of (1-f)**4, 2 f (1-f)**3 and f**2 (1-f)**2, divided by that of (1-f)**2).

    The second term, w = 2 % [P], is a site that misbehaves for a reason of its own (a somatic mutation, a paralog), so
    that one site alone proves nothing. c is estimated by the greatest likelihood. Twice the gain over c = 0 is, without
    contamination, half of the time 0 and else chi-squared with one degree of freedom (c lies at its boundary): DETECTED
    where it exceeds the quantile of 1 - 2 a. A true c gives about (Z + d)**2 with d**2 the expected gain, so 95 % power
    would need d to be 1.64 above that quantile's root, were it not for a second chance, that of the other person's
    genotypes. Both get 1.64 / sqrt(2): independent, they add up by their squares. Simulated with sites found in 3 or 8
    normals, 97 to 99 % of mixtures at the stated fraction were not called clean at 40 to 100 sites, 92 % at 20.

    Above 10 % foreign alleles look heterozygous, which shows in turn: see `_mixed`. Such a fraction is reported as 10 %
    with 1 as its upper bound. Without frequencies the estimate is off by up to a third where the sites are not of all
    frequencies alike, which the interval does not hold.

    In a tumour of high purity a lost allele of a heterozygous site leaves a small rest of the patient's own, which
    looks the same at the site, but not along the genome: see `lost_alleles`. DETECTED also needs to be 1/a times as
    likely as that; what may be either is not assessable.

    Args:
        counts: by site; sites must be polymorphisms known beforehand or seen in other samples, not chosen in this one.
        frequencies: of alt in the population, by site; None where unknown.
        error_rates: of the sample, by substitution on the plus strand, as in ``C>T``: damage looks like foreign DNA.
            Without them, and below it, `LEAST_ERROR`.
    """
    wanted = [site for site in counts if frequencies is None or site in frequencies]
    covered = {site: seen for site in wanted if (seen := genotype(counts[site])) is not None}
    seen_at = {site: covered[site] for site in _spaced(covered)}
    if seen_at and (found := _mixed(seen_at, frequencies)):
        return found
    homozygous = [(site, seen) for site, seen in seen_at.items() if seen != 1]
    if not homozygous:
        return Contamination(False, False, "no homozygous site is covered")
    n = np.array([counts[site].fragments for site, _ in homozygous])
    k = np.array([counts[site].alt if seen == 0 else counts[site].ref for site, seen in homozygous])
    prior = np.repeat(np.array(_UNKNOWN)[:, None], len(n), axis=1)
    if frequencies is not None:
        f = np.array([frequencies[site] if seen == 0 else 1 - frequencies[site] for site, seen in homozygous])
        prior = np.stack([(1 - f) ** 2, 2 * f * (1 - f), f**2])
    error = _errors([site for site, _ in homozygous], counts, error_rates or {})
    likelihood = np.log(_site_likelihood(k, n, prior, _FRACTIONS, error)).sum(axis=1)
    needed = float(special.chdtri(1, 2 * ERROR_RATE))
    detectable = _detectable(n, prior, error, (needed**0.5 + _EITHER_CHANCE) ** 2)
    if detectable is None:
        return Contamination(False, False, f"{len(n)} homozygous sites are too few to see contamination", len(n))
    best = int(likelihood.argmax())
    near = _FRACTIONS[likelihood >= likelihood[best] - special.chdtri(1, 0.05) / 2]
    detected = bool(2 * (likelihood[best] - likelihood[0]) > needed)
    if detected and likelihood[best] - _own(seen_at, counts, error_rates or {}) < log(1 / ERROR_RATE):
        told = "alleles that should not be there may be the patient's own, lost in the tumour but for a rest"
        return Contamination(False, False, f"{told} ({len(n)} sites)", len(n))
    fraction, low, high = float(_FRACTIONS[best]), float(near[0]), float(near[-1])
    told = f"{fraction:.1%} foreign DNA" if detected else f"no foreign DNA, {detectable:.1%} would have shown"
    return Contamination(True, detected, f"{told} ({len(n)} sites)", len(n), fraction, low, high, detectable)


def _errors(sites: Sequence[Site], counts: Mapping[Site, SiteCount], error_rates: Mapping[str, float]) -> Floats:
    """Chance at each site that a fragment of the commoner allele shows the rarer one by mistake."""
    substitutions = [
        f"{site.ref}>{site.alt}" if counts[site].alt <= counts[site].ref else f"{site.alt}>{site.ref}" for site in sites
    ]
    return np.array([max(LEAST_ERROR, error_rates.get(name, 0.0)) for name in substitutions])


def _own(seen_at: Mapping[Site, int], counts: Mapping[Site, SiteCount], error_rates: Mapping[str, float]) -> float:
    """Log-likelihood, given which sites are homozygous by birth, of all alleles being the patient's own."""
    sites = list(seen_at)
    heterozygous = np.array([seen == 1 for seen in seen_at.values()])
    n = np.array([counts[site].fragments for site in sites])
    k = np.array([min(counts[site].ref, counts[site].alt) for site in sites])
    chroms, positions = [site.chrom for site in sites], np.array([site.position for site in sites])
    error = _errors(sites, counts, error_rates)
    found = lost_alleles.log_likelihood(chroms, positions, heterozygous, k, n, error)
    expected = np.where(heterozygous, lost_alleles.HETEROZYGOSITY, 1 - lost_alleles.HETEROZYGOSITY)
    return found - float(np.log(expected).sum())


def _mixed(seen_at: Mapping[Site, int], frequencies: Mapping[Site, float] | None) -> Contamination | None:
    """More heterozygous sites than one person has: two persons' DNA in parts of 10 % or more; None where there are not.

    In Hardy-Weinberg proportions a site is heterozygous with 2 f (1 - f), at most 1/2 whatever f is. Subdivided
    populations have fewer, a lost allele in the tumour makes fewer; only a child of two populations has more, by
    `_ADMIXED`. The number of n independent sites with the mean rate h is, above its mean, no more often as large as
    that of a binomial of n and h (Hoeffding, Ann Math Stat 1956;27:713). Two unrelated persons together look
    heterozygous at 7/8 of the sites with f = 1/2: of mixtures of 20 to 50 %, 80 sites with f from 0.3 to 0.7 show more
    than 90 %, 120 sites more than 95 % (simulated). A relative's DNA, or fewer sites, may go unseen.
    """
    heterozygous = sum(seen == 1 for seen in seen_at.values())
    rates = [0.5 if frequencies is None else 2 * frequencies[site] * (1 - frequencies[site]) for site in seen_at]
    rate = min(_ADMIXED * float(np.mean(rates)), 1.0)
    if special.bdtrc(heterozygous - 1, len(rates), rate) > ERROR_RATE:
        return None
    most = float(_FRACTIONS[-1])
    told = f"{heterozygous} of {len(rates)} sites look heterozygous, {sum(rates):.0f} at most would in one person"
    return Contamination(True, True, f"{most:.0%} foreign DNA or more ({told})", len(rates), most, most, 1.0, most)


def _site_likelihood(k: Ints, n: Ints, prior: Floats, fractions: Floats, error: Floats) -> Floats:
    """P(k | c) by [fraction, site]; k by site, or by [fraction, site]."""
    ways = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    total: Floats = np.broadcast_to(_OUTLIERS / (n + 1), (len(fractions), len(n))).copy()
    for g in range(3):
        rate = error + (fractions * g / 2)[:, None]
        total += (1 - _OUTLIERS) * prior[g] * np.exp(ways + k * np.log(rate) + (n - k) * np.log1p(-rate))
    return total


def _detectable(n: Ints, prior: Floats, error: Floats, wanted: float) -> float | None:
    """The smallest fraction whose gain, with the foreign counts at their means, reaches `wanted`.

    Which sites differ between the two persons is chance as well: the gain is taken 1.16 standard deviations low.
    """
    gain, square = (np.zeros((len(_FRACTIONS), len(n))) for _ in range(2))
    for g in range(3):
        mean = np.rint(n * (error + _FRACTIONS[:, None] * g / 2)).astype(np.int64)
        with_it = np.log(_site_likelihood(mean, n, prior, _FRACTIONS, error))
        without = np.log(_site_likelihood(mean, n, prior, np.zeros(len(_FRACTIONS)), error))
        gain += prior[g] * (with_it - without)
        square += prior[g] * (with_it - without) ** 2
    low = gain.sum(axis=1) - _EITHER_CHANCE * np.sqrt((square - gain**2).clip(0).sum(axis=1))
    enough = _FRACTIONS[2 * low >= wanted]
    return float(enough[0]) if len(enough) else None


def raised_floor(floor_vaf: float, found: Contamination) -> float:
    """The VAF below which an allele may be the other person's, whose homozygous alleles show at the foreign fraction.

    Args:
        floor_vaf: the lowest VAF that is reported otherwise.
        found: of the sample; its upper bound is taken where contamination was detected.
    """
    return max(floor_vaf, found.high or 0.0) if found.detected else floor_vaf
