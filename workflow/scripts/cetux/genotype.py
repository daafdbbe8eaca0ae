"""Decide from the counted haplotypes of one sample which changes are there, and how small a fraction is excluded."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from re import findall
from typing import Any

from scipy import stats

from cetux.counts import CodonCounts, HaplotypeCounts, SampleCheck
from cetux.evidence import Allele, CodonLimit, GeneGenotype, SampleGenotypes
from cetux.resources import Codon, ListedAllele
from cetux.states import Genotype, Specimen

POWER = 0.95
"""Probability with which an excluded VAF would have been called."""

RAS_GENES = ("KRAS", "NRAS")
"""Genes in which every amino-acid change at codons 12, 13, 59, 61, 117 and 146 counts (ASCP/CAP/AMP/ASCO 2017)."""

_RAS_CODONS = frozenset({12, 13, 59, 61, 117, 146})
_PRIOR_ERROR = 1e-3
_PRIOR_WEIGHT = 1000
_LEAST_ERROR = 1e-6
_STRAND_P = 1e-3
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_AMINO_ACIDS = dict(
    zip(
        ("".join(bases) for bases in product("TCAG", repeat=3)),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)

Change = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Thresholds:
    """When a detected change is MUT or MUT_LOW and when its absence is WT; fractions of fragments."""

    mut_vaf: float
    low_vaf: float
    min_fragments: int
    wt_excludes_vaf: float


@dataclass(frozen=True)
class Sample:
    """What the calls need to know of the sample. purity: 0 < p <= 1, or None if unknown."""

    specimen: Specimen
    purity: float | None
    umi: bool
    amplicon: bool


def thresholds_for(sample: Sample, settings: Mapping[str, Any]) -> Thresholds:
    """The thresholds of the sample's specimen. ctDNA without UMIs has the errors of tissue, so it gets tissue's."""
    kind = "ctdna" if sample.specimen is Specimen.CTDNA and sample.umi else "tissue"
    given = settings[kind]
    return Thresholds(given["mut_vaf"], given["low_vaf"], int(given["min_fragments"]), given["wt_excludes_vaf"])


def translate(codon: str) -> str:
    """The amino acid of a coding-strand codon, one letter, ``*`` for stop.

    >>> translate("GGT"), translate("TAA")
    ('G', '*')
    """
    return _AMINO_ACIDS[codon]


def call_genotypes(
    check: SampleCheck,
    counts: HaplotypeCounts,
    codons: Sequence[Codon],
    listed: Mapping[tuple[str, str], ListedAllele],
    sample: Sample,
    settings: Mapping[str, Any],
) -> SampleGenotypes:
    """State of every gene of `codons` in one sample; none where the sample is not usable.

    Args:
        check: what `check_sample` found; its verdict stands over the counts.
        counts: what `count_haplotypes` wrote, codon by codon in the order of `codons`.
        codons: the listed codons.
        listed: listed changes by (gene, protein).
        sample: specimen, purity and assay.
        settings: the `genotypes` section of the settings.
    """
    usable = check.usable if not check.usable.ok else counts.usable
    if not usable.ok:
        return SampleGenotypes(counts.sample, usable)
    thresholds = thresholds_for(sample, settings)
    by_codon = {(count.gene, count.codon): count for count in counts.codons}
    background = substitution_rates(counts.codons)
    # nine single-base changes are possible at each codon: a Bonferroni bound over all of them
    alpha = settings["false_detections_per_sample"] / (9 * len(codons))
    caller = _Caller(listed, sample, thresholds, background, alpha)
    genes: dict[str, list[Codon]] = defaultdict(list)
    for codon in codons:
        genes[codon.gene].append(codon)
    flags = []
    if sample.specimen is Specimen.CTDNA and not sample.umi:
        flags.append("ctdna_without_umi")
    if counts.identical_records_dropped:
        flags.append(f"identical_records:{counts.identical_records_dropped}")
    return SampleGenotypes(
        sample=counts.sample,
        usable=usable,
        genes={
            gene: caller.call_gene(gene, [(codon, by_codon[gene, codon.codon]) for codon in members])
            for gene, members in genes.items()
        },
        flags=tuple(flags),
    )


def substitution_rates(codons: Iterable[CodonCounts]) -> dict[str, float]:
    """Error rate per base of each of the six substitution classes ("C>T", ...) in this sample.

    Single-base differences over all listed codons are counted as errors, real variants with them: that can only make
    the rate too high, hence the test too careful. The rate is the posterior mean of a beta prior with mean 1e-3 and the
    weight of 1,000 bases [P], which speaks where the sample has few bases::

        rate = (errors + 1) / (bases + 1000)

    A variant would mask itself on a small panel, so a haplotype that is at least 1 % of its codon and three fragments
    is not counted as an error.
    """
    errors: Counter[str] = Counter()
    bases: Counter[str] = Counter()
    for codon in codons:
        depth = sum(haplotype.fragments for haplotype in codon.haplotypes)
        for haplotype in codon.haplotypes:
            changes = changed(haplotype.bases, codon.reference)
            for base, shown in zip(codon.reference, _tokens(haplotype.bases), strict=True):
                if shown != ".":
                    bases[_pyrimidine(base)] += haplotype.fragments
            is_variant = haplotype.fragments >= 3 and haplotype.fragments >= 0.01 * depth
            if len(changes) == 1 and changes[0][1] in _COMPLEMENTED and not is_variant:
                index, base = changes[0]
                errors[_substitution(codon.reference[index], base)] += haplotype.fragments
    return {
        name: (errors[name] + _PRIOR_ERROR * _PRIOR_WEIGHT) / (bases[name[0]] + _PRIOR_WEIGHT)
        for name in ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
    }


_COMPLEMENTED = frozenset("ACGT")


def _pyrimidine(base: str) -> str:
    return base if base in "CT" else base.translate(_COMPLEMENT)


def _substitution(reference: str, base: str) -> str:
    """Class of a substitution, written from its pyrimidine: G>A is C>T on the other strand."""
    change = f"{reference}>{base}"
    return change if reference in "CT" else change.translate(_COMPLEMENT)


def _tokens(bases: str) -> list[str]:
    """What a haplotype shows at each of its positions: a base with what is inserted behind it, ``-`` or ``.``."""
    tokens: list[str] = findall(r"[ACGT.-][acgtn]*", bases)
    return tokens


def changed(bases: str, reference: str) -> Change:
    """Index and content of each position at which a haplotype differs from the reference; unread ones do not.

    >>> changed("ATC", "ACC"), changed("A..", "ACC"), changed("ACgC", "ACC")
    (((1, 'T'),), (), ((1, 'Cg'),))
    """
    pairs = zip(_tokens(bases), reference, strict=True)
    return tuple((i, shown) for i, (shown, base) in enumerate(pairs) if shown not in (base, "."))


def detection_count(fragments: int, rate: float, alpha: float, least: int) -> int:
    """The fewest fragments that make a change DETECTED.

    With errors at `rate` per fragment the number X of false fragments of one change is binomial, and the smallest k with
    P(X >= k) <= alpha is the (1 - alpha) quantile of X plus one.

    Args:
        fragments: depth, >= 0.
        rate: error probability per fragment, 0..1.
        alpha: accepted probability of a false detection, 0..1.
        least: the rule's floor.
    """
    return max(least, int(stats.binom.isf(alpha, fragments, rate)) + 1)


def excluded_vaf(fragments: int, needed: int) -> float | None:
    """The smallest VAF that would have shown at least `needed` fragments with 95 % power, None if none can.

    P(X >= k | n, v) of a binomial is the regularised incomplete beta function I_v(k, n - k + 1), so the v at which it
    is 0.95 is the 95 % quantile of Beta(k, n - k + 1).

    >>> round(excluded_vaf(181, 5), 3), round(excluded_vaf(1258, 3), 4), excluded_vaf(4, 5)
    (0.05, 0.005, None)
    """
    if fragments < needed:
        return None
    return float(stats.beta.ppf(POWER, needed, fragments - needed + 1))


def cancer_cell_fraction(vaf: float, purity: float, copies: float = 2.0) -> float:
    """Fraction of tumour cells that carry a mutation on one copy.

    A bulk of purity p holds p*copies + 2*(1-p) copies of the locus per cell, of which p*CCF are mutant::

        VAF = p * CCF / (p * copies + 2 * (1 - p))

    Args:
        vaf: 0..1.
        purity: 0 < p <= 1.
        copies: of the locus per tumour cell, > 0.

    Returns:
        CCF, not clipped: above 1 it says that more than one copy is mutant or that the purity is higher than stated.

    >>> round(cancer_cell_fraction(0.18, 0.4), 3)
    0.9
    """
    return vaf * (purity * copies + 2 * (1 - purity)) / purity


@dataclass(frozen=True)
class _Caller:
    """The calls of one sample; holds what does not change from gene to gene."""

    listed: Mapping[tuple[str, str], ListedAllele]
    sample: Sample
    thresholds: Thresholds
    background: Mapping[str, float]
    alpha: float

    def call_gene(self, gene: str, members: Sequence[tuple[Codon, CodonCounts]]) -> GeneGenotype:
        """State of one gene from its codons."""
        found = [allele for codon, counts in members for allele in self._alleles(codon, counts)]
        alleles = tuple(sorted(found, key=lambda allele: (-allele.vaf, allele.codon, allele.protein)))
        limits = tuple(self._limit(codon, counts) for codon, counts in members)
        needed = [limit for limit, (codon, _) in zip(limits, members, strict=True) if codon.required]
        failing = tuple(self._failure(limit) for limit in needed if not self._adequate(limit))
        states = {allele.state for allele in alleles}
        if not any(limit.fragments for limit in limits):
            return GeneGenotype(gene, Genotype.NO_CALL, failing=("no codon is covered",), codons=limits)
        if Genotype.MUT in states:
            return GeneGenotype(gene, Genotype.MUT, alleles, failing=failing, codons=limits)
        if Genotype.MUT_LOW in states:
            return GeneGenotype(gene, Genotype.MUT_LOW, alleles, failing=failing, codons=limits)
        if failing:
            return GeneGenotype(gene, Genotype.NO_CALL, failing=failing, codons=limits)
        largest = max(limit.excluded_vaf or 1.0 for limit in needed)
        purity = self.sample.purity
        ccf = cancer_cell_fraction(largest, purity) if purity else None
        return GeneGenotype(gene, Genotype.WT, excluded_vaf=largest, excluded_ccf=ccf, codons=limits)

    def _adequate(self, limit: CodonLimit) -> bool:
        return limit.excluded_vaf is not None and limit.excluded_vaf <= self.thresholds.wt_excludes_vaf

    def _failure(self, limit: CodonLimit) -> str:
        if not limit.fragments:
            return f"codon {limit.codon} not covered"
        shown = "nothing" if limit.excluded_vaf is None else f"VAF {limit.excluded_vaf:.1%}"
        wanted = f"{self.thresholds.wt_excludes_vaf:.2g}"
        return f"codon {limit.codon} depth {limit.fragments} excludes {shown}, not {float(wanted):.1%}"

    def _limit(self, codon: Codon, counts: CodonCounts) -> CodonLimit:
        """Depth over the required bases, and the VAF that it excludes for the most error-prone change there."""
        required = {_plus_index(codon, index) for index in codon.required} or {0, 1, 2}
        fragments = _covering(counts, required)
        rate = max(
            rate
            for index in required
            for name, rate in self.background.items()
            if name[0] == _pyrimidine(counts.reference[index])
        )
        needed = detection_count(fragments, rate, self.alpha, self.thresholds.min_fragments)
        return CodonLimit(codon.codon, fragments, excluded_vaf(fragments, needed))

    def _alleles(self, codon: Codon, counts: CodonCounts) -> Iterable[Allele]:
        """The changes that are detected at one codon and stand above the floor of MUT_LOW."""
        support: dict[Change, list[int]] = defaultdict(lambda: [0, 0, 0])
        for haplotype in counts.haplotypes:
            totals = support[changed(haplotype.bases, counts.reference)]
            totals[0] += haplotype.fragments
            totals[1] += haplotype.forward
            totals[2] += haplotype.reverse
        unchanged = support.pop((), [0, 0, 0])
        for changes, (alt, forward, reverse) in support.items():
            protein = protein_change(codon, changes)
            if protein == codon.wt_aa:
                continue
            fragments = _covering(counts, {index for index, _ in changes})
            needed = detection_count(
                fragments, self._rate(counts.reference, changes), self.alpha, self.thresholds.min_fragments
            )
            vaf = alt / fragments
            on_one_strand = not self.sample.amplicon and _one_strand(forward, reverse, unchanged[1], unchanged[2])
            if alt >= needed and vaf >= self.thresholds.low_vaf and not on_one_strand:
                yield self._allele(codon, changes, protein, alt, fragments)

    def _rate(self, reference: str, changes: Change) -> float:
        """Chance that errors alone make these changes in one fragment: the product over the changed bases [P]."""
        rate = 1.0
        for index, shown in changes:
            is_base = shown in _COMPLEMENTED
            rate *= self.background[_substitution(reference[index], shown)] if is_base else _PRIOR_ERROR
        return max(rate, _LEAST_ERROR)

    def _allele(self, codon: Codon, changes: Change, protein: str, alt: int, fragments: int) -> Allele:
        vaf = alt / fragments
        low, high = stats.binomtest(alt, fragments).proportion_ci(method="exact")
        purity = self.sample.purity
        name = codon.wt_aa + str(codon.codon) + protein
        known = self.listed.get((codon.gene, name))
        counts_as_ras = codon.gene in RAS_GENES and codon.codon in _RAS_CODONS and protein in _AMINO_ACIDS.values()
        return Allele(
            gene=codon.gene,
            codon=codon.codon,
            protein=name,
            hgvs_c=hgvs_coding(codon, changes),
            changes=changes,
            state=Genotype.MUT if vaf >= self.thresholds.mut_vaf else Genotype.MUT_LOW,
            alt_fragments=alt,
            fragments=fragments,
            vaf=vaf,
            ccf=cancer_cell_fraction(vaf, purity) if purity else None,
            ccf_low=cancer_cell_fraction(float(low), purity) if purity else None,
            ccf_high=cancer_cell_fraction(float(high), purity) if purity else None,
            listed=_is_classified(known) or (counts_as_ras and protein != "*"),
            braf_class=known.braf_class if known else None,
        )


def _is_classified(known: ListedAllele | None) -> bool:
    """Whether the change is listed, and if it is one of BRAF's, with a class that somebody verified."""
    return known is not None and (known.gene != "BRAF" or known.braf_class is not None)


