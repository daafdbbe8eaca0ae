"""What may leave the institution; a target of its own."""


rule export_pseudonymised:
    """Call the cohort again under other names and write its tables: no ID, path, date or text of the sheets is in them."""
    input:
        pseudonyms=pseudonyms_sheet,
        sheets=rules.call_mechanisms.input.sheets,
        checks=rules.call_mechanisms.input.checks,
        genotypes=rules.call_mechanisms.input.genotypes,
        erbb2=rules.call_mechanisms.input.erbb2,
        sites=rules.call_mechanisms.input.sites,
        comparisons=rules.call_mechanisms.input.comparisons,
        heregulin=rules.call_mechanisms.input.heregulin,
    output:
        calls="results/export/mechanisms.json",
        mechanisms="results/export/mechanisms.tsv",
        samples="results/export/samples.tsv",
        heregulin="results/export/heregulin.tsv",
    log:
        "logs/export_pseudonymised/export.log",
    benchmark:
        "benchmarks/export_pseudonymised/export.tsv"
    conda:
        "../../envs/cetux.yaml"
    resources:
        mem_mb=light_memory,
    params:
        logic=LOGIC["export_pseudonymised"],
        pseudonyms_digest=pseudonyms_digest,
        sheets_digest=rules.call_mechanisms.params.sheets_digest,
        directory=os.path.dirname(YAML),
        rules=digest(COHORT.rules_file),
    script:
        "../scripts/export_pseudonymised.py"
