from cetux import records
from cetux.haplotypes import ReadFilter, count_haplotypes
from cetux.resources import codons

given = snakemake.params
keep = ReadFilter(**given.reads, keep_duplicates=given.method == "amplicon")
fasta = snakemake.input.get("fasta") or None
counts = count_haplotypes(snakemake.wildcards.sample, snakemake.input.bam, fasta, codons(given.build), keep)
records.write(counts, snakemake.output.counts)
