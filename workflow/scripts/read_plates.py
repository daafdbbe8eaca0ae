from cetux import joblog, records
from cetux.plate_picture import write_pictures
from cetux.plates import process_rows

joblog.start(snakemake.log[0])
given, made = snakemake.params, snakemake.output
record = process_rows(given.row, given.samples, given.acceptance, given.cv_fail_fraction, given.preanalytics)
records.write(record, made.record)
write_pictures(record, made.pictures)
