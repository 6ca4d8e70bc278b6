"""Arms and the network around them: shapes, parameter counts, and the pair that is a 3x3."""

import pytest
import torch
import torch.nn.functional as F
from fastai.vision.models.xresnet import xresnet18
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lessonlib.arms import ARMS, Arm, arm
from lessonlib.kernels import compose
from lessonlib.networks import residual_network

WEIGHTS_OF_A_64_TO_64_LAYER = {"3x3": 9 * 64**2, "2x2": 4 * 64**2, "pair": 8 * 64**2, "pair-act": 8 * 64**2 + 2 * 64}


@given(st.sampled_from(sorted(ARMS)), st.integers(1, 3), st.integers(2, 9), st.integers(2, 9))
def test_an_arm_gives_the_shape_of_a_3x3(name, stride, h, w):
    x = torch.randn(2, 3, h, w)
    assert ARMS[name].build(3, 5, stride)(x).shape == F.conv2d(x, torch.randn(5, 3, 3, 3), stride=stride, padding=1).shape


@settings(max_examples=50)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(2, 12), st.integers(2, 12))
def test_the_linear_pair_is_its_merged_3x3_up_to_the_border(c_in, c_out, stride, h, w):
    pair, x = ARMS["pair"].build(c_in, c_out, stride).double(), torch.randn(2, c_in, h, w, dtype=torch.float64)
    merged = F.conv2d(x, compose(pair[0].weight, pair[1].weight), stride=stride, padding=1)
    assert (pair(x) - merged).abs().max() < 1e-12


def test_one_2x2_is_a_3x3_with_a_last_row_and_column_of_zeros():
    one, x = ARMS["2x2"].build(3, 4, 2).double(), torch.randn(2, 3, 8, 8, dtype=torch.float64)
    padded = F.pad(one[1].weight, (0, 1, 0, 1))
    assert torch.allclose(one(x), F.conv2d(x, padded, stride=2, padding=1), atol=1e-12)


def test_the_pair_with_an_activation_between_is_no_convolution():
    layer, x = ARMS["pair-act"].build(3, 4, 1).eval(), torch.randn(1, 3, 8, 8)
    assert not torch.allclose(layer(-x), -layer(x), atol=1e-3)


@pytest.mark.parametrize("name", sorted(ARMS))
def test_weights_of_one_layer(name):
    assert sum(p.numel() for p in ARMS[name].build(64, 64, 1).parameters()) == WEIGHTS_OF_A_64_TO_64_LAYER[name]


def test_the_baseline_is_fastais_xresnet18():
    ours, theirs = residual_network(ARMS["3x3"]), xresnet18(n_out=10)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]


@pytest.mark.parametrize("name", sorted(ARMS))
def test_every_3x3_of_the_network_is_the_arm(name):
    model = residual_network(ARMS[name], width=0.125, depth=1)
    kernels = {m.kernel_size for m in model.modules() if isinstance(m, nn.Conv2d)} - {(1, 1)}
    assert kernels == ({(3, 3)} if name == "3x3" else {(2, 2)})
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_a_new_arm_needs_only_its_record():
    model = residual_network(Arm("5x5", "one 5x5", lambda i, o, s: nn.Conv2d(i, o, 5, s, padding=2)), width=0.125, depth=1)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda: arm("4x4"), "no arm '4x4'; choose one of 3x3, 2x2, pair-act, pair"),
        (lambda: residual_network(ARMS["3x3"], width=0), "leave none"),
        (lambda: residual_network(ARMS["3x3"], depth=0), "leave none"),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
