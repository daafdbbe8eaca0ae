"""What would the calls be if a threshold were another: sweeps over plausible ranges, and the nearest flip of each call.

Only what the records allow to decide again exactly is swept: the states of ERBB2 from its numbers, those of genes from
the VAFs that were found and the limits that were reached, heregulin from value, interval and cut-off, and all of the
join. What reads counts or coverage again (base quality, false-detection rate, bins, fragments needed) is not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cetux import amplification_rules
from cetux.axis_evidence import judged_as
from cetux.clinical import classify
from cetux.clonality import cell_fraction, with_local_copies
from cetux.cohort_calls import CohortCalls
from cetux.copies import moved_to
from cetux.evidence import Allele, CopyNumber, GeneGenotype, HeregulinResult, SampleEvidence
from cetux.heregulin import compared
from cetux.mechanism import Call, PatientEvidence, call_patient
from cetux.mechanism_rules import MechanismRules
from cetux.resources import BUILDS, codons
from cetux.states import Genotype, Specimen
from cetux.tables import table_text

Settings = Mapping[str, Any]
Changed = Callable[[PatientEvidence, float], PatientEvidence]
ChangedRules = Callable[[MechanismRules, float], MechanismRules]

COLUMNS = ("threshold", "value", "current", "patients_changed", "changes")
"""Columns of what_if.tsv; changes: ``patient: before > after``, by patient."""


@dataclass(frozen=True)
class Threshold:
    """One threshold with the range that it might have had.

    current: as the cohort is configured. values: ascending, the current one among them. evidence, rules: what another
    value makes of a patient's evidence, or of the rules; evidence that it does not touch comes back as the same object.
    why: where the range comes from.
    """

    name: str
    current: float
    values: tuple[float, ...]
    why: str
    evidence: Changed | None = None
    rules: ChangedRules | None = None


@dataclass(frozen=True)
class Flip:
    """One patient's call at one value of one threshold, where it differs from the call that stands."""

    patient: str
    before: str
    after: str


@dataclass(frozen=True)
class Sweep:
    """All flips of one threshold, by value."""

    threshold: str
    current: float
    values: tuple[float, ...]
    flips: tuple[tuple[Flip, ...], ...]
    why: str


@dataclass(frozen=True)
class WhatIf:
    """Every sweep; nearest: by patient, the nearest change of each threshold that would move the call, in words."""

    sweeps: tuple[Sweep, ...]
    nearest: dict[str, tuple[str, ...]]


def what_if(calls: CohortCalls, settings: Settings) -> WhatIf:
    """Decide every patient again at every value of every threshold.

    Args:
        calls: of all patients, with the evidence and the rules that made them.
        settings: the cohort's, with the sections `erbb2` and `genotypes`.
    """
    evidence = [patient.evidence() for patient in calls.patients]
    standing = {patient.call.patient: _said(patient.call) for patient in calls.patients}
    sweeps = tuple(
        _sweep(threshold, evidence, calls.rules, standing) for threshold in thresholds(calls.rules, settings)
    )
    return WhatIf(sweeps, _nearest(sweeps, standing))


