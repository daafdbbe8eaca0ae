from cetux import joblog, records
from cetux.cohort_calls import CohortCalls
from cetux.cohort_statistics import Resampling, describe, table

joblog.start(snakemake.log[0])
calls = records.read(CohortCalls, snakemake.input.calls)
resampling = Resampling(snakemake.params.samples, snakemake.params.seed)
found = describe(calls, resampling)
records.write(found, snakemake.output.statistics)
records.write_text(table(found), snakemake.output.table)
