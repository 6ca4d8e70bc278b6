"""Playground: edit B and C, see the one kernel A they make, and the photo through both routes."""

import torch
from ipywidgets import HTML, Dropdown, HBox, Label, Layout, VBox

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.base import Pane, Playground, Strip, shown, still_of
from lessonlib.playgrounds.kernel_editor import (
    KernelEditor,
    kernel_code,
    kernel_picture,
    kernel_table,
)
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["CompositionPlayground"]

CUSTOM = "custom"


class CompositionPlayground(Playground):
    """Two editable kernels composing live into one. `difference` is the largest one between the two routes.

    pairs: the presets, `{name: (B, C)}`, all of one size: `named_kernels.PAIRS`, or `named_kernels.PAIRS_OF_THREE`. "Sobel" comes first.
    """

    def __init__(self, pairs=named_kernels.PAIRS):
        self.pairs = pairs
        self.picker = PhotoPicker(self.update, self.say, size=160)
        self.preset = Dropdown(
            options=[CUSTOM, *pairs], description="preset", layout=Layout(width="240px")
        )
        b, c = pairs["Sobel"]
        self.b = KernelEditor(b, "B, first", self.update, self.say)
        self.c = KernelEditor(c, "C, second", self.update, self.say)
        self.table = HTML()
        self.before = Pane("the photo", "The photo as it is.", zoom=1)
        self.after = Strip(
            ["after B", "after B, then C", "after A alone"],
            "The photo after B, after B and then C, and after A alone, which is the same picture.",
            side=160,
        )
        kernels = HBox(
            [self.b, _sign("then"), self.c, _sign("are"), self.table],
            layout=Layout(flex_flow="row wrap"),
        )
        for box in kernels.children:
            box.layout.flex = "0 0 auto"  # in a narrow page the next line takes what does not fit, and nothing is cut off
        super().__init__(
            [HBox([self.picker, self.preset]), kernels, HBox([self.before, self.after])]
        )
        self.preset.observe(self._choose, "value")
        self.draw()

    @property
    def kernel(self):
        """A, composed of B and C."""
        return compose(self.b.kernel, self.c.kernel)

    def inputs(self):
        return [(self.picker, "photo"), (self.b, "kernel"), (self.c, "kernel")]

    def draw(self):
        b, c, a, photo = self.b.kernel, self.c.kernel, self.kernel, self.picker.photo
        after_b = correlate(photo, b)
        two_steps, one_step = correlate(after_b, c), correlate(photo, a)
        self.difference = (two_steps - one_step).abs().max().item()
        # the pictures first: the browser takes the messages one by one, and the eye waits for these
        self.after.show([shown(after_b, b)[0], shown(two_steps, a)[0], shown(one_step, a)[0]])
        self.before.show(photo)
        self.table.value = kernel_table(a, "A, both at once")
        self.preset.value = next((name for name in self.pairs if self._is(name)), CUSTOM)
        self.say(
            f"Largest difference between the two routes: {self.difference:.1e}, on values up to {one_step.abs().max():.3g}."
        )

    def code(self):
        return "\n".join(
            [
                "import torch\nfrom torch.nn.functional import conv2d\n",
                self.picker.code(),
                kernel_code("B", self.b.kernel),
                kernel_code("C", self.c.kernel),
                kernel_code("A", self.kernel),
                "two_steps = conv2d(conv2d(x[:, None], B[None, None]), C[None, None])[:, 0]",
                "one_step = conv2d(x[:, None], A[None, None])[:, 0]",
            ]
        )

    def still(self):
        kernels = side_by_side(
            [self.b.still(), self.c.still(), kernel_picture(self.kernel, "A, both at once")], gap=40
        )
        return stacked([kernels, still_of([self.before, self.after])])

    def alt(self):
        return (
            "Composition playground: the kernels B and C and the kernel A that they make; a photo, after B, after B then C, "
            "and after A alone; the last two are the same picture."
        )

    def _is(self, name):
        return all(map(torch.equal, self.pairs[name], (self.b.kernel, self.c.kernel)))

    def _choose(self, change):
        name = change["new"]
        if name in self.pairs and not self._is(name):
            b, c = self.pairs[name]
            self.b.set_silently(b)
            self.c.kernel = c


def _sign(text):
    return VBox([Label(text)], layout=Layout(justify_content="center", margin="0 12px"))
