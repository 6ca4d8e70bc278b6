"""A `Convolution` as a layer of torch."""

from typing import Any

import torch
from torch import nn

from lessonlib.merging.convolution import blocks
from lessonlib.merging.layer_types import CONVOLUTIONS, TRANSPOSED, PadWith
from lessonlib.merging.layers import CannotMerge, by_group

__all__ = ["as_layer", "become"]

ZERO_PADS: tuple[Any, ...] = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d)


def as_layer(convolution, like):
    """A layer of torch that computes `convolution`, behind a padding layer if it needs one.

    like: a weight whose precision, device, memory format and `requires_grad` it takes.
    """
    c = convolution
    axes = len(c.kernel)
    largest = max(c.weight.abs().max(), c.bias.abs().max(), c.fill.abs().max())
    if largest > torch.finfo(like.dtype).max:
        raise CannotMerge(f"as one its numbers are too large for {like.dtype}")
    if not axes:
        return _as_linear(c, like)
    if c.output_padding is not None:
        return _as_transposed(c, like)
    sides = sum(reversed(c.padding), ())
    pad = PadWith(c.fill.to(like), sides) if c.fill.any() else ZERO_PADS[axes - 1](sides)
    if c.only_pads:
        return pad.eval()
    layer = CONVOLUTIONS[axes - 1](
        len(c.fill),
        len(c.bias),
        c.kernel,
        c.stride,
        padding=0 if c.padded_apart else tuple(before for before, _ in c.padding),
        dilation=c.dilation,
        groups=c.groups,
        bias=c.biased,
        device="meta",
    )
    layer.weight = nn.Parameter(c.weight.to(like), like.requires_grad)
    if c.biased:
        layer.bias = nn.Parameter(c.bias.to(like), like.requires_grad)
    if axes == 2 and _channels_last(like):
        layer = layer.to(memory_format=torch.channels_last)
    return (nn.Sequential(pad, layer) if c.padded_apart else layer).eval()


def _as_transposed(c, like):
    layer = TRANSPOSED[len(c.kernel) - 1](
        len(c.fill),
        len(c.bias),
        c.kernel,
        c.stride,
        padding=tuple(before for before, _ in c.padding),
        output_padding=c.output_padding,
        groups=c.groups,
        bias=c.biased,
        dilation=c.dilation,
        device="meta",
    )
    layer.weight = nn.Parameter(by_group(c.weight, c.groups).to(like), like.requires_grad)
    if c.biased:
        layer.bias = nn.Parameter(c.bias.to(like), like.requires_grad)
    return layer.eval()


def _as_linear(c, like):
    layer = nn.Linear(len(c.fill), len(c.bias), bias=c.biased, device="meta")
    layer.weight = nn.Parameter(blocks(c, 1).flatten(0, 1).to(like), like.requires_grad)
    if c.biased:
        layer.bias = nn.Parameter(c.bias.to(like), like.requires_grad)
    return layer.eval()


def _channels_last(tensor):
    last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return last and not tensor.is_contiguous()


def become(layer, other):
    """Make `layer` what `other` is, in its own place: so for all that hold it, by any name."""
    layer.__class__ = other.__class__
    layer.__dict__ = other.__dict__
