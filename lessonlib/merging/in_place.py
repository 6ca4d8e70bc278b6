"""Which nodes of a graph write on tensors that others may still read."""

import operator
from typing import Any

import torch
from torch import fx

from lessonlib.merging.layer_types import IDLE, fit_of

__all__ = ["IN_PLACE", "writes_unseen", "writer_among"]

IN_PLACE = (operator.iadd, operator.isub, operator.imul, "add_", "sub_", "mul_")
WRITING = ("setitem", "iadd", "isub", "imul", "itruediv", "ifloordiv", "imatmul", "ipow")
MAKING: tuple[Any, ...] = (  # a tensor of their own
    operator.add,
    operator.sub,
    operator.mul,
    torch.add,
    torch.sub,
    torch.mul,
    "add",
    "sub",
    "mul",
)


def writes_unseen(node, layers):
    """Whether a node writes only on a tensor that it alone reads, and under no other name."""
    first = node.args[0] if node.args else None
    read_once = isinstance(first, fx.Node) and len(first.users) == 1
    return node.target in IN_PLACE and read_once and _is_fresh(first, layers)


def _is_fresh(node, layers):
    """Whether a node made its tensor itself, or got it from one that did and that it alone reads.

    So no other name stands for that tensor. layers: `{target: layer}` of the known ones.
    """
    is_layer = node.op == "call_module" and node.target in layers
    if is_layer and not isinstance(layers[node.target], IDLE) or node.target in MAKING:
        return True
    if not is_layer and node.target not in IN_PLACE:
        return False
    before = node.args[0]
    return isinstance(before, fx.Node) and len(before.users) == 1 and _is_fresh(before, layers)


def writer_among(graph, nodes, module, layers):
    """A node that may write on what others read while `nodes` are computed; None if there is none.

    layers: `{target: layer}` of the known ones.
    """
    order = list(graph.nodes)
    places = [order.index(node) for node in nodes]
    for node in order[min(places) : max(places)]:
        if _may_write(node, module) and not writes_unseen(node, layers):
            return node
    return None


def _may_write(node, module):
    if node.op == "call_module":
        layer = module.get_submodule(node.target)
        torchs_own = type(layer).__module__.startswith("torch.nn")
        return not (fit_of(layer) or torchs_own) or getattr(layer, "inplace", False)
    if node.op not in ("call_function", "call_method"):
        return False
    if node.op == "call_function" and not _is_known(node.target):
        return True
    name = getattr(node.target, "__name__", node.target)
    asked = node.kwargs.get("inplace") or "out" in node.kwargs
    return name.endswith("_") or name in WRITING or bool(asked) or _may_ask_by_place(node)


def _may_ask_by_place(node):
    """Whether a function such as `F.relu(x, True)` may be asked to write on its input."""
    own = getattr(node.target, "__module__", "") == "torch.nn.functional"
    return own and any(arg is True for arg in node.args)


def _is_known(function):
    home = getattr(function, "__module__", "") or "torch"  # torch's own in C have no module
    return home.split(".")[0] in ("torch", "_operator", "builtins", "math")
