"""Is a 3x3 kernel two 2x2 kernels in series? An exact answer, and the two if it is.

Read a kernel as the polynomial A(x, y) = sum of A[i][j] x^i y^j. For one channel, composing kernels multiplies their
polynomials, so splitting a 3x3 kernel into two 2x2 means factoring A into two polynomials of degree (1, 1).
"""

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


@dataclass(frozen=True, eq=False)
class Product:
    """Answer of `is_product`: `answer` is 'real', 'complex' or 'never'; B and C (2x2) are None if it is 'never'."""

    answer: str
    B: sympy.ImmutableMatrix | torch.Tensor | None = None
    C: sympy.ImmutableMatrix | torch.Tensor | None = None


def is_product(A, tolerance=1e-9):
    """Decide whether a 3x3 kernel is B * C with 2x2 factors: over the reals, only over the complex numbers, or never.

    It is one iff both discriminants of A, as a quadratic in y and as one in x, are squares of polynomials; the factors
    can be real iff these are squares of real polynomials. Kernels of rationals (sympy Matrix, nested lists, integer
    tensor) are decided and factored exactly, in sympy matrices. A floating-point tensor counts as a product if one lies
    within `tolerance`, relative to its norm; its factors come in float64 or complex128.

    Raises TypeError for weights of another kind, ValueError for another shape or weights that are not finite.
    """
    if not isinstance(tolerance, Real) or not tolerance >= 0:
        raise ValueError(
            f"is_product: the tolerance is {tolerance}; give 0 or more, relative to the norm of A."
        )
    if isinstance(A, torch.Tensor) and A.is_floating_point():
        return _is_product_within(check_weights(A, "is_product"), tolerance)
    rows = _rows(A)
    if not all(isinstance(w, Rational) and not isinstance(w, bool) for row in rows for w in row):
        raise TypeError(
            "is_product is exact for integers and rationals only: give other weights as a float tensor."
        )
    weights = [[sympy.sympify(w) for w in row] for row in rows]
    verdict, *factors = _factor(weights, lambda z: sympy.expand(z) != 0, 0, sympy.sqrt)
    return Product(verdict, *_whole(*map(sympy.ImmutableMatrix, factors)) if factors else ())


def _is_product_within(A, tolerance):
    size, A = normalised(A.cpu())
    # Discriminants magnify an error in A, and the root of a small one is rough: let these pass here, settle it below.
    verdict, *factors = _factor(_rows(A), abs, 1000 * tolerance, lambda k: complex(k) ** 0.5)
    if verdict == "never":
        return Product("never")
    B, C, error = _refined(A, *(torch.tensor(F, dtype=torch.complex128) for F in factors))
    if (
        verdict == "complex" or error > tolerance
    ):  # rounding can make a double root complex: look for a real one
        near = nearest_product(size * A)
        if near.relative <= tolerance:
            return Product("real", near.B, near.C)
    if error > tolerance:
        return Product("never")
    return Product(
        verdict, *(size.sqrt() * (F if verdict == "complex" else F.real) for F in (B, C))
    )


def _refined(A, B, C, steps=5):
    """Gauss-Newton on complex factors: B, C and |A - B * C| / |A|."""
    a, table = A.flatten().to(B.dtype), multiplication_table((2, 2), (2, 2)).to(B.dtype)
    factors = torch.cat([B.flatten(), C.flatten()])
    for _ in range(steps):
        b, c = factors.split(4)
        J = torch.cat([torch.einsum("v,uvw->wu", c, table), torch.einsum("u,uvw->wv", b, table)], 1)
        factors = factors + torch.linalg.pinv(J, rtol=1e-8) @ (
            a - torch.einsum("u,v,uvw->w", b, c, table)
        )
    B, C = factors.view(2, 2, 2)
    return B, C, (a - torch.einsum("u,v,uvw->w", *factors.split(4), table)).norm() / A.norm()


