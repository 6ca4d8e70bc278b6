"""A matrix behind a flattening takes what sees one position at a time before it."""

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from torch import nn

from helpers.merged_models import difference
from helpers.random_layers import CONVOLUTIONS, MOST, NORMS, POOLS, drawn_anew, runs
from lessonlib.merging import Plan, merge_chains, plan

ADAPTIVE = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)


def layers_of(model, kinds):
    return [layer for layer in model.modules() if isinstance(layer, kinds)]


@st.composite
def heads(draw):
    """(head, input): layers that see one position, means, a flattening, a matrix, a BatchNorm."""
    axes = draw(st.integers(1, 3))
    channels = draw(st.sampled_from([2, 3, 4]))
    x = torch.randn(2, channels, *[draw(st.integers(4, 6)) for _ in range(axes)])
    head: list = []
    for kind in draw(st.lists(st.sampled_from(["conv", "conv", "norm", "mean"]), max_size=4)):
        if kind == "conv":
            wide = channels * draw(st.integers(1, 3))
            groups = draw(st.sampled_from([1, channels]))
            bias = draw(st.booleans())
            head.append(CONVOLUTIONS[axes - 1](channels, wide, 1, groups=groups, bias=bias))
            channels = wide
        elif kind == "norm":
            head.append(NORMS[axes - 1](channels))
        elif draw(st.booleans()):
            head.append(ADAPTIVE[axes - 1](draw(st.integers(1, 2))))
        else:
            inside = draw(st.booleans())
            head.append(POOLS[axes - 1](2, 1, int(not inside), count_include_pad=inside))
    wide = runs(nn.Sequential(*head, nn.Flatten()), x).shape[1]
    linear = nn.Linear(wide, draw(st.integers(1, 4)), draw(st.booleans()))
    norm = nn.BatchNorm1d(linear.out_features)
    head = [*head, nn.Flatten(), nn.Dropout(), linear, *([norm] if draw(st.booleans()) else [])]
    return drawn_anew(nn.Sequential(*head)), x.double()


@settings(max_examples=60, **MOST)
@given(heads())
def test_a_head_stays_the_same_function(given):
    model, x = given
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    merged = merge_chains(model)
    assert difference(merged, model, x) < 1e-9
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    read = Plan.from_json(plan(model).to_json())
    assert str(read) == str(plan(model))
    assert difference(read.apply(model), model, x) < 1e-9


class Classifier(nn.Module):
    """A convolution of one tap, a BatchNorm, and a matrix, with `between` between them."""

    def __init__(self, between, positions=1, kernel=1):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 6, kernel), nn.BatchNorm2d(6)
        self.fc = nn.Linear(6 * positions, 3)
        self.between = between

    def forward(self, x):
        return self.fc(self.between(self.norm(self.conv(x))))


def photo(side=6):
    return torch.randn(2, 4, side, side, dtype=torch.float64)


WRITTEN = {
    "flatten": lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
    "torch.flatten": lambda x: torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), start_dim=1),
    "mean": lambda x: x.mean((2, 3)),
    "mean from the end": lambda x: torch.mean(x, dim=[-1, -2]),
    "mean, kept": lambda x: x.mean(dim=(2, 3), keepdim=True).flatten(1),
    "view": lambda x: (y := F.adaptive_avg_pool2d(x, 1)).view(y.size(0), -1),
    "reshape": lambda x: (y := x.mean((2, 3), True)).reshape(y.shape[0], -1),
    "the size of another": lambda x: x.mean((2, 3), True).view(x.size(0), -1),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_head_may_be_written_in_many_ways(written):
    model = drawn_anew(Classifier(WRITTEN[written]))
    merged = merge_chains(model)
    if written != "the size of another":
        assert not layers_of(merged, (nn.Conv2d, nn.BatchNorm2d))
    assert difference(merged, model, photo()) < 1e-12


OTHERWISE = {
    "a mean over channels": (lambda x: x.mean((1, 3)), 1, 6),
    "a mean of one axis, flat": (lambda x: x.mean(2)[..., :6].mean(1), 1, 6),
    "the largest": (lambda x: F.adaptive_max_pool2d(x, 1).flatten(1), 1, 6),
    "an activation": (lambda x: x.relu().mean((2, 3)), 1, 6),
    "rows flattened": (lambda x: x.flatten(2).mean(1), 6, 6),
    "axes exchanged": (lambda x: x.transpose(1, 2).flatten(1), 36, 6),
    "read twice": (lambda x: x.mean((2, 3)) + x.amax((2, 3)), 1, 6),
    "not flat": (lambda x: x.permute(0, 2, 3, 1), 1, 6),
}


@pytest.mark.parametrize("way", OTHERWISE)
def test_what_is_no_head_stays_right(way):
    between, positions, side = OTHERWISE[way]
    model = drawn_anew(Classifier(between, positions))
    merged = merge_chains(model)
    assert layers_of(merged, nn.Conv2d)
    assert difference(merged, model, photo(side)) < 1e-12


def test_a_convolution_of_several_taps_takes_the_norm_itself():
    model = drawn_anew(Classifier(WRITTEN["mean"], kernel=3))
    merged = merge_chains(model)
    assert layers_of(merged, nn.Conv2d) and not layers_of(merged, nn.BatchNorm2d)
    assert "sees several positions at a time" in plan(model).left["fc"]
    assert difference(merged, model, photo()) < 1e-12


