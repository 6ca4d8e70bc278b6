"""Two convolutions in series as one.

Substitute one layer into the other and the sum that a `Convolution` stands for keeps its form:
strides multiply, kernels compose with the second one's taps `stride` pixels apart, and the padding
is that of the first plus the stride times that of the second. Only at the border the two may
differ: the second layer pads with something other than what the first would have computed there.
"""

from itertools import product
from math import gcd
from typing import NamedTuple

import torch

from lessonlib.merging.convolution import Convolution, blocks

__all__ = ["in_series", "shape_in_series", "settings_in_series"]


def in_series(a, b):
    """The one `Convolution` that computes `a`, then `b`; b reads the channels that a gives.

    It is exact everywhere if `border_obstacle(a, b)` is None, else away from the border.
    """
    grids = _grids(a, b)
    copy_of_a = _copies(a, b, gcd(a.groups, b.groups))
    weight = a.weight.new_zeros(shape_in_series(a, b))
    for v in product(*map(range, b.kernel)):  # b's tap v adds a copy of a there
        at = [grid.taps_of_copy(i) for grid, i in zip(grids, v)]
        weight[(..., *at)] += copy_of_a(v)
    return Convolution(weight, **settings_in_series(a, b))


def shape_in_series(a, b):
    """The shape of the weight of `in_series(a, b)`."""
    size = [grid.size for grid in _grids(a, b)]
    return (len(b.bias), len(a.fill) // gcd(a.groups, b.groups), *size)


def settings_in_series(a, b):
    """All of `in_series(a, b)` but its weight, `{field: value}`."""
    return {
        "bias": b.flat(a.bias),
        "fill": a.fill,
        "stride": tuple(s * t for s, t in zip(a.stride, b.stride)),
        "dilation": tuple(grid.dilation for grid in _grids(a, b)),
        "padding": _padding_in_series(a, b),
        "groups": gcd(a.groups, b.groups),
        "biased": a.biased or b.biased,
        "output_padding": a.output_padding,
    }


def _grids(a, b):
    """The grid of the taps of `in_series(a, b)` along each axis."""
    axes = zip(a.kernel, a.dilation, a.stride, b.kernel, b.dilation)
    return [_grid_of(*axis) for axis in axes]


class _Grid(NamedTuple):
    """The taps of two layers in series along one axis, which lie `dilation` pixels apart.

    Counted in taps of this grid: those of the first layer are `step` apart and `span` in all, its
    copies, one per tap of the second layer, are `apart`, and all of them take `size`.
    """

    dilation: int
    step: int
    span: int
    apart: int
    size: int

    def taps_of_copy(self, i):
        start = self.apart * i
        return slice(start, start + self.span, self.step)


def _grid_of(k, d, s, j, e):
    """The coarsest `_Grid` for k taps d pixels apart with stride s, then j taps e apart."""
    pixels_apart = s * e
    dilation = gcd(d if k > 1 else 0, pixels_apart if j > 1 else 0) or 1
    step = d // dilation or 1  # or 1: a single tap has no distance
    apart = pixels_apart // dilation or 1
    span = (k - 1) * step + 1
    return _Grid(dilation, step, span, apart, size=(j - 1) * apart + span)


def _padding_in_series(a, b):
    padding = []
    for (before, after), (b_before, b_after), s in zip(a.padding, b.padding, a.stride):
        padding.append((before + s * b_before, after + s * b_after))
    return tuple(padding)


def _copies(a, b, groups):
    """A function of v: a's weights times b's tap v, `(out, in // groups, *a.kernel)`."""
    ones = (1,) * len(a.kernel)
    if b.depthwise:  # a BatchNorm or an average after a convolution scales each channel of a
        return lambda v: b.weight[(..., *v)].view(-1, 1, *ones) * a.weight
    if a.depthwise:  # each channel that b reads comes from one kernel of a
        kernels = a.weight.view(groups, -1, *a.kernel).repeat_interleave(len(b.bias) // groups, 0)
        return lambda v: b.weight[(..., *v)].view(*kernels.shape[:2], *ones) * kernels
    first = blocks(a, groups)
    second = blocks(b, groups)
    return lambda v: torch.einsum("gom,gmi...->goi...", second[(..., *v)], first).flatten(0, 1)
