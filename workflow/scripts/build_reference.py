from cetux import joblog, records
from cetux.correction import Correction, build_reference, pooled_normals, without_odd_normals

joblog.start(snakemake.log[0])
wanted, made = snakemake.input, snakemake.output
fasta = wanted.get("fasta") or None
normals, notes = pooled_normals(wanted.target, wanted.off_target, wanted.statuses, wanted.checks)
limits = snakemake.params.limits
normals, notes = without_odd_normals(normals, notes, snakemake.params.build, limits, made.spread)
correction = Correction(**snakemake.params.correction)
build_reference(normals, wanted.bins, wanted.off_target_bins, fasta, correction, made.reference)
records.write(notes, made.notes)
