"""torch's layers as `Convolution`s, and a `Convolution` as a layer again."""

import torch
from torch import nn

from lessonlib.costs.composed_pair import ComposedPair
from lessonlib.merging.convolution import Convolution
from lessonlib.merging.layer_types import CONVOLUTIONS, IDLE, PADS, POOLS, PadWith, is_norm

__all__ = ["CannotMerge", "as_convolutions", "as_layer"]

ZERO_PADS = nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d


class CannotMerge(ValueError):
    """A layer that is not, or a pair that has not, one convolution, and why."""


def as_convolutions(layer, axes, channels):
    """The `Convolution`s that `layer` is, one after the other, for an input with so many axes and channels.

    In float64 on the CPU: not every GPU has float64, and half precision could not hold what lies between.
    CannotMerge where it is none, with the reason.
    """
    if (
        layer._forward_hooks
        or layer._forward_pre_hooks
        or layer._backward_hooks
        or layer._backward_pre_hooks
    ):
        raise CannotMerge(
            "it has hooks, which would no longer see what they see: remove them (weight_norm and pruning are such)"
        )
    if isinstance(layer, CONVOLUTIONS):
        return [_from_convolution(layer)]
    if isinstance(layer, POOLS):
        return [_from_pool(layer, axes, channels)]
    if is_norm(layer):
        return [_from_batchnorm(layer, axes)]
    if isinstance(layer, PADS):
        if len(layer.padding) > 2 * axes:
            raise CannotMerge(
                f"it pads {len(layer.padding) // 2} axes, and the convolution has {axes}"
            )
        sides = (*layer.padding, *[0] * (2 * axes - len(layer.padding)))  # torch pads the last axes
        return [
            _padding(
                sides, _exact(torch.full((channels,), float(layer.value), dtype=torch.float64))
            )
        ]
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
    weight = _exact(layer.weight)
    reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size)]
    if layer.padding == "same":
        padding = tuple((n // 2, n - n // 2) for n in reach)
    else:
        padding = tuple(
            (n, n) for n in ([0] * len(reach) if layer.padding == "valid" else layer.padding)
        )
    if layer.padding_mode != "zeros" and any(sum(padding, ())):
        raise CannotMerge(f"it pads with {layer.padding_mode!r}, not with zeros")
    bias = weight.new_zeros(layer.out_channels) if layer.bias is None else _exact(layer.bias)
    fill = weight.new_zeros(layer.in_channels)
    biased = layer.bias is not None
    return Convolution(
        weight, bias, fill, layer.stride, layer.dilation, padding, layer.groups, biased
    )


def _from_batchnorm(layer, axes):
    if layer.training and isinstance(
        layer, nn.modules.batchnorm._BatchNorm
    ):  # one of constants does the same in training
        raise CannotMerge(
            "BatchNorm depends on the other photos of the batch while it is in training mode: call eval()"
        )
    if layer.running_mean is None:
        raise CannotMerge(
            "it keeps no running mean, so it depends on the other photos of the batch"
        )
    scale = 1 / (_exact(layer.running_var) + layer.eps).sqrt()
    bias = -_exact(layer.running_mean) * scale
    if layer.weight is not None:
        scale, bias = _exact(layer.weight) * scale, _exact(layer.weight) * bias
    if layer.bias is not None:
        bias = bias + _exact(layer.bias)
    return _each_channel(scale.view(-1, 1, *(1,) * axes), bias, torch.zeros_like(bias), biased=True)


def _from_pool(layer, axes, channels):
    def each(value):  # torch keeps these as one number, or one for each axis
        return (value,) * axes if isinstance(value, int) else tuple(value) * (axes // len(value))

    kernel, stride, padding = map(each, (layer.kernel_size, layer.stride, layer.padding))
    if layer.ceil_mode or (any(padding) and not layer.count_include_pad):
        raise CannotMerge(
            "its averages at the border are over fewer pixels (ceil_mode, or count_include_pad=False)"
        )
    over = getattr(layer, "divisor_override", None) or torch.tensor(kernel).prod().item()
    weight = torch.full((channels, 1, *kernel), 1 / over, dtype=torch.float64)
    zeros = weight.new_zeros(channels)
    return _each_channel(weight, zeros, zeros, stride, tuple((n, n) for n in padding))


def _padding(sides, fill):
    if min(sides) < 0:
        raise CannotMerge("it takes pixels away (negative padding)")
    padding = tuple(zip(sides[::2], sides[1::2]))[::-1]
    return _each_channel(
        torch.ones(len(fill), 1, *(1,) * len(padding)).double(),
        torch.zeros_like(fill),
        fill,
        padding=padding,
    )


def _each_channel(weight, bias, fill, stride=None, padding=None, biased=False):
    axes = weight.ndim - 2
    return Convolution(
        weight,
        bias,
        fill,
        stride or (1,) * axes,
        (1,) * axes,
        padding or ((0, 0),) * axes,
        len(bias),
        biased,
    )


def _exact(tensor):
    if tensor.is_complex():
        raise CannotMerge("its numbers are complex")
    if tensor.is_meta:
        raise CannotMerge("it lies on the meta device and has no numbers: load its weights")
    exact = tensor.detach().cpu().double()
    if not exact.isfinite().all():
        raise CannotMerge("its numbers are not all finite")
    return exact


def as_layer(convolution, like):
    """A layer of torch that does what `convolution` does, with weights of the kind and place of `like`, frozen if that is.

    A convolution, behind a padding where its sides differ or it is not zeros.
    """
    c, axes = convolution, len(convolution.kernel)
    sides = [side for pair in reversed(c.padding) for side in pair]
    padding = 0 if c.padded_apart else tuple(before for before, _ in c.padding)
    pad = PadWith(c.fill.to(like), sides) if c.fill.any() else ZERO_PADS[axes - 1](sides)
    if c.only_pads:
        return pad.eval()
    layer = CONVOLUTIONS[axes - 1](
        len(c.fill),
        len(c.bias),
        c.kernel,
        c.stride,
        padding,
        c.dilation,
        c.groups,
        c.biased,
        device="meta",
    )
    layer.weight = nn.Parameter(c.weight.to(like), like.requires_grad)
    if c.biased:
        layer.bias = nn.Parameter(c.bias.to(like), like.requires_grad)
    if (
        axes == 2
        and like.ndim == 4
        and like.is_contiguous(memory_format=torch.channels_last)
        and not like.is_contiguous()
    ):
        layer = layer.to(memory_format=torch.channels_last)
    return (nn.Sequential(pad, layer) if c.padded_apart else layer).eval()
