"""What a BAM shows of being consensus reads of unique molecular identifiers (UMIs). Counts alone: see `umi_proof`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath

import pysam

from cetux.counts import SampleCheck
from cetux.fragments import consensus_class
from cetux.resources import Interval

MOST_READS, MOST_READS_AT_ONE, MOST_RECORDS_AT_ONE = 2_000, 200, 5_000
"""Reads that are looked at in all and from one locus on, and records in which they are sought there, most of which may
be duplicates: enough for a share, at the cost of a few seeks [P]."""

_NOT_COUNTED = 0x4 | 0x100 | 0x200 | 0x400 | 0x800
"""Unmapped, secondary, failed, duplicate and supplementary records (SAM specification, 1.4)."""

CONSENSUS_PROGRAMS = ("connor", "gencore", "marianas")
CONSENSUS_COMMANDS = (
    *("callmolecularconsensusreads", "callduplexconsensusreads", "callcodecconsensusreads", "filterconsensusreads"),
    *("fgumi simplex", "fgumi duplex", "fgumi codec", "fgumi filter", "--umi-enable true", "--umi-enable=true"),
    *("sentieon umi consensus", "pbrun consensusreads", "pbrun duplexconsensusreads"),
)
"""Programs, and commands of others (fgbio, fgumi, DRAGEN, Sentieon, Parabricks), that write consensus reads."""

UMI_PROGRAMS = ("umi_tools", "umi-tools")
UMI_COMMANDS = ("groupreadsbyumi", "umiawaremarkduplicateswithmatecigar", "fgumi group", "fgumi dedup")
"""Programs that tell molecules apart by their UMIs and leave the reads as they were sequenced."""


@dataclass(frozen=True)
class UmiSigns:
    """What the first reads at the assay's loci and the header show; no read is looked at by default.

    reads: looked at. telling: of these, those that tell how many raw reads are behind them; consensus: two or more.
    umi_tags: those with a tag RX or MI. highest_phred: reads by their highest base quality. consensus_programs,
    umi_programs: of @PG, as named here.
    """

    reads: int = 0
    telling: int = 0
    consensus: int = 0
    umi_tags: int = 0
    highest_phred: dict[int, int] = field(default_factory=dict)
    consensus_programs: tuple[str, ...] = ()
    umi_programs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedSample(SampleCheck):
    """All that `check_sample` writes. Who does not ask for UMIs reads the same file as a SampleCheck."""

    umi: UmiSigns = UmiSigns()


def umi_signs(alignment: pysam.AlignmentFile, parts: Sequence[Sequence[Interval]], prefix: str) -> UmiSigns:
    """What the header and at most `MOST_READS` reads show.

    Args:
        alignment: open, with its index.
        parts: loci in order, those together that are read in one go.
        prefix: of the contigs' names, ``chr`` or nothing.
    """
    reads = telling = consensus = tagged = 0
    phreds: Counter[int] = Counter()
    for read in _first_reads(alignment, parts, prefix):
        reads += 1
        behind = raw_reads(read)
        telling += behind is not None
        consensus += behind is not None and behind >= 2
        tagged += read.has_tag("RX") or read.has_tag("MI")
        phreds[max(read.query_qualities or [0])] += 1
    lines = alignment.header.to_dict().get("PG", [])
    return UmiSigns(
        reads=reads,
        telling=telling,
        consensus=consensus,
        umi_tags=tagged,
        highest_phred=dict(sorted(phreds.items())),
        consensus_programs=named(lines, CONSENSUS_PROGRAMS, CONSENSUS_COMMANDS),
        umi_programs=named(lines, UMI_PROGRAMS, UMI_COMMANDS),
    )


def _first_reads(
    alignment: pysam.AlignmentFile, parts: Sequence[Sequence[Interval]], prefix: str
) -> Iterator[pysam.AlignedSegment]:
    """The first reads over each part that count at codons, until there are enough."""
    wanted = MOST_READS
    for part in parts:
        contig = prefix + part[0].chrom
        here = min(wanted, MOST_READS_AT_ONE)
        if here and alignment.get_tid(contig) >= 0:
            records = alignment.fetch(contig, part[0].start, max(locus.end for locus in part))
            for read in islice(records, MOST_RECORDS_AT_ONE):
                if here and not read.flag & _NOT_COUNTED:
                    here, wanted = here - 1, wanted - 1
                    yield read
                if not here:
                    break


def raw_reads(read: pysam.AlignedSegment) -> int | None:
    """Raw reads behind one read, as far as its tags or name tell; None where they tell nothing.

    fgbio and fgumi: cD, the most raw reads behind a base (cM, the least, says 1 of a pair of which one base was low).
    Connor: X5 is the family's size, and X6 is there on the alignment that stands for it, one of many in Connor's
    annotated BAM of raw reads (as its header says). DRAGEN: XV, reads of the family on one strand, and XW, of both
    strands or 0, beside RX (Illumina, DNA alignment and read collapsing). Marianas: see `consensus_class`.
    """
    if read.has_tag("cD"):
        return _number(read, "cD")
    if read.has_tag("X5"):
        return _number(read, "X5") if read.has_tag("X6") else 1
    if read.has_tag("RX") and read.has_tag("XV"):
        return max(_number(read, "XV"), _number(read, "XW"))
    if (read.query_name or "").startswith("Marianas:"):
        return 2 if consensus_class(read) else 1
    return None


def _number(read: pysam.AlignedSegment, tag: str) -> int:
    """The tag's number; 0 where there is none."""
    found = read.get_tag(tag) if read.has_tag(tag) else 0
    return found if isinstance(found, int) else 0


def named(lines: Iterable[Mapping[str, str]], programs: Sequence[str], commands: Sequence[str]) -> tuple[str, ...]:
    """Which of some programs and commands the @PG lines name.

    A program is named by ID, PN or the first word of CL; a command stands anywhere in CL as words of its own. A folder
    that is called like a program names none.

    >>> named([{"ID": "bwa", "CL": "/opt/bwa mem /data/connor/x.fq"}], ["connor", "bwa"], [])
    ('bwa',)
    >>> named([{"ID": "fgbio.1", "CL": "fgbio.jar CallDuplexConsensusReads -i x"}], [], ["callduplexconsensusreads"])
    ('callduplexconsensusreads',)
    """
    names: set[str] = set()
    texts = []
    for line in lines:
        words = line.get("CL", "").split()
        command_line = " ".join([*(PurePosixPath(word).name for word in words[:1]), *words[1:]])
        # GATK and Picard name their tools in ID or PN
        own = (line.get("ID", "").split(".")[0], line.get("PN", ""))
        names |= {name.casefold() for name in (*own, *command_line.split()[:1])}
        texts += [f" {text} ".casefold() for text in (*own, command_line)]
    told = [program for program in programs if program in names]
    return (*told, *(command for command in commands if any(f" {command} " in text for text in texts)))
