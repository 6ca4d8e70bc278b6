"""Nodes of an ONNX graph as `Convolution`s, and a `Convolution` as nodes again.

The operators are those of https://onnx.ai/onnx/operators. Needs the package onnx.
"""

from dataclasses import replace

import numpy as np
import torch
from onnx import AttributeProto, helper, numpy_helper
from torch import nn

from lessonlib.merging.layer_types import CONVOLUTIONS, PADS, POOLS
from lessonlib.merging.layers import CannotMerge, as_convolutions

__all__ = ["KNOWN", "axes_and_channels", "attributes_of", "parts_of", "nodes_of", "check_one"]

KNOWN = ("Conv", "BatchNormalization", "AveragePool", "Pad", "Identity", "Dropout")


def attributes_of(node):
    """`{name: value}` of a node, those that refer to others left out."""
    found = {}
    for attribute in node.attribute:
        if attribute.type != AttributeProto.GRAPH and not attribute.ref_attr_name:
            found[attribute.name] = helper.get_attribute_value(attribute)
    return found


def axes_and_channels(node, weights):
    """How many axes a node slides along, and how many channels it reads and gives, if it says."""
    if node.op_type != "Conv" or node.input[1] not in weights:
        return None, None, None
    shape = weights[node.input[1]].shape
    return len(shape) - 2, shape[1] * attributes_of(node).get("group", 1), shape[0]


def parts_of(node, weights, axes, channels):
    """The `Convolution`s that a node is. CannotMerge, with the reason, if it is none.

    weights: `{name: array}` of the constants of the graph.
    """
    options = attributes_of(node)
    if options.get("auto_pad", b"NOTSET") != b"NOTSET":
        raise CannotMerge("its padding depends on the size (auto_pad)")
    if axes not in (1, 2, 3):
        raise CannotMerge(f"it slides along {axes} axes")
    given = [weights.get(name) for name in node.input[1:]]
    if any(name and array is None for name, array in zip(node.input[1:], given)):
        raise CannotMerge("its weights or settings are no constants")
    return MAKERS[node.op_type](node, options, given, axes, channels)


def _conv(node, options, given, axes, channels):
    weight, bias = _exact(given, 2)
    out, inner, *kernel = weight.shape
    layer = CONVOLUTIONS[axes - 1](
        inner * options.get("group", 1),
        out,
        tuple(kernel),
        _each(options.get("strides"), axes),
        0,
        _each(options.get("dilations"), axes),
        options.get("group", 1),
        bias is not None,
        device="meta",
    )
    layer.weight = nn.Parameter(weight)
    layer.bias = None if bias is None else nn.Parameter(bias)
    return _padded(layer, options, axes, channels)


def _norm(node, options, given, axes, channels):
    if options.get("training_mode") or len([name for name in node.output if name]) > 1:
        raise CannotMerge("in training mode BatchNorm depends on the other photos of the batch")
    layer = nn.BatchNorm2d(channels, options.get("epsilon", 1e-5), device="meta").eval()
    weight, bias, mean, var = _exact(given, 4)
    layer.weight = nn.Parameter(weight)
    layer.bias = nn.Parameter(bias)
    layer.running_mean = mean
    layer.running_var = var
    return as_convolutions(layer, axes, channels)


def _pool(node, options, given, axes, channels):
    fewer = any(options.get("pads", ())) and not options.get("count_include_pad")
    if fewer or options.get("ceil_mode") or set(options.get("dilations", [1])) != {1}:
        raise CannotMerge("its averages are not over all pixels of its window")
    stride = _each(options.get("strides"), axes)
    layer = POOLS[axes - 1](tuple(options["kernel_shape"]), stride)
    return _padded(layer, options, axes, channels)


def _pad(node, options, given, axes, channels):
    mode = options.get("mode", b"constant")
    if mode != b"constant" or not given or len(given) > 2 and given[2] is not None:
        raise CannotMerge("it pads with no constant, or only some axes")
    sides = [int(n) for n in given[0]]
    before = sides[: axes + 2]
    after = sides[axes + 2 :]
    if len(sides) != 2 * (axes + 2) or any(before[:2] + after[:2]):
        raise CannotMerge("it pads the photos or the channels")
    torchs: list = []
    for pair in reversed(list(zip(before[2:], after[2:]))):  # torch counts the last axis first
        torchs += pair
    value = float(given[1]) if len(given) > 1 and given[1] is not None else 0.0
    return as_convolutions(PADS[axes - 1](tuple(torchs), value), axes, channels)


def _nothing(node, options, given, axes, channels):
    if len(given) > 1 and given[1] is not None and given[1].any():
        raise CannotMerge("dropout is random in training mode")
    return []


MAKERS = {
    "Conv": _conv,
    "BatchNormalization": _norm,
    "AveragePool": _pool,
    "Pad": _pad,
    "Identity": _nothing,
    "Dropout": _nothing,
}


def _each(value, axes):
    return tuple(value) if value else (1,) * axes


def _exact(given, count):
    """So many arrays as tensors, None where one is missing."""
    found: list = []
    for array in [*given, *[None] * count][:count]:
        found.append(None if array is None else torch.from_numpy(array.astype(np.float64)))
    return found


def _padded(layer, options, axes, channels):
    """The part that a layer is, padded as the node says: ONNX counts all starts, then all ends."""
    pads = options.get("pads") or [0] * 2 * axes
    [part] = as_convolutions(layer, axes, channels)
    return [replace(part, padding=tuple(zip(pads[:axes], pads[axes:])))]


def check_one(one, kind):
    """CannotMerge if a convolution cannot be written with numbers of that type, or with one Pad."""
    pads = any(sum(one.padding, ()))
    if pads and len(one.fill.unique()) > 1:
        raise CannotMerge("ONNX pads all channels with one value")
    largest = max(one.weight.abs().max(), one.bias.abs().max())
    if largest > np.finfo(kind).max:
        raise CannotMerge(f"as one its numbers are too large for {np.dtype(kind)}")


def nodes_of(one, x, y, kind):
    """`(nodes, initializers)` that compute a `Convolution` of the value `x` as the value `y`."""
    check_one(one, kind)
    pads = [0, 0, *[before for before, _ in one.padding], 0, 0, *[n for _, n in one.padding]]
    nodes = []
    weights = []

    def constant(name, array):
        weights.append(numpy_helper.from_array(array, f"{y}_{name}"))
        return f"{y}_{name}"

    apart = one.only_pads or any(pads) and one.fill.any()
    if apart:
        padded = y if one.only_pads else f"{y}_padded"
        value = constant("value", np.array(one.fill[0].item(), kind))
        inputs = [x, constant("pads", np.array(pads, np.int64)), value]
        nodes.append(helper.make_node("Pad", inputs, [padded], name=f"{padded}_pad"))
        x = padded
    if not one.only_pads:
        inputs = [x, constant("weight", one.weight.numpy().astype(kind))]
        if one.biased:
            inputs.append(constant("bias", one.bias.numpy().astype(kind)))
        axes = len(one.kernel)
        options = {
            "kernel_shape": one.kernel,
            "strides": one.stride,
            "dilations": one.dilation,
            "group": one.groups,
            "pads": [0] * 2 * axes if apart else pads[2 : 2 + axes] + pads[4 + axes :],
        }
        nodes.append(helper.make_node("Conv", inputs, [y], name=f"{y}_merged", **options))
    return nodes, weights
