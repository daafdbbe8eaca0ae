"""Every change under its names, beside what a catalogue and another caller say; the rows of alleles.tsv.

Names and places of KRAS and BRAF are those of ClinVar: KRAS G12D NM_004985.5:c.35G>A, NC_000012.12:g.25245350C>T; BRAF
V600E NM_004333.6:c.1799T>A, NC_000007.14:g.140753336A>T.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.mechanism_cases import PRE, RULES, TISSUE, evidence, patient
from tests.unit.test_catalogue_file import table
from tests.unit.test_cohort import write_cohort
from tests.unit.test_other_calls import CASES, direct, read
from tests.unit.test_other_calls import table as rows_of
from tests.unit.test_vcf import allele

from cetux import allele_table, cohort, records
from cetux.call_comparison import Comparison, compare_calls, disagreements
from cetux.cohort_calls import call_cohort
from cetux.counts import IndelCount, SampleCheck, Usable
from cetux.described_alleles import (
    NEITHER,
    NOT_COMPARED,
    DescribedAllele,
    DescribedAlleles,
    Known,
    describe_cohort,
    describe_sample,
    known_of,
    of_patients,
)
from cetux.evidence import Allele, CopyNumber, GeneGenotype, SampleEvidence, SampleGenotypes
from cetux.resources import codons
from cetux.states import Agreement, Erbb2, Forced, Genotype

KNOWN = known_of("GRCh38", None, None)
G12D: dict[str, Any] = {"gene": "KRAS", "codon": 12, "changes": ((1, "T"),), "protein": "G12D", "hgvs_c": "c.35G>A"}
V600E: dict[str, Any] = {"gene": "BRAF", "codon": 600, "changes": ((1, "T"),), "protein": "V600E", "braf_class": 1}
V600K: dict[str, Any] = V600E | {"changes": ((1, "T"), (2, "T")), "protein": "V600K"}
UNLISTED: dict[str, Any] = {"gene": "NRAS", "codon": 61, "changes": ((0, "C"),), "protein": "Q61H", "listed": False}


def tumour(*alleles: Allele, traces: Iterable[Allele] = (), purity: float | None = None) -> SampleEvidence:
    genes: dict[str, GeneGenotype] = {}
    for one in alleles:
        gene = genes.get(one.gene, GeneGenotype(one.gene, Genotype.MUT))
        genes[one.gene] = replace(gene, alleles=(*gene.alleles, one))
    for one in traces:
        gene = genes.get(one.gene, GeneGenotype(one.gene, Genotype.WT))
        genes[one.gene] = replace(gene, traces=(*gene.traces, one))
    copies = CopyNumber("S1", Erbb2.NEG, "", purity=purity)
    return SampleEvidence("S1", PRE, TISSUE, SampleGenotypes("S1", Usable(), genes), copies)


def described(*alleles: Allele, known: Known = KNOWN, **given: Any) -> list[DescribedAllele]:
    return describe_sample("P1", tumour(*alleles, **given), known)


def with_catalogue(folder: Path, text: str, build: str = "GRCh38") -> Known:
    (folder / "hotspots.tsv").write_text(text)
    return known_of(build, None, str(folder / "hotspots.tsv"))


def cells(*found: DescribedAllele) -> list[dict[str, str]]:
    text = allele_table.alleles(DescribedAlleles(found))
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_a_reported_change_has_all_its_names_and_numbers() -> None:
    counted = {"ccf": 0.95, "ccf_low": 0.8, "ccf_high": 1.2, "forward": 21, "reverse": 19, "at_ends": 3}
    (row,) = cells(*described(allele(**V600E, **counted, p_value=1e-30)))
    assert tuple(row) == allele_table.COLUMNS
    assert {name: value for name, value in row.items() if value} == {
        "patient": "P1",
        "sample": "S1",
        "timepoint": "pre",
        "specimen": "tissue",
        "gene": "BRAF",
        "protein": "V600E",
        "hgvs_p": "p.Val600Glu",
        "hgvs_c": "c.1799T>A",
        "transcript": "NM_004333.6",
        "hgvs_g": "NC_000007.14:g.140753336A>T",
        "chrom": "7",
        "pos": "140753336",
        "ref": "A",
        "alt": "T",
        "state": "MUT",
        "listed": "yes",
        "braf_class": "1",
        "likely_germline": "no",
        "alt_fragments": "40",
        "fragments": "400",
        "vaf": "0.1",
        "ccf": "0.95",
        "ccf_low": "0.8",
        "ccf_high": "1.2",
        "forward": "21",
        "reverse": "19",
        "at_ends": "3",
        "p_value": "1e-30",
    }


@pytest.mark.parametrize(("p_value", "shown"), [(None, ""), (0.0, "<1e-15"), (3.44e-9, "3.44e-09")])
def test_no_chance_is_zero(p_value: float | None, shown: str) -> None:
    """Of two bases at once the chance by errors can be below the smallest floating-point number."""
    assert [row["p_value"] for row in cells(*described(allele(**V600K, p_value=p_value)))] == [shown]


def test_two_bases_are_one_row_and_a_change_over_an_intron_has_a_part_for_each_exon() -> None:
    (two,) = cells(*described(allele(**V600K)))
    assert (two["hgvs_c"], two["pos"], two["ref"], two["alt"]) == ("c.1798_1799delinsAA", "140753336", "AC", "TT")
    split = allele("BRAF", 581, ((1, "C"), (2, "C")), protein="N581G")
    (row,) = cells(*described(split, known=known_of("GRCh37", None, None)))
    assert [row[name] for name in ("chrom", "pos", "ref", "alt")] == ["7;7", "140453193;140453987", "T;T", "C;C"]
    assert row["hgvs_c"] == "c.1741_1742delinsGG"


def test_a_change_that_is_not_known_to_its_end_keeps_its_counted_name_and_has_no_place(tmp_path: Path) -> None:
    gone = allele("KRAS", 117, ((0, "-"), (1, "-"), (2, "-")), protein="K117indel", hgvs_c="")
    known = with_catalogue(tmp_path, table("GRCh38"))
    (row,) = cells(*described(gone, known=known))
    assert row["protein"] == "K117indel"
    assert [row[name] for name in ("hgvs_p", "hgvs_c", "hgvs_g", "chrom", "pos", "ref", "alt")] == [""] * 7
    assert row["catalogue"] == "unknown"


def test_traces_say_that_they_are_not_reported_and_why() -> None:
    low = allele(**G12D, state=Genotype.WT)
    artefact = allele(**V600E, state=Genotype.NO_CALL, filters=("one_strand", "read_ends"))
    rows = cells(*described(traces=[low, artefact]))
    assert [(row["state"], row["filters"]) for row in rows] == [
        (Forced.DETECTED, ""),
        (Forced.FILTERED, "one_strand;read_ends"),
    ]


@pytest.mark.parametrize(
    ("vaf", "purity", "said"),
    [
        # at purity p a change of the only copy left has VAF p / (2 - p): 0.25 at 0.4, 0.54 at 0.7
        (0.5, 0.4, "yes"),
        (0.5, 0.7, "no"),
        (0.2, 0.4, "no"),
        (0.5, None, ""),
    ],
)
def test_an_unlisted_change_is_unclassified_and_marked_where_it_is_likely_germline(
    vaf: float, purity: float | None, said: str
) -> None:
    (row,) = cells(*described(allele(**UNLISTED | {"protein": "Q61Z"}, vaf=vaf), purity=purity))
    assert (row["listed"], row["likely_germline"]) == ("UNCLASSIFIED", said)


def test_germline_is_not_denied_where_the_join_does_not_ask() -> None:
    unlisted = allele("ERBB2", 776, ((0, "A"),), protein="G776Z", listed=False, vaf=0.5)
    (row,) = cells(*described(unlisted, purity=0.4))
    assert (row["listed"], row["likely_germline"]) == ("UNCLASSIFIED", "")


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_the_catalogue_tells_allele_codon_and_neither_in_its_build(tmp_path: Path, build: str) -> None:
    known = with_catalogue(tmp_path, table(build), build)
    found = described(
        *(allele(**one) for one in (G12D, V600E, V600K, UNLISTED)), allele("KRAS", 12, ((2, "A"),)), known=known
    )
    assert {one.protein: one.catalogue for one in found} == {
        **dict.fromkeys(("G12D", "V600E", "V600K"), "allele"),
        "X1Y": "codon",
        "Q61H": "no",
    }


def test_without_a_catalogue_nothing_is_said() -> None:
    assert [row["catalogue"] for row in cells(*described(allele(**G12D)))] == [""]


def test_a_counted_insertion_is_found_wherever_the_catalogue_puts_it(tmp_path: Path) -> None:
    """ERBB2 c.2313_2324dup without a FASTA. Left-most (VCF) it stands behind 17:39724728 and begins with GC; by HGVS,
    at its last place, it is ATACGTGATGGC: the block has come round by two bases, so it moves by two and no further.
    """
    block = "GCATACGTGATG"
    counted = IndelCount(39724727, 2, "", block, 40, 400, 20, 20, 0)
    dup = allele("ERBB2", 776, (), protein="Y772_A775dup", hgvs_c="c.2313_2324dup", indel=counted)
    for by, said in ((0, "allele"), (1, "allele"), (2, "allele"), (3, "no")):
        row = f"17\t{39724728 + by}\t-\t{block[by:] + block[:by]}\tERBB2\tINS\tY772_A775dup\tLoF\n"
        (one,) = described(dup, known=with_catalogue(tmp_path, row + table("GRCh38")))
        assert one.catalogue == said, by


def compared(case: str) -> tuple[SampleEvidence, Comparison]:
    """A case of tests/cases/other_calls as the sample's evidence and its comparison."""
    theirs = read(CASES[0].parent / case / "calls.vcf")
    genotypes, counts = direct(rows_of(CASES[0].parent / case / "ours.tsv"))
    calls = compare_calls(genotypes, counts, codons("GRCh38"), theirs, KNOWN.transcripts)
    flags = disagreements(calls, theirs.caller)
    comparison = Comparison("S1", theirs.caller, theirs.usable, calls, theirs.notes, flags)
    return replace(tumour(), genotypes=genotypes), comparison


