from cetux import cohort, records
from cetux.cohort_calls import call_cohort, read_evidence

wanted = snakemake.input
loaded = cohort.load(snakemake.config, snakemake.params.directory, check=False)
sites = wanted.get("sites") or []
evidence = read_evidence(loaded, wanted.checks, wanted.genotypes, wanted.erbb2, sites, wanted.heregulin)
records.write(call_cohort(evidence, loaded.settings), snakemake.output.calls)
