"""Convolutions in series as one, without its weights: what it costs, and whether it is exact.

The product of a long chain takes far more time and memory than its layers, so it is built only
where it is used.
"""

from dataclasses import dataclass

import torch

from lessonlib.merging.convolution import Convolution
from lessonlib.merging.series import in_series, settings_in_series, shape_in_series

__all__ = ["Outline", "outline_in_series"]


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
    weight = a.weight.new_zeros(()).expand(shape_in_series(a, b))
    outside = b.flat(a.flat(a.fill))
    return Outline(weight, **settings_in_series(a, b), outside=outside)
