"""Whether a BAM that an assay calls consensus reads of UMIs can be taken for that. Pure functions on `UmiSigns`.

What the reads themselves tell of their families decides. Only where they tell nothing do the header's programs count,
and qualities that no sequencer gives. UMIs alone are no consensus: reads grouped or deduplicated by them err as
ordinary ones.
"""

from collections.abc import Iterator

from cetux.states import Specimen
from cetux.umi_signs import UmiSigns

LEAST_SHARE = 0.5
"""Part of the reads that must be consensus: below it most bases have the errors of ordinary reads [P]."""

HIGHEST_OF_SEQUENCERS = 50
"""Phred above which a base was not read by a sequencer, as for `ERROR_CLASSES`: Illumina ends at 45 or below, Element
at 50, consensus callers go to 90 [P]."""

NOT_SHOWN = "umi_not_shown"
"""How the flag begins of ctDNA whose assay claims UMIs that the BAM does not show."""

NOT_SHOWN_WORDS = (
    "the assay says umi: true, and the BAM shows no consensus reads of UMIs, so it was judged as ctDNA without UMIs; "
    "what would mend it: the BAM of consensus reads with the tags and @PG lines of their caller, or umi: false"
)


def is_proven(signs: UmiSigns) -> bool:
    """Whether the reads themselves tell that they are consensus, of two raw reads or more.

    >>> is_proven(UmiSigns(reads=10, telling=10, consensus=5)), is_proven(UmiSigns(reads=10, telling=10, consensus=4))
    (True, False)
    """
    return signs.reads > 0 and signs.consensus >= LEAST_SHARE * signs.reads


def is_plausible(signs: UmiSigns) -> bool:
    """Whether the header names a consensus caller or qualities show one, where reads tell nothing of their families.

    >>> is_plausible(UmiSigns(reads=10, highest_phred={90: 9, 40: 1})), is_plausible(UmiSigns(reads=10))
    (True, False)
    """
    above = sum(reads for phred, reads in signs.highest_phred.items() if phred > HIGHEST_OF_SEQUENCERS)
    tagless = signs.telling < LEAST_SHARE * signs.reads
    return tagless and (bool(signs.consensus_programs) or above >= LEAST_SHARE * signs.reads)


def is_umi(signs: UmiSigns) -> bool:
    """Whether the assay's word that these are consensus reads is believed."""
    return is_proven(signs) or is_plausible(signs)


def shown_instead(signs: UmiSigns) -> str:
    """What the reads seem to be where they are not taken for consensus.

    >>> shown_instead(UmiSigns(reads=10, telling=10, consensus=2)), shown_instead(UmiSigns(reads=10))
    ('2 of 10 reads are of two raw reads or more', 'ordinary reads')
    """
    if not signs.reads:
        return "no read was looked at"
    if signs.telling:
        return f"{signs.consensus} of {signs.reads} reads are of two raw reads or more"
    if signs.umi_programs or signs.umi_tags:
        return "reads with UMIs that were not made consensus"
    return "ordinary reads"


def umi_flags(signs: UmiSigns, claimed: bool, specimen: Specimen) -> Iterator[str]:
    """What is flagged of ctDNA where the assay's word and the BAM differ; tissue is judged alike with and without UMIs.

    Args:
        signs: of the BAM.
        claimed: the assay's `umi`.
        specimen: of the sample.
    """
    if specimen is not Specimen.CTDNA:
        return
    if claimed and not is_umi(signs):
        yield f"{NOT_SHOWN}:{shown_instead(signs)}"
    if not claimed and is_proven(signs):
        yield "umi_not_claimed"
