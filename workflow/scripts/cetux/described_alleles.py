"""Every change that was detected in a sample under all its names, with what a catalogue and another caller say of it.

Nothing here decides: states, counts and agreement are those of the stages before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cetux import records
from cetux.allele_names import AlleleNames, names_of
from cetux.axes import AXIS_GENES
from cetux.call_comparison import ComparedCall, Comparison, change_text
from cetux.catalogue import Catalogue, Listing, written
from cetux.catalogue_file import read_catalogue
from cetux.coding import Transcript, coding_scan
from cetux.cohort import Cohort
from cetux.cohort_calls import CohortCalls
from cetux.counts import SampleCheck
from cetux.edits import Bases, Edit
from cetux.evidence import Allele, SampleEvidence
from cetux.germline import likely_germline
from cetux.hgvs import allele_edits
from cetux.other_calls import known_bases, unit_parts
from cetux.resources import Codon
from cetux.states import Forced, Genotype, Specimen, Timepoint

NOT_COMPARED = "NOT_COMPARED"
"""Verdict where the other caller's VCF could not be compared (flag other_calls_not_usable)."""

NEITHER = "NEITHER"
"""Verdict on a change that is not reported here and not called there."""


@dataclass(frozen=True)
class DescribedAllele:
    """One change of one sample.

    names: with contigs named as in the sample's BAM. state: MUT or MUT_LOW where it is reported, DETECTED below the
    floors, FILTERED where it looks like an artefact or foreign DNA may have brought it; None where only the other
    caller has it, and then `allele` is None too. alt_fragments, fragments: the direct count, None where the change was
    not counted. likely_germline: as `_germline`. catalogue: None without one.
    caller: empty without another caller's VCF. verdict: as `states.Agreement`, or NOT_COMPARED, or NEITHER; theirs:
    what that caller says, None where it says nothing.
    """

    patient: str
    sample: str
    timepoint: Timepoint
    specimen: Specimen
    gene: str
    protein: str
    names: AlleleNames
    state: Genotype | Forced | None
    allele: Allele | None = None
    alt_fragments: int | None = None
    fragments: int | None = None
    likely_germline: bool | None = None
    catalogue: Listing | None = None
    caller: str = ""
    verdict: str = ""
    theirs: ComparedCall | None = None


