"""One patient's page: the call in a sentence, then the evidence for it, with every value escaped."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cetux import methods, report, why
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.evidence import CopyNumber, GeneGenotype, HeregulinResult, SampleEvidence
from cetux.force_call import ForcedCall
from cetux.other_methods import ComparedResult
from cetux.overrides import Override
from cetux.pages import environment
from cetux.pictures import number
from cetux.plate_records import PlateFileRecord
from cetux.records import read, write_text
from cetux.report import PlatePicture
from cetux.states import Axis, Timepoint
from cetux.what_if import WhatIf

Rows = list[tuple[str, ...]]


def patient_page(
    patient: PatientCall, flips: Sequence[str], pictures: Iterable[tuple[str, str]], reads: Sequence[str]
) -> str:
    """The text of report/patients/<patient>.html.

    Args:
        patient: the call with all evidence.
        flips: the nearest changes of a threshold that would change the call, in words.
        pictures: title and path of an SVG each: chromosome 17 of every sample, the patient's plates.
        reads: samples whose reads are drawn on a page of their own.
    """
    return (
        environment()
        .get_template("patient.html.j2")
        .render(
            patient=patient,
            sentence=why.sentence(patient.call),
            evidence=evidence_rows(patient),
            forced=[_forced_row(one) for one in patient.call.forced],
            overrides=[_override_row(one, patient) for one in patient.overrides],
            flips=flips,
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
    folder: str,
) -> None:
    """Write every patient's page.

    Args:
        calls: of all patients.
        found: the nearest flip of every call.
        chromosomes: paths of the samples' pictures of chromosome 17, named after the samples.
        plates: pictures of the plates.
        drawn: samples whose reads have a page of their own.
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
        flips = (*purity_flips(patient), *found.nearest.get(name, ()))
        reads = [one.sample for one in _by_time(patient.samples) if one.sample in with_reads]
        page = patient_page(patient, flips, pictures, reads)
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


def purity_flips(patient: PatientCall) -> list[str]:
    """At which purity the ERBB2 state of each judged sample would be another, in words."""
    said = []
    for one in _by_time(patient.samples):
        call = one.erbb2
        if one.timepoint is patient.call.judged_timepoint and call.purity is not None:
            stands = f"ERBB2 of {one.sample}: {call.state} holds"
            if call.flip_below_purity is not None and call.flip_below_state is not None:
                below = f"{call.flip_below_purity:.2f} (stated {call.purity:.2f}); below it is {call.flip_below_state}"
                said.append(f"{stands} down to purity {below}")
            if call.flip_above_purity is not None and call.flip_above_state is not None:
                above = f"{call.flip_above_purity:.2f} (stated {call.purity:.2f}); above it is {call.flip_above_state}"
                said.append(f"{stands} up to purity {above}")
    return said


def _sample_rows(sample: SampleEvidence) -> Rows:
    at = (str(sample.timepoint), f"{sample.sample} ({sample.specimen})")
    if not sample.usable.ok:
        return [("all", *at, "not usable", "", sample.usable.reason)]
    genes = [_gene_row(gene, at) for _, gene in sorted(sample.genotypes.genes.items())]
    return [*genes, _copies_row(sample.erbb2, at)]


def _gene_row(gene: GeneGenotype, at: tuple[str, str]) -> tuple[str, ...]:
    seen = ", ".join(
        f"{allele.protein} {allele.vaf:.1%} ({allele.alt_fragments} of {allele.fragments} fragments"
        + (f", CCF {allele.ccf:.2f} [{number(allele.ccf_low)}, {number(allele.ccf_high)}]" if allele.ccf else "")
        + ")"
        for allele in gene.alleles
    )
    limit = f"excludes VAF >= {gene.excluded_vaf:.2%}" if gene.excluded_vaf is not None else ""
    limit += f", CCF >= {gene.excluded_ccf:.0%}" if gene.excluded_ccf is not None else ""
    name = f"{gene.gene} mutations" if gene.gene == Axis.ERBB2 else gene.gene
    return (name, *at, str(gene.state), seen or gene.reason, limit or "; ".join(gene.failing))


def _copies_row(call: CopyNumber, at: tuple[str, str]) -> tuple[str, ...]:
    copies = f"{call.copies:.1f} copies" if call.copies is not None else call.reason
    interval = f"95 % {number(call.copies_low)} to {number(call.copies_high)}" if call.copies_low is not None else ""
    ratio = f"; Q {call.ratio:.2f}" if call.ratio is not None else ""
    purity = f"; purity {call.purity:g}" if call.purity is not None else "; purity unknown"
    limit = f"would have seen {call.detectable_copies:.1f} copies" if call.detectable_copies is not None else ""
    bounds = "; ".join(part for part in (interval, limit) if part)
    return ("ERBB2 copies", *at, str(call.state), copies + ratio + purity, bounds)


def _heregulin_row(one: HeregulinResult) -> tuple[str, ...]:
    level = one.value_pg_per_ml if one.value_pg_per_ml is not None else one.limit_pg_per_ml
    value = f"{one.censored}{number(level, 5)} pg/mL" if level is not None else one.reason
    interval = f"90 % {number(one.interval_low_pg_per_ml, 5)} to {number(one.interval_high_pg_per_ml, 5)}"
    cutoff = f"cut-off {number(one.cutoff_pg_per_ml, 5)}" if one.cutoff_pg_per_ml is not None else "no cut-off"
    bounds = f"{interval}; {cutoff}" if one.interval_low_pg_per_ml is not None else cutoff
    return (str(Axis.HRG), str(one.timepoint), f"{one.assay} {one.matrix}".strip(), str(one.state), value, bounds)


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


def _override_row(one: Override, patient: PatientCall) -> tuple[str, ...]:
    computed = patient.call.axes.get(one.axis)
    verdict = str(computed.verdict) if computed else "not judged"
    return (str(one.axis), str(one.timepoint), verdict, one.state, one.reviewer, one.date, one.reason)


def _method_row(one: ComparedResult) -> tuple[str, ...]:
    ours = str(one.ours.state) if one.ours else "nothing to compare with"
    return (one.method, one.what, str(one.timepoint), str(one.result), ours, one.flag)
