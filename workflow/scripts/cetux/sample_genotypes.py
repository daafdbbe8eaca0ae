"""Everything that one sample's genotypes are called from, put together: counts, contamination, the coding sequence."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from cetux import records
from cetux.background import estimate
from cetux.coding import coding_coverage, coding_scan
from cetux.counts import CodonCounts, HaplotypeCounts, SampleBackground, Usable
from cetux.evidence import Allele, GeneGenotype, SampleGenotypes
from cetux.genotype import Sample, call_genotypes
from cetux.identity import Contamination, contamination, raised_floor
from cetux.resources import alleles
from cetux.sites import SiteCounts
from cetux.states import Specimen
from cetux.umi_proof import is_umi, umi_flags
from cetux.umi_signs import CheckedSample

CODING_DEPTH = 200
"""Fragments from which a coding codon counts as covered: what the rules ask of a listed one in tissue."""

MOST_FOREIGN = 0.05
"""Foreign DNA from which a sample is not usable: the other person's mutation would be reported as MUT in tissue [P]."""


def genotype_sample(
    check: CheckedSample,
    counts: HaplotypeCounts,
    sites: SiteCounts | None,
    build: str,
    fasta: str | None,
    sample: Mapping[str, Any],
    settings: Mapping[str, Any],
    normals: Sequence[SampleBackground] = (),
) -> SampleGenotypes:
    """State of every gene of one sample, with what raises its grey zone and how much of the coding sequence was read.

    Foreign DNA shows its own alleles: where contamination is detected no allele below its upper bound is reported, and
    no wild type is claimed below it. The assay's word that the BAM holds consensus reads of UMIs counts where the BAM
    shows it; otherwise ctDNA is judged as ctDNA without UMIs.

    Args:
        check: what `check_sample` found.
        counts: what `count_haplotypes` counted at `scanned_codons(build, fasta)`.
        sites: what `count_sites` counted; None without a list of SNPs.
        build: the assay's build.
        fasta: the assay's FASTA; without one only listed codons were read, which is flagged.
        sample: fields of `genotype.Sample`; `umi` as the assay claims.
        settings: the `genotypes` section of the settings.
        normals: what went wrong in normals of the same assay, specimen type and preservation.
    """
    scan = coding_scan(build, fasta)
    found = _foreign(counts, sites, normals) if sites and sites.usable.ok else None
    specimen, claimed = Specimen(sample["specimen"]), sample["umi"]
    known = Sample(**{**sample, "specimen": specimen, "umi": claimed and is_umi(check.umi)})
    raised = _raised(settings, found)
    called = call_genotypes(check, counts, scan.counted, scan.transcripts, alleles(), known, raised, normals)
    if not called.usable.ok:
        return called
    if _without_qualities(check, counts):
        usable = Usable(False, "the reads carry no base qualities (* or 0)", "Align the FASTQ with its qualities again")
        return SampleGenotypes(counts.sample, usable)
    if found and found.detected and (found.fraction or 0) >= MOST_FOREIGN:
        usable = Usable(False, f"contaminated: {found.reason}", "Sequence the specimen again")
        return SampleGenotypes(counts.sample, usable, flags=(f"contamination:{found.fraction or 0:.2%}",))
    flags = [*called.flags, *umi_flags(check.umi, claimed, specimen)]
    if scan.notes:
        flags.append("listed_codons_only:" + ",".join(note.split(":", 1)[0] for note in scan.notes))
    if found and found.detected:
        flags.append(f"contamination:{found.fraction or 0:.2%}")
    elif found is None or not found.assessable:
        flags.append("contamination_not_assessable")
    covered = coding_coverage(counts.codons, scan.codons, CODING_DEPTH) if not scan.notes else ()
    listed = {(codon.gene, codon.codon) for codon in scan.counted if codon.required}
    return replace(
        called,
        genes={
            name: replace(
                gene,
                failing=_failing(gene, counts.codons, listed),
                codons=tuple(limit for limit in gene.codons if (name, limit.codon) in listed),
                traces=tuple(_doubted(trace, found) for trace in gene.traces),
            )
            for name, gene in called.genes.items()
        },
        flags=tuple(flags),
        coding_coverage={one.gene: one.covered_fraction for one in covered},
    )


def _without_qualities(check: CheckedSample, counts: HaplotypeCounts) -> bool:
    """Whether nothing was read at the codons for want of qualities: of no read that was looked at is any above 0."""
    return not any(count.haplotypes for count in counts.codons) and set(check.umi.highest_phred) == {0}


def _failing(gene: GeneGenotype, counts: Sequence[CodonCounts], listed: Set[tuple[str, int]]) -> tuple[str, ...]:
    """What keeps the gene from being wild type; a listed codon that fragments show only in part is not uncovered."""
    seen = {one.codon: sum(shown.fragments for shown in one.haplotypes) for one in counts if one.gene == gene.gene}
    in_part = {
        f"codon {limit.codon} not covered": f"codon {limit.codon} read only in part (by {seen[limit.codon]} fragments)"
        for limit in gene.codons
        if (gene.gene, limit.codon) in listed and not limit.fragments and seen[limit.codon]
    }
    if in_part and not gene.codons_read:
        return tuple(in_part.values())
    return tuple(in_part.get(text, text) for text in gene.failing)


def _foreign(counts: HaplotypeCounts, sites: SiteCounts, normals: Sequence[SampleBackground]) -> Contamination:
    """Foreign DNA beyond what the sample's own errors make."""
    alike = [normal.background for normal in normals if normal.usable.ok]
    rates = estimate(counts.background, counts.codons, alike).summary() if counts.usable.ok else {}
    return contamination(sites.counts(), sites.frequencies(), rates)


def _doubted(trace: Allele, found: Contamination | None) -> Allele:
    """A change that foreign DNA can bring may be the other person's: it is no proof that the patient had it."""
    if found is None or not found.detected or trace.vaf > (found.high or 0.0):
        return trace
    return replace(trace, filters=(*trace.filters, "foreign_dna"))


def read_backgrounds(paths: Iterable[str]) -> list[SampleBackground]:
    """What `count_haplotypes` counted around the codons of each normal."""
    return [records.read(SampleBackground, path) for path in paths]


def _raised(settings: Mapping[str, Any], found: Contamination | None) -> Mapping[str, Any]:
    """The settings with every floor at least as high as foreign DNA can reach."""
    if found is None or not found.detected:
        return settings
    raised = dict(settings)
    for kind in ("tissue", "ctdna"):
        part = dict(settings[kind])
        part["low_vaf"] = raised_floor(part["low_vaf"], found)
        part["mut_vaf"] = max(part["mut_vaf"], part["low_vaf"])
        raised[kind] = part
    return raised