@dataclass(frozen=True)
class DescribedAlleles:
    """Of all patients, in the order of the calls, as `describe_alleles` of the workflow writes it."""

    alleles: tuple[DescribedAllele, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of one assay: build, transcripts and counted codons, the bases of both, the catalogue if any."""

    build: str
    transcripts: Mapping[str, Transcript]
    codons: Mapping[tuple[str, int], Codon]
    bases: Mapping[str, Bases]
    catalogue: Catalogue | None = None


def known_of(build: str, fasta: str | None, catalogue: str | None) -> Known:
    """What an assay knows, from its build and the paths of its FASTA and its catalogue; see `read_catalogue`."""
    scan = coding_scan(build, fasta)
    return Known(
        build=build,
        transcripts=scan.transcripts,
        codons={(codon.gene, codon.codon): codon for codon in scan.counted},
        bases=known_bases(scan.transcripts.values()),
        catalogue=read_catalogue(catalogue, build) if catalogue else None,
    )


def describe_cohort(
    calls: CohortCalls, cohort: Cohort, checks: Iterable[str], comparisons: Iterable[str]
) -> DescribedAlleles:
    """The changes of every tumour sample.

    Args:
        calls: with the evidence that they stand on.
        cohort: sheets and settings.
        checks: paths of the samples' checks, which know how contigs are named.
        comparisons: paths of the comparisons with other callers' VCFs, of the samples that have one.
    """
    checked = {check.sample: check for check in (records.read(SampleCheck, path) for path in checks)}
    compared = {one.sample: one for one in (records.read(Comparison, path) for path in comparisons)}
    used = {cohort.samples[name].assay for name in cohort.tumours()}
    known = {
        name: known_of(assay.build, assay.reference, assay.hotspot_catalogue)
        for name, assay in cohort.assays.items()
        if name in used
    }
    return DescribedAlleles(
        tuple(
            replace(found, names=_prefixed(found.names, checked[sample.sample].contig_prefix))
            for patient in calls.patients
            for sample in patient.samples
            for found in describe_sample(
                patient.call.patient,
                sample,
                known[cohort.samples[sample.sample].assay],
                compared.get(sample.sample),
            )
        )
    )


def describe_sample(
    patient: str, sample: SampleEvidence, known: Known, comparison: Comparison | None = None
) -> list[DescribedAllele]:
    """The changes of one sample: gene by gene the reported ones, then the others, then what only another caller has.

    Args:
        patient: ID.
        sample: its evidence.
        known: of its assay.
        comparison: with another caller's VCF, if there is one; made from the same genotypes.
    """
    compared = comparison.calls if comparison else ()
    unreported = [one for one in compared if not one.reported]
    found: list[DescribedAllele] = []
    below: set[str] = set()
    for gene in sample.genotypes.genes.values():
        for allele in (*gene.alleles, *gene.traces):
            codon = known.codons[allele.gene, allele.codon]
            edits = allele_edits(allele, codon, known.bases.get(codon.chrom, {})) or ()
            change = change_text(unit_parts(edits, known.bases))
            ours = (True, allele.gene, allele.protein, change)
            if allele in gene.alleles:
                same = [one for one in compared if (one.reported, one.gene, one.protein, one.change) == ours]
            else:
                same = [one for one in unreported if change and one.change == change]
                below.add(change)
            described = _ours(patient, sample, allele, edits, known)
            found.append(_with_verdict(described, comparison, same[0] if same else None))
    only = [_theirs(patient, sample, one, known) for one in unreported if one.change not in below]
    return found + [_with_verdict(described, comparison, described.theirs) for described in only]


def _ours(patient: str, sample: SampleEvidence, allele: Allele, edits: Sequence[Edit], known: Known) -> DescribedAllele:
    codon = known.codons[allele.gene, allele.codon]
    around = known.bases.get(codon.chrom, {})
    names = names_of(edits, known.transcripts.get(allele.gene), around, known.build)
    state: Genotype | Forced = allele.state
    if state not in (Genotype.MUT, Genotype.MUT_LOW):
        state = Forced.FILTERED if allele.filters else Forced.DETECTED
    change = written(edits, around, allele.indel.shift if allele.indel else None) if edits else None
    return DescribedAllele(
        patient=patient,
        sample=sample.sample,
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        gene=allele.gene,
        protein=allele.protein,
        names=replace(names, hgvs_c=names.hgvs_c or allele.hgvs_c),
        state=state,
        allele=allele,
        alt_fragments=allele.alt_fragments,
        fragments=allele.fragments,
        likely_germline=_germline(allele, sample.erbb2.given_purity),
        catalogue=known.catalogue.listing(change) if known.catalogue else None,
    )


def _germline(allele: Allele, purity: float | None) -> bool | None:
    """Whether the join takes a change for germline; None where it does not ask, or cannot tell.

    It asks of unlisted changes of KRAS, NRAS and BRAF, whose purity is known.
    """
    if allele.listed:
        return False
    return likely_germline(allele, purity) if purity is not None and allele.gene in AXIS_GENES else None


def _theirs(patient: str, sample: SampleEvidence, one: ComparedCall, known: Known) -> DescribedAllele:
    """A change that only the other caller has, with the direct count at its place."""
    around = known.bases.get(one.edits[0].chrom, {}) if one.edits else {}
    return DescribedAllele(
        patient=patient,
        sample=sample.sample,
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        gene=one.gene,
        protein=one.protein,
        names=names_of(one.edits, known.transcripts.get(one.gene), around, known.build),
        state=None,
        alt_fragments=one.alt_fragments,
        fragments=one.fragments,
        catalogue=known.catalogue.listing(written(one.edits, around)) if known.catalogue else None,
        theirs=one,
    )


def _with_verdict(
    described: DescribedAllele, comparison: Comparison | None, theirs: ComparedCall | None
) -> DescribedAllele:
    if comparison is None:
        return described
    verdict = str(theirs.agreement) if theirs else NEITHER if comparison.usable.ok else NOT_COMPARED
    return replace(described, caller=comparison.caller, verdict=verdict, theirs=theirs)


def _prefixed(names: AlleleNames, prefix: str) -> AlleleNames:
    """The names with contigs as in the sample's BAM."""
    return replace(names, records=tuple(replace(edit, chrom=prefix + edit.chrom) for edit in names.records))


def of_patients(path: str) -> dict[str, list[DescribedAllele]]:
    """The changes that `describe_alleles` wrote, by patient."""
    found: dict[str, list[DescribedAllele]] = {}
    for one in records.read(DescribedAlleles, path).alleles:
        found.setdefault(one.patient, []).append(one)
    return found
