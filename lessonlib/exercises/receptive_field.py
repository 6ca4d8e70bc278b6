"""Checkers of notebooks 02 and 07: what a stack of layers sees, and what a stem costs besides."""

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import empty, macs_of

__all__ = ["check_field", "check_stem"]


@checker
def check_field(answer):
    """`answer(sizes, strides)` is the number of pixels that one output sees along a side.

    sizes, strides: of the kernels of a stack, the first layer first.
    """
    draw = Draws()
    cases = [
        ([3, 3], [1, 1]),
        ([2, 2, 2], [1, 1, 1]),
        ([3, 3], [2, 1]),
    ]
    for _ in range(15):
        layers = draw.integer(1, 5)
        sizes = list(draw.integers(*[(1, 7)] * layers))
        strides = list(draw.integers(*[(1, 3)] * layers))
        cases.append((sizes, strides))
    mistakes = {
        "The strides are missing: "
        "after a stride of 2, one step of the next kernel is two pixels.": (
            lambda sizes, strides: _field(sizes, [1] * len(sizes))
        ),
        "A layer's own stride does not widen what it sees: multiply the strides before it only.": (
            lambda sizes, strides: _field(sizes, strides, own=True)
        ),
        "One is missing: a stack of no layers sees 1 pixel.": (
            lambda sizes, strides: _field(sizes, strides) - 1
        ),
        "You add up the sizes: a kernel of k taps adds k - 1.": lambda sizes, strides: sum(sizes),
        "You multiply the sizes: each kernel adds k - 1 steps.": (
            lambda sizes, strides: torch.tensor(sizes).prod()
        ),
        "Take the product of all strides before a layer, not just the last of them.": (
            lambda sizes, strides: 1 + sum((k - 1) * s for k, s in zip(sizes, [1, *strides]))
        ),
    }
    try_on(answer, cases, _field_from_above, mistakes)
    return "that is what one output sees, for every stack."


@checker
def check_stem(answer):
    """`answer(layers, px)` is (weights, multiplications, receptive field) of a stem.

    layers: [(k, channels out, stride), ...] with odd k and padding k // 2, without biases;
    px: the side of the photo (3, px, px). The receptive field is along a side.
    """
    draw = Draws()
    cases = [
        ([(3, 32, 2), (3, 32, 1), (3, 64, 1)], 128),
        ([(7, 64, 2)], 128),
        ([(3, 8, 2), (5, 4, 2), (3, 6, 1)], 33),
    ]
    for _ in range(6):
        layers = []
        for _ in range(draw.integer(1, 3)):
            half, channels, stride = draw.integers((0, 3), (1, 9), (1, 3))
            layers.append((2 * half + 1, channels, stride))
        cases.append((layers, draw.integer(20, 40)))
    mistakes = {
        "The receptive field lacks the strides: "
        "after a stride of 2 the next kernel steps two pixels of the photo.": (
            _stem(field=lambda sizes, strides: _field(sizes, [1] * len(sizes)))
        ),
        "A layer's own stride does not widen its own field, only that of the layers after it.": (
            _stem(field=lambda sizes, strides: _field(sizes, strides, own=True))
        ),
        "Each layer reads what the one before gives; only the first has 3 channels in.": (
            _stem(read=lambda channels: [3] * len(channels))
        ),
        "A kernel has weights for each channel that it reads: k * k * in * out.": (
            _stem(read=lambda channels: [1] * len(channels))
        ),
        "A stride leaves fewer positions to multiply at, and the layers after it have no more.": (
            _stem(positions=lambda px, stride: px)
        ),
        "With padding k // 2 an odd side is rounded up: (px - 1) // stride + 1 positions.": (
            _stem(positions=lambda px, stride: px // stride)
        ),
    }
    try_on(answer, cases, _measured_stem, mistakes)
    return "the three 3x3 of the xresnet have more weights than the 7x7, and see more."


def _field(sizes, strides, own=False):
    """The formula from the photo up; with `own`, a stride also widens its own layer."""
    field = 1
    step = 1
    for k, stride in zip(sizes, strides):
        field += (k - 1) * step * (stride if own else 1)
        step *= stride
    return field


def _field_from_above(sizes, strides):
    field = 1
    for k, stride in zip(sizes[::-1], strides[::-1]):
        field = (field - 1) * stride + k
    return field


def _stem(
    read=lambda channels: [3, *channels[:-1]],
    positions=lambda px, stride: -(-px // stride),
    field=_field,
):
    """The count of a stem, of which one part can be made wrong."""

    def counted(layers, px):
        sizes, channels, strides = zip(*layers)
        weights = 0
        macs = 0
        for (k, out, stride), channels_in in zip(layers, read(channels)):
            px = positions(px, stride)
            weights += k * k * channels_in * out
            macs += k * k * channels_in * out * px * px
        return weights, macs, field(sizes, strides)

    return counted


def _measured_stem(layers, px):
    """Torch's counts, and how many pixels of a long row the gradient of a middle output reaches."""
    weights = []
    row = torch.zeros(1, 1, 2001, dtype=torch.float64, requires_grad=True)
    y = row
    channels = 3
    for k, out, stride in layers:
        weights.append(empty(out, channels, k, k))
        y = F.conv1d(y, y.new_ones(1, 1, k), stride=stride)
        channels = out
    y[0, 0, y.shape[2] // 2].backward()
    seen = row.grad[0, 0].nonzero()

    def run():
        x = empty(1, 3, px, px)
        for weight, (k, _, stride) in zip(weights, layers):
            x = F.conv2d(x, weight, stride=stride, padding=k // 2)

    count = sum(weight.numel() for weight in weights)
    return count, macs_of(run), (seen[-1] - seen[0] + 1).item()
