"""Two hidden channels, ranks, gauge, widths and the solver, against compose and its derivative."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.algebra.hidden_width import (
    alternating_factors,
    composition_rank,
    hidden_width,
    two_channel_factors,
    wide_factors,
)
from lessonlib.algebra.nearest_product import multiplication_table
from lessonlib.kernels import compose


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def hard_kernels():
    """100,000 3x3 kernels: Gaussian, rank 1 and 2, products, integers, badly scaled, zero."""
    columns = randn(20_000, 3, 2, seed=1)
    rows = randn(20_000, 2, 3, seed=2)
    columns[:10_000, :, 1] = 0
    squares = torch.stack([compose(B, B) for B in randn(500, 2, 2, seed=3)])
    ternary = torch.tensor(list(product((-1.0, 0, 1), repeat=9))).double().view(-1, 3, 3)
    uneven = randn(10_000, 3, 3, seed=4) * 10 ** (6 * randn(10_000, 3, 3, seed=5))
    tiny = 1e-150 * randn(5000, 3, 3, seed=6)
    huge = 1e150 * randn(5000, 3, 3, seed=7)
    zero = torch.zeros(1, 3, 3)
    kernels = torch.cat([columns @ rows, squares, ternary, uneven, tiny, huge, zero])
    return torch.cat([kernels, randn(100_000 - len(kernels), 3, 3)])


def test_two_channels_are_exact_for_every_kernel():
    A = hard_kernels()
    B, C = two_channel_factors(A)
    assert B.shape == (100_000, 2, 1, 2, 2)
    assert C.shape == (100_000, 1, 2, 2, 2)
    table = multiplication_table((2, 2), (2, 2))
    composed = torch.einsum("nmv,nmu,vuw->nw", B.flatten(2), C.flatten(3)[:, 0], table).view_as(A)
    size = A.abs().amax((1, 2), keepdim=True).clamp_min(1e-300)
    error = ((composed - A) / size).flatten(1).norm(dim=1)
    norm = (A / size).flatten(1).norm(dim=1).clamp_min(1)
    assert (error / norm).max() < 1e-12


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_two_channels_through_compose(seed):
    A = randn(3, 3, seed=seed)
    B, C = two_channel_factors(A)
    assert B.shape == (2, 1, 2, 2)
    assert C.shape == (1, 2, 2, 2)
    torch.testing.assert_close(compose(B, C)[0, 0], A, rtol=0, atol=1e-12)
    assert two_channel_factors(A.expand(4, 5, 3, 3))[0].shape == (4, 5, 2, 1, 2, 2)


@pytest.mark.parametrize(
    "B, C, rank",
    [
        ((2, 2), (2, 2), 7),
        ((3, 3), (3, 3), 17),
        ((1, 2), (1, 2), 3),
        ((2, 2), (3, 3), 12),
        ((2, 1, 2, 2), (1, 2, 2, 2), 9),
        ((2, 1, 3, 3), (1, 2, 3, 3), 25),
        *(((c, c, 2, 2), (c, c, 2, 2), 7 * c * c) for c in (1, 2, 3, 4)),
    ],
)
def test_generic_rank(B, C, rank):
    B = randn(*B)
    C = randn(*C, seed=1)
    found = composition_rank(B, C)
    dB, dC = found.gauge
    assert found.rank == rank
    assert len(dB) == len(dC) == B.numel() + C.numel() - rank
    for b, c in zip(dB, dC, strict=True):  # a gauge move changes A in second order only
        assert (compose(b, C) + compose(B, c)).abs().max() < 1e-12


@pytest.mark.parametrize(
    "B, C",
    [
        ((2, 2), (2, 2)),
        ((1, 3), (2, 2)),
        ((2, 3, 2, 2), (3, 2, 3, 1)),
    ],
)
def test_rank_is_that_of_the_derivative_of_compose(B, C):
    B = randn(*B)
    C = randn(*C, seed=1)
    parts = torch.autograd.functional.jacobian(lambda *pair: compose(*pair).flatten(), (B, C))
    J = torch.cat([part.flatten(1) for part in parts], dim=1)
    assert composition_rank(B, C).rank == torch.linalg.matrix_rank(J)


def test_gauge_of_one_channel_is_scaling():
    B = randn(2, 2)
    C = randn(2, 2, seed=1)
    (dB,), (dC,) = composition_rank(B, C).gauge
    scale = (dB / B)[0, 0].item()
    assert dB / B == pytest.approx(torch.full((2, 2), scale))
    torch.testing.assert_close(dB / B, -dC / C)


def test_rank_drops_where_factors_agree():
    B = randn(2, 2)
    other = randn(2, 2, seed=1)
    zero = torch.zeros(2, 2)
    assert composition_rank(B, B).rank == composition_rank(B, -3 * B).rank == 4
    assert composition_rank(1e-8 * B, 1e8 * other).rank == 7  # badly scaled is not degenerate
    assert composition_rank(B, zero).rank == 4
    assert composition_rank(zero, zero).rank == 0


@pytest.mark.parametrize("k, widths", [(2, [2, 3, 5, 6]), (3, [2, 4, 5, 7])])
def test_smallest_widths(k, widths):
    assert [hidden_width(c, c, k, k) for c in (1, 2, 3, 4)] == widths
    assert hidden_width(1, 8) == hidden_width(8, 1)


@pytest.mark.parametrize(
    "c_out, c_in, k",
    [
        (1, 1, 3),
        (2, 2, 3),
        (3, 3, 3),
        (4, 4, 3),
        (3, 1, 3),
        (2, 2, 5),
    ],
)
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_solver_at_the_smallest_width(c_out, c_in, k, scale):
    A = scale * randn(c_out, c_in, k, k)
    found = wide_factors(A)
    h = (k + 1) // 2
    width = hidden_width(c_in, c_out, h, h)
    assert found.B.shape == (width, c_in, h, h)
    assert found.C.shape == (c_out, width, h, h)
    assert found.relative < 1e-12
    torch.testing.assert_close(compose(found.B, found.C) / scale, A / scale, rtol=0, atol=1e-11)


def test_solver_is_honest_where_the_width_is_too_small():
    A = randn(2, 2, 3, 3)
    found = wide_factors(A, width=2)
    assert found.relative > 0.01
    torch.testing.assert_close(found.residual, (compose(found.B, found.C) - A).norm())


def test_two_channels_reach_five_by_five():
    for seed in range(50):
        A = randn(1, 1, 5, 5, seed=seed)
        assert wide_factors(A, width=2).relative < 1e-12, seed


def test_solver_on_zero():
    found = wide_factors(torch.zeros(2, 2, 3, 3))
    assert found.residual == 0
    assert not found.B.any()
    assert not found.C.any()


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: two_channel_factors([[1.0] * 3] * 3), TypeError, "tensor"),
        (lambda: two_channel_factors(torch.zeros(2, 2)), ValueError, r"\(\.\.\., 3, 3\)"),
        (lambda: two_channel_factors(torch.full((3, 3), torch.nan)), ValueError, "finite"),
        (lambda: composition_rank(torch.ones(2, 2), torch.ones(1, 2, 2, 2)), ValueError, "mid"),
        (
            lambda: composition_rank(torch.ones(3, 1, 2, 2), torch.ones(1, 2, 2, 2)),
            ValueError,
            "mid",
        ),
        (lambda: composition_rank(torch.ones(2, 2), [1]), TypeError, "tensor"),
        (lambda: hidden_width(0, 1), ValueError, "from 1 up"),
        (lambda: hidden_width(1.5, 1), ValueError, "from 1 up"),
        (lambda: wide_factors(torch.ones(3, 3)), ValueError, "out, in"),
        (lambda: wide_factors(torch.ones(1, 1, 2, 2)), ValueError, "odd"),
        (lambda: wide_factors(torch.ones(1, 1, 3, 3), width=0), ValueError, "from 1 up"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("exponent", [-307, -150, -40, -30, -20, 0, 20, 100, 153, 155, 307])
def test_alternating_factors_are_as_near_at_any_scale(exponent):
    A = randn(3, 2, 3, 3)
    scale = 10.0**exponent
    found = alternating_factors(scale * A, 2)
    usual = alternating_factors(A, 2)
    torch.testing.assert_close(found.relative, usual.relative, rtol=1e-6, atol=0)
    torch.testing.assert_close(found.residual / scale, usual.residual, rtol=1e-6, atol=0)
    composed = compose(found.B, found.C) / scale
    torch.testing.assert_close((composed - A).norm(), usual.residual, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_alternating_factors_of_any_precision(dtype):
    A = randn(3, 2, 3, 3).to(dtype)
    found = alternating_factors(A, 2)
    assert found.B.dtype == torch.float32
    oracle = alternating_factors(A.double(), 2).relative
    torch.testing.assert_close(found.relative.double(), oracle, rtol=1e-3, atol=0)
    assert alternating_factors(torch.zeros_like(A), 2).relative == 0
