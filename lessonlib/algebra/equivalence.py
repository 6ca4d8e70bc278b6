"""What may stand between two convolutions, and whether one can replace them. Needs torch only.

A first kernel B (mid, in, k, k), a second kernel C (out, mid, k, k), and between them a bias, a
BatchNorm and a ReLU, each of which may be there or not. `merged` is the one convolution that
algebra puts in their place; `compare` tells where it differs from them on the same photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import torch
import torch.nn.functional as F

from lessonlib.checks import require_int, require_one_of, require_type
from lessonlib.kernels import compose, correlate, four_sides

__all__ = ["PADDINGS", "STRIDES", "Switches", "Pair", "OutputDifference"]
__all__ += ["random_pair", "two_steps", "one_step", "merged", "compare", "border_share", "reasons"]

# Zeros before the first and before the second 2x2, each (left, right, top, bottom). The one 3x3
# pads their sum. "each" pads left and top last: the other way, a stride of 2 would skip the wrong
# outputs at the right and the bottom of an even photo.
PADDINGS = {
    "first": ((1, 1, 1, 1), (0, 0, 0, 0)),
    "second": ((0, 0, 0, 0), (1, 1, 1, 1)),
    "each": ((0, 1, 0, 1), (1, 0, 1, 0)),
    "2019": ((1, 0, 1, 0), (1, 0, 1, 0)),
}
STRIDES = {"none": (1, 1), "second": (1, 2), "first": (2, 1)}
EPSILON = 1e-5  # added to the variance, the default of torch's BatchNorm


@dataclass(frozen=True)
class Switches:
    """What the pair has.

    norm: BatchNorm, 'none', 'eval' or 'train'; padding, stride: keys of PADDINGS and STRIDES.
    Raises ValueError for another word, TypeError if relu or bias is neither True nor False.
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
    """The weights of two convolutions and of what may stand between them.

    B (mid, in, k, k) and C (out, mid, k, k); bias, gain and offset (mid,), the last two those of
    BatchNorm.
    """

    B: torch.Tensor
    C: torch.Tensor
    bias: torch.Tensor
    gain: torch.Tensor
    offset: torch.Tensor


def random_pair(c_in: int = 3, hidden: int = 8, c_out: int = 8, k: int = 2, seed: int = 0) -> Pair:
    """A pair with fixed random float64 weights, scaled to keep the size of numbers at each step.

    Raises ValueError unless all are whole numbers, the sizes at least 1 and the seed at least 0.
    """
    require_int("random_pair", c_in=c_in, hidden=hidden, c_out=c_out, k=k)
    require_int("random_pair", 0, seed=seed)
    random = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=random, dtype=torch.float64)

    B = normal(hidden, c_in, k, k) / (c_in * k * k) ** 0.5
    C = normal(c_out, hidden, k, k) / (hidden * k * k) ** 0.5
    bias, offset = 0.5 * normal(2, hidden)
    gain = 0.5 + normal(hidden).abs()
    return Pair(B, C, bias, gain, offset)


def two_steps(
    pair: Pair, x: torch.Tensor, switches: Switches, seen: torch.Tensor | None = None
) -> torch.Tensor:
    """The pair as it is: photos x (n, in, h, w) become (n, out, h', w').

    seen: photos (m, in, h, w) whose mean and variance a BatchNorm in eval uses; a BatchNorm in
    train takes those of x itself.
    Raises TypeError if pair is not a Pair or switches not Switches, ValueError if shapes do not
    fit or BatchNorm gets too few numbers.
    """
    require_type("two_steps", Pair, pair=pair)
    require_type("two_steps", Switches, switches=switches)
    padding_first, padding_second = PADDINGS[switches.padding]
    stride_first, stride_second = STRIDES[switches.stride]
    y = _first_step(pair, x, switches, padding_first, stride_first)
    if switches.norm == "train":
        _check_batch(y)
        y = F.batch_norm(y, None, None, pair.gain, pair.offset, training=True, eps=EPSILON)
    if switches.norm == "eval":
        mean, variance = _statistics(pair, seen, switches)
        y = F.batch_norm(y, mean, variance, pair.gain, pair.offset, eps=EPSILON)
    if switches.relu:
        y = y.relu()
    return correlate(y, pair.C, stride_second, padding_second)


def one_step(
    pair: Pair, x: torch.Tensor, switches: Switches, seen: torch.Tensor | None = None
) -> torch.Tensor:
    """The merged convolution on photos x (n, in, h, w), with the padding and stride of both steps.

    Raises as `two_steps`.
    """
    A, a = merged(pair, switches, seen)
    padding = _sum_of_sides(*PADDINGS[switches.padding])
    stride = prod(STRIDES[switches.stride])
    return correlate(x, A, stride, padding) + a[:, None, None]


