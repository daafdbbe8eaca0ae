"""coding_exons.tsv against LRG, GenBank, Ensembl and GENCODE in both builds, and its sequence against the protein."""

from pathlib import Path

import pytest

from tests.literature.sources import (
    BUILDS,
    GENETIC_CODE,
    bed,
    coding,
    complement,
    fasta,
    genbank_cds,
    gene_predictions,
    lrg,
    resource,
    table,
    three,
    walk,
)

EXONS = resource("coding_exons.tsv")
CODONS = resource("codons.tsv")
LRG = {"BRAF": "LRG_299", "NRAS": "LRG_92", "PIK3CA": "LRG_310", "EGFR": "LRG_304", "MAP2K1": "LRG_725"}
ENSEMBL = {
    "KRAS": "ENST00000311936",  # 4B; 4A is ENST00000256078
    "NRAS": "ENST00000369535",
    "BRAF": "ENST00000288602",
    "ERBB2": "ENST00000269571",
    "EGFR": "ENST00000275493",
    "PIK3CA": "ENST00000263967",
    "MAP2K1": "ENST00000307102",
}
# UniProt's canonical lengths (P01116-2 for KRAS4B, P01111, P15056, P04626, P00533, P42336, Q02750), without the stop
AMINO_ACIDS = {"KRAS": 188, "NRAS": 189, "BRAF": 766, "ERBB2": 1255, "EGFR": 1210, "PIK3CA": 1068, "MAP2K1": 393}


def intervals(gene: str, build: str) -> list[tuple[int, int]]:
    suffix = build.lower()
    return [(int(r[f"start_{suffix}"]), int(r[f"end_{suffix}"])) for r in EXONS if r["gene"] == gene]


def strand(gene: str) -> str:
    (found,) = {row["strand"] for row in EXONS if row["gene"] == gene}
    return found


def positions(gene: str, build: str) -> list[int]:
    return walk(intervals(gene, build), strand(gene), 1, 10**9)


# --- without outside data: values entered by hand --------------------------------------------------


@pytest.mark.parametrize(
    ("gene", "first", "last"),
    [  # of the transcript: exon 1 of KRAS and NRAS does not code (spec 2.1: codons 12 and 13 are in exon 2)
        ("KRAS", 2, 5),
        ("NRAS", 2, 5),
        ("BRAF", 1, 18),
        ("ERBB2", 1, 27),
        ("EGFR", 1, 28),
        ("PIK3CA", 2, 21),
        ("MAP2K1", 1, 11),
    ],
)
def test_exon_numbers(gene, first, last):
    assert [int(row["exon"]) for row in EXONS if row["gene"] == gene] == list(range(first, last + 1))


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("gene", AMINO_ACIDS)
def test_lengths_with_the_stop_codon(gene, build):
    assert len(positions(gene, build)) == 3 * (AMINO_ACIDS[gene] + 1)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("row", CODONS, ids=lambda row: row["gene"] + row["codon"])
def test_every_listed_codon_lies_where_codons_tsv_has_it(row, build):
    number = int(row["codon"])
    found = positions(row["gene"], build)[3 * number - 3 : 3 * number]
    assert found == three(row[f"positions_{build.lower()}"])


def test_transcripts_and_strands_are_those_of_the_codons():
    def keys(rows):
        return {(row["gene"], row["transcript"], row["chrom"], row["strand"]) for row in rows}

    assert keys(EXONS) == keys(CODONS)


@pytest.mark.parametrize(
    ("gene", "build", "exon"),
    [  # spec 7.8, 7.3 and GENCODE's KRAS: by eye
        ("ERBB2", "GRCh37", (37880979, 37881164)),
        ("ERBB2", "GRCh38", (39724726, 39724911)),
        ("KRAS", "GRCh37", (25398208, 25398318)),
        ("KRAS", "GRCh38", (25209795, 25209911)),  # the last exon is 4B's, not 4A's 25215441-25215560
        ("BRAF", "GRCh37", (140453075, 140453193)),
    ],
)
def test_single_exons(gene, build, exon):
    assert exon in intervals(gene, build)


def test_exons_of_kras_4a_are_absent():
    assert (25215441, 25215560) not in intervals("KRAS", "GRCh38")
    assert all(start not in (25368375, 25215441) for start, _ in intervals("KRAS", "GRCh37"))


