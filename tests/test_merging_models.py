"""Whole models, merged, against themselves: this lesson's networks, other people's blocks, torchvision's; exported; by ONNX."""

import copy
import re
from functools import reduce
from math import inf
from pathlib import Path

import hypothesis.strategies as st
import pytest
import torch
import torchvision
from hypothesis import given, settings
from test_merging import MOST, POOLS, chains, drawn_anew, runs
from torch import nn

from lessonlib.arms import ARMS
from lessonlib.costs import cost
from lessonlib.merging import CannotMerge, PadWith, merge, merge_chains, plan
from lessonlib.merging.__main__ import main
from lessonlib.merging.chains import convolutions_of, differing_in_chain
from lessonlib.networks import residual_network
from lessonlib.tiers import Network


def difference(merged, model, x):
    with torch.no_grad():
        return relative(merged(x), model(x))


def relative(given, expected):
    return ((given - expected).abs().max() / expected.abs().max()).item()


def settled(model, x):
    """Statistics of a network that has seen pictures, so that a deep one neither dies nor explodes; other numbers drawn too."""
    random = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.weight.data = torch.rand(layer.weight.shape, generator=random) + 0.5
            layer.bias.data = torch.randn(layer.bias.shape, generator=random) / 4
    with torch.no_grad():
        model.train()(x.float())
    return model.double().eval()


@settings(max_examples=400, **MOST)
@given(chains(st.integers(2, 5)), st.sampled_from([1.0, 1.3, inf]))
def test_a_chain_of_any_layers_stays_the_same_function(case, at_most):
    chain, x = case
    y = runs(chain, x)
    merged = merge_chains(chain, at_most=at_most)
    assert torch.allclose(merged(x), y, rtol=1e-9, atol=1e-9 * y.abs().max().item())
    if at_most == 1 and x.ndim < 5 and not any(isinstance(layer, POOLS) for layer in chain):  # torch counts no MACs in a pool
        large = (1, x.shape[1], *[60] * (x.ndim - 2))
        assert cost(merged, large).macs <= 1.3 * cost(chain, large).macs  # 1 in the middle, and the padded ends weigh little
    assert not plan(merged, at_most=at_most).merged


@settings(max_examples=400, **MOST)
@given(chains(st.integers(2, 5)))
def test_layer_by_layer_a_chain_becomes_the_same_one_or_is_refused(case):
    chain, x = case
    y = runs(chain, x)
    one = reduce(lambda a, b: merge(a, b, interior=True), chain)
    mask = differing_in_chain(sum(convolutions_of(list(chain)), []), x.shape[2:])
    assert torch.allclose(one(x)[..., ~mask], y[..., ~mask], rtol=1e-9, atol=1e-9 * y.abs().max().item())
    try:
        one = reduce(merge, chain)
    except CannotMerge:
        return
    assert not mask.any() and torch.allclose(one(x), y, rtol=1e-9, atol=1e-9 * y.abs().max().item())


@pytest.mark.parametrize("name", ARMS)
def test_the_network_of_every_arm(name):
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = settled(residual_network(ARMS[name], Network(width=0.125)), x)
    merged = merge_chains(model, at_most=inf)
    assert type(merged) is type(model) and difference(merged, model, x) < 1e-9
    norms = [m for m in merged.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == []  # every BatchNorm of an arm or of its block follows a convolution


def test_the_clean_pair_becomes_the_plain_network_and_that_of_2019_only_in_part():
    def kernels(name):
        model = settled(residual_network(ARMS[name], Network(width=0.125)), torch.randn(2, 3, 32, 32))
        merged = merge_chains(model, at_most=inf)
        return [m.weight.shape for m in merged.modules() if isinstance(m, nn.Conv2d)]

    assert kernels("pair") == kernels("pair-composed") == kernels("pair-wide") == kernels("3x3")
    assert kernels("two-3x3") == kernels("5x5")
    assert {shape[-1] for shape in kernels("pair-2019")} == {1, 2}  # padded twice with a BatchNorm between: nothing is one
    # padded twice without, at the left and the top, where a 2x2 has nothing left over: one 3x3, shifted
    assert kernels("pair-shifted") == kernels("3x3")


class RepVGG(nn.Module):
    """Three ways at once (Ding et al., 2101.03697): in training a 3x3, a 1x1 and nothing, each with its BatchNorm."""

    def __init__(self, c):
        super().__init__()
        self.three = nn.Sequential(nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c))
        self.one = nn.Sequential(nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c))
        self.none = nn.BatchNorm2d(c)

    def forward(self, x):
        return torch.relu(self.three(x) + self.one(x) + self.none(x))


