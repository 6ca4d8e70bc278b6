"""is_product against multiplication, another criterion, and kernels that fool half a test."""

from collections import Counter
from itertools import combinations, compress, product

import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.algebra.factoring import is_product
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.kernels import compose

REAL = {
    "Sobel": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    "Scharr": [[3, 10, 3], [0, 0, 0], [-3, -10, -3]],
    "binomial blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    "delta": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "zero": [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    "corner": [[0, 0, 0], [0, 0, 0], [0, 0, 7]],
    "no leading weights": [[0, 0, 0], [0, 1, 1], [0, 1, 1]],
    "last row zero": [[2, 7, 3], [4, 11, -3], [0, 0, 0]],
    "negative square": [[-1, -2, -1], [-2, -4, -2], [-1, -2, -1]],
    "root of two": [[-2, 0, 0], [0, 0, 0], [0, 0, 1]],
}
COMPLEX = {
    "box": [[1, 1, 1]] * 3,
    "Prewitt": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
    "top edge": [[-1, -1, -1], [1, 1, 1], [0, 0, 0]],
    "identity matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "(1, 0, 1) twice": [[1, 0, 1], [0, 0, 0], [1, 0, 1]],
    "real in x alone": [[1, 0, -1], [0, 0, 0], [1, 0, -1]],
}
NEVER = {
    "Laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "cross": [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
    # (1 + 2x + xy + x^2 y) (1 + y): the discriminant in y is a square, the one in x is not
    "one discriminant": [[1, 1, 0], [2, 3, 1], [0, 1, 1]],
}
VERDICTS = {"real": REAL, "complex": COMPLEX, "never": NEVER}
CASES = [(A, verdict) for verdict, cases in VERDICTS.items() for A in cases.values()]
weights = st.integers(-5, 5)


def square(side):
    return st.lists(st.lists(weights, min_size=side, max_size=side), min_size=side, max_size=side)


def times(B, C):
    """Full convolution of two 2x2 sympy matrices, straight from the nine equations."""
    A = sympy.zeros(3)
    for u, v, i, j in product(range(2), repeat=4):
        A[u + i, v + j] += B[u, v] * C[i, j]
    return A


def assert_factors(A, found):
    if found.answer == "never":
        assert found.B is None
        assert found.C is None
        return
    assert (times(found.B, found.C) - sympy.Matrix(A)).expand() == sympy.zeros(3)
    assert found.answer == "complex" or all(w.is_real for w in [*found.B, *found.C])


def verdict_by_pencil(A):
    """Has the quadratic form G + tQ in (1, y, x, xy) rank 2 at most for some t?"""
    t = sympy.Symbol("t")
    (a, b, c), (d, e, f), (g, h, k) = (map(sympy.Rational, row) for row in A)
    form = sympy.Matrix(
        [
            [2 * a, b, d, t],
            [b, 2 * c, e - t, f],
            [d, e - t, 2 * g, h],
            [t, f, h, 2 * k],
        ]
    )
    common = sympy.Poly(0, t, domain="QQ")
    for rows, columns in product(combinations(range(4), 3), repeat=2):
        minor = form.extract(rows, columns).det(method="berkowitz")
        common = sympy.gcd(common, sympy.Poly(minor, t, domain="QQ"))
        if common.degree() == 0:
            return "never"
    # a real form of rank 2 is a product of real linear forms unless it is definite
    for root in sympy.real_roots(common):
        at_root = form.subs(t, root).evalf().tolist()
        values = torch.linalg.eigvalsh(torch.tensor(at_root, dtype=torch.float64))
        if (values > 1e-6).sum() <= 1 and (values < -1e-6).sum() <= 1:
            return "real"
    return "complex"


@pytest.mark.parametrize("A, verdict", CASES, ids=[*REAL, *COMPLEX, *NEVER])
def test_named_and_degenerate_kernels(A, verdict):
    found = is_product(A)
    assert found.answer == verdict
    assert_factors(A, found)
    assert is_product(sympy.Matrix(A)).answer == is_product(torch.tensor(A)).answer == verdict
    floats = torch.tensor(A, dtype=torch.float64)
    for scale in (1.0, 1e-150, 1e150):
        found = is_product(scale * floats)
        assert found.answer == verdict
        if found.B is not None:
            B = found.B / scale**0.5
            C = found.C / scale**0.5
            assert B.dtype == (torch.float64 if verdict == "real" else torch.complex128)
            torch.testing.assert_close(convolved(B, C), floats.to(B.dtype), rtol=0, atol=1e-8)


def convolved(B, C):
    A = torch.zeros(3, 3, dtype=B.dtype)
    for u, v in product(range(2), repeat=2):
        A[u : u + 2, v : v + 2] += B[u, v] * C
    return A


@pytest.mark.parametrize("values, counts", [((0, 1), (62, 28)), ((-1, 0, 1), (852, 190))])
def test_how_many_small_kernels_factor(values, counts):
    kernels = [w for w in product(values, repeat=9) if any(w)]
    # A factors as -A does, so one of them is enough: that with a first weight above 0
    halves = [w for w in kernels if next(filter(None, w)) > 0]
    found = Counter()
    for w in halves:
        A = [w[:3], w[3:6], w[6:]]
        answer = is_product(A)
        assert_factors(A, answer)
        found[answer.answer] += len(kernels) // len(halves)
    assert (found["real"], found["complex"]) == counts
    assert found.total() == len(kernels)


