"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real inputs, CETUX_REAL_DATA or else ../shared/data; skips where it is absent."""
    named = os.environ.get("CETUX_REAL_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        origin = "CETUX_REAL_DATA" if named else "the default; set CETUX_REAL_DATA to another folder"
        pytest.skip(f"no real data: {folder} is not a folder ({origin})")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many faults were tried and survived, and how many bad inputs were refused, by the marks of the tests."""
    for mark, tried, well in (("fault", "faults tried", "survived"), ("bad_input", "bad inputs", "refused")):
        passed, failed = (
            sum(report.when == "call" and mark in report.keywords for report in terminalreporter.getreports(outcome))
            for outcome in ("passed", "failed")
        )
        if passed + failed:
            terminalreporter.write_line(f"{passed + failed} {tried}, {passed} {well}")
