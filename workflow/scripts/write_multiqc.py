from cetux import joblog, multiqc, records
from cetux.cohort_calls import CohortCalls

joblog.start(snakemake.log[0])
calls = records.read(CohortCalls, snakemake.input.calls)
records.write_text(multiqc.genotypes(calls), snakemake.output.genotypes)
records.write_text(multiqc.erbb2(calls), snakemake.output.erbb2)
records.write_text(multiqc.heregulin(calls), snakemake.output.heregulin)
records.write_text(multiqc.general(calls), snakemake.output.general)
