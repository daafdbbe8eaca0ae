"""Join everything known of each patient into one call."""


rule call_mechanisms:
    """Call every patient of the cohort: cheap, pure, and the only place where axes meet."""
    input:
        sheets=[ancient(sheet) for sheet in COHORT.sheets.values()],
        checks=expand("results/check_sample/{sample}.json", sample=TUMOURS),
        genotypes=expand("results/call_genotypes/{sample}.json", sample=TUMOURS),
        erbb2=expand("results/call_erbb2/{sample}.json", sample=TUMOURS),
        sites=expand("results/count_haplotypes/{sample}.sites.json", sample=COHORT.with_snps()),
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
        rules=digest(COHORT.rules_file),
    script:
        "../scripts/call_mechanisms.py"


rule sweep_thresholds:
    """Decide again at other values of each threshold: which calls would change, and how near the next change is."""
    input:
        calls="results/mechanisms.json",
    output:
        record="results/sweep_thresholds/what_if.json",
        table=report(
            "results/what_if.tsv",
            caption="../report/what_if.rst",
            category="Cohort",
            labels={"table": "what if"},
        ),
        picture="results/what_if.svg",
    log:
        "logs/sweep_thresholds/what_if.log",
    benchmark:
        "benchmarks/sweep_thresholds/what_if.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["sweep_thresholds"],
        settings={key: SETTINGS[key] for key in ("erbb2", "genotypes")},
    script:
        "../scripts/sweep_thresholds.py"


rule compare_methods:
    """Agreement with FISH, IHC, ddPCR and others: kappa, sensitivity, specificity, limits of agreement, cut-off."""
    input:
        calls="results/mechanisms.json",
    output:
        table=report(
            "results/concordance.tsv",
            caption="../report/concordance.rst",
            category="Cohort",
            labels={"table": "other methods"},
        ),
        record="results/concordance.json",
    log:
        "logs/compare_methods/methods.log",
    benchmark:
        "benchmarks/compare_methods/methods.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["compare_methods"],
        rules=SETTINGS["concordance_rules"],
    script:
        "../scripts/compare_methods.py"
