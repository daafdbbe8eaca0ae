"""What the samples of one time point say on each axis: positive, negative or not usable, with the findings behind it.

What a state says stands in the rules (`MechanismRules.axes`). Several samples of one time point combine so: a positive
outweighs everything; then anything in doubt (a grey zone, an unclassified change, an equivocal gain) makes the axis not
usable; then one adequate negative is enough; else the axis is not usable, with what was missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cetux.evidence import Allele, CopyNumber, GeneGenotype, HeregulinResult, SampleEvidence
from cetux.germline import is_no_proof_of_tumour, likely_germline
from cetux.mechanism_rules import MECHANISM_OF, MechanismRules
from cetux.states import (
    Annotation,
    Axis,
    BrafState,
    Erbb2,
    Erbb2State,
    Genotype,
    Group,
    Heregulin,
    Mechanism,
    MutationSize,
    Origin,
    RasState,
    Specimen,
    Timepoint,
    Verdict,
)
from cetux.support import RAS_GENES

AXIS_GENES = (*RAS_GENES, "BRAF")
"""Genes of the axes RAS and BRAF."""

WEAK_REFERENCE = ("flat_reference", "few_normals", "reference_unknown")
"""Flags of a copy-number reference that caps the confidence."""

_UNREAD = RasState.NOT_ASSESSED
_CLASSES = {1: BrafState.CLASS1, 2: BrafState.CLASS2}
_CARRIED = ("no_precision", "assays_disagree")


@dataclass(frozen=True)
class Finding:
    """One thing that counts as a mechanism, seen in one sample (or in blood).

    allele, copy_number, heregulin: the evidence, exactly one of them; none where a review alone says it.
    """

    mechanism: Mechanism
    label: str
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
    """Verdict of one axis at one time point; reasons say what each sample gave, annotated what is not counted.

    fired: ids of the rules that made the verdict, as in ``axes.RAS.positive.MUTATED``. limit: the least that a
    negative axis would have seen with 95 % power: VAF, 0..1 (RAS, BRAF), or copies per tumour cell (ERBB2); None where
    it is not negative, where no sample gives a limit (as with POLYSOMY), and of heregulin.
    """

    axis: Axis
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    annotated: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fired: tuple[str, ...] = ()
    limit: float | None = None


@dataclass(frozen=True)
class _Said:
    """What one sample says on one axis, by the states that it is in; limit: as of an axis, whatever the group."""

    group: Group
    reason: str
    states: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    annotated: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    limit: float | None = None


_WITHIN_A_SAMPLE = (Group.POSITIVE, Group.IN_DOUBT, Group.NOT_USABLE, Group.NEGATIVE)
_BETWEEN_SAMPLES = (Group.POSITIVE, Group.IN_DOUBT, Group.NEGATIVE, Group.NOT_USABLE)
_VERDICTS = {Group.POSITIVE: Verdict.POSITIVE, Group.NEGATIVE: Verdict.NEGATIVE}


def axis_states(
    samples: Sequence[SampleEvidence],
    heregulin: HeregulinResult | None,
    timepoint: Timepoint,
    rules: MechanismRules,
) -> dict[Axis, AxisState]:
    """The four axes at one time point; `samples` are those of that time point."""
    ras = [_ras(sample, rules) for sample in samples] or [_Said(Group.NOT_USABLE, "no DNA sample", (_UNREAD,))]
    braf = [_braf(sample, rules) for sample in samples] or ras[:1]
    erbb2 = [_erbb2(sample, rules) for sample in samples] or ras[:1]
    return {
        Axis.RAS: _combine(Axis.RAS, ras, rules),
        Axis.BRAF: _combine(Axis.BRAF, braf, rules),
        Axis.ERBB2: _combine(Axis.ERBB2, erbb2, rules),
        Axis.HRG: _combine(Axis.HRG, [_hrg(heregulin, timepoint, rules)], rules),
    }


def _combine(axis: Axis, said: Sequence[_Said], rules: MechanismRules) -> AxisState:
    group = min((one.group for one in said), key=_BETWEEN_SAMPLES.index)
    flags = tuple(dict.fromkeys(flag for one in said for flag in one.flags))
    if any(one.group is Group.NEGATIVE and not _reduced(one.flags) for one in said):
        flags = tuple(flag for flag in flags if not _reduced([flag]))
    deciding = (rules.rule(axis, state) for one in said if one.group is group for state in one.states)
    limits = (one.limit for one in said if group is one.group is Group.NEGATIVE and one.limit is not None)
    return AxisState(
        axis=axis,
        verdict=_VERDICTS.get(group, Verdict.NOT_USABLE),
        reasons=tuple(one.reason for one in said),
        findings=tuple(finding for one in said for finding in one.findings),
        annotated=tuple(dict.fromkeys(note for one in said for note in one.annotated)),
        flags=flags,
        fired=tuple(dict.fromkeys(deciding)),
        limit=min(limits, default=None),
    )


def _strongest(axis: Axis, states: Iterable[str], rules: MechanismRules) -> Group:
    """What the states of one sample say together: a gap outweighs a negative, and any doubt outweighs a gap."""
    return min((rules.group(axis, state) for state in states), key=_WITHIN_A_SAMPLE.index)


def _reduced(flags: Iterable[str]) -> bool:
    return any(flag.startswith("reduced_scope") for flag in flags)


def size(allele: Allele, rules: MechanismRules) -> MutationSize:
    """How large a reported change is: MUT, or MUT_LOW by its cancer cell fraction."""
    if allele.state is Genotype.MUT:
        return MutationSize.MUT
    if allele.ccf is None:
        return MutationSize.MUT_LOW_PURITY_UNKNOWN
    return MutationSize.MUT_LOW_CLONAL if allele.ccf >= rules.clonal_ccf else MutationSize.MUT_LOW_SUBCLONAL


def counts(allele: Allele, rules: MechanismRules) -> bool:
    """Whether a reported change of a listed kind counts as a mutation."""
    return size(allele, rules) in rules.counted_sizes


def mutation_finding(mechanism: Mechanism, name: str, sample: SampleEvidence, allele: Allele) -> Finding:
    """A counted change of one sample as a finding; `name` stands in its label."""
    flags = []
    if allele.state is Genotype.MUT_LOW and allele.ccf is None:
        flags.append("low_vaf_purity_unknown")
    if sample.specimen is Specimen.CTDNA:
        flags.append("chip_not_excluded")  # no matched leukocytes are read
    return Finding(
        mechanism=mechanism,
        label=f"{mechanism}({name})",
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
    return any(allele.listed or not is_no_proof_of_tumour(allele, sample.erbb2.given_purity) for allele in found)


def _unread(sample: SampleEvidence, why: str) -> _Said:
    return _Said(Group.NOT_USABLE, f"{sample.sample}: {why}", (_UNREAD,))


def _no_genotypes(sample: SampleEvidence) -> str:
    """Why the sample says nothing of any gene's mutations; empty where it does."""
    if not sample.usable.ok:
        return f"sample not usable: {sample.usable.reason}"
    return "" if sample.genotypes.usable.ok else f"genotypes not usable: {sample.genotypes.usable.reason}"


