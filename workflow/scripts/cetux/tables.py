"""Tables for people: tab-separated, one row a patient or a sample, safe to open in a spreadsheet."""

from collections.abc import Iterable, Sequence

from cetux import other_methods, why
from cetux.cohort_calls import CohortCalls, PatientCall
from cetux.counts import Usable
from cetux.evidence import SampleEvidence
from cetux.states import Axis

MECHANISM_COLUMNS = (
    *("patient", "resistance_class", "status", "primary", "additional", "confidence", "origin", "judged_timepoint"),
    *("RAS", "BRAF", "ERBB2", "HRG", "annotated", "missing", "flags", "why"),
    *("other_methods", "reviewed_status", "reviewed_primary", "override"),
)
"""Columns of mechanisms.tsv; the four axes hold POSITIVE, NEGATIVE, NOT_USABLE or, where not judged, nothing.

other_methods: results of the concordance sheet, which stand beside the call and change nothing in it but its flags.
reviewed_*: what would follow from the overrides, who said so and why in `override`; empty without any.
"""

FORCED_COLUMNS = (
    *("allele", "sample", "timepoint", "specimen", "state", "alt_fragments", "fragments", "vaf", "excluded_vaf"),
)
"""Columns of force_calls.tsv behind the patient; fractions 0..1, an empty cell where the codon was not read."""

IDENTITY_COLUMNS = ("one", "other", "verdict", "reason")
"""Columns of identity.tsv behind the patient."""

SAMPLE_COLUMNS = (
    *("patient", "sample", "timepoint", "specimen", "usable", "reason", "genotypes_reason"),
    *("KRAS", "NRAS", "BRAF", "changes", "excluded_vaf", "coding_coverage"),
    *("ERBB2", "log2", "observed_copies", "copies", "copies_low", "copies_high", "ratio_17q"),
    *("detectable_copies", "purity", "purity_state", "purity_estimate", "purity_estimate_low", "purity_estimate_high"),
    *("bins_kept", "bins_designed", "bins_dropped", "ERBB2_reason", "flags"),
)
"""Columns of samples.tsv. Fractions 0..1, copies per cell; an empty cell is a number that could not be had."""

HEREGULIN_COLUMNS = (
    *("patient", "timepoint", "state", "value_pg_per_ml", "interval_low_pg_per_ml", "interval_high_pg_per_ml"),
    *("censored", "limit_pg_per_ml", "cutoff_pg_per_ml", "cutoff_method", "assay", "matrix", "reason", "raw", "flags"),
)
"""Columns of heregulin.tsv; pg/mL after dilution. A censored value has no number but the limit that it lies beyond."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> str:
    """A value as one spreadsheet cell: None is empty, text never begins a formula, breaks lines or ends the cell.

    >>> cell(None), cell(0.05), cell("=1+1"), cell("a\\tb")
    ('', '0.05', "'=1+1", 'a b')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join(str(value).split())
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def flags_cell(flags: Iterable[str]) -> str:
    """Flags as one cell, joined by ``;``, which stands in none: in a text of the user's files it becomes a comma.

    >>> flags_cell(["own_cv", "comorbidity: heart failure; asthma"])
    'own_cv;comorbidity: heart failure, asthma'
    """
    return ";".join(" ".join(flag.replace(";", ",").split()) for flag in flags)


def mechanisms(calls: CohortCalls) -> str:
    """The text of mechanisms.tsv, with the patients sheet's own columns behind (``sheet_`` before a name of ours)."""
    further = sorted({name for patient in calls.patients for name in patient.patient.further})
    names = [f"sheet_{name}" if name in MECHANISM_COLUMNS else name for name in further]
    rows = (
        [*_mechanism_row(patient), *(patient.patient.further.get(name) for name in further)]
        for patient in calls.patients
    )
    return table_text([*MECHANISM_COLUMNS, *names], rows)


def samples(calls: CohortCalls) -> str:
    """The text of samples.tsv."""
    rows = (_sample_row(patient.call.patient, s) for patient in calls.patients for s in patient.samples)
    return table_text(SAMPLE_COLUMNS, rows)


