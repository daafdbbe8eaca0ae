"""Take the README's pictures of a finished run: ``python docs/screenshots.py build/demo docs``; needs chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGES = {"cohort.png": "index.html", "patient.png": "patients/P04_ERBB2.html"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main(run: Path, folder: Path) -> None:
    """The first screen of each page, as it looks in light colours."""
    chromium = shutil.which("chromium") or sys.exit("Install chromium: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1180, "height": 1000}, color_scheme="light")
        for name, path in PAGES.items():
            page.goto((run / "results/report" / path).resolve().as_uri())
            page.screenshot(path=folder / name)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
