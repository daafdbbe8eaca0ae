"""alleles.tsv: protein changes and c. names recomputed, BRAF classes entered again, traps of spec 7.3."""

import re

import pytest

from tests.literature.sources import BUILDS, GENETIC_CODE, coding, complement, resource, three

ALLELES = resource("alleles.tsv")
CODONS = {(row["gene"], row["codon"]): row for row in resource("codons.tsv")}

# BRAF classes as CIViC's summary of BRAF gives them, and the whole codons that OncoKB's news of 2019-08 calls
# class III (after Yao et al. 2017, PMID 28783719).
CIVIC_CLASS = {
    "2": {"K601E", "K601N", "K601T", "L597Q", "L597V", "G469A", "G469V", "G469R", "G464V", "G464E"},
    "3": {
        *("G466V", "G466E", "G466A", "G469E", "N581S", "N581I"),
        *("D594N", "D594G", "D594A", "D594H", "G596D", "G596R"),
    },
}
ONCOKB_CLASS_3_CODONS = {"D594", "G466", "G596", "N581"}
UNVERIFIED_CLASS = {"G464R", "L597R", "L597P"}


def named(gene: str, hgvs_c: str) -> dict[str, str]:
    (row,) = [row for row in ALLELES if (row["gene"], row["hgvs_c"]) == (gene, hgvs_c)]
    return row


def changes(row: dict[str, str], build: str = "GRCh37") -> dict[int, tuple[str, str]]:
    """Coding-strand reference and alternate base of each listed base, by plus-strand position."""
    strand = CODONS[row["gene"], row["codon"]]["strand"]
    start = int(row[f"pos_{build.lower()}"])
    bases = zip(row["ref"], row["alt"], strict=True)
    return {start + i: (coding(ref, strand), coding(alt, strand)) for i, (ref, alt) in enumerate(bases)}


def test_columns_and_size():
    assert " ".join(ALLELES[0]) == (
        "gene codon protein hgvs_c chrom pos_grch37 pos_grch38 ref alt effect braf_class braf_class_source source"
    )
    # 175 single-base and 13 multi-base alleles (spec 7.6, 7.7).
    assert sum(len(row["ref"]) == 1 for row in ALLELES) == 175
    assert sum(len(row["ref"]) == 2 for row in ALLELES) == 13
    assert len(ALLELES) == 188
    assert all(row["source"] for row in ALLELES)


def test_no_duplicates():
    for build in BUILDS:
        keys = {(row["chrom"], row[f"pos_{build.lower()}"], row["ref"], row["alt"]) for row in ALLELES}
        assert len(keys) == len(ALLELES)
    assert len({(row["gene"], row["hgvs_c"]) for row in ALLELES}) == len(ALLELES)


def test_every_codon_is_listed_and_used():
    assert {(row["gene"], row["codon"]) for row in ALLELES} == set(CODONS)
    assert all(row["chrom"] == CODONS[row["gene"], row["codon"]]["chrom"] for row in ALLELES)


@pytest.mark.parametrize("build", BUILDS)
def test_reference_is_the_wild_type_codon(build):
    for row in ALLELES:
        codon = CODONS[row["gene"], row["codon"]]
        positions = three(codon[f"positions_{build.lower()}"])
        inside = {p: change for p, change in changes(row, build).items() if p in positions}
        assert inside, row["hgvs_c"]
        for position, (ref, alt) in inside.items():
            assert ref == codon["wt_codon"][positions.index(position)], row["hgvs_c"]
            assert ref != alt, row["hgvs_c"]


def test_minus_strand_alleles_are_complements():
    # Spec 7.3: KRAS, NRAS and BRAF lie on the minus strand, so c.35G>A is C>T on the plus strand.
    single = [row for row in ALLELES if len(row["ref"]) == 1]
    for row in single:
        ref, alt = re.fullmatch(r"c\.\d+([ACGT])>([ACGT])", row["hgvs_c"]).groups()
        minus = row["gene"] in {"KRAS", "NRAS", "BRAF"}
        assert (row["ref"], row["alt"]) == ((complement(ref), complement(alt)) if minus else (ref, alt)), row["hgvs_c"]


