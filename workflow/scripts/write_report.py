from cetux import records, report
from cetux.cohort_calls import CohortCalls

calls = records.read(CohortCalls, snakemake.input.calls)
records.write_text(report.cohort_page(calls), snakemake.output.page)
