from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/logic.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/genotype.smk"
include: "workflow/rules/copynumber.smk"
include: "workflow/rules/heregulin.smk"
include: "workflow/rules/mechanism.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/reads.smk"
include: "workflow/rules/history.smk"
include: "workflow/rules/export.smk"


rule all:
    """One mechanism call per patient, with its evidence."""
    default_target: True
    input:
        "results/mechanisms.tsv",
        "results/mechanisms.json",
        "results/changes.tsv",
        "results/statistics.tsv",
        "results/what_if.tsv",
        "results/mechanisms.xlsx",
        rules.write_multiqc.output,
        "results/report/index.html",
        "results/provenance/run.json",
        expand("results/variants/{sample}.vcf.gz", sample=TUMOURS),
        READ_PAGES,
        expand("results/concordance.{ext}", ext=["tsv", "json"] if "concordance" in COHORT.sheets else []),
