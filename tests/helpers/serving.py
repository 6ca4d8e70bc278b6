"""A notebook server on loopback, and the headless Chromium that looks at it."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextmanager
def served(command, root, environment):
    """Run the server `command` in the folder `root`, its settings and data in folders of their own;
    gives the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {
        f"JUPYTER{name}": str(root / name) for name in ("_CONFIG_DIR", "_DATA_DIR", "_RUNTIME_DIR")
    }
    flags = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    with (root / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *flags],
            cwd=root,
            env=os.environ | folders | environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", root / "log", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address, log, server):
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The notebook server did not start:\n{log.read_text()[-2000:]}")
