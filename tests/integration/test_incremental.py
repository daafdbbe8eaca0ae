"""What reruns after a change, job by job; dry runs on copies of one finished run."""

import csv
import os
import shutil
from pathlib import Path

import pytest

from cetux import records
from cetux.sites import SiteCounts
from tests.integration.workflow import ROOT, copy_clone, copy_run, planned, replace_in, snakemake

pytestmark = pytest.mark.run

JOIN = {
    *(("call_mechanisms", ""), ("write_tables", ""), ("write_report", ""), ("record_provenance", "")),
    *(("describe_alleles", ""), ("describe_cohort", ""), ("record_changes", ""), ("sweep_thresholds", "")),
    *(("write_multiqc", ""), ("write_workbook", "")),
}
TUMOURS = [
    *("P01_KRAS_pre", "P02_BRAF_pre", "P03_ERBB2_pre", "P04_ERBB2_post", "P04_ERBB2_pre", "P05_HRG_post"),
    *("P05_HRG_pre", "P06_POLYSOMY_pre", "P07_NONE_pre", "P08_DEPTH_pre", "P09_PURITY_pre"),
]
MEASURING = ("check_sample", "count_haplotypes", "count_coverage")
DECIDING = ("correct_coverage", "call_genotypes", "call_erbb2", "draw_reads")


def of(rules, samples):
    return {(rule, sample) for rule in rules for sample in samples}


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return copy_run(finished, tmp_path / "cohort")


def test_a_moved_cohort_folder(run):
    assert planned(run) == set()


def test_a_fresh_clone_of_the_same_content(run, tmp_path):
    assert planned(run, copy_clone(tmp_path / "clone")) == set()


