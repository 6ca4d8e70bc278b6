"""Checkers of notebook 07: BatchNorm and ReLU in either order, and BatchNorm and a pool."""

from itertools import product

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_block", "check_exchange"]

EPS = 1e-5

POOLS = {  # 2x2, with stride 2
    "max": lambda y: F.max_pool2d(y, 2),
    "average": lambda y: F.avg_pool2d(y, 2),
    "every second": lambda y: y[..., ::2, ::2],
}


@checker
def check_block(answer):
    """`answer(y, norm_first)` is ReLU and BatchNorm in training on y (n, c, h, w).

    In either order, without gain and offset.
    """
    draw = Draws()
    cases = [(draw.normal(2, 3, 4, 5), True), (draw.normal(2, 3, 4, 5), False)]
    for norm_first in (True, False, True):
        shape = draw.integers((2, 4), (2, 4), (2, 5), (2, 5))
        cases.append((draw.normal(*shape) + 1, norm_first))
        cases.append((1e-2 * draw.normal(*shape), norm_first))  # so small that eps can be seen
    mistakes = {
        "The order is reversed: norm_first means BatchNorm, then ReLU.": (
            lambda y, norm_first: _block()(y, not norm_first)
        ),
        "You always normalise first: without norm_first the ReLU comes first.": (
            lambda y, norm_first: _block()(y, True)
        ),
        "You always cut first: with norm_first the ReLU comes last.": (
            lambda y, norm_first: _block()(y, False)
        ),
        "The ReLU is missing.": lambda y, norm_first: _norm(y),
        "Each channel has its own mean and variance: leave the dimension 1 out.": (
            _block(over=(0, 1, 2, 3))
        ),
        "All photos of the batch count together: take the dimension 0, too.": _block(over=(2, 3)),
        "BatchNorm divides by the number of numbers, not by one less: correction=0.": (
            _block(correction=1)
        ),
        "You forget eps, which keeps a channel without variance from a division by 0.": (
            _block(eps=0)
        ),
        "Divide by the root of the variance.": _block(power=1),
    }
    try_on(answer, cases, _torch_block, mistakes)
    return "one order ends at 0 from below, the other around 0."


@checker
def check_exchange(answer):
    """`answer(pool, training, gamma)` says whether BatchNorm and a pool may be exchanged.

    pool: a key of POOLS; gamma: the gain of every channel. True if it holds for every input.
    """
    cases = list(product(POOLS, (False, True), (-2.0, -0.5, 0.0, 0.5, 2.0)))
    mistakes = {
        "A negative gamma turns the largest number into the smallest: "
        "then the maxpool chooses another.": _rule(maxpool=lambda gamma: True),
        "With gamma 0 BatchNorm gives beta everywhere, "
        "before the pool as after it, in training too.": (
            _rule(maxpool=lambda gamma: gamma > 0, training=lambda gamma: False)
        ),
        "With gamma 0 nothing of the batch is left, only beta: "
        "then even training changes nothing.": _rule(training=lambda gamma: False),
        "In training the mean and the variance are those of the numbers at hand, "
        "and a pool changes which these are.": (
            lambda pool, training, gamma: _rule()(pool, False, gamma)
        ),
        "Only the maxpool looks at the order of numbers: "
        "a mean, or every second one, takes a negative gamma too.": (
            _rule(others=lambda gamma: gamma >= 0)
        ),
        "Only gamma's sign matters to a maxpool: "
        "with fixed statistics a positive one keeps the largest the largest.": (
            _rule(maxpool=lambda gamma: gamma == 0)
        ),
        "Reversed: say True where they may be exchanged.": lambda *case: not _rule()(*case),
    }
    try_on(answer, cases, _measured_exchange, mistakes)
    return f"measured for all {len(cases)} cases."


def _norm(y, over=(0, 2, 3), eps=EPS, correction=0, power=0.5):
    mean = y.mean(over, keepdim=True)
    var = y.var(over, correction=correction, keepdim=True)
    return (y - mean) / (var + eps) ** power


def _block(**norm):
    """The formula, with the arguments of `_norm`."""

    def block(y, norm_first):
        return _norm(y, **norm).relu() if norm_first else _norm(y.relu(), **norm)

    return block


def _rule(
    maxpool=lambda gamma: gamma >= 0,
    others=lambda gamma: True,
    training=lambda gamma: gamma == 0,
):
    """The rule: for which gamma, in eval with a maxpool, with the other pools, in training."""

    def rule(pool, in_training, gamma):
        if in_training:
            return training(gamma)
        return maxpool(gamma) if pool == "max" else others(gamma)

    return rule


def _torch_block(y, norm_first):
    if norm_first:
        return F.batch_norm(y, None, None, training=True, eps=EPS).relu()
    return F.batch_norm(y.relu(), None, None, training=True, eps=EPS)


def _measured_exchange(pool, training, gamma):
    draw = Draws()
    y = draw.normal(4, 3, 8, 8)
    mean = draw.normal(3)
    var = draw.normal(3).square() + 0.5
    gain = torch.full_like(mean, gamma)
    offset = torch.full_like(mean, 0.3)

    def norm(y):
        if training:
            return F.batch_norm(y, None, None, gain, offset, training=True)
        return F.batch_norm(y, mean, var, gain, offset)

    pooled_first = norm(POOLS[pool](y))
    return torch.allclose(pooled_first, POOLS[pool](norm(y)), atol=1e-12)
