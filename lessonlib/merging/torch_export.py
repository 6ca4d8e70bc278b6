"""Exported models: torch.export writes layers as calls of operators; make these layers again."""

from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from lessonlib.merging.examples import Example, check_same
from lessonlib.merging.layer_types import CONVOLUTIONS, PADS, POOLS
from lessonlib.merging.models import merge_chains

__all__ = ["merge_exported", "with_layers", "export_again"]

aten = torch.ops.aten
CONVOLUTION = (aten.conv1d, aten.conv2d, aten.conv3d, aten.convolution)
NORM = aten._native_batch_norm_legit_no_training  # after run_decompositions
NORMS: tuple[Any, ...] = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOL = dict(zip((aten.avg_pool1d, aten.avg_pool2d, aten.avg_pool3d), POOLS))
POOL_OPTIONS = (
    "kernel_size",
    "padding",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
)
DROPOUT = (aten.dropout, aten.feature_dropout)
PAD = (aten.constant_pad_nd, aten.pad)


def merge_exported(
    program: torch.export.ExportedProgram, *, at_most: float = 1.0
) -> torch.export.ExportedProgram:
    """A model exported by torch.export with each chain merged, exported again.

    So a model is merged that torch.fx cannot trace: `merge_exported(torch.export.export(model, x))`
    for a tuple x of its arguments. `python -m lessonlib.merging` does the same to a file.
    at_most: as for `plan`. The outputs are compared on the inputs with which it was exported.
    Raises TypeError for anything else, ValueError if it was exported in training mode or without
    inputs, or if the outputs differ.
    """
    if not isinstance(program, torch.export.ExportedProgram):
        kind = type(program).__name__
        raise TypeError(f"merge_exported takes what torch.export.export returns, not a {kind}.")
    if program.example_inputs is None:
        raise ValueError(
            "The model has no example inputs: export it with torch.export.export(model, args)."
        )
    model = with_layers(program)
    again = export_again(merge_chains(model, at_most=at_most), program)
    check_same(model, again.module(), Example(*program.example_inputs))
    return again


def with_layers(program):
    """The module of a `torch.export.ExportedProgram` in eval, with layers for what can be merged.

    Those are convolution, BatchNorm, average pooling, constant padding and dropout. Other operators
    stay, and the outputs are the same. ValueError for a model exported in training mode.
    """
    module = program.module()
    for node in list(module.graph.nodes):
        layer = _layer(module, node) if isinstance(node.target, torch._ops.OpOverload) else None
        if layer is not None:
            _put(layer, module, node)
    module.graph.eliminate_dead_code()
    module.recompile()
    for name in ("eval", "train"):  # torch forbids them, as the operators are those of eval already
        vars(module).pop(name, None)
    return module.eval()


def _put(layer, module, node):
    """Call `layer` in place of `node`."""
    name = f"{node.name}_layer"
    module.add_submodule(name, layer)
    with module.graph.inserting_after(node):
        call = module.graph.call_module(name, node.args[:1])
    # this BatchNorm gives three tensors; the users pick out the first, the only one used
    outputs = list(node.users) if node.target.overloadpacket is NORM else [node]
    for output in outputs:
        output.replace_all_uses_with(call)
    if not node.users:  # torch would keep a dropout, taking it for random
        module.graph.erase_node(node)


def export_again(model, program):
    """`model` exported as `program` was: for the same inputs, with the same sizes left open."""
    args, kwargs = program.example_inputs
    nodes = {node.name: node for node in program.graph.nodes}
    sizes = torch.export.ShapesCollection()
    for name, x in zip(program.graph_signature.user_inputs, tree_leaves((args, kwargs))):
        if isinstance(x, torch.Tensor):
            shape = enumerate(nodes[name].meta["val"].shape)
            sizes[x] = {i: torch.export.Dim.AUTO for i, n in shape if not isinstance(n, int)}
    return torch.export.export(model, args, kwargs, dynamic_shapes=sizes)


def _layer(module, node):
    """The layer that computes what `node` calls, with the same weights; None if there is none."""
    operator = node.target.overloadpacket
    given = _arguments(module, node)
    norm = operator is aten.batch_norm and given["running_mean"] is not None
    if given.get("train") or (norm and given["training"]):
        raise ValueError(
            "The model was exported in training mode, where BatchNorm and dropout behave "
            "differently: call eval() first."
        )
    if any(isinstance(value, torch.fx.Node) for value in given.values()):
        return None  # a weight or a size is computed
    if operator in CONVOLUTION and not given.get("transposed"):
        return _convolution(**given)
    if operator in DROPOUT:
        return nn.Identity()
    if norm or operator is NORM and given["running_mean"] is not None:
        return _norm(node.meta["val"], **given)
    if operator in POOL:
        options = {name: given[name] for name in POOL_OPTIONS if name in given}
        return POOL[operator](stride=given["stride"] or given["kernel_size"], **options)
    if operator in PAD and given.get("mode", "constant") == "constant":
        axes = len(given["pad"]) // 2
        return PADS[axes - 1](given["pad"], given["value"] or 0) if 1 <= axes <= 3 else None
    return None


def _arguments(module, node):
    """`{name: value}` of all that `node` gives its operator but the input; weights as tensors."""
    schema = node.target._schema.arguments
    given = {}
    for i, argument in enumerate(schema[1:], 1):
        if i < len(node.args):
            value = node.args[i]
        else:
            value = node.kwargs.get(argument.name, argument.default_value)
        given[argument.name] = _weights(module, value)
    return given


def _weights(module, value):
    if not isinstance(value, torch.fx.Node) or value.op != "get_attr":
        return value
    path, _, name = str(value.target).rpartition(".")
    return getattr(module.get_submodule(path), name)


def _convolution(weight, bias, stride, padding, dilation, groups, **_):
    out, channels, *kernel = weight.shape

    def each(n):  # torch may write one number for all axes, and words for some paddings
        return n if isinstance(n, str) else tuple(n) * (len(kernel) // len(n))

    layer = CONVOLUTIONS[len(kernel) - 1](
        channels * groups,
        out,
        kernel,
        each(stride),
        each(padding),
        each(dilation),
        groups,
        bias is not None,
        device="meta",
    )
    layer.weight = _parameter(weight)
    layer.bias = _parameter(bias)
    return layer


def _norm(out, weight, bias, running_mean, running_var, eps, **_):
    axes = (out if isinstance(out, torch.Tensor) else out[0]).ndim - 2
    if axes not in (1, 2, 3):
        return None
    layer = NORMS[axes - 1](len(running_mean), eps, affine=weight is not None, device="meta")
    layer.running_mean = running_mean
    layer.running_var = running_var
    if weight is not None:
        layer.weight = _parameter(weight)
        layer.bias = _parameter(bias)
    return layer


def _parameter(weight):
    """For a layer, whose weight cannot be a buffer, as the fixed kernel of a blur is."""
    if weight is None or isinstance(weight, nn.Parameter):
        return weight
    return nn.Parameter(weight, requires_grad=False)
