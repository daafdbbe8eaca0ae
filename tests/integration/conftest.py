"""One finished run of the demo cohort, shared by all tests that look at it or change a copy of it."""

from pathlib import Path

import pytest

from tests import demo
from tests.integration.workflow import snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "cohort"
    demo.build(folder)
    snakemake(folder, "--cores", "2", "--quiet")
    return folder
