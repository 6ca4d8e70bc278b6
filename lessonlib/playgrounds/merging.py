"""Playground: one to four convolutions in a row, and the one kernel that grows out of them."""

import torch
from ipywidgets import Checkbox, HBox, IntSlider, Label, Layout, VBox
from torch import nn

from lessonlib.merging.chains import convolutions_of, differing_in_chain, macs_of, one_of
from lessonlib.merging.layers import CannotMerge, as_layer
from lessonlib.playgrounds.base import Pane, Playground, Strip, still_of
from lessonlib.playgrounds.equivalence import RIGHT, WRONG
from lessonlib.playgrounds.photo_picker import PhotoPicker

__all__ = ["MergingPlayground", "link", "taps_used"]

MOST, SIDE, PHOTO, ZOOM = 4, 184, 64, 2
# name, smallest, value, largest of each link's sliders
SLIDERS = (("kernel", 1, 2, 5), ("stride", 1, 1, 2), ("dilation", 1, 1, 3), ("padding", 0, 0, 3))
BIAS = 0.25


def link(kernel, stride, dilation, padding, bias):
    """A convolution of one channel, float64, whose taps are binomial: 1 1, 1 2 1, 1 3 3 1, ... both ways, with sum 1."""
    layer = nn.Conv2d(
        1, 1, kernel, stride, padding, dilation, bias=bias, dtype=torch.float64
    ).requires_grad_(False)
    row = torch.ones(1, dtype=torch.float64)
    for _ in range(kernel - 1):
        row = torch.cat([row, row.new_zeros(1)]) + torch.cat([row.new_zeros(1), row])
    layer.weight[0, 0] = torch.outer(row, row) / row.sum() ** 2
    if bias:
        layer.bias[:] = BIAS
    return layer.eval()


def taps_used(convolution):
    """The taps of a `Convolution` of one channel where they lie on the photo, `(h, w)`, nan between them."""
    taps = convolution.weight.new_full([reach + 1 for reach in convolution.reach], torch.nan)
    taps[:: convolution.dilation[0], :: convolution.dilation[1]] = convolution.weight[0, 0]
    return taps