def expanded(channels, out, stride=1, bias=False):
    """ExpandNet's chain in the place of a 3x3 (Guo et al., 1811.10495): wide in the middle, and all of it linear."""
    wide = 4 * channels
    return nn.Sequential(
        nn.Conv2d(channels, wide, 1, bias=bias),
        nn.Conv2d(wide, wide, 3, stride, 1, bias=bias),
        nn.Conv2d(wide, out, 1, bias=bias),
    )


def test_blocks_of_other_people():
    x = torch.randn(2, 4, 11, 12, dtype=torch.float64)
    model = nn.Sequential(*(drawn_anew(RepVGG(4), seed) for seed in range(3))).eval()
    shown = plan(model)
    assert [(len(step.names), len(step.parts)) for step in shown.merged] == [(2, 2)] * 6
    assert difference(merge_chains(model), model, x) < 1e-12

    chain = drawn_anew(expanded(4, 6, 2))
    merged = merge_chains(chain)
    assert [type(layer) for layer in merged] == [nn.Conv2d, nn.Identity, nn.Identity]
    assert merged[0].weight.shape == (6, 4, 3, 3) and difference(merged, chain, x) < 1e-12
    shown = plan(drawn_anew(expanded(4, 6, 2, bias=True)))
    assert "adds a number (a bias or a BatchNorm)" in shown.steps[0].why_not and [len(s.names) for s in shown.steps] == [1, 2]


@pytest.mark.parametrize("name, became", [("resnet18", 20), ("resnet50", 53), ("mobilenet_v2", 50)])
def test_models_of_torchvision(name, became):
    """Every BatchNorm goes into its convolution; of MobileNet two go into the next one instead."""
    x = torch.randn(2, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    model = settled(torchvision.models.get_model(name, weights=None, num_classes=10), x)
    merged = merge_chains(model)
    assert len(plan(model).merged) == became and difference(merged, model, x) < 1e-9
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in merged.modules())


def small():
    x = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    model = settled(residual_network(ARMS["pair"], Network(width=0.125)), x).float()
    return model, merge_chains(model, at_most=1.2), x


def test_a_merged_model_is_saved_and_loaded(tmp_path):
    model, merged, x = small()
    torch.save(merged.state_dict(), tmp_path / "merged.pt")
    again = merge_chains(residual_network(ARMS["pair"], Network(width=0.125)).eval(), at_most=1.2)
    again.load_state_dict(torch.load(tmp_path / "merged.pt", weights_only=True))
    assert torch.equal(again(x), merged(x)) and difference(merged, model, x) < 1e-5
    assert torch.equal(copy.deepcopy(merged)(x), merged(x))


def test_an_exported_model_is_merged_from_the_command_line(tmp_path, capsys):
    model, merged, x = small()
    program = torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    for name, some in {"plain": program, "decomposed": program.run_decompositions()}.items():
        torch.export.save(some, tmp_path / f"{name}.pt2")
        main([str(tmp_path / f"{name}.pt2"), "-o", str(tmp_path / "merged.pt2"), "--at-most", "1.2"])
        said = capsys.readouterr().out
        assert "layers become" in said and f"Written to {tmp_path / 'merged.pt2'}." in said
        again = torch.export.load(tmp_path / "merged.pt2")
        called = [str(node.target) for node in again.graph.nodes if node.op == "call_function"]
        convolutions, norms = [name for name in called if "conv" in name], [name for name in called if "norm" in name]
        assert len(convolutions) == sum(isinstance(m, nn.Conv2d) for m in merged.modules()) and norms == []
        longer = torch.cat([x, x])  # the number of photos was left open, and still is
        assert difference(again.module(), model, longer) < 1e-5


def test_onnx_agrees(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model, merged, x = small()
    torch.onnx.export(merged, (x,), tmp_path / "merged.onnx", dynamo=True, verbose=False)
    session = runtime.InferenceSession(str(tmp_path / "merged.onnx"), providers=["CPUExecutionProvider"])
    [y] = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert relative(torch.from_numpy(y), model(x)) < 1e-5


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

    def forward(self, x):
        return self.norm(self.a(self.norm(self.a(x))))


class Branching(nn.Module):
    """Looks at the numbers, which torch.fx cannot follow."""

    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2))

    def forward(self, x):
        return self.chain(x) if x.sum() > 0 else -self.chain(x)


