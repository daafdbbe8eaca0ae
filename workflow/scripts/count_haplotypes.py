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
# without a digest the list is none that was given, but one that was found in the normals, and may hold nothing
sites = count_sites(sample, wanted.bam, fasta, wanted.get("snps") or None, keep, may_be_empty=not given.snps_digest)
records.write(sites, snakemake.output.sites)
