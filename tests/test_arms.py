"""Arms and the network around them: shapes, parameter counts, and the pair that is a 3x3."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from fastai.vision.models.xresnet import xresnet18, xresnet50
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lessonlib.algebra.hidden_width import hidden_width
from lessonlib.arms import ARMS, Arm, FourCorners, get_arm, wide_enough
from lessonlib.configs import XRESNET18, XRESNET50, Network
from lessonlib.costs.composed_pair import (
    ComposedPair,
    compose_by_nine,
    composing_pays,
    composing_share,
    series_share,
)
from lessonlib.kernels import compose
from lessonlib.networks import residual_network

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
SMALL = Network(width=0.25, blocks=(1, 1, 1, 1))


@given(st.sampled_from(sorted(ARMS)), st.integers(1, 3), st.integers(2, 9), st.integers(2, 9))
def test_an_arm_gives_the_shape_of_a_3x3(name, stride, h, w):
    x = torch.randn(2, 3, h, w)
    assert (
        ARMS[name].build(3, 5, stride)(x).shape
        == F.conv2d(x, torch.randn(5, 3, 3, 3), stride=stride, padding=1).shape
    )


@settings(max_examples=50)
@given(
    st.sampled_from(LINEAR),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(2, 12),
    st.integers(2, 12),
)
def test_a_linear_pair_is_its_merged_convolution_up_to_the_border(name, c_in, c_out, stride, h, w):
    pair, x = (
        ARMS[name].build(c_in, c_out, stride).double(),
        torch.randn(2, c_in, h, w, dtype=torch.float64),
    )
    kernel = compose(*(layer.weight for layer in pair))
    merged = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
    assert (pair(x) - merged).abs().max() < 1e-12


@settings(max_examples=50)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(2, 9),
    st.integers(2, 9),
)
def test_composed_first_gives_the_outputs_and_gradients_of_the_series(c_in, c_out, stride, n, h, w):
    composed, x = (
        ComposedPair(c_in, c_out, stride).double(),
        torch.randn(n, c_in, h, w, dtype=torch.float64, requires_grad=True),
    )
    series = nn.Sequential(*composed)  # the same two layers
    out = composed_kernel_first(composed, x)
    weight = torch.randn_like(out)  # of each output in the loss
    sources = [x, *composed.parameters()]
    ours, theirs = (torch.autograd.grad((y * weight).sum(), sources) for y in (out, series(x)))
    assert (out - series(x)).abs().max() < 1e-10
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(ours, theirs))


def composed_kernel_first(pair, x):
    """The composed way, whatever the rule says of so small a layer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessonlib.costs.composed_pair.TRAFFIC", float("inf"))
        out = pair(x)
    assert pair.composes
    return out


def test_composed_first_keeps_its_dtypes_in_half_precision():
    """What the GPU does with bfloat16, on the processor: gradients in the weights' own type, near those of float32."""
    composed, x = ComposedPair(4, 4), torch.randn(2, 4, 8, 8, requires_grad=True)
    full = torch.autograd.grad(
        composed_kernel_first(composed, x).square().sum(), [x, *composed.parameters()]
    )
    with torch.autocast("cpu", torch.bfloat16):
        out = composed_kernel_first(composed, x)
        loss = out.float().square().sum()
    half = torch.autograd.grad(loss, [x, *composed.parameters()])
    assert out.dtype == torch.bfloat16 and all(h.dtype == torch.float32 for h in half)
    assert all((h - f).norm() < 0.05 * f.norm() for h, f in zip(half, full))


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_nine_products_compose_as_sixteen(c_in, hidden, c_out):
    b, c = (torch.randn(*s, 2, 2, dtype=torch.float64) for s in ((hidden, c_in), (c_out, hidden)))
    assert (compose_by_nine(b, c) - compose(b, c)).abs().max() < 1e-12


def test_the_composed_pair_decides_by_layer_and_says_so():
    pair = ComposedPair(32, 32)
    pair(torch.randn(16, 32, 16, 16))
    assert (
        composing_share((16, 32, 16, 16), 32) == 1 / 128
        and pair.composes
        and "composed first" in repr(pair)
    )
    pair(torch.randn(4, 32, 2, 2))
    assert (
        composing_share((4, 32, 2, 2), 32) == 2 and not pair.composes and "in series" in repr(pair)
    )
    assert composing_share((4, 32, 5, 5), 32, stride=2) == 32 / (4 * 9)


