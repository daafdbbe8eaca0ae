"""Which reads a page draws, and that igv.js is given nothing else."""

import base64
import gzip
import tempfile
from pathlib import Path
from typing import Any

import pysam
import pytest
from tests import builders
from tests.unit import genotype_builders as made

from cetux import drawn_reads
from cetux.counts import IndelCount, Usable
from cetux.drawn_reads import DrawnSite, carries, chosen, draw, site_of
from cetux.evidence import Allele, GeneGenotype, SampleGenotypes
from cetux.states import Genotype

KRAS_12 = made.codon("KRAS", 12)
G12D = Allele("KRAS", 12, "G12D", "c.35G>A", ((1, "T"),), Genotype.MUT, 5, 100, 0.05)
"""On the minus strand: coding GGT to GAT is ACC to ATC on the plus strand, where index 1 counts from the left."""


def genotypes(*alleles: Allele, traces: tuple[Allele, ...] = ()) -> SampleGenotypes:
    return SampleGenotypes("S1", Usable(), {"KRAS": GeneGenotype("KRAS", Genotype.MUT, alleles, traces=traces)})


def kras_files(folder: Path, changed: int, others: int, **given: Any) -> tuple[str, str]:
    bam = made.builder(KRAS_12)
    made.cover(bam, KRAS_12, changed, changes=made.coding(KRAS_12, {1: "A"}), **given)
    made.cover(bam, KRAS_12, others, **given)
    fasta = builders.write_fasta(folder / "reference.fa.gz", {"chr12": 26_000_000}, bam.reference)
    return str(bam.write(folder / "s.bam")), str(fasta)


def reads_in(drawn: DrawnSite) -> tuple[str, list[pysam.AlignedSegment]]:
    """The header and the reads of the BAM that the session holds."""
    url = drawn.session["tracks"][1]["url"]
    with tempfile.NamedTemporaryFile(suffix=".bam") as file:
        file.write(base64.b64decode(url.split(",")[1]))
        file.flush()
        with pysam.AlignmentFile(file.name, check_sq=False) as bam:
            return str(bam.header), list(bam.fetch(until_eof=True))


@pytest.fixture(autouse=True)
def listed_codons_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A FASTA of one gene's surroundings has no coding sequences to scan."""
    monkeypatch.setattr(drawn_reads, "scanned_codons", lambda *_: made.LISTED)


def test_all_fragments_are_drawn_where_they_are_few(tmp_path: Path) -> None:
    bam, fasta = kras_files(tmp_path, changed=5, others=95)
    (drawn,) = draw(bam, fasta, "GRCh38", genotypes(G12D), made.KEEP)
    assert (drawn.changed, drawn.others) == ((5, 5), (95, 95))
    header, reads = reads_in(drawn)
    assert len(reads) == 200
    assert "RG" not in header
    assert "PG" not in header
    assert not any(read.get_tags() for read in reads)


def test_a_deep_sample_shows_its_few_mutated_fragments(tmp_path: Path) -> None:
    bam, fasta = kras_files(tmp_path, changed=20, others=1980)
    (drawn,) = draw(bam, fasta, "GRCh38", genotypes(G12D), made.KEEP)
    assert (drawn.changed, drawn.others) == ((20, 20), (180, 1980))
    _, reads = reads_in(drawn)
    assert len({read.query_name for read in reads}) == 200
    place = KRAS_12.positions[1]
    bases = [
        read.query_sequence[place - read.reference_start]
        for read in reads
        if read.query_sequence and read.reference_start <= place < (read.reference_end or 0)
    ]
    assert bases.count("T") == 2 * 20  # both mates of a fragment of 160 bp reach the codon


def test_the_same_bam_gives_the_same_page_and_no_trace_of_its_place(tmp_path: Path) -> None:
    bam, fasta = kras_files(tmp_path, changed=300, others=700)
    one, other = (draw(bam, fasta, "GRCh38", genotypes(G12D), made.KEEP) for _ in range(2))
    assert one == other
    sequence = gzip.decompress(base64.b64decode(one[0].session["reference"]["fastaURL"].split(",")[1])).decode()
    assert sequence.startswith(f">chr12:{KRAS_12.positions[1] + 1 - 1000}-")
    assert "@len=26000000" in sequence.splitlines()[0]
    assert str(tmp_path) not in str(one) + sequence + reads_in(one[0])[0]


