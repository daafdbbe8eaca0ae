from cetux import cohort, joblog, records, tables
from cetux.cohort_calls import SampleFiles, call_cohort, read_evidence
from cetux.pseudonyms import pseudonymised, read_pseudonyms

joblog.start(snakemake.log[0])
wanted, made, given = snakemake.input, snakemake.output, snakemake.params
loaded = cohort.load(snakemake.config, given.directory, check=False)
further = (wanted.get("sites") or [], wanted.get("comparisons") or [])
files = SampleFiles(wanted.checks, wanted.genotypes, wanted.erbb2, *further)
evidence = read_evidence(loaded, files, wanted.heregulin)
calls = call_cohort(pseudonymised(evidence, read_pseudonyms(wanted.pseudonyms, loaded)), loaded.rules)
records.write(calls, made.calls)
records.write_text(tables.mechanisms(calls), made.mechanisms)
records.write_text(tables.samples(calls), made.samples)
records.write_text(tables.heregulin(calls), made.heregulin)
