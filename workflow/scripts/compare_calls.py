from cetux import joblog, records
from cetux.call_comparison import compare_with_vcf
from cetux.counts import HaplotypeCounts
from cetux.evidence import SampleGenotypes

joblog.start(snakemake.log[0])
wanted, build = snakemake.input, snakemake.params.build
fasta = wanted.get("fasta") or None
genotypes, counts = records.read(SampleGenotypes, wanted.genotypes), records.read(HaplotypeCounts, wanted.counts)
records.write(compare_with_vcf(genotypes, counts, wanted.vcf, build, fasta), snakemake.output.comparison)
