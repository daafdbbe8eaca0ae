"""Every change beside a site's catalogue and another caller's VCF, in a whole run; Cancer Hotspots as it lies."""

import csv
import json
import re
from pathlib import Path

import pytest

from cetux.catalogue import Listing, written
from cetux.catalogue_file import catalogue_problems, read_catalogue
from cetux.coding import transcripts
from cetux.edits import Edit
from tests.integration.workflow import copy_run, planned, replace_in, snakemake

MUTECT2 = """\
##fileformat=VCFv4.2
##source=Mutect2
##tumor_sample=P01_KRAS_pre
##FILTER=<ID=base_qual,Description="alt median base quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allelic depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##contig=<ID=chr7,length=159345973>
##contig=<ID=chr12,length=133275309>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP01_KRAS_pre
chr7\t140753336\t.\tA\tT\t.\tbase_qual\t.\tGT:AD:DP\t0/1:396,4:400
chr12\t25227341\t.\tT\tG\t.\tPASS\t.\tGT:AD:DP\t0/1:390,10:400
chr12\t25245350\t.\tC\tT\t.\tPASS\t.\tGT:AD:DP\t0/1:280,120:400
"""
"""G12D, which the demo's patient has, and Q61H and a filtered V600E, which it has not."""


@pytest.mark.run
def test_catalogue_and_other_caller_stand_beside_each_change_and_change_no_call(finished: Path, tmp_path: Path) -> None:
    run = copy_run(finished, tmp_path / "cohort")
    (run / "mutect2.vcf").write_text(MUTECT2)
    (run / "hotspots.vcf").write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "12\t25227341\t.\tT\tA\t.\t.\t.\n7\t140753336\t.\tAC\tTT,TC\t.\t.\t.\n"
    )
    replace_in(run / "cohort.yaml", "method: hybrid\n", "method: hybrid\n    hotspot_catalogue: hotspots.vcf\n")
    header, *rows = (run / "samples.tsv").read_text(encoding="utf-8").splitlines()
    kept = [f"{row}\t{'mutect2.vcf' if row.startswith('P01_KRAS_pre') else ''}" for row in rows]
    (run / "samples.tsv").write_text("\n".join([f"{header}\tvcf", *kept]) + "\n", encoding="utf-8")
    asked = planned(run)
    assert ("compare_calls", "P01_KRAS_pre") in asked
    assert not {rule for rule, _ in asked} & {"count_haplotypes", "call_genotypes", "count_coverage", "call_erbb2"}
    before = json.loads((run / "results/mechanisms.json").read_text(encoding="utf-8"))
    snakemake(run, "--cores", "2", "--quiet")
    with (run / "results/alleles.tsv").open(encoding="utf-8", newline="") as handle:
        table = {(row["sample"], row["protein"]): row for row in csv.DictReader(handle, delimiter="\t")}
    columns = ("state", "catalogue", "other_caller", "other_verdict", "other_filters", "other_alt")
    assert {key: tuple(row[name] for name in columns) for key, row in table.items()} == {
        ("P01_KRAS_pre", "G12D"): ("MUT", "no", "Mutect2", "AGREE", "", "120"),
        ("P01_KRAS_pre", "Q61H"): ("", "codon", "Mutect2", "ONLY_THEIRS", "", "10"),
        ("P01_KRAS_pre", "V600E"): ("", "allele", "Mutect2", "FILTERED", "base_qual", "4"),
        ("P02_BRAF_pre", "V600K"): ("MUT", "allele", "", "", "", ""),
    }
    for protein in ("Q61H", "V600E"):
        assert int(table["P01_KRAS_pre", protein]["fragments"]) > 200, "the direct count read the place"
    after = json.loads((run / "results/mechanisms.json").read_text(encoding="utf-8"))
    assert [one["call"]["primary"] for one in after["patients"]] == [
        one["call"]["primary"] for one in before["patients"]
    ]
    page = (run / "results/report/patients/P01_KRAS.html").read_text(encoding="utf-8")
    shown = page.split("<h3>Changes</h3>")[1].split("</table>")[0]
    for text in (
        "KRAS G12D",
        "NM_004985.5:c.35G&gt;A",
        "p.Gly12Asp",
        "NC_000012.12:g.25245350C&gt;T",
        "Mutect2: AGREE",
    ):
        assert text in shown
    assert re.search(r"Mutect2: FILTERED \(base_qual\), 1\.0%", shown)
    run_json = json.loads((run / "results/provenance/run.json").read_text(encoding="utf-8"))
    assert list(run_json["catalogues_sha256"]) == ["hotspots.vcf"]


