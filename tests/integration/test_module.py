"""The workflow inside another one: as a module, and as snakedeploy lays it out."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workflow import ROOT, copy_clone, copy_run, jobs_of, run_snakemake

pytestmark = pytest.mark.run

AS_MODULE = """
configfile: "cohort.yaml"

module cetux:
    snakefile: "{clone}/Snakefile"
    config: config

use rule * from cetux

rule letter:
    input: "results/mechanisms.tsv"
    output: "letter.txt"
    shell: "head -n 1 {{input}} > {{output}}"
"""


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return copy_run(finished, tmp_path / "cohort")


def test_as_a_module_it_makes_the_same_files_and_others_build_on_them(run: Path) -> None:
    (run / "Snakefile").write_text(AS_MODULE.format(clone=ROOT), encoding="utf-8")
    assert jobs_of(run_snakemake(run, "--dry-run", "all")) == set()
    assert jobs_of(run_snakemake(run, "--dry-run", "letter")) == {("letter", "")}
    (run / "results/mechanisms.tsv").unlink()
    assert jobs_of(run_snakemake(run, "--dry-run", "letter")) >= {("write_tables", ""), ("letter", "")}


def test_snakedeploy_lays_it_out_to_run(run: Path, tmp_path: Path) -> None:
    clone = copy_clone(tmp_path / "clone")
    deployed = tmp_path / "deployed"
    snakedeploy = Path(sys.executable).with_name("snakedeploy")
    command = [str(snakedeploy), "deploy-workflow", str(clone), str(deployed), "--name", "cetux", "--tag", "v0.3.0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (deployed / "config/config.yaml").read_text() == (ROOT / "config/config.yaml").read_text()
    # snakedeploy names a local copy relative to nowhere; from a repository of the web it writes the address
    snakefile = deployed / "workflow/Snakefile"
    text, named = re.subn(r'"Snakefile"', f'"{clone}/Snakefile"', snakefile.read_text(encoding="utf-8"))
    assert named == 1
    snakefile.write_text(text, encoding="utf-8")
    shutil.rmtree(deployed / "config")
    deployed.joinpath("config").symlink_to(run)
    (run / "cohort.yaml").rename(run / "config.yaml")
    planned = jobs_of(run_snakemake(deployed, "--dry-run"))
    assert {"count_coverage", "call_genotypes", "call_mechanisms"} <= {rule for rule, _ in planned}
