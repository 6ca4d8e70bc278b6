"""How many axes the values in a graph have, where its layers make that certain."""

import operator

import torch
import torch.nn.functional as F
from torch import fx, nn

from lessonlib.merging.flattening import MEAN_FUNCTIONS, flattens, is_mean, keeps_axes, mean_axes
from lessonlib.merging.layer_types import CONVOLUTIONS, TRANSPOSED

__all__ = ["ACTIVATIONS", "axes_in", "activates"]

ACTIVATIONS = {
    *(F.relu, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.hardswish),
    *(F.softplus, F.dropout, torch.relu, torch.tanh, torch.sigmoid, "relu", "tanh", "sigmoid"),
}
BROADCASTING = {
    *(operator.add, operator.iadd, operator.sub, operator.isub, operator.mul, operator.imul),
    *(torch.add, torch.sub, torch.mul, "add", "add_", "sub", "sub_", "mul", "mul_"),
}
KEEPING = (nn.Linear, nn.Identity, nn.Dropout, nn.LayerNorm, nn.BatchNorm1d, nn.SyncBatchNorm)


def axes_in(graph, module):
    """`{node: number of axes of what it gives}` for those nodes of a graph of which it is certain.

    For a convolution they are those of a batch: of a single photo, one less, a BatchNorm of rows
    would raise.
    """
    axes: dict = {}
    for node in graph.nodes:
        found = _given_by(node, axes, module)
        if found is not None:
            axes[node] = found
    return axes


def _given_by(node, axes, module):
    read = axes.get(node.args[0]) if node.args and isinstance(node.args[0], fx.Node) else None
    if node.op == "get_attr":
        return getattr(operator.attrgetter(node.target)(module), "ndim", None)
    if flattens(node, module):
        return 2
    if node.op == "call_module":
        return _given_by_layer(module.get_submodule(node.target), read)
    if node.target in ACTIVATIONS or node.target in MEAN_FUNCTIONS:
        return read
    if is_mean(node):
        return read if keeps_axes(node) or read is None else read - len(mean_axes(node))
    if node.op in ("call_function", "call_method") and node.target in BROADCASTING:
        terms = [axes.get(term) for term in node.args if isinstance(term, fx.Node)]
        return None if None in terms else max(terms, default=None)
    return None


def _given_by_layer(layer, read):
    for n, kinds in enumerate(zip(CONVOLUTIONS, TRANSPOSED), 1):
        if isinstance(layer, kinds):
            return n + 2
    if isinstance(layer, nn.BatchNorm2d):
        return 4
    if isinstance(layer, nn.BatchNorm3d):
        return 5
    pools = type(layer).__module__ == "torch.nn.modules.pooling"
    return read if pools or isinstance(layer, KEEPING) or activates(layer) else None


def activates(layer):
    """Whether a layer of torch computes each number from one number."""
    kind = type(layer)
    own = kind.__module__ == "torch.nn.modules.activation"
    return own and kind not in (nn.GLU, nn.MultiheadAttention)
