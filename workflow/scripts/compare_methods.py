from cetux import joblog, records
from cetux.cohort_calls import CohortCalls
from cetux.concordance import COLUMNS, concordance, table_rows
from cetux.tables import table_text

joblog.start(snakemake.log[0])
calls = records.read(CohortCalls, snakemake.input.calls)
results = [result for patient in calls.patients for result in patient.other_methods]
found = concordance(results, snakemake.params.rules)
records.write(found, snakemake.output.record)
records.write_text(table_text(COLUMNS, table_rows(found)), snakemake.output.table)
