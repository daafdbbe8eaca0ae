from cetux import joblog, records, report
from cetux.cohort_calls import CohortCalls
from cetux.heregulin_calls import HeregulinCalls

joblog.start(snakemake.log[0])
wanted = snakemake.input
calls, heregulin = records.read(CohortCalls, wanted.calls), records.read(HeregulinCalls, wanted.heregulin)
records.write_text(report.cohort_page(calls, heregulin, wanted.get("pictures") or []), snakemake.output.page)
