"""One Slurm for all tests, and undisturbed local runs to hold the cluster's results against."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import demo
from tests.cluster.page import Run, set_up
from tests.cluster.slurm import Slurm, SlurmError
from tests.integration.workflow import copy_run, replace_in, snakemake


@pytest.fixture(scope="session", autouse=True)  # first of all: without it nothing need be built
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
    except SlurmError as reason:
        pytest.exit(str(reason), returncode=1)
    except BaseException:
        cluster.stop()
        raise
    yield cluster
    cluster.stop()


@pytest.fixture(autouse=True)
def _settled(slurm: Slurm) -> Iterator[None]:
    yield
    slurm.settle()


@pytest.fixture(scope="session")
def two_samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tumours and no normal, run locally: the undisturbed run of every fault."""
    folder = tmp_path_factory.mktemp("two") / "undisturbed"
    demo.build(folder, patients=["P01_KRAS", "P07_NONE"], normals=0)
    replace_in(folder / "cohort.yaml", "    build: GRCh38\n", "    build: GRCh38\n    flat_reference: true\n")
    snakemake(folder, "--cores", "2", "--quiet")
    return folder


@pytest.fixture
def interrupted(two_samples: Path, tmp_path: Path) -> Iterator[Run]:
    """The same run with the codons of both samples still to be counted: short, and all below must follow."""
    run = set_up(copy_run(two_samples, tmp_path / "cohort"))
    for part in ("count_haplotypes", "variants"):
        shutil.rmtree(run.folder / "results" / part)
    yield run
    run.kill()


@pytest.fixture
def fresh(two_samples: Path, tmp_path: Path) -> Iterator[Run]:
    """The same cohort with nothing run."""
    ran = shutil.ignore_patterns("results", "logs", "benchmarks", ".snakemake")
    run = set_up(shutil.copytree(two_samples, tmp_path / "cohort", ignore=ran))
    yield run
    run.kill()
