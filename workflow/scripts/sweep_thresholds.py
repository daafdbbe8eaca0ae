from cetux import joblog, records, what_if_chart
from cetux.cohort_calls import CohortCalls
from cetux.what_if import what_if, what_if_table

joblog.start(snakemake.log[0])
made = snakemake.output
found = what_if(records.read(CohortCalls, snakemake.input.calls), snakemake.params.settings)
records.write(found, made.record)
records.write_text(what_if_table(found), made.table)
records.write_text(what_if_chart.picture(found), made.picture)
