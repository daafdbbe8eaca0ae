"""Findings beyond the four axes, what is only annotated, and which rules made a change count."""

from collections.abc import Iterable, Sequence

from cetux.amplification_rules import other_amplifications
from cetux.axes import AXIS_GENES, Finding, counts, mutation_finding, size
from cetux.evidence import SampleEvidence
from cetux.mechanism_rules import EXTENDED_MECHANISMS, MechanismRules
from cetux.states import Annotation


def extended_findings(
    samples: Sequence[SampleEvidence], drug: str, rules: MechanismRules
) -> tuple[list[Finding], list[str]]:
    """Findings beyond the four axes (EGFR ectodomain, ERBB2 mutation), and what is only annotated."""
    findings: list[Finding] = []
    annotated: list[str] = []
    for sample in samples:
        annotated += other_amplifications(sample.erbb2)
        for gene, genotype in sample.genotypes.genes.items():
            if gene in AXIS_GENES:
                continue
            for allele in genotype.alleles:
                name = f"{gene} {allele.protein}"
                if not allele.listed:
                    annotated.append(f"{Annotation.UNCLASSIFIED}({name})")
                elif not counts(allele, rules):
                    annotated.append(f"{Annotation.GREY_ZONE}({name})")
                elif gene in rules.calling and drug in rules.only_under.get(name, (drug,)):
                    findings.append(mutation_finding(EXTENDED_MECHANISMS[gene], allele.protein, sample, allele))
                else:
                    annotated.append(f"{Annotation.OTHER_GENE}({name})")
    return findings, annotated


def rules_of_changes(samples: Iterable[SampleEvidence], rules: MechanismRules) -> list[str]:
    """Ids of the rules that say what the listed changes count for, as in ``mutations.counted.MUT``."""
    found: dict[str, None] = {}
    for gene in (gene for sample in samples for gene in sample.genotypes.genes.values()):
        for allele in (allele for allele in gene.alleles if allele.listed):
            found[f"mutations.{'counted' if counts(allele, rules) else 'grey_zone'}.{size(allele, rules)}"] = None
            if gene.gene not in AXIS_GENES:
                found[f"extended.{'calling' if gene.gene in rules.calling else 'annotated'}.{gene.gene}"] = None
    return list(found)
