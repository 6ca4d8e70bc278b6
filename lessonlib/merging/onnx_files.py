"""Merge the chains of nodes in an ONNX model. Needs the package onnx."""

from collections import Counter
from itertools import groupby
from math import sqrt

import numpy as np
import onnx
import torch
from onnx import ModelProto, helper, numpy_helper

from lessonlib.merging.examples import largest_difference
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.onnx_nodes import KNOWN, axes_and_channels, check_one, nodes_of, parts_of
from lessonlib.merging.plans import Plan
from lessonlib.merging.steps import Step, steps_of
from lessonlib.merging.ways import first_line

__all__ = ["load", "merge_onnx", "compared"]

OLDEST = 11  # of ONNX's operator sets, from which on Pad has its sizes as an input
FLOATS = (np.float16, np.float32, np.float64)
SIDE = 32  # pixels along an axis that is left open, to compare


def load(path):
    """The model in a file. ValueError if there is none, or an old one."""
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises what its parts raise, from protobuf to OSError
        raise ValueError(
            f"{path} is not an ONNX model, or not a whole one ({first_line(error)}): "
            "export it again."
        ) from error
    version = next((s.version for s in model.opset_import if s.domain in ("", "ai.onnx")), OLDEST)
    if version < OLDEST:
        raise ValueError(
            f"{path} uses ONNX's operator set {version}: "
            f"convert it to {OLDEST} or later with onnx.version_converter."
        )
    return model


def merge_onnx(model, at_most=1.0):
    """`(merged, plan)`: a copy of an ONNX model with each chain merged; its `Plan` names values."""
    weights = _constants(model.graph)
    steps: list = []
    left: dict = {}
    for chain in _chains(model.graph, weights):
        names = [node.output[0] for node in chain]
        found, kind = _found(chain, weights, left)
        for stays, some in groupby(names, key=left.__contains__):
            run = list(some)
            if stays or len(run) < 2:
                continue
            for step in steps_of(run, [found[name] for name in run], at_most):
                steps += _writable(step, found, kind)
    merged = ModelProto()
    merged.CopyFrom(model)
    for step in steps:
        if step.one:
            _replace(merged.graph, step, weights)
    _forget_unused(merged.graph)
    onnx.checker.check_model(merged)
    return merged, Plan(steps, left)


def _constants(graph):
    """`{name: array}` of what no input may replace."""
    given = {value.name for value in graph.input}
    found = {}
    for tensor in graph.initializer:
        if tensor.name not in given:
            found[tensor.name] = numpy_helper.to_array(tensor)
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def _chains(graph, weights):
    """The lists of two or more known nodes of which each alone reads the one before."""
    times = Counter(_names_read(graph))
    readers = {}
    for node in graph.node:
        for name in node.input[:1]:
            readers[name] = node
    followers = {}
    for node in graph.node:
        after = readers.get(node.output[0]) if _is_known(node) else None
        if after is not None and _is_known(after) and times[node.output[0]] == 1:
            followers[node.output[0]] = after
    ends = {node.output[0] for node in followers.values()}
    chains = []
    for node in graph.node:
        if node.output and node.output[0] in followers and node.output[0] not in ends:
            chain = [node]
            while chain[-1].output[0] in followers:
                chain.append(followers[chain[-1].output[0]])
            chains.append(chain)
    return chains


def _is_known(node):
    own = node.domain in ("", "ai.onnx") and node.op_type in KNOWN
    return own and len([name for name in node.output if name]) == 1


def _names_read(graph):
    """All values that are read, once for each reader: by nodes, those within nodes, and outside."""
    names = [value.name for value in graph.output]
    for node in graph.node:
        names += node.input
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                names += _names_read(inner)
    return names


