"""One layer as two in series: torch running the two against torch running the one, and scipy's convolution of their kernels."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy.signal import convolve2d
from torch import nn

from lessonlib.algebra.hidden_width import hidden_width
from lessonlib.merging import split
from lessonlib.merging.splitting import DENSE


def kernel_of(weights):
    """`(out, in, k, k)` of the weights of two layers of one group: scipy's convolution, summed over the channels between."""
    first, last = (weight.detach().numpy() for weight in weights)
    sums = [
        [sum(convolve2d(c, b) for c, b in zip(to, first[:, i])) for i in range(first.shape[1])]
        for to in last
    ]
    return torch.from_numpy(np.array(sums))


def layer_of(channels, out, k, seed=0, **options):
    layer = nn.Conv2d(channels, out, k, **options).double()
    random = torch.Generator().manual_seed(seed)
    for tensor in layer.parameters():
        tensor.data = torch.randn(tensor.shape, generator=random, dtype=torch.float64)
    return layer


CASES = st.fixed_dictionaries(
    dict(
        channels=st.integers(1, 3),
        out=st.integers(1, 3),
        k=st.sampled_from([3, 5]),
        stride=st.integers(1, 3),
        dilation=st.integers(1, 2),
        padding=st.sampled_from([0, 1, 3, "valid"]),
        bias=st.booleans(),
        seed=st.integers(0, 99),
    )
)


@settings(max_examples=25)
@given(CASES, st.integers(1, 4))
def test_the_chain_is_the_layer_but_for_what_it_says_it_misses(case, width):
    layer = layer_of(**case)
    chain, relative = split(layer, width)
    one, h = layer.weight.detach(), (case["k"] + 1) // 2
    assert [tuple(part.weight.shape) for part in chain] == [
        (width, case["channels"], h, h),
        (case["out"], width, h, h),
    ]
    composed = kernel_of(part.weight for part in chain)
    assert relative == pytest.approx(((one - composed).norm() / one.norm()).item(), abs=1e-9)

    layer.weight.data = composed  # its stride, dilation, padding and bias with the chain's kernel
    x = torch.randn(2, case["channels"], 13, 12, dtype=torch.float64)
    y = layer(x)
    assert chain(x).shape == y.shape and torch.allclose(
        chain(x), y, atol=1e-9 * max(1, y.abs().max().item())
    )


@pytest.mark.parametrize("channels, out", [(1, 1), (2, 3), (4, 4)])
def test_wide_enough_it_is_exact_and_one_channel_less_is_not(channels, out):
    layer, enough = layer_of(channels, out, 3, stride=2, padding=1), hidden_width(channels, out)
    x = torch.randn(1, channels, 9, 9, dtype=torch.float64)
    exact = split(layer, enough)
    assert exact.relative < 1e-8 and torch.allclose(exact.chain(x), layer(x), atol=1e-6)
    assert split(layer, enough - 1).relative > 1e-3


def test_a_product_is_found_again():
    layer = layer_of(2, 2, 3, bias=False)
    layer.weight.data = kernel_of(
        [layer_of(2, 2, 2, seed=1).weight, layer_of(2, 2, 2, seed=2).weight]
    )
    assert split(layer, 2).relative < 1e-8


@pytest.mark.parametrize("k", [3, 5])
def test_a_depthwise_layer_stays_depthwise_and_takes_the_best_product_of_each_kernel(k):
    layer = layer_of(4, 4, k, groups=4, padding=k // 2, stride=2)
    chain, relative = split(layer)
    assert [part.groups for part in chain] == [4, 4] and [
        part.weight.shape[2] for part in chain
    ] == [(k + 1) // 2] * 2
    composed = torch.stack([kernel_of(part.weight[i : i + 1] for part in chain) for i in range(4)])[
        :, 0
    ]
    missed = (layer.weight.detach() - composed).norm() / layer.weight.detach().norm()
    assert 0.01 < relative == pytest.approx(missed.item(), abs=1e-9)
    layer.weight.data = composed
    x = torch.randn(2, 4, 11, 11, dtype=torch.float64)
    assert torch.allclose(chain(x), layer(x), atol=1e-9)


def test_a_large_layer_in_its_own_precision_comes_as_near_as_the_dense_method():
    small, large = layer_of(4, 4, 3).float(), layer_of(17, 17, 3).float()
    assert small.weight.numel() <= DENSE < large.weight.numel()
    for layer, width in ((small, 4), (large, 17)):
        chain, relative = split(layer, width)
        one, composed = layer.weight.detach(), kernel_of(part.weight for part in chain)
        assert chain[0].weight.dtype == composed.dtype == torch.float32
        assert (
            relative == pytest.approx(((one - composed).norm() / one.norm()).item(), abs=1e-5)
            and relative < 0.5
        )


@pytest.mark.parametrize(
    "layer, width, error, words",
    [
        (nn.Linear(3, 3), 2, TypeError, "split takes an nn.Conv2d, and this is a Linear"),
        (
            nn.Conv2d(2, 2, 2),
            2,
            ValueError,
            r"odd square kernel from 3x3 on, and this is \(2, 2\): pad it",
        ),
        (nn.Conv2d(2, 2, 1), 2, ValueError, "odd square kernel"),
        (nn.Conv2d(2, 2, (3, 5)), 2, ValueError, r"and this is \(3, 5\)"),
        (
            nn.Conv2d(4, 4, 3, groups=2),
            2,
            ValueError,
            "one group or a depthwise convolution, and this has 2 groups",
        ),
        (nn.Conv2d(4, 4, 3, groups=4), 4, ValueError, "leave the width out, it is 4"),
        (nn.Conv2d(4, 4, 7, groups=4), None, ValueError, "nearest_product knows 3x3 and 5x5"),
        (nn.Conv2d(2, 2, 3), None, ValueError, "width is None; give a whole number"),
        (nn.Conv2d(2, 2, 3), 0, ValueError, "width"),
        (
            nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"),
            2,
            ValueError,
            "This Conv2d is not split: it pads with 'reflect'",
        ),
        (nn.LazyConv2d(2, 3), 2, TypeError, "this is a LazyConv2d"),
        (nn.Conv2d(2, 2, 3, device="meta"), 2, ValueError, "meta device"),
        (nn.Conv2d(2, 2, 3, dtype=torch.complex64), 2, ValueError, "complex"),
    ],
)
def test_what_is_not_split_is_told_why(layer, width, error, words):
    with pytest.raises(error, match=words):
        split(layer, width)