@pytest.mark.parametrize("build", BUILDS)
def test_protein_change(build):
    for row in ALLELES:
        codon = CODONS[row["gene"], row["codon"]]
        positions = three(codon[f"positions_{build.lower()}"])
        mutant = list(codon["wt_codon"])
        for position, (_, alt) in changes(row, build).items():
            if position in positions:
                mutant[positions.index(position)] = alt
        change = codon["wt_aa"] + row["codon"] + GENETIC_CODE["".join(mutant)]
        assert row["protein"] == change, row["hgvs_c"]


def test_bases_outside_the_codon_are_silent():
    # Only c.180 lies outside its allele's codon; codon 60 is Gly, GGN whatever its third base.
    outside = []
    for row in ALLELES:
        positions = three(CODONS[row["gene"], row["codon"]]["positions_grch37"])
        outside += [(row["gene"], p - positions[0]) for p in changes(row) if p not in positions]
    assert sorted(outside) == [("KRAS", 1), ("NRAS", 1)]


def test_c_names():
    for row in ALLELES:
        codon = CODONS[row["gene"], row["codon"]]
        positions = three(codon["positions_grch37"])
        first = 3 * int(row["codon"]) - 2
        if len(row["ref"]) == 1:
            ((position, (ref, alt)),) = changes(row).items()
            name = f"c.{first + positions.index(position)}{ref}>{alt}"
        else:
            alternates = coding(row["alt"], codon["strand"])
            # All multi-base alleles lie on the minus strand: the highest position has the lowest c. number.
            start = first + positions[0] - max(changes(row))
            name = f"c.{start}_{start + 1}delins{alternates}"
            assert codon["strand"] == "-"
        assert row["hgvs_c"] == name


def test_offset_between_builds():
    # Data README, ERBB2 from spec 7.4.
    offsets = {
        "KRAS": -152934,
        "BRAF": 300200,
        "NRAS": -542621,
        "PIK3CA": 282212,
        "EGFR": -67693,
        "MAP2K1": -292338,
        "ERBB2": 1843747,
    }
    for row in ALLELES:
        assert int(row["pos_grch38"]) - int(row["pos_grch37"]) == offsets[row["gene"]], row["hgvs_c"]


@pytest.mark.parametrize(
    ("gene", "protein", "grch37", "grch38", "ref", "alt"),
    [
        # Spec 7.3: 25398285 C>A is G12C; 25398284 C>A, which public lists call G12C, is G12V.
        ("KRAS", "G12C", 25398285, 25245351, "C", "A"),
        ("KRAS", "G12V", 25398284, 25245350, "C", "A"),
        ("KRAS", "G12D", 25398284, 25245350, "C", "T"),
        # Spec 7.3: V600K changes two bases; 140453136 T>G, as one public list has it, is nothing.
        ("BRAF", "V600K", 140453136, 140753336, "AC", "TT"),
        ("BRAF", "V600E", 140453136, 140753336, "A", "T"),
        ("BRAF", "V600M", 140453137, 140753337, "C", "T"),
        # Spec 7.1, seen elsewhere.
        ("ERBB2", "S310F", 37868208, 39711955, "C", "T"),
        ("NRAS", "Q61K", 115256530, 114713909, "G", "T"),
        ("NRAS", "G12S", 115258748, 114716127, "C", "T"),
        ("PIK3CA", "H1047R", 178952085, 179234297, "A", "G"),
        ("MAP2K1", "K57N", 66727455, 66435117, "G", "T"),
        # Spec 7.3: c.180_181delinsTA is Q61K too.
        ("NRAS", "Q61K", 115256530, 114713909, "GT", "TA"),
    ],
)
def test_traps_and_anchors(gene, protein, grch37, grch38, ref, alt):
    for build, position in zip(BUILDS, (grch37, grch38), strict=True):
        at = [
            row["protein"]
            for row in ALLELES
            if row["gene"] == gene
            and row[f"pos_{build.lower()}"] == str(position)
            and (row["ref"], row["alt"]) == (ref, alt)
        ]
        assert at == [protein]