def thresholds(rules: MechanismRules, settings: Settings) -> tuple[Threshold, ...]:
    """Every threshold that is swept, with its plausible range [proposed] and the reason for it."""
    erbb2, tissue, ctdna = settings["erbb2"], settings["genotypes"]["tissue"], settings["genotypes"]["ctdna"]
    days = rules.classes
    copies = "between ASCO/CAP's 4 and the 8 that some panels ask"
    swept = [
        _erbb2("erbb2.amp_copies", erbb2, (4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8), copies),
        _erbb2("erbb2.amp_ratio", erbb2, (1.5, 1.75, 2, 2.25, 2.5, 3), "around the 2.0 of every FISH rule"),
        _erbb2("erbb2.amp_gain_over_ploidy", erbb2, (2, 2.5, 3, 3.5, 4), "around the 3 of the rules"),
        _erbb2("erbb2.neg_copies", erbb2, (3, 3.5, 4, 4.5, 5), "around the 4 of the rules"),
        _erbb2("erbb2.min_purity", erbb2, (0.1, 0.15, 0.2, 0.25, 0.3), "10 to 30 %, as panels ask"),
        Threshold(
            "purity (times what is stated)",
            1.0,
            (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0),
            "estimates by eye are off by up to a factor of two",
            evidence=lambda one, factor: _samples(one, lambda sample: _at_purity(sample, factor, erbb2)),
        ),
        _floor("genotypes.tissue.mut_vaf", tissue, Specimen.TISSUE, (0.02, 0.03, 0.05, 0.075, 0.1)),
        _floor("genotypes.ctdna.mut_vaf", ctdna, Specimen.CTDNA, (0.002, 0.003, 0.005, 0.0075, 0.01)),
        _limit("genotypes.tissue.wt_excludes_vaf", tissue, Specimen.TISSUE, (0.01, 0.02, 0.03, 0.05, 0.075, 0.1)),
        _limit("genotypes.ctdna.wt_excludes_vaf", ctdna, Specimen.CTDNA, (0.001, 0.002, 0.005, 0.0075, 0.01)),
        Threshold(
            "heregulin cut-off (times what is used)",
            1.0,
            (0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0),
            "cut-offs of one assay differ by a factor of two between cohorts",
            evidence=_with_cutoff,
        ),
        Threshold(
            "mutations.clonal_ccf",
            rules.clonal_ccf,
            _around(rules.clonal_ccf, (0.25, 0.33, 0.5, 0.67, 0.75)),
            "a quarter to three quarters of the tumour cells",
            rules=lambda now, ccf: replace(now, clonal_ccf=ccf),
        ),
        Threshold(
            "classes.off_drug_days",
            days.off_drug_days,
            _around(days.off_drug_days, (14, 30, 42, 60, 90)),
            "two weeks to three months after the last dose",
            rules=lambda now, limit: replace(now, classes=replace(now.classes, off_drug_days=int(limit))),
        ),
    ]
    if days.stable_disease_days is not None:
        swept.append(
            Threshold(
                "classes.stable_disease_days",
                days.stable_disease_days,
                _around(days.stable_disease_days, (84, 112, 140, 168, 183, 210, 240)),
                "twelve weeks to eight months",
                rules=lambda now, limit: replace(now, classes=replace(now.classes, stable_disease_days=int(limit))),
            )
        )
    return tuple(swept)


def _around(current: float, values: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted({float(current), *map(float, values)}))


def _erbb2(name: str, settings: Settings, values: Sequence[float], why: str) -> Threshold:
    key = name.split(".")[1]

    def changed(one: PatientEvidence, value: float) -> PatientEvidence:
        return _samples(one, lambda sample: _with_copies(sample, {**settings, key: value}))

    return Threshold(name, float(settings[key]), _around(settings[key], values), why, evidence=changed)


def _floor(name: str, settings: Settings, specimen: Specimen, values: Sequence[float]) -> Threshold:
    low, current = settings["low_vaf"], settings["mut_vaf"]

    def changed(one: PatientEvidence, value: float) -> PatientEvidence:
        return _genes(one, specimen, lambda gene: _graded(gene, value, low))

    return Threshold(name, current, _around(current, values), "half to twice what the rules say", evidence=changed)


def _limit(name: str, settings: Settings, specimen: Specimen, values: Sequence[float]) -> Threshold:
    current = settings["wt_excludes_vaf"]

    def changed(one: PatientEvidence, value: float) -> PatientEvidence:
        return _genes(one, specimen, lambda gene: _limited(gene, value))

    return Threshold(name, current, _around(current, values), "a fifth to twice what the rules say", evidence=changed)


def _samples(one: PatientEvidence, changed: Callable[[SampleEvidence], SampleEvidence]) -> PatientEvidence:
    samples = tuple(map(changed, one.samples))
    same = all(new is old for new, old in zip(samples, one.samples, strict=True))
    return one if same else replace(one, samples=samples)


def _genes(
    one: PatientEvidence, specimen: Specimen, changed: Callable[[GeneGenotype], GeneGenotype]
) -> PatientEvidence:
    """Genes of the samples that the thresholds of `specimen` judge."""

    def of(sample: SampleEvidence) -> SampleEvidence:
        if judged_as(sample) is not specimen:
            return sample
        genes = {name: changed(gene) for name, gene in sample.genotypes.genes.items()}
        same = all(genes[name] is gene for name, gene in sample.genotypes.genes.items())
        return sample if same else replace(sample, genotypes=replace(sample.genotypes, genes=genes))

    return _samples(one, of)


