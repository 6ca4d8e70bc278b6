"""The way back: split one convolution into two smaller ones, as near as their width allows."""

from dataclasses import replace
from typing import NamedTuple

from torch import nn

from lessonlib.algebra.hidden_width import alternating_factors, wide_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.checks import require_int
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions
from lessonlib.merging.to_layers import as_layer

__all__ = ["SplitLayer", "split"]

# A 3x3 with 16 channels has this many weights. Up to here all equations at once take seconds
DENSE = 2304


class SplitLayer(NamedTuple):
    """Two convolutions in series, and how far they are from the one that was split.

    chain: `(n, in, h, w)` to what the one convolution gives;
    relative: norm of its kernel less that of the chain, over the norm of its kernel.
    """

    chain: nn.Sequential
    relative: float


def split(layer: nn.Conv2d, width: int | None = None) -> SplitLayer:
    """The two h x h convolutions in series nearest to one of k x k with k = 2h - 1.

    The first takes all the padding, the last the stride and the bias.
    layer: an `nn.Conv2d` with an odd square kernel of at least 3x3, and with one group or
        depthwise; a depthwise one stays depthwise;
    width: channels between the two; leave it out for a depthwise one.
    Depthwise, each kernel gets its best product (`nearest_product`). Else the factors are those of
    `wide_factors` up to DENSE weights and of `alternating_factors` beyond: close to the best, which
    neither proves.
    Raises TypeError if the layer is not an nn.Conv2d, ValueError if it has no such split.
    """
    one = _convolution_to_split(layer)
    if one.depthwise and one.groups > 1:
        B, C, relative = _depthwise_factors(one, width)
    elif one.groups > 1:
        raise ValueError(
            f"split takes one group or a depthwise convolution, and this has {one.groups} groups."
        )
    else:
        require_int("split", width=width)
        assert width is not None  # for mypy: require_int has refused it
        factors = wide_factors if one.weight.numel() <= DENSE else alternating_factors
        B, C, _, relative = factors(one.weight, width)
    zeros = B.new_zeros(len(B))
    first = replace(one, weight=B, bias=zeros, stride=(1, 1), biased=False)
    last = replace(one, weight=C, fill=zeros, padding=((0, 0), (0, 0)))
    chain = nn.Sequential(as_layer(first, layer.weight), as_layer(last, layer.weight))
    return SplitLayer(chain, float(relative))


def _convolution_to_split(layer):
    """The `Convolution` of a layer. TypeError or ValueError if it is not one to split."""
    name = type(layer).__name__
    if not isinstance(layer, nn.Conv2d) or fit_of(layer) is None:
        raise TypeError(f"split takes an nn.Conv2d, and this is a {name}.")
    h, w = layer.kernel_size
    if h != w or h % 2 == 0 or h == 1:
        raise ValueError(
            f"split takes an odd square kernel of at least 3x3, and this is {layer.kernel_size}: "
            "pad it with zeros first."
        )
    try:
        [one] = as_convolutions(layer, 2, layer.in_channels)
    except CannotMerge as reason:
        raise ValueError(f"This {name} cannot be split: {reason}.") from None
    return one


def _depthwise_factors(one, width):
    """(B, C, relative): the weights of both layers, and the relative distance of their product."""
    k = one.kernel[0]
    if width is not None:
        raise ValueError(
            f"A depthwise convolution stays depthwise: leave the width out, it is {one.groups}."
        )
    if k > 5:
        raise ValueError(
            f"A depthwise {k}x{k} cannot be split: nearest_product handles 3x3 and 5x5 only."
        )
    found = nearest_product(one.weight[:, 0])
    size = one.weight.abs().max()
    size = size.where(size > 0, 1)
    norm = (one.weight / size).norm().clamp_min(1)  # at least 1 already, unless all are zero
    relative = (found.residual / size).norm() / norm
    return found.B[:, None], found.C[:, None], relative
