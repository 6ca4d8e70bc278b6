"""A kernel as a square of number fields, as a coloured table, and as a picture of that table."""

import html
import io
import math

import torch
from ipywidgets import FloatText, GridBox, Label, Layout, VBox
from PIL import Image, ImageDraw, ImageFont

from lessonlib.figures.pictures import titled

__all__ = ["KernelEditor", "kernel_code", "kernel_picture", "kernel_table"]

CELL = 58, 30  # pixels, across and down, of an entry in a picture
LARGEST = 99.0  # a kernel entry beyond this only cuts the picture off


class KernelEditor(VBox):
    """A square of number fields. `kernel` is the float64 tensor they show; `on_change()` is called for every new one.

    A field that is given no finite number, or one beyond 99, takes its last good value back and `say` tells why.
    """

    def __init__(self, kernel, name, on_change, say):
        self._kernel = _as_kernel(kernel)
        self._name, self._on_change, self._say, self._quiet = name, on_change, say, False
        n = len(self._kernel)
        self.cells = [
            FloatText(value=v, step=0.25, layout=Layout(width="68px"))
            for v in self._kernel.flatten().tolist()
        ]
        for i, cell in enumerate(self.cells):
            if cell.has_trait("tooltip"):
                cell.tooltip = f"{name}, row {i // n + 1}, column {i % n + 1}"
            cell.observe(self._typed, "value")
        grid = GridBox(self.cells, layout=Layout(grid_template_columns=f"repeat({n}, 72px)"))
        super().__init__([Label(name), grid])

    @property
    def kernel(self):
        return self._kernel.clone()

    @kernel.setter
    def kernel(self, values):
        """Set all fields at once: one redraw. ValueError where the values are no kernel of this size."""
        values = _as_kernel(values)
        if values.shape != self._kernel.shape:
            raise ValueError(
                f"{self._name} is {_size(self._kernel)}, these values are {_size(values)}."
            )
        self.set_silently(values)
        self._on_change()

    def still(self):
        """PNG bytes: the kernel under its name."""
        return kernel_picture(self._kernel, self._name)

    def set_silently(self, kernel):
        """Set all fields without telling `on_change`."""
        self._kernel, self._quiet = kernel, True
        try:
            for cell, value in zip(self.cells, kernel.flatten().tolist()):
                cell.value = value
        finally:
            self._quiet = False

    def _typed(self, change):
        if self._quiet:
            return
        try:
            self._kernel = _as_kernel([[c.value for c in row] for row in _rows(self.cells)])
        except ValueError as error:
            self.set_silently(self._kernel)
            self._say(f"{error} The last good value, {change['old']:g}, is back.")
            return
        self._on_change()


def kernel_code(name, kernel):
    """The line of torch that makes this kernel."""
    rows = ", ".join("[" + ", ".join(f"{v:.17g}" for v in row) + "]" for row in kernel.tolist())
    return f"{name} = torch.tensor([{rows}], dtype=torch.float64)"


def kernel_table(kernel, name):
    """A kernel `(kh, kw)` as an HTML table, blue for positive and orange for negative entries."""
    largest = kernel.abs().max().item() or 1.0
    style = "width:68px;height:28px;text-align:right;padding-right:6px;color:#111;background:"
    rows = "".join(
        "<tr>"
        + "".join(f'<td style="{style}{cell_color(v / largest)}">{v:.3g}</td>' for v in row)
        + "</tr>"
        for row in kernel.tolist()
    )
    table = f'<table aria-label="{html.escape(name)}" style="border-spacing:3px;border-collapse:separate">{rows}</table>'
    return f"<div>{html.escape(name)}</div>{table}"


def kernel_picture(kernel, name):
    """The same table as PNG bytes, for the still picture of a playground."""
    (height, width), largest = kernel.shape, kernel.abs().max().item() or 1.0
    page, font = (
        Image.new("RGB", (CELL[0] * width, CELL[1] * height), "white"),
        ImageFont.load_default(13),
    )
    draw, buffer = ImageDraw.Draw(page), io.BytesIO()
    for i, row in enumerate(kernel.tolist()):
        for j, value in enumerate(row):
            left, top = CELL[0] * j, CELL[1] * i
            draw.rectangle(
                (left, top, left + CELL[0] - 3, top + CELL[1] - 3),
                cell_color(value / largest),
                "#bbbbbb",
            )
            draw.text(
                (left + CELL[0] - 8, top + CELL[1] / 2 - 1),
                f"{value:.3g}",
                "#111111",
                font,
                anchor="rm",
            )
    page.save(buffer, "PNG")
    return titled(buffer.getvalue(), {0: name})


def cell_color(share):
    """Blue for 1, white for 0, orange for -1: colours told apart in the common kinds of colour blindness."""
    end = (122, 177, 224) if share > 0 else (240, 178, 102)
    return "#" + "".join(f"{round(255 + (e - 255) * min(abs(share), 1)):02x}" for e in end)


def _as_kernel(values):
    try:
        kernel = torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("A kernel holds numbers only.") from error
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise ValueError("A kernel here is a square of numbers, given row by row.")
    for value in kernel.flatten().tolist():
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise ValueError(
                f"A kernel entry is a finite number between -{LARGEST:g} and {LARGEST:g}, {value:g} is not."
            )
    return kernel


def _rows(cells):
    n = math.isqrt(len(cells))
    return [cells[i : i + n] for i in range(0, len(cells), n)]


def _size(kernel):
    return f"{kernel.shape[0]}x{kernel.shape[1]}"
