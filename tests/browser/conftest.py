"""Real front ends on a copy of the notebooks, JupyterLab and, where there is one, classic Notebook;
a page of Chromium in them.

Where there is no Chromium the tests are skipped with that reason, unless LESSON_BROWSER=required.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from helpers import live_classic, live_lab
from helpers.hand import box_with
from helpers.live_pages import LEVELS, page_with
from helpers.serving import CHROMIUM, FLAGS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
PATIENCE = 180_000  # milliseconds: on a machine that trains beside the tests a picture takes long
# each kind of what a saved notebook keeps of a playground
KEPT = [
    """from lessonlib.playgrounds.composition import CompositionPlayground
CompositionPlayground()""",
    """from lessonlib.playgrounds.equivalence import EquivalencePlayground
EquivalencePlayground()""",
    'from lessonlib.exercises.quiz import Quiz\nQuiz("02")',
]
CLASSIC = pytest.mark.skipif(
    "LESSON_CLASSIC" not in os.environ,
    reason="LESSON_CLASSIC is not set: scripts/colab_standin.sh sets it",
)


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        if os.environ.get("LESSON_BROWSER") == "required":
            pytest.fail("LESSON_BROWSER=required, but there is no chromium on this machine.")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # in the C locale its storage crashes, again and again, under a path with an umlaut
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            ignore_default_args=["--hide-scrollbars"],  # as in a window
        )
        yield browser
        browser.close()


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(live_lab, id="lab"),
        pytest.param(live_classic, id="classic", marks=CLASSIC),
    ],
)
def front(request):
    """The front end: a module that serves, opens, runs and saves notebooks."""
    return request.param


@pytest.fixture(scope="session")
def server(browser, front, tmp_path_factory):
    """The address of a server of that kind, for a copy of the notebooks and one more, `kept`."""
    root = tmp_path_factory.mktemp("server")
    shutil.copytree(NOTEBOOKS, root / "notebooks", ignore=shutil.ignore_patterns(".*"))
    kernelspec = {"name": "python3", "display_name": "Python 3"}
    kept = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in KEPT],
        metadata={"kernelspec": kernelspec},
    )
    nbformat.write(kept, root / "notebooks" / "kept.ipynb")
    with front.live(root) as address:
        yield address


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site; a Sphinx warning is an error. All workers share one."""
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = together.parent
    whole = together / "site.built"
    with FileLock(together / "site.lock"):
        if not whole.exists():
            build_site(together / "site")
            whole.touch()
    return together / "site" / "html"


def build_site(root):
    built = subprocess.run(
        [sys.executable, "docs/build.py", root],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    assert built.returncode == 0, built.stderr


@pytest.fixture
def notebook(browser, front, server):
    """`notebook(name)` opens it with a fresh kernel and gives the page."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    # a chooser is caught only while somebody listens, and expect_file_chooser begins too late for a
    # key that follows at once
    page.on("filechooser", lambda chooser: None)
    page.set_default_timeout(PATIENCE)

    def opened(name):
        front.open_notebook(page, server, name)
        return page

    yield opened
    front.end_kernel(page)
    page.close()


@pytest.fixture
def playground(front, notebook):
    """`playground(name, text)` runs all of a notebook and gives the playground that shows the text."""

    def found(name, text):
        page = notebook(name)
        front.run_all(page)
        return box_with(page, text)

    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a page on the disk with one playground: `address(name)`."""
    folder = tmp_path_factory.mktemp("pages")

    def of(name):
        file = folder / f"{name}.html"
        file.write_text(page_with(name))
        return file.as_uri()

    return of


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_default_timeout(20_000)
    page.add_init_script(LEVELS)
    yield page
    page.close()


@pytest.fixture
def opened(page, address):
    """`opened(name)` gives the playground, alone in its page, as at first."""
    errors = []

    def remember(error):
        errors.append(str(error))

    def open_page(name):
        page.goto(address(name))
        return page.locator(".lesson-playground")

    page.on("pageerror", remember)
    yield open_page
    page.remove_listener("pageerror", remember)
    assert errors == []


@pytest.fixture
def phone(browser):
    """A page of a phone, as wide as many of them."""
    size = {"width": 390, "height": 600}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()