def test_agrees_with_the_pencil_on_every_zero_one_kernel():
    for w in product((0, 1), repeat=9):
        A = [w[:3], w[3:6], w[6:]]
        assert is_product(A).answer == verdict_by_pencil(A), A


@settings(max_examples=60)
@given(square(2), square(2), st.integers(0, 8), weights)
def test_products_and_their_neighbours(B, C, place, change):
    A = times(sympy.Matrix(B), sympy.Matrix(C) / 3)
    found = is_product(A)
    assert found.answer == "real"
    assert_factors(A, found)
    A[place] += change
    found = is_product(A)
    assert_factors(A, found)
    assert found.answer == verdict_by_pencil(A.tolist())


@settings(max_examples=40)
@given(square(2), square(2), st.sampled_from([2, 3, -1, -3]))
def test_conjugate_factors(B, C, radicand):
    B = sympy.Matrix(B)
    C = sympy.Matrix(C) * sympy.sqrt(radicand)
    A = times(B + C, B - C).expand()
    found = is_product(A)
    assert_factors(A, found)
    assert found.answer == "real" or radicand < 0 and found.answer == "complex"


@settings(max_examples=60)
@given(square(3))
def test_agrees_with_factoring_over_the_rationals(A):
    """Real if sympy splits A into degrees (1, 1), never with a factor of (2, 1) or (1, 2)."""
    x, y = sympy.symbols("x y")
    places = product(range(3), repeat=2)
    terms = [A[i][j] * x**i * y**j for i, j in places]
    polynomial = sympy.Poly(sum(terms), x, y)
    if polynomial.is_zero:
        return
    degrees = []
    for part, power in polynomial.factor_list()[1]:
        degrees += power * [(part.degree(x), part.degree(y))]
    splits = []
    for chosen in product((True, False), repeat=len(degrees)):
        others = [not taken for taken in chosen]
        splits.append(fits(compress(degrees, chosen)) and fits(compress(degrees, others)))
    verdict = is_product(A).answer
    if any(splits):
        assert verdict == "real"
    elif (2, 1) in degrees or (1, 2) in degrees:
        assert verdict == "never"


def fits(degrees):
    """Whether a product of factors with these degrees (in x, in y) has degree (1, 1) at most."""
    return all(sum(axis) <= 1 for axis in zip((0, 0), *degrees))


@pytest.mark.parametrize("closeness", [1, 1e-3, 1e-5, 1e-8, 0])
def test_floating_point_products_near_and_far_from_a_double_root(closeness):
    random = torch.Generator().manual_seed(1)
    for _ in range(20):
        B, step = torch.randn(2, 2, 2, dtype=torch.float64, generator=random)
        A = compose(B, B + closeness * step)
        found = is_product(A)
        assert found.answer == "real"
        assert (compose(found.B, found.C) - A).norm() <= 1e-9 * A.norm()
        noise = torch.randn(3, 3, dtype=torch.float64, generator=random)
        assert is_product(A + 1e-4 * A.norm() * noise).answer == "never"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("decimals", [True, False], ids=["decimals", "normal"])
def test_a_product_in_any_precision_is_one(dtype, decimals):
    random = torch.Generator().manual_seed(2)
    for _ in range(50):
        factors = torch.randn(2, 2, 2, generator=random)
        B, C = (factors.round(decimals=1) if decimals else factors).to(dtype)
        found = is_product(compose(B, C))
        assert found.answer == "real"
        error = (compose(found.B, found.C) - compose(B, C).double()).norm()
        assert error <= 4 * torch.finfo(dtype).eps * compose(B, C).double().norm()


def test_other_kernels_are_none_in_any_precision():
    for A in torch.randn(12, 3, 3, generator=torch.Generator().manual_seed(3)):
        distance = nearest_product(A).relative
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            near = distance < 8 * torch.finfo(dtype).eps
            assert near or is_product(A.to(dtype)).answer == "never"


def test_its_truth_is_its_verdict():
    for A, verdict in CASES:
        assert bool(is_product(A)) == (verdict == "real")


def test_tolerance_is_a_relative_distance():
    B = torch.tensor([[1.0, 2], [3, 5]])
    C = torch.tensor([[2.0, -1], [1, 4]])
    A = compose(B, C)
    assert is_product(A).answer == is_product(A.float()).answer == "real"
    A[1, 1] += 1e-3 * A.norm()
    assert is_product(A).answer == "never"
    assert is_product(A, tolerance=1e-2).answer == "real"


@pytest.mark.parametrize(
    "A, error, words",
    [
        ("Sobel", TypeError, "nested lists"),
        ([[0.5, 1, 1]] * 3, TypeError, "float tensor"),
        ([["1", 1, 1]] * 3, TypeError, "rationals only"),
        (torch.zeros(3, 3, dtype=torch.complex64), TypeError, "rationals only"),
        (sympy.Matrix(3, 3, [sympy.pi] * 9), TypeError, "rationals only"),
        ([[1, 1], [1, 1]], ValueError, "3x3"),
        ([1] * 9, ValueError, "3x3"),
        (torch.zeros(2, 3, 3), ValueError, "3x3"),
        (torch.full((3, 3), torch.nan), ValueError, "finite"),
    ],
)
def test_bad_input(A, error, words):
    with pytest.raises(error, match=words):
        is_product(A)
