"""codons.tsv against transcripts of LRG, GenBank, Ensembl and GENCODE, and against reference sequences."""

from pathlib import Path

import pysam
import pytest

from tests.literature.sources import (
    BUILDS,
    GENETIC_CODE,
    Transcript,
    bed,
    coding,
    fasta,
    genbank_cds,
    gene_predictions,
    lrg,
    resource,
    table,
    three,
    walk,
)

CODONS = resource("codons.tsv")
LRG = {"BRAF": "LRG_299", "NRAS": "LRG_92", "PIK3CA": "LRG_310", "EGFR": "LRG_304", "MAP2K1": "LRG_725"}
# Ensembl of spec 7.2; BRAF's in GRCh37 is ENST00000288602 (NM_004333), in GRCh38 ENST00000646891.
ENSEMBL = {
    "KRAS": "ENST00000311936",
    "NRAS": "ENST00000369535",
    "BRAF": "ENST00000288602",
    "ERBB2": "ENST00000269571",
    "EGFR": "ENST00000275493",
    "PIK3CA": "ENST00000263967",
    "MAP2K1": "ENST00000307102",
}
CODING_BASES = {
    "KRAS": 189 * 3,
    "NRAS": 190 * 3,
    "BRAF": 767 * 3,
    "ERBB2": 3768,
}  # with the stop; spec 7.2, 7.3


def of_gene(gene: str) -> list[dict[str, str]]:
    rows = [row for row in CODONS if row["gene"] == gene]
    assert rows
    return rows


def assert_same(rows: list[dict[str, str]], transcript: Transcript, build: str) -> None:
    found = {row["codon"]: three(row[f"positions_{build.lower()}"]) for row in rows}
    assert found == {row["codon"]: transcript.codon(int(row["codon"])) for row in rows}


# --- without outside data: values entered by hand --------------------------------------------------


def test_columns_and_size():
    assert " ".join(CODONS[0]) == (
        "gene codon strand chrom transcript wt_codon wt_aa positions_grch37 positions_grch38 required source"
    )
    genes = [row["gene"] for row in CODONS]
    # Counted in spec 7.5.
    assert {gene: genes.count(gene) for gene in genes} == {
        "KRAS": 8,
        "NRAS": 6,
        "BRAF": 9,
        "ERBB2": 13,
        "EGFR": 7,
        "PIK3CA": 9,
        "MAP2K1": 7,
    }
    assert len({(row["gene"], row["codon"]) for row in CODONS}) == 59
    assert all(row["source"] for row in CODONS)


@pytest.mark.parametrize(
    ("gene", "strand", "chrom", "transcript"),
    [  # spec 7.2
        ("KRAS", "-", "12", "NM_004985.5"),
        ("NRAS", "-", "1", "NM_002524.5"),
        ("BRAF", "-", "7", "NM_004333.6"),
        ("ERBB2", "+", "17", "NM_004448.4"),
        ("EGFR", "+", "7", "NM_005228.5"),
        ("PIK3CA", "+", "3", "NM_006218.4"),
        ("MAP2K1", "+", "15", "NM_002755.4"),
    ],
)
def test_strand_chromosome_and_transcript(gene, strand, chrom, transcript):
    found = {(row["strand"], row["chrom"], row["transcript"]) for row in of_gene(gene)}
    assert found == {(strand, chrom, transcript)}


@pytest.mark.parametrize(
    ("gene", "codon", "build", "positions"),
    [
        # The NHS Wales script of spec 7.1 (S22), start and end of each region of interest.
        ("KRAS", "12", "GRCh37", [25398285, 25398284, 25398283]),
        ("KRAS", "13", "GRCh37", [25398282, 25398281, 25398280]),
        ("KRAS", "61", "GRCh37", [25380277, 25380276, 25380275]),
        ("KRAS", "117", "GRCh37", [25378649, 25378648, 25378647]),
        ("KRAS", "146", "GRCh37", [25378562, 25378561, 25378560]),
        ("NRAS", "12", "GRCh37", [115258748, 115258747, 115258746]),
        ("NRAS", "61", "GRCh37", [115256530, 115256529, 115256528]),
        ("NRAS", "117", "GRCh37", [115252291, 115252290, 115252289]),
        ("NRAS", "146", "GRCh37", [115252204, 115252203, 115252202]),
        ("BRAF", "600", "GRCh37", [140453137, 140453136, 140453135]),
        ("PIK3CA", "1047", "GRCh37", [178952084, 178952085, 178952086]),
        # Anchors of spec 7.1 in GRCh38: KRAS c.35, BRAF c.1799, ERBB2 c.929, NRAS c.181, PIK3CA c.3140.
        ("KRAS", "12", "GRCh38", [25245351, 25245350, 25245349]),
        ("BRAF", "600", "GRCh38", [140753337, 140753336, 140753335]),
        ("ERBB2", "310", "GRCh38", [39711954, 39711955, 39711956]),
        ("NRAS", "61", "GRCh38", [114713909, 114713908, 114713907]),
        ("PIK3CA", "1047", "GRCh38", [179234296, 179234297, 179234298]),
        # An intron lies between c.1741 and c.1742 (spec 7.3).
        ("BRAF", "581", "GRCh37", [140453987, 140453193, 140453192]),
        ("BRAF", "581", "GRCh38", [140754187, 140753393, 140753392]),
    ],
)
def test_anchors(gene, codon, build, positions):
    (row,) = [row for row in of_gene(gene) if row["codon"] == codon]
    assert three(row[f"positions_{build.lower()}"]) == positions


