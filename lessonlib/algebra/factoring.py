"""Is a 3x3 kernel two 2x2 kernels in series? An exact answer, and the two. Needs torch and sympy.

Read a kernel as the polynomial A(x, y) = sum of A[i][j] x^i y^j. For one channel, composing
kernels multiplies their polynomials, so splitting a 3x3 kernel into two 2x2 means factoring A into
two polynomials of degree (1, 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from numbers import Rational, Real

import sympy
import torch

from lessonlib.algebra.nearest_product import (
    check_weights,
    multiplication_table,
    nearest_product,
    normalised,
)

__all__ = ["Product", "is_product"]


@dataclass(frozen=True, eq=False)
class Product:
    """Answer of `is_product`: `answer` is 'real', 'complex' or 'never'; B and C are the factors.

    B and C are 2x2, or None if the answer is 'never'. It is true, as in `if is_product(A):`, if the
    answer is 'real': if two kernels in series can do what A does.
    """

    answer: str
    B: sympy.ImmutableMatrix | torch.Tensor | None = None
    C: sympy.ImmutableMatrix | torch.Tensor | None = None

    def __bool__(self) -> bool:
        return self.answer == "real"


def is_product(
    A: torch.Tensor | sympy.MatrixBase | Sequence[Sequence[Rational]],
    tolerance: float | None = None,
) -> Product:
    """Decide whether a 3x3 kernel is B * C with 2x2 factors.

    The answer is 'real', 'complex' (over the complex numbers only) or 'never'. A is a product iff
    both its discriminants, as a quadratic in y and as one in x, are squares of polynomials; the
    factors can be real iff these are squares of real polynomials.

    Kernels of rationals (sympy Matrix, nested lists, integer tensor) are decided and factored
    exactly, in sympy matrices. A floating-point tensor counts as a product if one lies within
    `tolerance`, relative to its norm; its factors come in float64 or complex128. By default that
    is 1e-9, or what rounding does to a product in the tensor's dtype, 5e-7 in float32.

    Raises TypeError if the weights are of another kind, ValueError if A is not 3x3, a weight is
    not finite or the tolerance is negative or not a number.
    """
    _check_tolerance(tolerance)
    if isinstance(A, torch.Tensor) and A.is_floating_point():
        check_weights(A, "is_product")
        return _is_product_within(A, _rounding(A) if tolerance is None else tolerance)
    return _is_product_exactly(_rows(A))


def _is_product_exactly(rows):
    _check_rational(rows)
    A = sympy.Matrix(rows).tolist()
    verdict, B, C = _factor(A, lambda z: sympy.expand(z) != 0, 0, sympy.sqrt)
    if verdict == "never":
        return Product("never")
    B, C = _with_whole_weights(sympy.ImmutableMatrix(B), sympy.ImmutableMatrix(C))
    return Product(verdict, B, C)


def _is_product_within(A, tolerance):
    size, A = normalised(A.cpu())
    # Discriminants magnify an error in A, and the root of a small one is rough: let these pass
    # here, settle it below.
    verdict, B, C = _factor(_rows(A), abs, 1000 * tolerance, lambda k: complex(k) ** 0.5)
    if verdict == "never":
        return Product("never")
    B, C, error = _refined(A, B, C)
    # Rounding can make a double root complex: look for a real one.
    if verdict == "complex" or error > tolerance:
        near = nearest_product(size * A)
        if near.relative <= tolerance:
            return Product("real", near.B, near.C)
    if error > tolerance:
        return Product("never")
    if verdict == "real":
        B = B.real
        C = C.real
    return Product(verdict, size.sqrt() * B, size.sqrt() * C)


def _rounding(A):
    """The relative distance up to which a product in A's dtype may lie from A, a few roundings."""
    return max(1e-9, 4 * torch.finfo(A.dtype).eps)


def _refined(A, B, C, steps=5):
    """Gauss-Newton on complex factors: B, C (2, 2) and |A - B * C| / |A|."""
    table = multiplication_table((2, 2), (2, 2)).to(torch.complex128)
    a = A.flatten().to(torch.complex128)
    factors = torch.tensor([B, C], dtype=torch.complex128).flatten()

    def residual():
        return a - torch.einsum("u,v,uvw->w", *factors.split(4), table)

    for _ in range(steps):
        b, c = factors.split(4)
        by_b = torch.einsum("v,uvw->wu", c, table)
        by_c = torch.einsum("u,uvw->wv", b, table)
        J = torch.cat([by_b, by_c], 1)
        factors = factors + torch.linalg.pinv(J, rtol=1e-8) @ residual()
    B, C = factors.view(2, 2, 2)
    return B, C, residual().norm() / A.norm()


def _with_whole_weights(B, C):
    """The same product, the rational content of B moved into C: B has whole weights if it can."""
    contents = [weight.as_content_primitive()[0] for weight in B.expand()]
    content = sympy.gcd(contents) or 1
    return (B / content).expand(), (C * content).expand()