def _ras(sample: SampleEvidence, rules: MechanismRules) -> _Said:
    """KRAS and NRAS together; with scope "KRAS_only" a negative KRAS is enough, flagged where NRAS says nothing."""
    if unread_because := _no_genotypes(sample):
        return _unread(sample, unread_because)
    read = {name: gene for name, gene in sample.genotypes.genes.items() if gene.codons_read}
    said = {name: _gene(Axis.RAS, sample, read[name], rules) for name in RAS_GENES if name in read}
    unread = [f"{sample.sample}: {_not_assessed(sample, name)}" for name in RAS_GENES if name not in read]
    merged = _merge(list(said.values()), unread)
    kras_is_enough = rules.scope == "KRAS_only" and "KRAS" in said and said["KRAS"].group is Group.NEGATIVE
    if kras_is_enough and merged.group is Group.NOT_USABLE:
        flag = "reduced_scope:NRAS_not_usable" if "NRAS" in said else "reduced_scope:NRAS_not_assessed"
        return replace(merged, group=Group.NEGATIVE, states=said["KRAS"].states, flags=(*merged.flags, flag))
    return merged


def _not_assessed(sample: SampleEvidence, name: str) -> str:
    gene = sample.genotypes.genes.get(name)
    return f"{name} not assessed" + (f" ({'; '.join(gene.failing)})" if gene and gene.failing else "")


