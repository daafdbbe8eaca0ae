"""Real headless Chromium (Debian's), driven by Playwright; needs the finished pages of a run or makes its own."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration.conftest import finished

__all__ = ["finished"]

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "build/axe/package/axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@dataclass
class Watched:
    """A page with everything that it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Page:
        """Open a file from disk, as a reader does."""
        self.page.goto(path.resolve().as_uri(), wait_until="load")
        return self.page

    @property
    def over_the_network(self) -> list[str]:
        """Requests to anything but the disk and the page itself."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]

    def serious(self) -> list[str]:
        """What axe-core finds that is serious or critical, in words."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']}; {one['nodes'][0]['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("There is no Chromium. Install it: sudo apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield started
        started.close()


@pytest.fixture(params=["light", "dark"])
def watched(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A fresh page in either colour scheme."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    watching = Watched(context.new_page())
    watching.page.on("request", lambda asked: watching.requests.append(asked.url))
    watching.page.on("pageerror", lambda error: watching.complaints.append(str(error)))
    watching.page.on(
        "console", lambda said: watching.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    yield watching
    context.close()
