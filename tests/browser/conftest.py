"""A real JupyterLab on a copy of the notebooks, and a page of headless Chromium in it.

Where there is no Chromium the tests are skipped with that reason, unless LESSON_BROWSER=required.
"""

import os
import shutil
from pathlib import Path

import pytest
from live_lab import CHROMIUM, FLAGS, live_lab, open_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATIENCE = 60_000  # milliseconds


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        if os.environ.get("LESSON_BROWSER") == "required":
            pytest.fail("LESSON_BROWSER=required, but there is no chromium on this machine.")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """The address of a JupyterLab that serves a copy of the notebooks."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    with live_lab(root) as address:
        yield address


@pytest.fixture
def notebook(browser, lab):
    """`notebook(name)` opens it with a fresh kernel and gives the page."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(PATIENCE)

    def opened(name):
        open_notebook(page, lab, name)
        return page

    yield opened
    page.evaluate("() => window.jupyterapp?.serviceManager?.sessions?.shutdownAll()")
    page.close()


@pytest.fixture
def run_all():
    """`run_all(page)` runs every cell and comes back when all are done."""
    return lambda page: page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
