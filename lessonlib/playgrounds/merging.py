"""Playground: one to four convolutions in a row, and the one kernel that grows out of them."""

import torch
from ipywidgets import Checkbox, HBox, IntSlider, Label, Layout, VBox
from torch import nn

from lessonlib.merging.chains import convolutions_of, differing_in_chain, macs_of, one_of
from lessonlib.merging.layers import CannotMerge
from lessonlib.playgrounds.base import Playground
from lessonlib.playgrounds.chain_pictures import ChainPictures
from lessonlib.playgrounds.panes import in_a_row, still_of
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["MergingPlayground", "link"]

MOST = 4  # links
PHOTO = 64  # pixels of the photo
# of each link
SLIDERS = (
    {"description": "kernel", "min": 1, "value": 2, "max": 5},
    {"description": "stride", "min": 1, "value": 1, "max": 2},
    {"description": "dilation", "min": 1, "value": 1, "max": 3},
    {"description": "padding", "min": 0, "value": 0, "max": 3},
)
LOOK = {"style": {"description_width": "60px"}, "layout": {"width": "225px"}}
BIAS = 0.25


def link(kernel, stride, dilation, padding, bias):
    """A convolution of one channel, float64, whose taps are binomial, both ways, with sum 1.

    A row of them is 1 1, 1 2 1, 1 3 3 1, ..., over its sum.
    """
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation, bias=bias, dtype=torch.float64)
    layer.requires_grad_(False)
    row = torch.ones(1, dtype=torch.float64)
    zero = torch.zeros(1, dtype=torch.float64)
    for _ in range(kernel - 1):
        row = torch.cat([row, zero]) + torch.cat([zero, row])
    layer.weight[0, 0] = torch.outer(row, row) / row.sum() ** 2
    if bias:
        layer.bias[:] = BIAS
    return layer.eval()


class MergingPlayground(Playground):
    """Sliders for each link of a chain of convolutions.

    layers: the chain; exact: whether it is one convolution; mask: where it differs from it, both
    None if the photo is too small for the chain.
    """

    def __init__(self):
        self.picker = PhotoPicker(self.update, self.say, size=PHOTO)
        self.count = IntSlider(description="links", min=1, value=2, max=MOST, **LOOK)
        self.links = [_link_controls() for _ in range(MOST)]
        self.links[0][3].value = 1  # all padding first, so that it begins with what can be merged
        self._controls = sum(self.links, [self.count])
        self._columns = [
            VBox([Label(f"link {number}"), *controls], layout=Layout(width="235px"))
            for number, controls in enumerate(self.links, 1)
        ]
        self.pictures = ChainPictures(MOST)
        top = in_a_row([self.picker, self.count])
        sliders = HBox(self._columns, layout=Layout(flex_flow="row wrap"))
        super().__init__([top, sliders, *self.pictures.rows()])
        self.update_with(self._controls)
        self.draw()

    @property
    def layers(self):
        return [link(*numbers) for numbers in self._numbers()]

    def inputs(self):
        return [*((control, "value") for control in self._controls), (self.picker, "photo")]

    def draw(self):
        for number, column in enumerate(self._columns, 1):
            column.layout.display = "" if number <= self.count.value else "none"
        layers = self.layers
        parts = sum(convolutions_of(layers), [])
        ones = [one_of(parts[: n + 1], interior=True) for n in range(len(parts))]
        self.pictures.draw_kernels(parts, ones)
        photo = self.picker.photo.mean(0)
        self.pictures.photo.show(photo)
        try:
            self.mask = differing_in_chain(parts, photo.shape)
        except ValueError as error:
            self.mask = None
            self.exact = None
            self.pictures.clear_photos()
            self.say(f"The last pictures are empty. {error}")
            return
        self.pictures.draw_photos(photo, layers, ones[-1], self.mask)
        reason = _why_not(parts)
        self.exact = not reason
        self.say(_verdict(parts, ones[-1], reason, self.mask))

    def code(self):
        return f"""import torch
from lessonlib.merging import differs, merge
from lessonlib.playgrounds.merging import link

{self.picker.code()}
x = x.mean(0)[None, None]
# kernel, stride, dilation, padding, bias of each link
layers = [link(*numbers) for numbers in {self._numbers()}]
chain = torch.nn.Sequential(*layers)(x)
one = layers[0]
for after in layers[1:]:
    one = merge(one, after, interior=True)  # without interior, it refuses where the border differs
merged = one(x)"""

    def still(self):
        return still_of([self.pictures.grown, self.pictures.after])

    def alt(self):
        return (
            f"Merging playground: the kernel that grows out of {self.count.value} convolutions in "
            f"a row, link by link. {self._last}"
        )

    def say(self, text):
        self._last = text
        super().say(text)

    def _numbers(self):
        """Kernel, stride, dilation, padding and bias of each link that is there."""
        there = self.links[: self.count.value]
        return [tuple(map(_value, controls)) for controls in there]


def _value(control):
    return control.value


def _link_controls():
    sliders = [IntSlider(**numbers, **LOOK) for numbers in SLIDERS]
    return [*sliders, Checkbox(description="bias", indent=False, layout=LOOK["layout"])]


def _verdict(parts, one, reason, mask):
    """Whether the chain is one convolution, which one, and what it saves."""
    dilation = f" with dilation {one.dilation[0]}" if one.dilation[0] > 1 else ""
    what = (
        f"one {one.kernel[0]}x{one.kernel[1]}{dilation}, stride {one.stride[0]}, "
        f"padding {one.padding[0][0]}"
    )
    cost = f"{macs_of([one])} multiplications per position, the chain takes {macs_of(parts)}"
    if not reason:
        return f"Exactly {what}, borders included: {cost}."
    differ = f"{mask.double().mean().item():.1%} of the positions differ"
    return f"Refused: {reason}. In the interior it is {what}: {cost}; {differ}."


def _why_not(parts):
    """Why the chain is not one convolution, with the links that disagree; empty if it is one."""
    for n in range(2, len(parts) + 1):
        try:
            one_of(parts[:n])
        except CannotMerge as reason:
            before = "link 1" if n == 2 else f"links 1 to {n - 1} as one"
            return f"of {before} and then link {n}, {reason}"
    return ""
