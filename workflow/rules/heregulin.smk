"""Heregulin from plate files and tables, against the cut-off of its assay and matrix."""


rule read_plates:
    """Read one plate file, fit its curves, check its quality and quantify its samples."""
    input:
        files=plate_files,
    output:
        record="results/read_plates/{plates}.json",
        pictures=directory("results/read_plates/{plates}"),
    log:
        "logs/read_plates/{plates}.log",
    benchmark:
        "benchmarks/read_plates/{plates}.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["read_plates"],
        contents=plate_digests,
        row=plate_row,
        samples=plate_samples,
        acceptance=SETTINGS["plate_acceptance"],
        cv_fail_fraction=SETTINGS["heregulin_rules"]["cv_fail_fraction"],
        preanalytics=SETTINGS["preanalytics"],
    script:
        "../scripts/read_plates.py"


rule call_heregulin:
    """Derive the cut-offs and judge every value; what was called last time is kept, to say which calls moved."""
    input:
        files=[ancient(path) for path in COHORT.heregulin_files()],
        plates=expand("results/read_plates/{plates}.json", plates=sorted(COHORT.plates)),
    output:
        results="results/call_heregulin/heregulin.json",
        cutoffs="results/call_heregulin/cutoffs.json",
        history=update("results/history/heregulin.json"),
    log:
        "logs/call_heregulin/heregulin.log",
    benchmark:
        "benchmarks/call_heregulin/heregulin.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["call_heregulin"],
        contents=[digest(path) for path in (*COHORT.heregulin_files(), *COHORT.class_rules())],
        directory=os.path.dirname(YAML),
        cutoffs=SETTINGS["heregulin_cutoffs"],
        rules=SETTINGS["heregulin_rules"],
        preanalytics=SETTINGS["preanalytics"],
        bridging_controls=SETTINGS["bridging_controls"],
    script:
        "../scripts/call_heregulin.py"