@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(2, 9),
)
def test_the_shares_are_torchs_own_counts(n, c_in, hidden, c_out, stride, size):
    x = torch.randn(n, c_in, size, size, device="meta")
    b, c, a = (
        torch.randn(s, device="meta")
        for s in ((hidden, c_in, 2, 2), (c_out, hidden, 2, 2), (c_out, c_in, 3, 3))
    )

    def flops(way):
        with FlopCounterMode(display=False) as counter:
            way()
        return counter.get_total_flops()

    one = flops(lambda: F.conv2d(x, a, stride=stride, padding=1))
    two = flops(lambda: F.conv2d(F.conv2d(x, b, padding=1), c, stride=stride))
    assert two / one == pytest.approx(series_share(x.shape, hidden, c_out, stride))
    products = flops(
        lambda: (
            c.flatten(2)[..., :1].expand(-1, -1, 9).permute(2, 0, 1)
            @ b.flatten(2)[..., 0].expand(9, -1, -1)
        )
    )
    assert products / one == pytest.approx(composing_share(x.shape, hidden, stride))


@pytest.mark.parametrize("stride", [1, 2])
def test_composing_pays_in_early_layers_and_not_in_the_last(stride):
    """A stage of an xresnet has twice the channels at half the side: from some stage on the series is cheaper."""
    pays = [
        composing_pays((64, c, stride * h, stride * h), c, c, stride)
        for c, h in ((32, 32), (64, 16), (128, 8), (512, 2))
    ]
    assert pays == sorted(pays, reverse=True) and pays[0] and not pays[-1]


def test_composed_and_serial_pair_share_their_weights_by_name():
    assert (
        ARMS["pair-composed"].build(3, 4, 2).state_dict().keys()
        == ARMS["pair"].build(3, 4, 2).state_dict().keys()
    )


def test_four_corners_pad_each_quarter_of_the_channels_elsewhere():
    padded = FourCorners()(torch.ones(1, 8, 2, 2))[0]
    zero_rows_and_columns = [
        (int((q[:, 0] == 0).all()), int((q[:, :, 0] == 0).all())) for q in padded.chunk(4)
    ]
    assert padded.shape == (8, 3, 3) and sorted(zero_rows_and_columns) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]


@pytest.mark.parametrize("stride, size", [(1, 3), (2, 4)])
def test_the_pair_of_2019_is_a_shifted_3x3_at_stride_1_and_a_4x4_at_stride_2(stride, size):
    """Stride first: single channel, in eval, the pair is one kernel kron(C, B) of 4x4 at stride 2."""
    pad1, b, norm, pad2, c = ARMS["pair-2019"].build(1, 1, stride).double().eval()
    x = torch.randn(1, 1, 12, 12, dtype=torch.float64)
    B, C = b.weight[0, 0], c.weight[0, 0]
    kernel = compose(B, C) if stride == 1 else torch.kron(C, B)
    assert kernel.shape == (size, size)
    before = size - 1 if stride == 2 else 2
    merged = F.conv2d(F.pad(x, (before, 0, before, 0)), kernel[None, None], stride=stride)[
        ..., :6, :6
    ]
    norm.weight.data.fill_((1 + norm.eps) ** 0.5)  # so that BatchNorm in eval changes nothing
    ours = c(pad2(norm(b(pad1(x)))))[..., :6, :6]
    assert (ours - merged).abs().max() < 1e-12


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_shifted_pair_is_a_3x3_one_pixel_up_and_to_the_left(stride):
    pair, x = (
        ARMS["pair-shifted"].build(3, 4, stride).double(),
        torch.randn(2, 3, 11, 12, dtype=torch.float64),
    )
    weight = compose(pair[1].weight, pair[3].weight)
    assert (pair(x) - F.conv2d(F.pad(x, (2, 0, 2, 0)), weight, stride=stride)).abs().max() < 1e-12


def test_with_its_stride_first_it_is_another_kernel_and_with_a_stride_of_1_it_is_not():
    shifted, early = (ARMS[name].build(3, 4, 2).double() for name in ("pair-shifted", "pair-early"))
    early.load_state_dict(shifted.state_dict())
    x = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    assert (shifted(x) - early(x)).abs().max() > 0.1
    for layer in [*shifted, *early]:
        layer.stride = (1, 1)  # of ZeroPad2d it means nothing
    assert torch.equal(shifted(x), early(x))


def test_the_pair_of_2019_is_that_and_batchnorm():
    early, pair = (
        ARMS[name].build(3, 4, 2).double().eval() for name in ("pair-early", "pair-2019")
    )
    weights = list(early.parameters())
    pair.load_state_dict(dict(zip(("1.weight", "4.weight"), weights)), strict=False)
    torch.nn.init.constant_(
        pair[2].weight, (1 + pair[2].eps) ** 0.5
    )  # so that in eval it changes nothing
    x = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    assert (early(x) - pair(x)).abs().max() < 1e-12


