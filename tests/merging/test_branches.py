"""Sums of branches that read the same value, merged, against themselves."""

from math import inf

import numpy as np
import pytest
import torch
from torch import fx, nn

from helpers.branches import DBB, ACNet, FastViT, MobileOne, RepVGG, RepViT, Residual
from helpers.merged_models import close, difference
from helpers.random_graphs import RandomGraph, SideBySide
from helpers.random_layers import drawn_anew
from lessonlib.merging import merge_chains, plan

BLOCKS = {
    "RepVGG": (RepVGG(4), 1, (3, 3)),
    "RepVGG in groups": (RepVGG(4, groups=2), 2, (3, 3)),
    "ACNet": (ACNet(4), 1, (3, 3)),
    "ACNet with stride 2": (ACNet(4, stride=2), 1, (3, 3)),
    "DBB": (DBB(4), 1, (3, 3)),
    "MobileOne": (MobileOne(4), 1, (3, 3)),
    "MobileOne, depthwise": (MobileOne(4, groups=4), 4, (3, 3)),
    "RepViT": (RepViT(4), 4, (3, 3)),
    "FastViT": (FastViT(4), 4, (3, 3)),
    "x + conv(x)": (Residual(4), 1, (3, 3)),
}


def convolutions_in(model):
    return [m for m in model.modules() if isinstance(m, nn.Conv2d)]


def others_in(model):
    known = (nn.Conv2d, nn.Identity)
    return [m for m in model.modules() if not [*m.children()] and not isinstance(m, known)]


@pytest.mark.parametrize("block, groups, kernel", BLOCKS.values(), ids=BLOCKS)
def test_a_block_becomes_one_convolution(block, groups, kernel):
    model = drawn_anew(block)
    x = torch.randn(2, 4, 9, 10, dtype=torch.float64)
    merged = merge_chains(model)
    [conv] = convolutions_in(merged)
    assert (conv.groups, conv.kernel_size) == (groups, kernel)
    assert others_in(merged) == []
    assert difference(merged, model, x) < 1e-12


class FromZero(nn.Module):
    """Adds up from 0, as Python's sum does, and once more where there is no shortcut."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1)])
        self.drop = nn.Identity()

    def forward(self, x):
        out = self.drop(sum(branch(x) for branch in self.branches))
        out += 0
        return out.relu()


def test_no_addition_of_0_stays():
    model = drawn_anew(FromZero())
    merged = merge_chains(model)
    functions = [node for node in merged.graph.nodes if node.op == "call_function"]
    assert functions == []
    assert difference(merged, model, torch.randn(2, 4, 9, 10, dtype=torch.float64)) < 1e-12


def test_a_network_of_blocks_merges_further():
    """Without activations between, what the sums become are chains, and those are one again."""
    model = drawn_anew(
        nn.Sequential(nn.Conv2d(4, 4, 1, bias=False), Residual(4), nn.BatchNorm2d(4))
    )
    x = torch.randn(2, 4, 9, 10, dtype=torch.float64)
    merged = merge_chains(model)
    assert len(convolutions_in(merged)) == 1
    assert difference(merged, model, x) < 1e-12
    assert "the input itself" in str(plan(model))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 4, 3, padding=1)
        self.b = nn.BatchNorm2d(4)


class CallersTensor(Pair):
    def forward(self, x):
        x += self.a(x)
        return x


class OtherName(Pair):
    def forward(self, x):
        y = self.a(x)
        z = y
        y += self.b(x)
        return z * y


class IdleName(Pair):
    def __init__(self):
        super().__init__()
        self.idle = nn.Identity()

    def forward(self, x):
        x = x + 0
        y = self.idle(x)
        y += self.a(x)
        return y * x


class WrittenBetween(Pair):
    def forward(self, x):
        x = x + 0
        y = self.a(x)
        x.relu_()
        return y + self.b(x)


class Keeping(Pair):
    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append(len(self.seen))
        return self.a(x) + self.b(x)


class Optional(Pair):
    def forward(self, x, more=None):
        y = self.a(x) + self.b(x)
        return y if more is None else y + more


class Drawing(Pair):
    def forward(self, x):
        return self.a(x) + self.b(x) + torch.rand(())


class Hooked(Pair):
    def __init__(self):
        super().__init__()
        self.register_forward_hook(lambda module, given, y: y + 1)

    def forward(self, x):
        return self.a(x) + self.b(x)


class Inside(Pair):
    def forward(self, x):
        return self.a(x) + self.b(x)


class FromOutside(nn.Module):
    """One of two ways goes around the sum."""

    def __init__(self):
        super().__init__()
        self.block = Inside()

    def forward(self, x, around=None):
        return self.block(x) if around is None else self.block.a(x)


class Broadcast(Pair):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x):
        return self.a(x) + self.b(x)


class OtherSize(Broadcast):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 4, 9)


class OtherStride(Broadcast):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 4, 1, stride=9)


class OtherFill(Broadcast):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 4, 3, padding=1)
        self.b = nn.Sequential(nn.ConstantPad2d(1, 0.5), nn.Conv2d(4, 4, 3))


class TooDear(Broadcast):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 4, 7, padding=3, groups=4)
        self.b = nn.Conv2d(4, 4, 1)


REFUSED = {
    CallersTensor: "",
    OtherName: "",
    IdleName: "",
    WrittenBetween: "relu_ may change in place what they read",
    Keeping: "keeps something in the module",
    Optional: "may go several ways",
    Drawing: "keeps something in the module",
    Hooked: "has hooks",
    FromOutside: "is called elsewhere too",
    Broadcast: "they give 1 and 4 channels",
    OtherSize: "their outputs differ in size",
    OtherStride: "they move by 9x9 and 1x1 pixels",
    OtherFill: "they pad with different values",
    TooDear: "784 multiplications per position instead of 212",
}


@pytest.mark.parametrize("build", REFUSED)
def test_a_sum_that_is_no_convolution_is_left_with_its_place(build):
    model = drawn_anew(build())
    x = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    shown = plan(model)
    assert shown.merged == []
    assert REFUSED[build] in str(shown)
    merged = merge_chains(model)
    kept = x.clone()
    for way in [(), (x,)] if build in (Optional, FromOutside) else [()]:
        torch.manual_seed(0)
        expected = model(x.clone(), *way)
        torch.manual_seed(0)
        assert torch.equal(merged(kept, *way), expected)
    if build is CallersTensor:
        assert torch.equal(kept, expected)


def test_only_branches_of_one_kind_are_added_if_all_would_cost_more():
    model = drawn_anew(RepViT(4))
    model.conv1 = drawn_anew(nn.Conv2d(4, 4, 1))
    x = torch.randn(2, 4, 9, 10, dtype=torch.float64)
    merged = merge_chains(model)
    assert sorted(conv.groups for conv in convolutions_in(merged)) == [1, 4]
    assert difference(merged, model, x) < 1e-12
    assert len(convolutions_in(merge_chains(model, at_most=inf))) == 1


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs(seed):
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    axes, channels = 1 + seed % 2, 1 + seed % 4
    x = torch.randn(2, channels, *[9] * axes, dtype=torch.float64)
    model = SideBySide([RandomGraph(random, x) for _ in range(100)]).eval()
    at_most = (1, inf)[seed // 2 % 2]
    merged = merge_chains(model, at_most=at_most)
    rewritten = [part for part in merged.modules() if isinstance(part, fx.GraphModule)]
    assert len(rewritten) > 5  # or the test would show nothing
    for given, expected in zip(merged(x), model(x)):
        assert all(close(one, other) for one, other in zip(given, expected))
