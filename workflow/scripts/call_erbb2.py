from cetux import joblog, records
from cetux.amplification import Tumour, call_erbb2
from cetux.chromosome_picture import write_picture
from cetux.gene_bins import erbb2_locus, read_bins

joblog.start(snakemake.log[0])
wanted, made, given = snakemake.input, snakemake.output, snakemake.params
bins = read_bins(wanted.ratios, wanted.segments, wanted.bins)
notes = wanted.get("reference_notes") or None
tumour = Tumour(**given.tumour, plasma=given.plasma)
files, how = (wanted.status, wanted.check, notes), (given.build, tumour, given.thresholds, given.correction)
call = call_erbb2(bins, *files, *how, wanted.get("sites") or None)
records.write(call, made.call)
write_picture(bins, call, erbb2_locus(given.build, tumour.whole_genome), given.thresholds, made.picture)
