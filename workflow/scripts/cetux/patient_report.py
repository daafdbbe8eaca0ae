"""One patient's page: the call in a sentence, then the evidence for it, with every value escaped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cetux import methods, report, tables, why
from cetux.axes import axis_states
from cetux.catalogue import Listing
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.copies_chart import smallest_gain
from cetux.described_alleles import DescribedAllele
from cetux.evidence import CopyNumber, GeneGenotype, HeregulinResult, SampleEvidence
from cetux.force_call import ForcedCall
from cetux.mechanism import call_patient
from cetux.mechanism_rules import MechanismRules
from cetux.other_methods import ComparedResult
from cetux.overrides import Override
from cetux.pages import environment
from cetux.pictures import number
from cetux.plate_records import PlateFileRecord
from cetux.records import read, write_text
from cetux.report import PlatePicture
from cetux.states import Annotation, Axis, Erbb2, PurityState, Timepoint, Verdict
from cetux.umi_proof import NOT_SHOWN, NOT_SHOWN_WORDS
from cetux.what_if import WhatIf

Rows = list[tuple[str, ...]]

_NOT_TESTED = {
    "identity_not_assessable": "whether the samples are of one person could not be tested",
    "contamination_not_assessable": "contamination by another person could not be tested",
    "rise_not_tested": "whether the rise since before treatment is more than noise was not tested",
    NOT_SHOWN: NOT_SHOWN_WORDS,
}
"""Checks that were not made, or found nothing to rest on, by how their flags begin."""

_LISTED = {
    Listing.ALLELE: "in the catalogue",
    Listing.CODON: "its codon is in the catalogue",
    Listing.NO: "not in the catalogue",
    Listing.UNKNOWN: "catalogue: cannot be told",
}
"""What a catalogue says of a change, in words."""


def patient_page(
    patient: PatientCall,
    rules: MechanismRules,
    flips: Sequence[str],
    pictures: Iterable[tuple[str, str]],
    reads: Sequence[str],
    described: Iterable[DescribedAllele] = (),
) -> str:
    """The text of report/patients/<patient>.html.

    Args:
        patient: the call with all evidence.
        rules: of the join.
        flips: the nearest changes of a threshold that would change the call, in words.
        pictures: title and path of an SVG each: chromosome 17 of every sample, the patient's plates.
        reads: samples whose reads are drawn on a page of their own.
        described: the patient's changes.
    """
    return (
        environment()
        .get_template("patient.html.j2")
        .render(
            patient=patient,
            sentence=why.sentence(patient.call),
            evidence=evidence_rows(patient),
            changes=[_change_row(one) for one in described],
            forced=[_forced_row(one) for one in patient.call.forced],
            identity=[(one.one, one.other, str(one.verdict), one.reason) for one in patient.identity],
            overrides=[_override_row(one, patient, rules) for one in patient.overrides],
            gaps=gaps(patient),
            flips=flips,
            state_flips=purity_flips(patient, rules),
            other_methods=[_method_row(one) for one in patient.other_methods],
            pictures=[(title, report.data_url(path)) for title, path in pictures],
            reads=reads,
            versions=methods.versions(),
        )
    )


def write_pages(
    calls: CohortCalls,
    found: WhatIf,
    chromosomes: Iterable[str],
    plates: Iterable[PlatePicture],
    drawn: Iterable[str],
    described: Mapping[str, Sequence[DescribedAllele]],
    folder: str,
) -> None:
    """Write every patient's page.

    Args:
        calls: of all patients.
        found: the nearest flip of every call.
        chromosomes: paths of the samples' pictures of chromosome 17, named after the samples.
        plates: pictures of the plates.
        drawn: samples whose reads have a page of their own.
        described: changes by patient.
        folder: where the pages go; it is made.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    of_sample = {Path(path).stem: path for path in chromosomes}
    every, with_reads = tuple(plates), frozenset(drawn)
    for patient in calls.patients:
        name = patient.call.patient
        pictures = [
            (f"Chromosome 17 of {one.sample}", of_sample[one.sample])
            for one in _by_time(patient.samples)
            if one.sample in of_sample
        ]
        pictures += [(f"Plate {plate.title}", plate.path) for plate in every if name in plate.patients]
        reads = [one.sample for one in _by_time(patient.samples) if one.sample in with_reads]
        page = patient_page(patient, calls.rules, found.nearest.get(name, ()), pictures, reads, described.get(name, ()))
        write_text(page, Path(folder) / f"{name}.html")