def test_erbb2_exons_are_those_of_the_copy_number_table():
    others = resource("erbb2_exons.tsv")
    for build in BUILDS:
        suffix = build.lower()
        theirs = [(int(row[f"start_{suffix}"]), int(row[f"end_{suffix}"])) for row in others]
        ours = intervals("ERBB2", build)
        assert ours[:-1] == theirs[:-1]
        assert ours[-1][0] == theirs[-1][0]
        assert ours[-1][1] < theirs[-1][1]  # the 3' UTR


# --- against transcripts ---------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("gene", LRG)
def test_lrg(real_data, gene, build):
    transcript = lrg(real_data / "reference" / "lrg_xml" / f"{LRG[gene]}.xml.gz")[build]
    assert positions(gene, build) == transcript.positions


@pytest.mark.real
def test_kras_of_genbank(real_data):
    exons = genbank_cds(real_data / "reference" / "KRAS_genbank.gb.gz", "NP_004976.2")
    assert positions("KRAS", "GRCh38") == [p + 25205245 for p in walk(exons, "-", 1, 10**9)]


@pytest.mark.real
@pytest.mark.parametrize("gene", ENSEMBL)
def test_ensembl_75(real_data, gene):
    transcript = gene_predictions(real_data / "gene_models" / "ensembl75_hg19.slice.ensGene")[ENSEMBL[gene]]
    assert positions(gene, "GRCh37") == transcript.positions


@pytest.mark.real
@pytest.mark.parametrize("gene", AMINO_ACIDS)
def test_gencode_46_codes_every_base_in_grch38(real_data, gene):
    # GENCODE's file merges transcripts and leaves the stop codon out
    merged = bed(real_data / "gene_models" / "gencode46_coding.slice.hg38.bed", gene)
    outside = [p for p in positions(gene, "GRCh38")[:-3] if not any(start <= p <= end for start, end in merged)]
    assert not outside


# --- against sequences -----------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(("build", "column"), [("GRCh37", "hg19_start"), ("GRCh38", "GRCh38_start")])
@pytest.mark.parametrize("gene", ["KRAS", "NRAS", "BRAF", "EGFR", "PIK3CA", "MAP2K1"])
def test_translation_of_the_whole_coding_sequence(real_data: Path, gene, build, column):
    (row,) = [row for row in table(real_data / "reference" / "regions.tsv") if row["gene"] == gene]
    plus = fasta(real_data / "reference" / "fasta_plus_strand" / f"{gene}.fa")[gene]
    start = int(row[column])
    bases = "".join(plus[p - start] for p in positions(gene, build))
    bases = bases if strand(gene) == "+" else complement(bases)
    protein = "".join(GENETIC_CODE[bases[i : i + 3]] for i in range(0, len(bases), 3))
    assert len(protein) == AMINO_ACIDS[gene] + 1
    assert protein[0] == "M"
    assert protein.index("*") == len(protein) - 1
    # KRAS4B ends in CVIM, 4A in CIIM; NRAS in CVVM (the CAAX boxes); BRAF in GAFPVH
    tails = {"KRAS": "KCVIM*", "NRAS": "PCVVM*", "BRAF": "GAFPVH*"}
    assert protein.endswith(tails.get(gene, "*"))


@pytest.mark.real
def test_exon_20_of_erbb2_reads_on_in_its_amplicons(real_data: Path):
    # no whole ERBB2 is at hand; the amplicon over codon 771-780 has A Y V M A G V G S P in frame
    (name, sequence), places = _erbb2_amplicon(real_data, 37880981)
    found = positions("ERBB2", "GRCh37")[3 * 770 : 3 * 780]
    bases = coding("".join(sequence[p - places] for p in found), "+")
    assert "".join(GENETIC_CODE[bases[i : i + 3]] for i in range(0, 30, 3)) == "AYVMAGVGSP", name


def _erbb2_amplicon(real_data: Path, position: int) -> tuple[tuple[str, str], int]:
    sequences = fasta(real_data / "reference" / "mageri_panel_refs.hg19.fa")
    for line in (real_data / "reference" / "mageri_panel_refs.hg19.bed").read_text().splitlines():
        chrom, start, end, name, *_ = line.split("\t")
        if chrom.removeprefix("chr") == "17" and int(start) < position and position + 40 <= int(end):
            return (name, sequences[name]), int(start) + 1
    raise LookupError(position)
