"""A menu of kernels that have a name."""

import torch
from ipywidgets import Dropdown, Layout

__all__ = ["PresetMenu"]

CUSTOM = "custom"


class PresetMenu(Dropdown):
    """Put kernels with a name into editors; reads "custom" if the editors hold no such kernels.

    named: `{name: one kernel per editor}`; editors: `KernelEditor`s.
    """

    def __init__(self, named, *editors):
        self._named = named
        self._editors = editors
        super().__init__(
            options=[CUSTOM, *named], description="preset", layout=Layout(width="240px")
        )
        self.observe(self._choose, "value")

    def follow(self):
        """Show the name of the kernels that the editors hold."""
        self.value = next(filter(self._is_held, self._named), CUSTOM)

    def _is_held(self, name):
        held = [editor.kernel for editor in self._editors]
        return all(map(torch.equal, held, self._named[name]))

    def _choose(self, change):
        name = change["new"]
        if name == CUSTOM or self._is_held(name):
            return
        *others, (last, kernel) = zip(self._editors, self._named[name])
        for editor, its_kernel in others:
            editor.set_silently(its_kernel)
        last.kernel = kernel  # tells of the change: one redraw for all