@pytest.mark.parametrize("case", [path.name for path in CASES])
def test_every_change_of_both_sides_has_a_row_with_the_verdict_of_the_comparison(case: str) -> None:
    seen, comparison = compared(case)
    found = describe_sample("P1", seen, KNOWN, comparison)
    ours = [one for gene in seen.genotypes.genes.values() for one in gene.alleles]
    assert [one.protein for one in found if one.allele] == [one.protein for one in ours]
    if not comparison.usable.ok:
        assert {one.verdict for one in found} <= {NOT_COMPARED}
        return
    expected = rows_of(CASES[0].parent / case / "expected.tsv")
    told = sorted((row["agreement"], row["gene"], row["protein"], row.get("filters", "")) for row in expected)
    rows = cells(*found)
    shown = [(row["other_verdict"], row["gene"], row["protein"], row["other_filters"]) for row in rows]
    if expected and "filters" not in expected[0]:
        shown = [(*row[:3], "") for row in shown]
    assert sorted((*row[:3], row[3].replace(";", ",")) for row in shown) == told
    assert {row["other_caller"] for row in rows} <= {comparison.caller}


def test_what_only_the_other_caller_has_is_named_and_shows_our_counts(tmp_path: Path) -> None:
    seen, comparison = compared("mutect2_filters")
    known = with_catalogue(tmp_path, table("GRCh38"))
    *_, row = cells(*describe_sample("P1", seen, known, comparison))
    assert {name: value for name, value in row.items() if value} == {
        "patient": "P1",
        "sample": "S1",
        "timepoint": "pre",
        "specimen": "tissue",
        "gene": "BRAF",
        "protein": "V600E",
        "hgvs_p": "p.Val600Glu",
        "hgvs_c": "c.1799T>A",
        "transcript": "NM_004333.6",
        "hgvs_g": "NC_000007.14:g.140753336A>T",
        "chrom": "7",
        "pos": "140753336",
        "ref": "A",
        "alt": "T",
        "catalogue": "allele",
        "alt_fragments": "3",
        "fragments": "990",
        "vaf": "0.00303",
        "other_caller": "Mutect2",
        "other_verdict": "FILTERED",
        "other_filters": "base_qual",
        "other_alt": "4",
        "other_depth": "1000",
        "other_vaf": "0.004",
        "other_notes": "3 of 990 fragments here",
    }


