"""A kernel as a square of number fields."""

import math

import torch
from ipywidgets import FloatText, GridBox, Label, Layout, VBox

from lessonlib.playgrounds.kernel_table import kernel_picture

__all__ = ["KernelEditor", "word_between"]

LARGEST = 99.0  # a kernel entry beyond this only cuts the picture off


class KernelEditor(VBox):
    """A square of number fields. `kernel` is the float64 tensor they show.

    `on_change()` is called for every new one. A field that gets a number beyond 99, or none, takes
    its last good value back, and `say` tells why.
    """

    def __init__(self, kernel, name, on_change, say):
        self._kernel = _as_kernel(kernel)
        self._name = name
        self._on_change = on_change
        self._say = say
        self._quiet = False
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
        """Set all fields at once: one redraw. ValueError unless it is a kernel of this size."""
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
        self._kernel = kernel
        self._quiet = True
        try:
            for cell, value in zip(self.cells, kernel.flatten().tolist()):
                cell.value = value
        finally:
            self._quiet = False

    def _typed(self, change):
        if self._quiet:
            return
        values = torch.tensor([cell.value for cell in self.cells], dtype=torch.float64)
        try:
            self._kernel = _as_kernel(values.reshape(self._kernel.shape))
        except ValueError as error:
            self.set_silently(self._kernel)
            self._say(f"{error} The last good value, {change['old']:g}, is back.")
            return
        self._on_change()


def word_between(text):
    """A word between two kernels that stand side by side."""
    return VBox([Label(text)], layout=Layout(justify_content="center", margin="0 12px"))


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
                f"A kernel entry is a finite number between -{LARGEST:g} and {LARGEST:g}, "
                f"{value:g} is not."
            )
    return kernel


def _size(kernel):
    return f"{kernel.shape[0]}x{kernel.shape[1]}"
