from cetux import records
from cetux.sites import count_sites

wanted, reads = snakemake.input, snakemake.params.reads
fasta = wanted.get("fasta") or None
records.write(count_sites(snakemake.wildcards.sample, wanted.bam, fasta, wanted.snps, **reads), snakemake.output.sites)
