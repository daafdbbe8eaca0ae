"""What the samples of one time point say on each axis: positive, negative or not usable, with the findings behind it.

Several samples of one time point combine so: a positive outweighs everything; then anything suspicious (a grey zone,
an unclassified change, an equivocal gain) makes the axis not usable; then one adequate negative is enough; else the
axis is not usable, with what was missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cetux.evidence import Allele, CopyNumber, GeneGenotype, HeregulinResult, SampleEvidence
from cetux.resources import alleles
from cetux.states import (
    Annotation,
    Axis,
    Erbb2,
    Genotype,
    Heregulin,
    Mechanism,
    Origin,
    Specimen,
    Timepoint,
    Verdict,
)
from cetux.support import RAS_GENES

CLONAL_CCF = 0.5
"""A mutation in at least half of the tumour cells is clonal here (rules)."""

AXIS_GENES = (*RAS_GENES, "BRAF")
"""Genes of the axes RAS and BRAF."""

WEAK_REFERENCE = ("flat_reference", "few_normals")
"""Flags of a copy-number reference that caps the confidence."""

_GERMLINE_VAF = (0.4, 0.6)


@dataclass(frozen=True)
class Finding:
    """One thing that counts as a mechanism, seen in one sample (or in blood).

    group: findings of one group are one cause; ERBB2 amplification, ERBB2 mutation and heregulin are ERBB2 signalling.
    allele, copy_number, heregulin: the evidence, exactly one of them.
    """

    mechanism: Mechanism
    label: str
    group: str
    timepoint: Timepoint
    sample: str = ""
    specimen: Specimen | None = None
    allele: Allele | None = None
    copy_number: CopyNumber | None = None
    heregulin: HeregulinResult | None = None
    origin: Origin | None = None
    flags: tuple[str, ...] = ()

    @property
    def ccf(self) -> float | None:
        """Cancer cell fraction of a mutation whose purity is known."""
        return self.allele.ccf if self.allele else None


@dataclass(frozen=True)
class AxisState:
    """Verdict of one axis at one time point; reasons say what each sample gave, annotated what is not counted."""

    axis: Axis
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    annotated: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Said:
    """What one sample says on one axis; suspicious: not usable in a way that another sample's negative cannot mend."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...] = ()
    annotated: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    suspicious: bool = False


def axis_states(
    samples: Sequence[SampleEvidence],
    heregulin: HeregulinResult | None,
    timepoint: Timepoint,
    ras_scope: str,
) -> dict[Axis, AxisState]:
    """The four axes at one time point; `samples` are those of that time point."""
    ras = [_ras(sample, ras_scope) for sample in samples]
    braf = [_braf(sample) for sample in samples]
    erbb2 = [_erbb2(sample) for sample in samples]
    return {
        Axis.RAS: _combine(Axis.RAS, ras, "no DNA sample"),
        Axis.BRAF: _combine(Axis.BRAF, braf, "no DNA sample"),
        Axis.ERBB2: _combine(Axis.ERBB2, erbb2, "no DNA sample"),
        Axis.HRG: _combine(Axis.HRG, [_hrg(heregulin, timepoint)], "no heregulin value"),
    }


def extended_findings(samples: Sequence[SampleEvidence], drug: str) -> tuple[list[Finding], list[str]]:
    """Findings beyond the four axes (EGFR ectodomain, ERBB2 mutation), and what is only annotated."""
    findings: list[Finding] = []
    annotated: list[str] = []
    for sample in samples:
        for gene, genotype in sample.genotypes.genes.items():
            if gene in AXIS_GENES:
                continue
            for allele in genotype.alleles:
                name = f"{gene} {allele.protein}"
                if not allele.listed:
                    annotated.append(f"{Annotation.UNCLASSIFIED}({name})")
                elif not _counts(allele):
                    annotated.append(f"{Annotation.GREY_ZONE}({name})")
                elif gene == "EGFR" and (drug == "cetuximab" or allele.protein != "S492R"):
                    findings.append(_mutation(Mechanism.EGFR_ECD, allele.protein, "EGFR", sample, allele))
                elif gene == "ERBB2":
                    findings.append(_mutation(Mechanism.ERBB2_MUT, allele.protein, Axis.ERBB2, sample, allele))
                else:
                    annotated.append(f"{Annotation.OTHER_GENE}({name})")
    return findings, annotated


def _combine(axis: Axis, said: Sequence[_Said], nothing: str) -> AxisState:
    findings = tuple(finding for one in said for finding in one.findings)
    annotated = tuple(dict.fromkeys(note for one in said for note in one.annotated))
    flags = tuple(dict.fromkeys(flag for one in said for flag in one.flags))
    if any(one.verdict is Verdict.NEGATIVE and not _reduced(one.flags) for one in said):
        flags = tuple(flag for flag in flags if not _reduced([flag]))
    verdicts = {one.verdict for one in said}
    if Verdict.POSITIVE in verdicts:
        verdict = Verdict.POSITIVE
    elif any(one.suspicious for one in said) or Verdict.NEGATIVE not in verdicts:
        verdict = Verdict.NOT_USABLE
    else:
        verdict = Verdict.NEGATIVE
    reasons = tuple(one.reason for one in said) or (nothing,)
    return AxisState(axis, verdict, reasons, findings, annotated, flags)


