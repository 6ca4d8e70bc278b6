"""What every playground is made of: a box with a still picture, undo, code to copy, panes, a line for messages."""

import html

import torch
import torch.nn.functional as F
from IPython.display import display
from ipywidgets import HTML, Button, HBox, Image, Label, Layout, Textarea, ToggleButton, VBox

from lessonlib.figures.pictures import bundle, pixels, side_by_side, titled

__all__ = [
    "LiveBox",
    "Playground",
    "Pane",
    "Strip",
    "Unseen",
    "shown",
    "still_of",
    "message",
    "message_line",
]


class LiveBox(VBox):
    """A box of widgets that also leaves a still picture in the saved notebook, for GitHub and for print.

    A subclass gives `still()`, PNG bytes, and `alt()`, the words for it; or, where words are better, a `fallback()` of its own.
    """

    def fallback(self):
        """What the saved notebook keeps, by MIME type, and its metadata."""
        return bundle(self.still(), self.alt())

    def _repr_mimebundle_(self, **kwargs):  # ipywidgets 8
        data, metadata = self.fallback()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {"application/vnd.jupyter.widget-view+json": view} | data, metadata

    if not hasattr(VBox, "_repr_mimebundle_"):  # ipywidgets 7, as on Colab

        def _ipython_display_(self, **kwargs):
            data, metadata = self._repr_mimebundle_()
            display(data, metadata=metadata, raw=True)
            self._handle_displayed(**kwargs)


class Playground(LiveBox):
    """A LiveBox with a way back and a way out: *Undo*, and the screen as torch lines to copy.

    A subclass gives `inputs()`, a list of (object, attribute) that make up what the learner has set; `draw()`, which shows it;
    and `code()`, lines that compute the same with torch alone.
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
        self._past, self._restoring = [self._state()], False
        self._undo.on_click(lambda _: self.undo())
        self._as_code.observe(self._show_code, "value")
        super().__init__([*children, self.message, HBox([self._undo, self._as_code]), self._code])

    def undo(self):
        """Go back by one change, to the first state at most."""
        if len(self._past) < 2:
            return
        self._past.pop()
        self._restoring = True
        try:
            for (owner, attribute), value in zip(self.inputs(), self._past[-1]):
                setattr(owner, attribute, value)
        finally:
            self._restoring = False
        self.update()

    def update(self):
        """Remember the state and draw it; what every change of an input calls."""
        if self._restoring:
            return
        state = self._state()
        if not all(map(_same, state, self._past[-1])):
            self._past.append(state)
        self._undo.disabled = len(self._past) < 2
        self.draw()
        self._show_code()

    def say(self, text):
        self.message.value = message(text)

    def _state(self):
        return [getattr(owner, attribute) for owner, attribute in self.inputs()]

    def _show_code(self, _=None):
        self._code.layout.display = "" if self._as_code.value else "none"
        if self._as_code.value:
            self._code.value = self.code()


class Pane(VBox):
    """A picture of fixed size under a title: `show(values)` takes `(3, h, w)` or `(h, w)` in [0, 1].

    The words of `alt` stand beside it for screen readers only: an Image widget has no alternative text, and a tooltip keeps
    ipywidgets 8.1 from drawing it at all.
    """

    def __init__(self, title, alt, zoom=2):
        self.title, self.image, self._zoom, self._values = title, Image(format="png"), zoom, None
        super().__init__([Label(title), self.image, Unseen(alt)])

    def show(self, values):
        if values is not self._values:  # the photo itself is mostly the one that is there already
            self._values, self.image.value = values, pixels(values, self._zoom)

    def still(self):
        """PNG bytes: the picture under its title."""
        return titled(self.image.value, {0: self.title})


class Strip(VBox):
    """Pictures in a row that change together, a title over each, as one Image: one message to the browser, not one a picture.

    `show(pictures)` takes as many `(3, h, w)` as there are titles, none larger than `side` x `side`, in [0, 1].
    """

    GAP = 6  # white pixels between two pictures

    def __init__(self, titles, alt, side):
        self.titles, self.image, self._side = titles, Image(format="png"), side
        width = Layout(
            width=f"{side + self.GAP}px", margin="2px 0"
        )  # as high as the label of a Pane
        super().__init__(
            [HBox([Label(title, layout=width) for title in titles]), self.image, Unseen(alt)]
        )

    def show(self, pictures):
        squares = [
            F.pad(p, (0, self._side - p.shape[2], 0, self._side - p.shape[1]), value=1)
            for p in pictures
        ]
        spaced = [F.pad(square, (0, self.GAP), value=1) for square in squares[:-1]]
        self.image.value = pixels(torch.cat([*spaced, squares[-1]], 2))

    def still(self):
        """PNG bytes: the pictures under their titles."""
        return titled(
            self.image.value,
            {k * (self._side + self.GAP): title for k, title in enumerate(self.titles)},
        )


class Unseen(HTML):
    """Words that only a screen reader finds; `say` changes them."""

    def __init__(self, words=""):
        super().__init__(layout=Layout(height="0", margin="0"))
        self.say(words)

    def say(self, words):
        self.value = f'<span style="position:absolute;left:-9999px">{html.escape(words)}</span>'


def still_of(parts):
    """One row of what the parts of a playground show, each with its name: a Pane, a Strip, or a KernelEditor."""
    return side_by_side([part.still() for part in parts])


def shown(values, kernel):
    """Values as brightness in [0, 1], and the rule in words: grey is 0 where the entries of `kernel` cancel."""
    total = kernel.sum()
    if total.abs() <= 0.1 * kernel.abs().sum():
        return 0.5 + values / 2, "They cancel: the picture shows 0 as middle grey."
    if total > 1:
        return values / total, "The picture is divided by that sum, to stay as bright as it was."
    return values, "The picture is cut off below black and above white."


def message(text):
    """One line of HTML for under a playground, announced by screen readers."""
    return f'<span role="status">{html.escape(text)}</span>'


def message_line():
    """The widget that shows `message`s, of a fixed height so that nothing below it jumps."""
    return HTML(layout=Layout(min_height="2em"))


def _same(a, b):
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
