"""Whole models, merged, against themselves: this lesson's networks, other people's blocks, torchvision's; exported; by ONNX."""

import copy
import io
import os
import re
import zipfile
from functools import reduce
from math import inf
from pathlib import Path

import hypothesis.strategies as st
import pytest
import torch
import torchvision
from hypothesis import given, settings
from torch import nn

from helpers.random_layers import MOST, POOLS, chains, drawn_anew, runs
from lessonlib.arms import ARMS
from lessonlib.configs import Network
from lessonlib.costs.counting import cost
from lessonlib.merging import CannotMerge, PadWith, merge, merge_chains, plan
from lessonlib.merging.chains import convolutions_of, differing_in_chain
from lessonlib.merging.cli import main
from lessonlib.networks import residual_network


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
    if (
        at_most == 1 and x.ndim < 5 and not any(isinstance(layer, POOLS) for layer in chain)
    ):  # torch counts no MACs in a pool
        large = (1, x.shape[1], *[600] * (x.ndim - 2))
        assert (
            cost(merged, large).macs <= 1.3 * cost(chain, large).macs
        )  # 1 in the middle, and the padded ends weigh little
    assert not plan(merged, at_most=at_most).merged


@settings(max_examples=400, **MOST)
@given(chains(st.integers(2, 5)))
def test_layer_by_layer_a_chain_becomes_the_same_one_or_is_refused(case):
    chain, x = case
    y = runs(chain, x)
    one = reduce(lambda a, b: merge(a, b, interior=True), chain)
    mask = differing_in_chain(sum(convolutions_of(list(chain)), []), x.shape[2:])
    assert torch.allclose(
        one(x)[..., ~mask], y[..., ~mask], rtol=1e-9, atol=1e-9 * y.abs().max().item()
    )
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
        model = settled(
            residual_network(ARMS[name], Network(width=0.125)), torch.randn(2, 3, 32, 32)
        )
        merged = merge_chains(model, at_most=inf)
        return [m.weight.shape for m in merged.modules() if isinstance(m, nn.Conv2d)]

    assert kernels("pair") == kernels("pair-composed") == kernels("pair-wide") == kernels("3x3")
    assert kernels("two-3x3") == kernels("5x5")
    assert {shape[-1] for shape in kernels("pair-2019")} == {
        1,
        2,
    }  # padded twice with a BatchNorm between: nothing is one
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
    assert "adds a number (a bias or a BatchNorm)" in shown.steps[0].why_not and [
        len(s.names) for s in shown.steps
    ] == [1, 2]


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
        main(
            [str(tmp_path / f"{name}.pt2"), "-o", str(tmp_path / "merged.pt2"), "--at-most", "1.2"]
        )
        said = capsys.readouterr().out
        assert "layers become" in said and f"Written to {tmp_path / 'merged.pt2'}." in said
        again = torch.export.load(tmp_path / "merged.pt2")
        called = [str(node.target) for node in again.graph.nodes if node.op == "call_function"]
        convolutions, norms = (
            [name for name in called if "conv" in name],
            [name for name in called if "norm" in name],
        )
        assert (
            len(convolutions) == sum(isinstance(m, nn.Conv2d) for m in merged.modules())
            and norms == []
        )
        longer = torch.cat([x, x])  # the number of photos was left open, and still is
        assert difference(again.module(), model, longer) < 1e-5


def test_onnx_agrees(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model, merged, x = small()
    torch.onnx.export(merged, (x,), tmp_path / "merged.onnx", dynamo=True, verbose=False)
    session = runtime.InferenceSession(
        str(tmp_path / "merged.onnx"), providers=["CPUExecutionProvider"]
    )
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
        self.chain, self.signs = (
            nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)),
            nn.ModuleList([nn.Dropout(), nn.Dropout()]),
        )

    def forward(self, x):
        return self.signs[0](self.chain(x)) if x.sum() > 0 else -self.signs[1](self.chain(x))


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


class Asking(Peeking):
    def __init__(self):
        super().__init__()
        self.a.register_parameter("bias", None)

    def forward(self, x):
        y = self.norm(self.a(x))
        return y if self.a.bias is None else 2 * y  # as one with BatchNorm it would have a bias


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.norm(self.b(torch.relu(self.a(x)))) + self.b.weight.sum()


class Standardized(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight / weight.norm(), bias)


class Doubled(nn.Conv2d):
    def __call__(self, x):
        return 2 * super().__call__(x)


def patched(model):
    forward = model[0].forward
    model[0].forward = lambda x: 2 * forward(x)
    return model


def hooked(register):
    chain = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    getattr(chain[0], register)(
        lambda layer, given, y: 2 * y if isinstance(y, torch.Tensor) else None
    )
    return chain


def ended_in(*layers):
    return nn.Sequential(nn.Conv2d(2, 2, 1), *layers)


