"""The demo cohort from BAMs to calls: what a newcomer sees first."""

import csv
import json
from pathlib import Path

import pysam.bcftools
import pytest
from jsonschema import Draft202012Validator

from cetux.sites import read_snps
from cetux.states import Identity
from tests import accept, demo
from tests.integration.workflow import ROOT, copy_run, planned, replace_in, snakemake

pytestmark = pytest.mark.run


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return {next(iter(row.values())): row for row in csv.DictReader(handle, delimiter="\t")}


def test_every_patient_is_called_as_built(finished):
    assert accept.differences(finished) == []
    assert len(accept.read(finished / "truth.tsv")) == 9


def test_a_finished_run_has_nothing_to_do(finished):
    assert planned(finished) == set()


def test_the_deliverables_stand_at_the_top_of_results(finished):
    top = {path.name for path in (finished / "results").iterdir() if path.is_file()}
    assert top == {
        *("mechanisms.tsv", "mechanisms.json", "mechanisms.xlsx", "samples.tsv", "alleles.tsv", "heregulin.tsv"),
        *("force_calls.tsv", "identity.tsv", "statistics.tsv", "changes.tsv", "what_if.tsv", "what_if.svg"),
    }
    assert (finished / "results/report/index.html").is_file()
    assert (finished / "results/provenance/run.json").is_file()


