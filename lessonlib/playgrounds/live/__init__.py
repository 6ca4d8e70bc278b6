"""Playgrounds that compute in the page, with no kernel: HTML, and a script that brings it to life.

What a learner reads or chooses comes from here as JSON; the script has the arithmetic and the hand.
It is the files of JavaScript beside this one joined to one text, so that a page opened from the
disk, which may not import, has it whole. Each file adds what it is named after to the one global,
`window.lesson`, in a block of its own, and says there how that is called.
"""

import json
from base64 import b64encode
from functools import cache
from pathlib import Path

import torch

from lessonlib.figures.pictures import as_html, bundle, card
from lessonlib.playgrounds.colors import RULES
from lessonlib.sample_photos import MEGAPIXELS, NO_PICTURE, SAMPLES, TOO_LARGE, sample_photo

__all__ = ["SCRIPT", "LivePlayground", "html", "rows", "with_photos"]

# each file uses only what those before it have added
FILES = (
    "arithmetic.js",
    "numbers.js",
    "elements.js",
    "steering.js",
    "kernel_grid.js",
    "photos.js",
    "playground.js",
    "controls.js",
    "views.js",
    "lens.js",
    "kernel.js",
    "placement.js",
    "composition.js",
    "stack.js",
    "widgets.js",
    "start.js",
)
STAYS = "The photo stays as it was."

WORDS = RULES | {
    "photo": "photo",
    "own": "your own photo",
    "owned": "Choose a photo of yours. It stays on this machine.",
    "preset": "preset",
    "custom": "custom",
    "undo": "Undo",
    "undone": "Take the last change back",
    "code": "As code",
    "coded": "Lines of Python that compute the same, to copy",
    "no_picture": f"{NO_PICTURE} {STAYS}",
    "too_large": f"{TOO_LARGE} {STAYS}",
    "window": "one window",
    "times": "\u00d7 the kernel =",
    "products": "{count} products",
    "sum": "add up to {sum}",
    "pixel": "Row {row}, column {column}: the sum of {count} products is {sum}.",
}


def _joined():
    folder = Path(__file__).parent
    read = {name: (folder / name).read_text(encoding="utf-8") for name in ("play.css", *FILES)}
    styles = json.dumps(read.pop("play.css"))
    start = f'"use strict";\n\nwindow.lesson = {{ playgrounds: {{}}, styles: {styles} }};\n'
    return "\n".join([start, *read.values()])


SCRIPT = _joined()


class LivePlayground:
    """A playground that is live where scripts run, else a still picture with its words.

    A subclass gives `name`, as the site asks for it; `state()`, what the script reads, with the
    `kind` of playground that is to be built of it; `still()`, PNG bytes; and `alt()`, the words for
    it.
    """

    def _repr_mimebundle_(self, include=None, exclude=None):
        still = card(self.still())
        data, metadata = bundle(still, self.alt())
        live = html(self.state(), still, self.alt()) + f"<script>{SCRIPT}</script>"
        return {"text/html": live} | data, metadata | {"lesson": {"playground": self.name}}


def html(state, still, alt):
    """The element that the script brings to life: a still, PNG bytes with the words `alt`, and the
    state as JSON."""
    # a < could end the script
    data = json.dumps(state).replace("<", "\\u003c")
    return (
        f'<div class="lesson-playground">{as_html(still, alt)}'
        f'<script type="application/json">{data}</script></div>'
    )


def with_photos(kind, side, words, **state):
    """The state of a playground with photos of `side` x `side` pixels, with all its words."""
    load = "from lessonlib.sample_photos import"
    own = f'x = read_photo(Path("your own photo.jpg").read_bytes(), {side})'
    return state | {
        "kind": kind,
        "side": side,
        "photos": {name: _bytes(name, side) for name in SAMPLES},
        "megapixels": MEGAPIXELS,
        "words": WORDS | words,
        "sample": f'{load} sample_photo\n\nx = sample_photo("{{name}}", {side})',
        "own": f"from pathlib import Path\n\n{load} read_photo\n\n{own}",
    }


def rows(named):
    """Named kernels, or tuples of them, as lists of rows for JSON."""
    return {name: _rows(kernel) for name, kernel in named.items()}


def _rows(kernel):
    if isinstance(kernel, tuple):
        return [each.tolist() for each in kernel]
    return kernel.tolist()


@cache
def _bytes(name, side):
    """The sample photo's levels, row by row, red, green and blue of each pixel, in base 64."""
    levels = (255 * sample_photo(name, side)).round().to(torch.uint8)
    return b64encode(levels.permute(1, 2, 0).contiguous().numpy().tobytes()).decode()
