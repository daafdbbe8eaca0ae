from cetux import joblog, records
from cetux.coverage import count_coverage

joblog.start(snakemake.log[0])
wanted, made = snakemake.input, snakemake.output
fasta = wanted.get("fasta") or None
given = snakemake.params
keep = given.min_mapping_quality, given.method == "amplicon"
usable = count_coverage(wanted.bam, wanted.bins, wanted.off_target, fasta, *keep, made.target, made.off_target)
records.write(usable, made.status)
