"""Kinds of layers: which are merged, which are left and why, and what the merged one keeps."""

from math import inf

import pytest
import torch
import torchvision
from torch import nn

from helpers.merged_models import difference, ended_in
from helpers.random_layers import drawn_anew
from lessonlib.merging import PadWith, merge, merge_chains, plan


class Own(nn.Conv2d):
    def forward(self, x):
        return super().forward(x.abs())


class Standardized(nn.Conv2d):
    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight / weight.norm(), bias)


class Doubled(nn.Conv2d):
    def __call__(self, x):
        return 2 * super().__call__(x)


def with_norm(layer):
    return nn.Sequential(layer, nn.BatchNorm2d(2))


def patched():
    model = with_norm(nn.Conv2d(2, 2, 1))
    forward = model[0].forward
    model[0].forward = lambda x: 2 * forward(x)
    return model


def hooked(register):
    chain = with_norm(nn.Conv2d(2, 2, 1))

    def double(layer, given, y):
        return 2 * y if isinstance(y, torch.Tensor) else None

    getattr(chain[0], register)(double)
    return chain


REFLECTING = nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")
OVER_FEWER = nn.AvgPool2d(2, padding=1, count_include_pad=False)
LEFT = {
    "a hook": (hooked("register_forward_hook"), "it has hooks"),
    "a backward hook": (hooked("register_full_backward_hook"), "it has hooks"),
    "the forward of a class": (
        with_norm(Own(2, 2, 1)),
        "0 is left as it is: a Own overrides how torch's layer computes",
    ),
    "half a forward": (with_norm(Standardized(2, 2, 1)), "a Standardized overrides"),
    "a call": (with_norm(Doubled(2, 2, 1)), "a Doubled overrides"),
    "the forward of an object": (patched(), "a Conv2d overrides"),
    "padding with infinity": (ended_in(nn.ConstantPad2d(1, inf)), "not all finite"),
    "another padding": (ended_in(REFLECTING), "pads with 'reflect'"),
    "averages over fewer": (ended_in(OVER_FEWER), "over fewer pixels"),
    "rounded up": (ended_in(nn.AvgPool2d(2, ceil_mode=True)), "over fewer pixels"),
    "no running mean": (
        ended_in(nn.BatchNorm2d(2, track_running_stats=False)),
        "other photos of the batch",
    ),
    "a crop": (ended_in(nn.ZeroPad2d(-1)), "it crops its input"),
    "no channels": (nn.Sequential(nn.ZeroPad2d(1), nn.AvgPool2d(2)), "how many channels"),
}


@pytest.mark.parametrize("model, why", LEFT.values(), ids=LEFT)
def test_what_is_left_and_why(model, why):
    model = drawn_anew(model)
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    shown = plan(model, at_most=inf)
    assert shown.merged == []
    assert why in str(shown) == repr(shown)
    assert why in shown._repr_markdown_()
    assert torch.equal(merge_chains(model, at_most=inf)(x), model(x))


def parametrized():
    model = ended_in(nn.BatchNorm2d(2))
    nn.utils.parametrizations.weight_norm(model[0])
    return model


def without(name):
    model = ended_in(nn.BatchNorm2d(2))
    setattr(model[1], name, None)
    return model


MERGED = {
    "a weight that is computed": parametrized,
    "BatchNorm without weight": lambda: without("weight"),
    "BatchNorm without bias": lambda: without("bias"),
    "BatchNorm of many GPUs": lambda: ended_in(nn.SyncBatchNorm(2)),
    "BatchNorm of constants": lambda: ended_in(torchvision.ops.FrozenBatchNorm2d(2)),
    "reflected by nothing": lambda: with_norm(nn.Conv2d(2, 2, 3, padding_mode="reflect")),
    "padded along the last axis": lambda: nn.Sequential(
        nn.ConstantPad1d((1, 2), 1.5), *with_norm(nn.Conv2d(2, 2, 3))
    ),
    "in parallel": lambda: nn.DataParallel(ended_in(nn.BatchNorm2d(2))),
    "compiled": lambda: torch.compile(ended_in(nn.BatchNorm2d(2)), backend="eager"),
}


@pytest.mark.parametrize("build", MERGED.values(), ids=MERGED)
def test_what_is_merged_all_the_same(build):
    model = drawn_anew(build())
    x = torch.randn(2, 2, 7, 7, dtype=torch.float64)
    assert len(plan(model).merged) == 1
    assert difference(merge_chains(model), model, x) < 1e-12


def test_one_picture_without_a_batch():
    layers = [nn.ConstantPad2d(1, 2.0), nn.Conv2d(2, 2, 2), nn.Conv2d(2, 2, 1)]
    model = drawn_anew(nn.Sequential(*layers))
    x = torch.randn(2, 7, 7, dtype=torch.float64)
    assert difference(merge_chains(model), model, x) < 1e-12


def test_frozen_weights_stay_frozen_and_channels_last_stays_so():
    model = ended_in(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3)).requires_grad_(False).eval()
    one = merge_chains(model.to(memory_format=torch.channels_last))[0]
    assert one.weight.shape[-1] == 3
    assert not one.weight.requires_grad
    assert not one.bias.requires_grad
    assert one.weight.is_contiguous(memory_format=torch.channels_last)
    assert not one.weight.is_contiguous()


def test_a_bias_padded_with_itself_is_merged():
    first = nn.Conv2d(2, 3, 3, padding=2)
    second = nn.Conv2d(3, 4, 3, bias=False)
    model = drawn_anew(nn.Sequential(first, nn.ZeroPad2d(1), second))
    assert plan(model, at_most=inf).merged[-1].names == ["1", "2"]
    model[1] = PadWith(first.bias.detach(), (1, 1, 1, 1))
    x = torch.randn(2, 2, 7, 9, dtype=torch.float64)
    merged = merge_chains(model, at_most=inf)
    assert [type(layer) for layer in merged] == [nn.Conv2d, nn.Identity, nn.Identity]
    assert difference(merged, model, x) < 1e-12


def test_layers_without_weights_take_their_kind_from_the_model():
    last = nn.Conv2d(2, 2, 5, groups=2, padding=2)
    model = drawn_anew(nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d(2), last))
    x = torch.randn(2, 2, 19, 19, dtype=torch.float64)
    assert [step.names for step in plan(model).merged] == [["0", "1"]]
    assert difference(merge_chains(model), model, x) < 1e-12


def test_a_padding_with_whole_numbers_pads_with_these():
    x = torch.randn(1, 2, 4, 4)
    sides = (1, 0, 0, 2)
    one = merge(PadWith([1, 2], sides), nn.AvgPool2d(2))
    padded = PadWith([1.0, 2.0], sides)(x)
    assert torch.allclose(one(x), nn.AvgPool2d(2)(padded), atol=1e-6)
