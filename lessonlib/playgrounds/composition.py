"""Playground: edit B and C, see the one kernel A they make, and the photo through both routes."""

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels, side_by_side, stacked, titled
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_table import kernel_picture
from lessonlib.playgrounds.live import LivePlayground, rows, with_photos
from lessonlib.sample_photos import sample_photo

__all__ = ["CompositionPlayground", "composition_still"]

SIDE = 120  # pixels of the photo
FIRST = "Sobel"  # the preset to begin with
TITLES = ["the photo", "after B", "after B, then C", "after A alone"]
VIEWS = [
    {"title": TITLES[0], "alt": "The photo. Arrow keys move the pixel that is looked at."},
    {"title": TITLES[1], "alt": "The photo after B.", "sign": "\u2192"},
    {"title": TITLES[2], "alt": "The photo after B and then C.", "sign": "\u2192"},
    {
        "title": TITLES[3],
        "alt": "The photo after A alone: the same picture.",
        "sign": "=",
    },
]
WORDS = {
    "a": "A, both at once",
    "b": "B, first",
    "c": "C, second",
    "then": "then",
    "are": "are",
    "times": "\u00d7 A =",
    "point": "Point at an entry of A to see what it is made of, of B or C to see where it goes.",
    "goes_into": "{entry} goes into {count} entries of A, once with each entry of the other.",
    "summary": (
        "Largest difference between the two routes: {difference}, on values up to {largest}."
    ),
}
CODE = """import torch
from torch.nn.functional import conv2d
{photo}
B = {B}
C = {C}
A = {A}
two_steps = conv2d(conv2d(x[:, None], B[None, None]), C[None, None])[:, 0]
one_step = conv2d(x[:, None], A[None, None])[:, 0]"""


class CompositionPlayground(LivePlayground):
    """Two editable kernels composing live into one.

    pairs: the presets, `{name: (B, C)}`, all of one size: `named_kernels.PAIRS` or
    `named_kernels.PAIRS_OF_THREE`. "Sobel" comes first.
    """

    def __init__(self, pairs=named_kernels.PAIRS):
        self.pairs = pairs
        k = len(pairs[FIRST][0])
        self.name = f"composition of {k}x{k}"

    def state(self):
        parts = {"presets": rows(self.pairs), "first": FIRST, "views": VIEWS, "code": CODE}
        return with_photos("composition", SIDE, WORDS, **parts)

    def still(self):
        return composition_still(*self.pairs[FIRST])

    def alt(self):
        return (
            "Composition playground: the kernels B and C and the kernel A that they make; a photo, "
            "after B, after B then C, and after A alone; the last two are the same picture."
        )


def composition_still(b, c):
    """PNG bytes: B, C and the A that they make, and the photo after each."""
    a = compose(b, c)
    photo = sample_photo(size=SIDE)
    after_b = correlate(photo, b)
    two_steps = correlate(after_b, c)
    one_step = correlate(photo, a)
    routes = [(after_b, b), (two_steps, a), (one_step, a)]
    shown = [photo, *(brightness(values, kernel)[0] for values, kernel in routes)]
    pictures = [titled(pixels(values, 2), {0: title}) for values, title in zip(shown, TITLES)]
    names = {"B, first": b, "C, second": c, "A, both at once": a}
    kernels = [kernel_picture(kernel, name) for name, kernel in names.items()]
    return stacked([side_by_side(kernels, gap=40), side_by_side(pictures)])
