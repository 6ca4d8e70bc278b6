"""ONNX models: their chains merged, by the graph alone, and judged by another runtime."""

import json
from math import inf

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from helpers.random_layers import MOST, drawn_anew
from helpers.repeats import REPEATS
from lessonlib.merging.cli import main

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from lessonlib.merging.onnx_files import compared, load, merge_onnx  # noqa: E402

RANDOM = np.random.default_rng(0)


def model_of(nodes, weights, channels=2, outputs=("y",), size=9):
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    shape = ["n", channels, size, size + 2]
    given = [value("x", shape)]
    graph = helper.make_graph(nodes, "g", given, [value(y, [None] * 4) for y in outputs], tensors)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def numbers(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


NORM = {"scale": numbers(3), "shift": numbers(3), "mean": numbers(3), "var": abs(numbers(3)) + 0.5}


def conv_norm(outputs=("y",), **options):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], **options),
        helper.make_node("BatchNormalization", ["a", *NORM], ["y"]),
    ]
    return model_of(nodes, {"w": numbers(3, 2, 3, 3)} | NORM, outputs=outputs)


def kinds(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize(
    "options",
    [{}, {"pads": [1, 2, 0, 1]}, {"strides": [2, 1]}, {"dilations": [2, 1], "pads": [2, 2, 2, 2]}],
)
def test_a_batchnorm_goes_into_the_convolution(options):
    model = conv_norm(**options)
    merged, found = merge_onnx(model)
    assert kinds(merged) == ["Conv"]
    assert str(found).startswith("2 layers become 1.\na + y become one 3x3 from 2 to 3 channels")
    assert len(merged.graph.initializer) == 2
    assert compared(model, merged) < 1e-5


def left_models():
    yield "a value that others read", conv_norm(outputs=("y", "a"))
    yield "padding by size", conv_norm(auto_pad="SAME_UPPER")
    weight_given = conv_norm()
    weight = helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 2, 3, 3])
    weight_given.graph.input.append(weight)
    yield "a weight that an input may replace", weight_given
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("BatchNormalization", ["a", *NORM], ["y", "m", "v"], training_mode=1),
    ]
    yield "a BatchNorm in training", model_of(nodes, {"w": numbers(3, 2, 1, 1)} | NORM)
    inner = helper.make_graph(
        [helper.make_node("Identity", ["a"], ["b"])],
        "inner",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [None] * 4)],
    )
    branch = helper.make_node("If", ["yes"], ["z"], then_branch=inner, else_branch=inner)
    within = conv_norm(outputs=("y", "z"))
    within.graph.node.append(branch)
    within.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    yield "a value that is read within a node", within


@pytest.mark.parametrize("why, model", left_models())
def test_what_is_left(why, model):
    merged, found = merge_onnx(model)
    assert found.merged == []
    assert kinds(merged) == kinds(model)


@st.composite
def graphs(draw):
    """A chain of nodes of every known kind, with a Conv among the first two."""
    nodes = []
    weights = {}
    channels = 2
    at = draw(st.integers(0, 1))
    for i in range(draw(st.integers(2, 4))):
        others = ["Conv", "BatchNormalization", "AveragePool", "Pad", "Identity", "Dropout"]
        kind = "Conv" if i == at else draw(st.sampled_from(others))
        given = [f"v{i}"]
        options = {}
        if kind in ("Conv", "AveragePool"):
            kernel = [draw(st.integers(1, 3)), draw(st.integers(1, 3))]
            options["strides"] = [draw(st.integers(1, 2)), 1]
            options["pads"] = [draw(st.integers(0, k - 1)) for k in kernel * 2]
        if kind == "AveragePool":
            options["kernel_shape"] = kernel
            options["count_include_pad"] = 1
        if kind == "Conv":
            given += [f"w{i}", f"b{i}"][: draw(st.integers(1, 2))]
            group = channels if draw(st.booleans()) else 1
            options["group"] = group
            after = group * draw(st.integers(1, 2))
            weights[f"w{i}"] = numbers(after, channels // group, *kernel)
            weights[f"b{i}"] = numbers(after)
            channels = after
        if kind == "BatchNormalization":
            for name in ("s", "t", "m", "q"):
                given.append(f"{name}{i}")
                weights[given[-1]] = abs(numbers(channels)) + 0.5
        if kind == "Pad":
            sides = [draw(st.integers(0, 2)) for _ in range(4)]
            weights[f"p{i}"] = np.array([0, 0, *sides[:2], 0, 0, *sides[2:]])
            weights[f"c{i}"] = np.array(draw(st.sampled_from([0, 1.5])), np.float32)
            given += [f"p{i}", f"c{i}"]
        nodes.append(helper.make_node(kind, given, [f"v{i + 1}"], **options))
    nodes[0].input[0] = "x"
    nodes[-1].output[0] = "y"
    used = {name for node in nodes for name in node.input}
    weights = {name: array for name, array in weights.items() if name in used}
    return model_of(nodes, weights)


@settings(max_examples=60 * REPEATS, **MOST)
@given(graphs(), st.sampled_from([1.0, inf]))
def test_any_chain_of_nodes_stays_the_same_function(model, at_most):
    merged, found = merge_onnx(model, at_most=at_most)
    assert compared(model, merged) < 1e-4
    assert len(merged.graph.node) <= len(model.graph.node) + sum(1 for _ in found.merged)


class Several(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1))

    def forward(self, x):
        return self.chain(x).relu()


def test_the_command_line_writes_onnx_and_reads_it_again(tmp_path, capsys):
    pytest.importorskip("onnxscript")
    model = drawn_anew(Several()).float()
    x = torch.randn(1, 2, 8, 9)
    torch.export.save(torch.export.export(model, (x,)), tmp_path / "model.pt2")
    main([str(tmp_path / "model.pt2"), "-o", str(tmp_path / "merged.onnx")])
    assert "3 layers become 1." in capsys.readouterr().out
    session = runtime.InferenceSession(str(tmp_path / "merged.onnx"))
    [y] = session.run(None, {"x": x.numpy()})
    assert np.allclose(y, model(x).detach(), atol=1e-4)
    main([str(tmp_path / "merged.onnx"), "--json", "-o", str(tmp_path / "again.onnx")])
    assert json.loads(capsys.readouterr().out)["difference"] == 0


def test_the_command_line_merges_onnx(tmp_path, capsys):
    path = tmp_path / "model.onnx"
    onnx.save(conv_norm(), path)
    main([str(path), "-o", str(path)])
    said = capsys.readouterr().out
    assert said.startswith("2 layers become 1.")
    assert "Largest difference of the outputs on the model's own example" in said
    assert kinds(load(path)) == ["Conv"]


def test_what_is_said_of_other_files_and_wishes(tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(conv_norm(), path)
    with pytest.raises(
        SystemExit, match="An ONNX model stays one: give .* a name that ends in .on"
    ):
        main([str(path), "-o", str(tmp_path / "merged.pt2")])
    with pytest.raises(SystemExit, match="brings inputs to time it with"):
        main([str(path), "--time"])
    path.write_bytes(b"no model")
    with pytest.raises(SystemExit, match="is not an ONNX model, or not a whole one"):
        main([str(path)])
    old = conv_norm()
    old.opset_import[0].version = 9
    onnx.save(old, path)
    with pytest.raises(SystemExit, match="operator set 9: convert it to 11 or later"):
        main([str(path)])


def test_without_onnx_it_says_how_to_install_it(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "lessonlib.merging.onnx_files", None)
    with pytest.raises(SystemExit, match="pip install lessonlib.onnx., then try again"):
        main([str(path)])
