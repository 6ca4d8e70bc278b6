"""Playground: one kernel, 3x3 or 2x2, and what it does to a photo."""

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels, side_by_side, titled
from lessonlib.kernels import correlate
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_table import kernel_picture
from lessonlib.playgrounds.live import LivePlayground, rows, with_photos
from lessonlib.sample_photos import sample_photo

__all__ = ["KernelPlayground"]

SIDE = 120  # pixels of the photo
VIEWS = [
    {"title": "the photo", "alt": "The photo. Arrow keys move the pixel that is looked at."},
    {"title": "after the kernel", "alt": "The photo after the kernel.", "sign": "="},
]
WORDS = {
    "kernel": "the kernel",
    "size": "size of the kernel",
    "sized": "A kernel of {value}",
    "summary": "The entries sum to {total}. {rule}",
}
CODE = """import torch
{photo}
K = {K}
y = torch.nn.functional.conv2d(x[:, None], K[None, None])[:, 0]"""


class KernelPlayground(LivePlayground):
    """Edit a kernel, or take a named one, and see the photo before and after."""

    name = "kernel"

    def state(self):
        presets = {"3x3": rows(named_kernels.THREE), "2x2": rows(named_kernels.TWO)}
        return with_photos("kernel", SIDE, WORDS, presets=presets, views=VIEWS, code=CODE)

    def still(self):
        kernel = named_kernels.THREE["Sobel"]
        photo = sample_photo(size=SIDE)
        after, _ = brightness(correlate(photo, kernel), kernel)
        before = titled(pixels(photo, 2), {0: "the photo"})
        after = titled(pixels(after, 2), {0: "after the kernel"})
        return side_by_side([before, kernel_picture(kernel, "the kernel"), after])

    def alt(self):
        return (
            "Kernel playground: a photo, the kernel that the learner edits, here Sobel's, and the "
            "photo after it: edges on middle grey."
        )
