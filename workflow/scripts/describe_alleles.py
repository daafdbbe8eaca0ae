from cetux import cohort, joblog, records
from cetux.cohort_calls import CohortCalls
from cetux.described_alleles import describe_cohort

joblog.start(snakemake.log[0])
wanted, made = snakemake.input, snakemake.output
loaded = cohort.load(snakemake.config, snakemake.params.directory, check=False)
calls, comparisons = records.read(CohortCalls, wanted.calls), wanted.get("comparisons") or []
records.write(describe_cohort(calls, loaded, wanted.checks, comparisons), made.alleles)
