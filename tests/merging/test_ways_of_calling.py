"""Layers that a forward calls in its own way: merged all the same, or left with the reason.

Most of these were once merged to something else, without a word.
"""

from math import inf

import numpy as np
import pytest
import torch
from torch import nn

from helpers.merged_models import difference
from helpers.random_layers import drawn_anew
from lessonlib.merging import merge_chains, plan


def features():
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU())


class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = features()


class Taps(Features):
    """Every layer's output, as a perceptual loss reads them."""

    def forward(self, x):
        assert x.shape[1] == 2
        outputs = []
        for layer in self.features:
            x = layer(x)
            outputs.append(x)
        return outputs


class Sliced(Features):
    def forward(self, x):
        y = self.features[:1](x) if x.mean() > 0 else self.features[:1](x)
        return self.features[1:](y) + y


class ByFlag(Features):
    def forward(self, x, return_features=False):
        if return_features:
            y = self.features[0](x)
            return self.features[1:](y), y
        return self.features(x)


class Unet(nn.Module):
    """Keeps what the first layer gives for later."""

    def __init__(self):
        super().__init__()
        self.down = features()
        self.up = nn.Conv2d(6, 2, 1)

    def forward(self, x):
        if float(x.max()) > 100:
            raise ValueError("too large")
        skip = self.down[0](x)
        return self.up(torch.cat([self.down(x), skip], 1))


class Numpy(Features):
    def forward(self, x):
        scale = float(np.asarray(x.detach()).max())
        y = self.features[0](x) / scale
        return self.features[1](y)


class Caught(Features):
    """Goes one way if it cannot read a number, as of a symbol, and another if it can."""

    def forward(self, x):
        try:
            scale = float(x.max())
        except (TypeError, ValueError):
            return self.features(x)
        return self.features[1](self.features[0](x) * scale)


class Optional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)

    def forward(self, x, a=None, b=None):
        y = self.conv(x)
        z = self.norm(y)
        return z + y if a is not None and b is None else z


class OfTensors(Optional):
    def forward(self, x):
        y = self.conv(x)
        return self.norm(y.relu()) if isinstance(x, torch.Tensor) else self.norm(y)


class OfLists(Optional):
    def forward(self, x):
        y = self.conv(x[0] if isinstance(x, list) else x)
        return self.norm(y) + y if isinstance(x, list) else self.norm(y)


class OfGradients(Optional):
    def forward(self, x):
        y = self.conv(x)
        return self.norm(y) if torch.is_grad_enabled() else self.norm(y.relu())


class OfKinds(Features):
    """Asks its layers what they are, as a loss that taps each activation does."""

    def forward(self, x):
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.BatchNorm2d):
                x = x.abs()
        return x


class Named(Optional):
    """A flag that only a call sets, and a layer that its own call replaces."""

    def __call__(self, x):
        return super().__call__(x) + self.conv(x)

    def forward(self, x):
        return self.norm(self.conv(x))


class Behind(nn.Module):
    """Holds layers of others in a list, and cannot be traced."""

    def __init__(self, layers):
        super().__init__()
        self.others = [layers]

    def forward(self, x):
        return self.others[0][0](x) if x.sum() > 0 else self.others[0][0](x)


class Lending(Features):
    def __init__(self):
        super().__init__()
        self.behind = Behind(self.features)

    def forward(self, x):
        return self.features(x) + self.behind(x)


class Bound(Optional):
    def __init__(self):
        super().__init__()
        self.first = self.conv.__call__

    def forward(self, x):
        return self.norm(self.first(x))


