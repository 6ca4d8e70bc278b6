"""Playground: edit a 3x3 kernel, see whether it is two 2x2 in series, and how near the nearest such pair comes."""

import torch
from ipywidgets import HTML, Dropdown, HBox, Label, Layout, VBox

from lessonlib.algebra import named_kernels
from lessonlib.algebra.factoring import is_product
from lessonlib.algebra.hidden_width import two_channel_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.base import Pane, Playground, message, message_line, shown, still_of
from lessonlib.playgrounds.kernel_editor import (
    KernelEditor,
    kernel_code,
    kernel_picture,
    kernel_table,
)
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["FactoringPlayground"]

CUSTOM = "custom"
SENTENCES = {
    "real": "Real: A is two 2x2 kernels in series.",
    "complex": "Complex: A is two 2x2 kernels in series, but not two real ones.",
    "never": "Never: A is not two 2x2 kernels in series, not even complex ones.",
}


class FactoringPlayground(Playground):
    """An editable 3x3 kernel A. `verdict` is that of `is_product`, `nearest` the nearest product with its residual.

    `difference` is the largest one on the photo between A and the nearest product, `rescue` that between A and two
    hidden channels.
    """

    def __init__(self):
        self.answer = message_line()
        self.picker = PhotoPicker(self.update, self.say)
        self.preset = Dropdown(
            options=[CUSTOM, *named_kernels.THREE],
            description="preset",
            layout=Layout(width="240px"),
        )
        self.editor = KernelEditor(
            named_kernels.THREE["Prewitt"], "A, the 3x3", self.update, self.say
        )
        self.tables = [HTML() for _ in range(3)]
        self.panes = [
            Pane("after A", "The photo after A."),
            Pane(
                "after the nearest product",
                "The photo after the two 2x2 kernels whose product is nearest to A.",
            ),
            Pane("their difference, enlarged", "The difference of the two, zero as middle grey."),
        ]
        b, c, product = self.tables
        kernels = HBox([self.editor, _sign("nearest:"), b, _sign("then"), c, _sign("are"), product])
        super().__init__([HBox([self.picker, self.preset]), kernels, self.answer, HBox(self.panes)])
        self.preset.observe(self._choose, "value")
        self.draw()

    def inputs(self):
        return [(self.picker, "photo"), (self.editor, "kernel")]

    def draw(self):
        A, photo = self.editor.kernel, self.picker.photo
        self.preset.value = next(
            (name for name, kernel in named_kernels.THREE.items() if torch.equal(kernel, A)), CUSTOM
        )
        self.verdict, self.nearest = is_product(A).answer, nearest_product(A)
        B, C = self.nearest.B, self.nearest.C
        # rounding reads better as 0
        self._kernels = {
            name: k.where(k.abs() > 1e-9, 0)
            for name, k in {"B": B, "C": C, "B * C": compose(B, C)}.items()
        }
        for table, (name, kernel) in zip(self.tables, self._kernels.items()):
            table.value = kernel_table(kernel, name)
        after_A, after_two, wide = (
            correlate(photo, A),
            correlate(correlate(photo, B), C),
            _two_channels(photo, A),
        )
        difference = after_two - after_A
        self.difference, self.rescue = (
            difference.abs().max().item(),
            (wide - after_A).abs().max().item(),
        )
        enlarged = 0.5 + difference / (2 * max(self.difference, 1e-6))  # rounding stays grey
        for pane, values in zip(
            self.panes, (shown(after_A, A)[0], shown(after_two, A)[0], enlarged)
        ):
            pane.show(values)
        self.answer.value = message(
            f"{SENTENCES[self.verdict]} The nearest product misses {100 * self.nearest.relative.item():.1f}% of A, on the "
            f"photo up to {self.difference:.2g}; two hidden channels up to {self.rescue:.0e}."
        )
        self.say("")

    def code(self):
        return "\n".join(
            [
                "import torch\nfrom torch.nn.functional import conv2d\n",
                self.picker.code(),
                kernel_code("A", self.editor.kernel),
                kernel_code("B", self.nearest.B),
                kernel_code("C", self.nearest.C),
                "after_A = conv2d(x[:, None], A[None, None])[:, 0]",
                "after_two = conv2d(conv2d(x[:, None], B[None, None]), C[None, None])[:, 0]",
            ]
        )

    def still(self):
        nearest = [
            kernel_picture(kernel, f"{name}, nearest") for name, kernel in self._kernels.items()
        ]
        return stacked(
            [side_by_side([self.editor.still(), *nearest], gap=40), still_of(self.panes)]
        )

    def alt(self):
        return (
            "Factoring playground: a 3x3 kernel A, the two 2x2 whose product is nearest to it, and that product; a photo "
            "after A, after the two in series, and their difference."
        )

    def _choose(self, change):
        kernel = named_kernels.THREE.get(change["new"])
        if kernel is not None and not torch.equal(kernel, self.editor.kernel):
            self.editor.kernel = kernel


def _two_channels(photo, A):
    """Each plane of the photo through two hidden channels that compose to A."""
    B, C = two_channel_factors(A)
    return correlate(correlate(photo[:, None], B), C)[:, 0]


def _sign(text):
    return VBox([Label(text)], layout=Layout(justify_content="center", margin="0 12px"))
