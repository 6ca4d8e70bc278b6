"""Layers that are a convolution in part, or along no axis: timm's norm, Linear, scales."""

from math import inf

import pytest
import torch
from torch import nn

from helpers.merged_models import difference
from helpers.random_layers import drawn_anew
from lessonlib.merging import CannotMerge, Plan, merge, merge_chains, plan


class BatchNormAct2d(nn.BatchNorm2d):
    """As timm's, which is told by where it stands: a BatchNorm, then dropout and an activation."""

    def __init__(self, channels, act):
        super().__init__(channels)
        self.drop = nn.Identity()
        self.act = act

    def forward(self, x):
        return self.act(self.drop(super().forward(x)))


@pytest.fixture
def as_timms(monkeypatch):
    monkeypatch.setattr(BatchNormAct2d, "__module__", "timm.layers.norm_act")


class LayerScale(nn.Module):
    def __init__(self, channels, axes, inplace=False):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.shape = (1, channels, *(1,) * axes) if axes else (channels,)
        self.inplace = inplace

    def forward(self, x):
        gamma = self.gamma.view(self.shape)
        return x.mul_(gamma) if self.inplace else x * gamma


class Adapted(nn.Module):
    """A matrix with an update of low rank (Hu et al., 2106.09685)."""

    def __init__(self):
        super().__init__()
        self.whole = nn.Linear(6, 5)
        self.down = nn.Linear(6, 2, bias=False)
        self.up = nn.Linear(2, 5, bias=False)

    def forward(self, x):
        return self.whole(x) + 0.5 * self.up(self.down(x))


def kinds(model):
    return [type(m).__name__ for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def photo():
    return torch.randn(2, 4, 7, 8, dtype=torch.float64)


def test_a_norm_that_activates_goes_into_the_convolution_and_its_activation_stays(as_timms):
    def block():
        return nn.Conv2d(4, 4, 3), BatchNormAct2d(4, nn.ReLU())

    model = drawn_anew(nn.Sequential(*block(), *block(), nn.Conv2d(4, 2, 1)))
    merged = merge_chains(model)
    assert isinstance(merged[1].act, nn.ReLU) and isinstance(merged[3].act, nn.ReLU)
    assert not [m for m in merged.modules() if isinstance(m, nn.BatchNorm2d)]
    assert difference(merged, model, photo()) < 1e-12
    with pytest.raises(CannotMerge, match="applies an activation too"):
        merge(*block())


def test_one_without_activation_is_a_norm(as_timms):
    model = drawn_anew(nn.Sequential(nn.Conv2d(4, 4, 3), BatchNormAct2d(4, nn.Identity())))
    assert isinstance(merge(*model), nn.Conv2d)
    assert difference(merge(*model), model, photo()) < 1e-12


def test_a_strangers_norm_of_that_name_is_left():
    model = drawn_anew(nn.Sequential(nn.Conv2d(4, 4, 3), BatchNormAct2d(4, nn.ReLU())))
    assert plan(model).merged == []


@pytest.mark.parametrize("inplace", [False, True])
def test_a_scale_goes_into_the_convolution_before_or_after(inplace):
    scales = [LayerScale(4, 2, inplace), LayerScale(4, 2)]
    layers = [nn.Conv2d(4, 4, 3, padding=1), scales[0], nn.ReLU(), scales[1], nn.Conv2d(4, 4, 3)]
    model = drawn_anew(nn.Sequential(*layers))
    merged = merge_chains(model)
    assert difference(merged, model, photo()) < 1e-12
    assert not [name for name, _ in merged.named_parameters() if "gamma" in name]


def test_a_scale_of_another_type_is_left():
    model = drawn_anew(nn.Sequential(nn.Conv2d(4, 4, 1), LayerScale(4, 2))).double()
    model[1].float()
    assert "of several types" in str(plan(model))


def test_linear_layers():
    layers = [nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.BatchNorm1d(5), nn.Linear(5, 3)]
    model = drawn_anew(nn.Sequential(*layers, nn.Dropout(), nn.Linear(3, 9)))
    x = torch.randn(3, 6, dtype=torch.float64)
    merged = merge_chains(model, x)
    assert difference(merged, model, x) < 1e-12
    assert not [m for m in merged.modules() if isinstance(m, nn.BatchNorm1d)]
    assert len(kinds(merged)) == 3
    assert len(kinds(merge_chains(model, x, at_most=inf))) == 2


def test_a_matrix_and_its_update_of_low_rank():
    model = drawn_anew(Adapted())
    merged = merge_chains(model)
    assert kinds(merged) == ["Linear"]
    for x in torch.randn(3, 6), torch.randn(2, 4, 6):
        assert difference(merged, model, x.double()) < 1e-12


def test_a_plan_with_sums_is_written_read_and_applied():
    model = drawn_anew(Adapted())
    read = Plan.from_json(plan(model).to_json())
    assert str(read) == str(plan(model))
    other = drawn_anew(Adapted(), seed=1)
    x = torch.randn(3, 6, dtype=torch.float64)
    assert difference(read.apply(other), other, x) < 1e-12
    with pytest.raises(ValueError, match="does not fit this model"):
        read.apply(nn.Sequential(nn.Linear(6, 5)).eval())


class Towers(nn.Module):
    """Compares two inputs by the same layers."""

    def __init__(self, once_more=False):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
        self.once_more = once_more

    def forward(self, x):
        one, other = (self.norm(self.conv(y)) for y in (x, x.flip(0)))
        return one * other + (self.conv(2 * x) if self.once_more else 0)


@pytest.mark.parametrize("once_more", [False, True])
def test_layers_of_towers_are_merged_if_every_call_is_alike(once_more):
    model = drawn_anew(Towers(once_more))
    merged = merge_chains(model)
    assert isinstance(merged.norm, nn.BatchNorm2d if once_more else nn.Identity)
    assert difference(merged, model, photo()) < 1e-12


class TowersWithSums(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x):
        y = x.flip(0)
        return (self.norm(self.conv(x)) + x) * (self.norm(self.conv(y)) + y)


def test_a_sum_of_layers_called_again_stays():
    model = drawn_anew(TowersWithSums())
    merged = merge_chains(model)
    assert type(merged) is TowersWithSums
    assert isinstance(merged.norm, nn.Identity)
    assert difference(merged, model, photo()) < 1e-12


@pytest.mark.parametrize("groups, norm_first", [(1, False), (2, False), (2, True)])
def test_a_transposed_convolution_takes_the_norm_after_it(groups, norm_first):
    up = nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=groups, dilation=2)
    layers = [up, nn.BatchNorm2d(6), nn.Conv2d(6, 2, 1), nn.Conv2d(2, 2, 3)]
    model = drawn_anew(nn.Sequential(*([nn.BatchNorm2d(4)] if norm_first else []), *layers))
    merged = merge_chains(model)
    assert difference(merged, model, photo()) < 1e-12
    assert "transposed convolution" in str(plan(model, at_most=inf))
    assert "several of its pixels" in str(plan(model, at_most=inf))
    assert not [m for m in merged[1:] if isinstance(m, nn.BatchNorm2d)]