def plate_pictures(record_files: Iterable[str], folders: Iterable[str]) -> tuple[PlatePicture, ...]:
    """The picture of every plate, from the records of the plate files and the folders of their pictures."""
    return tuple(
        PlatePicture(
            f"{record.plates}, plate {result.number}",
            str(Path(folder) / f"plate_{result.number}.svg"),
            frozenset(sample.patient for sample in result.samples if sample.patient is not None),
        )
        for record, folder in zip((read(PlateFileRecord, path) for path in record_files), folders, strict=True)
        for result in record.results
        if result.curve is not None
    )


def evidence_rows(patient: PatientCall) -> Rows:
    """Axis, time point, sample, state, numbers and limit of everything that was measured, earlier time points first."""
    rows: Rows = []
    for sample in _by_time(patient.samples):
        rows += _sample_rows(sample)
    blood = sorted(patient.heregulin, key=lambda one: one.timepoint is not Timepoint.PRE)
    return rows + [_heregulin_row(one) for one in blood]


def _by_time(samples: Iterable[SampleEvidence]) -> list[SampleEvidence]:
    return sorted(samples, key=lambda one: (one.timepoint is not Timepoint.PRE, one.sample))


def gaps(patient: PatientCall) -> list[str]:
    """What is missing, with what would decide it where that is known; empty only where every axis was usable."""
    return list(dict.fromkeys((*_undecided(patient), *_not_tested(patient))))


def _undecided(patient: PatientCall) -> Iterator[str]:
    call = patient.call
    wanted = patient.explanation.wanted if patient.explanation else ()
    for gap in wanted:
        about = f"{gap.axis}: " if gap.axis else ""
        yield f"{about}{gap.missing}. What would decide: {gap.would_decide}"
    told = {gap.axis for gap in wanted} | {gap.missing for gap in wanted}
    for axis in Axis:
        state = call.axes.get(axis)
        if str(axis) not in told and (state is None or state.verdict is Verdict.NOT_USABLE):
            yield f"{axis}: {'; '.join(state.reasons) if state else 'not judged'}"
    yield from (gap for gap in call.missing if gap not in told and gap.partition(":")[0] not in list(Axis))


def _not_tested(patient: PatientCall) -> Iterator[str]:
    for sample in _by_time(patient.samples):
        yield from (f"{sample.sample}: {said}" for said in _said((*sample.flags, *sample.genotypes.flags)))
    yield from (f"{found.label}: {said}" for found in patient.call.findings for said in _said(found.flags))
    flags = [flag for sample in patient.samples for flag in (*sample.flags, *sample.genotypes.flags)]
    flags += [flag for found in patient.call.findings for flag in found.flags]
    yield from _said(flag for flag in patient.call.flags if flag not in flags)


def _said(flags: Iterable[str]) -> Iterator[str]:
    """The checks that flags say were not made, in words."""
    for flag in flags:
        yield from (words for name, words in _NOT_TESTED.items() if flag.startswith(name))


def purity_flips(patient: PatientCall, rules: MechanismRules) -> list[str]:
    """At which purity the ERBB2 state of each judged sample would be another, and what the call then were."""
    said = []
    for one in _by_time(patient.samples):
        call = one.erbb2
        if one.timepoint is patient.call.judged_timepoint and call.purity is not None:
            stands = f"ERBB2 of {one.sample}: {call.state} holds"
            source = "estimated" if call.given_purity is None else "stated"
            now = f"({source} {call.purity:.2f})"
            if call.flip_below_purity is not None and call.flip_below_state is not None:
                then = f"below it is {call.flip_below_state}; {_followed(patient, one, call.flip_below_state, rules)}"
                said.append(f"{stands} down to purity {call.flip_below_purity:.2f} {now}; {then}")
            if call.flip_above_purity is not None and call.flip_above_state is not None:
                then = f"above it is {call.flip_above_state}; {_followed(patient, one, call.flip_above_state, rules)}"
                said.append(f"{stands} up to purity {call.flip_above_purity:.2f} {now}; {then}")
    return said


