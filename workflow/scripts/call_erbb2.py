from cetux import records
from cetux.amplification import Tumour, call_erbb2
from cetux.gene_bins import read_bins

wanted, given = snakemake.input, snakemake.params
bins = read_bins(wanted.ratios, wanted.segments, wanted.bins)
notes = wanted.get("reference_notes") or None
status, check = wanted.status, wanted.check
call = call_erbb2(bins, status, check, notes, given.build, Tumour(**given.tumour), given.thresholds, given.correction)
records.write(call, snakemake.output.call)
