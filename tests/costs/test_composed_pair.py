"""The composed pair: the outputs and gradients of the series, whichever way it goes."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lessonlib.arms import ARMS
from lessonlib.costs.composed_pair import ComposedPair
from lessonlib.costs.composing import compose_by_nine, composing_share, series_share
from lessonlib.kernels import compose

few = st.integers(1, 5)
small = st.integers(1, 3)
size = st.integers(2, 9)


def composed_kernel_first(pair, x):
    """The composed way, whichever is faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessonlib.costs.composed_pair.composes_first", lambda *_: True)
        out = pair(x)
    assert pair.composes
    return out


@settings(max_examples=50)
@given(few, few, small, small, size, size)
def test_composed_first_gives_the_outputs_and_gradients_of_the_series(c_in, c_out, stride, n, h, w):
    composed = ComposedPair(c_in, c_out, stride).double()
    series = nn.Sequential(*composed)  # the same two layers
    x = torch.randn(n, c_in, h, w, dtype=torch.float64, requires_grad=True)
    ours = composed_kernel_first(composed, x)
    theirs = series(x)
    assert (ours - theirs).abs().max() < 1e-10
    sources = [x, *composed.parameters()]
    above = torch.randn_like(ours)
    our_gradients = torch.autograd.grad(ours, sources, above)
    their_gradients = torch.autograd.grad(theirs, sources, above)
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(our_gradients, their_gradients))


def test_composed_first_keeps_its_dtypes_in_half_precision():
    """What a GPU does with bfloat16, on the CPU: float32 gradients, near those without it."""
    composed = ComposedPair(4, 4)
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    sources = [x, *composed.parameters()]
    full = torch.autograd.grad(composed_kernel_first(composed, x).square().sum(), sources)
    with torch.autocast("cpu", torch.bfloat16):
        out = composed_kernel_first(composed, x)
        loss = out.float().square().sum()
    half = torch.autograd.grad(loss, sources)
    assert out.dtype == torch.bfloat16 and all(h.dtype == torch.float32 for h in half)
    assert all((h - f).norm() < 0.05 * f.norm() for h, f in zip(half, full))


@given(few, few, few)
def test_nine_products_compose_as_sixteen(c_in, hidden, c_out):
    b = torch.randn(hidden, c_in, 2, 2, dtype=torch.float64)
    c = torch.randn(c_out, hidden, 2, 2, dtype=torch.float64)
    assert (compose_by_nine(b, c) - compose(b, c)).abs().max() < 1e-12


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_composed_kernel_has_the_layout_of_a_convolutions_weight(layout):
    """Else it would be convolved by another routine, and compared unfairly."""
    composed = ComposedPair(4, 4).to(memory_format=layout)
    three = ARMS["3x3"].build(4, 4, 1).to(memory_format=layout)
    x = torch.randn(2, 4, 8, 8)
    b, c = composed.parameters()
    assert compose_by_nine(b, c).stride() == three.weight.stride()
    out = composed_kernel_first(composed, x)
    assert out.stride() == three(x).stride()
    for weight, gradient in zip((b, c), torch.autograd.grad(out.sum(), (b, c))):
        assert gradient.stride() == weight.stride()


def test_the_share_of_composing():
    assert composing_share((16, 32, 16, 16), 32) == 1 / 128
    assert composing_share((4, 32, 2, 2), 32) == 2
    assert composing_share((4, 32, 5, 5), 32, stride=2) == 32 / (4 * 9)


def flops(way):
    with FlopCounterMode(display=False) as counter:
        way()
    return counter.get_total_flops()


@given(few, size, size, size, small, size)
def test_the_shares_are_torchs_own_counts(n, c_in, hidden, c_out, stride, side):
    with torch.device("meta"):
        x = torch.randn(n, c_in, side, side)
        b = torch.randn(hidden, c_in, 2, 2)
        c = torch.randn(c_out, hidden, 2, 2)
        a = torch.randn(c_out, c_in, 3, 3)
        nine_b = torch.randn(9, hidden, c_in)
        nine_c = torch.randn(9, c_out, hidden)
    one_3x3 = flops(lambda: F.conv2d(x, a, stride=stride, padding=1))
    in_series = flops(lambda: F.conv2d(F.conv2d(x, b, padding=1), c, stride=stride))
    products = flops(lambda: nine_c @ nine_b)
    assert in_series / one_3x3 == pytest.approx(series_share(x.shape, hidden, c_out, stride))
    assert products / one_3x3 == pytest.approx(composing_share(x.shape, hidden, stride))


def test_composed_and_serial_pair_share_their_weights_by_name():
    composed = ARMS["pair-composed"].build(3, 4, 2)
    serial = ARMS["pair"].build(3, 4, 2)
    assert composed.state_dict().keys() == serial.state_dict().keys()