def test_calls_fit_their_published_schema(finished):
    calls = json.loads((finished / "results/mechanisms.json").read_text(encoding="utf-8"))
    schema = json.loads((ROOT / "workflow/schemas/mechanisms_output.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(calls)) == []
    for patient in calls["patients"]:
        explained = patient["explanation"]
        assert explained["sentence"] and explained["fired"], patient["call"]["patient"]
        assert all(found["fingerprint"] for found in explained["evidence"] if found["sample"])
        assert bool(explained["wanted"]) == (patient["call"]["status"] == "INDETERMINATE"), patient["call"]["patient"]


def test_vaf_and_copies_are_those_built(finished):
    calls = json.loads((finished / "results/mechanisms.json").read_text(encoding="utf-8"))
    samples = {sample["sample"]: sample for patient in calls["patients"] for sample in patient["samples"]}
    kras = samples["P01_KRAS_pre"]["genotypes"]["genes"]["KRAS"]["alleles"][0]
    assert kras["protein"] == "G12D"
    # purity 0.6, heterozygous, diploid: 30 %; about 400 fragments give a binomial sd of 2.3 points
    assert kras["vaf"] == pytest.approx(0.30, abs=0.07)
    assert kras["ccf"] == pytest.approx(1.0, abs=0.25)
    braf = samples["P02_BRAF_pre"]["genotypes"]["genes"]["BRAF"]["alleles"]
    assert [(found["protein"], found["hgvs_c"]) for found in braf] == [("V600K", "c.1798_1799delinsAA")]
    for sample, copies in {"P03_ERBB2_pre": 20, "P04_ERBB2_post": 18, "P06_POLYSOMY_pre": 5, "P07_NONE_pre": 2}.items():
        assert samples[sample]["erbb2"]["copies"] == pytest.approx(copies, rel=0.12), sample


def test_a_negative_carries_its_limit(finished):
    table = rows(finished / "results/samples.tsv")
    assert table
    for row in csv.DictReader((finished / "results/samples.tsv").open(encoding="utf-8"), delimiter="\t"):
        if row["KRAS"] == row["NRAS"] == row["BRAF"] == "WT":
            assert 0 < float(row["excluded_vaf"]) <= 0.05
        if row["ERBB2"] == "NEG":
            assert 2 < float(row["detectable_copies"]) < 6


def test_the_reason_for_an_indeterminate_call_is_named(finished):
    table = rows(finished / "results/mechanisms.tsv")
    assert "codon 61 depth" in table["P08_DEPTH"]["missing"]
    assert "purity: 0.1 is below 0.2" in table["P09_PURITY"]["missing"]


def test_the_statistics_are_those_of_the_cohort_as_built(finished):
    """Counted by hand from tests/demo.py: nine patients with resistance, two of them acquired.

    Not adequate: RAS of P08 (a codon too thin), ERBB2 of P09 (too few tumour cells).
    """
    with (finished / "results/statistics.tsv").open(encoding="utf-8", newline="") as handle:
        table = {(row["name"], row["group"]): row for row in csv.DictReader(handle, delimiter="\t")}
    counted = {
        "RAS_MUT, all": (1, 8),
        "BRAF_CLASS1, all": (1, 9),
        "ERBB2_AMP, all": (2, 8),
        "ERBB2_AMP, DE_NOVO": (1, 6),
        "ERBB2_AMP, ACQUIRED": (1, 2),
        "HRG_HIGH, all": (1, 9),
        "HRG_HIGH, ACQUIRED": (1, 2),
    }
    for group, (carriers, assayed) in counted.items():
        row = table["frequency", group]
        assert (int(row["n"]), float(row["estimate"])) == (assayed, pytest.approx(carriers / assayed, rel=1e-3)), group
    # before treatment P04 and P05 had nothing: of the acquired none may count from the start of treatment
    assert table["PFS_log_rank", "ERBB2_AMP, known at pre"]["note"].startswith("primary; 1 with, 7 without; too few")
    assert table["PFS_log_rank", "HRG_HIGH, known at pre"]["note"].startswith("primary; 0 with, 9 without; too few")
    assert table["PFS_median_days", "all patients"]["n"] == "9"
    assert "1 gained, 0 lost, 0 kept of 2 pairs" in table["mcnemar_emergence", "ERBB2_AMP"]["note"]
    assert "1 gained, 0 lost, 0 kept of 2 pairs" in table["mcnemar_emergence", "HRG_HIGH"]["note"]


def test_every_change_has_its_names_and_its_place(finished):
    """As built (tests/demo.py): one change in two patients. Names by ClinVar and specification 7.7."""
    with (finished / "results/alleles.tsv").open(encoding="utf-8", newline="") as handle:
        table = list(csv.DictReader(handle, delimiter="\t"))
    names = ("sample", "gene", "hgvs_p", "hgvs_c", "transcript", "hgvs_g", "chrom", "pos", "ref", "alt", "state")
    assert [tuple(row[name] for name in names) for row in table] == [
        (
            *("P01_KRAS_pre", "KRAS", "p.Gly12Asp", "c.35G>A", "NM_004985.5", "NC_000012.12:g.25245350C>T"),
            *("chr12", "25245350", "C", "T", "MUT"),
        ),
        (
            *("P02_BRAF_pre", "BRAF", "p.Val600Lys", "c.1798_1799delinsAA", "NM_004333.6"),
            *("NC_000007.14:g.140753336_140753337delinsTT", "chr7", "140753336", "AC", "TT", "MUT"),
        ),
    ]
    assert [(row["listed"], row["braf_class"], row["catalogue"]) for row in table] == [
        ("yes", "", ""),
        ("yes", "1", ""),
    ]
    assert {(row["other_caller"], row["other_verdict"]) for row in table} == {("", "")}


def test_vcfs_are_read_by_bcftools(finished):
    text = pysam.bcftools.view("-H", str(finished / "results/variants/P02_BRAF_pre.vcf.gz"))
    (record,) = text.splitlines()
    # V600K is GTG>AAG on the minus strand: two bases at 140753336-140753337 (specification 7.7)
    assert record.split("\t")[:5] == ["chr7", "140753336", ".", "AC", "TT"]
    assert record.split("\t")[6] == "PASS"
    assert pysam.bcftools.view("-H", str(finished / "results/variants/P07_NONE_pre.vcf.gz")) == ""


def test_tables_hold_no_path_and_no_date(finished):
    for name in ("mechanisms.tsv", "mechanisms.json", "samples.tsv", "statistics.tsv"):
        text = (finished / "results" / name).read_text(encoding="utf-8")
        assert str(finished) not in text
        assert "/tmp" not in text


def test_provenance_names_versions_and_inputs(finished):
    run = json.loads((finished / "results/provenance/run.json").read_text(encoding="utf-8"))
    assert run["packages"]["cnvkit"] == "0.9.14"
    assert set(run["samples_fingerprint"]) == set(rows(finished / "samples.tsv"))
    assert set(run["sheets_sha256"]) == {"samples.tsv", "patients.tsv", "heregulin.tsv"}


def test_without_a_list_common_snps_are_found_in_the_normals_and_tell_persons(finished):
    """The demo has one SNP in each of its 40 background genes (tests/demo.py)."""
    sites, _ = demo.germline("N01", seed=1)
    planted = {(contig.removeprefix("chr"), position) for contig, position, _ in sites}
    found = {
        (known.site.chrom, known.site.position) for known in read_snps(str(finished / "results/find_snps/panel.vcf"))
    }
    assert found <= planted
    assert len(found) >= 35
    calls = json.loads((finished / "results/mechanisms.json").read_text(encoding="utf-8"))
    pairs = [pair["verdict"] for patient in calls["patients"] for pair in patient["identity"]]
    assert pairs == [Identity.SAME_PERSON] * 2
    flags = {flag for patient in calls["patients"] for flag in patient["call"]["flags"]}
    assert not {flag for flag in flags if "not_assessable" in flag or flag.startswith("contamination")}


def test_exchanged_samples_of_two_patients_are_found_without_a_list(finished, tmp_path):
    run = copy_run(finished, tmp_path / "cohort")
    for old, new in (("bam/P04_ERBB2_post", "bam/other"), ("bam/P05_HRG_post", "bam/P04_ERBB2_post")):
        replace_in(run / "samples.tsv", old, new)
    replace_in(run / "samples.tsv", "bam/other", "bam/P05_HRG_post")
    snakemake(run, "results/mechanisms.tsv", "--cores", "2", "--quiet")
    table = accept.read(run / "results/mechanisms.tsv")
    for patient in ("P04_ERBB2", "P05_HRG"):
        assert table[patient]["status"] == "INDETERMINATE"
        assert "sample_swap" in table[patient]["flags"]
        assert f"SAMPLE_SWAP: {patient}_post and {patient}_pre: " in table[patient]["missing"]
    assert table["P01_KRAS"]["primary"] == "RAS_MUT(KRAS G12D)"


@pytest.mark.fault
def test_a_bad_bam_is_quarantined_and_the_cohort_finishes(tmp_path):
    """One truncated tumour and one truncated normal: the run ends well and says so."""
    demo.build(tmp_path, patients=["P01_KRAS", "P07_NONE"], normals=4)
    for name in ("P07_NONE_pre", "N04"):
        bam = tmp_path / f"bam/{name}.bam"
        content = bam.read_bytes()
        bam.write_bytes(content[: len(content) // 2])
    done = snakemake(tmp_path, "--cores", "2", "--quiet")
    table = accept.read(tmp_path / "results/mechanisms.tsv")
    assert table["P01_KRAS"]["primary"] == "RAS_MUT(KRAS G12D)"
    assert table["P07_NONE"]["status"] == "INDETERMINATE"
    assert "the file is not whole" in table["P07_NONE"]["missing"]
    assert "cetux: 2 patients: 1 MECHANISM, 1 INDETERMINATE" in done.stdout
    assert "P07_NONE_pre: the file is not whole" in done.stdout
    notes = json.loads((tmp_path / "results/build_reference/panel.json").read_text(encoding="utf-8"))
    assert list(notes["left_out"]) == ["N04"]
    assert len(notes["normals"]) == 3
    assert "P07_NONE_pre" in (tmp_path / "results/report/index.html").read_text(encoding="utf-8")
