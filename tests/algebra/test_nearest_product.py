"""nearest_product against alternating least squares, the discriminant and its own symmetries."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.repeats import REPEATS
from lessonlib.algebra.nearest_product import multiplication_table, nearest_product
from lessonlib.kernels import compose


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def als_residual(A, restarts, sweeps):
    """The oracle: the best C for B and the best B for C in turn, from many random starts."""
    taps = (A.shape[-2] // 2 + 1, A.shape[-1] // 2 + 1)
    table = multiplication_table(taps, taps)
    a = A.flatten(1)[:, None, :, None]
    b = randn(len(A), restarts, table.shape[0], seed=7)
    for _ in range(sweeps):
        for _ in range(2):
            M = torch.einsum("nru,uvw->nrwv", b, table)
            b = torch.linalg.solve(M.mT @ M, M.mT @ a)[..., 0]
        # M belongs to the factor before b, so M b is their product
    return (M @ b[..., None] - a).flatten(2).norm(dim=-1).amin(1)


def assert_consistent(A, near):
    composed = torch.stack([compose(B, C) for B, C in zip(near.B, near.C, strict=True)])
    size = A.abs().amax((-2, -1)).clamp_min(1e-300)
    distance = ((A - composed) / size[:, None, None]).flatten(1).norm(dim=1)
    torch.testing.assert_close(distance, near.residual / size, rtol=1e-9, atol=1e-13)
    B_norm = near.B.flatten(1).norm(dim=1)
    C_norm = near.C.flatten(1).norm(dim=1)
    torch.testing.assert_close(B_norm, C_norm, rtol=1e-6, atol=0)


def test_same_optimum_as_forty_restarts():
    A = randn(60, 3, 3)
    near = nearest_product(A)
    assert_consistent(A, near)
    oracle = als_residual(A, restarts=40, sweeps=150)
    assert (near.residual <= oracle + 1e-6).all()
    assert (oracle - near.residual).median() < 1e-6


def test_same_optimum_for_five_by_five():
    A = randn(12, 5, 5)
    near = nearest_product(A)
    assert_consistent(A, near)
    oracle = als_residual(A, restarts=20, sweeps=150)
    assert (near.residual <= oracle + 1e-6).all()


def test_a_turned_or_mirrored_five_by_five_is_as_near():
    """The eight begin at other starts: a local optimum shows. 1,000 by LESSON_REPEATS=125."""
    A = randn(8 * REPEATS, 5, 5, seed=1)
    turned = torch.stack([torch.rot90(A, n, (1, 2)) for n in range(4)])
    residuals = nearest_product(torch.cat([turned, turned.flip(3)])).residual
    assert (residuals[0] <= residuals.amin(0) + 1e-9).all()


def test_survey_of_gaussian_kernels():
    """Against mean .294, median .283, 5-95% .072-.551 of 2,000 others: both samples have errors."""
    relative = nearest_product(randn(4096, 3, 3)).relative
    error = relative.std() * (1 / 2000 + 1 / 4096) ** 0.5
    assert abs(relative.mean() - 0.294) < 3 * error
    assert abs(relative.median() - 0.283) < 3 * 1.25 * error
    low, high = relative.quantile(torch.tensor([0.05, 0.95], dtype=torch.float64))
    assert abs(low - 0.072) < 0.02
    assert abs(high - 0.551) < 0.03
    assert relative.max() < 0.85


def test_one_dimension_follows_the_discriminant():
    A = randn(4000, 1, 3)
    near = nearest_product(A)
    assert near.B.shape == near.C.shape == (4000, 1, 2)
    p, q, r = A[:, 0].unbind(1)
    factors = q * q >= 4 * p * r
    assert torch.equal(near.relative < 1e-7, factors)
    assert abs(factors.double().mean() - 0.6486) < 3 * (0.6486 * 0.3514 / 4000) ** 0.5


@pytest.mark.parametrize("side", [2, 3])
def test_products_are_found_again(side):
    B = randn(120, side, side, seed=1)
    C = randn(120, side, side, seed=2)
    C[:40] = B[:40]  # where the Jacobian loses rank
    C[40:45] = 0
    A = torch.stack([compose(*pair) for pair in zip(B, C, strict=True)])
    near = nearest_product(A)
    assert near.relative.max() < 1e-9
    assert_consistent(A, near)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([1e-300, 1e-150, 1.0, 1e150, 1e300]))
def test_symmetries_and_scale(seed, scale):
    A = randn(3, 3, seed=seed)
    views = torch.stack([A, -A, A.T, A.flip(0), A.flip(1), A.rot90()])
    near = nearest_product(scale * views)
    torch.testing.assert_close(near.relative, near.relative[:1].expand(6), rtol=0, atol=1e-7)
    residual = near.relative * A.norm()
    torch.testing.assert_close(near.residual / scale, residual, rtol=1e-9, atol=1e-14)
    assert_consistent(scale * views, near)


def test_shapes():
    A = randn(4, 5, 3, 3)
    near = nearest_product(A)
    assert near.B.shape == near.C.shape == (4, 5, 2, 2)
    assert near.residual.shape == near.relative.shape == (4, 5)
    alone = nearest_product(A[1, 2])
    assert alone.B.shape == (2, 2)
    assert alone.residual.shape == ()
    torch.testing.assert_close(alone.residual, near.residual[1, 2])
    assert nearest_product(A[:0]).B.shape == (0, 5, 2, 2)
    zero = nearest_product(torch.zeros(3, 3))
    assert not zero.B.any()
    assert not zero.C.any()
    assert zero.residual == zero.relative == 0


@pytest.mark.parametrize(
    "A, error, words",
    [
        ([[1.0] * 3] * 3, TypeError, "floating-point"),
        (torch.zeros(3, 3, dtype=torch.long), TypeError, "int64"),
        (torch.zeros(9), ValueError, "row"),
        (torch.zeros(4, 4), ValueError, "sides 1, 3 or 5"),
        (torch.zeros(8, 7, 7), ValueError, "sides 1, 3 or 5"),
        (torch.full((2, 3, 3), torch.inf), ValueError, r"\[0, 0, 0\]"),
    ],
)
def test_bad_input(A, error, words):
    with pytest.raises(error, match=words):
        nearest_product(A)
