"""What rules ask of the cohort: inputs, params and resources, by name."""

import hashlib
import inspect
import os
from functools import cache
from pathlib import Path

from cetux import indexes, states


@cache  # a file of the assay is named by thousands of jobs
def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def sample_of(wildcards):
    return COHORT.samples[wildcards.sample]


def sample_patient(wildcards):
    return sample_of(wildcards).patient


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


def assay_snps(wildcards):
    assay = assay_of(wildcards)
    found = f"results/find_snps/{assay.assay}.vcf" if SNP_NORMALS[assay.assay] else []
    return ancient(assay.snps) if assay.snps else found


def snp_normal_bams(wildcards):
    return [COHORT.samples[normal].bam for normal in SNP_NORMALS[wildcards.assay]]


def snp_normal_stamps(wildcards):
    return [stamp_of(bam) for bam in snp_normal_bams(wildcards)]


def snps_digest(wildcards):
    snps = assay_of(wildcards).snps
    return digest(snps) if snps else ""


def sample_vcf(wildcards):
    return ancient(sample_of(wildcards).vcf)


def vcf_digest(wildcards):
    return digest(sample_of(wildcards).vcf)


def error_normals(wildcards):
    return [f"results/count_haplotypes/{normal}.json" for normal in COHORT.error_normals(wildcards.sample)]


def sample_sites(wildcards):
    return f"results/count_haplotypes/{wildcards.sample}.sites.json" if assay_snps(wildcards) else []


def assay_fasta(wildcards):
    fasta = assay_of(wildcards).reference
    return ancient(fasta) if fasta else []


def fasta_stamp(fasta):
    return [digest(f"{fasta}.fai"), os.stat(fasta).st_size, int(os.stat(fasta).st_mtime)]


def fasta_digest(wildcards):
    fasta = assay_of(wildcards).reference
    return fasta_stamp(fasta) if fasta else []


def fasta_stamps(wildcards):
    return {name: fasta_stamp(fasta) for name, fasta in COHORT.fastas().items()}


def catalogue_digests(wildcards):  # asked for by its own jobs alone: a site's catalogue may be large
    return {name: digest(catalogue) for name, catalogue in COHORT.catalogues().items()}


def light_memory(wildcards, attempt):
    return 1000 * attempt


def fasta_description(wildcards):
    return f"results/describe_reference/{assay_of(wildcards).assay}.json"


def sample_bam(wildcards):
    return sample_of(wildcards).bam


def stamp_of(bam):  # with its index: one that was made again is the mend of a stale one
    found = [os.stat(path) for path in (bam, indexes.index_of(bam)) if path]
    return [number for stat in found for number in (stat.st_size, int(stat.st_mtime))]


def bam_stamp(wildcards):
    return stamp_of(sample_of(wildcards).bam)


def genotyped_sample(wildcards):
    sample, assay = sample_of(wildcards), assay_of(wildcards)
    low = sample.purity and sample.purity * SETTINGS["erbb2"]["purity_lower_factor"]
    known = {"specimen": sample.specimen, "purity": sample.purity, "purity_low": low, "dna_ng": sample.dna_ng}
    return known | {"umi": assay.umi, "amplicon": assay.method == "amplicon"}


def assay_bin_size(wildcards):
    return assay_of(wildcards).bin_size_bp


def assay_bins(wildcards):
    return f"results/design_bins/{assay_of(wildcards).assay}.bed"


def assay_off_target_bins(wildcards):
    return f"results/design_bins/{assay_of(wildcards).assay}.off_target.bed"


def normal_targets(wildcards):
    return [f"results/count_coverage/{sample}.targetcoverage.cnn" for sample in NORMALS[wildcards.assay]]


def normal_off_targets(wildcards):
    return [f"results/count_coverage/{sample}.antitargetcoverage.cnn" for sample in NORMALS[wildcards.assay]]


def normal_statuses(wildcards):
    return [f"results/count_coverage/{sample}.json" for sample in NORMALS[wildcards.assay]]


def normal_checks(wildcards):
    return [f"results/check_sample/{sample}.json" for sample in NORMALS[wildcards.assay]]


def copy_number_reference(wildcards):
    assay = assay_of(wildcards)
    frozen = assay.copy_number_reference
    return ancient(frozen) if frozen else f"results/build_reference/{assay.assay}.cnn"


def frozen_reference_digest(wildcards):
    frozen = assay_of(wildcards).copy_number_reference
    return digest(frozen) if frozen else ""


def is_plasma(wildcards):
    return sample_of(wildcards).specimen == states.Specimen.CTDNA


def reference_notes(wildcards):
    assay = assay_of(wildcards)
    frozen = assay.copy_number_reference and Path(assay.copy_number_reference).with_suffix(".json")
    if frozen:
        return ancient(str(frozen)) if frozen.exists() else []
    return f"results/build_reference/{assay.assay}.json"


def frozen_notes_digest(wildcards):
    frozen = assay_of(wildcards).copy_number_reference
    return digest(reference_notes(wildcards)) if frozen and reference_notes(wildcards) else ""


def correction(wildcards):
    assay, given = assay_of(wildcards), SETTINGS["copy_number"]
    gc = given["correct_gc"] and assay.reference is not None
    return {"gc": gc, "edges": given["correct_edges"] and assay.method == "hybrid"}


def copied_tumour(wildcards):
    sample, method = sample_of(wildcards), assay_of(wildcards).method
    known = {"purity": sample.purity, "purity_source": sample.purity_source, "ploidy": sample.ploidy}
    return {"sample": sample.sample} | known | {"amplicon": method == "amplicon", "whole_genome": method == "wgs"}


def coverage_memory(wildcards, attempt):
    return 2000 * attempt


def plate_row(wildcards):
    return COHORT.plates[wildcards.plates]


def plate_files(wildcards):
    row = plate_row(wildcards)
    return [ancient(row[column]) for column in ("file", "layout") if row.get(column)]


def plate_digests(wildcards):
    return [digest(path) for path in plate_files(wildcards)]


def plate_samples(wildcards):
    return [row for row in COHORT.plate_samples if row["plates"] == wildcards.plates]


def pseudonyms_sheet(wildcards):
    named = SETTINGS.get("export", {}).get("pseudonyms")
    if named is None:
        raise ValueError("cetux: name the sheet in the cohort's YAML, as in export: {pseudonyms: pseudonyms.tsv}")
    return ancient(cohort.resolve(named, os.path.dirname(YAML)))


def pseudonyms_digest(wildcards):
    return digest(pseudonyms_sheet(wildcards))


# Snakemake asks for the signature of each of these at every call, ten times a job: found once, they plan 7 % sooner
for function in [value for value in globals().values() if inspect.isfunction(value)]:
    if function.__globals__ is globals():
        function.__signature__ = inspect.signature(function)
