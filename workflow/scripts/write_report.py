from cetux import described_alleles, joblog, patient_report, records, report, what_if_chart
from cetux.cohort_calls import CohortCalls
from cetux.heregulin_calls import HeregulinCalls
from cetux.statistics_records import CohortStatistics
from cetux.what_if import WhatIf

joblog.start(snakemake.log[0])
wanted, made = snakemake.input, snakemake.output
calls, heregulin = records.read(CohortCalls, wanted.calls), records.read(HeregulinCalls, wanted.heregulin)
statistics, found = records.read(CohortStatistics, wanted.statistics), records.read(WhatIf, wanted.what_if)
plates = patient_report.plate_pictures(wanted.get("plate_records") or [], wanted.get("plates") or [])
told = report.Told(heregulin, statistics, what_if_chart.chart(found), report.read_changes(wanted.changes), plates)
records.write_text(report.cohort_page(calls, told), made.page)
described, pictures = described_alleles.of_patients(wanted.alleles), wanted.get("chromosomes") or []
patient_report.write_pages(calls, found, pictures, plates, snakemake.params.drawn, described, made.patients)
