from cetux import records
from cetux.counts import HaplotypeCounts, SampleCheck
from cetux.genotype import Sample, call_genotypes
from cetux.resources import alleles, codons
from cetux.vcf import write_vcf

given, build = snakemake.params, snakemake.params.build
check = records.read(SampleCheck, snakemake.input.check)
counts = records.read(HaplotypeCounts, snakemake.input.counts)
genotypes = call_genotypes(check, counts, codons(build), alleles(), Sample(**given.sample), given.thresholds)
records.write(genotypes, snakemake.output.genotypes)
write_vcf(genotypes, codons(build), build, check.contig_prefix, snakemake.output.vcf)
