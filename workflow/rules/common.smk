"""The cohort, read once."""

import gc
import os
import sys

from cetux import cohort, errors

# a plan is millions of objects that stay: looked through for garbage as often as usual, it takes 9 % longer
gc.set_threshold(50_000, 20, 100)

YAML = os.path.relpath(workflow.configfiles[-1]) if workflow.configfiles else ""
try:
    COHORT = cohort.load(config, os.path.dirname(YAML), YAML or "config", check=workflow.is_main_process)
except errors.InputError as problems:
    outcome = errors.AT_START if workflow.is_main_process else errors.IN_A_JOB
    sys.exit(
        f"cetux: {problems.told(outcome)}"
        if config
        else "cetux: no cohort. Give its YAML: snakemake --configfile cohort.yaml"
    )
for warning in COHORT.warnings:
    print(f"cetux: {warning}", file=sys.stderr)

SETTINGS = COHORT.settings
TUMOURS = COHORT.tumours()
NORMALS = {name: COHORT.normals(name) for name in COHORT.assays}
SNP_NORMALS = {name: COHORT.snp_normals(name) for name in COHORT.assays}


# On a cluster these run where Snakemake itself runs: each is one short process over small files, in less time than a
# node takes to start it. One list for all stages, since it says nothing of what a rule does.
localrules:
    call_heregulin,
    call_mechanisms,
    compare_methods,
    describe_alleles,
    copy_viewer,
    export_pseudonymised,
    record_changes,
    record_provenance,
    write_multiqc,
    write_report,
    write_tables,
    write_workbook,


wildcard_constraints:
    sample=cohort.ID_PATTERN,
    assay=cohort.ID_PATTERN,
    plates=cohort.ID_PATTERN,