def _followed(patient: PatientCall, flipped: SampleEvidence, state: Erbb2, rules: MechanismRules) -> str:
    """What the call would be, were one sample's ERBB2 in another state."""
    other = replace(flipped, erbb2=replace(flipped.erbb2, state=state))
    samples = tuple(other if sample is flipped else sample for sample in patient.samples)
    now, then = patient.call, call_patient(replace(patient.evidence(), samples=samples), rules)
    if (now.resistance_class, now.status, now.primary) == (then.resistance_class, then.status, then.primary):
        return "class, status and primary mechanism stay"
    return f"the call is then {then.status} {then.primary}".rstrip()


def _sample_rows(sample: SampleEvidence) -> Rows:
    at = (str(sample.timepoint), f"{sample.sample} ({sample.specimen})")
    if not sample.usable.ok:
        return [("all", *at, "not usable", "", tables.reason_and_remedy(sample.usable))]
    copies, called = _copies_row(sample.erbb2, at), sample.genotypes
    if not called.usable.ok:
        return [("all mutations", *at, "not usable", "", tables.reason_and_remedy(called.usable)), copies]
    genes = [_gene_row(gene, called.coding_coverage.get(name), at) for name, gene in sorted(called.genes.items())]
    return [*genes, copies]


def _gene_row(gene: GeneGenotype, covered: float | None, at: tuple[str, str]) -> tuple[str, ...]:
    """covered: part of the coding sequence that was read deeply enough, 0..1; None where only listed codons were."""
    seen = ", ".join(
        f"{allele.protein} {allele.vaf:.1%} ({allele.alt_fragments} of {allele.fragments} fragments"
        + (f", CCF {allele.ccf:.2f} [{number(allele.ccf_low)}, {number(allele.ccf_high)}]" if allele.ccf else "")
        + ")"
        for allele in gene.alleles
    )
    limit = f"excludes VAF >= {gene.excluded_vaf:.2%}" if gene.excluded_vaf is not None else ""
    limit += f", CCF >= {gene.excluded_ccf:.0%}" if gene.excluded_ccf is not None else ""
    name = f"{gene.gene} mutations" if gene.gene == Axis.ERBB2 else gene.gene
    read = f"{covered:.1%} of the coding sequence read deeply enough" if covered is not None else ""
    bounds = "; ".join(part for part in (limit or "; ".join(gene.failing), read) if part)
    return (name, *at, str(gene.state), seen or gene.reason, bounds)


def _copies_row(call: CopyNumber, at: tuple[str, str]) -> tuple[str, ...]:
    copies = f"{call.copies:.1f} copies" if call.copies is not None else call.reason
    interval = f"95 % {number(call.copies_low)} to {number(call.copies_high)}" if call.copies_low is not None else ""
    ratio = f"; Q {call.ratio:.2f}" if call.ratio is not None else ""
    gain = smallest_gain(call)
    limit = f"smallest gain over the ploidy that this sample would show: {gain:.1f} copies" if gain is not None else ""
    bounds = "; ".join(part for part in (interval, limit, *_reach(call)) if part)
    return ("ERBB2 copies", *at, str(call.state), f"{copies}{ratio}; {_purity(call)}", bounds)


def _reach(call: CopyNumber) -> Iterator[str]:
    """How far a gain reaches, which part of the gene stands higher where the copies step inside it, and failed bins."""
    if call.raised_width_bp is not None:
        most = f" to {call.raised_width_most_bp / 1e6:.2f}" if call.raised_width_most_bp is not None else " or more"
        yield f"raised over {call.raised_width_bp / 1e6:.2f}{most} Mb (gain: {call.extent or 'no controls to tell'})"
    if call.break_p_value is not None:
        yield f"part of the gene that stands higher: {call.raised_part}, p {call.break_p_value:.2g} of a step by chance"
    if call.bins_dropped:
        yield f"of {call.bins_designed} bins not used: {'; '.join(call.bins_dropped)}"


