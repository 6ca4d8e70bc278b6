"""Random chains of layers of every kind, merged, against torch running the layers in float64."""

from functools import reduce
from math import inf

import hypothesis.strategies as st
import torch
from hypothesis import given, settings
from torch import nn

from helpers.merged_models import close
from helpers.random_layers import MOST, POOLS, chains, drawn_anew, runs
from helpers.repeats import REPEATS
from lessonlib.costs.counting import cost
from lessonlib.merging import CannotMerge, merge, merge_chains, plan
from lessonlib.merging.chains import convolutions_of, differing_in_chain

CASES = 200 * REPEATS


@settings(max_examples=CASES, **MOST)
@given(chains(st.integers(2, 5)), st.sampled_from([1.0, 1.3, inf]))
def test_a_chain_of_any_layers_stays_the_same_function(case, at_most):
    chain, x = case
    y = runs(chain, x)
    merged = merge_chains(chain, at_most=at_most)
    assert close(merged(x), y)
    assert not plan(merged, at_most=at_most).merged
    pooled = any(isinstance(layer, POOLS) for layer in chain)  # torch counts no MACs in a pool
    if at_most == 1 and x.ndim < 5 and not pooled:
        large = (1, x.shape[1], *[600] * (x.ndim - 2))
        # not more in the middle, where they are counted; the padded ends weigh a little
        assert cost(merged, large).macs <= 1.3 * cost(chain, large).macs


@settings(max_examples=CASES, **MOST)
@given(chains(st.integers(2, 5)))
def test_layer_by_layer_a_chain_becomes_the_same_one_or_is_refused(case):
    chain, x = case
    y = runs(chain, x)
    one = reduce(lambda a, b: merge(a, b, interior=True), chain)
    mask = differing_in_chain(sum(convolutions_of(list(chain)), []), x.shape[2:])
    atol = 1e-9 * y.abs().max().item()
    assert torch.allclose(one(x)[..., ~mask], y[..., ~mask], rtol=1e-9, atol=atol)
    try:
        one = reduce(merge, chain)
    except CannotMerge:
        return
    assert not mask.any()
    assert close(one(x), y)


def bare(padding=1):
    return nn.Conv2d(2, 2, 3, padding=padding, bias=False)


def test_the_positions_that_differ_are_counted():
    model = drawn_anew(nn.Sequential(bare(), bare()))
    x = torch.randn(1, 2, 9, 11, dtype=torch.float64)
    shown = plan(model, x, at_most=inf, interior=True)
    one = merge_chains(model, x, at_most=inf, interior=True)
    wrong = ((one(x) - model(x)).abs() > 1e-12).any(1)
    assert shown.differ == {"0": (int(wrong.sum()), 99)} == {"0": (9 * 11 - 7 * 9, 99)}
    assert "36 of 99 positions of its output differ, at the border" in str(shown)


def test_positions_are_counted_on_one_picture_without_a_batch():
    model = drawn_anew(nn.Sequential(bare(), bare()))
    x = torch.randn(2, 7, 7, dtype=torch.float64)
    assert plan(model, x, at_most=inf, interior=True).differ == {"0": (49 - 25, 49)}