def _reduced(flags: Iterable[str]) -> bool:
    return any(flag.startswith("reduced_scope") for flag in flags)


def _counts(allele: Allele) -> bool:
    """MUT counts; MUT_LOW counts where it is clonal, or where an unknown purity could make it so (flagged)."""
    return allele.state is Genotype.MUT or allele.ccf is None or allele.ccf >= CLONAL_CCF


def _likely_germline(allele: Allele, purity: float | None) -> bool:
    """A VAF of 40 to 60 % where the purity is too low for a somatic change to reach it, even with the other copy lost.

    A mutation on the only copy left in tumour cells of purity p has VAF p / (p + 2*(1-p)) = p / (2 - p). Changes of the
    allele table, and insertions and deletions, are never taken for germline.
    """
    low, high = _GERMLINE_VAF
    if purity is None or allele.indel is not None or (allele.gene, allele.protein) in alleles():
        return False
    return low <= allele.vaf <= high and purity / (2 - purity) < allele.vaf


def _mutation(mechanism: Mechanism, name: str, group: str, sample: SampleEvidence, allele: Allele) -> Finding:
    flags = []
    if allele.state is Genotype.MUT_LOW and allele.ccf is None:
        flags.append("low_vaf_purity_unknown")
    if sample.specimen is Specimen.CTDNA:
        flags.append("chip_not_excluded")  # no matched leukocytes are read
    return Finding(
        mechanism=mechanism,
        label=f"{mechanism}({name})",
        group=group,
        timepoint=sample.timepoint,
        sample=sample.sample,
        specimen=sample.specimen,
        allele=allele,
        flags=tuple(flags),
    )


def shows_tumour(sample: SampleEvidence) -> bool:
    """Whether anything in the sample proves tumour DNA: without it a negative ctDNA says nothing."""
    if sample.specimen is Specimen.TISSUE or sample.erbb2.state is Erbb2.AMP:
        return True
    found = [allele for genotype in sample.genotypes.genes.values() for allele in genotype.alleles]
    return any(allele.listed or not _likely_germline(allele, sample.erbb2.purity) for allele in found)


def _not_usable(sample: SampleEvidence, why: str) -> _Said:
    return _Said(Verdict.NOT_USABLE, f"{sample.sample}: {why}")


def _ras(sample: SampleEvidence, scope: str) -> _Said:
    """KRAS and NRAS together; with scope "KRAS_only" a negative KRAS is enough, flagged where NRAS says nothing."""
    if not sample.usable.ok:
        return _not_usable(sample, f"sample not usable: {sample.usable.reason}")
    read = {name: gene for name, gene in sample.genotypes.genes.items() if gene.codons_read}
    said = {name: _ras_gene(sample, read[name]) for name in RAS_GENES if name in read}
    unread = [f"{sample.sample}: {name} not assessed" for name in RAS_GENES if name not in read]
    merged = _merge(list(said.values()), unread)
    kras_is_enough = scope == "KRAS_only" and "KRAS" in said and said["KRAS"].verdict is Verdict.NEGATIVE
    if kras_is_enough and merged.verdict is Verdict.NOT_USABLE and not merged.suspicious:
        flag = "reduced_scope:NRAS_not_usable" if "NRAS" in said else "reduced_scope:NRAS_not_assessed"
        return replace(merged, verdict=Verdict.NEGATIVE, flags=(*merged.flags, flag))
    return merged


def _merge(said: Sequence[_Said], unread: Sequence[str]) -> _Said:
    """Genes of one sample: any positive, else negative only if all were read and all are."""
    verdicts = [one.verdict for one in said]
    if Verdict.POSITIVE in verdicts:
        verdict = Verdict.POSITIVE
    elif unread or any(one is not Verdict.NEGATIVE for one in verdicts):
        verdict = Verdict.NOT_USABLE
    else:
        verdict = Verdict.NEGATIVE
    return _Said(
        verdict,
        "; ".join([*(one.reason for one in said), *unread]),
        tuple(finding for one in said for finding in one.findings),
        tuple(note for one in said for note in one.annotated),
        tuple(flag for one in said for flag in one.flags),
        any(one.suspicious for one in said),
    )


def _ras_gene(sample: SampleEvidence, gene: GeneGenotype) -> _Said:
    findings = tuple(
        _mutation(Mechanism.RAS_MUT, f"{gene.gene} {allele.protein}", Axis.RAS, sample, allele)
        for allele in gene.alleles
        if allele.listed and _counts(allele)
    )
    return _gene(sample, gene, findings, ())


