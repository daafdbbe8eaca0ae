"""What a job says goes to its log, and errors of the user's input speak for themselves."""

import os
import sys
from pathlib import Path
from types import TracebackType

from cetux.errors import IN_A_JOB, InputError, UnusableSample


def start(path: str) -> None:
    """Send standard output and error of this process, htslib's included, to the log at `path`.

    An `InputError` or `UnusableSample` that ends the job is written as its message, without a traceback: it names the
    file and the mend. Everything else keeps its traceback. Snakemake shows the log of a job that failed.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
    sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, InputError):
        print(f"cetux: {error.told(IN_A_JOB)}", file=sys.stderr)
    elif isinstance(error, UnusableSample):
        print(f"cetux: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)
