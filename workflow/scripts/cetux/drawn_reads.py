"""The reads over each detected allele of one sample, few enough for a page, as sessions of igv.js."""

import gzip
import random
import tempfile
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pysam

from cetux.alignment import open_alignment
from cetux.coding import scanned_codons
from cetux.evidence import Allele, SampleGenotypes
from cetux.fragments import ReadFilter
from cetux.genomes import contig_prefix
from cetux.resources import Codon

SEED = 1
"""Of the draw of fragments, so that the same BAM gives the same picture."""

MOST_DRAWN = (200, 100, 50, 25, 10)
"""Fragments drawn per allele: the first number with which all the alleles of a sample stay below `LARGEST_BYTES`."""

LARGEST_BYTES = 1_300_000
"""Of all sessions of a page, which shall stay below 1.5 MB."""

_READS_BESIDE_BP = 400
"""How far from the allele the mates of its fragments are taken."""
_SEQUENCE_BESIDE_BP = 1000
_SHOWN_BESIDE_BP = 40
_SHOW_ALL = {"vendorFailed": False, "duplicate": False, "secondary": False, "supplementary": False}
"""Filters of igv.js: what was counted is shown, the flagged duplicates of amplicons too."""


@dataclass(frozen=True)
class Site:
    """Where one allele lies: 0-based half-open on a contig of the BAM.

    bases: changed plus-strand bases by position; empty for an insertion or deletion.
    """

    allele: Allele
    contig: str
    start: int
    end: int
    bases: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DrawnSite:
    """One allele with the reads over it. changed, others: fragments with the change and without it that are drawn, of
    those that were there; session: what igv.js loads, everything in it.
    """

    site: Site
    changed: tuple[int, int]
    others: tuple[int, int]
    session: Mapping[str, Any]


def draw(bam: str, fasta: str, build: str, genotypes: SampleGenotypes, keep: ReadFilter) -> tuple[DrawnSite, ...]:
    """The reads over every allele that was called, lies in the grey zone, or was detected below the floors.

    Args:
        bam: path of the BAM or CRAM; read by its index over the alleles alone.
        fasta: the assay's FASTA.
        build: "GRCh37" or "GRCh38".
        genotypes: of the sample.
        keep: which reads were counted; no other is drawn.

    Raises:
        UnusableSample, OSError, ValueError: the BAM or the FASTA cannot be read.
    """
    alleles = [allele for gene in genotypes.genes.values() for allele in (*gene.alleles, *gene.traces)]
    if not alleles:
        return ()
    codons = {(codon.gene, codon.codon): codon for codon in scanned_codons(build, fasta)}
    with open_alignment(bam, fasta) as alignment, pysam.FastaFile(fasta) as reference:
        prefix = contig_prefix(dict.fromkeys(alignment.references, 0))
        sites = [site_of(allele, codons[allele.gene, allele.codon], prefix) for allele in alleles]
        drawn: tuple[DrawnSite, ...] = ()
        for most in MOST_DRAWN:
            drawn = tuple(_drawn(alignment, reference, site, keep, most) for site in sites)
            if sum(len(str(one.session)) for one in drawn) <= LARGEST_BYTES:
                break
        return drawn


def site_of(allele: Allele, codon: Codon, prefix: str) -> Site:
    """Where an allele lies; an insertion or deletion lies over all its equivalent placements."""
    contig = prefix + codon.chrom
    if allele.indel is not None:
        end = allele.indel.start + max(len(allele.indel.deleted), 1) + allele.indel.shift
        return Site(allele, contig, allele.indel.start, end)
    positions = sorted(codon.positions)
    is_plain = all(token in ("A", "C", "G", "T") and 0 <= index <= 2 for index, token in allele.changes)
    if not is_plain or not allele.changes:
        return Site(allele, contig, positions[0], positions[-1] + 1)
    bases = {positions[index]: token for index, token in allele.changes}
    return Site(allele, contig, min(bases), max(bases) + 1, bases)


def carries(read: pysam.AlignedSegment, site: Site) -> bool:
    """Whether a read shows the change: all changed bases that it covers, or an insertion or deletion at the place.

    The picture alone is sorted by this; what counts as evidence `count_haplotypes` decided.
    """
    if not site.bases:
        return any(start <= site.end and end >= site.start for start, end in _gaps(read))
    shown = dict(zip(read.get_reference_positions(full_length=True), read.query_sequence or "", strict=False))
    found = [shown[position] == base for position, base in site.bases.items() if position in shown]
    return bool(found) and all(found)


