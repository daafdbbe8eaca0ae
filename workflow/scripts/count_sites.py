from cetux import joblog, records
from cetux.sites import count_sites

joblog.start(snakemake.log[0])
wanted, reads = snakemake.input, snakemake.params.reads
fasta = wanted.get("fasta") or None
records.write(count_sites(snakemake.wildcards.sample, wanted.bam, fasta, wanted.snps, **reads), snakemake.output.sites)
