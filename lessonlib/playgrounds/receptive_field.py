"""Playground: stack layers of any kernel size and stride, and see what one output sees."""

import io

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont

from lessonlib.figures.pictures import titled
from lessonlib.figures.style import entry_color
from lessonlib.kernels import receptive_field
from lessonlib.playgrounds.live import WORDS as LIVE_WORDS
from lessonlib.playgrounds.live import LivePlayground

__all__ = ["ReceptiveFieldPlayground", "paths"]

WIDTH = 32  # pixels of the row that the picture shows
START = (2, 2, 2, 2, 2)  # kernel sizes
LARGEST = 7  # kernel size
LONGEST = 3  # stride
CELL = 22  # how large a pixel is drawn in the still
PITCH = 52  # from a row to the next
TITLE = f"what one output sees of a row of {WIDTH} pixels"
WORDS = {
    "title": TITLE,
    "which": "The output that is looked at",
    "output": "Output {n} of {outputs} sees pixels {first} to {last}.",
    "layer": "{name} of layer {n}",
    "rule": "Each {name} is a whole number from 1 to {most}",
    "summary": (
        "One output sees {field} pixels a side; {pixels} pixels become {outputs}. The stack has "
        "{weights} weights per channel, the one kernel that does the same has {one}."
    ),
}
CODE = """import torch

# what one output sees: the pixels that its gradient reaches
x = torch.zeros(1, 1, 1000, dtype=torch.float64, requires_grad=True)
y = x
for k, s in zip({sizes}, {strides}):
    y = torch.nn.functional.conv1d(y, torch.ones(1, 1, k, dtype=torch.float64), stride=s)
y[0, 0, 0].backward()
field = int(x.grad.nonzero()[-1, -1]) + 1"""


def paths(sizes, strides):
    """Along how many paths one output of the stack reaches each pixel of its receptive field.

    In one dimension: `(field,)`, float64.
    """
    count = torch.ones(1, 1, 1, dtype=torch.float64)
    for k, stride in reversed(list(zip(sizes, strides))):
        count = F.conv_transpose1d(count, torch.ones(1, 1, k, dtype=torch.float64), stride=stride)
    return count[0, 0]


class ReceptiveFieldPlayground(LivePlayground):
    """Five layers; a kernel of size 1 does nothing, so ones make a stack shorter."""

    name = "stack"

    def state(self):
        sizes = [[k] for k in START]
        strides = [[1]] * len(START)
        return {
            "kind": "stack",
            "columns": [
                {"name": "size", "most": LARGEST, "start": sizes},
                {"name": "stride", "most": LONGEST, "start": strides},
            ],
            "pixels": WIDTH,
            "words": LIVE_WORDS | WORDS,
            "code": CODE,
        }

    def still(self):
        return titled(_cone(START), {0: TITLE})

    def alt(self):
        return (
            f"Receptive field playground: rows of cells, from the pixels to the outputs of "
            f"{len(START)} layers; a cone from one output up to the {receptive_field(START)} "
            "pixels that it sees, the middle ones along most paths."
        )


def _cone(sizes):
    """PNG bytes: the rows of cells, and in them what one output in the middle sees, stride 1."""
    page = Image.new("RGB", (CELL * WIDTH + 1, PITCH * len(sizes) + CELL + 1), "white")
    draw = ImageDraw.Draw(page)
    draw.font = ImageFont.load_default(13)
    for n, k in enumerate(sizes):
        counts = paths(sizes[n:], [1] * len(sizes[n:]))
        _draw_paths(draw, n, len(counts) - k + 1, k)
        _draw_row(draw, n, counts)
    _draw_row(draw, len(sizes), torch.ones(1))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def _left(count):
    """Where a run of so many cells begins that stands in the middle, in pixels of the drawing."""
    return CELL * (WIDTH - count) // 2


def _draw_paths(draw, n, outputs, k):
    """From each of the outputs in row n + 1 to the k cells of row n that it sees."""
    top = PITCH * n + CELL
    for j in range(outputs):
        for tap in range(k):
            above = _left(outputs + k - 1) + CELL * (j + tap) + CELL / 2
            below = _left(outputs) + CELL * j + CELL / 2
            draw.line((above, top, below, top + PITCH - CELL), "#7a9cb8", 2)


def _draw_row(draw, n, counts):
    """The cells of row n, and in the middle those that are seen, with the number of paths."""
    top = PITCH * n
    shift = _left(len(counts)) % CELL  # an even number of cells stands between those of an odd one
    for left in range(shift, CELL * WIDTH - CELL + 1, CELL):
        draw.rectangle((left, top, left + CELL, top + CELL), "white", "#bbbbbb")
    for j, ways in enumerate(counts.tolist()):
        left = _left(len(counts)) + CELL * j
        color = entry_color(ways / counts.max().item())
        draw.rectangle((left, top, left + CELL, top + CELL), color, "#bbbbbb")
        middle = (left + CELL / 2, top + CELL / 2)
        draw.text(middle, f"{ways:.0f}", "#111111", anchor="mm")