LEFT = {
    "used twice": (Twice, "used more than once"),
    "its weights read elsewhere": (Peeking, "read by others"),
    "its settings read elsewhere": (Asking, "read by others"),
    "its shared weights read elsewhere": (
        Tied,
        "b is left as it is: its weights or its settings are read by others",
    ),
    "its backward hook": (lambda: hooked("register_full_backward_hook"), "it has hooks"),
    "the forward of a class": (
        lambda: nn.Sequential(Own(2, 2, 1), nn.BatchNorm2d(2)),
        "0 is left as it is: a Own computes in",
    ),
    "half a forward": (
        lambda: nn.Sequential(Standardized(2, 2, 1), nn.BatchNorm2d(2)),
        "a Standardized computes in its own way",
    ),
    "a call": (
        lambda: nn.Sequential(Doubled(2, 2, 1), nn.BatchNorm2d(2)),
        "a Doubled computes in its own way",
    ),
    "the forward of an object": (
        lambda: patched(nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))),
        "computes in its own way",
    ),
    "numbers that are none": (lambda: ended_in(nn.ConstantPad2d(1, inf)), "not all finite"),
    "two names": (TwoNames, "under more than one name"),
    "a hook": (lambda: hooked("register_forward_hook"), "it has hooks"),
    "another padding": (
        lambda: ended_in(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")),
        "pads with 'reflect'",
    ),
    "averages over fewer": (
        lambda: ended_in(nn.AvgPool2d(2, padding=1, count_include_pad=False)),
        "over fewer pixels",
    ),
    "rounded up": (lambda: ended_in(nn.AvgPool2d(2, ceil_mode=True)), "over fewer pixels"),
    "no running mean": (
        lambda: ended_in(nn.BatchNorm2d(2, track_running_stats=False)),
        "other photos of the batch",
    ),
    "a crop": (lambda: ended_in(nn.ZeroPad2d(-1)), "takes pixels away"),
    "no channels": (lambda: nn.Sequential(nn.ZeroPad2d(1), nn.AvgPool2d(2)), "how many channels"),
}


@pytest.mark.parametrize("build, why", LEFT.values(), ids=LEFT)
def test_what_is_left_and_why(build, why):
    model = drawn_anew(build())
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model, at_most=inf)
    assert (
        why in str(shown) == repr(shown) and why in shown._repr_markdown_() and shown.merged == []
    )
    assert torch.equal(merge_chains(model, at_most=inf)(x), model(x))


class Optional(Peeking):
    def forward(self, x, more=None):
        y = self.a(x)
        return self.norm(y.relu() if more is None else y)


class Alias(Peeking):
    """What idle gives is x itself, which is changed before it is read."""

    def __init__(self):
        super().__init__()
        self.idle = nn.Identity()

    def forward(self, x):
        x = x + 0
        y = self.idle(x)
        x.add_(1)
        return self.norm(self.a(y))


class Replaced(Peeking):
    def __init__(self):
        super().__init__()
        self.forward = lambda x: self.norm(self.a(x).relu())


def watched():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(2, 2, 1)), nn.BatchNorm2d(2))
    model[0].register_forward_hook(lambda part, given, y: part.__dict__.update(seen=y.detach()))
    return model


class Within(nn.Module):
    """Calls a part of what it cannot be traced through by itself, too."""

    def __init__(self):
        super().__init__()
        self.part = Branching()

    def forward(self, x):
        return self.part(x) + self.part.chain[0](x)


@pytest.mark.parametrize("build", [Optional, Alias, Replaced, Within, watched])
def test_what_the_forward_does_besides_stays(build):
    model, x = drawn_anew(build()), torch.randn(2, 2, 7, 7, dtype=torch.float64)
    merged = merge_chains(model, at_most=inf)
    assert difference(merged, model, x) < 1e-12
    if build is watched:
        assert torch.equal(merged[0].seen, model[0].seen)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain, self.seen = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)), []
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        self.last = x
        self.seen.append(x)
        return self.chain(x) * self.calls


def test_a_plan_changes_nothing():
    model = drawn_anew(Counting())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}, set(vars(model))
    assert len(plan(model).merged) == 1
    assert (
        model.state_dict().keys() == before[0].keys()
        and set(vars(model)) == before[1]
        and model.seen == []
    )
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in model.state_dict().items())
    assert all(
        type(layer).__getattribute__ is nn.Module.__getattribute__ for layer in model.modules()
    )


def parametrized():
    model = ended_in(nn.BatchNorm2d(2))
    nn.utils.parametrizations.weight_norm(model[0])
    return model


def without(name):
    model = ended_in(nn.BatchNorm2d(2))
    setattr(model[1], name, None)
    return model