def _merge(said: Sequence[_Said], unread: Sequence[str]) -> _Said:
    """Genes of one sample: any positive, any in doubt, else negative only if all were read and all are."""
    groups = [*(one.group for one in said), *([Group.NOT_USABLE] if unread else [])]
    group = min(groups, key=_WITHIN_A_SAMPLE.index)
    states = [state for one in said if one.group is group for state in one.states]
    return _Said(
        group,
        "; ".join([*(one.reason for one in said), *unread]),
        tuple(dict.fromkeys([*states, *([_UNREAD] if unread and group is Group.NOT_USABLE else [])])),
        tuple(finding for one in said for finding in one.findings),
        tuple(note for one in said for note in one.annotated),
        tuple(flag for one in said for flag in one.flags),
        max((one.limit for one in said if one.limit is not None), default=None),
    )


def _braf(sample: SampleEvidence, rules: MechanismRules) -> _Said:
    if unread_because := _no_genotypes(sample):
        return _unread(sample, unread_because)
    gene = sample.genotypes.genes.get("BRAF")
    if gene is None or not gene.codons_read:
        return _unread(sample, _not_assessed(sample, "BRAF"))
    return _gene(Axis.BRAF, sample, gene, rules)


def _state_of(axis: Axis, allele: Allele, purity: float | None, rules: MechanismRules) -> str:
    """State of one reported change of KRAS, NRAS or BRAF. A class 3 stays one, however small."""
    if allele.listed and allele.braf_class == 3:
        return BrafState.CLASS3
    if not allele.listed:
        return RasState.LIKELY_GERMLINE if likely_germline(allele, purity) else RasState.UNCLASSIFIED
    if not counts(allele, rules):
        return RasState.GREY_ZONE
    return RasState.MUTATED if axis is Axis.RAS else _CLASSES.get(allele.braf_class or 0, BrafState.UNCLASSIFIED)


def _note(axis: Axis, allele: Allele, state: str) -> str:
    """How a change is annotated that is no finding."""
    change = f"{allele.gene} {allele.protein}"
    if state == RasState.GREY_ZONE:
        return f"{Annotation.GREY_ZONE}({change})"
    if state == RasState.UNCLASSIFIED:
        return f"{Annotation.UNCLASSIFIED}({change})"
    if state == RasState.LIKELY_GERMLINE:
        return f"{Annotation.UNCLASSIFIED}({change}, likely germline)"
    if state == BrafState.CLASS3:
        return f"{Annotation.BRAF_CLASS3}({allele.protein})"
    return f"{MECHANISM_OF[axis, state]}({change if axis is Axis.RAS else allele.protein})"


def _gene(axis: Axis, sample: SampleEvidence, gene: GeneGenotype, rules: MechanismRules) -> _Said:
    """What one gene of one sample says: the states of its changes, or that it was not read, or that it is wild type."""
    name = f"{sample.sample}: {gene.gene}"
    seen = ", ".join(f"{allele.protein} {allele.vaf:.1%}" for allele in gene.alleles)
    found = [(allele, _state_of(axis, allele, sample.erbb2.given_purity, rules)) for allele in gene.alleles]
    states = [state for _, state in found] or [RasState.WT]
    if gene.failing:
        states.append(RasState.NO_CALL)
    elif not shows_tumour(sample):
        states.append(RasState.NO_TUMOUR_DNA)
    group = _strongest(axis, states, rules)
    findings = tuple(
        mutation_finding(
            MECHANISM_OF[axis, state],
            f"{gene.gene} {allele.protein}" if axis is Axis.RAS else allele.protein,
            sample,
            allele,
        )
        for allele, state in found
        if rules.group(axis, state) is Group.POSITIVE
    )
    notes = tuple(_note(axis, a, state) for a, state in found if rules.group(axis, state) is not Group.POSITIVE)
    deciding = tuple(dict.fromkeys(state for state in states if rules.group(axis, state) is group))
    words = f"{name}{_said_of(gene, seen, group, deciding)}"
    return _Said(group, words, deciding, findings, notes, limit=gene.excluded_vaf)


