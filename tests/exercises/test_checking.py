"""What all checkers rest on: random inputs, and the learner's own state."""

import torch

from lessonlib.exercises.checking import Draws
from lessonlib.exercises.kernels import check_correlate
from lessonlib.kernels import correlate


def test_checking_leaves_the_learners_random_numbers_and_inputs_alone():
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)

    def greedy(x, K):
        y = correlate(x, K)
        x.zero_()
        K.zero_()
        return y

    assert check_correlate(greedy).right
    assert torch.equal(torch.randn(3), expected)


def test_draws_are_the_same_each_time():
    assert torch.equal(Draws(3).normal(4), Draws(3).normal(4))
    assert Draws(3).integer(0, 99) == Draws(3).integer(0, 99)
