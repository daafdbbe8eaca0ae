from cetux import records, tables
from cetux.cohort_calls import CohortCalls

calls = records.read(CohortCalls, snakemake.input.calls)
records.write_text(tables.mechanisms(calls), snakemake.output.mechanisms)
records.write_text(tables.samples(calls), snakemake.output.samples)
records.write_text(tables.heregulin(calls), snakemake.output.heregulin)