def _found(chain, weights, left):
    """`({name: parts}, type of the weights)` of a chain; what is left gets a reason."""
    known = [axes_and_channels(node, weights) for node in chain]
    axes = next((axes for axes, _, _ in known if axes), None)
    channels = next((reads for _, reads, _ in known if reads), None)
    kind = np.float32
    found = {}
    for node, (_, reads, gives) in zip(chain, known):
        name = node.output[0]
        try:
            if channels is None or reads not in (None, channels):
                raise CannotMerge("no convolution in its chain says how many channels there are")
            if gives and weights[node.input[1]].dtype not in FLOATS:
                raise CannotMerge("its weights are of a type that numpy does not have")
            found[name] = parts_of(node, weights, axes, channels)
        except CannotMerge as reason:
            left[name] = str(reason)
        if gives:
            kind = weights[node.input[1]].dtype
        channels = gives or channels
    return found, kind


def _writable(step, found, kind):
    """The step, or its nodes one by one where ONNX has no node for what they become."""
    if not step.one:
        return [step]
    try:
        check_one(step.convolution(), kind)
    except CannotMerge as reason:
        return [Step([name], found[name], None, str(reason)) for name in step.names]
    return [step]


def _replace(graph, step, weights):
    """Put the nodes of the one convolution in place of those of a step."""
    nodes = {node.output[0]: node for node in graph.node if node.output}
    old = [nodes[name] for name in step.names]
    kinds = [weights[name].dtype for node in old for name in node.input[1:] if name in weights]
    kind = next((kind for kind in kinds if kind.kind == "f"), np.dtype(np.float32))
    new, tensors = nodes_of(step.convolution(), old[0].input[0], step.names[-1], kind)
    kept = []
    for node in graph.node:
        if node.output and node.output[0] == step.names[-1]:
            kept += new  # what it reads is there by now
        elif not node.output or node.output[0] not in step.names:
            kept.append(node)
    _set(graph.node, kept)
    graph.initializer.extend(tensors)


def _forget_unused(graph):
    """Leave out the constants that nothing reads any more."""
    read = set(_names_read(graph))
    _set(graph.initializer, [tensor for tensor in graph.initializer if tensor.name in read])
    nodes = [node for node in graph.node if node.op_type != "Constant" or node.output[0] in read]
    _set(graph.node, nodes)
    made = {name for node in nodes for name in node.output}
    _set(graph.value_info, [value for value in graph.value_info if value.name in made])


def _set(field, values):
    """Make these the values of a repeated field of protobuf."""
    values = [type(value).FromString(value.SerializeToString()) for value in values]
    del field[:]
    field.extend(values)


def compared(model, merged):
    """The largest difference of the outputs on random inputs; None if they cannot be run.

    By onnxruntime where it is installed, else by the slow evaluator of onnx. Sizes that are left
    open are 1 for the photos and 32 otherwise. ValueError if they differ by more than rounding.
    """
    inputs = _inputs(model.graph)
    try:
        before = _run(model, inputs)
        after = _run(merged, inputs)
    except Exception:  # whatever a runtime raises for a size that does not fit
        return None
    found = largest_difference(before, after)
    kinds = {array.dtype for array in _constants(model.graph).values() if array.dtype.kind == "f"}
    most = sqrt(max((np.finfo(kind).eps for kind in kinds), default=0))
    if not found <= most:
        raise ValueError(
            f"The outputs of the merged model differ by {found:.1e} of the largest number, where "
            f"rounding explains {most:.1e} at most, so it is not written: please report the model."
        )
    return found


def _inputs(graph):
    """`{name: random array}` for the inputs of a graph."""
    random = np.random.default_rng(0)
    constants = {tensor.name for tensor in graph.initializer}
    found = {}
    for value in graph.input:
        kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        sizes = []
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            sizes.append(size.dim_value or (SIDE if axis else 1))
        if value.name not in constants:
            numbers = random.standard_normal(sizes)
            found[value.name] = (numbers if kind.kind == "f" else np.zeros(sizes)).astype(kind)
    return found


def _run(model, inputs):
    """The outputs as tensors."""
    try:
        from onnxruntime import InferenceSession  # type: ignore[import-untyped]

        session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(model)
    return [torch.from_numpy(np.array(output)) for output in session.run(None, inputs)]
