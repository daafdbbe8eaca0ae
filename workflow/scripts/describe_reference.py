from cetux import records
from cetux.resources import codons
from cetux.sample_check import describe_reference

fasta = snakemake.input.get("fasta") or None
build = snakemake.params.build
records.write(describe_reference(fasta, codons(build), build), snakemake.output.description)
