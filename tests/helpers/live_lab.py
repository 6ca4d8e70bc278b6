"""A real JupyterLab, for the browser tests and for the benchmark of the playgrounds.

`live_classic` has the same functions.
"""

import json
import sys

from helpers.serving import served

# no news from the network, and every cell in the page, also those out of sight
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false"},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
READY = """() => { const p = window.jupyterapp?.shell?.currentWidget;
    const k = p?.context?.sessionContext?.session?.kernel;
    return p?.context?.isReady && k?.connectionStatus === 'connected' && k?.status === 'idle'; }"""


def live(root):
    """Serve the folder `root`: a context that gives the address."""
    for plugin, values in SETTINGS.items():
        file = root / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    folders = {
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
    }
    flags = ["--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True",
             "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    return served([sys.executable, "-m", "jupyter", "lab", *flags], root, folders)


def open_notebook(page, address, name):
    """Open `notebooks/<name>.ipynb` and wait for its kernel."""
    page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?reset")
    until_ready(page)


def open_without_kernel(page, address, name):
    """Open the file as it is saved; what it shows asks its kernel for nothing."""
    page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?reset")
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context?.isReady")


def until_ready(page):
    page.wait_for_function(READY)


def start_all(page):
    """Run every cell, and do not wait."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def run_all(page):
    """Run every cell and come back when all are done."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")


def interrupt(page):
    page.locator("[data-command='notebook:interrupt-kernel']").first.click()


def save(page):
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


def end_kernel(page):
    page.evaluate("() => window.jupyterapp?.serviceManager?.sessions?.shutdownAll()")
