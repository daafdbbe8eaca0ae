"""What people read: tables, a page, and where everything came from."""

from cetux import summary

PAGE_TEMPLATES = "page.html.j2 chart.html.j2 index.html.j2 patient.html.j2 methods.txt.j2 page.css table.js".split()


rule describe_alleles:
    """Give every change its names, and beside it what the site's catalogue and another caller say: they decide nothing."""
    input:
        calls="results/mechanisms.json",
        checks=rules.call_mechanisms.input.checks,
        comparisons=rules.call_mechanisms.input.comparisons,
        fastas=[ancient(fasta) for fasta in COHORT.fastas().values()],
        catalogues=[ancient(catalogue) for catalogue in COHORT.catalogues().values()],
    output:
        alleles="results/describe_alleles/alleles.json",
    log:
        "logs/describe_alleles/alleles.log",
    benchmark:
        "benchmarks/describe_alleles/alleles.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["describe_alleles"],
        directory=os.path.dirname(YAML),
        fasta_index=fasta_stamps,
        catalogue_digests=catalogue_digests,
    script:
        "../scripts/describe_alleles.py"


rule write_tables:
    """One row per patient for a spreadsheet, and per sample, change, heregulin value, forced allele and sample pair."""
    input:
        calls="results/mechanisms.json",
        alleles="results/describe_alleles/alleles.json",
    output:
        mechanisms=report(
            "results/mechanisms.tsv",
            caption="../report/mechanisms.rst",
            category="Calls",
            labels={"table": "mechanisms"},
        ),
        samples=report(
            "results/samples.tsv",
            caption="../report/samples.rst",
            category="Evidence",
            labels={"table": "samples"},
        ),
        alleles=report(
            "results/alleles.tsv",
            caption="../report/alleles.rst",
            category="Evidence",
            labels={"table": "alleles"},
        ),
        heregulin=report(
            "results/heregulin.tsv",
            caption="../report/heregulin.rst",
            category="Evidence",
            labels={"table": "heregulin"},
        ),
        force_calls=report(
            "results/force_calls.tsv",
            caption="../report/force_calls.rst",
            category="Evidence",
            labels={"table": "alleles in other samples"},
        ),
        identity=report(
            "results/identity.tsv",
            caption="../report/identity.rst",
            category="Evidence",
            labels={"table": "identity of samples"},
        ),
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
    """The cohort on one page that opens from disk, and a page for each patient."""
    input:
        calls="results/mechanisms.json",
        heregulin="results/call_heregulin/heregulin.json",
        statistics="results/describe_cohort/statistics.json",
        what_if="results/sweep_thresholds/what_if.json",
        changes="results/changes.tsv",
        alleles="results/describe_alleles/alleles.json",
        plates=expand("results/read_plates/{plates}", plates=sorted(COHORT.plates)),
        plate_records=expand("results/read_plates/{plates}.json", plates=sorted(COHORT.plates)),
        chromosomes=expand("results/call_erbb2/{sample}.svg", sample=TUMOURS),
    output:
        page=report(
            "results/report/index.html",
            caption="../report/cohort.rst",
            category="Calls",
            labels={"table": "all on one page"},
        ),
        patients=directory("results/report/patients"),
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
        templates=[digest(workflow.source_path(f"../report/{name}")) for name in PAGE_TEMPLATES],
        drawn=COHORT.drawn(),
    script:
        "../scripts/write_report.py"


rule write_workbook:
    """The tables as one workbook for those who work in a spreadsheet."""
    input:
        mechanisms="results/mechanisms.tsv",
        samples="results/samples.tsv",
        alleles="results/alleles.tsv",
        heregulin="results/heregulin.tsv",
        force_calls="results/force_calls.tsv",
        identity="results/identity.tsv",
        changes="results/changes.tsv",
        statistics="results/statistics.tsv",
        what_if="results/what_if.tsv",
        concordance="results/concordance.tsv" if "concordance" in COHORT.sheets else [],
    output:
        workbook=report(
            "results/mechanisms.xlsx",
            caption="../report/workbook.rst",
            category="Calls",
            labels={"table": "workbook"},
        ),
    log:
        "logs/write_workbook/workbook.log",
    benchmark:
        "benchmarks/write_workbook/workbook.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["write_workbook"],
    script:
        "../scripts/write_workbook.py"


rule write_multiqc:
    """Numbers per sample that a group's own MultiQC shows beside its own."""
    input:
        calls="results/mechanisms.json",
    output:
        genotypes="results/multiqc/cetux_genotypes_mqc.tsv",
        erbb2="results/multiqc/cetux_erbb2_mqc.tsv",
        heregulin="results/multiqc/cetux_heregulin_mqc.tsv",
        general="results/multiqc/cetux_general_mqc.tsv",
    log:
        "logs/write_multiqc/content.log",
    benchmark:
        "benchmarks/write_multiqc/content.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["write_multiqc"],
    script:
        "../scripts/write_multiqc.py"


rule record_provenance:
    """Merged settings, versions, checksums of what went in, and the commit: all that may differ between two places."""
    input:
        calls="results/mechanisms.json",
        sheets=[ancient(sheet) for sheet in COHORT.sheets.values()],
        checks=expand("results/check_sample/{sample}.json", sample=sorted(COHORT.samples)),
        catalogues=rules.describe_alleles.input.catalogues,
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
        catalogue_digests=catalogue_digests,
    script:
        "../scripts/record_provenance.py"


onsuccess:
    if os.path.exists("results/provenance/run.json"):
        print(summary.run_summary(Path("results/mechanisms.tsv"), Path("results/provenance/run.json")))


onerror:
    print(summary.failures(Path("logs")))
