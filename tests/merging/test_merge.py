"""Random pairs of layers of every kind, merged, against torch running both in float64.

PYTHONPATH=tests python tests/merging/test_merge.py 5000 prints a table of kinds for so many pairs.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from helpers.merged_models import close
from helpers.random_layers import CONVOLUTIONS, MOST, NORMS, PADS, POOLS, chains, runs
from helpers.repeats import REPEATS
from lessonlib.merging import CannotMerge, differs, merge

PARITIES = {(): "1 only", (0,): "even", (1,): "odd", (0, 1): "even and odd"}


@dataclass
class Tally:
    merged: int = 0
    refused: int = 0
    largest: float = 0.0


TALLIES = defaultdict(Tally)


def all_numbers(convolutions, option):
    return {number for layer in convolutions for number in getattr(layer, option)}


def groups_of(convolution):
    if convolution.groups == 1:
        return "one"
    return "depthwise" if convolution.groups == convolution.in_channels else "grouped"


def kinds_of(chain, axes):
    convolutions = [layer for layer in chain if isinstance(layer, CONVOLUTIONS)]
    parities = {k % 2 for k in all_numbers(convolutions, "kernel_size") if k > 1}
    yield f"kernel: {PARITIES[tuple(sorted(parities))]}"
    strided = all_numbers(convolutions, "stride") != {1}
    yield f"stride: {'2 or 3 somewhere' if strided else '1'}"
    dilated = all_numbers(convolutions, "dilation") != {1}
    yield f"dilation: {'2 somewhere' if dilated else '1'}"
    groups = {groups_of(layer) for layer in convolutions}
    yield f"groups: {groups.pop() if len(groups) == 1 else 'mixed'}"
    biased = getattr(chain[0], "bias", None) is not None
    yield f"bias: {'in the first' if biased else 'none in the first'}"
    for layer in chain:
        if isinstance(layer, (*NORMS, *POOLS, *PADS)):
            yield f"with {type(layer).__name__[:-2]}"
    last = chain[-1]
    if isinstance(last, CONVOLUTIONS):
        padded = last.padding == "same" or last.padding != "valid" and any(last.padding)
        yield f"padding: {'on the second' if padded else 'on the first only'}"
    yield f"dimensions: {axes}"


def check_pair(chain, x):
    """Merged exactly for this and another size, or refused because some size differs."""
    y = runs(chain, x)
    a, b = chain
    size = x.shape[2:]
    check_interior(chain, x, y)
    differing = differs(a, b, size).any()
    largest = 0.0
    try:
        one = merge(a, b)
    except CannotMerge as refused:
        assert "the second pads" in str(refused)
        assert differing or differ_at_another_size(a, b, size)
        merged = False
    else:
        merged = True
        largest = ((one(x) - y).abs().max() / y.abs().max().clamp_min(1e-9)).item()
        assert not differing
        assert largest < 1e-9
        longer = torch.cat([x, x], 2)
        assert close(one(longer), chain(longer))
    for kind in kinds_of(chain, x.ndim - 2):
        tally = TALLIES[kind]
        tally.merged += merged
        tally.refused += not merged
        tally.largest = max(tally.largest, largest)


def differ_at_another_size(a, b, size):
    for more in range(1, 10):
        if differs(a, b, [n + more for n in size]).any():
            return True
    return False


def check_interior(chain, x, y):
    """The interior is right exactly where `differs` says so."""
    a, b = chain
    interior = merge(a, b, interior=True)(x)
    assert interior.shape == y.shape
    wrong = (interior - y).abs() > 1e-9 * y.abs().max().clamp_min(1)
    assert torch.equal(wrong.flatten(0, 1).any(0), differs(a, b, x.shape[2:]))


def try_pairs(cases):
    settings(max_examples=cases, **MOST)(
        given(chains(st.just(2)))(lambda case: check_pair(*case))
    )()


def test_two_layers_become_one_or_are_refused_with_reason():
    try_pairs(500 * REPEATS)


@pytest.mark.parametrize(
    "first, second, kernel, dilation",
    [
        (dict(kernel_size=1), dict(kernel_size=3, dilation=2), 3, 2),
        (dict(kernel_size=1, dilation=3), dict(kernel_size=3, dilation=2), 3, 2),
        (dict(kernel_size=1, stride=2), dict(kernel_size=3), 3, 2),
        (dict(kernel_size=3, dilation=2), dict(kernel_size=1, dilation=3), 3, 2),
        (dict(kernel_size=2, dilation=4), dict(kernel_size=2, dilation=6), 6, 2),
    ],
)
def test_no_taps_stand_between_those_of_dilated_kernels(first, second, kernel, dilation):
    one = merge(nn.Conv2d(2, 2, bias=False, **first), nn.Conv2d(2, 2, bias=False, **second))
    assert one.kernel_size == (kernel, kernel)
    assert one.dilation == (dilation, dilation)


def test_padding_counts_only_where_a_stride_reads_it():
    """A 1x1 with stride 2 and padding 2 reads two pixels before the edge, not one."""
    first = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(2, 2, 2, bias=False))
    second = nn.Conv2d(2, 2, 1, stride=2, padding=2)
    x = torch.randn(1, 2, 9, 9)
    assert torch.allclose(merge(first, second)(x), second(first(x)), atol=1e-5)


if __name__ == "__main__":
    with torch.no_grad():
        try_pairs(int(sys.argv[1]))
    print("| kind | merged exactly | refused | cases | largest difference |")
    print("|---|---|---|---|---|")
    for kind, tally in sorted(TALLIES.items()):
        cases = tally.merged + tally.refused
        counts = f"{tally.merged} | {tally.refused} | {cases}"
        print(f"| {kind} | {counts} | {tally.largest:.0e} |")
