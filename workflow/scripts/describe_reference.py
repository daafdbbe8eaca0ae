from cetux import joblog, records
from cetux.resources import codons
from cetux.sample_check import describe_reference

joblog.start(snakemake.log[0])
fasta = snakemake.input.get("fasta") or None
build = snakemake.params.build
records.write(describe_reference(fasta, codons(build), build), snakemake.output.description)
