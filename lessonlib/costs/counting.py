"""What a layer costs: weights, MACs, bytes through memory, bytes saved for the way back.

All this is counted, not measured (for the time see `clock`): a copy of the module runs on torch's meta device, where a
tensor has a shape and no numbers. So the counts are of what torch really does, for a layer of any size, in milliseconds
and on any machine.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from lessonlib.costs.composed_pair import ComposedPair, composing_share

__all__ = ["Cost", "LayerCost", "cost", "layer_costs", "saved_by_photo"]

FREE = {
    torch.ops.aten._unsafe_view.default,
    torch.ops.aten.empty.memory_format,
}  # look like operations, touch no number


@dataclass(frozen=True)
class Cost:
    """What one forward pass of a module takes, for a whole batch, in the precision of its weights.

    weights: numbers that are learnt; macs: multiplications, each with its addition;
    operations: calls that compute something, on a GPU a launch each;
    moved: bytes that these read and write, each tensor once a call, so the least that has to pass through memory;
    saved: bytes kept until the backward pass, each storage once, without weights and buffers, which are there anyway.
    """

    weights: int
    macs: int
    operations: int
    moved: int
    saved: int

    @property
    def intensity(self):
        """Arithmetic intensity: MACs for each byte moved (Williams, Waterman and Patterson 2009, with MACs for flops)."""
        return self.macs / self.moved


@dataclass(frozen=True)
class LayerCost:
    """One convolution of a network, or the arm in its place: `name` is its path, shapes are `(n, channels, h, w)`.

    composes, share: for a `ComposedPair` which way it goes, and what share of the convolution composing costs; else None.
    """

    name: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    cost: Cost
    composes: bool | None = None
    share: float | None = None


def cost(module, shape):
    """The `Cost` of `module` for an input of `shape`, with the batch first. The module itself is left as it is.

    The input is taken to need a gradient, as anywhere but in the first layer. Raises ValueError for a shape that does not fit.
    """
    module, x = _on_meta(module, shape)
    known = {_storage(t) for t in (*module.parameters(), *module.buffers())}
    saved = {}  # holds the storages, so that no number is given to a second one

    def keep(tensor):
        saved[_storage(tensor)] = tensor.untyped_storage()
        return tensor

    flops, traffic = FlopCounterMode(display=False), _Traffic()
    with flops, traffic, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        _run(module, x)
    return Cost(
        weights=sum(p.numel() for p in module.parameters()),
        macs=flops.get_total_flops()
        // 2,  # torch counts the addition apart from the multiplication
        operations=traffic.operations,
        moved=traffic.moved,
        saved=sum(storage.nbytes() for number, storage in saved.items() if number not in known),
    )


def saved_by_photo(module, shape):
    """Bytes saved for backward by each photo of `shape` (channels, h, w): a batch of two less a batch of one."""
    return cost(module, (2, *shape)).saved - cost(module, (1, *shape)).saved


def layer_costs(model, shape):
    """Every convolution of `model`, in the order it is used for an input of `shape`: a list of `Layer`.

    A container that directly holds several convolutions is one layer: that is how a pair stands in the place of a 3x3.
    """
    model, x = _on_meta(model, shape)
    seen = []

    def note(name):
        return lambda module, given, y: seen.append((name, module, given[0].shape, y.shape))

    hooks = [module.register_forward_hook(note(name)) for name, module in _arms(model)]
    _run(model, x)
    for hook in hooks:
        hook.remove()
    return [_layer(*row) for row in seen]


def _layer(name, module, shape_in, shape_out):
    composes = share = None
    if isinstance(module, ComposedPair):
        composes, share = (
            module.composes,
            composing_share(shape_in, module[0].out_channels, module[1].stride[0]),
        )
    return LayerCost(
        name, tuple(shape_in), tuple(shape_out), cost(module, shape_in), composes, share
    )


def _arms(module, name=""):
    """(name, module) of every convolution or arm inside `module`, outermost first."""
    if (
        isinstance(module, nn.Conv2d)
        or sum(isinstance(child, nn.Conv2d) for child in module.children()) > 1
    ):
        yield name, module
    else:
        for child_name, child in module.named_children():
            yield from _arms(child, f"{name}.{child_name}".strip("."))


def _on_meta(module, shape):
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"Costs are counted of an nn.Module, this is a {type(module).__name__}: build one, as with an arm's build."
        )
    if not isinstance(shape, list | tuple) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(
            f"A shape has whole numbers from 1 up, the batch first, such as (1, 3, 64, 64), not {shape}."
        )
    module = deepcopy(module).to("meta")
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    return module, torch.empty(tuple(shape), dtype=dtype, device="meta", requires_grad=True)


def _run(module, x):
    try:
        return module(x)
    except RuntimeError as error:
        raise ValueError(
            f"This module cannot take an input of shape {tuple(x.shape)}: choose channels and a size that it reads."
        ) from error


def _storage(tensor):
    return tensor.untyped_storage()._cdata  # on the meta device every data_ptr is 0


class _Traffic(TorchDispatchMode):
    """Counts the operations that run, and the bytes of the tensors they read and write. A view does neither."""

    def __init__(self):
        super().__init__()
        self.operations = self.moved = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if not func.is_view and func not in FREE:
            tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, torch.Tensor)]
            self.operations += 1
            self.moved += sum(t.nbytes for t in tensors)
        return out
