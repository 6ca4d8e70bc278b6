"""The pairs with a name: what they compose to."""

import pytest
import torch

from lessonlib.algebra import named_kernels
from lessonlib.kernels import compose, embed

BINOMIAL = torch.tensor([1.0, 4, 6, 4, 1], dtype=torch.float64)
SLOPE = torch.tensor([-1.0, -2, 0, 2, 1], dtype=torch.float64)
WANTED = {
    "identity": embed(named_kernels.THREE["identity"], 5, 1, 1),
    "binomial blur": torch.outer(BINOMIAL, BINOMIAL) / 256,
    "box blur": torch.full((5, 5), 1 / 25, dtype=torch.float64),
    "Sobel": torch.outer(BINOMIAL, SLOPE),
}


@pytest.mark.parametrize("name", WANTED)
def test_two_3x3_compose_to_a_named_5x5(name):
    torch.testing.assert_close(compose(*named_kernels.PAIRS_OF_THREE[name]), WANTED[name])


def test_the_blurred_laplacian_cancels():
    assert compose(*named_kernels.PAIRS_OF_THREE["blurred Laplacian"]).sum().abs() < 1e-12


@pytest.mark.parametrize("name", ["Sobel", "binomial blur"])
def test_two_2x2_compose_to_a_named_3x3(name):
    found = compose(*named_kernels.PAIRS[name])
    torch.testing.assert_close(found, named_kernels.THREE[name])