X = torch.randn(2, 2, 7, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
BUILDS = [Taps, Sliced, Unet, Numpy, Caught, OfTensors, OfGradients, OfKinds, Named, Lending, Bound]


def outputs(model, *args, **options):
    with torch.no_grad():
        given = model(*args, **options)
    return list(given) if isinstance(given, list | tuple) else [given]


def same(merged, model, *args, **options):
    before = outputs(model, *args, **options)
    after = outputs(merged, *args, **options)
    assert len(before) == len(after)
    return all(torch.allclose(a, b, rtol=1e-9) for a, b in zip(after, before))


@pytest.mark.parametrize("with_x", [False, True])
@pytest.mark.parametrize("build", BUILDS)
def test_what_is_called_piece_by_piece_is_left(build, with_x):
    model = drawn_anew(build())
    x = X if with_x else None
    shown = plan(model, x, at_most=inf)
    assert shown.merged == []
    assert same(merge_chains(model, x, at_most=inf), model, X)


def test_on_each_combination_of_optional_arguments():
    model = drawn_anew(Optional())
    merged = merge_chains(model, at_most=inf)
    for given in ({}, {"a": 1}, {"b": 1}, {"a": 1, "b": 1}):
        assert same(merged, model, X, **given)


@pytest.mark.parametrize("flag", [False, True])
def test_a_flag_by_which_a_forward_returns_more(flag):
    model = drawn_anew(ByFlag())
    assert same(merge_chains(model, at_most=inf), model, X, return_features=flag)
    assert same(merge_chains(model, (X, flag), at_most=inf), model, X, return_features=flag)


def test_a_forward_that_takes_lists_too():
    model = drawn_anew(OfLists())
    merged = merge_chains(model, at_most=inf)
    assert same(merged, model, X)
    assert same(merged, model, [X])
    assert "by the type of its input" in plan(model).left["the model"]
    assert len(plan(model, X).merged) == 1  # a tensor is what x is


class InList(Optional):
    """Old but common: registered by setattr, and called from a list."""

    def __init__(self):
        super().__init__()
        self.convs = [self.conv]

    def forward(self, x):
        return self.norm(self.convs[0](x))


class BothInDict(Optional):
    def __init__(self):
        super().__init__()
        self.layers = {"conv": self.conv, "more": (self.norm,)}

    def forward(self, x):
        return self.layers["more"][0](self.layers["conv"](x))


class TwoNames(nn.Module):
    def __init__(self):
        super().__init__()
        self.chain = features()
        self.norm = self.chain[1]
        self.layers = nn.ModuleList([self.norm, self.chain[0]])

    def forward(self, x):
        return self.norm(self.chain[0](x))


@pytest.mark.parametrize("build", [InList, BothInDict, TwoNames])
def test_a_layer_that_is_held_elsewhere_too_is_changed_for_all(build):
    model = drawn_anew(build())
    shown = plan(model, at_most=inf)
    assert len(shown.merged) == 1
    merged = merge_chains(model, at_most=inf)
    assert difference(merged, model, X) < 1e-12
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in merged.modules())


class Whole(Features):
    def forward(self, x):
        return self.features(x) if x.mean() > 100 else -self.features(x)


def test_what_x_shows_to_be_called_as_a_whole_is_merged():
    model = drawn_anew(Whole())
    assert "give an example input x" in plan(model).left["the model"]
    assert plan(model).merged == []
    assert [step.names for step in plan(model, X).merged] == [["features.0", "features.1"]]
    merged = merge_chains(model, X)
    assert difference(merged, model, X) < 1e-12
    assert isinstance(merged.features[1], nn.Identity)


class Other(Features):
    """Reads a type in a way that nothing can follow."""

    def forward(self, x):
        y = self.features[0](x)
        return self.features[1](y) if type(x) is not torch.Tensor else self.features[1](y.relu())


def test_a_difference_on_x_is_an_error():
    model = drawn_anew(Other())
    with pytest.raises(ValueError, match="the outputs of the merged model differ by .* Merge its"):
        merge_chains(model, X, at_most=inf)
    with pytest.warns(UserWarning, match="the model: its forward asks for a type"):
        merge_chains(model, at_most=inf)
    assert "is assumed to be right" in str(plan(model))


class AsksForAnAttribute(nn.Module):
    """Goes by an attribute that a tensor lacks, of its input or of what something made of it."""

    def __init__(self, made_of):
        super().__init__()
        self.before = nn.Conv2d(2, 2, 1)
        self.a = nn.Conv2d(2, 2, 2)
        self.b = nn.Conv2d(2, 2, 1)
        self.made_of = made_of

    def forward(self, x):
        y = self.made_of(self, x)
        z = self.a(y)
        return self.b(z) if hasattr(y, "tensors") else self.b(z) + z.abs()


MADE = {
    "the input": lambda model, x: x,
    "a layer": lambda model, x: model.before(x),
    "a function": lambda model, x: torch.relu(model.before(x)),
    "arithmetic": lambda model, x: x + 1,
    "an attribute": lambda model, x: x.data,
}


@pytest.mark.parametrize("made_of", MADE.values(), ids=MADE)
def test_a_tensor_lacks_what_it_lacks_while_it_is_traced(made_of):
    model = drawn_anew(AsksForAnAttribute(made_of))
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    for example in ((), (x,)):
        assert difference(merge_chains(model, *example, at_most=inf), model, x) < 1e-12
