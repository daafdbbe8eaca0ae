from cetux import joblog, records
from cetux.sample_check import Reference, check_sample, target_loci

joblog.start(snakemake.log[0])
reference = records.read(Reference, snakemake.input.reference)
loci = target_loci(snakemake.input.targets, snakemake.params.build)
given = snakemake.params
check = check_sample(snakemake.wildcards.sample, snakemake.input.bam, given.build, given.method, reference, loci)
records.write(check, snakemake.output.check)
