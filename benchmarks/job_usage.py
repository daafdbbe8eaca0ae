"""Run Snakemake and write what each job's process cost: ``python job_usage.py TABLE SNAKEMAKE_ARGUMENTS...``.

Snakemake's own `benchmark:` files come from looking now and then, which misses much of a job of a second. The kernel's
account of an ended process (wait4), which this writes, misses nothing: start of Python and of the shell included.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TABLE = Path(sys.argv[1]) if __name__ == "__main__" else Path(os.devnull)
_SCRIPT = re.compile(r"\.snakemake/scripts/tmp\w+\.(\w+)\.py")


class Accounted(subprocess.Popen[Any]):
    """A child process that writes rule, CPU seconds (user and system) and peak memory (MB) when it has ended."""

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        try:
            pid, status, usage = os.wait4(self.pid, wait_flags)
        except ChildProcessError:
            return self.pid, 0
        rule = _SCRIPT.search(str(self.args))
        if pid == self.pid and rule:
            with TABLE.open("a", encoding="ascii") as table:
                print(rule[1], usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, sep="\t", file=table)
        return pid, status


if __name__ == "__main__":
    subprocess.Popen = Accounted  # type: ignore[misc]
    from snakemake.cli import main

    main(sys.argv[2:])
