"""Playground: a 2x2 at each of its four places inside a 3x3, and where it pushes the picture."""

from ipywidgets import HTML, HBox, IntSlider, ToggleButtons, VBox

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import correlate, placements
from lessonlib.playgrounds.base import Pane, Playground, shown, still_of
from lessonlib.playgrounds.kernel_editor import (
    KernelEditor,
    kernel_code,
    kernel_picture,
    kernel_table,
)
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["PlacementPlayground"]

PLACES = {"top left": (0, 0), "top right": (0, 1), "bottom left": (1, 0), "bottom right": (1, 1)}


class PlacementPlayground(Playground):
    """Choose a place for the 2x2, apply it several times in series, and watch the picture drift."""

    def __init__(self):
        self.picker = PhotoPicker(self.update, self.say, size=48)
        self.editor = KernelEditor(named_kernels.TWO["box blur"], "the 2x2", self.update, self.say)
        self.place = ToggleButtons(
            options=list(PLACES), description="place", style={"button_width": "120px"}
        )
        self.layers = IntSlider(value=1, min=1, max=8, description="times")
        self.padded = HTML()
        self.before = Pane("the photo, enlarged", "The photo before the kernel.", zoom=5)
        self.after = Pane(
            "after the padded kernel",
            "The photo after the padded kernel, pushed towards one corner.",
            zoom=5,
        )
        left = VBox([self.editor, self.padded])
        super().__init__(
            [self.picker, self.place, self.layers, HBox([left, self.before, self.after])]
        )
        self.place.observe(lambda _: self.update(), "value")
        self.layers.observe(lambda _: self.update(), "value")
        self.draw()

    @property
    def kernel(self):
        """The 3x3 that holds the 2x2 at the chosen place."""
        return placements(self.editor.kernel)[PLACES[self.place.value]]

    def inputs(self):
        return [
            (self.picker, "photo"),
            (self.editor, "kernel"),
            (self.place, "value"),
            (self.layers, "value"),
        ]

    def draw(self):
        kernel, after, times = self.kernel, self.picker.photo, self.layers.value
        for _ in range(times):
            after = correlate(after, kernel, padding=1)
        row, col = PLACES[self.place.value]
        self.padded.value = kernel_table(kernel, "inside the 3x3")
        self.before.show(self.picker.photo)
        self.after.show(shown(after, kernel)[0])
        self.say(
            f"A window at the {self.place.value} moves the picture {times / 2:g} pixel{'s' * (times > 2)} "
            f"{('down', 'up')[row]} and {times / 2:g} {('right', 'left')[col]}, half a pixel each time."
        )

    def code(self):
        loop = f"for _ in range({self.layers.value}):\n    y = torch.nn.functional.conv2d(y, K[None, None], padding=1)"
        return f"import torch\n\n{self.picker.code()}\n{kernel_code('K', self.kernel)}\ny = x[:, None]\n{loop}\ny = y[:, 0]"

    def still(self):
        kernels = stacked([self.editor.still(), kernel_picture(self.kernel, "inside the 3x3")])
        return side_by_side([kernels, still_of([self.before, self.after])])

    def alt(self):
        return "Placement playground: a 2x2 kernel placed in one corner of a 3x3, and a photo before and after it."
