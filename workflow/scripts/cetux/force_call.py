"""What each sample of a patient shows of the alleles that the patient's other samples have: count, fraction and limit.

It reads no BAM: `call_genotypes` writes the fragments with every change of a listed codon, detected or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cetux.evidence import Allele, CodonLimit, SampleEvidence
from cetux.states import Forced, Specimen, Timepoint


@dataclass(frozen=True)
class ForcedCall:
    """One allele in one sample that was looked at because another sample shows it.

    allele: as in ``KRAS G12D``. alt_fragments of fragments show it; vaf is their ratio. excluded_vaf: the smallest VAF
    that the codon would have shown with 95 % power. All None where nothing read the codon, and outside the listed
    codons, where fragments without a detected change are not kept.
    """

    allele: str
    sample: str
    timepoint: Timepoint
    specimen: Specimen
    state: Forced
    alt_fragments: int | None = None
    fragments: int | None = None
    vaf: float | None = None
    excluded_vaf: float | None = None

    def __str__(self) -> str:
        """The finding in words, as in ``KRAS G12D in P1_pre: 0 of 500 fragments, ABSENT, excludes VAF >= 1.8 %``."""
        if self.fragments is None or self.vaf is None:
            return f"{self.allele} in {self.sample}: {self.state}"
        limit = "nothing" if self.excluded_vaf is None else f"VAF >= {self.excluded_vaf:.1%}"
        seen = f"{self.alt_fragments} of {self.fragments} fragments"
        if self.alt_fragments:
            seen += f" ({self.vaf:.2%})"
        return f"{self.allele} in {self.sample}: {seen}, {self.state}, excludes {limit}"


def detected(sample: SampleEvidence) -> list[Allele]:
    """Alleles that are DETECTED in a sample: the reported ones, and those below the floors of a report."""
    if not sample.usable.ok:
        return []
    genes = sample.genotypes.genes.values()
    return [allele for gene in genes for allele in (*gene.alleles, *gene.traces) if not allele.filters]


def force_calls(samples: Sequence[SampleEvidence]) -> tuple[ForcedCall, ...]:
    """Every allele that is DETECTED in one of the patient's samples, in each of the samples where it is not reported.

    Samples of every time point and specimen type are looked at, so two biopsies of one day inform each other as well.

    Args:
        samples: of one patient, in any order.

    Returns:
        By gene and codon of the allele, then by time point and ID of the sample; nothing of an unusable sample.
    """
    ordered = sorted((s for s in samples if s.usable.ok), key=lambda s: (s.timepoint is Timepoint.POST, s.sample))
    found = {name_of(allele): allele for sample in ordered for allele in detected(sample)}
    wanted = sorted(found.values(), key=lambda allele: (allele.gene, allele.codon, allele.protein))
    return tuple(force_call(sample, allele) for allele in wanted for sample in ordered if not _reported(sample, allele))


def force_call(sample: SampleEvidence, allele: Allele) -> ForcedCall:
    """One allele in one sample.

    Args:
        sample: a usable one.
        allele: from this or another sample; what counts is its gene and protein change, whatever the bases.
    """
    name = name_of(allele)
    where = (name, sample.sample, sample.timepoint, sample.specimen)
    gene = sample.genotypes.genes.get(allele.gene)
    if gene is None:
        return ForcedCall(*where, Forced.NOT_READ)
    limit = next((limit for limit in gene.codons if limit.codon == allele.codon), CodonLimit(allele.codon, 0, None))
    for seen in (*gene.alleles, *gene.traces):
        if seen.protein == allele.protein:
            state = Forced.FILTERED if seen.filters else Forced.DETECTED
            return ForcedCall(*where, state, seen.alt_fragments, seen.fragments, seen.vaf, limit.excluded_vaf)
    if not limit.fragments:
        return ForcedCall(*where, Forced.NOT_READ)
    many = min(sample.genotypes.observed.get(name, 0), limit.fragments)
    state = _state(many, name in sample.genotypes.beyond_errors)
    return ForcedCall(*where, state, many, limit.fragments, many / limit.fragments, limit.excluded_vaf)


def _state(fragments: int, beyond_errors: bool) -> Forced:
    if not fragments:
        return Forced.ABSENT
    return Forced.SUPPORTED if beyond_errors else Forced.FRAGMENTS


def name_of(allele: Allele) -> str:
    """Gene and protein change, as in ``KRAS G12D``."""
    return f"{allele.gene} {allele.protein}"


def _reported(sample: SampleEvidence, allele: Allele) -> bool:
    gene = sample.genotypes.genes.get(allele.gene)
    return gene is not None and any(found.protein == allele.protein for found in gene.alleles)