def _whole(B, C):
    """The same product with the rational content of B moved into C, so that B has whole weights where it can."""
    content = sympy.gcd([w.as_content_primitive()[0] for w in B.expand()]) or 1
    return (B / content).expand(), (C * content).expand()


def _rows(A):
    rows = A.tolist() if isinstance(A, torch.Tensor | sympy.MatrixBase) else A
    if not isinstance(rows, list | tuple):
        raise TypeError(
            f"is_product takes a tensor, a sympy Matrix or nested lists, not {type(A).__name__}."
        )
    if len(rows) != 3 or not all(isinstance(row, list | tuple) and len(row) == 3 for row in rows):
        raise ValueError("is_product takes one 3x3 kernel: three rows of three weights.")
    return rows


def _factor(A, size, tolerance, sqrt):
    """(verdict, B, C) or ('never',); a number z counts as zero if size(z) <= tolerance, which is 0 for rationals."""
    roots = [
        _square_root(_discriminant(quadratic), size, tolerance) for quadratic in (_transpose(A), A)
    ]  # in y, in x
    if None in roots:
        return ("never",)
    verdict = (
        "real" if all(k >= 0 for k, _ in roots) else "complex"
    )  # k q^2 is the square of sqrt(k) q, real or not
    # Move the origin to where A is large: b(0, 0) c(0, 0) = A(0, 0) is then not 0, unless A is, and b(0, 0) may be 1.
    x, y = max(product((0, 1, -1), repeat=2), key=lambda at: abs(_shifted(A, *at)[0][0]))
    moved = _shifted(A, x, y)
    if moved[0][0] == 0:
        return "real", [[0, 0], [0, 0]], [[0, 0], [0, 0]]
    s, t = ([sqrt(k) * w for w in _taylor(q, at)] for (k, q), at in zip(roots, (x, y), strict=True))
    # Each root has two signs. Flipping both swaps B and C; which one choice of the other two is right, B * C tells.
    choices = (_factors_from_roots(moved, s, t), _factors_from_roots(moved, s, [-w for w in t]))
    B, C = min(
        choices, key=lambda factors: max(size(z) for z in _difference(_multiply(*factors), moved))
    )
    return verdict, _shifted(B, -x, -y), _shifted(C, -x, -y)


def _factors_from_roots(A, s, t):
    """Factors with b(0, 0) = 1, from s = b0 c1 - b1 c0 (as A = a0 + a1 y + ..., b = b0 + b1 y) and likewise t in x."""
    c00 = A[0][0]
    c01, b01 = (A[0][1] + s[0]) / 2, (A[0][1] - s[0]) / (2 * c00)
    c10, b10 = (A[1][0] + t[0]) / 2, (A[1][0] - t[0]) / (2 * c00)
    c11 = (A[1][1] + s[1]) / 2 - b10 * c01
    b11 = ((A[1][1] - s[1]) / 2 - b01 * c10) / c00
    return [[1, b01], [b10, b11]], [[c00, c01], [c10, c11]]


def _discriminant(quadratic):
    a0, a1, a2 = quadratic
    return [u - 4 * v for u, v in zip(_times(a1, a1), _times(a0, a2), strict=True)]


def _square_root(p, size, tolerance):
    """(k, q) with the quartic p = k q^2, k a number and q a quadratic, or None if p is no square."""
    r = max(
        (0, 1, -1, 2, -2), key=lambda r: abs(_taylor(p, r)[0])
    )  # a quartic that is 0 at five points is 0
    k, p1, p2, *_ = moved = _taylor(p, r)
    if k == 0:
        return k, [0, 0, 0]
    q1 = p1 / (2 * k)
    q = [1, q1, (p2 / k - q1 * q1) / 2]
    if all(size(u - k * v) <= tolerance for u, v in zip(moved, _times(q, q), strict=True)):
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
    return _transpose([_taylor(column, x) for column in _transpose([_taylor(row, y) for row in A])])


def _transpose(A):
    return [list(column) for column in zip(*A, strict=True)]
