"""The cohort, read once, and what the rules ask of it."""

import hashlib
import os
import sys
from pathlib import Path

SCRIPTS = (
    "describe_reference check_sample count_haplotypes call_genotypes design_bins count_coverage build_reference "
    "correct_coverage call_erbb2 read_plates call_heregulin call_mechanisms write_tables write_report "
    "record_provenance"
).split()
MODULES = (
    "__init__ alignment amplification axes background calibration call_comparison clinical coding cohort "
    "cohort_calls cohort_problems config_docs correction counts coverage cutoffs detection edits errors evidence "
    "flanks fragments genomes genotype haplotypes heregulin heregulin_calls heregulin_problems hgvs indels logic "
    "measurement mechanism nomenclature origin other_calls plate_cohort plate_files plate_layout plate_picture "
    "plate_quality plate_records plate_sheets plates provenance records report resources roc sample_check settings "
    "sheets softmax states summary support tables vcf"
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

from cetux import cohort, errors, logic, summary

LOGIC = {name: logic.rule_digest(source_text(f"../scripts/{name}.py"), PACKAGE, TABLE_TEXTS) for name in SCRIPTS}

YAML = os.path.relpath(workflow.configfiles[-1]) if workflow.configfiles else ""
try:
    COHORT = cohort.load(config, os.path.dirname(YAML), YAML or "config", check=workflow.is_main_process)
except errors.InputError as problems:
    sys.exit(f"cetux: {problems}" if config else "cetux: no cohort. Give its YAML: snakemake --configfile cohort.yaml")
for warning in COHORT.warnings:
    print(f"cetux: {warning}", file=sys.stderr)

SETTINGS = COHORT.settings
TUMOURS = COHORT.tumours()
NORMALS = {name: COHORT.normals(name) for name in COHORT.assays}


wildcard_constraints:
    sample=cohort.ID_PATTERN,
    assay=cohort.ID_PATTERN,
    plates=cohort.ID_PATTERN,


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def sample_of(wildcards):
    return COHORT.samples[wildcards.sample]


def assay_of(wildcards):
    named = COHORT.samples[wildcards.sample].assay if hasattr(wildcards, "sample") else wildcards.assay
    return COHORT.assays[named]


def assay_build(wildcards):
    return assay_of(wildcards).build


def assay_method(wildcards):
    return assay_of(wildcards).method


def assay_targets(wildcards):
    return ancient(assay_of(wildcards).targets)


def targets_digest(wildcards):
    return digest(assay_of(wildcards).targets)


def assay_fasta(wildcards):
    fasta = assay_of(wildcards).reference
    return ancient(fasta) if fasta else []


def fasta_digest(wildcards):
    fasta = assay_of(wildcards).reference
    return digest(f"{fasta}.fai") if fasta else ""


def light_memory(wildcards, attempt):
    return 1000 * attempt
