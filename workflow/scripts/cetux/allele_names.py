"""All names of one change: HGVS on DNA, transcript and protein, and its records in a VCF."""

from collections.abc import Sequence
from dataclasses import dataclass

from cetux.coding import Transcript
from cetux.edits import Bases, Edit, anchored
from cetux.hgvs import coding_name, genomic_name, protein_name


@dataclass(frozen=True)
class AlleleNames:
    """Names of one change; empty where it is not known to its end, or where unknown bases decide the name.

    transcript: RefSeq accession, MANE Select. hgvs_c: on it. hgvs_p: three-letter. hgvs_g: with its accession.
    records: as in a VCF, left-most and with anchor base; one for each exon that is changed.
    """

    transcript: str = ""
    hgvs_c: str = ""
    hgvs_p: str = ""
    hgvs_g: str = ""
    records: tuple[Edit, ...] = ()


def names_of(edits: Sequence[Edit], transcript: Transcript | None, bases: Bases, build: str) -> AlleleNames:
    """The names of a change.

    Args:
        edits: of one molecule; none for a change that is not known to its end.
        transcript: of its gene; None for a change that lies in none.
        bases: plus-strand reference around it.
        build: "GRCh37" or "GRCh38".
    """
    accession = transcript.accession if transcript else ""
    if not edits:
        return AlleleNames(accession)
    placed = [anchored(edit, bases) for edit in edits]
    records = [edit for edit in placed if edit is not None]
    return AlleleNames(
        transcript=accession,
        hgvs_c=coding_name(transcript, edits) if transcript else "",
        hgvs_p=protein_name(transcript, edits, letters=3) if transcript else "",
        hgvs_g=genomic_name(edits, bases, build),
        records=tuple(records) if len(records) == len(placed) else (),
    )
