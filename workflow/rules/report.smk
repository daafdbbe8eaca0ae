"""What people read: tables, a page, and where everything came from."""

from cetux import summary


rule write_tables:
    """One row per patient for a spreadsheet, one row per sample with its numbers, one per heregulin value."""
    input:
        calls="results/mechanisms.json",
    output:
        mechanisms="results/mechanisms.tsv",
        samples="results/samples.tsv",
        heregulin="results/heregulin.tsv",
    log:
        "logs/write_tables/tables.log",
    benchmark:
        "benchmarks/write_tables/tables.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["write_tables"],
    script:
        "../scripts/write_tables.py"


rule write_report:
    """The cohort on one page that opens from disk."""
    input:
        calls="results/mechanisms.json",
        heregulin="results/call_heregulin/heregulin.json",
        pictures=expand("results/read_plates/{plates}", plates=sorted(COHORT.plates)),
    output:
        page=report("results/report/index.html", category="Calls", labels={"page": "cohort"}),
    log:
        "logs/write_report/report.log",
    benchmark:
        "benchmarks/write_report/report.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["write_report"],
        template_digest=digest(workflow.source_path("../report/index.html.j2")),
    script:
        "../scripts/write_report.py"


rule record_provenance:
    """Merged settings, versions, checksums of what went in, and the commit: all that may differ between two places."""
    input:
        calls="results/mechanisms.json",
        sheets=[ancient(sheet) for sheet in COHORT.sheets.values()],
        checks=expand("results/check_sample/{sample}.json", sample=sorted(COHORT.samples)),
    output:
        run="results/provenance/run.json",
        settings="results/provenance/settings.yaml",
    log:
        "logs/record_provenance/provenance.log",
    benchmark:
        "benchmarks/record_provenance/provenance.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["record_provenance"],
        directory=os.path.dirname(YAML),
        settings=SETTINGS,
    script:
        "../scripts/record_provenance.py"


onsuccess:
    if os.path.exists("results/provenance/run.json"):
        print(summary.run_summary(Path("results/mechanisms.tsv"), Path("results/provenance/run.json")))


onerror:
    print(summary.failures(Path("logs")))
