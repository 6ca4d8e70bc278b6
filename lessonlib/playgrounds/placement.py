"""Playground: a 2x2 at each of its four places inside a 3x3, and where it pushes the picture."""

from ipywidgets import HTML, HBox, IntSlider, ToggleButtons, VBox

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import side_by_side, stacked
from lessonlib.kernels import correlate, placements
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_editor import (
    KernelEditor,
    kernel_code,
    kernel_picture,
    kernel_table,
)
from lessonlib.playgrounds.panes import Pane, still_of
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
        kernels = VBox([self.editor, self.padded])
        photos = HBox([kernels, self.before, self.after])
        super().__init__([self.picker, self.place, self.layers, photos])
        self.update_with([self.place, self.layers])
        self.draw()

    @property
    def kernel(self):
        """The 3x3 that holds the 2x2 at the chosen place."""
        return placements(self.editor.kernel)[PLACES[self.place.value]]

    def inputs(self):
        controls = [(self.place, "value"), (self.layers, "value")]
        return [(self.picker, "photo"), (self.editor, "kernel"), *controls]

    def draw(self):
        kernel = self.kernel
        after = self.picker.photo
        for _ in range(self.layers.value):
            after = correlate(after, kernel, padding=1)
        self.padded.value = kernel_table(kernel, "inside the 3x3")
        self.before.show(self.picker.photo)
        self.after.show(brightness(after, kernel)[0])
        self.say(self._drift())

    def code(self):
        return f"""import torch

{self.picker.code()}
{kernel_code("K", self.kernel)}
y = x[:, None]
for _ in range({self.layers.value}):
    y = torch.nn.functional.conv2d(y, K[None, None], padding=1)
y = y[:, 0]"""

    def still(self):
        kernels = stacked([self.editor.still(), kernel_picture(self.kernel, "inside the 3x3")])
        return side_by_side([kernels, still_of([self.before, self.after])])

    def alt(self):
        return (
            "Placement playground: a 2x2 kernel placed in one corner of a 3x3, and a photo before "
            "and after it."
        )

    def _drift(self):
        """How far the picture moves, in words."""
        row, column = PLACES[self.place.value]
        times = self.layers.value
        distance = f"{times / 2:g} pixel{'s' * (times > 2)}"
        down_or_up = ("down", "up")[row]
        right_or_left = ("right", "left")[column]
        return (
            f"A window at the {self.place.value} moves the picture {distance} {down_or_up} and "
            f"{times / 2:g} {right_or_left}, half a pixel each time."
        )