def test_a_head_that_would_multiply_more_is_left_with_the_reason():
    layers = [nn.Conv2d(64, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 8)]
    model = drawn_anew(nn.Sequential(*layers))
    assert plan(model).merged == []
    assert "512 multiplications instead of 144" in plan(model).left["3"]
    assert len(plan(model, at_most=4).merged) == 1


class WithSum(Classifier):
    def forward(self, x):
        return super().forward(x + self.shortcut(x))


def test_a_plan_with_a_sum_and_a_head_is_applied_to_another_model():
    models = []
    for seed in (0, 1):
        model = WithSum(WRITTEN["mean"])
        model.shortcut = nn.Conv2d(4, 4, 3, padding=1)
        models.append(drawn_anew(model, seed))
    one, other = models
    found = plan(one)
    assert len(found.merged) == 2
    merged = Plan.from_json(found.to_json()).apply(other)
    assert difference(merged, other, photo()) < 1e-12
    with pytest.raises(ValueError, match="does not fit this model"):
        found.apply(drawn_anew(Classifier(WRITTEN["mean"])))


class InPlace(Classifier):
    def forward(self, x):
        y = x.clone()
        z = self.conv(y)
        y.mul_(2)
        return self.fc(z.mean((2, 3))) + y.mean()


def test_a_head_whose_input_is_written_on_meanwhile_is_left():
    model = drawn_anew(InPlace(None))
    assert difference(merge_chains(model), model, photo()) < 1e-12


class MeanOfPhoto(nn.Module):
    """Its BatchNorm is after a mean over positions, as at the end of timm's RepViT."""

    def __init__(self):
        super().__init__()
        self.conv, self.scale = nn.Conv2d(4, 4, 1), nn.Parameter(torch.ones(4, 1, 1))
        self.head = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 4))

    def forward(self, x):
        x = x.relu()
        y = self.conv(x)
        z = nn.functional.gelu(self.scale * y + self.conv(y))
        return self.head(z.mean((2, 3)))


def test_a_norm_after_a_mean_over_positions_reads_rows():
    model = drawn_anew(MeanOfPhoto())
    merged = merge_chains(model)
    assert not layers_of(merged, nn.BatchNorm1d)
    assert difference(merged, model, photo()) < 1e-12


ROWS = {
    "flat": [nn.Flatten(), nn.Linear(4, 4), nn.BatchNorm1d(4)],
    "of two widths": [nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)]
    + [nn.BatchNorm1d(3)],
}


@pytest.mark.parametrize("name", ROWS)
def test_a_norm_is_known_to_read_rows_by_what_is_around_it(name):
    model = drawn_anew(nn.Sequential(*ROWS[name]))
    assert not plan(model).assumed
    merged = merge_chains(model)
    assert not layers_of(merged, nn.BatchNorm1d)
    assert difference(merged, model, torch.randn(3, 4, dtype=torch.float64)) < 1e-12


UNSURE = {
    "alone": [nn.Linear(4, 4), nn.BatchNorm1d(4)],
    "before": [nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 4)],
    "of one width": [nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 4)]
    + [nn.BatchNorm1d(4)],
}


@pytest.mark.parametrize("name", UNSURE)
def test_a_norm_that_may_read_three_axes_is_left_but_for_an_input_with_two(name):
    model = drawn_anew(nn.Sequential(*UNSURE[name]))
    norms = len(layers_of(model, nn.BatchNorm1d))
    assert "give an example input x" in str(plan(model))
    three = torch.randn(3, 4, 4, dtype=torch.float64)
    for merged in merge_chains(model), merge_chains(model, three):
        assert len(layers_of(merged, nn.BatchNorm1d)) == norms
        assert difference(merged, model, three) < 1e-12
    rows = three[0]
    assert "as on x" in str(plan(model, rows))
    merged = merge_chains(model, rows)
    assert not layers_of(merged, nn.BatchNorm1d)
    assert difference(merged, model, rows) < 1e-12


class ByName(Classifier):
    """Calls its layers with the input by name."""

    def forward(self, x):
        y = self.between(input=self.norm(self.conv(x)))
        return self.last(input=self.fc(F.adaptive_avg_pool2d(input=y, output_size=1)[:, :, 0, 0]))


def test_layers_called_by_name_are_left():
    model = ByName(nn.Flatten(2))
    model.between, model.last = nn.ReLU(), nn.BatchNorm1d(3)
    model = drawn_anew(model)
    assert layers_of(merge_chains(model), nn.BatchNorm1d)
    assert difference(merge_chains(model), model, photo()) < 1e-12


class OfTwoKinds(nn.Module):
    """Its Linear and BatchNorm read rows, and then three axes."""

    def __init__(self):
        super().__init__()
        self.fc, self.norm = nn.Linear(4, 4), nn.BatchNorm1d(4)

    def forward(self, x):
        return self.norm(self.fc(x.flatten(1)[:, :4].flatten(1))) + self.norm(self.fc(x))[:, 0]


def test_a_norm_that_reads_rows_in_one_of_two_calls_is_left():
    model = drawn_anew(OfTwoKinds())
    x = torch.randn(3, 4, 4, dtype=torch.float64)
    assert difference(merge_chains(model), model, x) < 1e-12


def test_a_norm_of_photos_beside_a_matrix_is_left():
    model = drawn_anew(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm2d(4)))
    assert not plan(model).merged
    assert difference(merge_chains(model), model, photo(4)) < 1e-12
