"""The coding sequence read from a FASTA: what is scanned, and what is not and why."""

import dataclasses
from pathlib import Path

import pytest
from tests import builders
from tests.literature.sources import fasta, table
from tests.unit.coding_builders import coding_reference, codon_of, transcript

from cetux.coding import (
    SCANNED_GENES,
    coding_coverage,
    coding_problem,
    coding_scan,
    scanned_codons,
    transcripts,
)
from cetux.counts import CodonCounts, HaplotypeCount
from cetux.resources import BUILDS, codons

SHORT = {"1": 114_800_000, "7": 141_000_000, "12": 25_260_000}
"""Contigs of GRCh38 cut behind the last coding base, so that the FASTA is quick to write."""


@pytest.fixture(scope="module", params=["", "chr"])
def whole(request, tmp_path_factory) -> str:
    """A FASTA with made-up coding sequences of all scanned genes; contigs with and without ``chr``."""
    prefix = request.param
    path = tmp_path_factory.mktemp("coding") / "reference.fa.gz"
    contigs = {prefix + name: length for name, length in SHORT.items()}
    return str(builders.write_fasta(path, contigs, coding_reference("GRCh38", prefix)))


def kras_fasta(folder: Path, change: dict[int, str]) -> str:
    """The FASTA of KRAS's chromosome alone, plus-strand bases changed by 0-based position."""
    reference = coding_reference("GRCh38", genes=("KRAS",))
    for (contig, start), bases in reference.items():
        letters = list(bases)
        for place, base in change.items():
            if start <= place < start + len(bases):
                letters[place - start] = base
        reference[contig, start] = "".join(letters)
    return str(builders.write_fasta(folder / "kras.fa.gz", {"12": SHORT["12"]}, reference))


def test_every_codon_from_the_first_to_the_stop(whole):
    scan = coding_scan("GRCh38", whole)
    assert scan.notes == ()
    numbers = {gene: [codon.codon for codon in scan.codons if codon.gene == gene] for gene in SCANNED_GENES}
    # with the stop codon: 188, 189 and 766 residues
    assert numbers == {"KRAS": [*range(1, 190)], "NRAS": [*range(1, 191)], "BRAF": [*range(1, 768)]}
    assert scan.transcripts == transcripts("GRCh38", whole)


def test_listed_codons_stay_as_listed_and_the_others_require_nothing(whole):
    found = {(codon.gene, codon.codon): codon for codon in coding_scan("GRCh38", whole).codons}
    listed = [codon for codon in codons("GRCh38") if codon.gene in SCANNED_GENES]
    assert [found.pop((codon.gene, codon.codon)) for codon in listed] == listed
    assert {codon.required for codon in found.values()} == {()}


def test_codons_over_an_intron_are_split_in_coding_order(whole):
    found = {(codon.gene, codon.codon): codon for codon in coding_scan("GRCh38", whole).codons}
    # exon 2 of KRAS codes 111 bases, 37 codons; exon 3 codes 179, so codon 97 has two bases there and one in exon 4
    assert found["KRAS", 37].positions == (25245275, 25245274, 25245273)
    assert found["KRAS", 38].positions[0] == 25227411
    assert found["KRAS", 97].positions == (25227234, 25227233, 25225772)
    assert found["KRAS", 1].wt_codon == "ATG"
    assert found["BRAF", 767].wt_aa == "*"


def test_what_is_counted_begins_with_the_table(whole):
    listed = codons("GRCh38")
    scanned = scanned_codons("GRCh38", whole)
    assert scanned[: len(listed)] == listed
    assert len(scanned) == 189 + 190 + 767 + 59 - 23
    assert len({(codon.gene, codon.codon) for codon in scanned}) == len(scanned)


