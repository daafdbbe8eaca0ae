"""alleles.tsv: one row for every change of every sample, and for those that only another caller has."""

from cetux.described_alleles import DescribedAllele, DescribedAlleles
from cetux.states import Annotation
from cetux.tables import table_text

COLUMNS = (
    *("patient", "sample", "timepoint", "specimen", "gene", "protein", "hgvs_p", "hgvs_c", "transcript", "hgvs_g"),
    *("chrom", "pos", "ref", "alt", "state", "filters", "listed", "braf_class", "likely_germline", "catalogue"),
    *("alt_fragments", "fragments", "vaf", "ccf", "ccf_low", "ccf_high", "forward", "reverse", "at_ends", "p_value"),
    *("other_caller", "other_verdict", "other_filters", "other_alt", "other_depth", "other_vaf", "other_notes"),
)
"""Fractions 0..1, pos 1-based. Of a change over an intron the cells chrom to alt hold a part for each exon."""


def alleles(described: DescribedAlleles) -> str:
    """The text of the table."""
    return table_text(COLUMNS, map(_row, described.alleles))


def _row(one: DescribedAllele) -> list[object]:
    found, theirs, names = one.allele, one.theirs, one.names
    vaf = one.alt_fragments / one.fragments if one.alt_fragments is not None and one.fragments else None
    listed = None if found is None else "yes" if found.listed else Annotation.UNCLASSIFIED
    places = [(edit.chrom, str(edit.start + 1), edit.ref, edit.alt) for edit in names.records]
    return [
        *(one.patient, one.sample, one.timepoint, one.specimen, one.gene, one.protein),
        *(names.hgvs_p, names.hgvs_c, names.transcript, names.hgvs_g),
        *(";".join(parts) for parts in (zip(*places, strict=True) if places else [()] * 4)),
        *(one.state, ";".join(found.filters) if found else None, listed, found.braf_class if found else None),
        *(_yes_or_no(one.likely_germline), one.catalogue, one.alt_fragments, one.fragments, vaf),
        *((found.ccf, found.ccf_low, found.ccf_high) if found else (None,) * 3),
        *((found.forward, found.reverse, found.at_ends, _chance(found.p_value)) if found else (None,) * 4),
        *(one.caller, one.verdict, ";".join(theirs.filters) if theirs else None),
        *((theirs.their_alt, theirs.their_depth, theirs.their_vaf) if theirs else (None,) * 3),
        "; ".join(theirs.notes) if theirs else None,
    ]


def _chance(p_value: float | None) -> float | str | None:
    """A chance that is too small for a floating-point number is none of zero."""
    return "<1e-15" if p_value == 0 else p_value


def _yes_or_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
