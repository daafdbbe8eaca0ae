"""Heregulin of every patient and time point against the cut-off of its assay and matrix."""


rule call_heregulin:
    """Derive the cut-offs and judge every value of the heregulin sheet."""
    input:
        sheets=[ancient(sheet) for name, sheet in COHORT.sheets.items() if name == "heregulin"],
    output:
        results="results/call_heregulin/heregulin.json",
    log:
        "logs/call_heregulin/heregulin.log",
    benchmark:
        "benchmarks/call_heregulin/heregulin.tsv"
    conda:
        "../../envs/cetux.yaml"
    params:
        logic=LOGIC["call_heregulin"],
        sheets_digest=[digest(sheet) for name, sheet in COHORT.sheets.items() if name == "heregulin"],
        directory=os.path.dirname(YAML),
        cutoffs=SETTINGS["heregulin_cutoffs"],
        rules=SETTINGS["heregulin_rules"],
    resources:
        mem_mb=light_memory,
    script:
        "../scripts/call_heregulin.py"
