from cetux import joblog, records
from cetux.coding import scanned_codons
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.sites import count_sites

joblog.start(snakemake.log[0])
wanted, given, sample = snakemake.input, snakemake.params, snakemake.wildcards.sample
keep = ReadFilter(**given.reads, keep_duplicates=given.method == "amplicon")
fasta = wanted.get("fasta") or None
counts = count_haplotypes(sample, wanted.bam, fasta, scanned_codons(given.build, fasta), keep)
records.write(counts, snakemake.output.counts)
records.write(count_sites(sample, wanted.bam, fasta, wanted.get("snps") or None, keep), snakemake.output.sites)
