"""Playground: one kernel, 3x3 or 2x2, and what it does to a photo."""

import torch
from ipywidgets import Dropdown, HBox, Layout, ToggleButtons, VBox

from lessonlib.algebra import named_kernels
from lessonlib.kernels import correlate
from lessonlib.playgrounds.base import Pane, Playground, shown, still_of
from lessonlib.playgrounds.kernel_editor import KernelEditor, kernel_code
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["KernelPlayground"]

PRESETS = {"3x3": named_kernels.THREE, "2x2": named_kernels.TWO}
CUSTOM = "custom"


class KernelPlayground(Playground):
    """Edit a kernel, or take a named one, and see the photo before and after."""

    def __init__(self):
        self.before, self.after = (
            Pane("the photo", "The photo as it is."),
            Pane("after the kernel", "The photo after the kernel."),
        )
        self.picker = PhotoPicker(self.update, self.say)
        self.size = ToggleButtons(
            options=list(PRESETS), description="kernel", style={"button_width": "60px"}
        )
        self.preset = Dropdown(options=[CUSTOM], description="preset", layout=Layout(width="240px"))
        self.editors = {
            size: KernelEditor(named["identity"], f"kernel, {size}", self.update, self.say)
            for size, named in PRESETS.items()
        }
        self._shelf = VBox()
        super().__init__([self.picker, HBox([self._shelf, self.before, self.after])])
        self.size.observe(lambda _: self.update(), "value")
        self.preset.observe(self._choose_preset, "value")
        self.draw()

    @property
    def editor(self):
        return self.editors[self.size.value]

    def inputs(self):
        return [
            (self.picker, "photo"),
            (self.size, "value"),
            *((editor, "kernel") for editor in self.editors.values()),
        ]

    def draw(self):
        kernel = self.editor.kernel
        self._show_shelf(kernel)
        after, how = shown(correlate(self.picker.photo, kernel), kernel)
        self.before.show(self.picker.photo)
        self.after.show(after)
        self.say(f"The entries sum to {kernel.sum().item():g}. {how}")

    def code(self):
        kernel = kernel_code("K", self.editor.kernel)
        return f"import torch\n\n{self.picker.code()}\n{kernel}\ny = torch.nn.functional.conv2d(x[:, None], K[None, None])[:, 0]"

    def still(self):
        return still_of([self.editor, self.before, self.after])

    def alt(self):
        return (
            "Kernel playground: the kernel that the learner edits, and a photo before and after it."
        )

    def _show_shelf(self, kernel):
        named = PRESETS[self.size.value]
        if self.preset.options != (options := (CUSTOM, *named)):
            self.preset.options = options
        self.preset.value = next(
            (name for name, known in named.items() if torch.equal(known, kernel)), CUSTOM
        )
        if (
            self.editor not in self._shelf.children
        ):  # a shelf filled anew takes the cursor out of the field being typed in
            self._shelf.children = [self.size, self.preset, self.editor]

    def _choose_preset(self, change):
        chosen = PRESETS[self.size.value].get(change["new"])
        if chosen is not None and not torch.equal(chosen, self.editor.kernel):
            self.editor.kernel = chosen
