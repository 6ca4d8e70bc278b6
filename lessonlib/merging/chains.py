"""Chains of layers as convolutions in series, and those as one."""

from math import prod

import torch
import torch.nn.functional as F

from lessonlib.merging.borders import border_obstacle, differing, reading
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions
from lessonlib.merging.series import in_series

__all__ = [
    "convolutions_of",
    "check_fit",
    "one_of",
    "macs_of",
    "total_stride",
    "differing_in_chain",
]


def convolutions_of(layers):
    """For each layer of a chain a list of `Convolution`s, or the CannotMerge that says why not.

    The list is empty for a layer that does nothing.
    """
    fits = [fit_of(layer) for layer in layers]
    axes = next((fit.axes for fit in fits if fit.axes is not None), None)
    channels = next((fit.reads for fit in fits if fit.reads), None)
    found = []
    for layer, fit in zip(layers, fits):
        try:
            check_fit(fit, axes, channels)
            found.append(as_convolutions(layer, axes, channels))
        except CannotMerge as reason:
            found.append(reason)
        channels = fit.gives or channels
    return found


def check_fit(fit, axes, channels):
    """CannotMerge unless the layer reads so many axes and channels."""
    if axes is None or channels is None:
        raise CannotMerge("no convolution in its chain says how many channels and axes there are")
    if fit.reads not in (None, channels):
        raise CannotMerge(f"the layer before gives {channels} channels, but it reads {fit.reads}")
    if fit.axes not in (None, axes):
        raise CannotMerge(f"the layers before slide along {axes} axes, this one along {fit.axes}")


def macs_of(parts):
    """Multiplications of convolutions in series per position of the last one's output.

    They are counted in the middle of a large input.
    """
    return sum(part.macs * total_stride(parts[i + 1 :]) for i, part in enumerate(parts))


def total_stride(parts):
    """Input positions per output position of convolutions in series."""
    return prod(prod(part.stride) for part in parts)


def one_of(parts, interior=False, join=in_series):
    """The one `Convolution` of several in series, two joined at a time.

    join: `in_series`, or `outlines.outline_in_series` to know the costs without the weights.
    CannotMerge if it differs at the border, unless `interior` accepts that.
    """
    one, *rest = parts
    for part in rest:
        if not interior and (reason := border_obstacle(one, part)):
            raise CannotMerge(reason)
        one = join(one, part)
    return one


def differing_in_chain(parts, size):
    """Where convolutions in series and `one_of(parts, interior=True)` differ on an input of `size`.

    Returns a mask with the size of the output. ValueError unless `size` is a list or tuple with a
    whole number of pixels for each axis, and large enough for the kernels.
    """
    _check_size(size, axes=len(parts[0].kernel))
    one, *rest = parts
    wrong = torch.zeros(one.output_size(size), dtype=torch.bool)
    for part in rest:
        sides = sum(reversed(part.padding), ())  # torch pads the last axis first
        wrong = differing(one, part, size) | reading(part, F.pad(wrong, sides))
        one = in_series(one, part)
    return wrong


def _check_size(size, axes):
    fits = isinstance(size, list | tuple) and len(size) == axes
    if not fits or not all(isinstance(n, int) and n > 0 for n in size):
        raise ValueError(
            f"The size is {size}: give {axes} whole numbers from 1 up, the pixels along each axis."
        )
