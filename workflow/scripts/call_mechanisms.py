from cetux import cohort, joblog, records
from cetux.cohort_calls import SampleFiles, call_cohort, read_evidence

joblog.start(snakemake.log[0])
wanted = snakemake.input
loaded = cohort.load(snakemake.config, snakemake.params.directory, check=False)
further = (wanted.get("sites") or [], wanted.get("comparisons") or [])
files = SampleFiles(wanted.checks, wanted.genotypes, wanted.erbb2, *further)
evidence = read_evidence(loaded, files, wanted.heregulin)
calls = call_cohort(evidence, loaded.rules, loaded.concordance_rows, loaded.overrides, loaded.thresholds())
records.write(calls, snakemake.output.calls)
