"""What the rules run, followed by content: a touched file or a fresh clone reruns nothing, a real edit does."""

import sys
from pathlib import Path

SCRIPTS = (
    "describe_reference check_sample count_haplotypes count_sites call_genotypes compare_calls design_bins count_coverage build_reference "
    "correct_coverage call_erbb2 read_plates call_heregulin call_mechanisms write_tables write_report "
    "record_provenance"
).split()
MODULES = (
    "__init__ alignment amplification amplification_rules axes background bin_noise calibration call_comparison "
    "chromosome_picture clinical coding cohort cohort_calls cohort_problems config_docs copies correction counts "
    "coverage cutoffs design detection edits errors evidence flanks flip_purity fragments gene_bins gene_break "
    "genomes genotype genotyping haplotypes heregulin heregulin_calls heregulin_problems hgvs identity indels joblog "
    "logic measurement mechanism nomenclature normals origin other_calls plate_cohort plate_files plate_layout "
    "plate_picture plate_quality plate_records plate_sheets plates provenance raised_segment records report resources "
    "roc sample_check settings sheets sites softmax states summary support tables targets vcf"
).split()
# each table by the function of cetux.resources that reads it
TABLES = {
    "alleles": "alleles.tsv",
    "chromosome_17": "chr17.tsv",
    "codons": "codons.tsv",
    "coding_exons": "coding_exons.tsv",
    "contig_lengths": "contigs.tsv",
    "erbb2_exons": "erbb2_exons.tsv",
}
SCHEMAS = "config healthy_controls heregulin patients plate_samples plates samples".split()


def source_text(path):
    return Path(workflow.source_path(path)).read_text(encoding="utf-8")


# source_path also brings each file along where the workflow is used as a module from elsewhere
PACKAGE = {name: source_text(f"../scripts/cetux/{name}.py") for name in MODULES}
TABLE_TEXTS = {reader: source_text(f"../../resources/{name}") for reader, name in TABLES.items()}
SCHEMA_TEXTS = {name: source_text(f"../schemas/{name}.schema.yaml") for name in SCHEMAS}
sys.path.insert(0, str(Path(workflow.source_path("../scripts/cetux/__init__.py")).resolve().parents[1]))

from cetux import logic

LOGIC = {name: logic.rule_digest(source_text(f"../scripts/{name}.py"), PACKAGE, TABLE_TEXTS) for name in SCRIPTS}
