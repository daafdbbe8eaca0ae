"""contigs.tsv, chr17.tsv and erbb2_exons.tsv against dictionaries, cytobands and transcripts."""

from pathlib import Path

import pytest

from tests.literature.sources import BUILDS, bed, gene_predictions, resource, table

CONTIGS = resource("contigs.tsv")
CHR17 = {row["name"]: row for row in resource("chr17.tsv")}
EXONS = resource("erbb2_exons.tsv")
LENGTHS = {build: {r["contig"]: int(r["length"]) for r in CONTIGS if r["build"] == build} for build in BUILDS}
PRIMARY = [*map(str, range(1, 23)), "X", "Y"]


def span(row: dict[str, str], build: str) -> tuple[int, int]:
    return int(row[f"start_{build.lower()}"]), int(row[f"end_{build.lower()}"])


# --- without outside data: values entered by hand --------------------------------------------------


def test_contigs_are_whole():
    assert " ".join(CONTIGS[0]) == ("build contig length m5 source")
    assert [(row["build"], row["contig"]) for row in CONTIGS] == [(b, c) for b in BUILDS for c in PRIMARY]


@pytest.mark.parametrize(
    ("build", "contig", "length"),
    [
        ("GRCh37", "12", 133851895),  # spec 7.3
        ("GRCh38", "12", 133275309),  # spec 7.3
        # The GRC's assembly statistics, entered from memory of the published tables.
        ("GRCh37", "1", 249250621),
        ("GRCh38", "1", 248956422),
        ("GRCh37", "7", 159138663),
        ("GRCh38", "7", 159345973),
        ("GRCh37", "17", 81195210),
        ("GRCh38", "17", 83257441),
        ("GRCh37", "X", 155270560),
        ("GRCh38", "X", 156040895),
    ],
)
def test_contig_lengths(build, contig, length):
    assert LENGTHS[build][contig] == length


def test_every_length_tells_the_build():
    # Any one primary contig is enough to recognise the build.
    assert not set(LENGTHS["GRCh37"].values()) & set(LENGTHS["GRCh38"].values())


def test_checksums_are_unique_and_sorted():
    sums = [row["m5"].split(",") for row in CONTIGS]
    assert all(len(m5) == 32 and set(m5) <= set("0123456789abcdef") for group in sums for m5 in group)
    assert all(group == sorted(set(group)) for group in sums)
    assert len({m5 for group in sums for m5 in group}) == sum(len(group) for group in sums)


@pytest.mark.parametrize(
    ("name", "grch37", "grch38"),
    [
        # UCSC bands: acen 22.2-25.8 Mb (hg19), 22.7-27.4 Mb (hg38).
        ("17p", (1, 22_200_000), (1, 22_700_000)),
        ("17q", (25_800_001, 81_195_210), (27_400_001, 83_257_441)),
        # rules.md, lifted by UCSC's chain.
        ("ERBB2_excluded", (35_000_001, 40_000_000), (36_643_545, 41_843_748)),
        # Spec 7.8, first and last exon.
        ("ERBB2", (37_856_492, 37_884_915), (39_700_239, 39_728_662)),
    ],
)
def test_chromosome_17(name, grch37, grch38):
    assert list(CHR17) == ["17p", "17q", "ERBB2_excluded", "ERBB2"]
    assert CHR17[name]["chrom"] == "17"
    assert (span(CHR17[name], "GRCh37"), span(CHR17[name], "GRCh38")) == (grch37, grch38)


@pytest.mark.parametrize("build", BUILDS)
def test_landmarks_nest(build):
    arm, excluded, gene = (span(CHR17[name], build) for name in ("17q", "ERBB2_excluded", "ERBB2"))
    assert arm[0] < excluded[0] < gene[0] < gene[1] < excluded[1] < arm[1]
    assert arm[1] == LENGTHS[build]["17"]
    assert (span(EXONS[0], build)[0], span(EXONS[-1], build)[1]) == gene


def test_rara_is_excluded_as_control():
    # rules.md: RARA lies too near ERBB2. Its start is 38.47 Mb in GRCh37, 40.31 Mb in GRCh38.
    for build, rara in zip(BUILDS, (38_470_000, 40_310_000), strict=True):
        start, end = span(CHR17["ERBB2_excluded"], build)
        assert start <= rara <= end


