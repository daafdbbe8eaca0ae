from cetux import joblog, provenance, records

joblog.start(snakemake.log[0])
wanted, given = snakemake.input, snakemake.params
run = provenance.describe_run(wanted.sheets, wanted.checks, snakemake.config, wanted.get("catalogues") or [])
records.write_text(run, snakemake.output.run)
records.write_text(provenance.as_yaml(given.settings), snakemake.output.settings)