@pytest.mark.parametrize("build", BUILDS)
def test_without_a_fasta_only_the_listed_codons_and_it_says_so(build):
    scan = coding_scan(build, None)
    assert {(codon.gene, codon.codon) for codon in scan.codons} == {
        (codon.gene, codon.codon) for codon in codons(build) if codon.gene in SCANNED_GENES
    }
    assert [note.split(":")[0] for note in scan.notes] == list(SCANNED_GENES)
    assert all("no FASTA" in note for note in scan.notes)
    assert scanned_codons(build, None) == codons(build)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [  # minus strand: codon 2 of KRAS is 25245381..25245379 (1-based), 0-based 25245380..25245378
        ({25245380: "N"}, "codon 2 has a base that the FASTA does not give"),
        ({25245380: "A", 25245379: "T", 25245378: "T"}, "a stop codon stands at 2"),
        ({25245383: "A"}, "it begins with L, not M"),
        ({25209796: "G"}, "it has no stop codon"),
        ({25245349: "A"}, "codon 12 reads GTT, not GGT"),
    ],
)
def test_a_gene_that_does_not_read_is_left_out_aloud(tmp_path, change, wrong):
    scan = coding_scan("GRCh38", kras_fasta(tmp_path, change))
    kras = [codon.codon for codon in scan.codons if codon.gene == "KRAS"]
    assert kras == [12, 13, 19, 22, 59, 61, 117, 146]
    assert scan.notes[0] == f"KRAS: only its listed codons are read, not its whole coding sequence ({wrong})"


def test_chromosomes_that_the_fasta_lacks_are_left_out_and_the_others_scanned(tmp_path):
    scan = coding_scan("GRCh38", kras_fasta(tmp_path, {}))
    assert [note.split(":")[0] for note in scan.notes] == ["NRAS", "BRAF"]
    assert sum(codon.gene == "KRAS" for codon in scan.codons) == 189


def test_a_transcript_without_a_fasta_knows_its_listed_codons():
    kras = transcripts("GRCh37", None)["KRAS"]
    assert kras.sequence[33:39] == "GGTGGC"
    assert kras.sequence.count("N") == 567 - 8 * 3
    assert dataclasses.replace(kras.codon(12), required=(0, 1, 2)) == codon_of("KRAS", 12, "GRCh37")
    for number in (0, 190):
        with pytest.raises(ValueError, match=f"KRAS has no codon {number}"):
            kras.codon(number)


@pytest.mark.parametrize("strand", "+-")
def test_positions_and_sequence_of_both_strands(strand):
    known = transcript("ccATGGCAgtaacccagGGTTAAcc", strand, 500)
    step = 1 if strand == "+" else -1
    assert known.positions[:7] == (*(500 + step * i for i in range(2, 8)), 500 + step * 17)
    assert known.sequence == "ATGGCAGGTTAA"
    assert coding_problem(known, []) == ""


def test_coverage_of_the_coding_sequence():
    scanned = [codon_of("KRAS", number) for number in (12, 13, 61)] + [codon_of("BRAF", 600)]
    counts = [
        CodonCounts("KRAS", 12, "ACC", (HaplotypeCount("ACC", 180, 90, 90), HaplotypeCount("ATC", 20, 10, 10))),
        CodonCounts("KRAS", 13, "GCC", (HaplotypeCount("GCC", 199, 100, 99),)),
    ]
    kras, braf = coding_coverage(counts, scanned, 200)
    assert (kras.gene, kras.codons, kras.covered) == ("KRAS", 3, 1)
    assert kras.covered_fraction == pytest.approx(1 / 3)
    assert braf.covered == 0


@pytest.mark.real
@pytest.mark.parametrize(("build", "column"), [("GRCh37", "hg19_start"), ("GRCh38", "GRCh38_start")])
def test_the_real_kras_is_scanned(real_data, tmp_path, build, column):
    (row,) = [row for row in table(real_data / "reference" / "regions.tsv") if row["gene"] == "KRAS"]
    bases = fasta(real_data / "reference" / "fasta_plus_strand" / "KRAS.fa")["KRAS"]
    start = int(row[column]) - 1
    path = builders.write_fasta(tmp_path / "k.fa.gz", {"12": start + len(bases)}, {("12", start): bases})
    scan = coding_scan(build, str(path))
    kras = [codon for codon in scan.codons if codon.gene == "KRAS"]
    assert not [note for note in scan.notes if note.startswith("KRAS")]
    assert len(kras) == 189
    assert "".join(codon.wt_aa for codon in kras).startswith("MTEYKLVVVGAGGVGKSALTIQLIQNHFVDEYDPTIEDSYRKQ")
