"""Random ways of calling layers: what is merged gives the same on each call, or nothing is merged.

Taps, slices, flags, optional arguments, lists, questions to the input and to the layers, in any
combination, and layers held in lists and dicts.
"""

from itertools import product
from math import inf

import hypothesis.strategies as st
import torch
from hypothesis import example, given, settings
from torch import nn

from helpers.merged_models import close
from helpers.random_layers import MOST, drawn_anew
from helpers.repeats import REPEATS
from lessonlib.merging import merge_chains, plan


def whole(model, x):
    return model.features(x)


def taps(model, x):
    total = 0
    for layer in model.features:
        x = layer(x)
        total = total + x.mean((2, 3), keepdim=True)
    return x + total


def sliced(model, x):
    y = model.features[:1](x)
    return model.features[1:](y) + y.mean((2, 3), keepdim=True)


def held(model, x):
    for layer in model.layers:
        x = layer(x)
    return x


def mixed(model, x):
    return model.features[2:](model.named["norm"](model.named["conv"](x)))


def twice(model, x):
    return model.features(x) + model.features(x.abs())


def by_kind(model, x):
    for layer in model.features:
        x = layer(x)
        x = x.abs() if isinstance(layer, nn.BatchNorm2d) else x
    return x


def read(model, x):
    return model.features(x) * model.features[0].weight.sum()


WAYS = (whole, whole, taps, sliced, held, mixed, twice, by_kind, read)


def caught(x):
    try:
        return bool(float(x.max()) > -100)
    except (TypeError, ValueError):
        return False


GUARDS = {
    "never": lambda x: False,
    "a shape": lambda x: x.shape[1] == 3,
    "a number": lambda x: x.mean() > 100,
    "a number, usual": lambda x: x.mean() < 100,
    "an error": caught,
    "a type": lambda x: isinstance(x, torch.Tensor),
    "a list": lambda x: isinstance(x, list),
    "gradients": lambda x: torch.is_grad_enabled(),
    "a length": lambda x: len(x) > 1,
    "an attribute": lambda x: hasattr(x, "tensors"),
}


class Drawn(nn.Module):
    """Calls its layers by `usual`, or by `other` where the guard, a flag or an argument says so."""

    def __init__(self, usual, other, guard):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 2, 2), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)
        )
        self.layers = list(self.features)
        self.named = {"conv": self.features[0], "norm": self.features[1]}
        self.usual = usual
        self.other = other
        self.guard = guard

    def forward(self, x, flag=False, more=None):
        other = flag or self.guard(x)
        x = x[0] if isinstance(x, list) else x
        y = self.other(self, x) if other else self.usual(self, x)
        return y if more is None else y + self.other(self, more)


drawn = st.builds(
    lambda usual, other, guard, seed: drawn_anew(Drawn(usual, other, GUARDS[guard]), seed),
    st.sampled_from(WAYS),
    st.sampled_from(WAYS),
    st.sampled_from(sorted(GUARDS)),
    st.integers(0, 9),
)


def called(model, gradients, *args):
    with torch.set_grad_enabled(gradients):
        return model(*args).detach()


X = torch.randn(1, 2, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
CALLS = list(product([False, True], [X, [X]], [False, True], [None, X.abs()]))


# asks of gradients and of kinds at once: a trace that changes both sees neither
BOTH = drawn_anew(Drawn(by_kind, whole, GUARDS["gradients"]))


@settings(max_examples=40 * REPEATS, **MOST)
@given(drawn)
@example(BOTH)
def test_without_an_input_every_call_gives_the_same(model):
    merged = merge_chains(model, at_most=inf)
    for call in CALLS:
        try:
            expected = called(model, *call)
        except (AttributeError, RuntimeError):  # a guard that does not take a list
            continue
        assert close(called(merged, *call), expected)


@settings(max_examples=40 * REPEATS, **MOST)
@given(drawn, st.sampled_from([call[1:] for call in CALLS]))
@example(BOTH, CALLS[0][1:])
def test_with_an_input_calls_like_it_give_the_same(model, args):
    try:
        called(model, False, *args)
    except (AttributeError, RuntimeError):
        return
    merged = merge_chains(model, args, at_most=inf)
    assert close(called(merged, False, *args), called(model, False, *args))


def test_most_of_what_may_be_merged_is():
    for other, guard in product((whole, held, mixed), ("never", "gradients", "a number")):
        model = drawn_anew(Drawn(whole, other, GUARDS[guard]))
        found = plan(model, (X,), at_most=inf)
        assert found.merged, (other.__name__, guard)