def test_exons():
    assert [row["exon"] for row in EXONS] == [str(number) for number in range(1, 28)]
    for row in EXONS:
        (old_start, old_end), (new_start, new_end) = span(row, "GRCh37"), span(row, "GRCh38")
        assert (new_start - old_start, new_end - old_end) == (1843747, 1843747)  # spec 7.4
        assert old_start <= old_end
    starts_and_ends = [p for row in EXONS for p in span(row, "GRCh37")]
    assert starts_and_ends == sorted(set(starts_and_ends))
    # NM_004448.4 has a CDS of 3,768 bases (spec 7.2); 37884297 is the last base of its stop codon.
    utr = 37884915 - 37884297
    assert sum(end - start + 1 for start, end in (span(row, "GRCh37") for row in EXONS)) - utr == 3768


# --- against dictionaries, bands and transcripts ---------------------------------------------------


def dictionary(path: Path) -> dict[str, tuple[int, str]]:
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("@SQ"):
            field = dict(part.split(":", 1) for part in line.split("\t")[1:])
            found[field["SN"].removeprefix("chr")] = int(field["LN"]), field["M5"]
    return found


@pytest.mark.real
@pytest.mark.parametrize(
    ("build", "dictionaries", "sizes"),
    [
        ("GRCh37", ["Homo_sapiens_assembly19.dict"], ["hg19.chrom.sizes", "bioframe_hg19.seqinfo.tsv"]),
        (
            "GRCh38",
            ["hg38GencodeReference.dict", "fgbio_hg38.dict"],
            ["hg38.chrom.sizes", "bioframe_hg38.seqinfo.tsv"],
        ),
    ],
)
def test_dictionaries(real_data, build, dictionaries, sizes):
    folder = real_data / "dictionaries"
    read = [dictionary(folder / name) for name in dictionaries]
    for row in (row for row in CONTIGS if row["build"] == build):
        seen = [found[row["contig"]] for found in read]
        assert {length for length, _ in seen} == {int(row["length"])}
        assert sorted({m5 for _, m5 in seen}) == row["m5"].split(",")
    for name in sizes:
        lines = [line.split("\t") for line in (folder / name).read_text().splitlines()]
        found = {line[0].removeprefix("chr"): line[1] for line in lines}
        assert {contig: int(found[contig]) for contig in PRIMARY} == LENGTHS[build]


@pytest.mark.real
@pytest.mark.parametrize(
    ("build", "files"),
    [
        ("GRCh37", ["bioframe_hg19.cytoband.tsv", "hmf_cytoBands.37.tsv"]),
        ("GRCh38", ["bioframe_hg38.cytoband.tsv", "hmf_cytoBands.38.tsv"]),
    ],
)
def test_cytobands(real_data, build, files):
    for name in files:
        lines = [line.split("\t") for line in (real_data / "gene_models" / name).read_text().splitlines()]
        bands = {line[3]: line for line in lines if line[0] == "chr17"}
        centromere = [line for line in bands.values() if line[4] == "acen"]
        assert [line[3] for line in centromere] == ["p11.1", "q11.1"]
        assert span(CHR17["17p"], build) == (1, int(bands["p11.1"][1]))
        assert span(CHR17["17q"], build) == (int(bands["q11.1"][2]) + 1, int(bands["q25.3"][2]))


@pytest.mark.real
def test_exons_of_ensembl_75(real_data):
    path = real_data / "gene_models" / "ensembl75_hg19.slice.ensGene"
    coding = gene_predictions(path)["ENST00000269571"].positions
    in_exons = [p for row in EXONS for p in range(span(row, "GRCh37")[0], span(row, "GRCh37")[1] + 1)]
    # Base for base, but for the 3' UTR of the last exon.
    assert in_exons[: len(coding)] == coding
    (row,) = [row for row in table(path) if row["hg19.ensGene.name"].startswith("ENST00000269571.")]
    assert in_exons[-1] == int(row["hg19.ensGene.txEnd"])


@pytest.mark.real
def test_exons_of_gencode_46(real_data):
    gencode = bed(real_data / "gene_models" / "gencode46_coding.slice.hg38.bed", "ERBB2")
    ours = [span(row, "GRCh38") for row in EXONS]
    # GENCODE merges transcripts: its 15th exon runs one base on, and its last is coding only.
    different = {exon: match for exon in ours for match in gencode if match[0] == exon[0] and match != exon}
    assert different == {
        (39717320, 39717480): (39717320, 39717481),
        (39727689, 39728662): (39727689, 39728041),
    }
    assert {start for start, _ in ours} <= {start for start, _ in gencode}
