from cetux import allele_table, joblog, records, tables
from cetux.cohort_calls import CohortCalls
from cetux.described_alleles import DescribedAlleles

joblog.start(snakemake.log[0])
calls = records.read(CohortCalls, snakemake.input.calls)
records.write_text(tables.mechanisms(calls), snakemake.output.mechanisms)
records.write_text(tables.samples(calls), snakemake.output.samples)
described = records.read(DescribedAlleles, snakemake.input.alleles)
records.write_text(allele_table.alleles(described), snakemake.output.alleles)
records.write_text(tables.heregulin(calls), snakemake.output.heregulin)
records.write_text(tables.force_calls(calls), snakemake.output.force_calls)
records.write_text(tables.identity(calls), snakemake.output.identity)
