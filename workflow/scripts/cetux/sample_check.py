"""Look at one BAM or CRAM before anything is measured: can it be read, is it what the sheet says it is?"""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pysam

from cetux.alignment import INDEX_STEP_BP, open_alignment
from cetux.codons import COMPLEMENT
from cetux.counts import Usable
from cetux.errors import UnusableSample
from cetux.fragments import written_bases
from cetux.genomes import contig_prefix, plain_contig, recognise_build
from cetux.indexes import index_of
from cetux.resources import Codon, Interval, codons, erbb2_exons
from cetux.umi_signs import CheckedSample, UmiSigns, umi_signs

_FINGERPRINT_BYTES = 1 << 20
_BLOCK_SHIFT = 16
"""Bits of a virtual offset below those of its block's place in the file (SAM specification, 4.1.1)."""
_GZIP = b"\x1f\x8b"
_PLACE = slice(3, 6)
"""Columns of a .crai: place of the container in the file, place of the slice in the container, size of the slice."""


@dataclass(frozen=True)
class Reference:
    """What `describe_reference` found in the assay's FASTA: length and M5 by contig. Both empty without a FASTA."""

    path: str | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    md5: Mapping[str, str] = field(default_factory=dict)


def describe_reference(path: str | None, listed: Sequence[Codon], build: str) -> Reference:
    """Lengths of all contigs of the FASTA and M5 of those that carry listed codons, after checking the codons' bases.

    Raises:
        UnusableSample: the FASTA is of another build, or a listed codon does not read as the tables say.
    """
    if path is None:
        return Reference()
    with pysam.FastaFile(path) as fasta:
        lengths = dict(zip(fasta.references, fasta.lengths, strict=True))
        found = recognise_build(lengths)
        if found != build:
            mend = "Give the FASTA that the BAMs were aligned to, or correct the assay's build"
            raise UnusableSample(f"the FASTA {path} is {found or 'of no known build'}, the assay says {build}", mend)
        prefix = contig_prefix(lengths)
        md5 = {}
        for chrom in sorted({codon.chrom for codon in listed} & {plain_contig(name) for name in lengths}):
            sequence = fasta.fetch(prefix + chrom).upper()
            md5[prefix + chrom] = hashlib.md5(sequence.encode(), usedforsecurity=False).hexdigest()
            _check_codons(sequence, [codon for codon in listed if codon.chrom == chrom], path, build)
    return Reference(path, lengths, md5)


def _check_codons(sequence: str, listed: Sequence[Codon], path: str, build: str) -> None:
    for codon in listed:
        bases = "".join(sequence[position] for position in codon.positions)
        read = bases if codon.strand == "+" else bases.translate(COMPLEMENT)
        if read != codon.wt_codon:
            wrong = f"{codon.gene} codon {codon.codon} reads {read} in {path}, {codon.wt_codon} in {build}"
            raise UnusableSample(wrong, "Give an unmodified FASTA of the build that the assay names")


def check_sample(
    sample: str, bam: str, build: str, method: str, reference: Reference, loci: Sequence[Interval]
) -> CheckedSample:
    """Check one sample; what is wrong with its data becomes a reason, never an exception.

    Checked: that the file opens and is whole (its end-of-file mark), is sorted by coordinate and indexed, that its
    contig lengths are those of `build`, that lengths and M5 agree with the FASTA, that the index is of this file, and
    that the reads at each of `loci` can be fetched through it, and that they write out their bases. Told besides: what
    shows that they are consensus reads.

    Args:
        sample: ID in the sheet, compared with the read groups' SM (a difference is a note).
        bam: path of the BAM or CRAM.
        build: the assay's build.
        method: the assay's method; amplicon reads need not be marked for duplicates.
        reference: the assay's FASTA as described.
        loci: places that must be readable, contigs without ``chr``.

    Raises:
        MemoryError, or OSError from the disk itself: retrying may help, so they are not turned into a verdict.
    """
    try:
        return _checked(sample, bam, build, method, reference, loci)
    except UnusableSample as error:
        usable = Usable(False, error.reason, error.remedy)
        return CheckedSample(sample, usable, fingerprint=fingerprint(bam))