def _factor(A, size, tolerance, sqrt):
    """(verdict, B, C), with None for B and C if it is 'never'.

    A number z counts as zero if size(z) <= tolerance, which is 0 for rationals.
    """
    root_in_y = _square_root(_discriminant(_transpose(A)), size, tolerance)
    root_in_x = _square_root(_discriminant(A), size, tolerance)
    if root_in_y is None or root_in_x is None:
        return "never", None, None
    k_y, q_y = root_in_y
    k_x, q_x = root_in_x
    # k q^2 is the square of sqrt(k) q, which is real or not
    verdict = "real" if k_y >= 0 and k_x >= 0 else "complex"
    x, y = _new_origin(A)
    moved = _shifted(A, x, y)
    if moved[0][0] == 0:
        zero = [[0, 0], [0, 0]]
        return "real", zero, zero
    s = [sqrt(k_y) * weight for weight in _taylor(q_y, x)]
    t = [sqrt(k_x) * weight for weight in _taylor(q_x, y)]
    B, C = _factors_from_roots(moved, s, t, size)
    return verdict, _shifted(B, -x, -y), _shifted(C, -x, -y)


def _new_origin(A):
    """The place (x, y), of nine, where |A(x, y)| is largest.

    With the origin there, b(0, 0) c(0, 0) = A(0, 0) is not 0, unless A is, and b(0, 0) may be 1.
    """

    def height(place):
        return abs(_shifted(A, *place)[0][0])

    return max(product((0, 1, -1), repeat=2), key=height)


def _factors_from_roots(A, s, t, size):
    """Factors from the roots s in y and t in x, with the right one of their signs.

    Each root has two signs. Flipping both swaps B and C; of the two choices that are left, the
    right one is that whose B * C is A.
    """

    def error(factors):
        return max(size(z) for z in _difference(_multiply(*factors), A))

    minus_t = [-weight for weight in t]
    return min(_factors(A, s, t), _factors(A, s, minus_t), key=error)


def _factors(A, s, t):
    """Factors b, c with b(0, 0) = 1, from s = b0 c1 - b1 c0 and likewise t in x.

    b = b0 + b1 y and c = c0 + c1 y, with coefficients that are polynomials in x.
    """
    c00 = A[0][0]
    c01 = (A[0][1] + s[0]) / 2
    b01 = (A[0][1] - s[0]) / (2 * c00)
    c10 = (A[1][0] + t[0]) / 2
    b10 = (A[1][0] - t[0]) / (2 * c00)
    c11 = (A[1][1] + s[1]) / 2 - b10 * c01
    b11 = ((A[1][1] - s[1]) / 2 - b01 * c10) / c00
    return [[1, b01], [b10, b11]], [[c00, c01], [c10, c11]]


def _discriminant(quadratic):
    """Coefficients of a1^2 - 4 a0 a2, the coefficients a of the quadratic being polynomials."""
    a0, a1, a2 = quadratic
    return [u - 4 * v for u, v in zip(_times(a1, a1), _times(a0, a2), strict=True)]


def _square_root(p, size, tolerance):
    """(k, q) with the quartic p = k q^2, k a number and q a quadratic, or None if there is none."""
    # A quartic that is 0 at five points is 0.
    r = max((0, 1, -1, 2, -2), key=lambda r: abs(_taylor(p, r)[0]))
    moved = _taylor(p, r)
    k, p1, p2 = moved[:3]
    if k == 0:
        return k, [0, 0, 0]
    q1 = p1 / (2 * k)
    q2 = (p2 / k - q1 * q1) / 2
    q = [1, q1, q2]
    errors = [u - k * v for u, v in zip(moved, _times(q, q), strict=True)]
    if all(size(error) <= tolerance for error in errors):
        return k, _taylor(q, -r)
    return None


def _times(p, q):
    r = [0] * (len(p) + len(q) - 1)
    for (i, u), (j, v) in product(enumerate(p), enumerate(q)):
        r[i + j] += u * v
    return r


def _multiply(B, C):
    A = [[0] * 3 for _ in range(3)]
    for i, j, m, n in product(range(2), repeat=4):
        A[i + m][j + n] += B[i][j] * C[m][n]
    return A


def _difference(A, B):
    return [u - v for row in zip(A, B, strict=True) for u, v in zip(*row, strict=True)]


def _taylor(p, r):
    """Coefficients of p(x + r), by repeated synthetic division."""
    p = list(p)
    for i in range(len(p) - 1):
        for j in reversed(range(i, len(p) - 1)):
            p[j] += r * p[j + 1]
    return p


def _shifted(A, x, y):
    """Coefficients of A(X + x, Y + y)."""
    rows = [_taylor(row, y) for row in A]
    columns = [_taylor(column, x) for column in _transpose(rows)]
    return _transpose(columns)


def _transpose(A):
    return [list(column) for column in zip(*A, strict=True)]


def _rows(A):
    """A as three rows of three weights, else TypeError or ValueError."""
    rows = A.tolist() if isinstance(A, torch.Tensor | sympy.MatrixBase) else A
    if not isinstance(rows, list | tuple):
        raise TypeError(
            f"is_product takes a tensor, a sympy Matrix or nested lists, not {type(A).__name__}."
        )
    of_three = [isinstance(row, list | tuple) and len(row) == 3 for row in rows]
    if len(rows) != 3 or not all(of_three):
        raise ValueError("is_product takes one 3x3 kernel: three rows of three weights.")
    return rows


def _check_rational(rows):
    weights = [weight for row in rows for weight in row]
    if not all(isinstance(w, Rational) and not isinstance(w, bool) for w in weights):
        raise TypeError(
            "is_product is exact for integers and rationals only: "
            "give other weights as a float tensor."
        )


def _check_tolerance(tolerance):
    if tolerance is None:
        return
    if not isinstance(tolerance, Real) or not tolerance >= 0:
        raise ValueError(
            f"is_product: the tolerance is {tolerance}; give 0 or more, relative to the norm of A."
        )
