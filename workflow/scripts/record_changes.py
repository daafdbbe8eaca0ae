from cetux import cohort, history, joblog, records
from cetux.cohort_calls import CohortCalls
from cetux.history_inputs import record_run

joblog.start(snakemake.log[0])
wanted, made, given = snakemake.input, snakemake.output, snakemake.params
loaded = cohort.load(snakemake.config, given.directory, check=False)
calls = records.read(CohortCalls, wanted.calls)
recorded = record_run(history.read(made.history), calls, loaded, wanted.checks, given.code)
records.write_text(history.to_text(recorded), made.history)
records.write_text(history.changes_table(recorded), made.changes)