def _checked(
    sample: str, bam: str, build: str, method: str, reference: Reference, loci: Sequence[Interval]
) -> CheckedSample:
    _check_whole(bam)
    with open_alignment(bam, reference.path) as alignment:
        lengths = dict(zip(alignment.references, alignment.lengths, strict=True))
        _check_build(lengths, build)
        _check_against_fasta(alignment.header.to_dict(), lengths, reference)
        _check_order(alignment, bam)
        _check_index(alignment, bam)
        groups = alignment.header.to_dict().get("RG", [])
        prefix = contig_prefix(lengths)
        empty, marked = _read_loci(alignment, loci, prefix, bam)
        umi = _umi_signs(alignment, loci, prefix, bam)
    samples = sorted({group.get("SM", "") for group in groups} - {""})
    notes = []
    if samples and samples != [sample]:
        notes.append(f"read groups name {', '.join(samples)}, the sheet {sample}")
    if method != "amplicon" and not marked:
        notes.append("no read is marked as a duplicate: were duplicates marked?")
    if loci and len(empty) == len(loci):
        raise UnusableSample(
            "no read lies on any locus of the assay",
            f"Check that the BAM belongs to this assay and is not empty, and index it again: samtools index {bam}",
        )
    return CheckedSample(
        sample=sample,
        usable=Usable(),
        build=build,
        contig_prefix=prefix,
        fingerprint=fingerprint(bam),
        read_groups=tuple(samples),
        loci_without_reads=tuple(empty),
        notes=tuple(notes),
        umi=umi,
    )


def _check_whole(path: str) -> None:
    try:
        pysam.samtools.quickcheck("-v", path)
    except pysam.utils.SamtoolsError as error:
        reason = _said(error, path) or "no BAM or CRAM"
        remedy = f"Copy or make it again; see: samtools quickcheck -v {path}"
        raise UnusableSample(f"the file is not whole (samtools quickcheck: {reason})", remedy) from None


def _said(error: pysam.utils.SamtoolsError, path: str) -> str:
    """The first line of what samtools said, which the exception holds as the text of a Python string."""
    return str(error).partition("stderr=")[2].partition("\\n")[0].removeprefix(f"{path} ")


def _check_build(lengths: Mapping[str, int], build: str) -> None:
    found = recognise_build(lengths)
    if found != build:
        said = f"is {found}" if found else "fits no known build"
        remedy = "Align to the assay's build, or give the sample an assay of its own build"
        raise UnusableSample(f"the header {said} by its contig lengths, the assay says {build}", remedy)


def _check_against_fasta(
    header: Mapping[str, list[Mapping[str, str]]], lengths: Mapping[str, int], reference: Reference
) -> None:
    remedy = "Give the FASTA that the reads were aligned to"
    for contig, length in reference.lengths.items():
        if lengths.get(contig, length) != length:
            wrong = f"{contig} is {lengths[contig]} bp in the header and {length} bp in the FASTA"
            raise UnusableSample(wrong, remedy)
    primary = {contig for contig in reference.md5 if contig not in lengths}
    if reference.md5 and primary == set(reference.md5):
        wrong = f"the header lacks {', '.join(sorted(primary))} of the FASTA (another naming of contigs?)"
        raise UnusableSample(wrong, "Use BAMs, BED and FASTA with the same contig names")
    for line in header.get("SQ", []):
        known = reference.md5.get(line["SN"])
        if known and line.get("M5", known).lower() != known:
            wrong = f"the checksum M5 of {line['SN']} differs between header and FASTA"
            raise UnusableSample(wrong, remedy)


def _check_order(alignment: pysam.AlignmentFile, bam: str) -> None:
    order = alignment.header.to_dict().get("HD", {}).get("SO", "unknown")
    if order not in ("coordinate", "unknown"):
        remedy = f"Sort and index it: samtools sort -o sorted.bam {bam}"
        raise UnusableSample(f"the file is sorted by {order}, not by coordinate", remedy)


def _check_index(alignment: pysam.AlignmentFile, bam: str) -> None:
    """A stale index fails or, worse, gives no reads: it must fit the file, however old either is by its time stamp."""
    if alignment.is_cram:
        _check_cram_index(bam)
        return
    remedy = _index_again(bam)
    try:
        behind = next(alignment.fetch("*"), None)
    except (OSError, ValueError) as error:
        raise UnusableSample(f"the index does not fit the file ({error})", remedy) from None
    # behind the last read of the index lie unplaced reads or the file's end; a virtual offset holds that of a block
    if behind is not None and behind.reference_id >= 0:
        raise UnusableSample("the index is of an earlier file: it ends before the reads do", remedy)
    # older htslib ends its indexes behind the empty block at the end of the file
    if alignment.tell() > Path(bam).stat().st_size << _BLOCK_SHIFT:
        raise UnusableSample("the index is of another file: it goes on behind the end of this one", remedy)


