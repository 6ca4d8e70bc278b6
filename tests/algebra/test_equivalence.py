"""The pair against torch's own layers, every combination against the rule, and the border table."""

from dataclasses import astuple
from itertools import product
from math import prod

import pytest
import torch
from torch import nn

from lessonlib.algebra.equivalence import (
    PADDINGS,
    STRIDES,
    Switches,
    border_share,
    compare,
    merged,
    one_step,
    random_pair,
    reasons,
    two_steps,
)

NORMS = ("none", "eval", "train")
COMBINATIONS = product((False, True), NORMS, (False, True), PADDINGS, STRIDES)
ALL = [Switches(*values) for values in COMBINATIONS]


def photos(n=2, size=32, seed=3):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, size, size, dtype=torch.float64, generator=random)


SEEN = photos(4, seed=4) ** 2


def layers(pair, switches):
    """The same pair as torch.nn modules, its BatchNorm trained on SEEN by torch itself."""
    padding_first, padding_second = PADDINGS[switches.padding]
    stride_first, stride_second = STRIDES[switches.stride]
    first = nn.Conv2d(3, 8, 2, stride_first, bias=switches.bias).double()
    second = nn.Conv2d(8, 8, 2, stride_second, bias=False).double()
    norm = nn.BatchNorm2d(8, momentum=1.0).double()
    with torch.no_grad():
        first.weight.copy_(pair.B)
        second.weight.copy_(pair.C)
        norm.weight.copy_(pair.gain)
        norm.bias.copy_(pair.offset)
        if switches.bias:
            first.bias.copy_(pair.bias)
        norm.train()(nn.functional.conv2d(SEEN, first.weight, first.bias))
    norm.train(switches.norm == "train")
    between = [norm] * (switches.norm != "none") + [nn.ReLU()] * switches.relu
    pad_first = nn.ZeroPad2d(padding_first)
    pad_second = nn.ZeroPad2d(padding_second)
    return nn.Sequential(pad_first, first, *between, pad_second, second)


def in_short(switches):
    return "-".join(str(value) for value in astuple(switches))


@pytest.mark.parametrize("switches", ALL, ids=in_short)
def test_every_combination(switches):
    """The pair is torch's, the merged one is a conv2d, and they agree where the rule says so."""
    pair = random_pair()
    x = photos()
    with torch.no_grad():
        two = two_steps(pair, x, switches, SEEN)
        torch.testing.assert_close(two, layers(pair, switches)(x), rtol=0, atol=1e-12)
        one = one_step(pair, x, switches, SEEN)
    A, a = merged(pair, switches, SEEN)
    padding = tuple(sum(sides) for sides in zip(*PADDINGS[switches.padding]))
    padded = nn.functional.pad(x, padding)
    expected = nn.functional.conv2d(padded, A, a, prod(STRIDES[switches.stride]))
    torch.testing.assert_close(one, expected, rtol=0, atol=1e-12)
    assert A.shape == (8, 3, 3, 3)
    found = compare(two, one)
    is_one = reasons(switches) == ()
    assert (found.wrong == 0) == is_one
    assert (found.largest < 1e-12) == is_one


def test_the_rule():
    """Only sums between, all padding first or none after a shift, stride last: 10 of 144."""
    exact = [s for s in ALL if not reasons(s)]
    assert len(ALL) == 144
    assert len(exact) == 10
    for s in exact:
        assert not s.relu
        assert s.norm != "train"
        assert s.stride != "first"
        shifts = s.bias or s.norm != "none"
        assert s.padding == "first" or (s.padding == "2019" and not shifts)


@pytest.mark.parametrize("size", [7, 14, 31, 33])
def test_the_rule_holds_at_odd_sizes(size):
    pair = random_pair()
    x = photos(size=size)
    for switches in ALL:
        found = compare(two_steps(pair, x, switches, SEEN), one_step(pair, x, switches, SEEN))
        assert (found.wrong == 0) == (reasons(switches) == ()), switches


@pytest.mark.parametrize(
    "n, k, first, second, bias, percent",
    [
        (32, 2, (1, 1, 1, 1), (0, 0, 0, 0), True, 0),
        (32, 2, (0, 0, 0, 0), (1, 1, 1, 1), False, 12.1),
        (32, 2, (1, 0, 1, 0), (1, 0, 1, 0), False, 0),
        (32, 2, (1, 0, 1, 0), (1, 0, 1, 0), True, 6.2),
        (32, 3, (1, 1, 1, 1), (1, 1, 1, 1), False, 12.1),
        (14, 3, (1, 1, 1, 1), (1, 1, 1, 1), False, 26.5),
        (7, 3, (1, 1, 1, 1), (1, 1, 1, 1), False, 49),
        (32, 3, (2, 2, 2, 2), (0, 0, 0, 0), True, 0),
    ],
)
def test_border_table(n, k, first, second, bias, percent):
    share = border_share(n, k, first, second, bias)
    assert round(100 * share, 1) == percent
    lines = {0: 0, 6.2: 1}.get(percent, 2)  # of pixels along each axis: none, one side, or both
    assert share == pytest.approx(1 - (1 - lines / n) ** 2)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("bias", [False, True])
def test_where_the_second_may_pad(k, bias):
    """No bias: where the first has padded k - 1 or more. With one: nowhere."""
    for first, second in product(range(3), repeat=2):
        share = border_share(9, k, (first, 0, 0, 0), (second, 0, 0, 0), bias)
        assert (share == 0) == (second == 0 or (first >= k - 1 and not bias))


def test_a_batchnorm_in_training_is_one_kernel_for_the_photos_whose_statistics_it_takes():
    pair = random_pair()
    x = photos(1)
    switches = Switches(norm="train", padding="first")
    found = compare(two_steps(pair, x, switches), one_step(pair, x, switches, SEEN))
    assert found.wrong == 1
    assert found.typical > 0.01


def test_compare():
    one = torch.ones(1, 2, 4, 4, dtype=torch.float64)
    two = one.clone()
    two[0, 1, 0, 0] = 3
    two[0, 0, 0, 0] = 1.5
    found = compare(two, one)
    assert found.where[0, 0] == found.largest == 2
    assert found.typical == 0
    assert found.wrong == 1 / 16
    assert found.size == 1
    assert compare(two, one[..., :3, :2]).where.shape == (3, 2)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Switches(norm="on"), "There is no norm 'on'; choose one of none, eval, train."),
        (lambda: Switches(padding="same"), "no padding 'same'; choose one of first, second, each"),
        (lambda: Switches(stride="both"), "There is no stride 'both'"),
        (lambda: two_steps(random_pair(), photos(), Switches(norm="eval")), "needs `seen`"),
        (
            lambda: two_steps(random_pair(c_in=1), photos(), Switches()),
            "3 channels, the kernel reads 1",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
