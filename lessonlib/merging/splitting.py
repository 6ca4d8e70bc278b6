"""The way back: one convolution becomes two smaller ones in series, as nearly as their width allows."""

from dataclasses import replace
from typing import NamedTuple

from torch import nn

from lessonlib.algebra.hidden_width import TINY, alternating_factors, wide_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.checks import require_int
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions, as_layer

__all__ = ["SplitLayer", "split"]

DENSE = 2304  # weights, those of a 3x3 with 16 channels; up to there the method that takes all equations at once takes seconds


class SplitLayer(NamedTuple):
    """chain: two convolutions, `(n, in, h, w)` to what the one gives; relative: |its kernel - the chain's| / |its kernel|."""

    chain: nn.Sequential
    relative: float


def split(layer, width=None):
    """The two h x h convolutions in series that come nearest to a k x k one with k = 2h - 1: all padding on the first, stride
    and bias on the last.

    layer: an `nn.Conv2d` with an odd square kernel of at least 3x3, of one group, or depthwise, which stays depthwise.
    width: channels between the two; left out for a depthwise one.
    The best product for each kernel of a depthwise layer (`nearest_product`); else `wide_factors` up to DENSE weights, and
    `alternating_factors` beyond, which come near the best and do not prove it.
    Returns a `Split`. Raises TypeError for another layer, ValueError for one that has no such split.
    """
    if not isinstance(layer, nn.Conv2d) or fit_of(layer) is None:
        raise TypeError(f"split takes an nn.Conv2d, and this is a {type(layer).__name__}.")
    k, *others = set(layer.kernel_size)
    if others or k % 2 == 0 or k == 1:
        raise ValueError(
            f"split takes an odd square kernel from 3x3 on, and this is {layer.kernel_size}: pad it with zeros first."
        )
    try:
        [one] = as_convolutions(layer, 2, layer.in_channels)
    except CannotMerge as reason:
        raise ValueError(f"This {type(layer).__name__} is not split: {reason}.") from None
    if one.depthwise and one.groups > 1:
        if width is not None:
            raise ValueError(
                f"A depthwise convolution stays depthwise: leave the width out, it is {one.groups}."
            )
        if k > 5:
            raise ValueError(
                f"A depthwise {k}x{k} is not split: nearest_product knows 3x3 and 5x5."
            )
        found = nearest_product(one.weight[:, 0])
        B, C = found.B[:, None], found.C[:, None]
        relative = found.residual.norm() / one.weight.norm().clamp_min(TINY)
    elif one.groups > 1:
        raise ValueError(
            f"split takes one group or a depthwise convolution, and this has {one.groups} groups."
        )
    else:
        require_int("split", width=width)
        factors = wide_factors if one.weight.numel() <= DENSE else alternating_factors
        B, C, _, relative = factors(one.weight, width)
    zeros = B.new_zeros(len(B))
    first = replace(one, weight=B, bias=zeros, stride=(1, 1), biased=False)
    last = replace(one, weight=C, fill=zeros, padding=((0, 0), (0, 0)))
    return SplitLayer(
        nn.Sequential(*(as_layer(part, layer.weight) for part in (first, last))), float(relative)
    )
