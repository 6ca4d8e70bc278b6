"""One layer as two in series, against torch running one and two, and scipy's kernel of the two."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy.signal import convolve2d
from torch import nn

from helpers.merged_models import close
from helpers.repeats import REPEATS
from lessonlib.algebra.hidden_width import hidden_width
from lessonlib.merging import split, splitting
from lessonlib.merging.splitting import DENSE


def kernel_of(weights):
    """`(out, in, k, k)` of the weights of two layers of one group, by scipy's convolution."""
    first, last = (weight.detach().numpy() for weight in weights)
    kernels = []
    for c in last:
        for i in range(first.shape[1]):
            kernels.append(sum(map(convolve2d, c, first[:, i])))  # over the channels between
    stacked = torch.from_numpy(np.array(kernels))
    return stacked.unflatten(0, (len(last), first.shape[1]))


def layer_of(channels, out, k, seed=0, **options):
    layer = nn.Conv2d(channels, out, k, **options).double()
    random = torch.Generator().manual_seed(seed)
    for tensor in layer.parameters():
        tensor.data = torch.randn(tensor.shape, generator=random, dtype=torch.float64)
    return layer


def distance(kernel, other):
    return ((kernel - other).norm() / kernel.norm()).item()


def check_split(layer, width):
    """The chain is the layer with another kernel, which is as far away as it says."""
    chain, relative = split(layer, width)
    one = layer.weight.detach()
    out, channels, k, _ = one.shape
    h = (k + 1) // 2
    shapes = [tuple(part.weight.shape) for part in chain]
    assert shapes == [(width, channels, h, h), (out, width, h, h)]
    composed = kernel_of(part.weight for part in chain)
    assert relative == pytest.approx(distance(one, composed), abs=1e-9)

    layer.weight.data = composed  # with its stride, dilation, padding and bias
    x = torch.randn(2, channels, 13, 12, dtype=torch.float64)
    y = layer(x)
    assert chain(x).shape == y.shape
    assert close(chain(x), y)


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


@settings(max_examples=100 * REPEATS)
@given(CASES, st.integers(1, 4))
def test_the_chain_is_the_layer_but_for_what_it_says_it_misses(case, width):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splitting, "DENSE", 0)  # by the fast method, as for large layers
        check_split(layer_of(**case), width)


@pytest.mark.parametrize("channels, out, k, width", [(1, 1, 5, 1), (2, 1, 3, 1), (2, 3, 3, 4)])
def test_so_it_is_by_the_dense_method(channels, out, k, width):
    check_split(layer_of(channels, out, k, stride=2, padding=1), width)


@pytest.mark.parametrize("channels, out", [(1, 1), (2, 3), (4, 4)])
def test_wide_enough_it_is_exact_and_one_channel_less_is_not(channels, out):
    layer = layer_of(channels, out, 3, stride=2, padding=1)
    enough = hidden_width(channels, out)
    x = torch.randn(1, channels, 9, 9, dtype=torch.float64)
    exact = split(layer, enough)
    assert exact.relative < 1e-8
    assert torch.allclose(exact.chain(x), layer(x), atol=1e-6)
    assert split(layer, enough - 1).relative > 1e-3


def test_a_product_is_found_again():
    layer = layer_of(2, 2, 3, bias=False)
    factors = [layer_of(2, 2, 2, seed=1), layer_of(2, 2, 2, seed=2)]
    layer.weight.data = kernel_of(factor.weight for factor in factors)
    assert split(layer, 2).relative < 1e-8


@pytest.mark.parametrize("k", [3, 5])
def test_a_depthwise_layer_stays_depthwise_and_takes_the_best_product_of_each_kernel(k):
    layer = layer_of(4, 4, k, groups=4, padding=k // 2, stride=2)
    one = layer.weight.detach()
    chain, relative = split(layer)
    assert [part.groups for part in chain] == [4, 4]
    assert [part.kernel_size[0] for part in chain] == [(k + 1) // 2] * 2
    first, last = (part.weight for part in chain)
    products = [kernel_of([first[i : i + 1], last[i : i + 1]]) for i in range(4)]
    composed = torch.cat(products)
    assert relative == pytest.approx(distance(one, composed), abs=1e-9)
    assert relative > 0.01
    layer.weight.data = composed
    x = torch.randn(2, 4, 11, 11, dtype=torch.float64)
    assert torch.allclose(chain(x), layer(x), atol=1e-9)


@pytest.mark.parametrize("channels", [4, 17])
def test_layers_below_and_above_dense_keep_their_precision_and_come_near(channels):
    layer = layer_of(channels, channels, 3).float()
    assert (layer.weight.numel() > DENSE) == (channels == 17)
    chain, relative = split(layer, channels)
    composed = kernel_of(part.weight for part in chain)
    assert chain[0].weight.dtype == composed.dtype == torch.float32
    assert relative == pytest.approx(distance(layer.weight.detach(), composed), abs=1e-5)
    assert relative < 0.5