def _purity(call: CopyNumber) -> str:
    """The purity used, where it comes from, and what the sample itself tells of it.

    As in ``purity 0.6 (given; its SNPs say 0.52 to 0.64)``.
    """
    own = call.purity_estimate
    interval = f"{number(own.low)} to {number(own.high)}" if own and own.purity is not None else ""
    if call.purity is None:
        return f"purity unknown (not estimated: {own.reason})" if own else "purity unknown"
    if call.purity_state is PurityState.ESTIMATED:
        return f"purity {call.purity:g} (estimated from its SNPs, {interval})"
    return f"purity {call.purity:g}" + (f" (given; its SNPs say {interval})" if interval else "")


def _heregulin_row(one: HeregulinResult) -> tuple[str, ...]:
    level = one.value_pg_per_ml if one.value_pg_per_ml is not None else one.limit_pg_per_ml
    value = f"{one.censored}{number(level, 5)} pg/mL" if level is not None else one.reason
    interval = f"90 % {number(one.interval_low_pg_per_ml, 5)} to {number(one.interval_high_pg_per_ml, 5)}"
    cutoff = f"cut-off {number(one.cutoff_pg_per_ml, 5)}" if one.cutoff_pg_per_ml is not None else "no cut-off"
    bounds = f"{interval}; {cutoff}" if one.interval_low_pg_per_ml is not None else cutoff
    return (str(Axis.HRG), str(one.timepoint), f"{one.assay} {one.matrix}".strip(), str(one.state), value, bounds)


def _change_row(one: DescribedAllele) -> tuple[str, ...]:
    """One change: where, which, its names, state, fraction, class and catalogue, and what another caller says."""
    found, names = one.allele, one.names
    coding = f"{names.transcript}:{names.hgvs_c}" if names.hgvs_c else ""
    state = [str(one.state or ""), *(found.filters if found else ())]
    state += [Annotation.UNCLASSIFIED] if found and not found.listed else []
    state += ["likely germline"] if one.likely_germline else []
    counted = f"{one.alt_fragments} of {one.fragments}" if one.alt_fragments is not None and one.fragments else ""
    vaf = f"{found.vaf:.1%} ({counted})" if found else counted
    classed = f"BRAF class {found.braf_class}" if found and found.braf_class else ""
    return (
        f"{one.timepoint}: {one.sample}",
        f"{one.gene} {one.protein}".strip(),
        ", ".join(name for name in (coding, names.hgvs_p, names.hgvs_g) if name),
        ", ".join(part for part in state if part),
        vaf,
        "; ".join(part for part in (classed, _LISTED.get(one.catalogue, "") if one.catalogue else "") if part),
        _other_caller(one),
    )


def _other_caller(one: DescribedAllele) -> str:
    """As in ``Mutect2: FILTERED (germline), 48.0%``; empty without another caller's VCF."""
    theirs = one.theirs
    filters = f" ({', '.join(theirs.filters)})" if theirs and theirs.filters else ""
    vaf = f", {theirs.their_vaf:.1%}" if theirs and theirs.their_vaf is not None else ""
    return f"{one.caller}: {one.verdict}{filters}{vaf}" if one.caller else ""


def _forced_row(one: ForcedCall) -> tuple[str, ...]:
    counts = ("" if one.alt_fragments is None else str(one.alt_fragments), str(one.fragments or ""))
    return (
        one.allele,
        one.sample,
        str(one.timepoint),
        *counts,
        number(one.vaf),
        number(one.excluded_vaf),
        str(one.state),
    )


def _override_row(one: Override, patient: PatientCall, rules: MechanismRules) -> tuple[str, ...]:
    """The review beside what was computed at its own time point, which need not be the judged one."""
    samples = [sample for sample in patient.samples if sample.timepoint is one.timepoint]
    blood = next((result for result in patient.heregulin if result.timepoint is one.timepoint), None)
    computed = axis_states(samples, blood, one.timepoint, rules)[one.axis]
    return (
        *(str(one.axis), str(one.timepoint), str(computed.verdict), "; ".join(computed.reasons)),
        *(one.state, one.change, one.reviewer, one.date, one.expires, one.reason),
    )


def _method_row(one: ComparedResult) -> tuple[str, ...]:
    ours = str(one.ours.state) if one.ours else "nothing to compare with"
    return (one.method, one.what, str(one.timepoint), str(one.result), ours, one.flag)
