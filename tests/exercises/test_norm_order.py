"""Answers to the checkers of norm_order: BatchNorm and ReLU, BatchNorm and a pool."""

import torch
import torch.nn.functional as F

from helpers.checkers import checker_tests
from lessonlib.algebra.norm_order import norm_and_relu
from lessonlib.exercises import norm_order
from lessonlib.exercises.norm_order import check_block, check_exchange


def ordered(y, norm_first, over=(0, 2, 3), correction=0, eps=1e-5, root=torch.sqrt):
    y = y if norm_first else F.relu(y)
    mean = y.mean(over, keepdim=True)
    var = y.var(over, correction=correction, keepdim=True)
    y = (y - mean) / root(var + eps)
    return F.relu(y) if norm_first else y


def ordered_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: ordered(*case, **change)


def exchanged(pool, training, gamma):
    return gamma == 0 or not training and (pool != "max" or gamma > 0)


TestCheckers = checker_tests(
    norm_order,
    {
        check_block: [ordered, lambda y, first: list(norm_and_relu(y, first).values())[-1]],
        check_exchange: [exchanged],
    },
    {
        check_block: {
            "The order is reversed": lambda y, first: ordered(y, not first),
            "You always normalise first": lambda y, first: ordered(y, True),
            "You always cut first": lambda y, first: ordered(y, False),
            "The ReLU is missing": lambda y, first: F.batch_norm(y, None, None, training=True),
            "Each channel has its own": ordered_with(over=(0, 1, 2, 3)),
            "All photos of the batch count together": ordered_with(over=(2, 3)),
            "not by one less": ordered_with(correction=1),
            "You forget eps": ordered_with(eps=0),
            "Divide by the root": ordered_with(root=lambda var: var),
        },
        check_exchange: {
            "another": lambda pool, training, gamma: gamma == 0 or not training,
            "before the pool as after it": (
                lambda pool, training, gamma: not training and (pool != "max" or gamma > 0)
            ),
            "only beta: then even": (
                lambda pool, training, gamma: not training and (pool != "max" or gamma >= 0)
            ),
            "those of the numbers at hand": (
                lambda pool, training, gamma: exchanged(pool, False, gamma)
            ),
            "Only the maxpool looks": (
                lambda pool, training, gamma: gamma == 0 or not training and gamma > 0
            ),
            "Only gamma's sign": (
                lambda pool, training, gamma: gamma == 0 or not training and pool != "max"
            ),
            "Reversed": lambda *case: not exchanged(*case),
            "the same for every input": lambda *case: True,
        },
    },
)
