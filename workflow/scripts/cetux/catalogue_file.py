"""Read a site's catalogue of hot spots, which never leaves the site: a table as that of Cancer Hotspots, or a VCF.

The table is tab-separated and has no header: chromosome, position (1-based, plus strand), REF, ALT, then cells that are
not used here (in Cancer Hotspots v2 the gene, class, protein change and effect). ``-`` stands for no base; an insertion
then has the position of the base before it, a deletion that of its first base, as in a MAF. A VCF is one by its header.
Places alone say what is listed: genes and proteins of the file may be named by other transcripts.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import search

from cetux.catalogue import Catalogue, substitutions
from cetux.codons import codon_bases
from cetux.edits import Edit, parts, trimmed
from cetux.errors import InputError, Problem
from cetux.genomes import plain_contig, recognise_build
from cetux.resources import BUILDS, coding_exons, codons

_NEAR_BP = 100
_MOST_DIGITS = 10
"""Bases beyond an exon within which a row is kept: as far as the bases around it are known with a FASTA."""

_GZIP = b"\x1f\x8b"
_VCF_HEADERS = ("##fileformat=VCF", "#CHROM\tPOS\tID\tREF\tALT")
_TABLE = (0, 1, 2, 3)
_VCF = (0, 1, 3, 4)
"""Where chromosome, position, REF and ALT stand among the cells."""


@dataclass(frozen=True)
class _Row:
    """One allele of the file, trimmed, and its line, from 1."""

    line: int
    edit: Edit


class _WrongError(Exception):
    """What is wrong with a row: words, mend and column."""


def read_catalogue(path: str, build: str) -> Catalogue:
    """Read a catalogue.

    Args:
        path: of the table, or of the VCF (plain, bgzip or gzip; no index is needed).
        build: the assay's build, to which its positions must belong.

    Raises:
        InputError: the rows that cannot be read, else those whose REF is not the build's at a listed codon; or the file
            is of the other build, by the contig lengths of its header or by its rows; or lists nothing that is read.
    """
    rows: list[_Row] = []
    problems: list[Problem] = []
    try:
        for found in _rows(path, build):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                rows.append(found)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        mend = "Give the table, or the VCF (plain, or compressed with bgzip), as it was published"
        problems = [Problem(path, "the catalogue does not read as text to its end", mend)]
    problems = problems or list(_misfits(path, rows, build))
    if problems:
        raise InputError(problems)
    alleles = frozenset(frozenset(parts(row.edit)) for row in rows)
    codon_of = _codons_by_place(build)
    changed = {(part.chrom, part.start) for allele in alleles for part in substitutions(allele)}
    return Catalogue(alleles, frozenset(place for base in changed for place in codon_of.get(base, ())))


def catalogue_problems(path: str, build: str) -> tuple[Problem, ...]:
    """What keeps a catalogue from being read, see `read_catalogue`; empty where nothing does."""
    try:
        read_catalogue(path, build)
    except InputError as error:
        return error.problems
    return ()


def _lines(path: str) -> Iterator[str]:
    with Path(path).open("rb") as file:
        zipped = file.read(2) == _GZIP
    with gzip.open(path, "rt", encoding="utf-8-sig") if zipped else Path(path).open(encoding="utf-8-sig") as lines:
        yield from (line.rstrip("\r\n") for line in lines)


def _rows(path: str, build: str) -> Iterator[_Row | Problem]:
    """The alleles near a gene of either build, and what is wrong with the other rows."""
    header: list[str] = []
    width, is_vcf = 0, False
    for number, line in enumerate(_lines(path), start=1):
        if line.startswith("#"):
            header.append(line)
            is_vcf = is_vcf or line.startswith(_VCF_HEADERS)
        elif line.strip():
            cells = line.split("\t")
            width = width or len(cells)
            try:
                yield from _alleles(number, _four(cells, width, is_vcf), is_vcf)
            except _WrongError as error:
                wrong, mend, column = error.args
                yield Problem(path, wrong, mend, number, column)
    named = [search(r"^##contig=<(?=.*\bID=([^,>]+))(?=.*\blength=(\d+))", line) for line in header]
    found = recognise_build({one[1]: int(one[2]) for one in named if one})
    if found not in (build, None):
        wrong = f"the catalogue is of {found} by its contig lengths, the assay says {build}"
        yield Problem(path, wrong, f"Give the catalogue of {build}")


def _four(cells: list[str], width: int, is_vcf: bool) -> list[str]:
    """Chromosome, position, REF and ALT of one row."""
    places = _VCF if is_vcf else _TABLE
    needed = "CHROM, POS, ID, REF and ALT" if is_vcf else "Chromosome, position, REF and ALT"
    mend = f"{needed} come first, separated by tabs; all rows have as many cells"
    if len(cells) != width:
        raise _WrongError(f"the row has {len(cells)} cells, the first one {width}", mend, "")
    if len(cells) <= max(places):
        raise _WrongError(f"the row has {len(cells)} cells, {max(places) + 1} are needed", mend, "")
    return [cells[place].strip() for place in places]


def _alleles(number: int, cells: list[str], is_vcf: bool) -> Iterator[_Row]:
    """The alleles of one row; none where they lie near no gene of the tables."""
    contig, position, ref, alts = cells
    if not (position.isascii() and position.isdigit() and len(position) <= _MOST_DIGITS and int(position) > 0):
        mend = "Write the 1-based position; the table has no header line"
        raise _WrongError(f"{position[:40]!r} is no position", mend, "position")
    for alt in alts.split(",") if is_vcf else [alts]:
        if is_vcf and (alt in (".", "*") or set(alt) & set("<>[]")):
            continue  # symbolic: no change that a codon could show
        gone, come = _bases(ref, is_vcf, "REF"), _bases(alt, is_vcf, "ALT")
        if gone == come and is_vcf:
            continue  # no change
        if gone == come:
            raise _WrongError(f"REF and ALT are both {ref[:40]!r}", "Correct or remove the row", "ALT")
        # without REF the position is that of the base before the inserted ones
        edit = trimmed(Edit(plain_contig(contig), int(position) - (1 if gone else 0), gone, come))
        if any((edit.chrom, place) in _near(build) for build in BUILDS for place in (edit.start, edit.end)):
            yield _Row(number, edit)


def _bases(text: str, is_vcf: bool, column: str) -> str:
    """Bases in upper case; empty for the ``-`` of a table."""
    shown = "" if text == "-" and not is_vcf else text.upper()
    if not set(shown) <= set("ACGTN") or (not shown and text != "-"):
        mend = "Write bases of the plus strand" + ("" if is_vcf else ", or - for none")
        raise _WrongError(f"{text[:40]!r} are no bases", mend, column)
    return shown


def _misfits(path: str, rows: Iterable[_Row], build: str) -> Iterator[Problem]:
    """A file of the other build; else rows whose REF is not the build's; else a file that lists nothing that is read.

    Positions of one build that lie on a listed codon of the other are few, so the build of a file is the one in which
    more of its rows replace the bases that the listed codons have.
    """
    every = list(rows)
    fitting = {other: sum(_fits(row.edit, other) is True for row in every) for other in BUILDS}
    better = max(BUILDS, key=lambda other: fitting[other])
    if fitting[better] > fitting[build]:
        wrong = f"{fitting[better]} rows fit the listed codons of {better}, {fitting[build]} those of {build}"
        yield Problem(path, wrong, f"Give the catalogue of {build}, or correct the assay's build")
        return
    misfits = [row for row in every if _fits(row.edit, build) is False]
    for row in misfits:
        known = _listed_bases(build)[row.edit.chrom]
        true = "".join(known.get(place, "N") for place in range(row.edit.start, row.edit.end))
        wrong = f"REF at {row.edit.chrom}:{row.edit.start + 1} is {row.edit.ref[:40]}, {build} has {true[:40]}"
        yield Problem(path, wrong, f"Correct the row, or give the catalogue of {build}", row.line, "REF")
    if not fitting[build] and not misfits:
        mend = "Give a catalogue of hot spots, contigs named as 12 or chr12"
        yield Problem(path, f"no row replaces a base of a listed codon in {build}", mend)


def _fits(edit: Edit, build: str) -> bool | None:
    """Whether the replaced bases are the build's; None where none of them lies on a listed codon."""
    known = _listed_bases(build).get(edit.chrom, {})
    seen = [(base, known[place]) for place, base in enumerate(edit.ref, edit.start) if place in known]
    return all(one in (true, "N") for one, true in seen) if seen else None


