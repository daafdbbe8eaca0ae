"""Readers of the tables under test and of the outside sources they are compared with.

Nothing here imports the package: the tables are entered a second time, so they are read a second time too.
Positions are 1-based everywhere in this folder, as in the tables.
"""

import csv
import gzip
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
BUILDS = ("GRCh37", "GRCh38")

# Standard genetic code (NCBI table 1), bases in the order TCAG.
_AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
GENETIC_CODE = dict(zip([a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"], _AMINO_ACIDS, strict=True))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def resource(name: str) -> list[dict[str, str]]:
    return table(RESOURCES / name)


def complement(bases: str) -> str:
    """Complement base by base, not reversed."""
    return bases.translate(str.maketrans("ACGT", "TGCA"))


def coding(bases: str, strand: str) -> str:
    """Plus-strand bases as they read along the coding strand."""
    return bases if strand == "+" else complement(bases)[::-1]


def three(text: str) -> list[int]:
    return [int(position) for position in text.split(",")]


@dataclass(frozen=True)
class Transcript:
    """CDS of one transcript: plus-strand positions in coding order, and bases where the source has them."""

    positions: list[int]
    bases: str = ""

    def codon(self, number: int) -> list[int]:
        return self.positions[3 * number - 3 : 3 * number]

    def triplet(self, number: int) -> str:
        return self.bases[3 * number - 3 : 3 * number]


def walk(exons: list[tuple[int, int]], strand: str, first: int, last: int) -> list[int]:
    """Positions of the exons (1-based, inclusive) that lie in first..last, in coding order."""
    plus = [p for start, end in sorted(exons) for p in range(max(start, first), min(end, last) + 1)]
    return plus if strand == "+" else plus[::-1]


def lrg(path: Path) -> dict[str, Transcript]:
    """Transcript t1 of a Locus Reference Genomic record, by build."""
    root = ElementTree.fromstring(gzip.decompress(path.read_bytes()))
    fixed = root.find("fixed_annotation")
    identifier = fixed.findtext("id")
    sequence = fixed.findtext("sequence")
    transcript = fixed.find("transcript[@name='t1']")

    def span(element: ElementTree.Element) -> tuple[int, int]:
        found = element.find(f"coordinates[@coord_system='{identifier}']")
        return int(found.get("start")), int(found.get("end"))

    first, last = span(transcript.find("coding_region"))
    local = walk([span(exon) for exon in transcript.findall("exon")], "+", first, last)
    bases = "".join(sequence[p - 1] for p in local)
    built = {}
    for mapping in root.iter("mapping"):
        build = mapping.get("coord_system").split(".")[0]
        if build not in BUILDS or mapping.get("type") not in ("main_assembly", "other_assembly"):
            continue
        (part,) = mapping.findall("mapping_span")
        start, end = int(part.get("other_start")), int(part.get("other_end"))
        forward = part.get("strand") == "1"
        built[build] = Transcript([start + p - 1 if forward else end - p + 1 for p in local], bases)
    return built


def genbank_cds(path: Path, protein: str) -> list[tuple[int, int]]:
    """Exons, in record coordinates, of the CDS of that protein in a GenBank record of a minus-strand gene."""
    text = gzip.decompress(path.read_bytes()).decode()
    for block in re.split(r"\n {5}(?=\S)", text):
        if block.startswith("CDS") and f'/protein_id="{protein}"' in block:
            location = block[: block.index("/")]
            assert "complement(join(" in location
            return [(int(a), int(b)) for a, b in re.findall(r"(\d+)\.\.(\d+)", location)]
    raise LookupError(protein)


def gene_predictions(path: Path) -> dict[str, Transcript]:
    """Coding transcripts of a UCSC genePred dump (0-based starts), by accession without version."""
    found = {}
    for row in table(path):
        field = {name.rsplit(".", 1)[-1]: value for name, value in row.items()}
        starts, ends = ([int(x) for x in field[key].rstrip(",").split(",")] for key in ("exonStarts", "exonEnds"))
        exons = [(start + 1, end) for start, end in zip(starts, ends, strict=True)]
        positions = walk(exons, field["strand"], int(field["cdsStart"]) + 1, int(field["cdsEnd"]))
        found[field["name"].split(".")[0]] = Transcript(positions)
    return found


def bed(path: Path, name: str) -> list[tuple[int, int]]:
    """Intervals of a BED file whose fourth column is `name`, 1-based inclusive, by position."""
    rows = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return sorted((int(row[1]) + 1, int(row[2])) for row in rows if row[3] == name)


def fasta(path: Path) -> dict[str, str]:
    records: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line.startswith(">"):
            records[line[1:].split()[0]] = lines = []
        else:
            lines.append(line.strip().upper())
    return {name: "".join(lines) for name, lines in records.items()}
