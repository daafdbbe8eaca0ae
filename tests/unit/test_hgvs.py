"""Names of known variants in both builds, and the rules on made-up transcripts whose names are worked out by hand."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.literature.sources import fasta, lrg, table
from tests.unit.coding_builders import codon_of, transcript

from cetux.coding import Transcript, transcripts
from cetux.codons import protein_change
from cetux.counts import IndelCount
from cetux.edits import Edit, indel_edit
from cetux.evidence import Allele
from cetux.fragments import Indel
from cetux.hgvs import allele_edits, coding_name, genomic_name, haplotype_name, indel_names, protein_name
from cetux.indels import Placed, placed
from cetux.resources import BUILDS, CHROMOSOME_ACCESSIONS, DIRECTORY, coding_exons, codons
from cetux.states import Genotype


def listed_alleles() -> list[dict[str, str]]:
    with (DIRECTORY / "alleles.tsv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


KNOWN = {build: transcripts(build, None) for build in BUILDS}
# their silent half lies in codon 60, whose bases no table holds
WITH_CODON_60 = [row for row in listed_alleles() if row["hgvs_c"].startswith("c.180_")]


def edit_of(row: dict[str, str], build: str) -> Edit:
    return Edit(row["chrom"], int(row[f"pos_{build.lower()}"]) - 1, row["ref"], row["alt"])


@pytest.mark.parametrize("build", BUILDS)
def test_every_listed_allele_gets_its_own_name(build):
    rows = [row for row in listed_alleles() if row not in WITH_CODON_60]
    assert len(rows) == 186
    for row in rows:
        gene, edits = KNOWN[build][row["gene"]], [edit_of(row, build)]
        found = coding_name(gene, edits), protein_name(gene, edits)
        assert found == (row["hgvs_c"], f"p.{row['protein']}")


@pytest.mark.parametrize(
    ("gene", "position", "ref", "alt", "coding", "protein", "three"),
    [  # GRCh37, spec 7.1, 7.3, 7.6, 7.7
        ("BRAF", 140453136, "A", "T", "c.1799T>A", "p.V600E", "p.Val600Glu"),
        ("BRAF", 140453136, "AC", "TT", "c.1798_1799delinsAA", "p.V600K", "p.Val600Lys"),
        ("KRAS", 25398284, "C", "T", "c.35G>A", "p.G12D", "p.Gly12Asp"),
        ("KRAS", 25398285, "C", "A", "c.34G>T", "p.G12C", "p.Gly12Cys"),
        ("KRAS", 25398284, "CC", "AA", "c.34_35delinsTT", "p.G12F", "p.Gly12Phe"),
        ("EGFR", 55228007, "A", "C", "c.1474A>C", "p.S492R", "p.Ser492Arg"),
        ("EGFR", 55228009, "C", "A", "c.1476C>A", "p.S492R", "p.Ser492Arg"),
        ("EGFR", 55228009, "C", "T", "c.1476C>T", "p.S492=", "p.Ser492="),
        ("MAP2K1", 66727455, "G", "T", "c.171G>T", "p.K57N", "p.Lys57Asn"),
    ],
)
def test_known_variants(gene, position, ref, alt, coding, protein, three):
    known = KNOWN["GRCh37"][gene]
    edits = [Edit(known.chrom, position - 1, ref, alt)]
    assert coding_name(known, edits) == coding
    assert protein_name(known, edits) == protein
    assert protein_name(known, edits, letters=3) == three


@pytest.mark.parametrize(
    ("build", "position", "name"),
    [("GRCh37", 140453136, "NC_000007.13:g.140453136A>T"), ("GRCh38", 140753336, "NC_000007.14:g.140753336A>T")],
)
def test_genomic_name_is_of_the_plus_strand(build, position, name):
    known = KNOWN[build]["BRAF"]
    assert genomic_name([Edit("7", position - 1, "A", "T")], known.bases, build) == name


def test_two_changes_of_one_codon_are_one_delins_however_they_are_given():
    known = KNOWN["GRCh38"]["BRAF"]
    apart = [Edit("7", 140753335, "A", "T"), Edit("7", 140753336, "C", "T")]
    assert coding_name(known, apart) == "c.1798_1799delinsAA"
    assert protein_name(known, apart) == "p.V600K"


def test_a_codon_split_by_an_intron_is_one_delins_in_the_transcript():
    # BRAF 581 is AAT: c.1741 | c.1742, c.1743; on the minus strand A>T at c.1741 is T>A on the plus strand
    known = KNOWN["GRCh37"]["BRAF"]
    assert coding_name(known, [Edit("7", 140453192, "T", "C")]) == "c.1742A>G"
    both = [Edit("7", 140453986, "T", "C"), Edit("7", 140453192, "T", "C")]
    assert coding_name(known, both) == "c.1741_1742delinsGG"
    assert protein_name(known, both) == "p.N581G"


def test_without_bases_nothing_is_claimed():
    known = KNOWN["GRCh38"]["BRAF"]
    assert coding_name(known, [Edit("7", 140753335, "A", "")]) == "c.1799del"  # V600: neighbours are listed
    assert protein_name(known, [Edit("7", 140753335, "A", "")]) == ""  # the frame's end is not
    nras = KNOWN["GRCh38"]["NRAS"]
    assert protein_name(nras, [Edit("1", 114713908, "GT", "TA")]) == ""


# --- rules, by hand --------------------------------------------------------------------------------

# c.  1  4  7  10 13 16 19 22
#     M  A  A  A  G  S  K  *
PLUS = "ttccATGGCAGCAGCAGGTTCTAAATAAggcc"


@pytest.mark.parametrize("strand", "+-")
@pytest.mark.parametrize(
    ("first", "last", "new", "coding", "protein"),
    [
        # coding bases first..last (1-based, inclusive) become `new`; first > last inserts before `first`
        (13, 13, "A", "c.13G>A", "p.G5S"),
        (15, 15, "A", "c.15T>A", "p.G5="),
        (13, 14, "TT", "c.13_14delinsTT", "p.G5F"),
        (15, 16, "CA", "c.15_16delinsCA", "p.S6T"),  # two codons, one of them silent
        (14, 16, "CTG", "c.14_16delinsCTG", "p.G5_S6delinsAA"),
        # GCAGCAGCA is followed by a G, so the last place of a block of three is c.11_13 (CAG)
        (4, 6, "", "c.11_13del", "p.A4del"),
        (4, 9, "", "c.8_13del", "p.A3_A4del"),
        (4, 3, "GCA", "c.11_13dup", "p.A4dup"),
        (4, 3, "GCAGCA", "c.8_13dup", "p.A3_A4dup"),
        (13, 12, "TGG", "c.12_13insTGG", "p.A4_G5insW"),
        (13, 15, "", "c.13_15del", "p.G5del"),
        (14, 17, "T", "c.14_17delinsT", "p.G5_S6delinsV"),
        (13, 18, "TGGTGG", "c.13_18delinsTGGTGG", "p.G5_S6delinsWW"),
        (19, 19, "T", "c.19A>T", "p.K7*"),
        (12, 12, "", "c.12del", "p.G5Vfs*?"),  # GCG GTT CTA AAT AA: A4 stays A, and no stop follows
        (13, 13, "", "c.14del", "p.G5Vfs*?"),  # GTT CTA AAT AA; either G may be the one that is gone
        (22, 22, "C", "c.22T>C", "p.*8Qext*?"),
        (2, 2, "C", "c.2T>C", "p.M1?"),
    ],
)
def test_rules(strand, first, last, new, coding, protein):
    known = transcript(PLUS, strand)
    edits = [coding_edit(known, first, last, new)]
    assert coding_name(known, edits) == coding
    assert protein_name(known, edits) == protein


def coding_edit(known: Transcript, first: int, last: int, new: str) -> Edit:
    """Coding bases first..last (1-based, inclusive) replaced by coding-strand `new`, as an edit of the plus strand."""
    places = known.positions[first - 1 : last]
    forward = known.strand == "+"
    alt = new if forward else new[::-1].translate(str.maketrans("ACGT", "TGCA"))
    if not places:
        start = known.positions[first - 1] if forward else known.positions[first - 1] + 1
        return Edit(known.chrom, start, "", alt)
    low = min(places)
    return Edit(known.chrom, low, "".join(known.bases[low + i] for i in range(len(places))), alt)


def test_frameshift_counts_to_its_stop():
    # ATG GCA GGT TCT AAA TAG CTA A: c.7del gives GTT CTA AAT AGC TAA: G3V, stop at the fifth of V L N S *
    known = transcript("ATGGCAGGTTCTAAATAGCTAA"[:-1] + "ATAA")
    assert protein_name(known, [coding_edit(known, 7, 7, "")], 3) == "p.Gly3ValfsTer5"
    assert protein_name(known, [coding_edit(known, 7, 7, "")]) == "p.G3Vfs*5"


def test_names_in_an_intron_and_at_its_ends():
    #            c.1    6           7
    known = transcript("ccATGGCAgtaacccagGGTTAAcc", "+", 100)
    starts = {base: 100 + place for place, base in enumerate("..ATGGCAgtaacccagGGTTAA..") if base.islower()}
    assert starts["g"] == 116  # the last intron base; c.7-1
    assert coding_name(known, [Edit("7", 116, "G", "T")]) == "c.7-1G>T"
    assert coding_name(known, [Edit("7", 108, "G", "A")]) == "c.6+1G>A"
    assert protein_name(known, [Edit("7", 108, "G", "A")]) == "p.?"
    assert coding_name(known, [Edit("7", 111, "A", "C")]) == "c.6+4A>C"
    assert protein_name(known, [Edit("7", 111, "A", "C")]) == ""
    # the 3' rule takes a deletion out of the exon where the intron repeats its base, never into the next exon
    known = transcript("ccATGGCAagtttccagGGTTAAcc", "+", 100)
    assert coding_name(known, [Edit("7", 107, "A", "")]) == "c.6+1del"
    known = transcript("ccATGGCGtttttccagGGTTAAcc", "+", 100)
    assert coding_name(known, [Edit("7", 107, "G", "")]) == "c.6del"


def test_outside_of_the_coding_exons_there_is_no_number():
    known = transcript(PLUS)
    assert coding_name(known, [Edit("7", 1001, "T", "C")]) == ""
    assert protein_name(known, [Edit("7", 1001, "T", "C")]) == ""


@pytest.mark.parametrize("strand", "+-")
def test_distant_changes_of_one_molecule_stay_apart_in_coding_order(strand):
    known = transcript(PLUS, strand)
    edits = [coding_edit(known, 5, 5, "A"), coding_edit(known, 14, 14, "A")]
    assert coding_name(known, edits) == "c.[5C>A;14G>A]"


def test_letters_are_one_or_three():
    with pytest.raises(ValueError, match="one letter or three"):
        protein_name(transcript(PLUS), [Edit("7", 1007, "G", "T")], letters=2)


@pytest.mark.parametrize("build", BUILDS)
def test_every_listed_chromosome_has_an_accession(build):
    assert {codon.chrom for codon in codons(build)} <= set(CHROMOSOME_ACCESSIONS[build])


# --- haplotypes and counted indels -------------------------------------------------------------------

NRAS_61 = codon_of("NRAS", 61)
BRAF_581 = codon_of("BRAF", 581, "GRCh37")


@pytest.mark.parametrize(
    ("changes", "linked", "name"),
    [  # Q61 is CAA, c.181 to c.183; on the plus strand TTG
        (((2, "T"),), (), "c.181C>A"),
        (((1, "A"), (2, "A")), (), "c.181_182delinsTT"),
        (((0, "A"), (2, "A")), (), "c.181_183delinsTAT"),
        (((2, "T"),), ("+3T>A",), "c.180_181delinsTA"),
        (((0, "A"),), ("+3T>A",), "c.180_183delinsTCAT"),
        (((0, "A"),), ("-1C>G",), "c.183_184delinsTC"),
        (((2, "T"),), ("+4C>A",), "c.181C>A"),  # c.180 is unknown
    ],
)
def test_a_haplotype_is_named_with_what_is_linked_to_it(changes, linked, name):
    assert haplotype_name(KNOWN["GRCh38"]["NRAS"], NRAS_61, changes, linked) == name


@pytest.mark.parametrize("build", BUILDS)
def test_every_listed_allele_within_a_codon_is_named_alike_as_a_haplotype(build):
    by_position = {(one.chrom, place): one for one in codons(build) for place in one.positions}
    rows = [row for row in listed_alleles() if row not in WITH_CODON_60]
    for row in rows:
        start = int(row[f"pos_{build.lower()}"]) - 1
        one = by_position[row["chrom"], start]
        assert start + len(row["ref"]) - 1 in one.positions
        indices = range(sorted(one.positions).index(start), 3)
        changes = tuple((i, new) for i, old, new in zip(indices, row["ref"], row["alt"], strict=False) if old != new)
        assert haplotype_name(KNOWN[build][row["gene"]], one, changes) == row["hgvs_c"]
        assert f"{one.wt_aa}{one.codon}{protein_change(one, changes)}" == row["protein"]


def test_a_haplotype_at_the_end_of_an_exon_is_linked_into_the_intron():
    # ERBB2 769, GAC, ends with c.2307 at the end of its exon
    aspartate = codon_of("ERBB2", 769)
    known = KNOWN["GRCh38"]["ERBB2"]
    assert haplotype_name(known, aspartate, ((2, "T"),), ("+3G>A",)) == "c.2307_2307+1delinsTA"
    assert haplotype_name(KNOWN["GRCh37"]["BRAF"], BRAF_581, ((1, "C"), (2, "C"))) == "c.1741_1742delinsGG"


def counted(found: Placed) -> IndelCount:
    return IndelCount(*found, fragments=9, covering=90, forward=5, reverse=4, at_ends=0)


@given(codons=st.text("AC", min_size=24, max_size=30), inserted=st.text("AC", max_size=6), data=st.data())
def test_a_counted_indel_has_the_name_that_the_reference_gives(codons, inserted, data):
    """Two ways to its last place and to what it repeats: the shift that was counted, and the bases around it."""
    known = transcript(f"ttttttG{codons}Gtttttt", data.draw(st.sampled_from("+-")))
    first, last = min(known.positions), max(known.positions)
    start = data.draw(st.integers(first + 1, last - 5))
    indel = Indel(start, 0 if inserted else data.draw(st.integers(1, 4)), inserted)
    count = counted(placed(indel, known.bases.get))
    _, name = indel_names(known, known.codon(3), count)
    assert name == coding_name(known, [indel_edit(known.chrom, count)]) != ""


@pytest.mark.parametrize(
    ("gene", "number", "indel", "names"),
    [
        # specification 7.4, behind the VCF's anchors 37880981 and 37880997, which is c.2326; c.2324 lies 14 bases on
        ("ERBB2", 776, Placed(37880980, 14, "", "GCATACGTGATG"), ("Y772_A775dup", "c.2313_2324dup")),
        ("ERBB2", 776, Placed(37880996, 0, "", "TGT"), ("G776delinsVC", "c.2326_2327insTGT")),
        # N581 over an intron: c.1741 at 140453986, c.1742 at 140453192
        ("BRAF", 581, Placed(140453192, 0, "T", ""), ("N581fs", "c.1742del")),
        ("BRAF", 581, Placed(140453986, 0, "T", ""), ("N581fs", "c.1741del")),
        ("BRAF", 581, Placed(140453983, 0, "TCC", ""), ("N581indel", "c.1741+1_1741+3del")),
        ("BRAF", 581, Placed(140453192, 0, "", "G"), ("N581fs", "c.1742-1_1742insC")),
    ],
)
def test_counted_indels(gene, number, indel, names):
    assert indel_names(KNOWN["GRCh37"][gene], codon_of(gene, number, "GRCh37"), counted(indel)) == names


@pytest.mark.parametrize(
    ("indel", "names"),
    [
        # ATG GTG AAA TCC TAA (M V K S stop) is c.1 to c.15, at 1003 to 1017
        (Placed(1007, 0, "TGA", ""), ("V2indel", "c.5_7del")),  # GAA: V2_K3delinsE
        (Placed(1008, 0, "", "CAT"), ("V2indel", "c.6_7insCAT")),  # H between V2 and K3: V2_K3insH
        (Placed(1009, 2, "A", ""), ("K3fs", "c.9del")),  # AAT CCT AA: N instead of K3
        (Placed(1008, 0, "GA", "CCCCT"), ("K3indel", "c.6_7delinsCCCCT")),  # GTC CCC TAA: V2 stays, P and stop for K3
        (Placed(1009, 0, "AA", "GT"), ("K3V", "c.7_8delinsGT")),  # GTA is V
        (Placed(1007, 0, "TNA", ""), ("M1indel", "")),
    ],
)
def test_the_label_of_an_indel_names_the_first_residue_that_changes(indel, names):
    known = transcript("tttATGGTGAAATCCTAAttt")
    assert indel_names(known, known.codon(1), counted(indel)) == names


@pytest.mark.parametrize(
    ("indel", "names"),
    [
        # GRCh38; KRAS 12 is c.34_36 at 25245350..25245348, 13 c.37_39; nothing but the listed codons is known
        (Placed(25245348, 0, "", "ACC"), ("G12indel", "c.35_36insGGT")),  # between the last two bases of 12
        (Placed(25245346, 1, "C", ""), ("G13fs", "c.38del")),  # c.37 and c.38 are G, c.39 is C: the last G is c.38
        (Placed(25245341, 0, "CTA", ""), ("X14indel", "c.41_43del")),  # c.43 at 25245341: two bases of 14, one of 15
    ],
)
def test_without_a_sequence_the_label_names_the_first_codon_whose_bases_change(indel, names):
    assert indel_names(KNOWN["GRCh38"]["KRAS"], codon_of("KRAS", 13), counted(indel)) == names


def test_an_allele_with_an_unknown_deleted_base_is_not_edited():
    found = Allele("KRAS", 13, "G13fs", "", (), Genotype.MUT, 40, 400, 0.1, indel=counted(Placed(25245346, 0, "N", "")))
    assert allele_edits(found, codon_of("KRAS", 13), {25245346: "C"}) is None


def test_an_allele_is_edited_with_what_is_linked_to_it_where_its_bases_are_known():
    found = Allele("NRAS", 61, "Q61K", "", ((2, "T"),), Genotype.MUT, 40, 400, 0.1, linked=("+3T>A",))
    assert allele_edits(found, NRAS_61, {114713909: "T"}) == (Edit("1", 114713908, "GT", "TA"),)
    assert allele_edits(found, NRAS_61, {}) == (Edit("1", 114713908, "G", "T"),)
    # the reference, not the sample's own base, decides what is changed
    assert allele_edits(found, NRAS_61, {114713909: "A"}) == (Edit("1", 114713908, "G", "T"),)


# --- with real sequences ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_genes(real_data: Path) -> dict[str, Transcript]:
    """Transcripts in GRCh37 with all their bases, and ERBB2 with those of its amplicons."""
    found = {}
    for row in table(real_data / "reference" / "regions.tsv"):
        if row["gene"] in coding_exons("GRCh37"):
            plus = fasta(real_data / "reference" / "fasta_plus_strand" / f"{row['gene']}.fa")[row["gene"]]
            found[row["gene"]] = with_bases(row["gene"], dict(enumerate(plus, int(row["hg19_start"]) - 1)))
    sequences = fasta(real_data / "reference" / "mageri_panel_refs.hg19.fa")
    erbb2: dict[int, str] = {}
    for line in (real_data / "reference" / "mageri_panel_refs.hg19.bed").read_text().splitlines()[1:]:
        chrom, start, _, name, *_ = line.split("\t")
        if chrom == "chr17" and 37_840_000 < int(start) < 37_890_000:
            erbb2.update(enumerate(sequences[name], int(start)))
    return found | {"ERBB2": with_bases("ERBB2", erbb2)}


def with_bases(gene: str, bases: dict[int, str]) -> Transcript:
    known = KNOWN["GRCh37"][gene]
    return Transcript(gene, known.accession, known.chrom, known.strand, known.exons, bases)


@pytest.mark.real
def test_real_alleles_over_two_codons(real_genes):
    found = {}
    for row in WITH_CODON_60:
        edits = [edit_of(row, "GRCh37")]
        found[row["gene"], row["hgvs_c"]] = protein_name(real_genes[row["gene"]], edits)
        assert coding_name(real_genes[row["gene"]], edits) == row["hgvs_c"]
    assert found == {("NRAS", "c.180_181delinsTA"): "p.Q61K", ("KRAS", "c.180_181delinsAA"): "p.Q61K"}


@pytest.mark.real
@pytest.mark.parametrize(
    ("gene", "position", "ref", "alt", "coding", "protein"),
    [
        # spec 7.4; A775_G776insYVMA is p.Y772_A775dup by the 3' rule
        ("ERBB2", 37880981, "A", "AGCATACGTGATG", "c.2313_2324dup", "p.Y772_A775dup"),
        ("ERBB2", 37880997, "G", "GTGT", "c.2326_2327insTGT", "p.G776delinsVC"),
        # known in the literature: EGFR exon 19 (ELREA), L858R, T790M; PIK3CA H1047R
        ("EGFR", 55242464, "AGGAATTAAGAGAAGC", "A", "c.2235_2249del", "p.E746_A750del"),
        ("EGFR", 55242465, "GGAATTAAGAGAAGCA", "G", "c.2236_2250del", "p.E746_A750del"),
        ("EGFR", 55259515, "T", "G", "c.2573T>G", "p.L858R"),
        ("EGFR", 55249071, "C", "T", "c.2369C>T", "p.T790M"),
        ("PIK3CA", 178952085, "A", "G", "c.3140A>G", "p.H1047R"),
    ],
)
def test_real_variants(real_genes, gene, position, ref, alt, coding, protein):
    known = real_genes[gene]
    edits = [Edit(known.chrom, position - 1, ref, alt)]
    assert coding_name(known, edits) == coding
    assert protein_name(known, edits) == protein


@pytest.mark.real
@pytest.mark.parametrize(("gene", "record"), [("BRAF", "LRG_299"), ("NRAS", "LRG_92"), ("EGFR", "LRG_304")])
def test_real_coding_sequence_is_that_of_the_lrg(real_data, real_genes, gene, record):
    assert real_genes[gene].sequence == lrg(real_data / "reference" / "lrg_xml" / f"{record}.xml.gz")["GRCh37"].bases
