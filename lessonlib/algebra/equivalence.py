"""What stands between two convolutions, and whether one can still replace them. Needs torch only.

A first kernel B (mid, in, k, k) with a bias, a BatchNorm, a ReLU, a second kernel C (out, mid, k, k): each may be there or
not. The one convolution that should do the same is merged by algebra, and both are applied to the same photos.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F

from lessonlib.checks import require_int, require_one_of, require_type
from lessonlib.kernels import compose, correlate, four_sides

__all__ = ["PADDINGS", "STRIDES", "Switches", "Pair", "OutputDifference"]
__all__ += ["random_pair", "two_steps", "one_step", "merged", "compare", "border_share", "reasons"]

# Zeros before the first and before the second 2x2, each (left, right, top, bottom); their sum is what the 3x3 pads.
# "each" pads left and top last: a stride of 2 would skip the wrong outputs at the right and the bottom of an even photo.
PADDINGS = {
    "first": ((1, 1, 1, 1), (0, 0, 0, 0)),
    "second": ((0, 0, 0, 0), (1, 1, 1, 1)),
    "each": ((0, 1, 0, 1), (1, 0, 1, 0)),
    "2019": ((1, 0, 1, 0), (1, 0, 1, 0)),
}
STRIDES = {"none": (1, 1), "second": (1, 2), "first": (2, 1)}


@dataclass(frozen=True)
class Switches:
    """What the pair has. norm: 'none', 'eval' or 'train'; padding, stride: keys of PADDINGS and STRIDES, else ValueError.

    TypeError where relu or bias is neither True nor False.
    """

    relu: bool = False
    norm: str = "none"
    bias: bool = False
    padding: str = "first"
    stride: str = "none"

    def __post_init__(self):
        require_one_of("norm", self.norm, ("none", "eval", "train"))
        require_one_of("padding", self.padding, PADDINGS)
        require_one_of("stride", self.stride, STRIDES)
        require_type("Switches", bool, relu=self.relu, bias=self.bias)


class Pair(NamedTuple):
    """Weights of two convolutions, B (mid, in, k, k), C (out, mid, k, k), and of what may stand between, each (mid,)."""

    B: torch.Tensor
    C: torch.Tensor
    bias: torch.Tensor
    gain: torch.Tensor
    offset: torch.Tensor


def random_pair(c_in=3, hidden=8, c_out=8, k=2, seed=0):
    """A pair with fixed random float64 weights, scaled so that the numbers keep their size from step to step."""
    require_int("random_pair", c_in=c_in, hidden=hidden, c_out=c_out, k=k)
    require_int("random_pair", 0, seed=seed)
    random = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=random, dtype=torch.float64)

    B, C = (normal(o, i, k, k) / (i * k * k) ** 0.5 for o, i in ((hidden, c_in), (c_out, hidden)))
    bias, offset = 0.5 * normal(2, hidden)
    return Pair(B, C, bias, 0.5 + normal(hidden).abs(), offset)


def two_steps(pair, x, switches, seen=None):
    """The pair as it is: photos x (n, in, h, w) become (n, out, h', w').

    seen: photos (m, in, h, w) whose mean and variance a BatchNorm in eval uses; one in train takes those of x itself.
    Raises TypeError for what is no Pair or no Switches, ValueError where shapes do not fit or BatchNorm has too few numbers.
    """
    require_type("two_steps", Pair, pair=pair)
    require_type("two_steps", Switches, switches=switches)
    (before_first, before_second), (first, second) = (
        PADDINGS[switches.padding],
        STRIDES[switches.stride],
    )
    y = _first_step(pair, x, switches, before_first, first)
    if switches.norm == "train":
        if y.numel() // y.shape[1] < 2:
            raise ValueError(
                f"BatchNorm in training needs two numbers a channel, {tuple(y.shape)} has less: give more photos."
            )
        y = F.batch_norm(y, None, None, pair.gain, pair.offset, training=True)
    if switches.norm == "eval":
        y = F.batch_norm(y, *_statistics(pair, seen, switches), pair.gain, pair.offset)
    if switches.relu:
        y = y.relu()
    return correlate(y, pair.C, second, before_second)


def one_step(pair, x, switches, seen=None):
    """The merged convolution on photos x (n, in, h, w), padding and stride of both steps together. Raises as `two_steps`."""
    A, a = merged(pair, switches, seen)
    (left, right, top, bottom), (first, second) = (
        map(sum, zip(*PADDINGS[switches.padding])),
        STRIDES[switches.stride],
    )
    return correlate(x, A, first * second, (left, right, top, bottom)) + a[:, None, None]


def merged(pair, switches, seen=None):
    """Kernel A (out, in, 2k-1, 2k-1) and bias a (out,) of the one convolution, as algebra has it.

    A BatchNorm with fixed statistics multiplies and shifts each channel, so it goes into B and its bias. One in train has
    none, and is merged with those of `seen`; a ReLU is left out. No kernel can do either. Raises as `two_steps`.
    """
    require_type("merged", Pair, pair=pair)
    require_type("merged", Switches, switches=switches)
    B, b = pair.B, pair.bias if switches.bias else torch.zeros_like(pair.bias)
    if switches.norm != "none":
        mean, variance = _statistics(pair, seen, switches)
        scale = pair.gain / (variance + 1e-5).sqrt()
        B, b = scale[:, None, None, None] * B, scale * (b - mean) + pair.offset
    return compose(B, pair.C), torch.einsum("omuv,m->o", pair.C, b)


class OutputDifference(NamedTuple):
    """`where` (h, w): the largest error at each position. `wrong`: the share of positions with one, from 0 to 1.

    `largest` and `typical`: the largest and the median error of all outputs; `size`: the root mean square of the outputs.
    """

    where: torch.Tensor
    wrong: float
    largest: float
    typical: float
    size: float


def compare(two, one):
    """How outputs (n, out, h, w) of two ways differ; where one of them has more rows or columns, on those that both have.

    Raises TypeError for what is no tensor, ValueError for outputs of different photos, or of none.
    """
    require_type("compare", torch.Tensor, two=two, one=one)
    if two.shape[:-2] != one.shape[:-2] or not two.numel():
        raise ValueError(
            f"compare takes outputs of the same photos; got {tuple(two.shape)} and {tuple(one.shape)}."
        )
    h, w = (min(two.shape[side], one.shape[side]) for side in (-2, -1))
    error, size = (two[..., :h, :w] - one[..., :h, :w]).abs(), one.square().mean().sqrt().item()
    where = error.flatten(0, -3).amax(0)
    wrong = (where > 1e-10 * size).double().mean().item()
    return OutputDifference(where, wrong, where.max().item(), error.median().item(), size)


def border_share(n, k, first, second, bias=False):
    """The share of n x n outputs, 0 to 1, at which two random k x k kernels differ from the one merged from them.

    first, second: the padding of each, as `correlate` takes it; the merged one pads their sum. ValueError as there.
    """
    require_int("border_share", n=n, k=k)
    pair = random_pair(1, 1, 1, k)
    x = torch.randn(1, 1, n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    b = pair.bias[:, None, None] if bias else 0
    two = correlate(correlate(x, pair.B, padding=first) + b, pair.C, padding=second)
    both = tuple(map(sum, zip(four_sides(first), four_sides(second))))
    one = correlate(x, compose(pair.B, pair.C), padding=both) + b * pair.C.sum()
    return compare(two, one).wrong


def reasons(switches):
    """Why the pair is no single 3x3, a sentence each; an empty tuple where it is one, up to rounding, on every photo.

    TypeError for what is no Switches.
    """
    require_type("reasons", Switches, switches=switches)
    shifts = switches.bias or switches.norm != "none"
    found = {
        "The ReLU sets the negative numbers in the middle to 0, and no kernel does that.": switches.relu,
        "BatchNorm in training uses the mean and variance of the photos at hand, so it is a different kernel for "
        "different photos.": switches.norm == "train",
        "All of the padding stands in the middle: its zeros replace what the first kernel makes of the "
        "border.": switches.padding == "second",
        "Some of the padding stands in the middle: its zeros replace what the first kernel makes of the "
        "border.": switches.padding == "each",
        "The second step pads zeros, but past the border the first one gives its bias or BatchNorm's shift, not "
        "0.": switches.padding == "2019" and shifts,
        "The first step leaves out every second number of the middle, so the pair sees a 4x4 window, not a "
        "3x3.": switches.stride == "first",
    }
    return tuple(sentence for sentence, holds in found.items() if holds)


def _first_step(pair, x, switches, padding, stride):
    y = correlate(x, pair.B, stride, padding)
    return y + pair.bias[:, None, None] if switches.bias else y


def _statistics(pair, seen, switches):
    """Mean and variance (mid,) after the first step on the photos that BatchNorm has seen."""
    if seen is None or not len(seen):
        raise ValueError(
            "BatchNorm needs `seen`, the photos (n, in, h, w) whose mean and variance it takes when merged."
        )
    variance, mean = torch.var_mean(_first_step(pair, seen, switches, 0, 1), (0, 2, 3))
    return mean, variance
