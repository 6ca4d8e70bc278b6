"""Playground: stack layers of any kernel size and stride, and see what one output sees."""

import torch
import torch.nn.functional as F

from lessonlib.figures.pictures import pixels, titled
from lessonlib.kernels import receptive_field
from lessonlib.playgrounds.colors import blue
from lessonlib.playgrounds.live import WORDS as LIVE_WORDS
from lessonlib.playgrounds.live import LivePlayground

__all__ = ["ReceptiveFieldPlayground", "paths"]

WIDTH = 64  # pixels of the row that the picture shows
PIXEL = 10  # how wide each is drawn
HEIGHT = 60  # and how high
START = (2, 2, 1, 1, 1)  # kernel sizes
TITLE = f"the middle of a row of {WIDTH} pixels: what one output sees"
WORDS = {
    "title": TITLE,
    "alt": "The pixels that one output sees: the darker, the more paths lead there.",
    "size": "size {n}",
    "stride": "stride {n}",
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
    """Up to five layers; a kernel of size 1 does nothing, so ones make a stack shorter."""

    name = "stack"

    def state(self):
        return {
            "kind": "stack",
            "layers": [(k, 1) for k in START],
            "largest": 7,
            "longest": 3,
            "pixels": WIDTH,
            "words": LIVE_WORDS | WORDS,
            "code": CODE,
        }

    def still(self):
        picture = _row_picture(paths(START, [1] * len(START)))
        return titled(pixels(picture), {0: TITLE})

    def alt(self):
        return (
            f"Receptive field playground: a row of pixels; one output of the stack sees "
            f"{receptive_field(START)} of them, the middle ones most often."
        )


def _row_picture(seen):
    """The middle of the row, `(3, HEIGHT, WIDTH * PIXEL)`: darker where more paths lead."""
    middle = seen[max(0, (len(seen) - WIDTH) // 2) :][:WIDTH]
    start = (WIDTH - len(middle)) // 2
    share = torch.zeros(1, WIDTH, dtype=torch.float64)
    share[0, start : start + len(middle)] = middle / seen.max()
    picture = blue(share).repeat_interleave(PIXEL, 2).repeat_interleave(HEIGHT, 1)
    picture[:, :, PIXEL - 1 :: PIXEL] = 0.75  # a line between two pixels, to count them by
    return picture