def merged(
    pair: Pair, switches: Switches, seen: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Kernel A (out, in, 2k-1, 2k-1) and bias a (out,) of the one convolution, by algebra.

    A BatchNorm with fixed statistics multiplies and shifts each channel, so it goes into B and
    its bias. No kernel can stand for a BatchNorm in train or a ReLU: the first is merged with the
    statistics of `seen`, the second left out. Raises as `two_steps`.
    """
    require_type("merged", Pair, pair=pair)
    require_type("merged", Switches, switches=switches)
    B = pair.B
    b = pair.bias if switches.bias else torch.zeros_like(pair.bias)
    if switches.norm != "none":
        mean, variance = _statistics(pair, seen, switches)
        scale = pair.gain / (variance + EPSILON).sqrt()
        B = scale[:, None, None, None] * B
        b = scale * (b - mean) + pair.offset
    A = compose(B, pair.C)
    a = torch.einsum("omuv,m->o", pair.C, b)
    return A, a


class OutputDifference(NamedTuple):
    """How far the outputs of one way are from those of the other.

    where: (h, w), the largest error at each position.
    wrong: the share of positions with an error, from 0 to 1.
    largest, typical: the largest and the median error of all outputs.
    size: the root mean square of the outputs.
    """

    where: torch.Tensor
    wrong: float
    largest: float
    typical: float
    size: float


def compare(two: torch.Tensor, one: torch.Tensor) -> OutputDifference:
    """How outputs (n, out, h, w) of two ways differ, on the rows and columns that both have.

    Raises TypeError if either is not a tensor, ValueError if they are empty or not of the same
    photos.
    """
    _check_outputs(two, one)
    h = min(two.shape[-2], one.shape[-2])
    w = min(two.shape[-1], one.shape[-1])
    error = (two[..., :h, :w] - one[..., :h, :w]).abs()
    size = one.square().mean().sqrt().item()
    where = error.flatten(0, -3).amax(0)
    wrong = (where > 1e-10 * size).double().mean().item()
    return OutputDifference(where, wrong, where.max().item(), error.median().item(), size)


def border_share(
    n: int,
    k: int,
    first: int | tuple[int, int, int, int],
    second: int | tuple[int, int, int, int],
    bias: bool = False,
) -> float:
    """The share of outputs, 0 to 1, at which a random pair differs from its merged kernel.

    Two k x k kernels in series on one channel of n x n pixels, padded by `first` and `second`, each
    as `correlate` takes it; the merged one pads their sum. Raises ValueError as `correlate`.
    """
    require_int("border_share", n=n, k=k)
    pair = random_pair(1, 1, 1, k)
    x = torch.randn(1, 1, n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    b = pair.bias[:, None, None] if bias else 0
    middle = correlate(x, pair.B, padding=first) + b
    two = correlate(middle, pair.C, padding=second)
    A = compose(pair.B, pair.C)
    one = correlate(x, A, padding=_sum_of_sides(first, second)) + b * pair.C.sum()
    return compare(two, one).wrong


def reasons(switches: Switches) -> tuple[str, ...]:
    """Why the pair is no single 3x3, one sentence each.

    Empty if it is one, up to rounding, on every photo. Raises TypeError if switches is not
    Switches.
    """
    require_type("reasons", Switches, switches=switches)
    return tuple(_reasons(switches))


def _reasons(switches: Switches) -> Iterator[str]:
    if switches.relu:
        yield "The ReLU sets the negative numbers in the middle to 0, and no kernel does that."
    if switches.norm == "train":
        yield (
            "BatchNorm in training uses the mean and variance of the photos at hand, "
            "so it is a different kernel for different photos."
        )
    if switches.padding == "second":
        yield (
            "All of the padding stands in the middle: "
            "its zeros replace what the first kernel makes of the border."
        )
    if switches.padding == "each":
        yield (
            "Some of the padding stands in the middle: "
            "its zeros replace what the first kernel makes of the border."
        )
    if switches.padding == "2019" and (switches.bias or switches.norm != "none"):
        yield (
            "The second step pads zeros, "
            "but past the border the first one gives its bias or BatchNorm's shift, not 0."
        )
    if switches.stride == "first":
        yield (
            "The first step leaves out every second number of the middle, "
            "so the pair sees a 4x4 window, not a 3x3."
        )


def _first_step(pair, x, switches, padding, stride):
    y = correlate(x, pair.B, stride, padding)
    return y + pair.bias[:, None, None] if switches.bias else y


def _statistics(pair, seen, switches):
    """Mean and variance (mid,) after the first step on the photos that BatchNorm has seen."""
    _check_seen(seen)
    y = _first_step(pair, seen, switches, 0, 1)
    variance, mean = torch.var_mean(y, (0, 2, 3))
    return mean, variance


def _sum_of_sides(first, second):
    return tuple(a + b for a, b in zip(four_sides(first), four_sides(second)))


def _check_batch(y):
    if y.numel() // y.shape[1] < 2:
        raise ValueError(
            "BatchNorm in training needs two numbers per channel, "
            f"{tuple(y.shape)} has fewer: give more photos."
        )


def _check_seen(seen):
    if seen is None or not len(seen):
        raise ValueError(
            "BatchNorm needs `seen`, the photos (n, in, h, w) whose mean and variance it uses."
        )


def _check_outputs(two, one):
    require_type("compare", torch.Tensor, two=two, one=one)
    if two.shape[:-2] != one.shape[:-2] or not two.numel():
        raise ValueError(
            "compare takes outputs of the same photos; "
            f"got {tuple(two.shape)} and {tuple(one.shape)}."
        )