MERGED = {
    "a weight that is computed": parametrized,
    "BatchNorm without weight": lambda: without("weight"),
    "BatchNorm without bias": lambda: without("bias"),
    "BatchNorm of many GPUs": lambda: ended_in(nn.SyncBatchNorm(2)),
    "BatchNorm of constants": lambda: ended_in(torchvision.ops.FrozenBatchNorm2d(2)),
    "reflected by nothing": lambda: nn.Sequential(
        nn.Conv2d(2, 2, 3, padding_mode="reflect"), nn.BatchNorm2d(2)
    ),
    "padded along the last axis": lambda: nn.Sequential(
        nn.ConstantPad1d((1, 2), 1.5), nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)
    ),
    "in parallel": lambda: nn.DataParallel(ended_in(nn.BatchNorm2d(2))),
    "compiled": lambda: torch.compile(ended_in(nn.BatchNorm2d(2)), backend="eager"),
}


@pytest.mark.parametrize("build", MERGED.values(), ids=MERGED)
def test_what_is_merged_all_the_same(build):
    model, x = drawn_anew(build()), torch.randn(2, 2, 7, 7, dtype=torch.float64)
    assert len(plan(model).merged) == 1 and difference(merge_chains(model), model, x) < 1e-12


def test_one_picture_without_a_batch():
    model, x = (
        drawn_anew(nn.Sequential(nn.ConstantPad2d(1, 2.0), nn.Conv2d(2, 2, 2), nn.Conv2d(2, 2, 1))),
        torch.randn(2, 7, 7),
    )
    assert difference(merge_chains(model), model, x.double()) < 1e-12
    bare = drawn_anew(
        nn.Sequential(
            nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.Conv2d(2, 2, 3, padding=1, bias=False)
        )
    )
    assert plan(bare, x.double(), at_most=inf, interior=True).differ == {"0": (49 - 25, 49)}


def test_frozen_weights_stay_frozen_and_channels_last_stays_so():
    model = (
        nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3))
        .requires_grad_(False)
        .eval()
    )
    merged = merge_chains(model.to(memory_format=torch.channels_last))[0]
    assert (
        not merged.weight.requires_grad
        and not merged.bias.requires_grad
        and merged.weight.shape[-1] == 3
    )
    assert (
        merged.weight.is_contiguous(memory_format=torch.channels_last)
        and not merged.weight.is_contiguous()
    )


def test_parts_of_a_model_that_cannot_be_traced():
    model = drawn_anew(nn.Sequential(Branching(), Own(2, 2, 1), nn.BatchNorm2d(2)))
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model)
    assert [step.names for step in shown.merged] == [["0.chain.0", "0.chain.1"]]
    assert (
        "torch.fx cannot trace it" in shown.left["0"]
        and difference(merge_chains(model), model, x) < 1e-12
    )


def test_a_bias_padded_with_itself_is_merged():
    first, second = nn.Conv2d(2, 3, 3, padding=2), nn.Conv2d(3, 4, 3, bias=False)
    model = drawn_anew(nn.Sequential(first, nn.ZeroPad2d(1), second))
    assert plan(model, at_most=inf).merged[-1].names == ["1", "2"]
    model[1] = PadWith(model[0].bias.detach(), (1, 1, 1, 1))
    x = torch.randn(2, 2, 7, 9, dtype=torch.float64)
    merged = merge_chains(model, at_most=inf)
    assert [type(m) for m in merged] == [nn.Conv2d, nn.Identity, nn.Identity] and difference(
        merged, model, x
    ) < 1e-12


def test_layers_without_weights_take_their_kind_from_the_model():
    model = drawn_anew(
        nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d(2), nn.Conv2d(2, 2, 5, groups=2, padding=2))
    )
    x = torch.randn(2, 2, 19, 19, dtype=torch.float64)
    assert [step.names for step in plan(model).merged] == [["0", "1"]] and difference(
        merge_chains(model), model, x
    ) < 1e-12


def test_the_interior_alone_is_counted():
    model = drawn_anew(
        nn.Sequential(
            nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.Conv2d(2, 2, 3, padding=1, bias=False)
        )
    )
    x = torch.randn(1, 2, 9, 11, dtype=torch.float64)
    shown = plan(model, x, at_most=inf, interior=True)
    wrong = ((merge_chains(model, x, at_most=inf, interior=True)(x) - model(x)).abs() > 1e-12).any(
        1
    )
    assert shown.differ == {"0": (int(wrong.sum()), 99)} == {"0": (9 * 11 - 7 * 9, 99)}
    assert "36 of 99 positions of its output differ, at the border" in str(shown)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: plan("resnet"), TypeError, "give the model itself"),
        (lambda: merge_chains(nn.Sequential(nn.BatchNorm2d(3))), ValueError, "call eval() first"),
        (
            lambda: plan(nn.Sequential(nn.BatchNorm2d(3)).eval(), interior=True),
            ValueError,
            "give an input of the model",
        ),
        (lambda: plan(nn.Identity().eval(), at_most=0), ValueError, "more than 0, not 0"),
        (
            lambda: plan(nn.Identity().eval(), at_most=float("nan")),
            ValueError,
            "more than 0, not nan",
        ),
        (lambda: plan(nn.Identity().eval(), at_most="2"), TypeError, "at_most is"),
        (lambda: merge_chains(x for x in ()), TypeError, "give the model itself"),
        (
            lambda: plan(unique().eval()),
            ValueError,
            "The model cannot be copied, and layers are merged in a copy only",
        ),
    ],
)
def test_what_is_no_model_to_merge(call, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(").replace(")", r"\)")):
        call()


