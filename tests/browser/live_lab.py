"""A real JupyterLab on loopback, for the browser tests and for the benchmark of the playgrounds."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# no news from the network, and every cell in the page, also those out of sight
SETTINGS = {"apputils-extension/notification": {"fetchNews": "false"}, "notebook-extension/tracker": {"windowingMode": "none"}}
READY = """() => { const p = window.jupyterapp?.shell?.currentWidget;
    const k = p?.context?.sessionContext?.session?.kernel;
    return p?.context?.isReady && k?.connectionStatus === 'connected' && k?.status === 'idle'; }"""


@contextmanager
def live_lab(root):
    """Serve the folder `root` with JupyterLab, its settings and data in folders of their own; gives the address."""
    for plugin, values in SETTINGS.items():
        file = root / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {
        f"JUPYTER{name}": str(root / name) for name in ("_CONFIG_DIR", "_DATA_DIR", "_RUNTIME_DIR", "LAB_WORKSPACES_DIR")
    } | {"JUPYTERLAB_SETTINGS_DIR": str(root / "settings")}
    flags = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root", "--IdentityProvider.token=",
             "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    with (root / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *flags], cwd=root, env=os.environ | folders, stdout=log, stderr=log
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", root / "log", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def open_notebook(page, lab, name):
    """Open `notebooks/<name>.ipynb` and wait for its kernel."""
    page.goto(f"{lab}/lab/tree/notebooks/{name}.ipynb?reset")
    page.wait_for_function(READY)


def pictures(box):
    """What the pictures of a playground are, as addresses that change with them."""
    return [image.get_attribute("src") for image in box.locator("img").all()]


def box_with(page, text):
    """The live playground that shows `text`."""
    box = page.locator(".jp-OutputArea-output .widget-vbox").filter(has_text=text).first
    box.scroll_into_view_if_needed()
    box.locator("img").first.wait_for()
    return box


def _wait_for(address, log, server):
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
