"""Where a run's results came from: versions, checksums, settings and commit. Nothing of this is in the tables."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from cetux import records
from cetux.counts import SampleCheck

PACKAGES = ("snakemake", "cnvkit", "pysam", "pandas", "numpy", "scipy", "pydantic", "jinja2", "jsonschema")
"""Packages whose versions can change a result."""

REPOSITORY = Path(__file__).resolve().parents[3]
"""Root of the workflow."""


def describe_run(
    sheets: Iterable[str], checks: Iterable[str], config: Mapping[str, Any], catalogues: Iterable[str] = ()
) -> str:
    """JSON text: workflow commit, versions, sha256 of the sheets and catalogues, and the fingerprint of every BAM.

    Args:
        sheets: paths of the cohort's sheets.
        checks: paths of the samples' checks, which hold the fingerprints (size, first and last MiB of each BAM).
        config: the cohort's YAML as the user gave it.
        catalogues: paths of the assays' catalogues of hot spots.
    """
    checked = [records.read(SampleCheck, path) for path in checks]
    run = {
        "workflow": {"commit": commit(REPOSITORY), "python": platform.python_version()},
        "packages": {name: version(name) for name in PACKAGES},
        "config": config,
        "sheets_sha256": {path: _sha256(path) for path in sheets},
        "catalogues_sha256": {path: _sha256(path) for path in catalogues},
        "samples_fingerprint": {check.sample: check.fingerprint for check in checked},
        "samples_notes": {check.sample: list(check.notes) for check in checked if check.notes},
        "samples_quarantined": {check.sample: check.usable.reason for check in checked if not check.usable.ok},
    }
    return json.dumps(run, indent=2) + "\n"


def _sha256(path: str) -> str:
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def as_yaml(settings: Mapping[str, Any]) -> str:
    """The merged settings, defaults included, as YAML text."""
    text: str = yaml.safe_dump(json.loads(json.dumps(settings)), sort_keys=False)
    return text


def commit(repository: Path) -> str:
    """Commit of the workflow's clone, with ``-dirty`` where files differ from it; "unknown" outside a clone."""
    command = ["git", "-C", str(repository), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