def test_touched_but_unchanged_files(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    sheets = [*run.glob("*.tsv"), run / "cohort.yaml", run / "panel.bed"]
    for path in [*sheets, *(path for path in clone.rglob("*") if path.is_file())]:
        os.utime(path)
    assert planned(run, clone) == set()


def test_a_touched_bam_may_be_another_and_is_measured_again(run):
    """Nobody reads 100 GB to find out; the time stamp of a sample's BAM is that sample's affair alone."""
    shutil.copy(run / "bam/P01_KRAS_pre.bam", run / "bam/copy.bam")
    (run / "bam/copy.bam").replace(run / "bam/P01_KRAS_pre.bam")
    assert planned(run) == of((*MEASURING, *DECIDING), ["P01_KRAS_pre"]) | JOIN


def test_another_users_umask(run):
    """Files of a colleague who shares nothing with others: nothing reruns, and what runs obeys the umask."""
    for path in (run / "results").rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    before = os.umask(0o027)
    try:
        assert planned(run) == set()
        replace_in(run / "heregulin.tsv", "\t2900\t", "\t2800\t")
        assert planned(run) == {("call_heregulin", "")} | JOIN
        snakemake(run, "--cores", "2", "--quiet", "--until", "call_heregulin")
    finally:
        os.umask(before)
    made = [run / f"results/call_heregulin/{name}.json" for name in ("heregulin", "cutoffs")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o640}


def add_tumour(run: Path) -> None:
    for ending in (".bam", ".bam.bai"):
        shutil.copy2(run / f"bam/P07_NONE_pre{ending}", run / f"bam/P07_NONE_post{ending}")
    replace_in(
        run / "samples.tsv",
        "P08_DEPTH_pre\t",
        "P07_NONE_post\tP07_NONE\tpost\ttissue\tpanel\tbam/P07_NONE_post.bam\t0.7\ttumour\t2\tpathology\nP08_DEPTH_pre\t",
    )


def test_a_new_tumour_runs_its_own_jobs_and_the_joins(run):
    header = (run / "samples.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert header[:10] == [
        *("sample", "patient", "timepoint", "specimen", "assay", "bam", "purity", "role", "ploidy", "purity_source")
    ]
    add_tumour(run)
    assert planned(run) == of((*MEASURING, *DECIDING), ["P07_NONE_post"]) | JOIN
    snakemake(run, "--cores", "2", "--quiet")
    assert planned(run) == set()
    assert "P07_NONE_post" in (run / "results/samples.tsv").read_text(encoding="utf-8")


def test_a_removed_row_reruns_the_join(run):
    lines = (run / "samples.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("P05_HRG_pre")]
    (run / "samples.tsv").write_text("".join(kept), encoding="utf-8")
    assert planned(run) == JOIN


def test_a_new_heregulin_value_recomputes_no_genotype_and_no_copy_number(run):
    replace_in(run / "heregulin.tsv", "\t2900\t", "\t2800\t")
    assert planned(run) == {("call_heregulin", "")} | JOIN


def test_a_new_cutoff_of_heregulin(run):
    replace_in(run / "cohort.yaml", "980", "1000")
    assert planned(run) == {("call_heregulin", "")} | JOIN


def test_a_genotype_threshold_counts_nothing_again(run):
    """The reads are drawn again, since the alleles that they are drawn over may be others."""
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("genotypes: {tissue: {mut_vaf: 0.04}}\n")
    assert planned(run) == of(["call_genotypes", "draw_reads"], TUMOURS) | JOIN


def test_an_erbb2_threshold_reads_no_bam(run):
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("erbb2: {amp_copies: 7}\n")
    assert planned(run) == of(["call_erbb2"], TUMOURS) | JOIN


def test_a_read_filter_counts_codons_and_snps_again_and_nothing_else(run):
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("reads: {min_base_quality: 25}\n")
    """The SNPs are sought by it too, and judged for purity."""
    rules = ["count_haplotypes", "call_genotypes", "call_erbb2", "draw_reads"]
    assert planned(run) == {("find_snps", "panel")} | of(rules, TUMOURS) | JOIN


def test_a_list_of_common_snps_is_counted_with_the_codons_and_counts_no_coverage_again(run):
    """The demo's G12D stands for a SNP: what is counted there is its allele."""
    (run / "snps.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr12,length=133275309>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "chr12\t25245350\t.\tC\tT\t.\t.\t.\n"
    )
    replace_in(run / "cohort.yaml", "method: hybrid\n", "method: hybrid\n    snps: snps.vcf\n")
    rules = ("count_haplotypes", "call_genotypes", "call_erbb2", "draw_reads")
    assert planned(run) == of(rules, TUMOURS) | JOIN, "and no SNP is sought in normals any more"
    counted = "results/count_haplotypes/P01_KRAS_pre.sites.json"
    snakemake(run, "--cores", "1", "--quiet", "--", counted)
    (site,) = records.read(SiteCounts, run / counted).sites
    assert 0 < site.count.alt < site.count.ref
    (run / "snps.vcf").write_text((run / "snps.vcf").read_text().replace("25245350", "25245347"))
    assert planned(run) == of(rules, TUMOURS) | JOIN


def test_a_catalogue_of_hot_spots_is_read_for_the_tables_and_decides_nothing_again(run):
    (run / "hotspots.tsv").write_text("chr12\t25245350\tC\tT\tKRAS\tMissense_Mutation\tG12D\tdeleterious(0)\n")
    replace_in(run / "cohort.yaml", "method: hybrid\n", "method: hybrid\n    hotspot_catalogue: hotspots.tsv\n")
    told = {("describe_alleles", ""), ("write_tables", ""), ("write_workbook", ""), ("write_report", "")}
    told |= {("record_provenance", "")}
    assert planned(run) == told | {("record_changes", "")}, "whose settings name the catalogue"
    snakemake(run, "--cores", "2", "--quiet")
    assert planned(run) == set()
    os.utime(run / "hotspots.tsv")
    assert planned(run) == set()
    replace_in(run / "hotspots.tsv", "C\tT\tKRAS", "C\tA\tKRAS")
    assert planned(run) == told
    snakemake(run, "--cores", "2", "--quiet", "--", "results/alleles.tsv")
    with (run / "results/alleles.tsv").open(encoding="utf-8", newline="") as handle:
        listed = {row["protein"]: row["catalogue"] for row in csv.DictReader(handle, delimiter="\t")}
    assert listed == {"G12D": "codon", "V600K": "no"}


def test_a_clinical_rule_reruns_the_join_alone(run):
    shipped = (ROOT / "config" / "mechanisms.yaml").read_text(encoding="utf-8")
    (run / "rules.yaml").write_text(shipped.replace("stable_disease: standard", "stable_disease: strict"))
    with (run / "cohort.yaml").open("a", encoding="utf-8") as handle:
        handle.write("mechanisms: rules.yaml\n")
    assert planned(run) == JOIN


def test_a_patients_purity_reruns_that_samples_decisions(run):
    replace_in(run / "samples.tsv", "P03_ERBB2_pre.bam\t0.5", "P03_ERBB2_pre.bam\t0.45")
    assert planned(run) == of(["call_genotypes", "call_erbb2", "draw_reads"], ["P03_ERBB2_pre"]) | JOIN


def test_a_treatment_date_reruns_the_join_alone(run):
    replace_in(run / "patients.tsv", "2022-06-01", "2022-06-02")
    assert planned(run) == JOIN


def test_a_new_normal_rebuilds_the_reference(run):
    for ending in (".bam", ".bam.bai"):
        shutil.copy2(run / f"bam/N08{ending}", run / f"bam/N09{ending}")
    with (run / "samples.tsv").open("a", encoding="utf-8") as handle:
        handle.write("N09\t\t\ttissue\tpanel\tbam/N09.bam\t\tnormal\t\t\n")
    assert planned(run) == (
        of(["check_sample", "count_coverage"], ["N09"])
        | {("build_reference", "panel")}
        | of(["correct_coverage", "call_erbb2"], TUMOURS)
        | JOIN
    )


def test_a_normal_of_the_tumours_kind_teaches_its_errors_and_rereads_no_tumour(run):
    path = run / "samples.tsv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    kept = [f"{row}\t{'' if row.startswith('N') else 'ffpe'}" for row in rows]
    path.write_text("\n".join([f"{header}\tpreservation", *kept]) + "\n", encoding="utf-8")
    assert not planned(run) & of(MEASURING, TUMOURS)
    path.write_text(path.read_text(encoding="utf-8").replace("\t\n", "\tffpe\n"), encoding="utf-8")
    normals = [row.split("\t")[0] for row in rows if row.startswith("N")]
    assert planned(run) == of(["count_haplotypes"], normals) | of(["call_genotypes", "draw_reads"], TUMOURS) | JOIN


def freeze(run: Path) -> None:
    for ending in ("cnn", "json"):
        shutil.copy2(run / f"results/build_reference/panel.{ending}", run / f"frozen.{ending}")
    replace_in(run / "cohort.yaml", "    build: GRCh38", "    build: GRCh38\n    copy_number_reference: frozen.cnn")


def test_a_frozen_reference_leaves_old_calls_alone_when_normals_come(run):
    freeze(run)
    asked = of(["correct_coverage", "call_erbb2"], TUMOURS) | JOIN
    assert planned(run) == asked
    calls = (run / "results/mechanisms.json").read_bytes()
    snakemake(run, "--cores", "2", "--quiet")
    assert (run / "results/mechanisms.json").read_bytes() == calls
    for ending in (".bam", ".bam.bai"):
        shutil.copy2(run / f"bam/N08{ending}", run / f"bam/N09{ending}")
    with (run / "samples.tsv").open("a", encoding="utf-8") as handle:
        handle.write("N09\t\t\ttissue\tpanel\tbam/N09.bam\t\tnormal\t\t\n")
    for ending in ("cnn", "json"):
        os.utime(run / f"frozen.{ending}")
    assert planned(run) == {("check_sample", "N09")} | JOIN
    text = (run / "frozen.cnn").read_text(encoding="utf-8")
    (run / "frozen.cnn").write_text(text.rstrip("\n"), encoding="utf-8")
    assert planned(run) == {("check_sample", "N09")} | asked


def test_an_edited_targets_bed_counts_the_coverage_again_and_seeks_snps_anew(run):
    lines = (run / "panel.bed").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "panel.bed").write_text("".join(lines[:-1]), encoding="utf-8")
    normals = [f"N{number:02}" for number in range(1, 9)]
    assert planned(run) == (
        {("design_bins", "panel"), ("build_reference", "panel"), ("find_snps", "panel")}
        | of(["check_sample", "count_coverage"], [*TUMOURS, *normals])
        | of(["count_haplotypes", *DECIDING], TUMOURS)
        | JOIN
    )


def test_a_changed_bam_is_measured_again(run):
    for ending in (".bam", ".bam.bai"):
        (run / f"bam/P01_KRAS_pre{ending}").unlink()
        shutil.copy(run / f"bam/P07_NONE_pre{ending}", run / f"bam/P01_KRAS_pre{ending}")
    assert planned(run) == of((*MEASURING, *DECIDING), ["P01_KRAS_pre"]) | JOIN


def test_an_edited_check_reads_no_coverage_and_no_codon_again(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    replace_in(
        clone / "workflow/scripts/cetux/sample_check.py", "_FINGERPRINT_BYTES = 1 << 20", "_FINGERPRINT_BYTES = 1 << 19"
    )
    rules = {rule for rule, _ in planned(run, clone)}
    assert "check_sample" in rules
    assert not rules & {"count_haplotypes", "count_coverage"}


def test_an_edited_rule_of_the_decision_reruns_decisions_and_no_bam(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    replace_in(clone / "workflow/scripts/cetux/detection.py", "POWER = 0.95", "POWER = 0.96")
    heregulin = {("call_heregulin", "")}  # it reads the cohort, whose overrides name the states of the decisions: cheap
    assert planned(run, clone) == of(["call_genotypes", "draw_reads"], TUMOURS) | heregulin | JOIN


def test_an_edited_counter_counts_again(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    replace_in(clone / "workflow/scripts/cetux/haplotypes.py", "_WINDOW_BP = 200", "_WINDOW_BP = 199")
    assert ("count_haplotypes", "P01_KRAS_pre") in planned(run, clone)
    # call_erbb2 reads the SNPs that the same jobs count
    assert not {rule for rule, _ in planned(run, clone)} & {"find_snps", "count_coverage", "correct_coverage"}


def test_comments_and_docstrings_of_the_code_rerun_nothing(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    for module in ("haplotypes", "genotype", "amplification"):
        path = clone / f"workflow/scripts/cetux/{module}.py"
        path.write_text("# another comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    replace_in(clone / "workflow/scripts/cetux/haplotypes.py", '"""Count the haplotypes', '"""Tally the haplotypes')
    assert planned(run, clone) == set()


def test_the_history_grows_by_what_changed_and_reruns_nothing(run):
    kept = [run / "results/history/calls.jsonl", run / "results/changes.tsv"]
    before = [path.read_bytes() for path in kept]
    snakemake(run, "--cores", "2", "--quiet", "--forcerun", "record_changes")
    assert [path.read_bytes() for path in kept] == before
    replace_in(run / "cohort.yaml", "980", "5000")
    snakemake(run, "--cores", "2", "--quiet")
    assert planned(run) == set()
    history, table = (path.read_text(encoding="utf-8") for path in kept)
    assert history.startswith(before[0].decode())
    (row,) = table.removeprefix(before[1].decode()).splitlines()
    assert row.split("\t")[:5] == ["2", "P05_HRG", "CHANGED", "MECHANISM", "NONE_DETECTED"]
    assert "settings: heregulin_cutoffs[1].value_pg_per_ml 980 -> 5000" in row


def test_a_report_template_reruns_the_page_alone(run, tmp_path):
    clone = copy_clone(tmp_path / "clone")
    replace_in(clone / "workflow/report/index.html.j2", ">Calls</h2>", ">All calls</h2>")
    assert planned(run, clone) == {("write_report", "")}
