from cetux import cohort, joblog, records
from cetux.cutoffs import CutoffTable
from cetux.heregulin_calls import call_heregulin

joblog.start(snakemake.log[0])
wanted, made = snakemake.input, snakemake.output
loaded = cohort.load(snakemake.config, snakemake.params.directory, check=False)
calls = call_heregulin(loaded, wanted.get("plates") or [], made.history)
records.write(CutoffTable(calls.cutoffs), made.cutoffs)
records.write(calls, made.results)
records.write(calls, made.history)