def _plus_index(codon: Codon, coding_index: int) -> int:
    return coding_index if codon.strand == "+" else 2 - coding_index


def _covering(counts: CodonCounts, indices: set[int]) -> int:
    """Fragments that read all of `indices`."""
    return sum(
        haplotype.fragments
        for haplotype in counts.haplotypes
        if all(_tokens(haplotype.bases)[index] != "." for index in indices)
    )


def _one_strand(forward: int, reverse: int, unchanged_forward: int, unchanged_reverse: int) -> bool:
    """Whether the change leans to one strand more than chance allows, given how the unchanged fragments lie."""
    total = unchanged_forward + unchanged_reverse
    if not total or not forward + reverse:
        return False
    expected = (unchanged_forward + 1) / (total + 2)
    p_value = float(stats.binomtest(forward, forward + reverse, expected).pvalue)
    return min(forward, reverse) == 0 and p_value < _STRAND_P


def protein_change(codon: Codon, changes: Change) -> str:
    """The amino acid that a haplotype makes, or ``indel`` where bases are inserted or deleted."""
    bases = list(codon.wt_codon if codon.strand == "+" else codon.wt_codon[::-1].translate(_COMPLEMENT))
    for index, shown in changes:
        if shown not in _COMPLEMENTED:
            return "indel"
        bases[index] = shown
    plus = "".join(bases)
    return translate(plus if codon.strand == "+" else plus[::-1].translate(_COMPLEMENT))


def hgvs_coding(codon: Codon, changes: Change) -> str:
    """The change in HGVS c. nomenclature on the codon's transcript; empty for an insertion or deletion.

    A single base is a substitution, several are one delins over the bases from the first to the last changed one.
    """
    first = 3 * (codon.codon - 1) + 1
    coding = dict(enumerate(codon.wt_codon))
    altered: dict[int, str] = {}
    for index, shown in changes:
        if shown not in _COMPLEMENTED:
            return ""
        place = index if codon.strand == "+" else 2 - index
        altered[place] = shown if codon.strand == "+" else shown.translate(_COMPLEMENT)
    low, high = min(altered), max(altered)
    if low == high:
        return f"c.{first + low}{coding[low]}>{altered[low]}"
    bases = "".join(altered.get(place, coding[place]) for place in range(low, high + 1))
    return f"c.{first + low}_{first + high}delins{bases}"
