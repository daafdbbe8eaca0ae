from cetux import joblog, records
from cetux.sites import count_sites

joblog.start(snakemake.log[0])
wanted, given = snakemake.input, snakemake.params
fasta, sample = wanted.get("fasta") or None, snakemake.wildcards.sample
keep = given.reads | {"keep_duplicates": given.method == "amplicon"}
records.write(count_sites(sample, wanted.bam, fasta, wanted.snps, **keep), snakemake.output.sites)