@pytest.mark.parametrize("build", BUILDS)
def test_only_braf_581_is_split(build):
    split = []
    for row in CODONS:
        first, second, third = three(row[f"positions_{build.lower()}"])
        step = 1 if row["strand"] == "+" else -1
        if (second - first, third - second) != (step, step):
            split.append((row["gene"], row["codon"]))
    assert split == [("BRAF", "581")]


@pytest.mark.parametrize(
    ("gene", "offset"),
    [  # data README; ERBB2 from spec 7.4
        ("KRAS", -152934),
        ("BRAF", 300200),
        ("NRAS", -542621),
        ("PIK3CA", 282212),
        ("EGFR", -67693),
        ("MAP2K1", -292338),
        ("ERBB2", 1843747),
    ],
)
def test_offset_between_builds(gene, offset):
    for row in of_gene(gene):
        pairs = zip(three(row["positions_grch37"]), three(row["positions_grch38"]), strict=True)
        assert [new - old for old, new in pairs] == [offset] * 3, row["codon"]


@pytest.mark.parametrize(
    ("gene", "codon", "triplet"),
    [  # spec 7.5
        ("KRAS", "12", "GGT"),
        ("KRAS", "13", "GGC"),
        ("NRAS", "13", "GGT"),
        ("KRAS", "117", "AAA"),
        ("NRAS", "117", "AAG"),
        ("BRAF", "581", "AAT"),
        ("BRAF", "600", "GTG"),
        # Not as in spec 7.5, which has GGC, GTC, ACT and CAC: the reference has these (real tests below).
        ("ERBB2", "776", "GGT"),
        ("ERBB2", "842", "GTA"),
        ("ERBB2", "862", "ACA"),
        ("ERBB2", "878", "CAT"),
    ],
)
def test_wild_type_codons(gene, codon, triplet):
    assert [row["wt_codon"] for row in of_gene(gene) if row["codon"] == codon] == [triplet]


def test_wild_type_amino_acids():
    assert [GENETIC_CODE[row["wt_codon"]] for row in CODONS] == [row["wt_aa"] for row in CODONS]


# --- against transcripts ---------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("gene", LRG)
def test_lrg(real_data, gene, build):
    transcript = lrg(real_data / "reference" / "lrg_xml" / f"{LRG[gene]}.xml.gz")[build]
    rows = of_gene(gene)
    assert GENETIC_CODE[transcript.triplet(1)] == "M"
    assert_same(rows, transcript, build)
    assert [row["wt_codon"] for row in rows] == [transcript.triplet(int(row["codon"])) for row in rows]


@pytest.mark.real
def test_kras_of_genbank(real_data):
    # KRAS4B, NP_004976.2; the record is NC_000012.12:25205246-25250929 (GRCh38), plus strand.
    exons = genbank_cds(real_data / "reference" / "KRAS_genbank.gb.gz", "NP_004976.2")
    positions = [p + 25205245 for p in walk(exons, "-", 1, 10**9)]
    assert len(positions) == CODING_BASES["KRAS"]
    assert_same(of_gene("KRAS"), Transcript(positions), "GRCh38")


@pytest.mark.real
@pytest.mark.parametrize("gene", ENSEMBL)
def test_ensembl_75(real_data, gene):
    transcript = gene_predictions(real_data / "gene_models" / "ensembl75_hg19.slice.ensGene")[ENSEMBL[gene]]
    assert len(transcript.positions) == CODING_BASES.get(gene, len(transcript.positions))
    assert_same(of_gene(gene), transcript, "GRCh37")


