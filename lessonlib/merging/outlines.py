"""Convolutions in series as one, without its weights: what it costs, and whether it is exact.

The product of a long chain takes far more time and memory than its layers, so it is built only
where it is used.
"""

from dataclasses import dataclass
from math import gcd

import torch

from lessonlib.merging.borders import border_obstacle
from lessonlib.merging.convolution import Convolution, grid_of, in_series, padding_in_series
from lessonlib.merging.layers import CannotMerge

__all__ = ["Outline", "outline_in_series", "outline_of"]


@dataclass(frozen=True, eq=False)
class Outline(Convolution):
    """A `Convolution` of which `weight` has the shape only, and takes no memory.

    outside: `(out,)`, what it gives where it reads its own padding alone.
    """

    outside: torch.Tensor

    def flat(self, value):
        """`outside`: what lies at the border is asked for `fill` only."""
        return self.outside


def outline_in_series(a, b):
    """The `Outline` of `in_series(a, b)`; b has weights, a may be an outline itself."""
    if a.depthwise and b.depthwise and {*a.kernel, *b.kernel} == {1}:
        return in_series(a, b)  # one number for each channel, which may be 1: then it only pads
    groups = gcd(a.groups, b.groups)
    grids = [grid_of(*axis) for axis in zip(a.kernel, a.dilation, a.stride, b.kernel, b.dilation)]
    size = [grid.size for grid in grids]
    return Outline(
        weight=a.weight.new_zeros(()).expand(len(b.bias), len(a.fill) // groups, *size),
        bias=b.flat(a.bias),
        fill=a.fill,
        stride=tuple(s * t for s, t in zip(a.stride, b.stride)),
        dilation=tuple(grid.dilation for grid in grids),
        padding=padding_in_series(a, b),
        groups=groups,
        biased=a.biased or b.biased,
        outside=b.flat(a.flat(a.fill)),
    )


def outline_of(parts, interior=False):
    """The outline of several in series as one.

    CannotMerge if it differs at the border, unless `interior` accepts that.
    """
    one, *rest = parts
    for part in rest:
        if not interior and (reason := border_obstacle(one, part)):
            raise CannotMerge(reason)
        one = outline_in_series(one, part)
    return one