def _said_of(gene: GeneGenotype, seen: str, group: Group, deciding: Sequence[str]) -> str:
    """What stands behind the gene's name in the reason."""
    if group is Group.POSITIVE:
        return f" {seen}"
    if RasState.GREY_ZONE in deciding or RasState.UNCLASSIFIED in deciding:
        return f" {seen} {'in the grey zone' if RasState.GREY_ZONE in deciding else 'is unclassified'}"
    if RasState.NO_CALL in deciding:
        return f" no call: {'; '.join(gene.failing)}"
    if RasState.NO_TUMOUR_DNA in deciding:
        return ": no tumour DNA seen in this ctDNA"
    limit = f", excludes VAF >= {gene.excluded_vaf:.1%}" if gene.excluded_vaf is not None else ""
    ccf = f" (CCF >= {gene.excluded_ccf:.0%})" if gene.excluded_ccf is not None else ""
    if seen and not limit:
        return f" {seen}"
    return f" {seen}, else WT{limit}{ccf}" if seen else f" WT{limit}{ccf}"


_COPY_NOTES = {Erbb2State.EQUIVOCAL: Annotation.ERBB2_GAIN, Erbb2State.POLYSOMY: Annotation.POLYSOMY_17}


def _erbb2(sample: SampleEvidence, rules: MechanismRules) -> _Said:
    if not sample.usable.ok:
        return _unread(sample, f"sample not usable: {sample.usable.reason}")
    call = sample.erbb2
    state = Erbb2State(call.state)
    if call.state in (Erbb2.NEG, Erbb2.POLYSOMY) and not shows_tumour(sample):
        why = f"{sample.sample}: ERBB2: no tumour DNA seen in this ctDNA"
        return _Said(rules.group(Axis.ERBB2, Erbb2State.NO_TUMOUR_DNA), why, (Erbb2State.NO_TUMOUR_DNA,))
    group = rules.group(Axis.ERBB2, state)
    flags = tuple(flag for flag in call.flags if flag in (*WEAK_REFERENCE, "ratio_not_assessable"))
    reason = f"{sample.sample}: ERBB2 {call.state}, {call.reason}"
    if group is Group.POSITIVE:
        mechanism = MECHANISM_OF[Axis.ERBB2, state]
        finding = Finding(
            mechanism=mechanism,
            label=str(mechanism),
            timepoint=sample.timepoint,
            sample=sample.sample,
            specimen=sample.specimen,
            copy_number=call,
            flags=flags,
        )
        return _Said(group, reason, (state,), (finding,))
    noted = _COPY_NOTES.get(state) or MECHANISM_OF.get((Axis.ERBB2, state))
    return _Said(
        group,
        reason,
        (state,),
        annotated=(str(noted),) if noted else (),
        flags=flags if group is Group.NEGATIVE else (),
        limit=call.detectable_copies if state is Erbb2State.NEG else None,  # POLYSOMY is itself a gain
    )


def _hrg(result: HeregulinResult | None, timepoint: Timepoint, rules: MechanismRules) -> _Said:
    if result is None:
        return _Said(Group.NOT_USABLE, f"no heregulin value at {timepoint}", (Heregulin.MISSING,))
    group = rules.group(Axis.HRG, result.state)
    reason = f"heregulin {result.state}, {result.reason}"
    exploratory = ("exploratory_cutoff",) if result.cutoff_exploratory else ()
    flags = (*exploratory, *(flag for flag in result.flags if flag.startswith(_CARRIED)))
    if group is Group.POSITIVE:
        mechanism = MECHANISM_OF[Axis.HRG, result.state]
        finding = Finding(
            mechanism=mechanism,
            label=str(mechanism),
            timepoint=timepoint,
            heregulin=result,
            flags=flags,
        )
        return _Said(group, reason, (result.state,), (finding,))
    noted = MECHANISM_OF.get((Axis.HRG, result.state))
    return _Said(
        group,
        reason,
        (result.state,),
        annotated=(str(noted),) if noted else (),
        flags=flags if group is Group.NEGATIVE else (),
    )
