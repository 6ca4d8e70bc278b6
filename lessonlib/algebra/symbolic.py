"""Correlation with letters: derive what two kernels in series do to a patch. Needs sympy only."""

from sympy import Eq, Matrix, MatrixBase, Symbol, expand

from lessonlib.checks import require_int, require_type

__all__ = ["symbol_kernel", "correlate", "composed_kernel", "equations"]


def symbol_kernel(letter: str, size: int) -> Matrix:
    """A `size` x `size` matrix of symbols `b_{00}`, `b_{01}`, ...: a kernel or a patch of pixels.

    Raises ValueError if the size is not a whole number of at least 1.
    """
    require_int("symbol_kernel", size=size)
    return Matrix(size, size, lambda i, j: Symbol(f"{letter}_{{{i}{j}}}"))


def correlate(x: MatrixBase, kernel: MatrixBase) -> Matrix:
    """Slide `kernel` over `x` without padding.

    `y[i, j] = sum over u, v of kernel[u, v] * x[i + u, j + v]`

    Raises TypeError if x or kernel is not a sympy Matrix, ValueError if the kernel is larger
    than x.
    """
    _check_correlate(x, kernel)
    kh, kw = kernel.shape

    def y(i, j):
        window = x[i : i + kh, j : j + kw]
        return sum(pixel * weight for pixel, weight in zip(window, kernel))

    return Matrix(x.rows - kh + 1, x.cols - kw + 1, y)


def composed_kernel(*kernels: MatrixBase) -> Matrix:
    """The kernel A that does to every patch what `kernels` do in series.

    Found on one patch of pixels x, as large as what one output sees. The output is linear in its
    pixels, and the factor of pixel `x[i, j]` in it is, by the meaning of cross-correlation, the
    entry `A[i, j]`.
    Raises TypeError if a kernel is not a sympy Matrix, ValueError if one is not square or none is
    given.
    """
    _check_kernels(kernels)
    size = 1 + sum(kernel.rows - 1 for kernel in kernels)
    x = symbol_kernel("x", size)
    y = x
    for kernel in kernels:
        y = correlate(y, kernel)
    output = expand(y[0, 0])
    return Matrix(size, size, lambda i, j: output.coeff(x[i, j]))


def equations(first: int = 2, second: int = 2) -> list[Eq]:
    """The equations `a_ij = ...` of B (`first` x `first`), then C (`second` x `second`).

    Nine of them for 2x2 and 2x2. Raises ValueError as `symbol_kernel`.
    """
    A = composed_kernel(symbol_kernel("b", first), symbol_kernel("c", second))
    return [Eq(a, value) for a, value in zip(symbol_kernel("a", A.rows), A)]


def _check_correlate(x, kernel):
    require_type("correlate", MatrixBase, x=x, kernel=kernel)
    if kernel.rows > x.rows or kernel.cols > x.cols:
        raise ValueError(
            f"A {kernel.rows}x{kernel.cols} kernel does not fit into a {x.rows}x{x.cols} patch: "
            "take a larger patch."
        )


def _check_kernels(kernels):
    if not kernels:
        raise ValueError("composed_kernel: give at least one kernel.")
    for kernel in kernels:
        if not isinstance(kernel, MatrixBase):
            raise TypeError(
                "composed_kernel takes each kernel as a sympy Matrix, "
                f"not as a {type(kernel).__name__}."
            )
        if kernel.rows != kernel.cols:
            raise ValueError(
                f"composed_kernel takes square kernels, this one is {kernel.rows}x{kernel.cols}: "
                "fill it with zeros."
            )
