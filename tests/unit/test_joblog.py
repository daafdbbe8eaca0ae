"""What a job says when it fails, in a process of its own, as Snakemake starts one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cetux import joblog

JOB = """
from cetux import errors, joblog
joblog.start({log!r})
raise {error}
"""


def log_of(tmp_path: Path, error: str) -> str:
    """The log of a job that ends with `error`."""
    log = tmp_path / "logs/rule/sample.log"
    job = [sys.executable, "-c", JOB.format(log=str(log), error=error)]
    package = str(Path(joblog.__file__).parents[1])
    done = subprocess.run(job, capture_output=True, env={**os.environ, "PYTHONPATH": package})
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    return log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            'errors.InputError([errors.Problem("plate.txt", "it is wrong", "Mend it")])',
            "cetux: 1 problem in the cohort's input; this job stopped, the results of other jobs stay.\n"
            "  plate.txt: it is wrong. Mend it\n",
        ),
        ('errors.UnusableSample("it is truncated", "Copy it again")', "cetux: it is truncated. Copy it again\n"),
    ],
)
def test_an_error_of_the_input_speaks_for_itself_and_is_true_inside_a_job(
    tmp_path: Path, error: str, told: str
) -> None:
    assert log_of(tmp_path, error) == told


def test_any_other_error_keeps_its_traceback(tmp_path: Path) -> None:
    assert "Traceback" in log_of(tmp_path, 'KeyError("x")')