def test_reads_that_were_not_counted_are_not_drawn(tmp_path: Path) -> None:
    bam = made.builder(KRAS_12)
    made.cover(bam, KRAS_12, 10, changes=made.coding(KRAS_12, {1: "A"}))
    made.cover(bam, KRAS_12, 10, duplicate=True)
    made.cover(bam, KRAS_12, 10, mapq=5)
    fasta = builders.write_fasta(tmp_path / "r.fa.gz", {"chr12": 26_000_000}, bam.reference)
    path = str(bam.write(tmp_path / "s.bam"))
    (drawn,) = draw(path, str(fasta), "GRCh38", genotypes(G12D), made.KEEP)
    assert (drawn.changed, drawn.others) == ((10, 10), (0, 0))


def test_traces_are_drawn_too_and_many_alleles_share_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bam, fasta = kras_files(tmp_path, changed=150, others=150)
    assert len(draw(bam, fasta, "GRCh38", genotypes(G12D, traces=(G12D,)), made.KEEP)) == 2
    assert draw(bam, fasta, "GRCh38", genotypes(), made.KEEP) == ()
    whole = draw(bam, fasta, "GRCh38", genotypes(G12D), made.KEEP)
    monkeypatch.setattr(drawn_reads, "LARGEST_BYTES", len(str(whole[0].session)) - 1)
    (less,) = draw(bam, fasta, "GRCh38", genotypes(G12D), made.KEEP)
    assert (whole[0].changed[0], less.changed[0]) == (100, 50)


@pytest.mark.parametrize(
    ("changed", "others", "most", "expected"),
    [
        (3, 4, 10, (3, 4)),
        (60, 1000, 100, (50, 50)),
        (5, 1000, 100, (5, 95)),
        (1000, 20, 100, (80, 20)),
        (0, 0, 10, (0, 0)),
        (1000, 0, 100, (100, 0)),
    ],
)
def test_fragments_with_the_change_come_first_up_to_half(
    changed: int, others: int, most: int, expected: tuple[int, int]
) -> None:
    one = {f"c{i}" for i in range(changed)}
    other = {f"o{i}" for i in range(others)}
    drawn = chosen(one, other, most)
    assert tuple(map(len, drawn)) == expected
    assert set(drawn[0]) <= one
    assert set(drawn[1]) <= other
    assert drawn == chosen(frozenset(one), other, most)


def test_a_deletion_is_told_by_the_gap_wherever_the_aligner_put_it() -> None:
    """Of two equal bases either may be called deleted: the site reaches over both placements."""
    start = KRAS_12.positions[2]
    indel = IndelCount(start, 1, "A", "", 5, 100, 3, 2, 0)
    site = site_of(Allele("KRAS", 12, "G12fs", "", (), Genotype.MUT, 5, 100, 0.05, indel=indel), KRAS_12, "chr")
    assert (site.contig, site.start, site.end) == ("chr12", start, start + 2)
    bam = made.builder(KRAS_12)
    left = bam.add_fragment("chr12", start - 60, start + 100, deletions={start: 1})[0]
    right = bam.add_fragment("chr12", start - 60, start + 100, deletions={start + 1: 1})[0]
    far = bam.add_fragment("chr12", start - 60, start + 100, deletions={start + 20: 1})[0]
    none = bam.add_fragment("chr12", start - 60, start + 100)[0]
    insertion = bam.add_fragment("chr12", start - 60, start + 100, insertions={start: "G"})[0]
    assert [carries(pair[0], site) for pair in (left, right, far, none, insertion)] == [True, True, False, False, True]


def test_a_change_of_two_bases_needs_both() -> None:
    allele = Allele("KRAS", 12, "G12F", "c.34_35delinsTT", ((1, "A"), (2, "A")), Genotype.MUT, 5, 100, 0.05)
    site = site_of(allele, KRAS_12, "chr")
    first = min(KRAS_12.positions)
    assert site.bases == {first + 1: "A", first + 2: "A"}
    bam = made.builder(KRAS_12)
    both = bam.add_fragment("chr12", first - 60, first + 100, changes={first + 1: "A", first + 2: "A"})[0]
    one = bam.add_fragment("chr12", first - 60, first + 100, changes={first + 1: "A"})[0]
    assert [carries(pair[0], site) for pair in (both, one)] == [True, False]