def _gaps(read: pysam.AlignedSegment) -> Iterator[tuple[int, int]]:
    """Start and end of each deletion on the reference; of an insertion, the bases on its two sides."""
    place = read.reference_start
    for operation, length in read.cigartuples or ():
        if operation == pysam.CINS:
            yield place - 1, place
        if operation == pysam.CDEL:
            yield place, place + length
        if operation in (pysam.CMATCH, pysam.CEQUAL, pysam.CDIFF, pysam.CDEL, pysam.CREF_SKIP):
            place += length


def chosen(changed: Set[str], others: Set[str], most: int) -> tuple[list[str], list[str]]:
    """Names of the fragments to draw, at most `most`, at random by `SEED`.

    Fragments with the change come first, up to half of the picture (more where the others do not fill theirs): at 0.5 %
    of 20,000 fragments a plain draw of 200 would show one of them. So a picture's share is no VAF.
    """
    draw_of = random.Random(SEED)
    with_change = min(len(changed), max(most // 2, most - len(others)))
    without = min(len(others), most - with_change)
    return draw_of.sample(sorted(changed), with_change), draw_of.sample(sorted(others), without)


def _drawn(
    alignment: pysam.AlignmentFile, reference: pysam.FastaFile, site: Site, keep: ReadFilter, most: int
) -> DrawnSite:
    names: set[str] = set()
    changed: set[str] = set()
    for read in _reads(alignment, site, 0, keep):
        names.add(read.query_name or "")
        if carries(read, site):
            changed.add(read.query_name or "")
    others = names - changed
    some_changed, some_others = chosen(changed, others, most)
    wanted = {*some_changed, *some_others}
    reads = [read for read in _reads(alignment, site, _READS_BESIDE_BP, keep) if read.query_name in wanted]
    sequence = _sequence(reference, site)
    return DrawnSite(
        site,
        (len(some_changed), len(changed)),
        (len(some_others), len(others)),
        _session(site, _bam_bytes(reads, site.contig, alignment.get_reference_length(site.contig)), sequence),
    )


def _reads(
    alignment: pysam.AlignmentFile, site: Site, beside_bp: int, keep: ReadFilter
) -> Iterator[pysam.AlignedSegment]:
    start, end = max(0, site.start - beside_bp), site.end + beside_bp
    yield from (read for read in alignment.fetch(site.contig, start, end) if keep.accepts(read))


def _bam_bytes(reads: Sequence[pysam.AlignedSegment], contig: str, length_bp: int) -> bytes:
    """A BAM of one contig with the reads, without tags, read groups or the programs that made them."""
    header = pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": contig, "LN": length_bp}]}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reads.bam"
        with pysam.AlignmentFile(str(path), "wb", header=header) as out:
            for read in reads:
                fields = read.to_dict() | {"tags": []}
                if fields["next_ref_name"] not in ("=", contig):
                    fields |= {"next_ref_name": "*", "next_ref_pos": "0"}
                out.write(pysam.AlignedSegment.from_dict(fields, header))
        return path.read_bytes()


def _sequence(reference: pysam.FastaFile, site: Site) -> str:
    """A FASTA of the surroundings, its place in the title as igv.js reads it: ``>chr12:1001-3000 @len=133275309``."""
    length_bp = reference.get_reference_length(site.contig)
    start, end = max(0, site.start - _SEQUENCE_BESIDE_BP), min(site.end + _SEQUENCE_BESIDE_BP, length_bp)
    bases = reference.fetch(site.contig, start, end)
    return f">{site.contig}:{start + 1}-{end} @len={length_bp}\n{bases}\n"


def _session(site: Site, bam: bytes, sequence: str) -> dict[str, Any]:
    """A session of igv.js that holds its data: https://igv.org/doc/igvjs, session objects."""
    middle = (site.start + site.end) // 2 + 1  # 1-based, as igv.js counts
    return {
        "locus": f"{site.contig}:{max(1, middle - _SHOWN_BESIDE_BP)}-{middle + _SHOWN_BESIDE_BP}",
        "reference": {"id": site.contig, "fastaURL": _data_url(gzip.compress(sequence.encode(), mtime=0))},
        "tracks": [
            {"type": "sequence", "order": 1},
            {
                "type": "alignment",
                "format": "bam",
                "name": "reads",
                "url": _data_url(bam),
                "order": 2,
                "height": 500,
                "displayMode": "SQUISHED",
                "viewAsPairs": True,
                "samplingDepth": 10 * MOST_DRAWN[0],
                "filter": _SHOW_ALL,
                "sort": {"option": "BASE", "chr": site.contig, "position": middle, "direction": "ASC"},
            },
        ],
    }


def _data_url(data: bytes) -> str:
    return f"data:application/gzip;base64,{b64encode(data).decode()}"
