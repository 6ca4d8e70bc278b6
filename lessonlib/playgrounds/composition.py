"""Playground: edit B and C, see the one kernel A they make, and the photo through both routes."""

from ipywidgets import HTML, HBox, Layout

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_editor import (
    KernelEditor,
    kernel_code,
    kernel_picture,
    kernel_table,
    word_between,
)
from lessonlib.playgrounds.panes import Pane, Strip, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker
from lessonlib.playgrounds.presets import PresetMenu

__all__ = ["CompositionPlayground"]

SIDE = 160  # pixels of the photo


class CompositionPlayground(Playground):
    """Two editable kernels composing live into one.

    pairs: the presets, `{name: (B, C)}`, all of one size: `named_kernels.PAIRS` or
    `named_kernels.PAIRS_OF_THREE`. "Sobel" comes first.
    difference: the largest one between the two routes, an attribute.
    """

    def __init__(self, pairs=named_kernels.PAIRS):
        self.picker = PhotoPicker(self.update, self.say, size=SIDE)
        b, c = pairs["Sobel"]
        self.b = KernelEditor(b, "B, first", self.update, self.say)
        self.c = KernelEditor(c, "C, second", self.update, self.say)
        self.preset = PresetMenu(pairs, self.b, self.c)
        self.table = HTML()
        self.before = Pane("the photo", "The photo as it is.", zoom=1)
        self.after = Strip(
            ["after B", "after B, then C", "after A alone"],
            "The photo after B, after B and then C, and after A alone, which is the same picture.",
            side=SIDE,
        )
        top = HBox([self.picker, self.preset])
        super().__init__([top, self._kernel_row(), HBox([self.before, self.after])])
        self.draw()

    @property
    def kernel(self):
        """A, composed of B and C."""
        return compose(self.b.kernel, self.c.kernel)

    def inputs(self):
        return [(self.picker, "photo"), (self.b, "kernel"), (self.c, "kernel")]

    def draw(self):
        b = self.b.kernel
        a = self.kernel
        photo = self.picker.photo
        after_b = correlate(photo, b)
        two_steps = correlate(after_b, self.c.kernel)
        one_step = correlate(photo, a)
        self.difference = (two_steps - one_step).abs().max().item()
        # pictures first: the browser takes messages one by one, and the eye waits for these
        routes = [(after_b, b), (two_steps, a), (one_step, a)]
        self.after.show([brightness(values, kernel)[0] for values, kernel in routes])
        self.before.show(photo)
        self.table.value = kernel_table(a, "A, both at once")
        self.preset.follow()
        self.say(
            f"Largest difference between the two routes: {self.difference:.1e}, "
            f"on values up to {one_step.abs().max():.3g}."
        )

    def code(self):
        return f"""import torch
from torch.nn.functional import conv2d

{self.picker.code()}
{kernel_code("B", self.b.kernel)}
{kernel_code("C", self.c.kernel)}
{kernel_code("A", self.kernel)}
two_steps = conv2d(conv2d(x[:, None], B[None, None]), C[None, None])[:, 0]
one_step = conv2d(x[:, None], A[None, None])[:, 0]"""

    def still(self):
        composed = kernel_picture(self.kernel, "A, both at once")
        kernels = side_by_side([self.b.still(), self.c.still(), composed], gap=40)
        return stacked([kernels, still_of([self.before, self.after])])

    def alt(self):
        return (
            "Composition playground: the kernels B and C and the kernel A that they make; a photo, "
            "after B, after B then C, and after A alone; the last two are the same picture."
        )

    def _kernel_row(self):
        boxes = [self.b, word_between("then"), self.c, word_between("are"), self.table]
        for box in boxes:
            # in a narrow page the next line takes what does not fit, and nothing is cut off
            box.layout.flex = "0 0 auto"
        return HBox(boxes, layout=Layout(flex_flow="row wrap"))
