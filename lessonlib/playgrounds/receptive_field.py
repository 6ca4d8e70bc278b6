"""Playground: stack layers of any kernel size and stride, and see what one output sees."""

import torch
import torch.nn.functional as F
from ipywidgets import HBox, IntSlider, VBox

from lessonlib.kernels import output_size, receptive_field
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.colors import blue
from lessonlib.playgrounds.panes import Pane, still_of

__all__ = ["ReceptiveFieldPlayground", "paths"]

WIDTH = 64  # pixels of the row that the picture shows
PIXEL = 10  # how wide each is drawn
HEIGHT = 60  # and how high
START = (2, 2, 1, 1, 1)  # kernel sizes
LOOK = {"layout": {"width": "300px"}}


def paths(sizes, strides):
    """Along how many paths one output of the stack reaches each pixel of its receptive field.

    In one dimension: `(field,)`, float64.
    """
    count = torch.ones(1, 1, 1, dtype=torch.float64)
    for k, stride in reversed(list(zip(sizes, strides))):
        count = F.conv_transpose1d(count, torch.ones(1, 1, k, dtype=torch.float64), stride=stride)
    return count[0, 0]


class ReceptiveFieldPlayground(Playground):
    """Up to five layers; a kernel of size 1 does nothing, so ones make a stack shorter."""

    def __init__(self):
        self.sizes = []
        self.strides = []
        for n, k in enumerate(START, 1):
            self.sizes.append(IntSlider(description=f"size {n}", value=k, min=1, max=7, **LOOK))
            self.strides.append(IntSlider(description=f"stride {n}", value=1, min=1, max=3, **LOOK))
        self._sliders = [*self.sizes, *self.strides]
        self.pane = Pane(
            f"the middle of a row of {WIDTH} pixels: what one output sees",
            "The pixels that one output sees.",
            zoom=1,
        )
        rows = [HBox(layer) for layer in zip(self.sizes, self.strides)]
        super().__init__([VBox(rows), self.pane])
        self.update_with(self._sliders)
        self.draw()

    @property
    def field(self):
        """The receptive field of the stack."""
        return receptive_field(*self._layers())

    def inputs(self):
        return [(slider, "value") for slider in self._sliders]

    def draw(self):
        sizes, strides = self._layers()
        self.pane.show(_row_picture(paths(sizes, strides)))
        outputs = WIDTH
        for k, stride in zip(sizes, strides):
            outputs = output_size(outputs, k, stride, (k // 2, k - 1 - k // 2))
        weights = sum(k * k for k in sizes if k > 1)
        self.say(
            f"One output sees {self.field} pixels a side; {WIDTH} pixels become {outputs}. The "
            f"stack has {weights} weights per channel, the one kernel that does the same has "
            f"{self.field**2}."
        )

    def code(self):
        sizes, strides = self._layers()
        return f"""import torch

# what one output sees: the pixels that its gradient reaches
x = torch.zeros(1, 1, 1000, dtype=torch.float64, requires_grad=True)
y = x
for k, s in zip({sizes}, {strides}):
    y = torch.nn.functional.conv1d(y, torch.ones(1, 1, k, dtype=torch.float64), stride=s)
y[0, 0, 0].backward()
field = int(x.grad.nonzero()[-1, -1]) + 1"""

    def still(self):
        return still_of([self.pane])

    def alt(self):
        return (
            f"Receptive field playground: a row of pixels; one output of the stack sees "
            f"{self.field} of them, the middle ones most often."
        )

    def _layers(self):
        sizes = [slider.value for slider in self.sizes]
        strides = [slider.value for slider in self.strides]
        return sizes, strides


def _row_picture(seen):
    """The middle of the row, `(3, HEIGHT, WIDTH * PIXEL)`: darker where more paths lead."""
    middle = seen[max(0, (len(seen) - WIDTH) // 2) :][:WIDTH]
    start = (WIDTH - len(middle)) // 2
    share = torch.zeros(1, WIDTH, dtype=torch.float64)
    share[0, start : start + len(middle)] = middle / seen.max()
    picture = blue(share).repeat_interleave(PIXEL, 2).repeat_interleave(HEIGHT, 1)
    picture[:, :, PIXEL - 1 :: PIXEL] = 0.75  # a line between two pixels, to count them by
    return picture
