"""What the cohort as a whole says: frequencies, associations, survival and change, with their intervals."""


rule describe_cohort:
    """Count, compare and test over all patients; what is too few is said and neither drawn nor tested."""
    input:
        calls="results/mechanisms.json",
    output:
        statistics="results/describe_cohort/statistics.json",
        table=report(
            "results/statistics.tsv",
            caption="../report/statistics.rst",
            category="Cohort",
            labels={"table": "statistics"},
        ),
    log:
        "logs/describe_cohort/statistics.log",
    benchmark:
        "benchmarks/describe_cohort/statistics.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["describe_cohort"],
        samples=SETTINGS["heregulin_rules"]["bootstrap_samples"],
        seed=SETTINGS["heregulin_rules"]["seed"],
    script:
        "../scripts/describe_cohort.py"
