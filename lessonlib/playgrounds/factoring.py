"""Playground: edit a 3x3 kernel, see whether it is two 2x2 in series, and how near two 2x2 come."""

from ipywidgets import HTML

from lessonlib.algebra import named_kernels
from lessonlib.algebra.factoring import is_product
from lessonlib.algebra.hidden_width import two_channel_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.base import Playground, message, message_line
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_editor import KernelEditor, word_between
from lessonlib.playgrounds.kernel_table import kernel_code, kernel_picture, kernel_table
from lessonlib.playgrounds.panes import Pane, in_a_row, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker
from lessonlib.playgrounds.presets import PresetMenu

__all__ = ["FactoringPlayground"]

SENTENCES = {
    "real": "Real: A is two 2x2 kernels in series.",
    "complex": "Complex: A is two 2x2 kernels in series, but not two real ones.",
    "never": "Never: A is not two 2x2 kernels in series, not even complex ones.",
}
NAMED = {name: (kernel,) for name, kernel in named_kernels.THREE.items()}


class FactoringPlayground(Playground):
    """An editable 3x3 kernel A and the two 2x2 kernels whose product is nearest to it.

    verdict: that of `is_product`; nearest: the nearest product with its residual;
    difference: the largest one on the photo between A and the nearest product;
    rescue: the largest one between A and two 2x2 with two hidden channels.
    """

    def __init__(self):
        self.answer = message_line()
        self.picker = PhotoPicker(self.update, self.say)
        start = named_kernels.THREE["Prewitt"]
        self.editor = KernelEditor(start, "A, the 3x3", self.update, self.say)
        self.preset = PresetMenu(NAMED, self.editor)
        self.tables = [HTML() for _ in range(3)]
        self.panes = [
            Pane("after A", "The photo after A."),
            Pane(
                "after the nearest product",
                "The photo after the two 2x2 kernels whose product is nearest to A.",
            ),
            Pane("their difference, enlarged", "The difference of the two, zero as middle grey."),
        ]
        top = in_a_row([self.picker, self.preset])
        super().__init__([top, self._kernel_row(), self.answer, in_a_row(self.panes)])
        self.draw()

    def inputs(self):
        return [(self.picker, "photo"), (self.editor, "kernel")]

    def draw(self):
        A = self.editor.kernel
        self.preset.follow()
        self.verdict = is_product(A).answer
        self.nearest = nearest_product(A)
        self._draw_kernels()
        self._draw_photos(A)
        missed = 100 * self.nearest.relative.item()
        self.answer.value = message(
            f"{SENTENCES[self.verdict]} The nearest product misses {missed:.1f}% of A and is off "
            f"by up to {self.difference:.2g} on the photo; two hidden channels are off by up to "
            f"{self.rescue:.0e}."
        )
        self.say("")

    def code(self):
        return f"""import torch
from torch.nn.functional import conv2d

{self.picker.code()}
{kernel_code("A", self.editor.kernel)}
{kernel_code("B", self.nearest.B)}
{kernel_code("C", self.nearest.C)}
after_A = conv2d(x[:, None], A[None, None])[:, 0]
after_two = conv2d(conv2d(x[:, None], B[None, None]), C[None, None])[:, 0]"""

    def still(self):
        nearest = [kernel_picture(kernel, f"{name}, nearest") for name, kernel in self._kernels]
        kernels = side_by_side([self.editor.still(), *nearest], gap=40)
        return stacked([kernels, still_of(self.panes)])

    def alt(self):
        return (
            "Factoring playground: a 3x3 kernel A, the two 2x2 whose product is nearest to it, and "
            "that product; a photo after A, after the two in series, and their difference."
        )

    @property
    def _kernels(self):
        """The nearest product with its names; rounding reads better as 0."""
        B = self.nearest.B
        C = self.nearest.C
        kernels = {"B": B, "C": C, "B * C": compose(B, C)}
        return [(name, k.where(k.abs() > 1e-9, 0)) for name, k in kernels.items()]

    def _draw_kernels(self):
        for table, (name, kernel) in zip(self.tables, self._kernels):
            table.value = kernel_table(kernel, name)

    def _draw_photos(self, A):
        photo = self.picker.photo
        after_A = correlate(photo, A)
        after_two = correlate(correlate(photo, self.nearest.B), self.nearest.C)
        difference = after_two - after_A
        self.difference = difference.abs().max().item()
        self.rescue = (_two_channels(photo, A) - after_A).abs().max().item()
        first, second, third = self.panes
        first.show(brightness(after_A, A)[0])
        second.show(brightness(after_two, A)[0])
        third.show(0.5 + difference / (2 * max(self.difference, 1e-6)))  # rounding stays grey

    def _kernel_row(self):
        b, c, product = self.tables
        nearest = [word_between("nearest:"), b, word_between("then"), c]
        return in_a_row([self.editor, *nearest, word_between("are"), product])


def _two_channels(photo, A):
    """Each plane of the photo through two hidden channels that compose to A."""
    B, C = two_channel_factors(A)
    return correlate(correlate(photo[:, None], B), C)[:, 0]
