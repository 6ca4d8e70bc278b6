"""BatchNorm and ReLU in either order, against torch's own layers, and the playground on them."""

import pytest
import torch
from torch import nn

from lessonlib.algebra.norm_order import convolution_inputs, norm_and_relu, random_channels, summary
from lessonlib.playgrounds.norm_order import NormOrderPlayground


def numbers(*shape):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("norm_first", [True, False])
def test_a_block_is_torchs_layers_in_that_order(norm_first):
    y = numbers(3, 4, 5, 6) + 1
    norm = nn.BatchNorm2d(4).double()
    nn.init.constant_(norm.weight, -1.5)
    nn.init.constant_(norm.bias, 0.25)
    layers = [norm, nn.ReLU()] if norm_first else [nn.ReLU(), norm]
    after = norm_and_relu(y, norm_first, -1.5, 0.25)
    assert list(after) == (["BatchNorm", "ReLU"] if norm_first else ["ReLU", "BatchNorm"])
    for layer, found in zip(layers, after.values()):
        y = layer(y)
        assert torch.allclose(found, y, atol=1e-12)


def test_each_channel_has_mean_0_and_deviation_1():
    y = random_channels(numbers(2, 3, 9, 8), count=5)
    assert y.shape == (2, 5, 7, 6)
    assert torch.allclose(y.mean((0, 2, 3)), y.new_zeros(5), atol=1e-12)
    assert torch.allclose(y.square().mean((0, 2, 3)), y.new_ones(5))


def test_a_summary_in_words():
    assert str(summary(torch.tensor([0.0, 0, -1, 1]))) == "mean +0.00, deviation 0.71, zeros 50%"
    assert str(summary(torch.tensor([-1e-9, 1e-10]))).startswith("mean +0.00")


def test_what_each_convolution_gets_and_the_model_stays_as_it_is():
    last = nn.Sequential(nn.Conv2d(4, 2, 1))
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), last)
    model.double().eval()
    x = numbers(2, 3, 6, 6)
    found = convolution_inputs(model, x)
    assert list(found) == ["0", "3.0"]
    assert found["0"] == summary(x)
    after = norm_and_relu(model[0](x).detach(), True)
    assert found["3.0"] == pytest.approx(summary(after["ReLU"]), abs=1e-9)
    assert not model.training
    assert model[1].num_batches_tracked == 0
    assert not model[0]._forward_pre_hooks


def test_the_playground_moves_changes_the_order_and_goes_back():
    box = NormOrderPlayground()
    first = box.still()
    handed_on = box.handed_on
    box.mean.value = 1
    assert box.still() != first  # what goes in has moved, what leaves has not
    assert torch.allclose(box.handed_on, handed_on)
    assert "takes the mean away" in box.message.value
    assert "0% of what is handed on lies below 0" in box.message.value
    box.order.value = False
    assert summary(box.handed_on).mean == pytest.approx(0, abs=1e-9)
    assert "The ReLU cuts 2" in box.message.value
    box.offset.value = 1.5
    assert summary(box.handed_on).mean == pytest.approx(1.5)
    for _ in range(3):
        box._undo.click()
    assert box.still() == first and box._undo.disabled
    assert "BatchNorm, then ReLU" in box.alt() and "zeros 51%" in box.alt()


@pytest.mark.parametrize("norm_first", [True, False])
def test_as_code_gives_what_is_handed_on(norm_first):
    box = NormOrderPlayground()
    box.order.value = norm_first
    box.mean.value = 0.5
    box.gain.value = -1.5
    box.offset.value = 1.25
    names = {}
    exec(box.code(), names)
    assert torch.allclose(names["y"], box.handed_on, atol=1e-12)
