"""What reads and header show of UMIs, from BAMs made here, tagged as the documentation of each program says."""

from pathlib import Path
from typing import Any

import pysam
import pytest
from tests.builders import BamBuilder

from cetux import records
from cetux.counts import SampleCheck, Usable
from cetux.resources import Interval
from cetux.umi_signs import (
    CONSENSUS_COMMANDS,
    CONSENSUS_PROGRAMS,
    UMI_COMMANDS,
    UMI_PROGRAMS,
    CheckedSample,
    UmiSigns,
    named,
    umi_signs,
)

CONTIGS = {"chr7": 90_000, "chr12": 90_000}
LOCUS = Interval("12", 1000, 1003)
MARIANAS = "Marianas:ACT+GTG:1:115256435:{}:{}:1:115256480:8:4"
"""Name of a consensus read in MSK's ACCESS BAMs: fields 4 and 5 are the raw reads of each strand."""


def signs(path: Path, bam: BamBuilder, *parts: Interval) -> UmiSigns:
    with pysam.AlignmentFile(str(bam.write(path / "x.bam"))) as alignment:
        return umi_signs(alignment, [[part] for part in parts or (LOCUS,)], "chr")


def of_read(path: Path, **read: Any) -> tuple[int, int]:
    """Of one read: whether it tells what is behind it, and whether that is two raw reads or more."""
    bam = BamBuilder(CONTIGS)
    bam.add_read("chr12", 990, "A" * 50, **read)
    found = signs(path, bam)
    assert found.reads == 1
    return found.telling, found.consensus


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        # fgbio CallMolecularConsensusReads and CallDuplexConsensusReads: cD is the most raw reads behind a base
        ({"cD": 4, "cM": 2, "cE": 0.0}, (1, 1)),
        ({"cD": 2, "cM": 1, "cE": 0.0}, (1, 1)),
        ({"cD": 1, "cM": 1, "cE": 0.0}, (1, 0)),
        ({"cD": 2, "cM": 2, "aD": 1, "bD": 1, "aM": 1, "bM": 1}, (1, 1)),
        # Connor: X6 stands on the family's alignment; X5 without it is one raw read of an annotated BAM
        ({"X1": "1~9", "X3": 0, "X5": 5, "X6": 1}, (1, 1)),
        ({"X1": "1~9", "X3": 0, "X5": 5}, (1, 0)),
        ({"X1": "1~9", "X3": 0, "X5": 1, "X6": 1}, (1, 0)),
        # DRAGEN: XW is 0 where the family is of one strand
        ({"RX": "ACT-GTG", "XV": 3, "XW": 0}, (1, 1)),
        ({"RX": "ACT-GTG", "XV": 1, "XW": 2}, (1, 1)),
        ({"RX": "ACT-GTG", "XV": 1, "XW": 0}, (1, 0)),
        # GSNAP's XV and XW are mismatches, bwa aln's X0 and X1 hits; ConsensusCruncher-like text in XV is no number
        ({"XV": 3, "XW": 2}, (0, 0)),
        ({"X0": 1, "X1": 0}, (0, 0)),
        ({"RX": "ACT-GTG", "XV": "SSCS"}, (1, 0)),
        # raw reads: grouped by UMIs or not
        ({"RX": "ACT-GTG", "MI": "7"}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_what_tags_tell(tags: dict[str, Any], told: tuple[int, int], tmp_path: Path) -> None:
    assert of_read(tmp_path, tags=tags) == told


@pytest.mark.parametrize(("plus", "minus", "told"), [(8, 4, (1, 1)), (2, 0, (1, 1)), (1, 0, (1, 0))])
def test_what_names_tell(plus: int, minus: int, told: tuple[int, int], tmp_path: Path) -> None:
    assert of_read(tmp_path, name=MARIANAS.format(plus, minus)) == told


def test_umi_tags_and_qualities_are_counted(tmp_path: Path) -> None:
    bam = BamBuilder(CONTIGS)
    bam.add_read("chr12", 990, "A" * 50, tags={"RX": "ACT"}, base_quality=[37] * 49 + [2])
    bam.add_read("chr12", 990, "A" * 50, tags={"MI": "1"}, base_quality=90)
    bam.add_read("chr12", 990, "A" * 50, base_quality=90)
    found = signs(tmp_path, bam)
    assert (found.reads, found.umi_tags, found.highest_phred) == (3, 2, {37: 1, 90: 2})


def test_reads_that_do_not_count_at_codons_are_passed_over(tmp_path: Path) -> None:
    bam = BamBuilder(CONTIGS)
    for flag in ("duplicate", "qcfail", "secondary", "supplementary"):
        bam.add_read("chr12", 990, "A" * 50, **{flag: True})
    assert signs(tmp_path, bam) == UmiSigns()


def test_reading_is_bounded_at_each_locus_and_in_all(tmp_path: Path) -> None:
    """Of 250 reads at each of 11 loci 200 are read at ten loci, which makes 2,000, and none at the last."""
    bam = BamBuilder(CONTIGS)
    loci = [Interval("12", 1000 + 1000 * step, 1003 + 1000 * step) for step in range(11)]
    for locus in loci:
        for _ in range(250):
            bam.add_read("chr12", locus.start - 10, "A" * 50)
    assert signs(tmp_path, bam, loci[0]).reads == 200
    assert signs(tmp_path, bam, *loci).reads == 2_000


def test_a_locus_of_duplicates_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Of 5,000 records at the most the last one is a read that counts; a second one behind it is not reached."""
    bam = BamBuilder(CONTIGS)
    for _ in range(4_999):
        bam.add_read("chr12", 990, "A" * 20, duplicate=True)
    for start in (991, 992):
        bam.add_read("chr12", start, "A" * 20)
    assert signs(tmp_path, bam).reads == 1


def test_a_contig_that_the_file_lacks_has_no_reads(tmp_path: Path) -> None:
    assert signs(tmp_path, BamBuilder(CONTIGS), Interval("9", 10, 20)) == UmiSigns()


@pytest.mark.parametrize(
    ("line", "consensus", "umi"),
    [
        # as in reads/horizon_hdb7 and, by its README, as fgbio writes it
        ({"ID": "connor", "PN": "connor"}, ("connor",), ()),
        ({"ID": "fgbio", "CL": "CallMolecularConsensusReads --input x"}, ("callmolecularconsensusreads",), ()),
        (
            {"ID": "fgbio-2", "PN": "fgbio", "CL": "fgbio --tmp-dir=. CallDuplexConsensusReads -i x"},
            ("callduplexconsensusreads",),
            (),
        ),
        ({"ID": "fgumi.1", "CL": "/opt/bin/fgumi simplex -i x"}, ("fgumi simplex",), ()),
        ({"ID": "x", "CL": "/opt/gencore -i x -r ref"}, ("gencore",), ()),
        ({"ID": "DRAGEN SW build", "CL": "dragen -r x --umi-enable true -1 y"}, ("--umi-enable true",), ()),
        ({"ID": "DRAGEN SW build", "CL": "dragen -r x --umi-enable false -1 y"}, (), ()),
        # UMIs without a consensus
        ({"ID": "fgbio", "CL": "GroupReadsByUmi --strategy adjacency"}, (), ("groupreadsbyumi",)),
        ({"ID": "umi_tools", "CL": "umi_tools dedup -I x"}, (), ("umi_tools",)),
        ({"ID": "UmiAwareMarkDuplicatesWithMateCigar.2"}, (), ("umiawaremarkduplicateswithmatecigar",)),
        # names of folders and files name no program
        ({"ID": "bwa", "PN": "bwa", "CL": "/opt/connor/bwa mem /data/gencore/CallMolecularConsensusReads.fq"}, (), ()),
        ({"ID": "MarkDuplicates", "CL": "MarkDuplicates INPUT=[/data/connor]"}, (), ()),
    ],
)
def test_which_programs_the_header_names(
    line: dict[str, str], consensus: tuple[str, ...], umi: tuple[str, ...], tmp_path: Path
) -> None:
    found = signs(tmp_path, BamBuilder(CONTIGS, programs=[line]))
    assert (found.consensus_programs, found.umi_programs) == (consensus, umi)


def test_every_listed_program_is_found_by_its_own_name() -> None:
    for programs, commands in ((CONSENSUS_PROGRAMS, CONSENSUS_COMMANDS), (UMI_PROGRAMS, UMI_COMMANDS)):
        for name in programs:
            assert named([{"ID": name.upper()}], programs, commands) == (name,)
        for command in commands:
            assert named([{"ID": "x", "CL": f"/opt/{command} -i y"}], programs, commands)[-1:] == (command,)


def test_a_check_of_before_reads_and_others_read_what_is_written_now(tmp_path: Path) -> None:
    records.write(SampleCheck("s", Usable(), notes=("odd",)), tmp_path / "old.json")
    assert records.read(CheckedSample, tmp_path / "old.json") == CheckedSample("s", Usable(), notes=("odd",))
    now = CheckedSample("s", Usable(), umi=UmiSigns(reads=3, telling=3, consensus=2, highest_phred={37: 3}))
    records.write(now, tmp_path / "new.json")
    assert records.read(CheckedSample, tmp_path / "new.json") == now
    assert records.read(SampleCheck, tmp_path / "new.json") == SampleCheck("s", Usable())
