from cetux import joblog, records
from cetux.coding import scanned_codons
from cetux.counts import HaplotypeCounts, SampleCheck
from cetux.sample_genotypes import genotype_sample, read_backgrounds
from cetux.sites import SiteCounts
from cetux.vcf import write_vcf

joblog.start(snakemake.log[0])
wanted, given = snakemake.input, snakemake.params
build, fasta = given.build, wanted.get("fasta") or None
check, counts = records.read(SampleCheck, wanted.check), records.read(HaplotypeCounts, wanted.counts)
sites, normals = records.read_if(SiteCounts, wanted.get("sites")), read_backgrounds(wanted.get("normals") or ())
genotypes = genotype_sample(check, counts, sites, build, fasta, given.sample, given.thresholds, normals)
records.write(genotypes, snakemake.output.genotypes)
write_vcf(genotypes, scanned_codons(build, fasta), build, check.contig_prefix, snakemake.output.vcf, fasta)
