"""Random layers of every kind, merged, against torch running them one after the other in float64.

python tests/test_merging.py 5000 prints the table of kinds for so many pairs.
"""

import sys
from collections import defaultdict

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from helpers.random_layers import (
    CONVOLUTIONS,
    MOST,
    NORMS,
    PADS,
    POOLS,
    chains,
    runs,
)
from lessonlib.merging import CannotMerge, PadWith, differs, merge

TALLY = defaultdict(lambda: [0, 0, 0.0])  # kind: merged exactly, refused, largest difference


def kinds_of(chain, axes):
    convolutions = [layer for layer in chain if isinstance(layer, CONVOLUTIONS)]
    parities = {k % 2 for c in convolutions for k in c.kernel_size if k > 1}
    yield (
        "kernel: "
        + {(): "1 only", (0,): "even", (1,): "odd", (0, 1): "even and odd"}[tuple(sorted(parities))]
    )
    yield "stride: " + (
        "1" if {s for c in convolutions for s in c.stride} == {1} else "2 or 3 somewhere"
    )
    yield "dilation: " + (
        "1" if {d for c in convolutions for d in c.dilation} == {1} else "2 somewhere"
    )
    groups = {
        "one" if c.groups == 1 else "depthwise" if c.groups == c.in_channels else "grouped"
        for c in convolutions
    }
    yield "groups: " + ", then ".join(groups if len(groups) == 1 else ["mixed"])
    yield "bias: " + (
        "in the first" if getattr(chain[0], "bias", None) is not None else "none in the first"
    )
    yield from (
        f"with {type(layer).__name__[:-2]}"
        for layer in chain
        if isinstance(layer, (*NORMS, *POOLS, *PADS))
    )
    last = chain[-1]
    if isinstance(last, CONVOLUTIONS):
        padded = last.padding == "same" or last.padding != "valid" and any(last.padding)
        yield "padding: " + ("on the second" if padded else "on the first only")
    yield f"dimensions: {axes}"


def check_pair(chain, x):
    """Merged exactly for this and another size, or refused where some size differs; the interior right where it says so."""
    y, scale = runs(chain, x), 1e-9
    a, b = chain
    mask = differs(a, b, x.shape[2:])
    interior = merge(a, b, interior=True)(x)
    assert interior.shape == y.shape and mask.shape == y.shape[2:]
    wrong = ((interior - y).abs() > scale * y.abs().max().clamp_min(1)).flatten(0, 1).any(0)
    assert torch.equal(wrong, mask)
    largest = 0.0
    try:
        one = merge(a, b)
    except CannotMerge as refused:
        assert "the second pads" in str(refused)
        assert mask.any() or any(
            differs(a, b, [n + i for n in x.shape[2:]]).any() for i in range(1, 10)
        )
        merged = False
    else:
        merged, largest = True, ((one(x) - y).abs().max() / y.abs().max().clamp_min(1e-9)).item()
        assert not mask.any() and largest < 1e-9
        longer = torch.cat([x, x], 2)
        assert torch.allclose(
            one(longer), chain(longer), rtol=1e-9, atol=1e-9 * y.abs().max().item()
        )
    for kind in kinds_of(chain, x.ndim - 2):
        TALLY[kind][merged ^ 1] += 1
        TALLY[kind][2] = max(TALLY[kind][2], largest)


def try_pairs(cases):
    settings(max_examples=cases, **MOST)(
        given(chains(st.just(2)))(lambda case: check_pair(*case))
    )()


def test_two_layers_become_one_or_are_refused_with_reason():
    try_pairs(2000)


def conv(*options, **more):
    return nn.Conv2d(*options, **more)


def holding(value):
    layer = conv(2, 2, 1)
    layer.weight.data[0] = value
    return layer


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: merge("a", conv(2, 2, 1)), TypeError, "this is a str: give modules"),
        (
            lambda: merge(conv(2, 3, 1), conv(2, 2, 1)),
            CannotMerge,
            "the layer before gives 3 channels, and it reads 2",
        ),
        (
            lambda: merge(nn.Conv1d(2, 2, 1), conv(2, 2, 1)),
            CannotMerge,
            "slide along 1 axes, and it along 2",
        ),
        (
            lambda: merge(conv(2, 2, 1), nn.AvgPool3d(2)),
            CannotMerge,
            "slide along 2 axes, and it along 3",
        ),
        (
            lambda: merge(nn.ZeroPad3d(1), conv(2, 2, 1)),
            CannotMerge,
            "it pads 3 axes, and the convolution has 2",
        ),
        (
            lambda: merge(nn.Sequential(), nn.Sequential()),
            CannotMerge,
            "A Sequential is no convolution",
        ),
        (
            lambda: merge(conv(2, 2, 1), nn.LazyConv2d(2, 1)),
            CannotMerge,
            "A LazyConv2d is no convolution",
        ),
        (lambda: merge(holding(float("nan")), conv(2, 2, 1)), CannotMerge, "not all finite"),
        (lambda: merge(conv(2, 2, 1), holding(float("inf"))), CannotMerge, "not all finite"),
        (
            lambda: merge(conv(2, 2, 1, dtype=torch.complex64), nn.Identity()),
            CannotMerge,
            "its numbers are complex",
        ),
        (
            lambda: merge(conv(2, 2, 1, device="meta"), nn.Identity()),
            CannotMerge,
            "on the meta device",
        ),
        (lambda: PadWith([1.0], (1, 1, 1)), ValueError, "by 2, 4 or 6 numbers"),
        (
            lambda: differs(conv(2, 2, 1), conv(2, 2, 1), (5, 5, 5)),
            ValueError,
            "2 whole numbers from 1 up",
        ),
        (
            lambda: differs(conv(2, 2, 1), conv(2, 2, 3), (2, 2)),
            ValueError,
            "too small for a kernel",
        ),
    ],
)
def test_what_is_not_merged_is_told_why(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_padding_with_whole_numbers_pads_with_these():
    x = torch.randn(1, 2, 4, 4)
    one = merge(PadWith([1, 2], (1, 0, 0, 2)), nn.AvgPool2d(2))
    assert torch.allclose(one(x), nn.AvgPool2d(2)(PadWith([1.0, 2.0], (1, 0, 0, 2))(x)), atol=1e-6)


if __name__ == "__main__":
    with torch.no_grad():
        try_pairs(int(sys.argv[1]))
    print("| kind | merged exactly | refused | cases | largest difference |\n|---|---|---|---|---|")
    for kind, (merged, refused, largest) in sorted(TALLY.items()):
        print(f"| {kind} | {merged} | {refused} | {merged + refused} | {largest:.0e} |")