def _with_copies(sample: SampleEvidence, rules: Settings) -> SampleEvidence:
    """The sample as `rules` call its copies; what was not measured, or is too noisy, stays what it is."""
    facts = sample.erbb2
    if facts.log2 is None or facts.reason.startswith("technical"):
        return sample
    found = amplification_rules.decided(facts, rules)
    return sample if found.state is facts.state else replace(sample, erbb2=found)


def _at_purity(sample: SampleEvidence, factor: float, rules: Settings) -> SampleEvidence:
    """The sample at another purity, at most 1: its copies, and the CCF of all that was detected, traces as well."""
    call = sample.erbb2
    purity = None if call.purity is None else min(call.purity * factor, 1.0)
    if purity is None or purity == call.purity:
        return sample
    low = purity * rules["purity_lower_factor"]

    def at(allele: Allele) -> Allele:
        found = cell_fraction(allele.alt_fragments, allele.fragments, purity, low)
        times = found.multiplicity
        return replace(allele, ccf=found.value, ccf_low=found.low, ccf_high=found.high, multiplicity=times)

    genes = {
        name: replace(gene, alleles=tuple(map(at, gene.alleles)), traces=tuple(map(at, gene.traces)))
        for name, gene in sample.genotypes.genes.items()
    }
    genotypes = replace(sample.genotypes, genes=genes)
    moved = replace(sample, genotypes=genotypes, erbb2=_copies_at(call, purity, rules))
    return with_local_copies(moved, rules["purity_lower_factor"])


def _copies_at(call: CopyNumber, purity: float, rules: Settings) -> CopyNumber:
    """The copies at another purity, by the rules; what was not measured, or is too noisy, stays in its state."""
    if call.log2 is None:
        return replace(call, purity=purity)
    facts = moved_to(call, purity)
    return facts if call.reason.startswith("technical") else amplification_rules.decided(facts, rules)


def _graded(gene: GeneGenotype, mut_vaf: float, low_vaf: float) -> GeneGenotype:
    """The gene with its changes graded by another floor of MUT; what is below that of MUT_LOW stays a trace."""
    alleles = tuple(
        replace(one, state=Genotype.MUT if one.vaf >= mut_vaf else Genotype.MUT_LOW)
        if one.vaf >= min(low_vaf, mut_vaf)
        else one
        for one in gene.alleles
    )
    if alleles == gene.alleles:
        return gene
    state = Genotype.MUT if any(one.state is Genotype.MUT for one in alleles) else Genotype.MUT_LOW
    return replace(gene, alleles=alleles, state=state)


_REQUIRED = frozenset((codon.gene, codon.codon) for codon in codons(BUILDS[0]) if codon.required)


def _limited(gene: GeneGenotype, wt_excludes_vaf: float) -> GeneGenotype:
    """The gene as wild type, or no call, by the limits that its required codons reached."""
    if gene.state not in (Genotype.WT, Genotype.NO_CALL) or any(trace.filters for trace in gene.traces):
        return gene
    needed = [limit for limit in gene.codons if (gene.gene, limit.codon) in _REQUIRED]
    short = [
        limit
        for limit in needed
        if limit.excluded_vaf is None
        or limit.excluded_vaf > wt_excludes_vaf + 1e-12
        or (limit.excluded_ccf or 0.0) > 1  # a purity at which no depth shows a clonal mutation
    ]
    if gene.state is Genotype.WT and short:
        failing = tuple(f"codon {limit.codon} depth {limit.fragments}" for limit in short)
        return replace(gene, state=Genotype.NO_CALL, failing=failing, excluded_vaf=None, excluded_ccf=None)
    read = [limit.excluded_vaf for limit in needed if limit.excluded_vaf is not None]
    if gene.state is Genotype.NO_CALL and needed and not short:
        return replace(gene, state=Genotype.WT, failing=(), excluded_vaf=max(read))
    return gene


def _with_cutoff(one: PatientEvidence, factor: float) -> PatientEvidence:
    results = {timepoint: _against(result, factor) for timepoint, result in one.heregulin.items()}
    same = all(results[timepoint] is result for timepoint, result in one.heregulin.items())
    return one if same else replace(one, heregulin=results)