@cache
def _listed_bases(build: str) -> Mapping[str, Mapping[int, str]]:
    """Plus-strand bases of the listed codons by chromosome and 0-based position."""
    found: dict[str, dict[int, str]] = {}
    for codon in codons(build):
        found.setdefault(codon.chrom, {}).update(codon_bases([codon]))
    return found


@cache
def _codons_by_place(build: str) -> Mapping[tuple[str, int], tuple[tuple[str, int], ...]]:
    """The three places of the codon that each coding base belongs to, as chromosome and 0-based position."""
    found: dict[tuple[str, int], tuple[tuple[str, int], ...]] = {}
    for exons in coding_exons(build).values():
        step = 1 if exons[0].strand == "+" else -1
        spans = (exon.interval for exon in exons)
        places = [(span.chrom, place) for span in spans for place in range(span.start, span.end)[::step]]
        for first in range(0, len(places) - 2, 3):
            codon = tuple(places[first : first + 3])
            found |= dict.fromkeys(codon, codon)
    return found


@cache
def _near(build: str) -> frozenset[tuple[str, int]]:
    """Chromosome and 0-based position of every base of a coding exon, or near one."""
    spans = [exon.interval for exons in coding_exons(build).values() for exon in exons]
    return frozenset(
        (span.chrom, place) for span in spans for place in range(span.start - _NEAR_BP, span.end + _NEAR_BP)
    )