def test_a_trace_that_the_other_caller_has_is_one_row() -> None:
    seen, comparison = compared("mutect2_filters")
    low = allele(**V600E, state=Genotype.WT)
    genes = seen.genotypes.genes | {"BRAF": GeneGenotype("BRAF", Genotype.WT, traces=(low,))}
    both = replace(seen, genotypes=replace(seen.genotypes, genes=genes))
    found = describe_sample("P1", both, KNOWN, comparison)
    assert [(one.protein, one.state, one.verdict) for one in found] == [
        ("G12D", Genotype.MUT, Agreement.FILTERED),
        ("V600E", Forced.DETECTED, Agreement.FILTERED),
    ]


def test_a_trace_of_which_the_other_caller_says_nothing_is_neithers() -> None:
    low = allele(**G12D, state=Genotype.WT)
    (one,) = describe_sample("P1", tumour(traces=[low]), KNOWN, Comparison("S1", "LoFreq", Usable()))
    assert (one.caller, one.verdict, one.theirs) == ("LoFreq", NEITHER, None)


def test_a_vcf_that_could_not_be_compared_agrees_with_nothing() -> None:
    broken = Comparison("S1", "unknown", Usable(False, "the VCF is GRCh37", "Give calls of the same build"))
    (row,) = cells(*describe_sample("P1", tumour(allele(**G12D)), KNOWN, broken))
    assert (row["other_verdict"], row["other_vaf"]) == (NOT_COMPARED, "")


