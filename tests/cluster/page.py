"""Run the commands of docs/hpc.md as they stand there."""

import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "hpc.md"
CHECK_SECONDS = ("checks: 20", "checks: 2"), ("per-second: 0.1", "per-second: 1")
"""All that the tests change of the profile besides the page's own edits: they ask Slurm more often."""


def blocks() -> dict[str, str]:
    """The commands in bash under each heading that has some."""
    sections = re.split(r"^##+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {section.splitlines()[0]: re.findall(r"^```bash\n(.*?)^```", section, re.M | re.S) for section in sections}
    return {heading: "".join(commands) for heading, commands in found.items() if commands}


class Run:
    """Snakemake on the cluster in a cohort's folder, started as the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, folder.with_name(f"{folder.name}.out")
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, heading: str, options: str = "") -> None:
        """Start the commands under a heading; options are appended to the last one."""
        environment = os.environ | {"CETUX": str(ROOT), "ACCOUNT": "unused", "PARTITION": "main"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", f"{blocks()[heading].rstrip()} {options}"],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def finish(self, timeout_s: float = 1800) -> str:
        """Wait for the end, which must be a good one; all that was said."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout_s)
        finally:
            self.kill()
        said = self.output.read_text(encoding="utf-8", errors="replace")
        assert status == 0, said[-8000:]
        return said

    def goes_on_for(self, seconds: float) -> bool:
        """Whether it still runs after so long."""
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def kill(self) -> None:
        """SIGKILL to Snakemake and its local jobs, without a chance to tidy up."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def set_up(folder: Path) -> Run:
    """A cohort's folder with its own copy of the profile, edited for a site without accounting."""
    run = Run(folder)
    for heading in ("Your site", "Without accounting"):
        run.do(heading)
        run.finish()
    profile = folder / "slurm" / "config.yaml"
    text = profile.read_text(encoding="utf-8")
    for site, test in CHECK_SECONDS:
        assert site in text
        text = text.replace(site, test)
    profile.write_text(text, encoding="utf-8")
    return run


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of results/; provenance alone may tell where and when."""
    results = folder / "results"
    files = (path for path in results.rglob("*") if path.is_file() and results / "provenance" not in path.parents)
    return {str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}
