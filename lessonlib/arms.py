"""What may stand in for a 3x3 convolution: the arms of the thread and those the question deserves, each a record.

The rule that keeps a linear pair exactly a 3x3, borders included: all padding on the first convolution,
all stride on the last. The arms of 2019 break it, as the thread's experiment did, and the last two lead there in steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from lessonlib.checks import require_int
from lessonlib.costs.composed_pair import ComposedPair

__all__ = ["Arm", "ARMS", "THE_FOUR", "get_arm", "check_arm", "FourCorners", "wide_enough"]


@dataclass(frozen=True)
class Arm:
    """name: short and unique, kept in recorded runs; label: for people;
    build(channels_in, channels_out, stride): a module that maps `(n, channels_in, h, w)` to what a 3x3
    convolution with padding 1 and that stride would give, `(n, channels_out, ceil(h/stride), ceil(w/stride))`.
    """

    name: str
    label: str
    build: Callable[[int, int, int], nn.Module]


def _conv(channels_in, channels_out, k, stride=1, padding=0):
    require_int("This arm", channels_in=channels_in, channels_out=channels_out, stride=stride)
    return nn.Conv2d(channels_in, channels_out, k, stride, padding, bias=False)


def _three(channels_in, channels_out, stride):
    return _conv(channels_in, channels_out, 3, stride, 1)


def _five(channels_in, channels_out, stride):
    return _conv(channels_in, channels_out, 5, stride, 2)


def _left_and_top(channels_in, channels_out, stride):
    # a 3x3 with padding 1 whose last row and column are zero
    return nn.Sequential(nn.ZeroPad2d((1, 0, 1, 0)), _conv(channels_in, channels_out, 2, stride))


def _four_corners(channels_in, channels_out, stride):
    return nn.Sequential(FourCorners(), _conv(channels_in, channels_out, 2, stride))


def _in_series(k, activation=False):
    """Two k x k: all padding before the first, the stride on the second."""

    def build(channels_in, channels_out, stride):
        between = [nn.BatchNorm2d(channels_out), nn.ReLU()] if activation else []
        first = _conv(channels_in, channels_out, k, padding=k - 1)
        return nn.Sequential(first, *between, _conv(channels_out, channels_out, k, stride))

    return build


def _wide(channels_in, channels_out, stride):
    hidden = wide_enough(channels_in, channels_out)
    return nn.Sequential(
        _conv(channels_in, hidden, 2, padding=1), _conv(hidden, channels_out, 2, stride)
    )


def _shifted(stride_first=False, norm=False, activation=False):
    """Left and top padding twice, as in 2019: the pair sees the 3x3 around a neighbour, one up and one to the left."""

    def build(channels_in, channels_out, stride):
        strides = (stride, 1) if stride_first else (1, stride)
        first, second = (
            _left_and_top(c, channels_out, s) for c, s in zip((channels_in, channels_out), strides)
        )
        between = [nn.BatchNorm2d(channels_out)] * norm + [nn.Mish()] * activation
        return nn.Sequential(*first, *between, *second)

    return build


class FourCorners(nn.Module):
    """One row and one column of zeros, a quarter of the channels at each corner (Wu et al., 1903.08385).

    A 2x2 padded always on the same side moves the picture by half a pixel; four corners move it four ways, and the mean stays.
    `(n, c, h, w)` becomes `(n, c, h+1, w+1)`.
    """

    def forward(self, x):
        corners = [(1, 0, 1, 0), (0, 1, 1, 0), (1, 0, 0, 1), (0, 1, 0, 1)]
        return torch.cat(
            [F.pad(quarter, corner) for quarter, corner in zip(x.chunk(4, dim=1), corners)], dim=1
        )


def wide_enough(channels_in, channels_out):
    """Hidden channels with which two 2x2 in series have as many dimensions as a 3x3, by count: 1.354c for c in and out.

    The smallest m with `4m(in + out) - m*m >= 9*in*out`: weights, less what changes of basis between the two leave alone.
    `hidden_width.hidden_width` finds the same as a measured rank, for few channels.
    """
    require_int("wide_enough", channels_in=channels_in, channels_out=channels_out)
    both, m = channels_in + channels_out, 1
    m = int(2 * both - (4 * both**2 - 9 * channels_in * channels_out) ** 0.5)
    while 4 * m * both - m * m < 9 * channels_in * channels_out:
        m += 1
    return m


# The order decides the colour of an arm in every chart.
ARMS = {
    a.name: a
    for a in (
        Arm("3x3", "one 3x3", _three),
        Arm("2x2", "one 2x2", _left_and_top),
        Arm("pair-act", "two 2x2, activation after each", _in_series(2, activation=True)),
        Arm("pair", "two 2x2, activation after the second", _in_series(2)),
        Arm("pair-composed", "two 2x2, composed first", ComposedPair),
        Arm("pair-wide", "two 2x2, 1.36 times as wide between", _wide),
        Arm("2x2-corners", "one 2x2, padded at four corners", _four_corners),
        Arm(
            "pair-act-2019",
            "two 2x2 of 2019, activation after each",
            _shifted(stride_first=True, norm=True, activation=True),
        ),
        Arm(
            "pair-2019",
            "two 2x2 of 2019, activation after the second",
            _shifted(stride_first=True, norm=True),
        ),
        Arm("5x5", "one 5x5", _five),
        Arm("two-3x3-act", "two 3x3, activation after each", _in_series(3, activation=True)),
        Arm("two-3x3", "two 3x3, activation after the second", _in_series(3)),
        Arm("pair-shifted", "two 2x2, shifted by a pixel", _shifted()),
        Arm("pair-early", "two 2x2, shifted, stride first", _shifted(stride_first=True)),
    )
}

THE_FOUR = [
    ARMS[name] for name in ("3x3", "2x2", "pair-act", "pair")
]  # of the thread, without its confounds


def get_arm(name):
    """The arm of that name. Raises ValueError with the names there are."""
    if not isinstance(name, str) or name not in ARMS:
        raise ValueError(f"There is no arm {name!r}; choose one of {', '.join(ARMS)}.")
    return ARMS[name]


def check_arm(arm):
    """Raise TypeError unless `arm` is one: its name alone will not do."""
    if not isinstance(arm, Arm):
        given = repr(arm) if isinstance(arm, str) else f"of the type {type(arm).__name__}"
        raise TypeError(
            f"An arm is asked for, and this is {given}: get one by its name with arms.get_arm(name)."
        )