class Peeking(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

    def forward(self, x):
        return self.norm(self.a(x)) + self.a.weight.sum()


class Own(nn.Conv2d):
    def forward(self, x):
        return super().forward(x.abs())


class TwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
        self.norm = self.chain[1]

    def forward(self, x):
        return self.norm(self.chain[0](x))


def hooked():
    chain = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    chain[0].register_forward_hook(lambda layer, given, y: 2 * y)
    return chain


def ended_in(*layers):
    return nn.Sequential(nn.Conv2d(2, 2, 1), *layers)


LEFT = {
    "used twice": (Twice, "used more than once"),
    "its weights read elsewhere": (Peeking, "used more than once"),
    "two names": (TwoNames, "under more than one name"),
    "a hook": (hooked, "forward hooks"),
    "another padding": (lambda: ended_in(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")), "pads with 'reflect'"),
    "averages over fewer": (lambda: ended_in(nn.AvgPool2d(2, padding=1, count_include_pad=False)), "over fewer pixels"),
    "rounded up": (lambda: ended_in(nn.AvgPool2d(2, ceil_mode=True)), "over fewer pixels"),
    "no running mean": (lambda: ended_in(nn.BatchNorm2d(2, track_running_stats=False)), "other photos of the batch"),
    "a crop": (lambda: ended_in(nn.ZeroPad2d(-1)), "takes pixels away"),
    "no channels": (lambda: nn.Sequential(nn.ZeroPad2d(1), nn.AvgPool2d(2)), "how many channels"),
}


@pytest.mark.parametrize("build, why", LEFT.values(), ids=LEFT)
def test_what_is_left_and_why(build, why):
    model = drawn_anew(build())
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model, at_most=inf)
    assert why in str(shown) == repr(shown) and why in shown._repr_markdown_() and shown.merged == []
    assert torch.equal(merge_chains(model, at_most=inf)(x), model(x))


def test_parts_of_a_model_that_cannot_be_traced():
    model = drawn_anew(nn.Sequential(Branching(), Own(2, 2, 1), nn.BatchNorm2d(2)))
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model)
    assert [step.names for step in shown.merged] == [["0.chain.0", "0.chain.1"]]
    assert "torch.fx cannot trace it" in shown.left["0"] and difference(merge_chains(model), model, x) < 1e-12


def test_a_bias_padded_with_itself_is_merged():
    first, second = nn.Conv2d(2, 3, 3, padding=2), nn.Conv2d(3, 4, 3, bias=False)
    model = drawn_anew(nn.Sequential(first, nn.ZeroPad2d(1), second))
    assert plan(model, at_most=inf).merged[-1].names == ["1", "2"]
    model[1] = PadWith(model[0].bias.detach(), (1, 1, 1, 1))
    x = torch.randn(2, 2, 7, 9, dtype=torch.float64)
    merged = merge_chains(model, at_most=inf)
    assert [type(m) for m in merged] == [nn.Conv2d, nn.Identity, nn.Identity] and difference(merged, model, x) < 1e-12


def test_layers_without_weights_take_their_kind_from_the_model():
    model = drawn_anew(nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d(2), nn.Conv2d(2, 2, 5, groups=2, padding=2)))
    x = torch.randn(2, 2, 19, 19, dtype=torch.float64)
    assert [step.names for step in plan(model).merged] == [["0", "1"]] and difference(merge_chains(model), model, x) < 1e-12


def test_the_interior_alone_is_counted():
    model = drawn_anew(nn.Sequential(nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.Conv2d(2, 2, 3, padding=1, bias=False)))
    x = torch.randn(1, 2, 9, 11, dtype=torch.float64)
    shown = plan(model, x, at_most=inf, interior=True)
    wrong = ((merge_chains(model, x, at_most=inf, interior=True)(x) - model(x)).abs() > 1e-12).any(1)
    assert shown.differ == {"0": (int(wrong.sum()), 99)} == {"0": (9 * 11 - 7 * 9, 99)}
    assert "36 of 99 positions of its output differ, at the border" in str(shown)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: plan("resnet"), TypeError, "give the model itself"),
        (lambda: merge_chains(nn.Sequential(nn.BatchNorm2d(3))), ValueError, "call eval() first"),
        (lambda: plan(nn.Sequential(nn.BatchNorm2d(3)).eval(), interior=True), ValueError, "give an input of the model"),
        (lambda: plan(nn.Identity().eval(), at_most=0), ValueError, "more than 0, not 0"),
        (lambda: plan(nn.Identity().eval(), at_most=float("nan")), ValueError, "more than 0, not nan"),
    ],
)
def test_what_is_no_model_to_merge(call, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(").replace(")", r"\)")):
        call()


@pytest.mark.parametrize(
    "content, words", [(None, "There is no file"), (b"", "no model saved by"), (b"PK\x03\x04 torn", "no model saved by")]
)
def test_a_file_that_is_no_exported_model(content, words, tmp_path):
    path = tmp_path / "model.pt2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit, match=words):
        main([str(path)])


def test_the_example_of_the_readme_runs(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text()
    [example] = [block for block in re.findall(r"```python\n(.*?)```", text, flags=re.S) if "merge_chains" in block]
    exec(example, {})
    assert "layers become" in (said := capsys.readouterr().out) and "tensor(" in said.splitlines()[-1]
