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
include: "workflow/rules/report.smk"


rule all:
    """One mechanism call per patient, with its evidence."""
    default_target: True
    input:
        "results/mechanisms.tsv",
        "results/mechanisms.json",
        "results/report/index.html",
        "results/provenance/run.json",
        expand("results/variants/{sample}.vcf.gz", sample=TUMOURS),
