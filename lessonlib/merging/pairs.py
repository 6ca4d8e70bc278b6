"""Two layers of torch become one."""

from torch import nn

from lessonlib.merging.chains import convolutions_of, differing_in_chain, one_of
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_layer

__all__ = ["merge", "differs"]


def merge(a, b, interior=False):
    """One layer that does what layer `a`, then layer `b` do, for an input of any size.

    a, b: convolutions of one to three axes with any kernel, stride, dilation, groups, zero padding and bias; BatchNorm in eval,
    average pooling, constant padding, `PadWith`, dropout in eval, Identity; an `nn.Sequential` of such, as merge returns where
    padding needs a layer of its own. One of them has to say how many channels there are.
    interior: merge even if the border will differ; `differs` shows where.
    Returns an `nn.Conv1d`, `2d` or `3d`, behind a padding layer where its sides differ. a and b stay as they are.
    Raises CannotMerge (a ValueError) with the reason, TypeError for what is no layer.
    """
    parts = _parts(a, b)
    try:
        one = one_of(parts, interior)
    except CannotMerge as reason:
        raise CannotMerge(
            f"These two are not one convolution at the border: {reason}. Pad before the first, or merge(..., interior=True)."
        ) from None
    return as_layer(one, like_of([a, b]))


def differs(a, b, size):
    """Where `a`, then `b`, and `merge(a, b, interior=True)` differ on an input with `size` pixels along each axis.

    Returns a mask as large as the output, False everywhere exactly if the two are one for this size; elsewhere the numbers
    differ, unless the pixels there happen to be zero. Raises as `merge`, and ValueError for a size that is too small.
    """
    return differing_in_chain(_parts(a, b), size)


def like_of(layers, otherwise=None):
    """The weights whose precision, device and memory format a layer in the place of `layers` takes over.

    otherwise: a module whose weights will do where the layers have none, as a padding and an average have not.
    """
    tensors = [
        tensor
        for layer in layers
        for tensor in (*layer.parameters(), *layer.buffers())
        if tensor.is_floating_point()
    ]
    # of several that are as large the one that shows its memory format, as a 1x1 kernel does not
    return (
        max(tensors, key=lambda tensor: (tensor.ndim, not tensor.is_contiguous()))
        if tensors
        else like_of([otherwise])
    )


def _parts(a, b):
    # an empty Sequential stays one, to be refused by its name
    layers = [
        layer
        for given in (a, b)
        for layer in (given if type(given) is nn.Sequential and len(given) else [given])
    ]
    for layer in layers:
        if not isinstance(layer, nn.Module):
            raise TypeError(
                f"Two layers are merged, and this is a {type(layer).__name__}: give modules such as nn.Conv2d."
            )
        if fit_of(layer) is None:
            kind = type(layer).__name__
            raise CannotMerge(
                f"A {kind} is no convolution, BatchNorm, average or padding, so it is not merged."
            )
    found = convolutions_of(layers)
    for layer, parts in zip(layers, found):
        if isinstance(parts, CannotMerge):
            raise CannotMerge(f"This {type(layer).__name__} is not merged: {parts}.")
    return sum(found, [])
