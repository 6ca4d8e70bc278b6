"""Playground: stack layers of any kernel size and stride, and see what one output sees."""

import torch
import torch.nn.functional as F
from ipywidgets import HBox, IntSlider, Layout, VBox

from lessonlib.kernels import output_size, receptive_field
from lessonlib.playgrounds.base import Pane, Playground, still_of

__all__ = ["ReceptiveFieldPlayground", "paths"]

WIDTH = 64  # pixels of the row that the picture shows
PIXEL, HEIGHT = 10, 60  # how wide and high each is drawn


def paths(sizes, strides):
    """Along how many paths one output of the stack reaches each pixel of its receptive field, `(field,)`, in one dimension."""
    count = torch.ones(1, 1, 1, dtype=torch.float64)
    for k, stride in reversed(list(zip(sizes, strides))):
        count = F.conv_transpose1d(count, torch.ones(1, 1, k, dtype=torch.float64), stride=stride)
    return count[0, 0]


class ReceptiveFieldPlayground(Playground):
    """Up to five layers: a kernel of size 1 does nothing, so that a shorter stack is one with ones in it."""

    def __init__(self):
        self.sizes = [
            IntSlider(value=k, min=1, max=7, layout=Layout(width="300px")) for k in (2, 2, 1, 1, 1)
        ]
        self.strides = [
            IntSlider(value=1, min=1, max=3, layout=Layout(width="300px")) for _ in self.sizes
        ]
        self.pane = Pane(
            f"the middle of a row of {WIDTH} pixels: what one output sees",
            "The pixels that one output sees.",
            zoom=1,
        )
        rows = []
        for number, (size, stride) in enumerate(zip(self.sizes, self.strides), 1):
            size.description, stride.description = f"size {number}", f"stride {number}"
            rows.append(HBox([size, stride]))
            for slider in (size, stride):
                slider.observe(lambda _: self.update(), "value")
        super().__init__([VBox(rows), self.pane])
        self.draw()

    @property
    def field(self):
        """The receptive field of the stack."""
        return receptive_field(*self._layers())

    def inputs(self):
        return [(slider, "value") for slider in (*self.sizes, *self.strides)]

    def draw(self):
        sizes, strides = self._layers()
        seen = paths(sizes, strides)
        row = torch.zeros(WIDTH, dtype=torch.float64)
        shown = seen[max(0, (len(seen) - WIDTH) // 2) :][:WIDTH]
        start = (WIDTH - len(shown)) // 2
        row[start : start + len(shown)] = shown / seen.max()
        # white where nothing is seen, blue where many paths lead
        blue = torch.stack([1 - row, 1 - 0.55 * row, 1 - 0.3 * row])[:, None, :].repeat_interleave(
            PIXEL, 2
        )
        picture = blue.expand(3, HEIGHT, -1).clone()
        picture[:, :, PIXEL - 1 :: PIXEL] = 0.75  # a line between two pixels, to count them by
        self.pane.show(picture)
        outputs = WIDTH
        for k, stride in zip(sizes, strides):
            outputs = output_size(outputs, k, stride, (k // 2, k - 1 - k // 2))
        weights = sum(k * k for k in sizes if k > 1)
        self.say(
            f"One output sees {self.field} pixels a side; {WIDTH} pixels become {outputs}. "
            f"The stack has {weights} weights a channel, the one kernel that does the same has {self.field**2}."
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
        return f"Stack playground: a row of pixels; one output of the stack sees {self.field} of them, the middle ones most often."

    def _layers(self):
        return [s.value for s in self.sizes], [s.value for s in self.strides]
