from cetux import cohort, records
from cetux.heregulin_calls import call_heregulin

loaded = cohort.load(snakemake.config, snakemake.params.directory, check=False)
records.write(call_heregulin(loaded), snakemake.output.results)
