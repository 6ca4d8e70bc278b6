"""What a layer costs: weights, MACs, memory traffic, and activation memory for the backward pass.

All this is counted, not measured (`timing` measures): a copy of the module runs on torch's meta
device, where a tensor has a shape and no numbers. So these are the operations that torch really
runs, for a layer of any size, in milliseconds and on any machine.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from lessonlib.costs.composed_pair import ComposedPair
from lessonlib.costs.composing import composing_share

__all__ = ["Cost", "LayerCost", "cost", "layer_costs", "saved_by_photo"]

# Dispatched like operations, but they neither read nor write a number.
FREE = {
    torch.ops.aten._unsafe_view.default,
    torch.ops.aten.empty.memory_format,
    torch.ops.aten.new_empty.default,
}


@dataclass(frozen=True)
class Cost:
    """What one forward pass of a module takes, for a whole batch, in the precision of its weights.

    weights: trainable numbers;
    macs: multiplications, each with its addition;
    operations: calls that compute something, each a kernel launch on a GPU;
    moved: bytes that these calls read and write, each tensor once per call: a lower bound of the
    memory traffic;
    saved: activation memory, the bytes saved for the backward pass, each storage once. Weights and
    buffers exist anyway and are not counted.
    """

    weights: int
    macs: int
    operations: int
    moved: int
    saved: int

    @property
    def intensity(self):
        """Arithmetic intensity: MACs per byte moved.

        As in Williams, Waterman and Patterson 2009, with MACs in place of flops.
        """
        return self.macs / self.moved


@dataclass(frozen=True)
class LayerCost:
    """One convolution of a network, or the arm in its place.

    name: its path in the network; shape_in, shape_out: `(n, channels, h, w)`;
    composes: for a `ComposedPair`, whether it is counted as composed first, by
    `choosing.composing_pays`, since a count cannot time it; else None;
    share: for a `ComposedPair`, its `composing_share`; else None.
    """

    name: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    cost: Cost
    composes: bool | None = None
    share: float | None = None


def cost(module, shape):
    """The `Cost` of `module` for an input of `shape`, batch first. The module stays as it is.

    Assumes that the input needs a gradient, as everywhere but in the first layer.
    TypeError if module is not an nn.Module, ValueError for a shape that it does not take.
    """
    module, x = _on_meta(module, shape)
    known = {_storage_id(t) for t in (*module.parameters(), *module.buffers())}
    saved = {}  # holds on to the storages, so that no id is used twice

    def save(tensor):
        saved[_storage_id(tensor)] = tensor.untyped_storage()
        return tensor

    flops = FlopCounterMode(display=False)
    traffic = _Traffic()
    with flops, traffic, torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        _run(module, x)
    activations = [storage.nbytes() for key, storage in saved.items() if key not in known]
    return Cost(
        weights=sum(p.numel() for p in module.parameters()),
        macs=flops.get_total_flops() // 2,  # torch counts multiplication and addition as two
        operations=traffic.operations,
        moved=traffic.moved,
        saved=sum(activations),
    )


def saved_by_photo(module, shape):
    """Activation memory per photo of `shape` (channels, h, w), in bytes.

    What a batch of two saves for the backward pass beyond a batch of one. Raises as `cost` does.
    """
    two = cost(module, (2, *shape))
    one = cost(module, (1, *shape))
    return two.saved - one.saved


def layer_costs(model, shape):
    """A list of `LayerCost`, one per convolution of `model`, in the order of use.

    shape: of the input, batch first. A container that directly holds several convolutions is one
    layer: that is how a pair takes the place of a 3x3. Raises as `cost` does.
    """
    model, x = _on_meta(model, shape)
    seen = []

    def note(name):
        return lambda module, given, y: seen.append((name, module, given[0].shape, y.shape))

    hooks = [module.register_forward_hook(note(name)) for name, module in _arms(model)]
    _run(model, x)
    for hook in hooks:
        hook.remove()
    return [_layer_cost(*row) for row in seen]


def _layer_cost(name, module, shape_in, shape_out):
    composes = None
    share = None
    if isinstance(module, ComposedPair):
        first, second = module
        composes = module.composes
        share = composing_share(shape_in, first.out_channels, second.stride[0])
    counted = cost(module, shape_in)
    return LayerCost(name, tuple(shape_in), tuple(shape_out), counted, composes, share)


def _arms(module, name=""):
    """Yield (name, module) of every convolution or arm inside `module`, outermost first."""
    convolutions = sum(isinstance(child, nn.Conv2d) for child in module.children())
    if isinstance(module, nn.Conv2d) or convolutions > 1:
        yield name, module
        return
    for child_name, child in module.named_children():
        yield from _arms(child, f"{name}.{child_name}".strip("."))


def _on_meta(module, shape):
    """A copy of `module`, and an input of `shape` for it, both on the meta device."""
    _check(module, shape)
    module = deepcopy(module).to("meta")
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    return module, torch.empty(tuple(shape), dtype=dtype, device="meta", requires_grad=True)


def _check(module, shape):
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"Costs are counted for an nn.Module, not a {type(module).__name__}: "
            "build one, as with an arm's build."
        )
    if not isinstance(shape, list | tuple) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(
            "A shape has whole numbers from 1 up, the batch first, such as (1, 3, 64, 64), "
            f"not {shape}."
        )


def _run(module, x):
    try:
        return module(x)
    except RuntimeError as error:
        raise ValueError(
            f"This module cannot take an input of shape {tuple(x.shape)}: "
            "choose channels and a size that it takes."
        ) from error


def _storage_id(tensor):
    return tensor.untyped_storage()._cdata  # on the meta device every data_ptr is 0


class _Traffic(TorchDispatchMode):
    """Counts the operations that run, and the bytes they read and write. A view does neither."""

    def __init__(self):
        super().__init__()
        self.operations = 0
        self.moved = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if not func.is_view and func not in FREE:
            touched = tree_leaves((args, kwargs, out))
            self.operations += 1
            self.moved += sum(t.nbytes for t in touched if isinstance(t, torch.Tensor))
        return out
