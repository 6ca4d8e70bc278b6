"""What may take the place of a 3x3 convolution: the arms, each a record.

The arms of the thread, and those that its question deserves. One rule keeps a linear pair exactly a
3x3, borders included: all padding on the first convolution, all stride on the last. The arms of
2019 break it, as the thread's experiment did, and the last two lead there step by step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from lessonlib.checks import require_int, require_one_of
from lessonlib.composed_start import StartsComposed
from lessonlib.costs.composed_pair import ComposedPair

__all__ = ["Arm", "ARMS", "SECONDARY_ARMS", "THE_FOUR", "get_arm", "check_arm"]
__all__ += ["FourCorners", "wide_enough"]


@dataclass(frozen=True)
class Arm:
    """A way to build what takes the place of a 3x3 convolution.

    name: short and unique, as stored in recorded runs; label: the words for charts and tables;
    build(channels_in, channels_out, stride): a module that maps `(n, channels_in, h, w)` to what a
    3x3 with padding 1 and that stride gives, `(n, channels_out, ceil(h/stride), ceil(w/stride))`.
    """

    name: str
    label: str
    build: Callable[[int, int, int], nn.Module]


def _conv(channels_in, channels_out, k, stride=1, padding=0):
    require_int("This arm", channels_in=channels_in, channels_out=channels_out, stride=stride)
    return nn.Conv2d(channels_in, channels_out, k, stride, padding, bias=False)


def _one_3x3(channels_in, channels_out, stride):
    return _conv(channels_in, channels_out, 3, stride, 1)


def _one_5x5(channels_in, channels_out, stride):
    return _conv(channels_in, channels_out, 5, stride, 2)


def _left_and_top(channels_in, channels_out, stride):
    # a 3x3 with padding 1 whose last row and column are zero
    return nn.Sequential(nn.ZeroPad2d((1, 0, 1, 0)), _conv(channels_in, channels_out, 2, stride))


def _four_corners(channels_in, channels_out, stride):
    return nn.Sequential(FourCorners(), _conv(channels_in, channels_out, 2, stride))


def _in_series(k, norm=False, activation=False):
    """Two k x k: all padding before the first, the stride on the second."""

    def build(channels_in, channels_out, stride):
        first = _conv(channels_in, channels_out, k, padding=k - 1)
        between = []
        if norm:
            between.append(nn.BatchNorm2d(channels_out))
        if activation:
            between.append(nn.ReLU())
        second = _conv(channels_out, channels_out, k, stride)
        return nn.Sequential(first, *between, second)

    return build


def _starts_composed(channels_in, channels_out, stride):
    return StartsComposed(*_in_series(2)(channels_in, channels_out, stride))


def _column_then_row(channels_in, channels_out, stride):
    # each is padded along its own axis: beyond the other's edge a column of zeros stays zero
    column = _conv(channels_in, channels_out, (3, 1), padding=(1, 0))
    row = _conv(channels_out, channels_out, (1, 3), stride, padding=(0, 1))
    return nn.Sequential(column, row)


def _wide(channels_in, channels_out, stride):
    hidden = wide_enough(channels_in, channels_out)
    first = _conv(channels_in, hidden, 2, padding=1)
    second = _conv(hidden, channels_out, 2, stride)
    return nn.Sequential(first, second)


def _shifted(stride_first=False, norm=False, activation=False):
    """Left and top padding twice, as in 2019: a 3x3 around the neighbour up and to the left."""

    def build(channels_in, channels_out, stride):
        stride_1, stride_2 = (stride, 1) if stride_first else (1, stride)
        first = _left_and_top(channels_in, channels_out, stride_1)
        second = _left_and_top(channels_out, channels_out, stride_2)
        between = []
        if norm:
            between.append(nn.BatchNorm2d(channels_out))
        if activation:
            between.append(nn.Mish())
        return nn.Sequential(*first, *between, *second)

    return build


class FourCorners(nn.Module):
    """Pad one row and one column of zeros, each quarter of the channels at a corner of its own.

    `(n, c, h, w)` to `(n, c, h+1, w+1)`. A 2x2 that is always padded on the same side moves the
    picture by half a pixel; four corners move it four ways, and the mean stays in place (Wu et al.,
    1903.08385).
    """

    def forward(self, x):
        corners = [(1, 0, 1, 0), (0, 1, 1, 0), (1, 0, 0, 1), (0, 1, 0, 1)]
        quarters = x.chunk(4, dim=1)
        padded = [F.pad(quarter, corner) for quarter, corner in zip(quarters, corners)]
        return torch.cat(padded, dim=1)


def wide_enough(channels_in, channels_out):
    """Hidden channels that give two 2x2 in series as many dimensions as a 3x3, by count.

    The smallest m with `4m(in + out) - m*m >= 9*in*out`: the weights, less the changes of basis
    between the two, which change nothing. For equal channels c it is 1.354c, rounded up.
    `hidden_width.hidden_width` finds the same as a measured rank, for few channels.
    ValueError unless both are whole numbers from 1 up.
    """
    require_int("wide_enough", channels_in=channels_in, channels_out=channels_out)
    both = channels_in + channels_out
    needed = 9 * channels_in * channels_out
    m = int(2 * both - (4 * both**2 - needed) ** 0.5)  # where both sides are equal, rounded down
    while 4 * m * both - m * m < needed:
        m += 1
    return m


# By name; the order decides the colour of each arm in every chart.
ARMS = {
    arm.name: arm
    for arm in (
        Arm("3x3", "one 3x3", _one_3x3),
        Arm("2x2", "one 2x2", _left_and_top),
        Arm(
            "pair-act", "two 2x2, activation after each", _in_series(2, norm=True, activation=True)
        ),
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
        Arm("5x5", "one 5x5", _one_5x5),
        Arm(
            "two-3x3-act",
            "two 3x3, activation after each",
            _in_series(3, norm=True, activation=True),
        ),
        Arm("two-3x3", "two 3x3, activation after the second", _in_series(3)),
        Arm("pair-shifted", "two 2x2, shifted by a pixel", _shifted()),
        Arm("pair-early", "two 2x2, shifted, stride first", _shifted(stride_first=True)),
    )
}

# Only in the secondary comparisons of data/protocol.md, which a table shows: these have no colour
# of their own, and neither the race nor the first study's plans have them.
SECONDARY_ARMS = {
    arm.name: arm
    for arm in (
        Arm("pair-norm", "two 2x2, only BatchNorm between", _in_series(2, norm=True)),
        Arm("pair-relu", "two 2x2, only ReLU between", _in_series(2, activation=True)),
        Arm("3x3-composed-start", "one 3x3 that starts as two 2x2", _starts_composed),
        Arm("3x1-1x3", "one 3x1, then one 1x3", _column_then_row),
    )
}

# The thread's four, without its confounds.
THE_FOUR = [ARMS[name] for name in ("3x3", "2x2", "pair-act", "pair")]


def get_arm(name):
    """The `Arm` of that name. ValueError, with the names to choose from, if there is none."""
    arms = ARMS | SECONDARY_ARMS
    return arms[require_one_of("arm", name, arms)]


def arm_label(name):
    """The label of that arm; its name if this kernel knows none, as in another's record."""
    arms = ARMS | SECONDARY_ARMS
    return arms[name].label if name in arms else name


def check_arm(arm):
    """Raise TypeError if `arm` is not an `Arm`; its name is not enough."""
    if not isinstance(arm, Arm):
        given = repr(arm) if isinstance(arm, str) else f"a {type(arm).__name__}"
        raise TypeError(
            f"This takes an Arm, not {given}: get one by its name with arms.get_arm(name)."
        )
