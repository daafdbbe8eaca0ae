"""The cohort, read once."""

import os
import sys

from cetux import cohort, errors

YAML = os.path.relpath(workflow.configfiles[-1]) if workflow.configfiles else ""
try:
    COHORT = cohort.load(config, os.path.dirname(YAML), YAML or "config", check=workflow.is_main_process)
except errors.InputError as problems:
    sys.exit(f"cetux: {problems}" if config else "cetux: no cohort. Give its YAML: snakemake --configfile cohort.yaml")
for warning in COHORT.warnings:
    print(f"cetux: {warning}", file=sys.stderr)

SETTINGS = COHORT.settings
TUMOURS = COHORT.tumours()
NORMALS = {name: COHORT.normals(name) for name in COHORT.assays}


wildcard_constraints:
    sample=cohort.ID_PATTERN,
    assay=cohort.ID_PATTERN,
    plates=cohort.ID_PATTERN,
