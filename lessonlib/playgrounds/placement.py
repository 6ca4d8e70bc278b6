"""Playground: a 2x2 at each of its four places inside a 3x3, and where it pushes the picture."""

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels, side_by_side, stacked, titled
from lessonlib.kernels import correlate, embed
from lessonlib.playgrounds.kernel_table import kernel_picture
from lessonlib.playgrounds.live import LivePlayground, rows, with_photos
from lessonlib.sample_photos import sample_photo

__all__ = ["PlacementPlayground"]

SIDE = 48  # pixels of the photo: few, so that half of one can be seen
MOST = 8  # times in series
START = named_kernels.TWO["box blur"]
PLACES = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}
VIEWS = [
    {
        "title": "the photo, enlarged",
        "alt": "The photo. Arrow keys move the pixel that is looked at.",
    },
    {
        "title": "after the padded kernel",
        "alt": "The photo after the padded kernel, pushed towards one corner.",
        "sign": "\u2192",
    },
]
WORDS = {
    "kernel": "the 2x2",
    "inside": "inside the 3x3",
    "place": "place of the 2x2",
    "placed": "Place the 2x2 at the {value} of the 3x3",
    "times": "times",
    "one_pixel": "pixel",
    "pixels": "pixels",
    "vertical": ["down", "up"],
    "sideways": ["right", "left"],
    "summary": (
        "A window at the {place} moves the picture {pixels} {vertical} and {half} {sideways}, "
        "half a pixel each time."
    ),
}
CODE = """import torch
{photo}
K = {K}
y = x[:, None]
for _ in range({times}):
    y = torch.nn.functional.conv2d(y, K[None, None], padding=1)
y = y[:, 0]"""


class PlacementPlayground(LivePlayground):
    """Choose a place for the 2x2, apply it several times in series, and watch the picture drift."""

    name = "placement"

    def state(self):
        presets = rows({"box blur": START})
        parts = {"presets": presets, "places": PLACES, "most": MOST, "views": VIEWS, "code": CODE}
        return with_photos("placement", SIDE, WORDS, **parts)

    def still(self):
        kernel = embed(START, 3)
        photo = sample_photo(size=SIDE)
        before = titled(pixels(photo, 5), {0: VIEWS[0]["title"]})
        after = titled(pixels(correlate(photo, kernel, padding=1), 5), {0: VIEWS[1]["title"]})
        kernels = [kernel_picture(START, "the 2x2"), kernel_picture(kernel, "inside the 3x3")]
        return side_by_side([stacked(kernels), before, after])

    def alt(self):
        return (
            "Placement playground: a 2x2 kernel placed in one corner of a 3x3, and a photo before "
            "and after it."
        )