def _against(result: HeregulinResult, factor: float) -> HeregulinResult:
    """The result against its cut-off times `factor`; what has none, or failed, stays what it is."""
    cutoff, low, high = result.cutoff_pg_per_ml, result.interval_low_pg_per_ml, result.interval_high_pg_per_ml
    if cutoff is None or (result.value_pg_per_ml is None and result.limit_pg_per_ml is None):
        return result
    bounds = None if low is None or high is None else (low, high)
    state, reason = compared(result, cutoff * factor, bounds)
    return result if state is result.state else replace(result, state=state, reason=reason)


def _said(call: Call) -> str:
    """Class, status and primary mechanism, as one text."""
    return " ".join(part for part in (call.resistance_class, call.status, call.primary) if part)


def _sweep(
    threshold: Threshold, evidence: Sequence[PatientEvidence], rules: MechanismRules, standing: Mapping[str, str]
) -> Sweep:
    flips = tuple(tuple(_flips(threshold, value, evidence, rules, standing)) for value in threshold.values)
    return Sweep(threshold.name, threshold.current, threshold.values, flips, threshold.why)


def _flips(
    threshold: Threshold,
    value: float,
    evidence: Sequence[PatientEvidence],
    rules: MechanismRules,
    standing: Mapping[str, str],
) -> Iterator[Flip]:
    if value == threshold.current:
        return
    changed = threshold.rules(rules, value) if threshold.rules else rules
    for one in evidence:
        moved = threshold.evidence(one, value) if threshold.evidence else one
        if moved is one and not _rules_touch(one, rules, changed):
            continue
        before, after = standing[one.patient.patient], _said(call_patient(moved, changed))
        if after != before:
            yield Flip(one.patient.patient, before, after)


def _rules_touch(one: PatientEvidence, before: MechanismRules, after: MechanismRules) -> bool:
    """Whether other rules could make another call of the same evidence: by the class, or by a clonal fraction."""
    if before.classes != after.classes:
        now, then = classify(one.patient, before.classes), classify(one.patient, after.classes)
        return (now.resistance, now.off_drug) != (then.resistance, then.off_drug)
    genes = [gene for sample in one.samples for gene in sample.genotypes.genes.values()]
    return before.clonal_ccf != after.clonal_ccf and any(gene.alleles for gene in genes)


def _nearest(sweeps: Sequence[Sweep], patients: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By patient, of each threshold the nearest value below and above at which the call is another, in words."""
    said: dict[str, list[str]] = {patient: [] for patient in patients}
    for sweep in sweeps:
        outwards = sorted(zip(sweep.values, sweep.flips, strict=True), key=lambda pair: abs(pair[0] - sweep.current))
        seen = set()
        for value, flips in outwards:
            above = value > sweep.current
            for flip in flips:
                if (flip.patient, above) not in seen:
                    seen.add((flip.patient, above))
                    said[flip.patient].append(_in_words(sweep, value, flip))
    return {patient: tuple(words) for patient, words in said.items()}


def _in_words(sweep: Sweep, value: float, flip: Flip) -> str:
    direction = "up to" if value > sweep.current else "down to"
    last = _last_that_holds(sweep, value)
    return (
        f"{sweep.threshold}: {flip.before} holds {direction} {last:g} (now {sweep.current:g}); "
        f"at {value:g} it is {flip.after}"
    )


def _last_that_holds(sweep: Sweep, value: float) -> float:
    """The swept value next to `value`, on the side of the current one."""
    at = sweep.values.index(value)
    return sweep.values[at - 1] if value > sweep.current else sweep.values[at + 1]


def what_if_table(found: WhatIf) -> str:
    """Text of what_if.tsv: a row for each value of each threshold."""
    rows = (
        [
            sweep.threshold,
            f"{value:g}",
            f"{sweep.current:g}",
            len(flips),
            "; ".join(f"{flip.patient}: {flip.before} > {flip.after}" for flip in flips),
        ]
        for sweep in found.sweeps
        for value, flips in zip(sweep.values, sweep.flips, strict=True)
    )
    return table_text(COLUMNS, rows)