def test_egfr_s492r_has_three_dna_changes():
    # Spec 2.2: genotype c.1474A>C, c.1476C>A and c.1476C>G.
    assert {row["hgvs_c"] for row in ALLELES if row["protein"] == "S492R"} == {
        "c.1474A>C",
        "c.1476C>A",
        "c.1476C>G",
    }


def test_v600k_is_not_the_sum_of_listed_single_changes():
    # Unphased, V600K would read as V600M (c.1798G>A) and V600E (c.1799T>A): spec 7.3.
    assert named("BRAF", "c.1798G>A")["protein"] == "V600M"
    assert named("BRAF", "c.1799T>A")["protein"] == "V600E"
    assert named("BRAF", "c.1798_1799delinsAA")["protein"] == "V600K"


def test_effect():
    effects = {
        "KRAS": "RAS_MUT",
        "NRAS": "RAS_MUT",
        "BRAF": "BRAF",
        "EGFR": "EGFR_ECD",
        "ERBB2": "ERBB2_MUT",
        "PIK3CA": "OTHER_GENE",
        "MAP2K1": "OTHER_GENE",
    }
    assert [row["effect"] for row in ALLELES] == [effects[row["gene"]] for row in ALLELES]


def test_required_bases():
    # A wild type must have read every base that a listed allele changes; four are entered by hand.
    required: dict[tuple[str, str], set[int]] = {key: set() for key in CODONS}
    for row in ALLELES:
        positions = three(CODONS[row["gene"], row["codon"]]["positions_grch37"])
        required[row["gene"], row["codon"]] |= {positions.index(p) + 1 for p in changes(row) if p in positions}
    assert {key: three(row["required"]) for key, row in CODONS.items()} == {
        key: sorted(bases) for key, bases in required.items()
    }
    assert CODONS["KRAS", "13"]["required"] == "1,2"
    assert CODONS["KRAS", "22"]["required"] == "1"
    assert CODONS["BRAF", "581"]["required"] == "2"
    assert CODONS["BRAF", "600"]["required"] == "1,2,3"


# --- BRAF classes ----------------------------------------------------------------------------------

BRAF = [row for row in ALLELES if row["gene"] == "BRAF"]


def test_class_only_of_braf():
    assert len(BRAF) == 44  # 39 single-base, 5 multi-base
    for row in ALLELES:
        assert (row["braf_class_source"] != "") == (row["gene"] == "BRAF")
        assert row["braf_class"] == "" or row["gene"] == "BRAF"


@pytest.mark.parametrize("row", BRAF, ids=lambda row: row["hgvs_c"])
def test_braf_class(row):
    protein, found = row["protein"], row["braf_class"]
    if row["codon"] == "600":
        assert found == "1"
    elif protein in UNVERIFIED_CLASS:
        # a class that nobody could verify is not given: the allele is then reported as UNCLASSIFIED
        assert found == ""
        assert row["braf_class_source"].startswith("unverified [M]")
    else:
        expected = {number for number, listed in CIVIC_CLASS.items() if protein in listed}
        if protein[:4] in ONCOKB_CLASS_3_CODONS:
            expected.add("3")
        assert {found} == expected
    assert ("unverified" in row["braf_class_source"]) == (protein in UNVERIFIED_CLASS)


def test_g469e_is_class_3_beside_class_2_neighbours():
    # rules.md: G469E stands apart from G469A/V/R.
    classes = {row["protein"]: row["braf_class"] for row in BRAF if row["codon"] == "469"}
    assert classes == {"G469A": "2", "G469V": "2", "G469R": "2", "G469E": "3"}
