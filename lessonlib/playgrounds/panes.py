"""Pictures inside a playground: one under a title, several in a row, words for screen readers."""

import html

import torch
import torch.nn.functional as F
from ipywidgets import HTML, HBox, Image, Label, Layout, VBox

from lessonlib.figures.pictures import pixels, side_by_side, titled

__all__ = ["NOTHING", "Pane", "Strip", "Unseen", "in_a_row", "still_of"]

NOTHING = torch.ones(3, 1, 1)  # an empty picture


class Pane(VBox):
    """A picture of fixed size under a title: `show(values)` takes `(3, h, w)` or `(h, w)`, 0 to 1.

    The words of `alt` stand beside it for screen readers only: an Image widget has no alternative
    text, and with a tooltip ipywidgets 8.1 does not draw it at all.
    """

    def __init__(self, title, alt, zoom=2):
        self.title = title
        self.image = Image(format="png")
        self._zoom = zoom
        self._values = None
        super().__init__([Label(title), self.image, Unseen(alt)])

    def show(self, values):
        if values is not self._values:  # the photo itself is mostly the one that is there already
            self._values = values
            self.image.value = pixels(values, self._zoom)

    def still(self):
        """PNG bytes: the picture under its title."""
        return titled(self.image.value, {0: self.title})


class Strip(VBox):
    """Pictures in a row that change together, a title over each, as one Image.

    So the browser gets one message, not one per picture. `show(pictures)` takes one `(3, h, w)` for
    each title, none larger than `side` x `side`, in [0, 1]; over NOTHING stands no title.
    """

    GAP = 6  # white pixels between two pictures

    def __init__(self, titles, alt, side):
        self.titles = titles
        self.image = Image(format="png")
        self._side = side
        # the margin makes it as high as the label of a Pane
        look = Layout(width=f"{side + self.GAP}px", margin="2px 0")
        self._labels = [Label(title, layout=look) for title in titles]
        super().__init__([HBox(self._labels), self.image, Unseen(alt)])

    def show(self, pictures):
        for label, title, picture in zip(self._labels, self.titles, pictures):
            label.value = "" if picture is NOTHING else title
        *others, last = map(self._square, pictures)
        spaced = [F.pad(square, (0, self.GAP), value=1) for square in others]
        self.image.value = pixels(torch.cat([*spaced, last], 2))

    def still(self):
        """PNG bytes: the pictures under their titles."""
        step = self._side + self.GAP
        return titled(self.image.value, {k * step: title for k, title in enumerate(self.titles)})

    def _square(self, picture):
        """The picture with white at its right and below it."""
        _, h, w = picture.shape
        return F.pad(picture, (0, self._side - w, 0, self._side - h), value=1)


class Unseen(HTML):
    """Words that only a screen reader finds; `say` changes them."""

    def __init__(self, words=""):
        # hidden, or the line of 28 pixels that it never shows gives the box around it a scroll bar
        super().__init__(layout=Layout(height="0", margin="0", overflow="hidden"))
        self.say(words)

    def say(self, words):
        self.value = f'<span style="position:absolute;left:-9999px">{html.escape(words)}</span>'


def in_a_row(widgets):
    """The widgets side by side, each in its own width: the next line takes what does not fit."""
    for widget in widgets:
        widget.layout.flex = "0 0 auto"
    return HBox(widgets, layout=Layout(flex_flow="row wrap"))


def still_of(parts):
    """One row of what the parts of a playground show, each with its name.

    parts: Panes, Strips, KernelEditors.
    """
    return side_by_side([part.still() for part in parts])
