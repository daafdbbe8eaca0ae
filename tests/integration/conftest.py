"""One finished run of the demo cohort, shared by all tests (and workers) that look at it or change a copy of it."""

import fcntl
from pathlib import Path

import pytest

from tests import demo
from tests.integration.workflow import snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The cohort's folder. The first worker that asks builds and runs it, the others wait: it uses all cores anyway."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder, done = shared / "finished_demo", shared / "finished_demo.done"
    with (shared / "finished_demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            demo.build(folder)
            snakemake(folder, "--cores", "2", "--quiet")
            done.touch()
    return folder