def heregulin(calls: CohortCalls) -> str:
    """The text of heregulin.tsv."""
    rows = (
        [*(getattr(result, column) for column in HEREGULIN_COLUMNS[:-1]), flags_cell(result.flags)]
        for patient in calls.patients
        for result in patient.heregulin
    )
    return table_text(HEREGULIN_COLUMNS, rows)


def force_calls(calls: CohortCalls) -> str:
    """The text of force_calls.tsv: every allele of a patient in each of its samples that does not report it."""
    rows = (
        [patient.call.patient, *(getattr(forced, column) for column in FORCED_COLUMNS)]
        for patient in calls.patients
        for forced in patient.call.forced
    )
    return table_text(["patient", *FORCED_COLUMNS], rows)


def identity(calls: CohortCalls) -> str:
    """The text of identity.tsv: every pair of a patient's samples, and whether they are of one person."""
    rows = (
        [patient.call.patient, *(getattr(check, column) for column in IDENTITY_COLUMNS)]
        for patient in calls.patients
        for check in patient.identity
    )
    return table_text(["patient", *IDENTITY_COLUMNS], rows)


def reason_and_remedy(usable: Usable) -> str:
    """Why something cannot be used and what would mend it, where that is known.

    >>> reason_and_remedy(Usable(False, "truncated", "Copy it again")), reason_and_remedy(Usable(False, "truncated"))
    ('truncated. Copy it again', 'truncated')
    """
    return ". ".join(part for part in (usable.reason, usable.remedy) if part)


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header line and one line per row, each value as a spreadsheet cell."""
    lines = ["\t".join(map(cell, columns)), *("\t".join(cell(value) for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def _mechanism_row(patient: PatientCall) -> list[object]:
    call = patient.call
    axes = [call.axes[axis].verdict if axis in call.axes else None for axis in Axis]
    return [
        *(call.patient, call.resistance_class, call.status, call.primary, ";".join(call.additional)),
        *(call.confidence, call.origin, call.judged_timepoint, *axes, ";".join(call.annotated)),
        *(" | ".join(call.missing), flags_cell((*call.flags, *other_methods.flags(patient.other_methods)))),
        " | ".join((why.sentence(call), *call.why)),
        " | ".join(compared.words for compared in patient.other_methods),
        *((patient.reviewed.status, patient.reviewed.primary) if patient.reviewed else (None, None)),
        " | ".join(map(str, patient.overrides)),
    ]


def _sample_row(patient: str, sample: SampleEvidence) -> list[object]:
    genes, erbb2 = sample.genotypes.genes, sample.erbb2
    covered = sample.genotypes.coding_coverage
    own = erbb2.purity_estimate
    changes = [f"{a.gene} {a.protein} {a.vaf:.1%}" for gene in genes.values() for a in gene.alleles]
    limits = [genes[name].excluded_vaf if name in genes else None for name in ("KRAS", "NRAS", "BRAF")]
    known = [limit for limit in limits if limit is not None]
    return [
        *(patient, sample.sample, sample.timepoint, sample.specimen, "yes" if sample.usable.ok else "no"),
        sample.usable.reason,
        reason_and_remedy(sample.genotypes.usable) if sample.usable.ok else None,
        *(genes[name].state if name in genes else None for name in ("KRAS", "NRAS", "BRAF")),
        *(";".join(changes), max(known) if len(known) == 3 else None),
        "; ".join(f"{name} {fraction:.3f}" for name, fraction in covered.items()),  # one codon of 1,210 (EGFR) shows
        *(erbb2.state, erbb2.log2, erbb2.observed_copies),
        *(erbb2.copies, erbb2.copies_low, erbb2.copies_high, erbb2.ratio, erbb2.detectable_copies, erbb2.purity),
        *(erbb2.purity_state, *((own.purity, own.low, own.high) if own else (None, None, None))),
        *(erbb2.bins_kept, erbb2.bins_designed, "; ".join(erbb2.bins_dropped), erbb2.reason),
        flags_cell((*sample.flags, *sample.genotypes.flags, *erbb2.flags)),
    ]
