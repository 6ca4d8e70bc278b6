"""torch's layers as `Convolution`s, and a `Convolution` as a layer again."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lessonlib.composed import ComposedPair
from lessonlib.merging.convolution import Convolution

__all__ = ["CannotMerge", "PadWith", "Fit", "fit_of", "as_convolutions", "as_layer"]

CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.Conv3d
POOLS = nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d
ZERO_PADS = nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d
PADS = nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d
IDLE = nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d  # which do nothing in eval


class CannotMerge(ValueError):
    """A layer that is not, or a pair that has not, one convolution, and why."""


class PadWith(nn.Module):
    """Pads every channel with a number of its own: what a convolution with a bias gives beyond the edge, say.

    values: `(channels,)`; padding: before and after along each axis, the last axis first, as torch counts it.
    `(n, channels, h, w)` becomes `(n, channels, top + h + bottom, left + w + right)`; with one or three axes alike.
    """

    def __init__(self, values, padding):
        super().__init__()
        self.register_buffer("values", torch.as_tensor(values))
        self.padding = tuple(padding)

    def forward(self, x):
        values = self.values.to(x.dtype).view(-1, *(1,) * (x.ndim - 2))
        return F.pad(x, self.padding) + values * F.pad(torch.zeros_like(x[:1]), self.padding, value=1)

    def extra_repr(self):
        return f"{len(self.values)} channels, padding={self.padding}"


class Fit(NamedTuple):
    """What a layer reads, how many axes and channels, and how many channels it gives; None is any, then it gives as many."""

    axes: int | None
    reads: int | None
    gives: int | None


def fit_of(layer):
    """The `Fit` of a layer that `as_convolutions` knows, else None: a subclass with a forward of its own is not known."""
    known = (*CONVOLUTIONS, *POOLS, *PADS, *IDLE, _BatchNorm, PadWith, ComposedPair)
    if not any(isinstance(layer, kind) and type(layer).forward is kind.forward for kind in known):
        return None
    if isinstance(layer, CONVOLUTIONS):
        return Fit(len(layer.kernel_size), layer.in_channels, layer.out_channels)
    if isinstance(layer, POOLS):
        return Fit(1 + [isinstance(layer, pool) for pool in POOLS].index(True), None, None)
    if isinstance(layer, PADS):
        return Fit(len(layer.padding) // 2, None, None)
    if isinstance(layer, PadWith):
        return Fit(len(layer.padding) // 2, len(layer.values), len(layer.values))
    if isinstance(layer, _BatchNorm):
        return Fit(None, layer.num_features, layer.num_features)
    if isinstance(layer, ComposedPair):
        return Fit(2, layer[0].in_channels, layer[-1].out_channels)
    return Fit(None, None, None)


def as_convolutions(layer, axes, channels):
    """The `Convolution`s that `layer` is, one after the other, for an input with so many axes and channels.

    In float64 on the CPU: not every GPU has float64, and half precision could not hold what lies between.
    CannotMerge where it is none, with the reason.
    """
    if layer._forward_hooks or layer._forward_pre_hooks:
        raise CannotMerge("it has forward hooks, which would no longer see what they see: remove them")
    if isinstance(layer, CONVOLUTIONS):
        return [_from_convolution(layer)]
    if isinstance(layer, POOLS):
        return [_from_pool(layer, axes, channels)]
    if isinstance(layer, _BatchNorm):
        return [_from_batchnorm(layer, axes)]
    if isinstance(layer, PADS):
        return [_padding(layer.padding, torch.full((channels,), float(layer.value)).double())]
    if isinstance(layer, PadWith):
        return [_padding(layer.padding, _exact(layer.values))]
    if isinstance(layer, ComposedPair):
        return [_from_convolution(child) for child in layer]
    if isinstance(layer, IDLE):
        if layer.training and getattr(layer, "p", 0):
            raise CannotMerge("dropout draws at random while it is in training mode: call eval()")
        return []
    raise CannotMerge(f"a {type(layer).__name__} is no convolution, BatchNorm, average or padding")


def _from_convolution(layer):
    if layer.padding_mode != "zeros":
        raise CannotMerge(f"it pads with {layer.padding_mode!r}, not with zeros")
    weight = _exact(layer.weight)
    reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size)]
    if layer.padding == "same":
        padding = tuple((n // 2, n - n // 2) for n in reach)
    else:
        padding = tuple((n, n) for n in ([0] * len(reach) if layer.padding == "valid" else layer.padding))
    bias = weight.new_zeros(layer.out_channels) if layer.bias is None else _exact(layer.bias)
    fill = weight.new_zeros(layer.in_channels)
    biased = layer.bias is not None
    return Convolution(weight, bias, fill, layer.stride, layer.dilation, padding, layer.groups, biased)


def _from_batchnorm(layer, axes):
    if layer.training:
        raise CannotMerge("BatchNorm depends on the other photos of the batch while it is in training mode: call eval()")
    if layer.running_mean is None:
        raise CannotMerge("it keeps no running mean, so it depends on the other photos of the batch")
    scale = 1 / (_exact(layer.running_var) + layer.eps).sqrt()
    bias = -_exact(layer.running_mean) * scale
    if layer.affine:
        scale, bias = _exact(layer.weight) * scale, _exact(layer.weight) * bias + _exact(layer.bias)
    return _each_channel(scale.view(-1, 1, *(1,) * axes), bias, torch.zeros_like(bias), biased=True)


def _from_pool(layer, axes, channels):
    def each(value):  # torch keeps these as one number, or one for each axis
        return (value,) * axes if isinstance(value, int) else tuple(value) * (axes // len(value))

    kernel, stride, padding = map(each, (layer.kernel_size, layer.stride, layer.padding))
    if layer.ceil_mode or (any(padding) and not layer.count_include_pad):
        raise CannotMerge("its averages at the border are over fewer pixels (ceil_mode, or count_include_pad=False)")
    over = getattr(layer, "divisor_override", None) or torch.tensor(kernel).prod().item()
    weight = torch.full((channels, 1, *kernel), 1 / over, dtype=torch.float64)
    zeros = weight.new_zeros(channels)
    return _each_channel(weight, zeros, zeros, stride, tuple((n, n) for n in padding))


def _padding(sides, fill):
    if min(sides) < 0:
        raise CannotMerge("it takes pixels away (negative padding)")
    padding = tuple(zip(sides[::2], sides[1::2]))[::-1]
    return _each_channel(torch.ones(len(fill), 1, *(1,) * len(padding)).double(), torch.zeros_like(fill), fill, padding=padding)


def _each_channel(weight, bias, fill, stride=None, padding=None, biased=False):
    axes = weight.ndim - 2
    return Convolution(weight, bias, fill, stride or (1,) * axes, (1,) * axes, padding or ((0, 0),) * axes, len(bias), biased)


def _exact(tensor):
    if tensor.is_complex():
        raise CannotMerge("its numbers are complex")
    if tensor.is_meta:
        raise CannotMerge("it lies on the meta device and has no numbers: load its weights")
    return tensor.detach().cpu().double()


def as_layer(convolution, like):
    """A layer of torch that does what `convolution` does, with weights of the kind and place of the tensor `like`.

    A convolution, behind a padding where its sides differ or it is not zeros.
    """
    c, axes = convolution, len(convolution.kernel)
    sides = [side for pair in reversed(c.padding) for side in pair]
    padding = 0 if c.padded_apart else tuple(before for before, _ in c.padding)
    pad = PadWith(c.fill.to(like), sides) if c.fill.any() else ZERO_PADS[axes - 1](sides)
    if c.only_pads:
        return pad.eval()
    layer = CONVOLUTIONS[axes - 1](
        len(c.fill), len(c.bias), c.kernel, c.stride, padding, c.dilation, c.groups, c.biased, device="meta"
    )
    layer.weight = nn.Parameter(c.weight.to(like))
    if c.biased:
        layer.bias = nn.Parameter(c.bias.to(like))
    if axes == 2 and like.ndim == 4 and like.is_contiguous(memory_format=torch.channels_last) and not like.is_contiguous():
        layer = layer.to(memory_format=torch.channels_last)
    return (nn.Sequential(pad, layer) if c.padded_apart else layer).eval()
