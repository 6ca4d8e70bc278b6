"""Exported models: torch.export writes every layer as a call of an operator; here these calls become layers again."""

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

__all__ = ["with_layers", "export_again"]

aten = torch.ops.aten
NORM = aten._native_batch_norm_legit_no_training  # as it is written after run_decompositions
CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.Conv3d
NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
POOLS = {
    aten.avg_pool1d: nn.AvgPool1d,
    aten.avg_pool2d: nn.AvgPool2d,
    aten.avg_pool3d: nn.AvgPool3d,
}
DROPOUTS = aten.dropout, aten.feature_dropout
PADS = nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d


def with_layers(program):
    """The module of a `torch.export.ExportedProgram` in eval, with layers in the place of the operators that can be merged.

    These are convolution, BatchNorm, average pooling, constant padding and dropout; all others stay, and so do the outputs.
    ValueError for a model exported in training mode.
    """
    module = program.module()
    for node in list(module.graph.nodes):
        layer = _layer(module, node) if isinstance(node.target, torch._ops.OpOverload) else None
        if layer is None:
            continue
        name = f"{node.name}_layer"
        module.add_submodule(name, layer)
        with module.graph.inserting_after(node):
            call = module.graph.call_module(name, node.args[:1])
        for picture in (
            list(node.users) if node.target.overloadpacket is NORM else [node]
        ):  # it gives three, this one is used
            picture.replace_all_uses_with(call)
        if not node.users:  # torch would keep a dropout, taking it for random
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()
    return nn.Module.train(
        module, False
    )  # eval() of such a module is forbidden, since its operators are those of eval already


def export_again(model, program):
    """`model` exported as `program` was: for the same inputs, with the same sizes left open."""
    args, kwargs = program.example_inputs
    nodes = {node.name: node for node in program.graph.nodes}
    sizes = torch.export.ShapesCollection()
    for name, x in zip(program.graph_signature.user_inputs, tree_leaves((args, kwargs))):
        if isinstance(x, torch.Tensor):
            shape = nodes[name].meta["val"].shape
            sizes[x] = {
                i: torch.export.Dim.AUTO for i, n in enumerate(shape) if not isinstance(n, int)
            }
    return torch.export.export(model, args, kwargs, dynamic_shapes=sizes)


def _layer(module, node):
    """The layer that does what `node` calls, with the same weights; None where there is none."""
    operator, schema = node.target.overloadpacket, node.target._schema.arguments
    values = [
        node.args[i] if i < len(node.args) else node.kwargs.get(a.name, a.default_value)
        for i, a in enumerate(schema)
    ]
    given = {a.name: _weights(module, value) for a, value in zip(schema[1:], values[1:])}
    if (
        operator is aten.batch_norm and given["training"] and given["running_mean"] is not None
    ) or given.get("train"):
        raise ValueError(
            "The model was exported in training mode, where BatchNorm and dropout differ: call eval() first."
        )
    if any(
        isinstance(value, torch.fx.Node) for value in given.values()
    ):  # a weight or a size that is computed
        return None
    if operator in (aten.conv1d, aten.conv2d, aten.conv3d, aten.convolution) and not given.get(
        "transposed"
    ):
        return _convolution(**given)
    if operator in DROPOUTS:
        return nn.Identity()
    if operator in (aten.batch_norm, NORM) and given["running_mean"] is not None:
        return _norm(node.meta["val"], **given)
    if operator in POOLS:
        names = (
            "kernel_size",
            "stride",
            "padding",
            "ceil_mode",
            "count_include_pad",
            "divisor_override",
        )
        options = {name: given[name] for name in names if name in given}
        return POOLS[operator](**options | {"stride": given["stride"] or given["kernel_size"]})
    if operator in (aten.constant_pad_nd, aten.pad) and given.get("mode", "constant") == "constant":
        axes = len(given["pad"]) // 2
        return PADS[axes - 1](given["pad"], given["value"] or 0) if 1 <= axes <= 3 else None
    return None


def _weights(module, value):
    if not isinstance(value, torch.fx.Node) or value.op != "get_attr":
        return value
    path, _, name = value.target.rpartition(".")
    return getattr(module.get_submodule(path), name)


def _convolution(weight, bias, stride, padding, dilation, groups, **_):
    axes = weight.ndim - 2
    each = [
        tuple(n) * (axes // len(n)) if not isinstance(n, str) else n
        for n in (stride, padding, dilation)
    ]
    out, channels, *kernel = weight.shape
    layer = CONVOLUTIONS[axes - 1](
        channels * groups, out, kernel, *each, groups, bias is not None, device="meta"
    )
    layer.weight, layer.bias = _parameter(weight), _parameter(bias)
    return layer


def _norm(out, weight, bias, running_mean, running_var, eps, **_):
    axes = (out if isinstance(out, torch.Tensor) else out[0]).ndim - 2
    if axes not in (1, 2, 3):
        return None
    layer = NORMS[axes - 1](len(running_mean), eps, affine=weight is not None, device="meta")
    layer.running_mean, layer.running_var = running_mean, running_var
    if weight is not None:
        layer.weight, layer.bias = _parameter(weight), _parameter(bias)
    return layer


def _parameter(weight):
    """For a layer, which takes no buffer for its weight: a blur's fixed kernel is one."""
    return (
        weight
        if weight is None or isinstance(weight, nn.Parameter)
        else nn.Parameter(weight, requires_grad=False)
    )