class MergingPlayground(Playground):
    """Sliders for each link. `layers`: the chain; `exact`: whether it is one convolution; `mask`: where it differs from it."""

    def __init__(self):
        self.picker = PhotoPicker(self.update, self.say, size=PHOTO)
        self.count = _slider("links", 1, 2, MOST)
        self.links = [
            [*(_slider(*row) for row in SLIDERS), Checkbox(description="bias", indent=False)]
            for _ in range(MOST)
        ]
        self.links[0][3].value = 1  # all padding first, so that it begins with what can be merged
        self._columns = [
            VBox([Label(f"link {number}"), *controls], layout=Layout(width="235px"))
            for number, controls in enumerate(self.links, 1)
        ]
        numbers = range(1, MOST + 1)
        self.each = Strip(
            [f"kernel {n}" for n in numbers], "The kernel of each link, drawn to one scale.", SIDE
        )
        self.grown = Strip(
            [f"after link {n}" for n in numbers],
            "The one kernel of the first links: it grows.",
            SIDE,
        )
        self.photo = Pane("the photo", "The photo, in grey.", ZOOM)
        self.after = Strip(
            ["through the chain", "through the one", "orange where they differ"],
            "The photo through the chain, through the one kernel, and where these differ: orange, else light grey.",
            SIDE,
        )
        super().__init__(
            [
                HBox([self.picker, self.count]),
                HBox(self._columns, layout=Layout(flex_flow="row wrap")),
                HBox(
                    [self.each]
                ),  # in a row of its own a picture keeps its size, else it is as wide as the page
                HBox([self.grown]),
                HBox([self.photo, self.after]),
            ]
        )
        for control in self._controls():
            control.observe(lambda _: self.update(), "value")
        self.draw()

    @property
    def layers(self):
        return [
            link(*(control.value for control in controls))
            for controls in self.links[: self.count.value]
        ]

    def inputs(self):
        return [*((control, "value") for control in self._controls()), (self.picker, "photo")]

    def draw(self):
        for number, column in enumerate(self._columns, 1):
            column.layout.display = "" if number <= self.count.value else "none"
        layers = self.layers
        parts = sum(convolutions_of(layers), [])
        ones = [one_of(parts[: n + 1], interior=True) for n in range(len(parts))]
        kernels, grown = ([taps_used(c) for c in some] for some in (parts, ones))
        zoom = max(1, SIDE // max(max(k.shape) for k in kernels + grown))
        self.each.show(_filled(kernels, zoom))
        self.grown.show(_filled(grown, zoom))
        photo = self.picker.photo.mean(0)
        self.photo.show(photo)
        try:
            self.mask = differing_in_chain(parts, photo.shape)
        except ValueError as error:
            self.mask, self.exact = None, None
            self.after.show([torch.ones(3, 1, 1)] * 3)
            return self.say(f"The last pictures are empty. {error}")
        chain, one = (
            nn.Sequential(*layers)(photo[None, None])[0],
            as_layer(ones[-1], photo)(photo[None, None])[0],
        )
        self.exact = not _why_not(parts)
        tint = torch.where(self.mask, WRONG, RIGHT)
        zoom = SIDE // max(self.mask.shape)
        self.after.show(
            [_zoomed(y.expand(3, *self.mask.shape).clamp(0, 1), zoom) for y in (chain, one, tint)]
        )
        self.say(self._verdict(parts, ones[-1]))

    def _verdict(self, parts, one):
        what = f"one {one.kernel[0]}x{one.kernel[1]}" + (
            f" with dilation {one.dilation[0]}" if one.dilation[0] > 1 else ""
        )
        what += f", stride {one.stride[0]}, padding {one.padding[0][0]}"
        cost = f"{macs_of([one])} multiplications a position for {macs_of(parts)} of the chain"
        reason = _why_not(parts)
        if not reason:
            return f"Exactly {what}, borders included: {cost}."
        share = self.mask.double().mean().item()
        return f"Refused: {reason}. In the interior it is {what}, {cost}; {share:.1%} of the positions differ."

    def code(self):
        links = [
            tuple(control.value for control in controls)
            for controls in self.links[: self.count.value]
        ]
        return f"""import torch
from lessonlib.merging import differs, merge
from lessonlib.playgrounds.merging import link

{self.picker.code()}
x = x.mean(0)[None, None]
# kernel, stride, dilation, padding, bias of each link
layers = [link(*numbers) for numbers in {links}]
chain = torch.nn.Sequential(*layers)(x)
one = layers[0]
for after in layers[1:]:
    one = merge(one, after, interior=True)  # without interior, it refuses where the border differs
merged = one(x)"""

    def still(self):
        return still_of([self.grown, self.after])

    def alt(self):
        n = self.count.value
        return f"Merging playground: the kernel that grows out of {n} convolutions in a row, link by link. {self._last}"

    def say(self, text):
        self._last = text
        super().say(text)

    def _controls(self):
        return [self.count, *(control for controls in self.links for control in controls)]


def _why_not(parts):
    """The reason why the chain is not one convolution, with the links that disagree, else nothing."""
    for n in range(2, len(parts) + 1):
        try:
            one_of(parts[:n])
        except CannotMerge as reason:
            before = "link 1" if n == 2 else f"links 1 to {n - 1} as one"
            return f"of {before} and then link {n}, {reason}"
    return ""


def _filled(kernels, zoom):
    """Kernels in blue, the largest tap of each darkest, grey between the taps; for links that are not there, nothing."""
    pictures = [_zoomed(_blue(kernel), zoom) for kernel in kernels]
    for picture in pictures if zoom > 4 else []:  # a white line between taps
        picture[:, zoom - 1 :: zoom], picture[:, :, zoom - 1 :: zoom] = 1, 1
    return pictures + [torch.ones(3, 1, 1)] * (MOST - len(pictures))


def _blue(taps):
    share = (
        0.12 + 0.88 * taps.nan_to_num() / taps.nan_to_num().max()
    )  # so that the smallest are seen, too
    blue = torch.stack([1 - share, 1 - 0.55 * share, 1 - 0.3 * share])
    return torch.where(taps.isnan(), RIGHT, blue)


def _zoomed(picture, zoom):
    return picture.repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)


def _slider(name, low, value, high):
    style = {"description_width": "60px"}
    return IntSlider(
        value=value, min=low, max=high, description=name, style=style, layout=Layout(width="225px")
    )
