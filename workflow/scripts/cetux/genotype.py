"""Decide from the counted haplotypes of one sample which changes are there, and how small a fraction is excluded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scipy import special

from cetux.background import estimate
from cetux.clonality import CellFraction, cell_fraction, mutated_copies
from cetux.coding import Transcript
from cetux.codons import protein_change
from cetux.counts import CodonCounts, HaplotypeCounts, SampleBackground, SampleCheck
from cetux.evidence import Allele, CodonLimit, GeneGenotype, SampleGenotypes
from cetux.hgvs import KNOWN_INDELS, haplotype_name, indel_names
from cetux.resources import Codon, ListedAllele
from cetux.states import Genotype, Specimen
from cetux.support import Support, Supports, counts_by_codon

GENOMES_PER_NG = 330.0
"""Haploid genome equivalents in 1 ng of DNA [V S26]."""

_LINKED_SHARE = 0.8
_GUARD_P = 0.01
_STRAND_GUARD_P = 0.04
"""Five fragments on one strand, where half of the others lie on it, are so by chance in 0.5**5 = 3 %: the specification
(2.1) wants five fragments on both strands."""
_HEAVY_DAMAGE = 0.01
"""Rate of one substitution from which limits suffer so much that the reader is told: MUT_LOW begins there."""
_MOSTLY = 0.8
_MOSTLY_P = 1e-4
"""A few fragments beside an artefact must not make it a mutation: four fifths of the fragments are as good as all where
that is far beyond chance [P]."""


@dataclass(frozen=True)
class Thresholds:
    """When a detected change is MUT or MUT_LOW and when its absence is WT; fractions of fragments."""

    mut_vaf: float
    low_vaf: float
    min_fragments: int
    wt_excludes_vaf: float


@dataclass(frozen=True)
class Sample:
    """What the calls need to know of the sample; None if unknown.

    purity: 0 < p <= 1. dna_ng: DNA of the library. purity_low: lower bound of the purity; None for the purity itself.
    """

    specimen: Specimen
    purity: float | None
    umi: bool
    amplicon: bool
    dna_ng: float | None = None
    purity_low: float | None = None

    @property
    def molecules(self) -> float:
        """Haploid genome equivalents that went into the library: more fragments are copies. Infinite if unknown."""
        return GENOMES_PER_NG * self.dna_ng if self.dna_ng else float("inf")


def thresholds_for(sample: Sample, settings: Mapping[str, Any]) -> Thresholds:
    """The thresholds of the sample's specimen. ctDNA without UMIs has the errors of tissue, so it gets tissue's."""
    kind = "ctdna" if sample.specimen is Specimen.CTDNA and sample.umi else "tissue"
    given = settings[kind]
    return Thresholds(given["mut_vaf"], given["low_vaf"], int(given["min_fragments"]), given["wt_excludes_vaf"])


def call_genotypes(
    check: SampleCheck,
    counts: HaplotypeCounts,
    codons: Sequence[Codon],
    transcripts: Mapping[str, Transcript],
    listed: Mapping[tuple[str, str], ListedAllele],
    sample: Sample,
    settings: Mapping[str, Any],
    normals: Sequence[SampleBackground] = (),
) -> SampleGenotypes:
    """State of every gene of `codons` in one sample; none where the sample is not usable.

    Args:
        check: what `check_sample` found; its verdict stands over the counts.
        counts: what `count_haplotypes` wrote, codon by codon in the order of `codons`.
        codons: the codons; those with `required` bases are the listed ones, which must be excluded for a wild type.
        transcripts: of their genes, by gene, for names; the bases of the codons are enough.
        listed: listed changes by (gene, protein).
        sample: specimen, purity and assay.
        settings: the `genotypes` section of the settings.
        normals: what went wrong in normals of the same assay, specimen type and preservation.
    """
    usable = check.usable if not check.usable.ok else counts.usable
    if not usable.ok:
        return SampleGenotypes(counts.sample, usable)
    thresholds = thresholds_for(sample, settings)
    by_codon = {(count.gene, count.codon): count for count in counts.codons}
    pairs = [(codon, by_codon[codon.gene, codon.codon]) for codon in codons]
    alike = [normal for normal in normals if normal.usable.ok]
    rates = estimate(counts.background, counts.codons, [normal.background for normal in alike])
    supports = Supports(pairs, rates, settings["false_detections_per_sample"], listed)
    floors = (sample.molecules, thresholds.min_fragments, thresholds.low_vaf)
    caller = _Caller(transcripts, listed, sample, thresholds, supports, supports.limits(*floors))
    genes: dict[str, list[tuple[Codon, CodonCounts]]] = defaultdict(list)
    for codon, count in pairs:
        genes[codon.gene].append((codon, count))
    called = {gene: caller.call_gene(gene, members) for gene, members in genes.items()}
    return SampleGenotypes(
        sample=counts.sample,
        usable=usable,
        genes=called,
        flags=tuple(_flags(counts, sample, called.values(), rates.summary())),
        error_rates=rates.summary(),
        error_normals=tuple(normal.sample for normal in alike),
        observed=_observed(pairs, supports, transcripts),
        beyond_errors=tuple(caller.beyond_errors(codon for codon, _ in pairs if codon.required)),
    )


def _flags(
    counts: HaplotypeCounts, sample: Sample, genes: Iterable[GeneGenotype], damage: Mapping[str, float]
) -> Iterable[str]:
    if sample.specimen is Specimen.CTDNA and not sample.umi:
        yield "ctdna_without_umi"
    yield from (f"damage:{name}:{rate:.1%}" for name, rate in damage.items() if rate >= _HEAVY_DAMAGE)
    if counts.identical_records_dropped:
        yield f"identical_records:{counts.identical_records_dropped}"
    for gene in genes:
        for allele in gene.traces:
            if allele.filters:
                yield f"artefact:{gene.gene}_{allele.protein}:{'+'.join(allele.filters)}"


def _observed(
    pairs: Iterable[tuple[Codon, CodonCounts]], supports: Supports, transcripts: Mapping[str, Transcript]
) -> dict[str, int]:
    """Fragments with each protein change of the listed codons, detected or not, by its name as in ``KRAS G12D``."""
    found: dict[str, int] = defaultdict(int)
    for codon, count in pairs:
        if not codon.required:
            continue
        for changes, fragments in supports.substitutions(codon):
            amino_acid = protein_change(codon, changes)
            if amino_acid != codon.wt_aa:
                found[f"{codon.gene} {codon.wt_aa}{codon.codon}{amino_acid}"] += fragments
        for indel in count.indels:
            protein, _ = indel_names(transcripts[codon.gene], codon, indel)
            found[f"{codon.gene} {protein}"] += indel.fragments
    return dict(found)


@dataclass(frozen=True)
class _Caller:
    """The calls of one sample; holds what does not change from gene to gene."""

    transcripts: Mapping[str, Transcript]
    listed: Mapping[tuple[str, str], ListedAllele]
    sample: Sample
    thresholds: Thresholds
    supports: Supports
    limits: Mapping[tuple[str, int], float | None]

    def call_gene(self, gene: str, members: Sequence[tuple[Codon, CodonCounts]]) -> GeneGenotype:
        """State of one gene from its codons."""
        found = [self._allele(codon, support) for codon, _ in members for support in self.supports.detected(codon)]
        found.sort(key=lambda allele: (-allele.vaf, allele.codon, allele.protein))
        alleles = tuple(allele for allele in found if allele.state in (Genotype.MUT, Genotype.MUT_LOW))
        traces = tuple(allele for allele in found if allele not in alleles)
        limits = tuple(self._limit(codon) for codon, _ in members)
        needed = [limit for limit, (codon, _) in zip(limits, members, strict=True) if codon.required]
        artefacts = [allele for allele in traces if allele.filters and allele.vaf >= self.thresholds.low_vaf]
        failing = (*self._failures(needed), *(_artefact(allele) for allele in artefacts))
        call = GeneGenotype(gene, Genotype.NO_CALL, alleles, failing=failing, codons=limits, traces=traces)
        states = {allele.state for allele in alleles}
        if not any(limit.fragments for limit in limits):
            return replace(call, failing=("no codon is covered",))
        if not failing:
            largest = max(limit.excluded_vaf or 1.0 for limit in needed) if needed else None
            purity = self.sample.purity
            ccf = mutated_copies(largest, purity) if purity and largest else None
            call = replace(call, state=Genotype.WT, excluded_vaf=largest, excluded_ccf=ccf)
        if states:
            return replace(call, state=Genotype.MUT if Genotype.MUT in states else Genotype.MUT_LOW)
        return call

    def beyond_errors(self, codons: Iterable[Codon]) -> Iterable[str]:
        """Changes that are beyond errors where they are known from elsewhere, and do not look like artefacts."""
        for codon in codons:
            for support in self.supports.beyond_errors(codon):
                if not self._filters(support):
                    yield f"{codon.gene} {self._names(codon, support)[0]}"

    def _failures(self, needed: Iterable[CodonLimit]) -> Iterable[str]:
        """What keeps listed codons from being wild type: depth, or a purity that hides a clonal mutation."""
        wanted = f"{float(f'{self.thresholds.wt_excludes_vaf:.2g}'):.1%}"
        for limit in needed:
            if not limit.fragments:
                yield f"codon {limit.codon} not covered"
            elif limit.excluded_vaf is None or limit.excluded_vaf > self.thresholds.wt_excludes_vaf:
                shown = "nothing" if limit.excluded_vaf is None else f"VAF {limit.excluded_vaf:.1%}"
                few = limit.fragments > self.sample.molecules
                by = f"with DNA of {self.sample.molecules:.0f} molecules" if few else f"depth {limit.fragments}"
                yield f"codon {limit.codon} {by} excludes {shown}, not {wanted}"
            elif limit.excluded_ccf is not None and limit.excluded_ccf > 1:
                shown = f"VAF {limit.excluded_vaf:.1%}, a clonal mutation has {(self.sample.purity or 0) / 2:.1%}"
                yield f"codon {limit.codon}: purity too low (excludes {shown})"

    def _limit(self, codon: Codon) -> CodonLimit:
        """Depth over the required bases, and the fraction that it excludes."""
        fragments = self.supports.covering(codon)
        vaf = self.limits.get((codon.gene, codon.codon))
        ccf = mutated_copies(vaf, self.sample.purity) if vaf and self.sample.purity else None
        return CodonLimit(codon.codon, fragments, vaf, ccf)

    def _allele(self, codon: Codon, support: Support) -> Allele:
        vaf = support.fragments / support.covering
        cells = self._cells(support)
        protein, coding = self._names(codon, support)
        known = self.listed.get((codon.gene, protein))
        filters = self._filters(support)
        return Allele(
            gene=codon.gene,
            codon=codon.codon,
            protein=protein,
            hgvs_c=coding,
            changes=support.changes,
            state=self._state(vaf, support.fragments, filters),
            alt_fragments=support.fragments,
            fragments=support.covering,
            vaf=vaf,
            ccf=cells.value if cells else None,
            ccf_low=cells.low if cells else None,
            ccf_high=cells.high if cells else None,
            multiplicity=cells.multiplicity if cells else 1,
            listed=_is_classified(known)
            or (codon.gene, coding) in KNOWN_INDELS
            or (support.indel is None and counts_by_codon(codon, protein_change(codon, support.changes))),
            braf_class=known.braf_class if known else None,
            forward=support.forward,
            reverse=support.reverse,
            at_ends=support.at_ends,
            p_value=support.p_value,
            filters=filters,
            indel=support.indel,
            linked=tuple(self._linked(support)),
        )

    def _cells(self, support: Support) -> CellFraction | None:
        purity, low = self.sample.purity, self.sample.purity_low
        return cell_fraction(support.fragments, support.covering, purity, low or purity) if purity else None

    def _state(self, vaf: float, fragments: int, filters: Sequence[str]) -> Genotype:
        """MUT or MUT_LOW above the floors; below them, or where it looks like an artefact, no reported mutation."""
        if filters:
            return Genotype.NO_CALL
        if fragments < self.thresholds.min_fragments or vaf < self.thresholds.low_vaf:
            return Genotype.WT
        return Genotype.MUT if vaf >= self.thresholds.mut_vaf else Genotype.MUT_LOW

    def _names(self, codon: Codon, support: Support) -> tuple[str, str]:
        """Protein and coding change; a change beside the codon on nearly all of the molecules belongs to the latter."""
        transcript = self.transcripts[codon.gene]
        if support.indel is not None:
            return indel_names(transcript, codon, support.indel)
        protein = f"{codon.wt_aa}{codon.codon}{protein_change(codon, support.changes)}"
        return protein, haplotype_name(transcript, codon, support.changes, self._linked(support))

    def _linked(self, support: Support) -> list[str]:
        return [name for name, many in support.linked.items() if many >= _LINKED_SHARE * support.whole]

    def _filters(self, support: Support) -> tuple[str, ...]:
        """Why the fragments look like an artefact: on one strand, at read ends or badly mapped, where the reference is
        not (`_looks_so`). Amplicons read many codons on one strand alone. An insertion or deletion in a repeat shows
        in the reads that reach the one place where the aligner put it, the reference in those over all its places: so
        of them only all count, not most.
        """
        k = support.fragments

        def looks(so: int, share: float, least_p: float) -> bool:
            return (so == k or support.indel is None) and _looks_so(so, k, share, least_p)

        without_forward = looks(k - support.forward, support.share_without_forward, _STRAND_GUARD_P)
        without_reverse = looks(k - support.reverse, support.share_without_reverse, _STRAND_GUARD_P)
        looks_like = {
            "one_strand": not self.sample.amplicon and (without_forward or without_reverse),
            "read_ends": looks(support.at_ends, support.share_at_ends, _GUARD_P),
            "mapping": looks(support.badly_mapped, support.share_badly_mapped, _GUARD_P),
        }
        return tuple(name for name, so in looks_like.items() if so)


def _looks_so(so: int, fragments: int, share: float, least_p: float) -> bool:
    """Whether the fragments of a change are of a kind that the reference's rarely are.

    If a share f of the reference fragments is so by the way the reads lie, all k true fragments are so with the chance
    f**k, and at least m of them with I_f(m, k - m + 1), the tail of the binomial: all of them below `least_p`, or most
    of them below `_MOSTLY_P`, is taken for an artefact.

    Args:
        so: fragments of the change that are of the kind.
        fragments: all of the change, k > 0.
        share: f, 0..1.
        least_p: for all of them.

    >>> _looks_so(5, 5, 0.5, 0.04), _looks_so(4, 4, 0.5, 0.04), _looks_so(40, 41, 0.5, 0.04)
    (True, False, True)
    """
    if so == fragments:
        return share**fragments < least_p
    return so >= _MOSTLY * fragments and float(special.betainc(so, fragments - so + 1, share)) < _MOSTLY_P


def _artefact(allele: Allele) -> str:
    return (
        f"codon {allele.codon}: {allele.protein} {allele.vaf:.1%} looks like an artefact ({', '.join(allele.filters)})"
    )


def _is_classified(known: ListedAllele | None) -> bool:
    """Whether the change is listed, and if it is one of BRAF's, with a class that somebody verified."""
    return known is not None and (known.gene != "BRAF" or known.braf_class is not None)
