"""What the rules run, followed by content: a touched file or a fresh clone reruns nothing, a real edit does."""

import sys
from pathlib import Path

SCRIPTS = (
    "describe_reference check_sample count_haplotypes call_genotypes compare_calls design_bins count_coverage build_reference "
    "correct_coverage call_erbb2 read_plates call_heregulin call_mechanisms compare_methods sweep_thresholds describe_cohort write_tables write_report "
    "describe_alleles record_changes record_provenance export_pseudonymised draw_reads copy_viewer write_workbook write_multiqc find_snps"
).split()
MODULES = (
    "__init__ alignment allele_names allele_table amplification amplification_rules annotations axes axis_evidence "
    "background bam_spans bin_noise calibration call_comparison catalogue catalogue_file chromosome_picture clinical "
    "clonality coding codons cohort cohort_calls cohort_problems cohort_statistics concordance concordance_problems "
    "config_docs copies copies_chart correction counts course_chart coverage cutoffs depth_chart described_alleles "
    "design detection drawn_reads edits errors evidence exclusivity extended flanks flip_purity force_call fragments "
    "frequencies gene_bins gene_break genomes genotype germline haplotypes heregulin heregulin_calls heregulin_chart "
    "heregulin_problems heregulin_statistics hgvs history history_inputs identity indels indexes joblog kept_bins "
    "logic lost_alleles measurement mechanism mechanism_docs mechanism_rules methods multiqc new_cohort normals "
    "oncoprint origin other_calls other_methods output_schema override_problems overrides pages pair_chart paired "
    "patient_report pictures plan plate_cohort plate_files plate_layout plate_picture plate_quality plate_records "
    "plate_sheets plates polymorphisms primary provenance pseudonyms purity raised_segment reads_page records report "
    "resources roc sample_check sample_genotypes settings shared_noise shared_patterns sheets signed_rank sites "
    "softmax states statistics_records subjects summary support survival survival_chart survival_comparisons tables "
    "targets umi_proof umi_signs vcf version what_if what_if_chart why workbook"
).split()
# each table by the function of cetux.resources that reads it
TABLES = {
    "alleles": "alleles.tsv",
    "annotations": "annotations.tsv",
    "chromosome_17": "chr17.tsv",
    "codons": "codons.tsv",
    "coding_exons": "coding_exons.tsv",
    "contig_lengths": "contigs.tsv",
    "copied_genes": "copied_genes.tsv",
    "erbb2_exons": "erbb2_exons.tsv",
}
SCHEMAS = (
    "concordance config healthy_controls heregulin mechanisms overrides patients plate_samples plates " "samples"
).split()


def source_text(path):
    return Path(workflow.source_path(path)).read_text(encoding="utf-8")


# source_path also brings each file along where the workflow is used as a module from elsewhere
PACKAGE = {name: source_text(f"../scripts/cetux/{name}.py") for name in MODULES}
TABLE_TEXTS = {reader: source_text(f"../../resources/{name}") for reader, name in TABLES.items()}
RULES_OF_THE_JOIN = source_text("../../config/mechanisms.yaml")
SCHEMA_TEXTS = {name: source_text(f"../schemas/{name}.schema.yaml") for name in SCHEMAS}
sys.path.insert(0, str(Path(workflow.source_path("../scripts/cetux/__init__.py")).resolve().parents[1]))

from cetux import logic

SCRIPT_TEXTS = {name: source_text(f"../scripts/{name}.py") for name in SCRIPTS}
# a job on a cluster reads the rules anew, twice; what it runs was decided before, so that it needs no digests
LOGIC = {
    name: logic.rule_digest(text, PACKAGE, TABLE_TEXTS) if workflow.is_main_process else ""
    for name, text in SCRIPT_TEXTS.items()
}
