"""Which layers a matrix reads behind means over positions and a flattening of all positions."""

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from lessonlib.merging.layer_types import CONVOLUTIONS, IDLE, POOLS

__all__ = ["MEAN_FUNCTIONS", "before_flattening", "flattens", "is_mean", "keeps_axes", "mean_axes"]

MEANS: tuple[Any, ...] = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
MEAN_FUNCTIONS = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)


def before_flattening(node, free, module, seen_alone):
    """(what comes before them, the nodes of layers that see one position at a time, in order).

    They lead to `node`, a Linear layer, each read by the next alone, but for means over positions,
    a flattening from the second axis, and what is idle in eval. (None, []) if nothing is flattened.
    free: `{node: layer}` of the layers that may be merged; module: the one that has the graph;
    seen_alone: a function that says of a layer whether it sees one position at a time.
    """
    found: list = []
    means: list = []
    flat = False
    before = node.args[0]
    while _readers(before) == 1 and before.args and isinstance(before.args[0], fx.Node):
        layer = free.get(before)
        if isinstance(layer, IDLE):
            pass
        elif not flat and flattens(before, module):
            flat = True
        elif _averages(before, layer, module):
            flat = flat or not keeps_axes(before)
            means.append(before)
        elif flat and layer is not None and seen_alone(layer):
            found.insert(0, before)
        else:
            break
        before = before.args[0]
    axes = {_axes_of(free.get(node)) for node in [before, *found]} - {None}
    if not flat or not all(_over_positions(mean, axes) for mean in means):
        return None, []
    return before, found


def _axes_of(layer):
    """Along how many axes positions lie, None if a layer does not say it."""
    kinds = zip((*CONVOLUTIONS, nn.BatchNorm2d, nn.BatchNorm3d), (1, 2, 3, 2, 3))
    return next((axes for kind, axes in kinds if isinstance(layer, kind)), None)


def _readers(node):
    """How many nodes read more of a node than how many samples it holds."""
    return len([user for user in node.users if not _counts_samples(user)])


def _counts_samples(node):
    """Whether a node is the size of the first axis of what it reads, `size(0)` or `shape[0]`."""
    if node.op == "call_method" and node.target == "size":
        return node.args[1:] == (0,)
    if node.op == "call_function" and node.target is getattr and node.args[1] == "shape":
        firsts = [user.target is operator.getitem and user.args[1] == 0 for user in node.users]
        return all(firsts)
    return False


def flattens(node, module):
    """Whether a node flattens all axes but the first."""
    if node.op == "call_module":
        layer = module.get_submodule(node.target)
        return type(layer) is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1)
    if node.target is torch.flatten or node.target == "flatten":
        return node.args[1:] == (1,) or node.kwargs == {"start_dim": 1}
    if node.target in ("view", "reshape") and len(node.args) == 3:
        read, samples, rest = node.args
        return rest == -1 and isinstance(samples, fx.Node) and _samples_of(samples) is read
    return False


def _samples_of(node):
    """The node of which a node is the number of samples."""
    if node.target is operator.getitem:
        node = node.args[0]
    return node.args[0] if _counts_samples(node) else None


def _averages(node, layer, module):
    """Whether a node takes means, each with weights that add up to 1."""
    if node.op == "call_module":
        if isinstance(layer, POOLS):
            inside = layer.count_include_pad is False or not any(_numbers(layer.padding))
            return inside and not getattr(layer, "divisor_override", None)
        return type(module.get_submodule(node.target)) in MEANS
    return node.target in MEAN_FUNCTIONS or is_mean(node)


def is_mean(node):
    """Whether a node takes means over some axes."""
    if node.target is not torch.mean and node.target != "mean":
        return False
    return node.kwargs.keys() <= {"dim", "keepdim"} and bool(mean_axes(node))


def _numbers(value):
    return (value,) if isinstance(value, int) else tuple(value)


def mean_axes(node):
    """The axes of a `mean`, none if it is over all."""
    axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", ())
    return _numbers(axes)


def keeps_axes(node):
    """Whether a node that takes means gives as many axes as it reads."""
    if is_mean(node):
        return node.args[2] if len(node.args) > 2 else node.kwargs.get("keepdim", False)
    return True


def _over_positions(node, axes):
    """Whether a mean leaves samples and channels apart, and flattens only if it is over the rest.

    axes: `{along how many axes positions lie}`, one if it is known.
    """
    if not is_mean(node):
        return True
    if len(axes) != 1:
        return False
    [n] = axes
    over = {axis % (n + 2) for axis in mean_axes(node)}
    positions = {*range(2, n + 2)}
    return over <= positions and (keeps_axes(node) or over == positions)