def unique():
    model = nn.Identity()
    model.stream = (x for x in ())
    return model


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "There is no file"),
        (b"", "no model saved by"),
        (b"PK\x03\x04 torn", "no model saved by"),
    ],
)
def test_a_file_that_is_no_exported_model(content, words, tmp_path):
    path = tmp_path / "model.pt2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit, match=words):
        main([str(path)])


class Several(nn.Module):
    """Gives a dict of what has numbers and of what has none, and blurs with a fixed kernel."""

    def __init__(self):
        super().__init__()
        self.chain = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Dropout2d(), nn.BatchNorm2d(3))
        self.register_buffer("blur", torch.rand(3, 1, 2, 2))

    def forward(self, x, times=2):
        y = nn.functional.pad(self.chain(x), (1, 1))
        y = nn.functional.conv2d(y, self.blur, groups=3)
        return {"y": y, "mask": y > 0, "none": None, "empty": y[:0], "times": times}


def saved(path, model, *args):
    torch.export.save(torch.export.export(model, args), path)
    return path


def test_an_exported_model_may_give_anything(tmp_path, capsys):
    model, x = drawn_anew(Several()).float(), torch.randn(2, 2, 8, 9)
    path = saved(tmp_path / "model.pt2", model, x)
    main([str(path), "-o", str(path), "--at-most", "inf"])  # in its own place
    assert capsys.readouterr().out.startswith("5 layers become 2.")
    assert relative(torch.export.load(path).module()(x)["y"], model(x)["y"]) < 1e-5


@pytest.mark.parametrize("layer", [nn.BatchNorm2d(2), nn.Dropout()])
def test_a_model_exported_in_training_is_refused(layer, tmp_path):
    path = saved(
        tmp_path / "model.pt2", nn.Sequential(nn.Conv2d(2, 2, 1), layer), torch.randn(2, 2, 4, 4)
    )
    with pytest.raises(SystemExit, match="exported in training mode"):
        main([str(path)])


class Hostile:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_only_weights_are_read_from_an_exported_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, bad = (
        saved(tmp_path / "model.pt2", nn.Conv2d(2, 2, 1).eval(), torch.randn(1, 2, 4, 4)),
        io.BytesIO(),
    )
    torch.save(Hostile(), bad)
    with zipfile.ZipFile(path) as good, zipfile.ZipFile("hostile.pt2", "w") as archive:
        for name in good.namelist():
            archive.writestr(name, bad.getvalue() if "sample_inputs" in name else good.read(name))
    with zipfile.ZipFile(path) as good, zipfile.ZipFile("compiled.pt2", "w") as archive:
        for name in [*good.namelist(), "model/data/aotinductor/model/code.so"]:
            archive.writestr(name, good.read(name) if name in good.namelist() else b"")
    for name in ("hostile.pt2", "compiled.pt2"):
        with pytest.raises(SystemExit, match="holds more than weights and inputs"):
            main([name])
    assert not Path("ran").exists() and os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] == "0"
    torch.load(io.BytesIO(bad.getvalue()), weights_only=False)
    assert Path("ran").exists()  # had it been loaded, it would have run


@pytest.mark.parametrize("place", ["missing/merged.pt2", ".", "/dev/full"])
def test_where_nothing_can_be_written(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if place.startswith("/") and not Path(place).exists():
        pytest.skip("only Linux has a device that is always full")
    path = saved(tmp_path / "model.pt2", nn.Conv2d(2, 2, 1).eval(), torch.randn(1, 2, 4, 4))
    with pytest.raises(SystemExit, match=r"cannot be written \(.*\): choose another place"):
        main([str(path), "-o", place])


def test_the_example_of_the_readme_runs(capsys):
    text = (Path(__file__).parents[2] / "README.md").read_text()
    [example] = [
        block
        for block in re.findall(r"```python\n(.*?)```", text, flags=re.S)
        if "merge_chains" in block
    ]
    exec(example, {})
    assert (
        "layers become" in (said := capsys.readouterr().out) and "tensor(" in said.splitlines()[-1]
    )
