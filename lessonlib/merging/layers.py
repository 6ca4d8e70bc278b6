"""torch's layers as `Convolution`s."""

import torch
from torch import nn

from lessonlib.costs.composed_pair import ComposedPair
from lessonlib.merging.convolution import Convolution
from lessonlib.merging.layer_types import (
    CONVOLUTIONS,
    IDLE,
    PADS,
    POOLS,
    TRANSPOSED,
    PadWith,
    is_hooked,
    is_norm,
)

__all__ = ["CannotMerge", "as_convolutions", "only_scaling", "by_group"]


class CannotMerge(ValueError):
    """Why a layer, or two layers in series, cannot be written as one convolution."""


def as_convolutions(layer, axes, channels):
    """The `Convolution`s that `layer` is, in series, for an input with so many axes and channels.

    In float64 on the CPU: not every GPU has float64, and half precision could not hold the results
    in between. CannotMerge, with the reason, if it is no convolution.
    """
    _check_hooks(layer)
    if isinstance(layer, CONVOLUTIONS):
        return [_from_convolution(layer)]
    if isinstance(layer, TRANSPOSED):
        return [_from_transposed(layer)]
    if isinstance(layer, nn.Linear):
        return [_from_linear(layer)]
    if isinstance(layer, POOLS):
        return [_from_pool(layer, axes, channels)]
    if is_norm(layer):
        return [_from_batchnorm(layer, axes)]
    if isinstance(layer, PADS):
        return [_from_constant_pad(layer, axes, channels)]
    if isinstance(layer, PadWith):
        return [_padding(layer.padding, _exact(layer.values))]
    if isinstance(layer, ComposedPair):
        return [_from_convolution(child) for child in layer]
    if isinstance(layer, IDLE):
        if layer.training and getattr(layer, "p", False):
            raise CannotMerge("dropout is random in training mode: call eval()")
        return []
    raise CannotMerge(
        f"a {type(layer).__name__} is not a convolution, BatchNorm, average or padding layer"
    )


def _check_hooks(layer):
    if is_hooked(layer) or layer._backward_hooks or layer._backward_pre_hooks:
        raise CannotMerge(
            "it has hooks, which would no longer see the same values: "
            "remove them (weight_norm and pruning use hooks)"
        )


def _from_convolution(layer):
    weight = _exact(layer.weight)
    padding = _convolution_padding(layer, weight.shape[2:])
    # with another mode torch pads by what it noted when the layer was made
    pads = any(sum(padding, ())) or any(layer._reversed_padding_repeated_twice)
    if layer.padding_mode != "zeros" and pads:
        raise CannotMerge(f"it pads with {layer.padding_mode!r}, not with zeros")
    return _with_weight(layer, weight, padding)


def _with_weight(layer, weight, padding, output_padding=None):
    """A layer's `Convolution`, all else as the layer has it."""
    biased = layer.bias is not None
    axes = weight.ndim - 2
    return Convolution(
        weight,
        bias=_exact(layer.bias) if biased else weight.new_zeros(len(weight)),
        fill=weight.new_zeros(layer.groups * weight.shape[1]),
        stride=_on_each_axis(layer.stride, axes),
        dilation=_on_each_axis(layer.dilation, axes),
        padding=padding,
        groups=layer.groups,
        biased=biased,
        output_padding=output_padding,
    )


def _from_transposed(layer):
    """A transposed convolution: its weights are kept as those of a plain one, by output channel."""
    weight = by_group(_exact(layer.weight), layer.groups)
    axes = weight.ndim - 2
    padding = tuple((n, n) for n in _on_each_axis(layer.padding, axes))
    return _with_weight(layer, weight, padding, _on_each_axis(layer.output_padding, axes))


def by_group(weight, groups):
    """`(in, out // groups, *kernel)` as `(out, in // groups, *kernel)`, and the other way round."""
    return weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)


def _from_linear(layer):
    """Its matrix, as a convolution along no axis."""
    weight = _exact(layer.weight)
    biased = layer.bias is not None
    return Convolution(
        weight,
        bias=_exact(layer.bias) if biased else weight.new_zeros(layer.out_features),
        fill=weight.new_zeros(layer.in_features),
        stride=(),
        dilation=(),
        padding=(),
        groups=1,
        biased=biased,
    )


