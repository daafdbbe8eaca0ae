from cetux import joblog, records
from cetux.coding import scanned_codons
from cetux.counts import HaplotypeCounts
from cetux.sample_genotypes import genotype_sample, read_backgrounds
from cetux.sites import SiteCounts
from cetux.umi_signs import CheckedSample
from cetux.vcf import write_vcf

joblog.start(snakemake.log[0])
wanted, given, fasta = snakemake.input, snakemake.params, snakemake.input.get("fasta") or None
check, counts = records.read(CheckedSample, wanted.check), records.read(HaplotypeCounts, wanted.counts)
sites, normals = records.read_if(SiteCounts, wanted.get("sites")), read_backgrounds(wanted.get("normals") or ())
genotypes = genotype_sample(check, counts, sites, given.build, fasta, given.sample, given.thresholds, normals)
records.write(genotypes, snakemake.output.genotypes)
write_vcf(genotypes, scanned_codons(given.build, fasta), given.build, check.contig_prefix, snakemake.output.vcf, fasta)
