"""kernels.py against torch's conv2d, plain loops, and its own functions used in another order."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.kernels import compose, correlate, embed, output_size, placements, receptive_field

small = st.integers(1, 4)


def randn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def close(a, b):
    return a.shape == b.shape and torch.allclose(a, b, atol=1e-12)


def by_loops(x, kernel, stride):
    h, w = x.shape
    kh, kw = kernel.shape
    rows = (h - kh) // stride + 1
    cols = (w - kw) // stride + 1
    y = torch.zeros(rows, cols, dtype=x.dtype)
    for i, j in product(range(rows), range(cols)):
        for u, v in product(range(kh), range(kw)):
            pixel = x[stride * i + u, stride * j + v]
            y[i, j] += kernel[u, v] * pixel
    return y


@given(small, small, small, st.integers(4, 9), st.integers(4, 9))
def test_correlate_is_the_formula(kh, kw, stride, h, w):
    x = randn(h, w)
    kernel = randn(kh, kw)
    assert close(correlate(x, kernel, stride), by_loops(x, kernel, stride))


@given(small, small, small, small, st.integers(1, 3), st.tuples(*[st.integers(0, 3)] * 4))
def test_correlate_is_torchs_conv2d(c_in, c_out, kh, kw, stride, padding):
    x = randn(2, c_in, 7, 6)
    kernel = randn(c_out, c_in, kh, kw)
    expected = F.conv2d(F.pad(x, padding), kernel, stride=stride)
    assert close(correlate(x, kernel, stride, padding), expected)


def test_a_plane_kernel_acts_on_every_plane():
    x = randn(2, 3, 8, 8)
    kernel = randn(3, 3)
    y = correlate(x, kernel)
    assert y.shape == (2, 3, 6, 6)
    for n, c in product(range(2), range(3)):
        assert close(y[n, c], correlate(x[n, c], kernel))


def test_correlate_does_not_flip():
    x = torch.zeros(3, 3, dtype=torch.float64)
    x[0, 0] = 1
    assert correlate(x, torch.tensor([[5.0, 0], [0, 0]]).double())[0, 0] == 5


@given(st.integers(1, 9), small, st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_output_size_counts_positions(n, k, stride, before, after):
    if k > n + before + after:
        with pytest.raises(ValueError, match="larger than the padded input"):
            output_size(n, k, stride, (before, after))
    else:
        positions = range(0, n + before + after - k + 1, stride)
        assert output_size(n, k, stride, (before, after)) == len(positions)


def test_the_four_placements_do_what_the_2x2_does_with_matching_padding():
    x = randn(3, 9, 9)
    kernel = randn(2, 2)
    four = placements(kernel)
    assert len(four) == 4
    for (row, col), padded in four.items():
        assert padded.shape == (3, 3) and padded.count_nonzero() == 4
        y = correlate(x, padded, padding=1)
        assert close(y, correlate(x, kernel, padding=(1 - col, col, 1 - row, row)))
        assert not close(y, correlate(x, kernel, padding=(col, 1 - col, row, 1 - row)))


@given(small, small, st.integers(4, 6))
def test_placements_are_all_there_are(kh, kw, size):
    places = product(range(size - kh + 1), range(size - kw + 1))
    assert set(placements(randn(kh, kw), size)) == set(places)


@given(small, small, small, small, small, small, small)
def test_two_steps_are_one(c_in, hidden, c_out, bh, bw, ch, cw):
    b = randn(hidden, c_in, bh, bw)
    c = randn(c_out, hidden, ch, cw)
    x = randn(1, c_in, 9, 9)
    a = compose(b, c)
    assert a.shape == (c_out, c_in, bh + ch - 1, bw + cw - 1)
    assert close(F.conv2d(F.conv2d(x, b), c), F.conv2d(x, a))


@given(st.lists(small, min_size=1, max_size=5))
def test_a_series_of_any_length_is_one_kernel_of_its_receptive_field(sizes):
    kernels = [randn(k, k) for k in sizes]
    a = compose(*kernels)
    x = randn(17, 17)
    y = x
    for kernel in kernels:
        y = correlate(y, kernel)
    assert a.shape == (receptive_field(sizes),) * 2
    assert close(y, correlate(x, a))


def test_order_matters_for_many_channels_only():
    b, c = randn(2, 2, 2)
    assert close(compose(b, c), compose(c, b))
    b, c = randn(2, 3, 3, 2, 2)
    assert not close(compose(b, c), compose(c, b))


few = st.integers(1, 3)


@given(st.lists(st.tuples(small, few, few), min_size=1, max_size=4))
def test_receptive_field_is_what_the_gradient_reaches(layers):
    sizes, strides, dilations = zip(*layers)
    x = torch.ones(1, 1, 600, dtype=torch.float64, requires_grad=True)
    y = x
    for k, stride, dilation in layers:
        ones = torch.ones(1, 1, k, dtype=torch.float64)
        y = F.conv1d(y, ones, stride=stride, dilation=dilation)
    y[0, 0, 0].backward()
    touched = x.grad.nonzero()[-1, -1] + 1  # from the first pixel to the last one touched
    assert touched == receptive_field(sizes, strides, dilations)
    assert receptive_field(sizes, strides) == receptive_field(sizes, strides, [1] * len(layers))


def test_two_tap_kernels_with_doubled_dilations_see_a_power_of_two():
    for layers in range(1, 12):
        doubled = [2**n for n in range(layers)]
        assert receptive_field([2] * layers, dilations=doubled) == 2**layers


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: correlate(randn(3, 3), [[1]]), "A kernel is a tensor"),
        (lambda: correlate(randn(3, 3), randn(2, 2, 2)), "A kernel is a tensor"),
        (lambda: correlate(randn(3), randn(2, 2)), "at least 2 dimensions"),
        (lambda: correlate("photo", randn(2, 2)), "it is a str"),
        (lambda: correlate(randn(4, 5, 5), randn(1, 3, 2, 2)), "4 channels, the kernel reads 3"),
        (lambda: correlate(randn(3, 3), randn(0, 2)), "at least one entry"),
        (lambda: correlate(randn(3, 3), randn(4, 4)), "larger than the padded input"),
        (lambda: correlate(randn(3, 3), randn(2, 2), stride=0), "at least 1"),
        (lambda: correlate(randn(3, 3), randn(2, 2), padding=-1), "cannot be negative"),
        (lambda: correlate(randn(3, 3), randn(2, 2), padding=(1, 2)), "left, right, top, bottom"),
        (lambda: embed(randn(2, 2), 3, 2, 0), "does not fit into 3x3 at row 2, column 0"),
        (lambda: embed(randn(2, 2), 3, 0, -1), "does not fit"),
        (lambda: compose(), "at least one kernel"),
        (lambda: compose(randn(2, 2), randn(1, 1, 2, 2)), "all kernels as"),
        (
            lambda: compose(randn(4, 3, 2, 2), randn(1, 5, 2, 2)),
            "gives 4 channels, the next one reads 5",
        ),
        (lambda: receptive_field([3, 3], [1]), "one stride for each"),
        (lambda: receptive_field([0]), "at least 1"),
        (lambda: receptive_field([3, 3], dilations=[1]), "one dilation for each of the 2"),
        (lambda: receptive_field([3], dilations=[0]), "at least 1, not \\[0\\]"),
        (lambda: receptive_field([3], dilations=2), "one dilation for each"),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
