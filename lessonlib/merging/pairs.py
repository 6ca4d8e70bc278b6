"""Merge layers of torch into one."""

import torch
from torch import nn

from lessonlib.merging.chains import convolutions_of, differing_in_chain, one_of
from lessonlib.merging.layer_types import fit_of, rest_of
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.to_layers import as_layer

__all__ = ["merge", "differs"]


def merge(*layers: nn.Module, interior: bool = False) -> nn.Module:
    """One layer that computes the `layers` one after the other, for an input of any size.

    layers: convolutions of one to three axes with any kernel, stride, dilation, groups, padding
    with zeros and bias; BatchNorm in eval, average pooling, constant padding, `PadWith`, dropout in
    eval, Identity; Linear, with BatchNorm for inputs `(n, channels)`; a transposed convolution
    before what sees one position at a time; or an `nn.Sequential` of these, which merge itself
    returns where padding needs a separate layer. One of them has to say how many channels there
    are. All stay unchanged.
    interior: merge even if the border will differ; `differs` shows where.
    Returns an `nn.Conv1d`, `2d` or `3d`, behind a padding layer if its sides differ.
    Raises CannotMerge (a ValueError) with the reason, TypeError if one is not a layer.
    """
    parts = _parts(*layers)
    try:
        one = one_of(parts, interior)
    except CannotMerge as reason:
        said = "two" if len(layers) == 2 else "layers"
        raise CannotMerge(
            f"These {said} are not one convolution at the border: {reason}. "
            "Pad before the first, or merge(..., interior=True)."
        ) from None
    return as_layer(one, like_of(layers))


def differs(a: nn.Module, b: nn.Module, size: tuple[int, ...] | list[int]) -> torch.Tensor:
    """Where `a`, then `b`, and `merge(a, b, interior=True)` differ on an input of this size.

    size: the pixels along each axis.
    Returns a mask with the size of the output, all False exactly if the two are one for this size.
    Where it is True the outputs may still be equal by chance, as for an input of zeros.
    Raises as `merge`, and ValueError for an invalid size or one that is too small.
    """
    return differing_in_chain(_parts(a, b), size)


def like_of(layers, otherwise=None):
    """The weight whose precision, device and memory format a layer in place of `layers` takes over.

    otherwise: a module to take a weight of if the layers have none, as padding and averages do not.
    """
    tensors = []
    for layer in layers:
        tensors += [*layer.parameters(), *layer.buffers()]
    tensors = [tensor for tensor in tensors if tensor.is_floating_point()]
    if not tensors:
        return like_of([otherwise])
    # of tensors of one rank the one that shows its memory format, which a 1x1 kernel does not
    return max(tensors, key=lambda tensor: (tensor.ndim, not tensor.is_contiguous()))


def _parts(*given):
    """The `Convolution`s of all in series."""
    layers = [layer for some in given for layer in _layers_in(some)]
    for layer in layers:
        name = type(layer).__name__
        if not isinstance(layer, nn.Module):
            raise TypeError(
                f"Only layers are merged, and this is a {name}: give modules such as nn.Conv2d."
            )
        if rest_of(layer):
            raise CannotMerge(
                f"A {name} applies an activation too, so it is no convolution: "
                "merge_chains merges it in a model, and keeps the activation."
            )
        if fit_of(layer) is None:
            raise CannotMerge(
                f"A {name} is not a convolution, BatchNorm, average or padding layer, "
                "so it cannot be merged."
            )
    found = convolutions_of(layers)
    for layer, parts in zip(layers, found):
        if isinstance(parts, CannotMerge):
            raise CannotMerge(f"This {type(layer).__name__} cannot be merged: {parts}.")
    return sum(found, [])


def _layers_in(given):
    """An empty Sequential stays one, to be refused by its name."""
    if type(given) is not nn.Sequential or not len(given):
        return [given]
    return [layer for inner in given for layer in _layers_in(inner)]