def _convolution_padding(layer, kernel):
    """`(before, after)` along each axis."""
    if layer.padding == "same":
        dilation = _on_each_axis(layer.dilation, len(kernel))
        reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return tuple((n // 2, n - n // 2) for n in reach)
    if layer.padding == "valid":
        return ((0, 0),) * len(kernel)
    return tuple((n, n) for n in _on_each_axis(layer.padding, len(kernel)))


def _on_each_axis(value, axes):
    """What torch takes as one number, or one for each axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value) * (axes // len(value))


def _from_batchnorm(layer, axes):
    """The layer's scale as a 1x1 kernel per channel."""
    if layer.training and isinstance(layer, nn.modules.batchnorm._BatchNorm):
        # not for a BatchNorm of constants, which does the same in training
        raise CannotMerge(
            "in training mode BatchNorm depends on the other photos of the batch: call eval()"
        )
    if layer.running_mean is None or layer.running_var is None:
        raise CannotMerge(
            "it keeps no running statistics, so it depends on the other photos of the batch"
        )
    scale = 1 / (_exact(layer.running_var) + layer.eps).sqrt()
    bias = -_exact(layer.running_mean) * scale
    if layer.weight is not None:
        weight = _exact(layer.weight)
        scale = weight * scale
        bias = weight * bias
    if layer.bias is not None:
        bias = bias + _exact(layer.bias)
    return _each_channel(scale.view(-1, 1, *(1,) * axes), bias, torch.zeros_like(bias), biased=True)


def only_scaling(scale, axes):
    """A product with one number for each channel, `(channels,)`, as a `Convolution`."""
    weight = _exact(scale)
    zeros = torch.zeros_like(weight)
    return _each_channel(weight.view(-1, 1, *(1,) * axes), zeros, zeros)


def _from_pool(layer, axes, channels):
    kernel = _on_each_axis(layer.kernel_size, axes)
    stride = _on_each_axis(layer.stride, axes)
    padding = _on_each_axis(layer.padding, axes)
    if layer.ceil_mode or (any(padding) and not layer.count_include_pad):
        raise CannotMerge(
            "its averages at the border are over fewer pixels "
            "(ceil_mode, or count_include_pad=False)"
        )
    over = getattr(layer, "divisor_override", None) or torch.tensor(kernel).prod().item()
    weight = torch.full((channels, 1, *kernel), 1 / over, dtype=torch.float64)
    zeros = weight.new_zeros(channels)
    return _each_channel(weight, zeros, zeros, stride, tuple((n, n) for n in padding))


def _from_constant_pad(layer, axes, channels):
    missing = 2 * axes - len(layer.padding)
    if missing < 0:
        raise CannotMerge(f"it pads {len(layer.padding) // 2} axes, but the convolution has {axes}")
    sides = (*layer.padding, *[0] * missing)  # torch may pad only the last axes
    fill = torch.full((channels,), float(layer.value), dtype=torch.float64)
    return _padding(sides, _exact(fill))


def _padding(sides, fill):
    """A convolution that only pads, `sides` counted as torch does, the last axis first."""
    if min(sides) < 0:
        raise CannotMerge("it crops its input (negative padding)")
    padding = tuple(zip(sides[::2], sides[1::2]))[::-1]
    weight = fill.new_ones(len(fill), 1, *(1,) * len(padding))
    return _each_channel(weight, torch.zeros_like(fill), fill, padding=padding)


def _each_channel(weight, bias, fill, stride=None, padding=None, biased=False):
    """A depthwise `Convolution` without dilation."""
    axes = weight.ndim - 2
    return Convolution(
        weight,
        bias,
        fill,
        stride=stride or (1,) * axes,
        dilation=(1,) * axes,
        padding=padding or ((0, 0),) * axes,
        groups=len(bias),
        biased=biased,
    )


def _exact(tensor):
    if tensor.is_complex():
        raise CannotMerge("its numbers are complex")
    if tensor.is_meta:
        raise CannotMerge("it is on the meta device and has no numbers: load its weights")
    exact = tensor.detach().cpu().double()
    # the sum shows it fast; but very large numbers may add up to infinity
    if not exact.sum().isfinite() and not exact.isfinite().all():
        raise CannotMerge("its numbers are not all finite")
    return exact
