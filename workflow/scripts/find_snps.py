from cetux import joblog
from cetux.fragments import ReadFilter
from cetux.polymorphisms import find_snps

joblog.start(snakemake.log[0])
wanted, given = snakemake.input, snakemake.params
keep = ReadFilter(**given.reads, keep_duplicates=given.method == "amplicon")
find_snps(wanted.bams, wanted.targets, given.build, wanted.get("fasta") or None, keep, snakemake.output.sites)