def _check_cram_index(cram: str) -> None:
    """The index must name the slices of reads that are there: where one is not, htslib gives no read and no error.

    An index is made for comparison: that takes headers alone, no read and no FASTA, 20 microseconds a slice.
    """
    index = index_of(cram)
    assert index is not None  # it was opened
    with TemporaryDirectory() as folder:
        fresh = str(Path(folder) / "fresh.crai")
        try:
            pysam.samtools.index("-o", fresh, cram)
            fits = _slices(index) == _slices(fresh)
        except pysam.utils.SamtoolsError as error:
            remedy = f"Copy or make it again; see: samtools index {cram}"
            raise UnusableSample(f"the file cannot be indexed ({_said(error, cram)})", remedy) from None
    if not fits:
        raise UnusableSample("the index is of another file: it names other slices of reads", _index_again(cram))


def _slices(index: str) -> set[tuple[int, ...]]:
    """Where the slices with placed reads lie, bytes, by a .crai (CRAM specification, 12), compressed or not."""
    content = Path(index).read_bytes()
    text = gzip.decompress(content) if content.startswith(_GZIP) else content
    lines = [line.split(b"\t") for line in text.splitlines()]
    return {tuple(map(int, fields[_PLACE])) for fields in lines if int(fields[0]) >= 0}


def _index_again(bam: str) -> str:
    return f"Make the index again: samtools index {bam}"


def _read_loci(
    alignment: pysam.AlignmentFile, loci: Sequence[Interval], prefix: str, bam: str
) -> tuple[list[str], bool]:
    """Names of the loci without a read, and whether any read near a locus is marked as a duplicate.

    The index leads to within 16 kb of a place, and all before it is read: loci nearer than that are read in one go.
    """
    unread: set[Interval] = set()
    marked = False
    for near in _neighbours(loci):
        contig, waiting = prefix + near[0].chrom, near
        if alignment.get_tid(contig) >= 0:
            try:
                for read in alignment.fetch(contig, near[0].start, max(locus.end for locus in near)):
                    written_bases(read)
                    start, end = read.reference_start, read.reference_end or read.reference_start + 1
                    if waiting and waiting[0].start < end:
                        waiting = [locus for locus in waiting if locus.start >= end or locus.end <= start]
                    marked = marked or read.is_duplicate
                    if marked and not waiting:
                        break
            except (OSError, ValueError) as error:
                where = f"{near[0].chrom}:{near[0].start + 1}"
                raise UnusableSample(f"reading at {where} failed ({error})", _index_or_damage(bam)) from None
        unread.update(waiting)
    return [f"{locus.chrom}:{locus.start + 1}-{locus.end}" for locus in loci if locus in unread], marked


def _umi_signs(alignment: pysam.AlignmentFile, loci: Sequence[Interval], prefix: str, bam: str) -> UmiSigns:
    try:
        return umi_signs(alignment, _neighbours(loci), prefix)
    except (OSError, ValueError) as error:
        raise UnusableSample(f"reading at the assay's loci failed ({error})", _index_or_damage(bam)) from None


def _index_or_damage(bam: str) -> str:
    return f"{_index_again(bam)}; if that fails the file is damaged"


def _neighbours(loci: Sequence[Interval]) -> list[list[Interval]]:
    """The loci in order, parted where the index can skip what lies between."""
    parts: list[list[Interval]] = []
    for locus in sorted(loci, key=lambda one: (one.chrom, one.start)):
        last = parts[-1][-1] if parts else None
        if last and last.chrom == locus.chrom and locus.start - last.end <= INDEX_STEP_BP:
            parts[-1].append(locus)
        else:
            parts.append([locus])
    return parts


def target_loci(targets: str, build: str) -> list[Interval]:
    """The listed codons and ERBB2 exons that the assay's BED covers; its first intervals if it covers none."""
    intervals = [
        Interval(plain_contig(cells[0]), int(cells[1]), int(cells[2]))
        for cells in (line.split("\t") for line in Path(targets).read_text("utf-8", "replace").splitlines())
        if len(cells) >= 3 and cells[1].isdigit() and cells[2].isdigit()
    ]
    wanted = [Interval(codon.chrom, min(codon.positions), max(codon.positions) + 1) for codon in codons(build)]
    wanted += erbb2_exons(build)
    return [locus for locus in wanted if any(_overlap(locus, interval) for interval in intervals)] or intervals[:100]


def _overlap(one: Interval, other: Interval) -> bool:
    return one.chrom == other.chrom and one.start < other.end and other.start < one.end


def fingerprint(path: str) -> str:
    """sha256 of the file's size and of its first and last MiB: tells files apart without reading 100 GB of reads."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        size = handle.seek(0, 2)
        digest.update(str(size).encode())
        handle.seek(0)
        digest.update(handle.read(_FINGERPRINT_BYTES))
        handle.seek(max(0, size - _FINGERPRINT_BYTES))
        digest.update(handle.read(_FINGERPRINT_BYTES))
    return digest.hexdigest()
