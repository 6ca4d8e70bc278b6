"""Arms: their shapes and weights, and which of them are a 3x3."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.algebra.hidden_width import hidden_width
from lessonlib.arms import ARMS, SECONDARY_ARMS, FourCorners, get_arm, wide_enough
from lessonlib.kernels import compose

C = 64
WEIGHTS_OF_A_64_TO_64_LAYER = {
    "3x3": 9 * C**2,
    "2x2": 4 * C**2,
    "pair-act": 8 * C**2 + 2 * C,
    "pair": 8 * C**2,
    "pair-composed": 8 * C**2,
    "pair-wide": 8 * C * 87,  # 1.354 * 64, rounded up: 21% more than the 3x3
    "2x2-corners": 4 * C**2,
    "pair-act-2019": 8 * C**2 + 2 * C,
    "pair-2019": 8 * C**2 + 2 * C,
    "5x5": 25 * C**2,
    "two-3x3-act": 18 * C**2 + 2 * C,
    "two-3x3": 18 * C**2,
    "pair-shifted": 8 * C**2,
    "pair-early": 8 * C**2,
}
LINEAR = ["pair", "pair-composed", "pair-wide", "two-3x3"]

channels = st.integers(1, 4)
strides = st.integers(1, 3)
sizes = st.integers(2, 12)


def doubles(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize("name", sorted(ARMS))
def test_weights_of_one_layer(name):
    layer = ARMS[name].build(64, 64, 1)
    assert sum(p.numel() for p in layer.parameters()) == WEIGHTS_OF_A_64_TO_64_LAYER[name]


@given(st.sampled_from(sorted(ARMS | SECONDARY_ARMS)), strides, sizes, sizes)
def test_an_arm_gives_the_shape_of_a_3x3(name, stride, h, w):
    x = torch.randn(2, 3, h, w)
    one_3x3 = F.conv2d(x, torch.randn(5, 3, 3, 3), stride=stride, padding=1)
    assert get_arm(name).build(3, 5, stride)(x).shape == one_3x3.shape


@settings(max_examples=50)
@given(st.sampled_from(LINEAR), channels, channels, strides, sizes, sizes)
def test_a_linear_pair_is_its_merged_convolution_up_to_the_border(name, c_in, c_out, stride, h, w):
    pair = ARMS[name].build(c_in, c_out, stride).double()
    x = doubles(2, c_in, h, w)
    kernel = compose(*(layer.weight for layer in pair))
    merged = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
    assert (pair(x) - merged).abs().max() < 1e-12


def test_the_pair_with_an_activation_between_is_no_convolution():
    layer = ARMS["pair-act"].build(3, 4, 1).eval()
    x = torch.randn(1, 3, 8, 8)
    assert not torch.allclose(layer(-x), -layer(x), atol=1e-3)


def test_a_column_and_a_row_in_series_are_a_3x3_with_its_border():
    column, row = pair = get_arm("3x1-1x3").build(3, 4, 2).double()
    kernel = torch.einsum("miu,omv->oiuv", column.weight[..., 0], row.weight[:, :, 0])
    x = doubles(2, 3, 7, 8)
    assert torch.allclose(pair(x), F.conv2d(x, kernel, stride=2, padding=1), atol=1e-12)


def test_only_one_thing_stands_between_the_pairs_that_say_so():
    for name, between in (("pair-norm", "BatchNorm2d"), ("pair-relu", "ReLU")):
        layers = [type(layer).__name__ for layer in get_arm(name).build(3, 4, 2)]
        assert layers == ["Conv2d", between, "Conv2d"]


def test_one_2x2_is_a_3x3_with_a_last_row_and_column_of_zeros():
    one = ARMS["2x2"].build(3, 4, 2).double()
    x = doubles(2, 3, 8, 8)
    padded = F.pad(one[1].weight, (0, 1, 0, 1))
    assert torch.allclose(one(x), F.conv2d(x, padded, stride=2, padding=1), atol=1e-12)


def test_four_corners_pad_each_quarter_of_the_channels_elsewhere():
    padded = FourCorners()(torch.ones(1, 8, 2, 2))[0]
    assert padded.shape == (8, 3, 3)
    corners = [zero_first_row_and_column(quarter) for quarter in padded.chunk(4)]
    assert sorted(corners) == [(False, False), (False, True), (True, False), (True, True)]


def zero_first_row_and_column(maps):
    return not maps[:, 0].any(), not maps[:, :, 0].any()


@pytest.mark.parametrize("c_in, c_out", [(1, 1), (2, 2), (3, 3), (4, 4), (2, 4), (3, 8)])
def test_wide_enough_by_count_is_wide_enough_by_rank(c_in, c_out):
    assert wide_enough(c_in, c_out) == hidden_width(c_in, c_out)


def undone(norm):
    """BatchNorm that changes nothing in eval."""
    torch.nn.init.constant_(norm.weight, (1 + norm.eps) ** 0.5)
    return norm


@pytest.mark.parametrize("stride, size", [(1, 3), (2, 4)])
def test_the_pair_of_2019_is_a_shifted_3x3_at_stride_1_and_a_4x4_at_stride_2(stride, size):
    """Stride first: with one channel, in eval, the pair at stride 2 is the 4x4 kron(C, B)."""
    pad_1, b, norm, pad_2, c = ARMS["pair-2019"].build(1, 1, stride).double().eval()
    B = b.weight[0, 0]
    C = c.weight[0, 0]
    kernel = compose(B, C) if stride == 1 else torch.kron(C, B)
    assert kernel.shape == (size, size)
    x = doubles(1, 1, 12, 12)
    before = 2 if stride == 1 else 3
    merged = F.conv2d(F.pad(x, (before, 0, before, 0)), kernel[None, None], stride=stride)
    pair = c(pad_2(undone(norm)(b(pad_1(x)))))
    assert (pair - merged).abs().max() < 1e-12


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_shifted_pair_is_a_3x3_one_pixel_up_and_to_the_left(stride):
    pair = ARMS["pair-shifted"].build(3, 4, stride).double()
    x = doubles(2, 3, 11, 12)
    kernel = compose(pair[1].weight, pair[3].weight)
    one_3x3 = F.conv2d(F.pad(x, (2, 0, 2, 0)), kernel, stride=stride)
    assert (pair(x) - one_3x3).abs().max() < 1e-12


def test_with_its_stride_first_it_is_another_kernel_and_with_a_stride_of_1_it_is_not():
    shifted = ARMS["pair-shifted"].build(3, 4, 2).double()
    early = ARMS["pair-early"].build(3, 4, 2).double()
    early.load_state_dict(shifted.state_dict())
    x = doubles(2, 3, 12, 12)
    assert (shifted(x) - early(x)).abs().max() > 0.1
    for layer in [*shifted, *early]:
        layer.stride = (1, 1)  # of ZeroPad2d it means nothing
    assert torch.equal(shifted(x), early(x))


def test_the_pair_of_2019_is_the_early_pair_and_batchnorm():
    early = ARMS["pair-early"].build(3, 4, 2).double().eval()
    pair = ARMS["pair-2019"].build(3, 4, 2).double().eval()
    pair.load_state_dict(dict(zip(("1.weight", "4.weight"), early.parameters())), strict=False)
    undone(pair[2])
    x = doubles(2, 3, 12, 12)
    assert (early(x) - pair(x)).abs().max() < 1e-12