def test_a_sample_without_genotypes_has_no_row() -> None:
    bad = replace(tumour(), genotypes=SampleGenotypes("S1", Usable(False, "truncated")))
    assert describe_sample("P1", bad, KNOWN) == []


def test_a_cohort_is_described_with_contigs_as_in_each_bam_and_each_assays_catalogue(tmp_path: Path) -> None:
    write_cohort(tmp_path)
    (tmp_path / "hotspots.tsv").write_text(table("GRCh38"))
    given = yaml.safe_load((tmp_path / "cohort.yaml").read_text())
    given["assays"]["panel"]["hotspot_catalogue"] = "hotspots.tsv"
    loaded = cohort.load(given, str(tmp_path))
    assert loaded.catalogues() == {"panel": str(tmp_path / "hotspots.tsv")}
    changed = replace(tumour(allele(**G12D)), sample="P01_pre")
    calls = call_cohort([evidence(patient(patient="P01"), [changed])], RULES)
    records.write(SampleCheck("P01_pre", Usable(), contig_prefix="chr"), tmp_path / "P01_pre.json")
    found = describe_cohort(calls, loaded, [str(tmp_path / "P01_pre.json")], [])
    records.write(found, tmp_path / "alleles.json")
    assert records.read(DescribedAlleles, tmp_path / "alleles.json") == found
    (row,) = cells(*of_patients(str(tmp_path / "alleles.json"))["P01"])
    assert [row[name] for name in ("patient", "sample", "chrom", "pos", "ref", "alt", "catalogue")] == [
        *("P01", "P01_pre", "chr12", "25245350", "C", "T", "allele")
    ]


def test_hostile_names_stay_text_in_the_table() -> None:
    (one,) = described(allele(**G12D))
    (row,) = cells(replace(one, caller="=cmd|' /C calc'!A0", protein="a\tb\nc"))
    assert row["other_caller"].startswith("'=")
    assert row["protein"] == "a b c"
