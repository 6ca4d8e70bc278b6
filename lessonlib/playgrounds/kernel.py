"""Playground: one kernel, 3x3 or 2x2, and what it does to a photo."""

from ipywidgets import HBox, ToggleButtons, VBox

from lessonlib.algebra import named_kernels
from lessonlib.kernels import correlate
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.kernel_editor import KernelEditor, kernel_code
from lessonlib.playgrounds.panes import Pane, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker
from lessonlib.playgrounds.presets import PresetMenu

__all__ = ["KernelPlayground"]

NAMED = {"3x3": named_kernels.THREE, "2x2": named_kernels.TWO}


class KernelPlayground(Playground):
    """Edit a kernel, or take a named one, and see the photo before and after."""

    def __init__(self):
        self.before = Pane("the photo", "The photo as it is.")
        self.after = Pane("after the kernel", "The photo after the kernel.")
        self.picker = PhotoPicker(self.update, self.say)
        self.size = ToggleButtons(
            options=list(NAMED), description="kernel", style={"button_width": "60px"}
        )
        self.editors = {}
        self.presets = {}
        for size, kernels in NAMED.items():
            editor = KernelEditor(kernels["identity"], f"kernel, {size}", self.update, self.say)
            named = {name: (kernel,) for name, kernel in kernels.items()}
            self.editors[size] = editor
            self.presets[size] = PresetMenu(named, editor)
        self._shelf = VBox()
        super().__init__([self.picker, HBox([self._shelf, self.before, self.after])])
        self.update_with([self.size])
        self.draw()

    @property
    def editor(self):
        """The editor of the size that is chosen."""
        return self.editors[self.size.value]

    @property
    def preset(self):
        """The menu of the size that is chosen."""
        return self.presets[self.size.value]

    def inputs(self):
        kernels = [(editor, "kernel") for editor in self.editors.values()]
        return [(self.picker, "photo"), (self.size, "value"), *kernels]

    def draw(self):
        self._fill_shelf()
        self.preset.follow()
        kernel = self.editor.kernel
        after, rule = brightness(correlate(self.picker.photo, kernel), kernel)
        self.before.show(self.picker.photo)
        self.after.show(after)
        self.say(f"The entries sum to {kernel.sum().item():g}. {rule}")

    def code(self):
        return f"""import torch

{self.picker.code()}
{kernel_code("K", self.editor.kernel)}
y = torch.nn.functional.conv2d(x[:, None], K[None, None])[:, 0]"""

    def still(self):
        return still_of([self.editor, self.before, self.after])

    def alt(self):
        return (
            "Kernel playground: the kernel that the learner edits, and a photo before and after it."
        )

    def _fill_shelf(self):
        # a shelf filled anew takes the cursor out of the field that is being typed in
        if self.editor not in self._shelf.children:
            self._shelf.children = [self.size, self.preset, self.editor]
