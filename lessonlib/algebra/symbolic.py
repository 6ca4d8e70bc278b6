"""The same arithmetic with letters: derive what two kernels in series do to a patch. Needs sympy only."""

from sympy import Eq, Matrix, MatrixBase, Symbol, expand

from lessonlib.checks import require_int, require_type

__all__ = ["symbol_kernel", "correlate", "composed_kernel", "equations"]


def symbol_kernel(letter, size):
    """A `size` x `size` matrix of symbols `b_{00}`, `b_{01}`, ...: a kernel or a patch of pixels. ValueError without a size."""
    require_int("symbol_kernel", size=size)
    return Matrix(size, size, lambda i, j: Symbol(f"{letter}_{{{i}{j}}}"))


def correlate(x, kernel):
    """Slide `kernel` over `x` without padding: `y[i, j] = sum over u, v of kernel[u, v] * x[i + u, j + v]`.

    Raises TypeError for what is no sympy Matrix, ValueError for a kernel larger than `x`.
    """
    require_type("correlate", MatrixBase, x=x, kernel=kernel)
    rows, cols = x.rows - kernel.rows + 1, x.cols - kernel.cols + 1
    if rows < 1 or cols < 1:
        raise ValueError(
            f"A {kernel.rows}x{kernel.cols} kernel does not fit into a {x.rows}x{x.cols} patch: take a larger one."
        )
    return Matrix(
        rows, cols, lambda i, j: _overlap(x[i : i + kernel.rows, j : j + kernel.cols], kernel)
    )


def composed_kernel(*kernels):
    """The kernel A that does to every patch what `kernels` do in series, found by looking at one patch of pixels x.

    The patch is as large as what one output sees. The output is linear in its pixels, and the factor of
    pixel `x[i, j]` in it is, by the meaning of cross-correlation, the entry `A[i, j]`.
    Raises TypeError for what is no sympy Matrix, ValueError for one that is not square, and where there is none.
    """
    if not kernels:
        raise ValueError("composed_kernel: give at least one kernel.")
    for kernel in kernels:
        if not isinstance(kernel, MatrixBase):
            raise TypeError(
                f"composed_kernel takes kernels as a sympy Matrix each, not a {type(kernel).__name__}."
            )
        if kernel.rows != kernel.cols:
            raise ValueError(
                f"composed_kernel takes square kernels, this one is {kernel.rows}x{kernel.cols}: fill it with zeros."
            )
    size = 1 + sum(k.rows - 1 for k in kernels)
    x = symbol_kernel("x", size)
    y = x
    for kernel in kernels:
        y = correlate(y, kernel)
    seen = expand(y[0, 0])
    return Matrix(size, size, lambda i, j: seen.coeff(x[i, j]))


def equations(first=2, second=2):
    """The equations `a_ij = ...` of B (`first` x `first`) followed by C: nine of them for 2x2 and 2x2."""
    A = composed_kernel(symbol_kernel("b", first), symbol_kernel("c", second))
    return [Eq(a, value) for a, value in zip(symbol_kernel("a", A.rows), A)]


def _overlap(patch, kernel):
    return sum(p * k for p, k in zip(patch, kernel))
