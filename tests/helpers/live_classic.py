"""A real classic Notebook 6.5 with ipywidgets 7, Colab's versions: the functions of `live_lab`.

LESSON_CLASSIC names the Python that has them; `scripts/colab_standin.sh` sets it.
"""

import os
from pathlib import Path

from helpers.serving import served

ROOT = Path(__file__).parents[2]
PATIENCE = 300_000  # milliseconds, for a whole notebook
# the widgets' extension has the kernel's messages only some time after the kernel is there
READY = """() => { const n = window.Jupyter?.notebook;
    return n?._fully_loaded && n.kernel?.is_connected() && n.kernel.widget_manager &&
    !n.kernel_busy; }"""
# That extension first asks the kernel for widgets to restore, in a few messages of its own; a cell
# run meanwhile, faster than
# any hand, loses its view. The kernel answers in order, so wait for a few answers.
SETTLED = """async () => { for (let i = 0; i < 5; i++)
    await new Promise(done => Jupyter.notebook.kernel.comm_info('jupyter.widget', () => done()));
    }"""


def live(root):
    """Serve the folder `root`: a context that gives the address."""
    # formulas stay as typed: MathJax would come from the network
    flags = [
        "--no-mathjax",
        "--NotebookApp.token=",
        "--NotebookApp.password=",
        "--NotebookApp.disable_check_xsrf=True",
    ]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return served(
        [os.environ["LESSON_CLASSIC"], "-m", "notebook", *flags], root, {"PYTHONPATH": paths}
    )


def open_notebook(page, address, name):
    """Open `notebooks/<name>.ipynb` and wait for its kernel."""
    page.goto(f"{address}/notebooks/notebooks/{name}.ipynb")
    until_ready(page)


def open_without_kernel(page, address, name):
    """Open the file as it is saved; what it shows asks its kernel for nothing."""
    page.goto(f"{address}/notebooks/notebooks/{name}.ipynb")
    page.wait_for_function("() => window.Jupyter?.notebook?._fully_loaded")


def until_ready(page):
    page.wait_for_function(READY)
    page.evaluate(SETTLED)


def start_all(page):
    """Run every cell, and do not wait."""
    page.evaluate("() => Jupyter.notebook.execute_all_cells()")


def run_all(page):
    """Run every cell and come back when all are done."""
    start_all(page)
    done = "() => !document.querySelector('.code_cell.running') && !Jupyter.notebook.kernel_busy"
    page.wait_for_function(done, timeout=PATIENCE)


def interrupt(page):
    page.locator("[data-jupyter-action='jupyter-notebook:interrupt-kernel']").click()


def save(page):
    page.evaluate("() => Jupyter.notebook.save_notebook()")


def end_kernel(page):
    page.evaluate(
        "() => window.Jupyter && fetch(Jupyter.notebook.session.session_url, {method: 'DELETE'}).then(() => null)"
    )
