"""When the word of an assay that its BAMs hold consensus reads is believed."""

import pytest

from cetux.states import Specimen
from cetux.umi_proof import is_plausible, is_proven, umi_flags
from cetux.umi_signs import UmiSigns

RAW = UmiSigns(reads=100, highest_phred={37: 100})
FGBIO = UmiSigns(reads=100, telling=100, consensus=80, umi_tags=100, consensus_programs=("callduplexconsensusreads",))
SINGLE = UmiSigns(reads=100, telling=100, consensus=3, umi_tags=100, consensus_programs=("callduplexconsensusreads",))
UNTAGGED = UmiSigns(reads=100, highest_phred={40: 100}, consensus_programs=("gencore",))
HIGH = UmiSigns(reads=100, highest_phred={62: 10, 90: 90})
GROUPED = UmiSigns(reads=100, umi_tags=100, highest_phred={37: 100}, umi_programs=("groupreadsbyumi",))
ELEMENT = UmiSigns(reads=100, highest_phred={50: 100})


@pytest.mark.parametrize(
    ("signs", "proven", "plausible", "instead"),
    [
        pytest.param(FGBIO, True, False, "", id="tags of two raw reads or more"),
        pytest.param(UNTAGGED, False, True, "", id="a consensus caller in the header alone"),
        pytest.param(HIGH, False, True, "", id="qualities that no sequencer gives"),
        # what the reads tell stands over the header: most are single, with the errors of raw reads
        pytest.param(SINGLE, False, False, "3 of 100 reads are of two raw reads or more", id="families of one"),
        pytest.param(RAW, False, False, "ordinary reads", id="ordinary reads"),
        pytest.param(ELEMENT, False, False, "ordinary reads", id="the highest Phred of a sequencer"),
        pytest.param(GROUPED, False, False, "reads with UMIs that were not made consensus", id="grouped by UMIs"),
        # missing is never taken for proof: a check of an earlier version, a sample without reads at its loci
        pytest.param(UmiSigns(), False, False, "no read was looked at", id="nothing looked at"),
    ],
)
def test_what_is_believed(signs: UmiSigns, proven: bool, plausible: bool, instead: str) -> None:
    assert (is_proven(signs), is_plausible(signs)) == (proven, plausible)
    flags = list(umi_flags(signs, True, Specimen.CTDNA))
    assert flags == ([f"umi_not_shown:{instead}"] if instead else [])


@pytest.mark.parametrize(("signs", "hinted"), [(FGBIO, True), (HIGH, False), (UNTAGGED, False), (RAW, False)])
def test_consensus_reads_that_nobody_claims_are_a_hint(signs: UmiSigns, hinted: bool) -> None:
    assert list(umi_flags(signs, False, Specimen.CTDNA)) == (["umi_not_claimed"] if hinted else [])


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize("signs", [FGBIO, RAW])
def test_tissue_is_never_flagged(signs: UmiSigns, claimed: bool) -> None:
    """Its thresholds are the same with and without UMIs."""
    assert list(umi_flags(signs, claimed, Specimen.TISSUE)) == []
