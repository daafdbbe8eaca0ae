from cetux import records
from cetux.sample_check import Reference, check_sample, target_loci

reference = records.read(Reference, snakemake.input.reference)
loci = target_loci(snakemake.input.targets, snakemake.params.build)
given = snakemake.params
check = check_sample(snakemake.wildcards.sample, snakemake.input.bam, given.build, given.method, reference, loci)
records.write(check, snakemake.output.check)
