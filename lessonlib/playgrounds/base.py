"""What every playground is made of: a still picture, Undo, code to copy, a line for messages."""

import html
import time

import torch
from IPython.display import display
from ipywidgets import HTML, Button, HBox, Layout, Textarea, ToggleButton, VBox

from lessonlib.figures.pictures import as_html, bundle, card
from lessonlib.playgrounds.live import SCRIPT

__all__ = ["LiveBox", "Playground", "explain", "message", "message_line"]

VIEW = "application/vnd.jupyter.widget-view+json"
# Of two outputs, one under the other, the page shows one: the widgets, or their still where they
# are missing, as in a saved notebook opened without its kernel. FRAME is what JupyterLab, classic
# Notebook and pages exported from them put around an output; elsewhere the still is never seen.
STYLE = """<style>
.lesson-still { display: none }
FRAME:not(:has(.lesson-widgets)) + FRAME > * > .lesson-still { display: block }
FRAME:not(:has(.lesson-widgets)):has(+ FRAME > * > .lesson-still) { display: none }
FRAME:has(.lesson-widgets) + FRAME:has(> * > .lesson-still) { display: none }
</style>""".replace("FRAME", ":is(.jp-OutputArea-child, .output_area)")
# gives number fields and menus the hand that live/ has; an Output widget with this would break in
# Notebook 6.5
HAND = f"<script>{SCRIPT}\nlesson.adopt();</script>"
REST = 0.5  # seconds: changes that follow each other sooner, as in a drag, are one step of Undo


class LiveBox(VBox):
    """A box of widgets that also leaves a still picture in the saved notebook.

    GitHub and print show that, and Jupyter where no kernel has the widgets. A subclass gives
    `still()`, PNG bytes, and `alt()`, the words for it; or, where words are better, a `fallback()`
    of its own.
    """

    def __init__(self, children):
        super().__init__(children)
        self.add_class("lesson-widgets")
        self._kept = None  # the still in the notebook, once it is displayed

    def fallback(self):
        """What the saved notebook keeps, by MIME type, and its metadata."""
        still = card(self.still())
        data, metadata = bundle(still, self.alt())
        return {"text/html": as_html(still, self.alt())} | data, metadata

    def keep(self):
        """Let a notebook that has displayed it keep what it shows now."""
        if self._kept:
            data, metadata = self._fallback()
            self._kept.update(data, metadata=metadata, raw=True)

    def _ipython_display_(self, **kwargs):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        display({VIEW: view, "text/plain": ""}, raw=True)
        data, metadata = self._fallback()
        self._kept = display(data, metadata=metadata, raw=True, display_id=True)
        if hasattr(self, "_handle_displayed"):  # ipywidgets 7, as on Colab
            self._handle_displayed(**kwargs)

    def _fallback(self):
        data, metadata = self.fallback()
        still = f'<div class="lesson-still">{data["text/html"]}</div>'
        data["text/html"] = STYLE + still + HAND
        return data, metadata | {"lesson": {"widgets": True}}


class Playground(LiveBox):
    """A LiveBox with *Undo* and *As code*, which gives what is shown as lines of torch to copy.

    A subclass gives `inputs()`, a list of (object, attribute) that make up what the learner has
    set; `draw()`, which shows it; and `code()`, lines that compute the same with torch alone.
    """

    def __init__(self, children):
        self.message = message_line()
        self._undo = Button(
            description="Undo", icon="undo", disabled=True, layout=Layout(width="90px")
        )
        self._as_code = ToggleButton(
            description="As code", icon="code", layout=Layout(width="110px")
        )
        self._code = Textarea(layout=Layout(width="760px", height="190px", display="none"))
        explain(self._undo, "Take the last change back")
        explain(self._as_code, "Lines of Python that compute the same, to copy")
        self._past = [self._state()]
        self._changed = -REST
        self._restoring = False
        self._undo.on_click(lambda _: self.undo())
        self._as_code.observe(self._show_code, "value")
        super().__init__([*children, self.message, HBox([self._undo, self._as_code]), self._code])

    def undo(self):
        """Go back by one change, to the first state at most."""
        if len(self._past) < 2:
            return
        self._past.pop()
        self._changed = -REST
        self._restoring = True
        try:
            for (owner, attribute), value in zip(self.inputs(), self._past[-1]):
                setattr(owner, attribute, value)
        finally:
            self._restoring = False
        self.update()

    def update(self):
        """Remember the state and draw it: to be called at every change of an input."""
        if self._restoring:
            return
        state = self._state()
        if not all(map(_same, state, self._past[-1])):
            if len(self._past) > 1 and time.monotonic() - self._changed < REST:
                self._past.pop()
            self._past.append(state)
        self._undo.disabled = len(self._past) < 2
        self.draw()
        self._show_code()
        self._changed = time.monotonic()

    def update_with(self, controls):
        """Call `update` whenever the value of one of these widgets changes."""
        for control in controls:
            control.observe(lambda _: self.update(), "value")

    def say(self, text):
        """Show the text in the message line."""
        self.message.value = message(text)

    def _state(self):
        return [getattr(owner, attribute) for owner, attribute in self.inputs()]

    def _show_code(self, _=None):
        self._code.layout.display = "" if self._as_code.value else "none"
        if self._as_code.value:
            self._code.value = self.code()


def explain(control, words):
    """Give a button words that show under the pointer; without them a browser shows "null"."""
    if control.has_trait("tooltip"):  # a FileUpload of ipywidgets 7 has none
        control.tooltip = words


def message(text):
    """One line of HTML for under a playground, announced by screen readers."""
    return f'<span role="status">{html.escape(text)}</span>'


def message_line():
    """The widget that shows `message`s, of a fixed height so that nothing below it jumps."""
    return HTML(layout=Layout(min_height="2em"))


def _same(a, b):
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
