"""What the calls of this run are against those of earlier runs, and which input, rule or version made the difference."""

DECIDED_BY = (
    "check_sample find_snps count_haplotypes call_genotypes compare_calls design_bins count_coverage build_reference "
    "correct_coverage call_erbb2 read_plates call_heregulin call_mechanisms"
).split()


rule record_changes:
    """Add the calls that are new, changed or gone to the history; nothing else is added, so a run of no news is none."""
    input:
        calls="results/mechanisms.json",
        sheets=[ancient(sheet) for sheet in COHORT.sheets.values()],
        checks=expand("results/check_sample/{sample}.json", sample=sorted(COHORT.samples)),
    output:
        # update() keeps the file for the job and restores it where the job fails; as no rule reads it, nothing reruns
        history=update("results/history/calls.jsonl"),
        changes=report(
            "results/changes.tsv",
            caption="../report/changes.rst",
            category="Cohort",
            labels={"table": "changes"},
        ),
    log:
        "logs/record_changes/changes.log",
    benchmark:
        "benchmarks/record_changes/changes.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["record_changes"],
        code={name: LOGIC[name] for name in DECIDED_BY},
        sheets_digest=[digest(sheet) for sheet in COHORT.sheets.values()],
        rules=digest(COHORT.rules_file),
        directory=os.path.dirname(YAML),
        settings=SETTINGS,
    script:
        "../scripts/record_changes.py"
