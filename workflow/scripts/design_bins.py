from cetux import joblog
from cetux.design import design_bins

joblog.start(snakemake.log[0])
given, wanted, made = snakemake.params, snakemake.input, snakemake.output
fasta = wanted.get("fasta") or None
design_bins(wanted.targets, given.method, given.build, fasta, given.bin_size_bp, made.bins, made.off_target)
