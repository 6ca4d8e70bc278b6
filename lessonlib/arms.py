"""What may stand in for a 3x3 convolution: the arms of the thread, each a record that builds the layers.

The rule that keeps a linear pair exactly a 3x3, borders included: all padding on the first convolution,
all stride on the last.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

__all__ = ["Arm", "ARMS", "arm"]


@dataclass(frozen=True)
class Arm:
    """name: short and unique, kept in recorded runs; label: for people;
    build(channels_in, channels_out, stride): a module that maps `(n, channels_in, h, w)` to what a 3x3
    convolution with padding 1 and that stride would give, `(n, channels_out, ceil(h/stride), ceil(w/stride))`.
    """

    name: str
    label: str
    build: Callable[[int, int, int], nn.Module]


def _three(channels_in, channels_out, stride):
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)


def _one_two(channels_in, channels_out, stride):
    # a 3x3 with padding 1 whose last row and column are zero
    return nn.Sequential(nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(channels_in, channels_out, 2, stride, bias=False))


def _pair(channels_in, channels_out, stride, *between):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 2, padding=1, bias=False),
        *between,
        nn.Conv2d(channels_out, channels_out, 2, stride, bias=False),
    )


def _pair_with_activation(channels_in, channels_out, stride):
    return _pair(channels_in, channels_out, stride, nn.BatchNorm2d(channels_out), nn.ReLU())


ARMS = {
    a.name: a
    for a in (
        Arm("3x3", "one 3x3", _three),
        Arm("2x2", "one 2x2", _one_two),
        Arm("pair-act", "two 2x2, activation after each", _pair_with_activation),
        Arm("pair", "two 2x2, activation after the second", _pair),
    )
}


def arm(name):
    """The arm of that name. Raises ValueError with the names there are."""
    if name not in ARMS:
        raise ValueError(f"There is no arm {name!r}; choose one of {', '.join(ARMS)}.")
    return ARMS[name]