@pytest.mark.parametrize("c_in, c_out", [(1, 1), (2, 2), (3, 3), (4, 4), (2, 4), (3, 8)])
def test_wide_enough_by_count_is_wide_enough_by_rank(c_in, c_out):
    assert wide_enough(c_in, c_out) == hidden_width(c_in, c_out)


def test_one_2x2_is_a_3x3_with_a_last_row_and_column_of_zeros():
    one, x = ARMS["2x2"].build(3, 4, 2).double(), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    padded = F.pad(one[1].weight, (0, 1, 0, 1))
    assert torch.allclose(one(x), F.conv2d(x, padded, stride=2, padding=1), atol=1e-12)


def test_the_pair_with_an_activation_between_is_no_convolution():
    layer, x = ARMS["pair-act"].build(3, 4, 1).eval(), torch.randn(1, 3, 8, 8)
    assert not torch.allclose(layer(-x), -layer(x), atol=1e-3)


@pytest.mark.parametrize("name", sorted(ARMS))
def test_weights_of_one_layer(name):
    assert (
        sum(p.numel() for p in ARMS[name].build(64, 64, 1).parameters())
        == WEIGHTS_OF_A_64_TO_64_LAYER[name]
    )


def weights_of(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("theirs, network", [(xresnet18, XRESNET18), (xresnet50, XRESNET50)])
def test_the_baseline_is_fastais_xresnet(theirs, network):
    ours, theirs = residual_network(ARMS["3x3"], network), theirs(n_out=10)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values())))
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize(
    "name, weights",
    [
        ("3x3", 23_547_754),
        ("2x2", 17_244_554),
        ("pair-act-2019", 22_306_826),
        ("pair-2019", 22_306_826),
    ],
)
def test_the_parameter_counts_of_2019(name, weights):
    assert (
        weights_of(
            residual_network(
                ARMS[name], replace(XRESNET50, activation="mish", stem_activation="mish")
            )
        )
        == weights
    )


@pytest.mark.parametrize("name", sorted(ARMS))
def test_every_3x3_of_the_network_is_the_arm(name):
    model = residual_network(ARMS[name], SMALL)
    kernels = {m.kernel_size[0] for m in model.modules() if isinstance(m, nn.Conv2d)} - {1}
    assert kernels == {int(ARMS[name].label.split("x")[1][0])}  # "two 2x2, ..." is made of 2x2
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def layers_of_the_stem(**options):
    model = residual_network(ARMS["3x3"], Network(width=0.25, blocks=(1, 1, 1, 1), **options))
    until = next(
        i for i, m in enumerate(model) if isinstance(m, nn.Sequential) and hasattr(m[0], "convpath")
    )
    return [
        type(m).__name__
        for m in nn.Sequential(*list(model)[:until]).modules()
        if not list(m.children())
    ]


def test_the_options_of_the_stem():
    conv, norm, pool = "Conv2d", "BatchNorm2d", "MaxPool2d"
    assert layers_of_the_stem() == [conv, norm, "ReLU"] * 3 + [pool]
    assert layers_of_the_stem(stem="7x7") == [conv, norm, "ReLU", pool]
    assert layers_of_the_stem(stem="7x7", norm_last=True) == [conv, "ReLU", pool, norm]
    assert layers_of_the_stem(norm_first=False) == [conv, "ReLU", norm] * 3 + [pool]
    assert layers_of_the_stem(stem_activation="mish") == [conv, norm, "Mish"] * 3 + [pool]


def test_activation_before_the_norm_changes_the_order_and_no_count():
    usual, other = (
        residual_network(ARMS["3x3"], Network(width=0.25, norm_first=first))
        for first in (True, False)
    )
    assert weights_of(usual) == weights_of(other)
    names = [
        [type(m).__name__ for m in model.modules() if isinstance(m, nn.ReLU | nn.BatchNorm2d)]
        for model in (usual, other)
    ]
    assert names[0] != names[1] and sorted(names[0]) == sorted(names[1])


def test_a_new_arm_needs_only_its_record():
    model = residual_network(
        Arm("7x7", "one 7x7", lambda i, o, s: nn.Conv2d(i, o, 7, s, padding=3)), SMALL
    )
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: get_arm("9x9"), "no arm '9x9'; choose one of 3x3, 2x2, pair-act, pair"),
        (lambda: Network(width=0), "leave none"),
        (lambda: Network(blocks=(1, 0, 1, 1)), "blocks is 0; give a whole number of at least 1"),
        (lambda: Network(blocks=(1, 1)), "four stages"),
        (lambda: Network(stem="5x5"), "no stem '5x5'; choose 3x3 or 7x7"),
        (lambda: Network(activation="gelu"), "no activation 'gelu'; choose relu or mish"),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
