"""Run Snakemake and write what each job's process cost: ``python job_usage.py TABLE SNAKEMAKE_ARGUMENTS...``.

Snakemake's own `benchmark:` files come from looking now and then, which misses much of a job of a second. GNU time
gives the kernel's account of the ended process: start of Python and of the shell included, memory of the job alone.
"""

import re
import shlex
import subprocess
import sys
from typing import Any

_SCRIPT = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py")


class Accounted(subprocess.Popen[Any]):
    """A child process; that of a job appends rule, user and system CPU seconds and peak memory (kB) to the table."""

    def __init__(self, args: Any, *more: Any, **options: Any) -> None:
        """As of any process."""
        rule = _SCRIPT.search(str(args))
        if rule:
            form = rf"{rule[1]}\t%U\t%S\t%M"
            args = f"time -a -o {shlex.quote(sys.argv[1])} -f '{form}' bash -c {shlex.quote(args)}"
            args = f"command {args}"  # the program, not the shell's word
        super().__init__(args, *more, **options)


if __name__ == "__main__":
    subprocess.Popen = Accounted  # type: ignore[misc]
    from snakemake.cli import main

    main(sys.argv[2:])