@pytest.fixture(scope="module")
def knowledge(real_data: Path) -> Path:
    folder = real_data / "knowledge"
    if not folder.is_dir():
        pytest.skip(f"no catalogue of hot spots: {folder} is not a folder")
    return folder


# positions of DoCM, bases of the plus strand
PLACES = {
    "GRCh37": {"12": 25398284, "7": 140453136, "1": 115256529, "17": 37880981},
    "GRCh38": {"12": 25245350, "7": 140753336, "1": 114713908, "17": 39724728},
}


@pytest.mark.real
@pytest.mark.parametrize("build", PLACES)
def test_cancer_hotspots_as_it_lies(knowledge: Path, build: str) -> None:
    catalogue = read_catalogue(str(knowledge / f"cancerhotspots_v2_{build}.tsv"), build)

    def said(chrom: str, by: int, ref: str, alt: str) -> Listing:
        return catalogue.listing(written([Edit(chrom, PLACES[build][chrom] - 1 + by, ref, alt)], {}, shift=0))

    assert said("12", 0, "C", "T") is Listing.ALLELE  # KRAS G12D
    assert said("7", 0, "A", "T") is Listing.ALLELE  # BRAF V600E
    assert said("7", 0, "AC", "TT") is Listing.ALLELE  # BRAF V600K
    assert said("1", 0, "T", "C") is Listing.ALLELE  # NRAS Q61R
    assert said("17", 1, "", "GCATACGTGATG") is Listing.ALLELE  # ERBB2 Y772_A775dup
    assert said("7", -1, "C", "T") is Listing.CODON  # BRAF V600=, which no catalogue of mutations lists
    assert said("12", 5, "C", "A") is Listing.NO  # KRAS codon 10


@pytest.mark.real
@pytest.mark.parametrize("build", PLACES)
def test_both_builds_of_cancer_hotspots_list_the_same_codons_and_each_is_refused_as_the_other(
    knowledge: Path, build: str
) -> None:
    found = [read_catalogue(str(knowledge / f"cancerhotspots_v2_{one}.tsv"), one) for one in PLACES]
    assert len({(len(one.alleles), len(one.places)) for one in found}) == 1
    (other,) = set(PLACES) - {build}
    (problem,) = catalogue_problems(str(knowledge / f"cancerhotspots_v2_{other}.tsv"), build)
    assert f"fit the listed codons of {other}, 0 those of {build}" in problem.wrong


@pytest.mark.real
@pytest.mark.parametrize("build", PLACES)
def test_its_codons_by_place_are_those_that_it_names(knowledge: Path, build: str) -> None:
    """Places alone say which codons are hot; the protein changes in the file, which are not used, say the same."""
    path = knowledge / f"cancerhotspots_v2_{build}.tsv"
    known = transcripts(build, None)
    hot = {
        (gene, one.index[place] // 3 + 1)
        for chrom, place in read_catalogue(str(path), build).places
        for gene, one in known.items()
        if one.chrom == chrom and place in one.index
    }
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    substitutions = [(row[4], re.fullmatch(r"[A-Z](\d+)[A-Z*]", row[6])) for row in rows]
    named = {(gene, int(found[1])) for gene, found in substitutions if found and gene in known}
    assert hot == named
    assert len(named) == 115