@pytest.mark.real
def test_erbb2_of_gencode_46(real_data):
    # GENCODE's file merges transcripts, so codons cannot be counted in it: two exons are of others and the
    # 15th is one base longer. Hence a codon must lie in the exon of the same number, as far from its start.
    others = [(39699560, 39699587), (39713153, 39713269)]
    gencode = bed(real_data / "gene_models" / "gencode46_coding.slice.hg38.bed", "ERBB2")
    gencode = [exon for exon in gencode if exon not in others]
    ensembl = resource("erbb2_exons.tsv")
    assert len(gencode) == 27 == len(ensembl)
    for row in of_gene("ERBB2"):
        old, new = three(row["positions_grch37"]), three(row["positions_grch38"])
        (place,) = [
            (number, old[0] - int(exon["start_grch37"]))
            for number, exon in enumerate(ensembl)
            if int(exon["start_grch37"]) <= old[0] and old[2] <= int(exon["end_grch37"])
        ]
        (found,) = [
            (number, new[0] - start) for number, (start, end) in enumerate(gencode) if start <= new[0] and new[2] <= end
        ]
        assert found == place, row["codon"]


# --- against sequences -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def regions(real_data: Path) -> dict[str, dict[str, str]]:
    """Plus-strand sequence with flanks and coordinates in both builds, by gene."""
    found = {row["gene"]: row for row in table(real_data / "reference" / "regions.tsv")}
    for gene, row in found.items():
        path = real_data / "reference" / "fasta_plus_strand" / f"{gene}.fa"
        if path.exists():
            row["sequence"] = fasta(path)[gene]
    return found


@pytest.mark.real
@pytest.mark.parametrize(("build", "column"), [("GRCh37", "hg19_start"), ("GRCh38", "GRCh38_start")])
@pytest.mark.parametrize("gene", ["KRAS", "NRAS", "BRAF", "EGFR", "PIK3CA", "MAP2K1"])
def test_reference_bases(regions, gene, build, column):
    start, sequence = int(regions[gene][column]), regions[gene]["sequence"]
    codons = of_gene(gene)
    read = [
        "".join(coding(sequence[p - start], row["strand"]) for p in three(row[f"positions_{build.lower()}"]))
        for row in codons
    ]
    assert read == [row["wt_codon"] for row in codons]
    for row in (row for row in resource("alleles.tsv") if row["gene"] == gene):
        offset = int(row[f"pos_{build.lower()}"]) - start
        assert sequence[offset : offset + len(row["ref"])] == row["ref"], row["hgvs_c"]


@pytest.mark.real
def test_erbb2_under_amplicons(real_data):
    # No whole ERBB2 is at hand; these hg19 amplicons lie over exons 8 and 18-21.
    sequences = fasta(real_data / "reference" / "mageri_panel_refs.hg19.fa")
    base = {}
    for name, sequence in sequences.items():
        if name.startswith("HER2_"):
            ((start, end),) = bed(real_data / "reference" / "mageri_panel_refs.hg19.bed", name)
            assert end - start + 1 == len(sequence)
            base.update(zip(range(start, end + 1), sequence, strict=True))
    covered = {
        row["codon"]: "".join(base[p] for p in three(row["positions_grch37"]))
        for row in of_gene("ERBB2")
        if all(p in base for p in three(row["positions_grch37"]))
    }
    assert covered == {row["codon"]: row["wt_codon"] for row in of_gene("ERBB2") if row["codon"] in covered}
    assert set(covered) == {"309", "310", "755", "767", "769", "776", "777", "842", "862", "866", "878"}
    alleles = [row for row in resource("alleles.tsv") if row["gene"] == "ERBB2" and row["codon"] in covered]
    assert [row["ref"] for row in alleles] == [base[int(row["pos_grch37"])] for row in alleles]
    assert len(alleles) == 19


@pytest.mark.real
@pytest.mark.parametrize(
    ("bam", "build", "codons"),
    [
        # Codon 755 is left out: these reads carry L755S.
        (
            "ctat_dualbuild/Aligned.sortedByCoord.out.hg19.bam",
            "GRCh37",
            ["678", "767", "769", "776", "777", "842"],
        ),
        (
            "ctat_dualbuild/Aligned.sortedByCoord.out.GRCh38.bam",
            "GRCh38",
            ["678", "767", "769", "776", "777", "842"],
        ),
        ("seracare_access/SeraCare_0-5.bam", "GRCh37", ["776", "777"]),
    ],
)
def test_erbb2_in_reads(real_data, bam, build, codons):
    with pysam.AlignmentFile(str(real_data / "reads" / bam)) as reads:
        contig = "chr17" if "chr17" in reads.references else "17"
        for row in (row for row in of_gene("ERBB2") if row["codon"] in codons):
            triplet = ""
            for position in three(row[f"positions_{build.lower()}"]):
                counts = [base[0] for base in reads.count_coverage(contig, position - 1, position)]
                assert sum(counts) >= 15
                triplet += "ACGT"[counts.index(max(counts))]
            assert triplet == row["wt_codon"], row["codon"]
