"""Build the inputs of cetux in a test: reference, BAM, sheets and CNVkit bins from keyword arguments.

Positions are 0-based half-open. Every base is made up: a reference is random bases with a few planted.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pysam

Reference = Mapping[tuple[str, int], str]
"""Known stretches of sequence: (contig, 0-based start) -> bases. Everything else is N."""

FASTA_LINE_BP = 1_000_000
"""Bases a line: long lines make 900 Mb of N quick to write and to index; faidx only wants them equal."""

CONTROLS_17Q = {f"CTL17Q_{mb}": mb * 1_000_000 + 100_000 for mb in (31, 43, 50, 58, 68, 78)}
"""Made-up control loci on 17q, each inside one Mb outside GRCh38 17:36.6-41.9 Mb: label -> start."""

CONTROLS_17P = {f"CTL17P_{mb}": mb * 1_000_000 + 700_000 for mb in (7, 12, 18)}
"""Made-up control loci on 17p: label -> start."""

ERBB2_BP = (39_700_238, 39_728_662)
"""From the first to the last exon of ERBB2 in GRCh38 (resources/erbb2_exons.tsv), 0-based half-open."""

FLAGS = frozenset({"duplicate", "qcfail", "secondary", "supplementary", "reverse", "unmapped"})
"""Flags that `BamBuilder.add_read` takes as keyword arguments."""

Pair = tuple[pysam.AlignedSegment, pysam.AlignedSegment]


def random_reference(
    regions: Iterable[tuple[str, int, int]], planted: Reference | None = None, seed: int = 1
) -> dict[tuple[str, int], str]:
    """Random bases over the regions (contig, start, end; merged where they touch), `planted` ones in place.

    Raises ValueError where a planted base lies outside all regions.
    """
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    drawn = {
        (contig, start): bytearray(letters[rng.integers(0, 4, end - start)].tobytes())
        for contig, start, end in merge_regions(regions)
    }
    for (contig, position), bases in (planted or {}).items():
        start = stretch_start(drawn, contig, position, position + len(bases))
        drawn[contig, start][position - start : position - start + len(bases)] = bases.encode()
    return {where: bases.decode() for where, bases in drawn.items()}


def merge_regions(regions: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Sorted regions, those that overlap or touch made one."""
    merged: list[tuple[str, int, int]] = []
    for contig, start, end in sorted(regions):
        if merged and merged[-1][0] == contig and start <= merged[-1][2]:
            merged[-1] = (contig, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((contig, start, end))
    return merged


def stretch_start(reference: Mapping[tuple[str, int], Any], contig: str, start: int, end: int) -> int:
    """Start of the one stretch that holds all of contig:start-end; ValueError where none does."""
    for (name, first), bases in reference.items():
        if name == contig and first <= start and end <= first + len(bases):
            return first
    raise ValueError(f"no reference sequence holds all of {contig}:{start}-{end}")


def reference_bases(reference: Reference, contig: str, start: int, end: int) -> str:
    """Bases of contig:start-end, which must lie inside one known stretch."""
    first = stretch_start(reference, contig, start, end)
    return reference[contig, first][start - first : end - first]


def write_fasta(path: Path, contigs: Mapping[str, int], sequences: Reference) -> Path:
    """Write a bgzipped FASTA with .fai and .gzi: contigs at their full length, N outside `sequences`."""
    with pysam.BGZFile(str(path), "wb", None) as fasta:
        for contig, length_bp in contigs.items():
            fasta.write(f">{contig}\n".encode())
            inside = {start: bases for (name, start), bases in sequences.items() if name == contig}
            for line in _fasta_lines(length_bp, inside):
                fasta.write(line)
    pysam.faidx(str(path))
    return path


def _fasta_lines(length_bp: int, sequences: Mapping[int, str]) -> Iterator[bytes]:
    """Lines of one contig; the line without any sequence is made once and used again."""
    for start, bases in sequences.items():
        if start < 0 or start + len(bases) > length_bp:
            raise ValueError(f"sequence {start}-{start + len(bases)} leaves its contig of {length_bp} bp")
    blank = b"N" * FASTA_LINE_BP + b"\n"
    for first in range(0, length_bp, FASTA_LINE_BP):
        last = min(first + FASTA_LINE_BP, length_bp)
        inside = {s: b for s, b in sequences.items() if s < last and s + len(b) > first}
        if not inside and last - first == FASTA_LINE_BP:
            yield blank
            continue
        line = bytearray(b"N" * (last - first) + b"\n")
        for start, bases in inside.items():
            low, high = max(start, first), min(start + len(bases), last)
            line[low - first : high - first] = bases[low - start : high - start].encode()
        yield bytes(line)


@dataclass
class BamBuilder:
    """Collects reads, then writes them sorted and indexed.

    `reference` serves `add_fragment` alone. `sample` None leaves the read group out; `md5` fills @SQ M5; `programs` are
    the @PG lines.
    """

    contigs: Mapping[str, int]
    reference: Reference = field(default_factory=dict)
    sample: str | None = "sample"
    md5: Mapping[str, str] = field(default_factory=dict)
    programs: Sequence[Mapping[str, str]] = ()
    reads: list[pysam.AlignedSegment] = field(default_factory=list)
    named: int = 0

    @property
    def header(self) -> pysam.AlignmentHeader:
        """@HD, @SQ, @RG and @PG from the attributes."""
        sequences = [{"SN": name, "LN": length} for name, length in self.contigs.items()]
        checksums = [{"M5": self.md5[name]} if name in self.md5 else {} for name in self.contigs]
        group = {"ID": self.sample, "SM": self.sample, "PL": "ILLUMINA"}
        return pysam.AlignmentHeader.from_dict(
            {"HD": {"VN": "1.6", "SO": "coordinate"}}
            | {"SQ": [line | checksum for line, checksum in zip(sequences, checksums, strict=True)]}
            | ({} if self.sample is None else {"RG": [group]})
            | ({"PG": [dict(line) for line in self.programs]} if self.programs else {})
        )

    def add_read(
        self,
        contig: str,
        start: int,
        sequence: str,
        *,
        name: str | None = None,
        cigar: str | None = None,
        mapq: int = 60,
        base_quality: int | Sequence[int] = 37,
        tags: Mapping[str, Any] | None = None,
        **flags: bool,
    ) -> pysam.AlignedSegment:
        """Add one unpaired read (plus-strand bases) and return it.

        base_quality: one value for all bases, or one a base. flags: any of FLAGS, as in `duplicate=True`.
        """
        if unknown := sorted(set(flags) - FLAGS):
            raise TypeError(f"unknown {unknown}; flags are {sorted(FLAGS)}")
        read = pysam.AlignedSegment(self.header)
        read.query_name = self._name(name)
        read.reference_name, read.reference_start = contig, start
        read.query_sequence = sequence
        each = [base_quality] * len(sequence) if isinstance(base_quality, int) else list(base_quality)
        read.query_qualities = array("B", each)
        for flag, value in flags.items():
            setattr(read, f"is_{flag}", value)
        read.cigarstring = None if read.is_unmapped else (cigar or f"{len(sequence)}M")
        read.mapping_quality = 0 if read.is_unmapped else mapq
        group = {} if self.sample is None else {"RG": self.sample}
        for tag, content in (group | dict(tags or {})).items():
            read.set_tag(tag, content)
        self.reads.append(read)
        return read

    def add_pair(
        self,
        contig: str,
        start: int,
        left: str,
        right: str,
        *,
        insert: int | None = None,
        cigar: str | None = None,
        right_cigar: str | None = None,
        strand: str = "+",
        name: str | None = None,
        **read: Any,
    ) -> Pair:
        """Add a proper FR pair and return (left, right); both are plus-strand bases.

        `left` begins at `start`, `right` ends at `start + insert` (default: the mates touch). Strand "+"
        makes the left read the first of the pair, "-" the second. `read` goes to `add_read` for both mates;
        with the prefix `right_`, for the right mate alone.
        """
        name = self._name(name)
        both = {key: value for key, value in read.items() if not key.startswith("right_")}
        own = {key.removeprefix("right_"): value for key, value in read.items() if key.startswith("right_")}
        one = self.add_read(contig, start, left, name=name, cigar=cigar, **both)
        two = self.add_read(contig, start, right, name=name, cigar=right_cigar, **({"reverse": True} | both | own))
        ends = (one.reference_length or 0, two.reference_length or 0)
        insert = sum(ends) if insert is None else insert
        two.reference_start = start + insert - ends[1]
        for mate, other, first in ((one, two, strand == "+"), (two, one, strand != "+")):
            mate.is_paired, mate.is_proper_pair = True, True
            mate.is_read1, mate.is_read2 = first, not first
            mate.mate_is_reverse, mate.mate_is_unmapped = other.is_reverse, other.is_unmapped
            mate.next_reference_id, mate.next_reference_start = other.reference_id, other.reference_start
            mate.template_length = insert if mate is one else -insert
        return one, two

    def add_fragment(
        self,
        contig: str,
        start: int,
        end: int,
        *,
        changes: Mapping[int, str] | None = None,
        right_changes: Mapping[int, str] | None = None,
        insertions: Mapping[int, str] | None = None,
        deletions: Mapping[int, int] | None = None,
        read_length: int = 100,
        count: int = 1,
        strand: Literal["+", "-", "both"] = "both",
        name: str | None = None,
        **read: Any,
    ) -> list[Pair]:
        """Add `count` pairs of the fragment contig:start-end, which follow the reference but for the changes.

        changes: position -> base, in both mates; `right_changes` come on top in the right mate.
        insertions: position -> bases inserted after it. deletions: first deleted position -> length.
        strand "both" takes "+" and "-" in turn, by the fragments so far. `read` goes to `add_pair`.
        """
        if name is not None and count > 1:
            raise ValueError("a name belongs to one fragment: give count=1 or leave the name out")
        bases = reference_bases(self.reference, contig, start, end)
        indels, both = (dict(insertions or {}), dict(deletions or {})), dict(changes or {})
        left = _trim(_columns(bases, start, both, *indels), read_length)
        right = _trim(_columns(bases, start, both | dict(right_changes or {}), *indels)[::-1], read_length)[::-1]
        first, last = _placed(left)[0], _placed(right)[-1]
        read |= {
            "insert": last + 1 - first,
            "cigar": _cigar(left),
            "right_cigar": _cigar(right),
            "name": name,
        }
        made = []
        for _ in range(count):
            turn = "+-"[self.named % 2] if strand == "both" else strand
            made.append(self.add_pair(contig, first, _bases(left), _bases(right), strand=turn, **read))
        return made

    def write(self, path: Path, *, index: bool = True, sort: bool = True) -> Path:
        """Write the BAM, sorted by position and indexed (.bai) unless told otherwise."""
        reads = sorted(self.reads, key=_position) if sort else self.reads
        with pysam.AlignmentFile(str(path), "wb", header=self.header) as bam:
            for read in reads:
                bam.write(read)
        if index:
            pysam.index(str(path))
        return path

    def _name(self, name: str | None) -> str:
        self.named += name is None
        return name or f"fragment{self.named}"


_Column = tuple[str, int, str]
"""One column of an alignment: operation M, I or D; reference position; base ("" for D)."""


def _columns(
    bases: str, start: int, changes: dict[int, str], insertions: dict[int, str], deletions: dict[int, int]
) -> list[_Column]:
    touched = {*changes, *insertions, *deletions}
    if outside := sorted(touched - set(range(start, start + len(bases)))):
        raise ValueError(f"changes at {outside} lie outside the fragment {start}-{start + len(bases)}")
    gone = {position for first, size in deletions.items() for position in range(first, first + size)}
    columns: list[_Column] = []
    for position, base in enumerate(bases, start):
        kept = ("M", position, changes.get(position, base))
        columns.append(("D", position, "") if position in gone else kept)
        columns.extend(("I", position, inserted) for inserted in insertions.get(position, ""))
    return columns


def _trim(columns: list[_Column], read_length: int) -> list[_Column]:
    """The columns of a read of `read_length` bases, without deletions at its ends."""
    with_base = [i for i, column in enumerate(columns) if column[0] != "D"][:read_length]
    return columns[with_base[0] : with_base[-1] + 1]


def _cigar(read: list[_Column]) -> str:
    """CIGAR of the columns; an insertion at an end of the read is a soft clip."""
    runs = [(operation, len(list(group))) for operation, group in groupby(read, key=lambda column: column[0])]
    ends = {0, len(runs) - 1}
    return "".join(f"{n}{'S' if op == 'I' and i in ends else op}" for i, (op, n) in enumerate(runs))


def _bases(read: list[_Column]) -> str:
    return "".join(base for _, _, base in read)


def _placed(read: list[_Column]) -> list[int]:
    return [position for operation, position, _ in read if operation == "M"]


def _position(read: pysam.AlignedSegment) -> tuple[int, int]:
    return (read.reference_id % (1 << 31), read.reference_start)


def write_tsv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as a tab-separated sheet; its columns are those of all rows, in order of first sight."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="", delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _row(columns: str, defaults: str, over: Mapping[str, object]) -> dict[str, str]:
    """Default cells ("." is an empty one) with `over` in place; None drops a column."""
    cells = ("" if cell == "." else cell for cell in defaults.split())
    row: dict[str, object] = dict(zip(columns.split(), cells, strict=True)) | dict(over)
    return {column: str(value) for column, value in row.items() if value is not None}


_SAMPLE = "sample patient timepoint specimen assay bam purity role"
_PATIENT = "patient tumour_type drug best_response treatment_start last_dose progression last_contact outcome"
_HEREGULIN = "patient timepoint matrix assay value unit lloq uloq dilution dilution_applied"


def sample_row(**over: object) -> dict[str, str]:
    """A row of samples.tsv: tumour tissue before treatment. None drops a column."""
    return _row(_SAMPLE, "P01_pre P01 pre tissue panel P01_pre.bam 0.6 tumour", over)


def normal_row(**over: object) -> dict[str, str]:
    """A row of samples.tsv: a normal, with empty patient, time point and purity. None drops a column."""
    return _row(_SAMPLE, "N01 . . tissue panel N01.bam . normal", over)


def patient_row(**over: object) -> dict[str, str]:
    """A row of patients.tsv: progression as best response after 56 days. None drops a column."""
    days = "2021-03-01 2021-04-19 2021-04-26 2021-12-01"
    return _row(_PATIENT, f"P01 colorectal cetuximab PD {days} dead", over)


def heregulin_row(**over: object) -> dict[str, str]:
    """A row of heregulin.tsv: a low plasma value before treatment. None drops a column."""
    return _row(_HEREGULIN, "P01 pre plasma DEMO_ELISA 400 pg/mL 62.5 4000 2 yes", over)


def cnr_frame(
    *,
    erbb2: float = 0.0,
    controls_17q: float | Mapping[str, float] = 0.0,
    controls_17p: float | Mapping[str, float] = 0.0,
    background: float = 0.0,
    noise: float = 0.05,
    bins: Mapping[str, int] | None = None,
    depth: float = 300.0,
    weight: float = 0.9,
    seed: int = 1,
) -> pd.DataFrame:
    """Bins as CNVkit's fix gives them, sorted: ERBB2, control loci on both arms of chr17, chr1, 3, 7, 12, 15.

    The log2 values are the truth, `noise` the sd (log2) of seeded noise on every bin. A mapping of control
    labels gives each locus its own log2 and makes no other (labels of CONTROLS_17Q, CONTROLS_17P). `bins`
    overrides the number of bins of "erbb2" (30), of each "control" locus (6), of each other chromosome's
    "background" (14) and "antitarget" (0).
    """
    size = {"erbb2": 30, "control": 6, "background": 14, "antitarget": 0} | dict(bins or {})
    step_bp = (ERBB2_BP[1] - ERBB2_BP[0]) // max(size["erbb2"], 1)
    spans = [(17, ERBB2_BP[0], step_bp, "ERBB2", erbb2, size["erbb2"])]
    for loci, given in ((CONTROLS_17Q, controls_17q), (CONTROLS_17P, controls_17p)):
        each = given if isinstance(given, Mapping) else dict.fromkeys(loci, given)
        spans += [(17, loci[label], 1_500, label, log2, size["control"]) for label, log2 in each.items()]
    for number in (1, 3, 7, 12, 15):
        spans.append((number, 25_000_000, 5_000_000, f"BG_{number}", background, size["background"]))
        spans.append((number, 25_100_000, 150_000, "Antitarget", background, size["antitarget"]))
    rows = sorted(
        (number, start + i * step, start + i * step + 200, label, log2)
        for number, start, step, label, log2, many in spans
        for i in range(many)
    )
    frame = pd.DataFrame(rows, columns=["chromosome", "start", "end", "gene", "log2"])
    frame["chromosome"] = "chr" + frame["chromosome"].astype(str)
    frame["log2"] += np.random.default_rng(seed).normal(0.0, noise, len(frame))
    frame["depth"] = depth * np.exp2(frame["log2"])
    frame["weight"] = weight
    return frame
