from cetux.design import design_bins

given, wanted, made = snakemake.params, snakemake.input, snakemake.output
fasta = wanted.get("fasta") or None
design_bins(wanted.targets, given.method, given.build, fasta, given.bin_size_bp, made.bins, made.off_target)
