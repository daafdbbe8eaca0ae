"""Join everything known of each patient into one call."""


rule call_mechanisms:
    """Call every patient of the cohort: cheap, pure, and the only place where axes meet."""
    input:
        sheets=[ancient(sheet) for sheet in COHORT.sheets.values()],
        checks=expand("results/check_sample/{sample}.json", sample=TUMOURS),
        genotypes=expand("results/call_genotypes/{sample}.json", sample=TUMOURS),
        erbb2=expand("results/call_erbb2/{sample}.json", sample=TUMOURS),
        sites=expand("results/count_sites/{sample}.json", sample=COHORT.with_snps()),
        comparisons=expand("results/compare_calls/{sample}.json", sample=COHORT.with_vcf()),
        heregulin="results/call_heregulin/heregulin.json",
    output:
        calls="results/mechanisms.json",
    log:
        "logs/call_mechanisms/calls.log",
    benchmark:
        "benchmarks/call_mechanisms/calls.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["call_mechanisms"],
        sheets_digest=[digest(sheet) for sheet in COHORT.sheets.values()],
        directory=os.path.dirname(YAML),
        clinical=SETTINGS["clinical"],
        ras_scope=SETTINGS["ras_scope"],
    script:
        "../scripts/call_mechanisms.py"
