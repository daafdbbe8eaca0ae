from cetux import joblog, records
from cetux.correction import Correction, Depths, correct_coverage
from cetux.counts import Usable

joblog.start(snakemake.log[0])
wanted, made, given = snakemake.input, snakemake.output, snakemake.params
sample, correction = snakemake.wildcards.sample, Correction(**given.correction)
depths, usable = Depths(wanted.target, wanted.off_target), records.read(Usable, wanted.status)
corrected = correct_coverage(
    sample, usable, depths, wanted.reference, correction, given.segmentation, made.ratios, made.segments
)
records.write(corrected, made.status)