def _braf(sample: SampleEvidence) -> _Said:
    if not sample.usable.ok:
        return _not_usable(sample, f"sample not usable: {sample.usable.reason}")
    gene = sample.genotypes.genes.get("BRAF")
    if gene is None or not gene.codons_read:
        return _not_usable(sample, "BRAF not assessed")
    kinds = {1: Mechanism.BRAF_CLASS1, 2: Mechanism.BRAF_CLASS2}
    findings = tuple(
        _mutation(kinds[allele.braf_class], allele.protein, Axis.BRAF, sample, allele)
        for allele in gene.alleles
        if allele.braf_class in kinds and _counts(allele)
    )
    class_3 = tuple(f"{Annotation.BRAF_CLASS3}({allele.protein})" for allele in gene.alleles if allele.braf_class == 3)
    return _gene(sample, gene, findings, class_3)


def _gene(
    sample: SampleEvidence, gene: GeneGenotype, findings: tuple[Finding, ...], uncounted: tuple[str, ...]
) -> _Said:
    """Verdict of one gene whose counting findings are known; `uncounted` are findings that leave it negative."""
    seen = ", ".join(f"{allele.protein} {allele.vaf:.1%}" for allele in gene.alleles)
    name = f"{sample.sample}: {gene.gene}"
    found = [finding.allele for finding in findings]
    grey, unclassified, germline = [], [], []
    for allele in gene.alleles:
        change = f"{gene.gene} {allele.protein}"
        if allele.listed and allele.braf_class != 3 and allele not in found:
            grey.append(f"{Annotation.GREY_ZONE}({change})")
        elif not allele.listed and _likely_germline(allele, sample.erbb2.purity):
            germline.append(f"{Annotation.UNCLASSIFIED}({change}, likely germline)")
        elif not allele.listed:
            unclassified.append(f"{Annotation.UNCLASSIFIED}({change})")
    annotated = (*uncounted, *grey, *unclassified, *germline)
    if findings:
        return _Said(Verdict.POSITIVE, f"{name} {seen}", findings, annotated)
    if grey or unclassified:
        what = "in the grey zone" if grey else "is unclassified"
        return _Said(Verdict.NOT_USABLE, f"{name} {seen} {what}", annotated=annotated, suspicious=True)
    if gene.failing:
        return _Said(Verdict.NOT_USABLE, f"{name} no call: {'; '.join(gene.failing)}", annotated=annotated)
    if not shows_tumour(sample):
        return _Said(Verdict.NOT_USABLE, f"{name}: no tumour DNA seen in this ctDNA", annotated=annotated)
    limit = f", excludes VAF >= {gene.excluded_vaf:.1%}" if gene.excluded_vaf is not None else ""
    ccf = f" (CCF >= {gene.excluded_ccf:.0%})" if gene.excluded_ccf is not None else ""
    return _Said(Verdict.NEGATIVE, f"{name} WT{limit}{ccf}" if not seen else f"{name} {seen}", annotated=annotated)


def _erbb2(sample: SampleEvidence) -> _Said:
    if not sample.usable.ok:
        return _not_usable(sample, f"sample not usable: {sample.usable.reason}")
    call = sample.erbb2
    reason = f"{sample.sample}: ERBB2 {call.state}, {call.reason}"
    if call.state is Erbb2.AMP:
        finding = Finding(
            mechanism=Mechanism.ERBB2_AMP,
            label=str(Mechanism.ERBB2_AMP),
            group=Axis.ERBB2,
            timepoint=sample.timepoint,
            sample=sample.sample,
            specimen=sample.specimen,
            copy_number=call,
            flags=tuple(flag for flag in call.flags if flag in (*WEAK_REFERENCE, "ratio_not_assessable")),
        )
        return _Said(Verdict.POSITIVE, reason, (finding,))
    if call.state is Erbb2.EQUIVOCAL:
        return _Said(Verdict.NOT_USABLE, reason, annotated=(str(Annotation.ERBB2_GAIN),), suspicious=True)
    if call.state is Erbb2.NE:
        return _Said(Verdict.NOT_USABLE, reason)
    if not shows_tumour(sample):
        return _not_usable(sample, "ERBB2: no tumour DNA seen in this ctDNA")
    notes = (str(Annotation.POLYSOMY_17),) if call.state is Erbb2.POLYSOMY else ()
    flags = tuple(flag for flag in call.flags if flag in (*WEAK_REFERENCE, "ratio_not_assessable"))
    return _Said(Verdict.NEGATIVE, reason, annotated=notes, flags=flags)


def _hrg(result: HeregulinResult | None, timepoint: Timepoint) -> _Said:
    if result is None:
        return _Said(Verdict.NOT_USABLE, f"no heregulin value at {timepoint}")
    reason = f"heregulin {result.state}, {result.reason}"
    exploratory = ("exploratory_cutoff",) if result.cutoff_exploratory else ()
    if result.state is Heregulin.HIGH:
        finding = Finding(
            mechanism=Mechanism.HRG_HIGH,
            label=str(Mechanism.HRG_HIGH),
            group=Axis.ERBB2,
            timepoint=timepoint,
            heregulin=result,
            flags=exploratory,
        )
        return _Said(Verdict.POSITIVE, reason, (finding,))
    if result.state in (Heregulin.LOW, Heregulin.BLQ):
        return _Said(Verdict.NEGATIVE, reason, flags=exploratory)
    return _Said(Verdict.NOT_USABLE, reason)
