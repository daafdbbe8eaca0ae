from cetux import joblog, records
from cetux.coding import scanned_codons
from cetux.haplotypes import ReadFilter, count_haplotypes

joblog.start(snakemake.log[0])
given = snakemake.params
keep = ReadFilter(**given.reads, keep_duplicates=given.method == "amplicon")
fasta = snakemake.input.get("fasta") or None
codons = scanned_codons(given.build, fasta)
counts = count_haplotypes(snakemake.wildcards.sample, snakemake.input.bam, fasta, codons, keep)
records.write(counts, snakemake.output.counts)
