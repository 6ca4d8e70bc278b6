"""Headless Firefox, driven by WebDriver BiDi: JSON over a socket that it opens itself."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from contextlib import contextmanager
from pathlib import Path

from websocket import create_connection

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One tab. `errors` are those of the scripts in its pages, `asked` the addresses it fetched."""

    def __init__(self, socket):
        self.errors = []
        self.asked = []
        self._socket = socket
        self._sent = 0
        self.send("session.new", capabilities={})
        (tab,) = self.send("browsingContext.getTree")["contexts"]
        self._tab = tab["context"]
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def send(self, method, **params):
        """What Firefox answers to a command of the protocol."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            heard = json.loads(self._socket.recv())
            if heard["type"] == "event":
                self._hear(heard)
            elif heard.get("id") == self._sent:
                assert heard["type"] == "success", heard
                return heard["result"]

    def _hear(self, event):
        params = event["params"]
        if event["method"] == "network.beforeRequestSent":
            self.asked.append(params["request"]["url"])
        elif params["type"] == "javascript" and params["level"] == "error":
            self.errors.append(params["text"])

    def goto(self, address):
        self.send("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def resize(self, width, height):
        viewport = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def evaluate(self, expression):
        """The value of an expression of JavaScript, or of the promise that it gives."""
        wrapped = f"Promise.resolve({expression}).then(value => JSON.stringify(value ?? null))"
        found = self.send(
            "script.evaluate",
            expression=wrapped,
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return json.loads(found["result"]["value"])

    def press(self, key):
        """A key, on what has the focus."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        hand = {"type": "key", "id": "keys", "actions": keys}
        self.send("input.performActions", context=self._tab, actions=[hand])

    def screenshot(self):
        """PNG bytes of what is seen."""
        shot = self.send("browsingContext.captureScreenshot", context=self._tab)
        return b64decode(shot["data"])


@contextmanager
def a_firefox():
    """A Firefox with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [FIREFOX, "--headless", "--remote-debugging-port=0", "--profile", profile]
        log = Path(profile) / "log"
        with log.open("w") as written:
            process = subprocess.Popen(command, stdout=written, stderr=written)
        try:
            # with an origin, as of a page, it would refuse
            address = f"{_address(log, process)}/session"
            yield Firefox(create_connection(address, 60, suppress_origin=True))
        finally:
            process.terminate()
            process.wait(30)


def _address(log, process):
    """Where it listens, once it says so."""
    for _ in range(600):
        if found := re.search(r"BiDi listening on (ws://\S+)", log.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"Firefox did not start:\n{log.read_text()[-2000:]}")
