"""Kernels as numbers: slide one over a photo, pad it, compose two into one. Needs torch only.

A kernel is `(kh, kw)` for one channel or `(out, in, kh, kw)` for many, row first. "Convolution"
means cross-correlation, as it does in torch.
"""

from functools import reduce
from itertools import pairwise

import torch
import torch.nn.functional as F

from lessonlib.checks import require_int, require_type

__all__ = [
    "correlate",
    "output_size",
    "four_sides",
    "embed",
    "placements",
    "compose",
    "receptive_field",
]


def correlate(
    x: torch.Tensor,
    kernel: torch.Tensor,
    stride: int = 1,
    padding: int | tuple[int, int, int, int] = 0,
) -> torch.Tensor:
    """Slide `kernel` over `x`.

    `y[i, j] = sum over u, v of kernel[u, v] * x[stride*i + u, stride*j + v]`

    x: `(..., h, w)` for a `(kh, kw)` kernel, which then acts on every plane alike;
       `(..., in, h, w)` for an `(out, in, kh, kw)` kernel.
    padding: zeros around `x`, one number for all sides or `(left, right, top, bottom)`.
    Returns `(..., h', w')` or `(..., out, h', w')`, see `output_size`.
    Raises TypeError if x or kernel is not a tensor with these dimensions or, for many channels,
    their types differ; ValueError if the shapes, the stride or the padding do not fit.
    """
    _check_correlate(x, kernel)
    left, right, top, bottom = four_sides(padding)
    kh, kw = kernel.shape[-2:]
    h = output_size(x.shape[-2], kh, stride, (top, bottom))
    w = output_size(x.shape[-1], kw, stride, (left, right))
    x = F.pad(x, (left, right, top, bottom))
    times = "oi,...ihw->...ohw" if kernel.ndim == 4 else ",...hw->...hw"
    y = x.new_zeros(())
    for u in range(kh):
        for v in range(kw):  # kernel[u, v] meets these pixels on its way over x
            pixels = x[..., u : u + stride * h : stride, v : v + stride * w : stride]
            y = y + torch.einsum(times, kernel[..., u, v], pixels)
    return y


def output_size(n: int, k: int, stride: int = 1, padding: tuple[int, int] = (0, 0)) -> int:
    """How many positions a kernel of `k` taps has on `n` pixels, along one side.

    `(n + before + after - k) // stride + 1`, with padding `(before, after)`.
    Raises ValueError unless all are whole numbers, k and the stride at least 1, the padding at
    least 0, and the kernel no larger than the padded input.
    """
    _check_output_size(n, k, stride, padding)
    before, after = padding
    return (n + before + after - k) // stride + 1


def four_sides(padding: int | tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Padding as `(left, right, top, bottom)`; one number stands for all four.

    Raises ValueError if it is neither one whole number nor four.
    """
    if isinstance(padding, int):
        return padding, padding, padding, padding
    _check_four_sides(padding)
    left, right, top, bottom = padding
    return left, right, top, bottom


def embed(kernel: torch.Tensor, size: int, row: int = 0, col: int = 0) -> torch.Tensor:
    """Pad `kernel` with zeros to `size` x `size`, with its first entry at `(row, col)`.

    Takes `(kh, kw)` and `(out, in, kh, kw)`. Raises ValueError if the kernel does not fit there,
    TypeError if row or col is not a whole number.
    """
    _check_embed(kernel, size, row, col)
    kh, kw = kernel.shape[-2:]
    bottom = size - row - kh
    right = size - col - kw
    return F.pad(kernel, (col, right, row, bottom))


def placements(kernel: torch.Tensor, size: int = 3) -> dict[tuple[int, int], torch.Tensor]:
    """Every way to `embed` a kernel: `{(row, col): padded kernel}`; four for a 2x2 in a 3x3.

    Raises as `embed`.
    """
    _check_embed(kernel, size, 0, 0)  # it fits nowhere unless it fits here
    kh, kw = kernel.shape[-2:]
    return {
        (row, col): embed(kernel, size, row, col)
        for row in range(size - kh + 1)
        for col in range(size - kw + 1)
    }


def compose(*kernels: torch.Tensor) -> torch.Tensor:
    """The one kernel that does what `kernels` do in series, the first one first.

    `A[o, i, w] = sum over m and over u + v = w of C[o, m, u] * B[m, i, v]` for B, then C; for one
    channel that is the full convolution of B and C. 2x2 and 2x2 give 3x3: each further kernel
    adds its size minus one.
    Takes all kernels as `(kh, kw)`, or all as `(out, in, kh, kw)` with matching channels, else
    raises ValueError; TypeError if one is not a tensor or, for many channels, their types differ.
    """
    _check_compose(kernels)
    return reduce(_compose_two, kernels)


def _compose_two(b, c):
    if b.ndim == 2:
        return _compose_two(b[None, None], c[None, None])[0, 0]
    bh, bw = b.shape[-2:]
    ch, cw = c.shape[-2:]
    a = b.new_zeros(c.shape[0], b.shape[1], bh + ch - 1, bw + cw - 1)
    for i in range(ch):
        for j in range(cw):  # C's entry (i, j) lays a copy of B at that place
            copy = torch.einsum("om,mikl->oikl", c[..., i, j], b)
            a[..., i : i + bh, j : j + bw] += copy
    return a


def receptive_field(
    sizes: list[int] | tuple[int, ...],
    strides: list[int] | tuple[int, ...] | None = None,
    dilations: list[int] | tuple[int, ...] | None = None,
) -> int:
    """How many input pixels one output pixel of a stack sees, along one side.

    From the first to the last: a dilation of d leaves d - 1 pixels between neighbouring taps.
    `1 + sum of (k_l - 1) * d_l * (product of the strides before layer l)`, as in Araujo et al.,
    Distill 2019. Every stride and every dilation is 1 unless given.
    Raises ValueError unless there is one stride and one dilation per size, all whole numbers of
    at least 1.
    """
    _check_layers(sizes, strides, dilations)
    ones = [1] * len(sizes)
    field = 1
    step = 1  # input pixels between neighbours at this depth of the stack
    for k, stride, dilation in zip(sizes, strides or ones, dilations or ones):
        field += (k - 1) * dilation * step
        step *= stride
    return field


def _check_correlate(x, kernel):
    _check_kernel(kernel)
    many = kernel.ndim == 4
    least = 3 if many else 2
    if not isinstance(x, torch.Tensor) or x.ndim < least:
        raise TypeError(
            f"correlate: x must be a tensor of at least {least} dimensions, it is {_describe(x)}."
        )
    if many and x.shape[-3] != kernel.shape[1]:
        raise ValueError(
            f"correlate: x has {x.shape[-3]} channels, the kernel reads {kernel.shape[1]}; "
            "make them equal."
        )
    _check_same_type("correlate", x, kernel)


def _check_output_size(n, k, stride, padding):
    require_int("output_size", 0, n=n)
    require_int("output_size", k=k)
    if not isinstance(stride, int) or stride < 1:
        raise ValueError(f"The stride must be a whole number of at least 1, it is {stride!r}.")
    if not _are_whole(padding, 2):
        raise ValueError(
            f"output_size: padding is two whole numbers, (before, after), not {padding!r}."
        )
    if min(padding) < 0:
        raise ValueError(f"Padding adds pixels, it cannot be negative: {padding}; give 0 or more.")
    padded = n + sum(padding)
    if k > padded:
        raise ValueError(
            f"The kernel ({k} pixels) is larger than the padded input ({padded} pixels): pad more."
        )


def _check_four_sides(padding):
    if not _are_whole(padding, 4):
        raise ValueError(
            f"Padding is one whole number or four, (left, right, top, bottom), not {padding!r}."
        )


def _check_embed(kernel, size, row, col):
    _check_kernel(kernel)
    require_int("embed", size=size)
    require_type("embed", int, row=row, col=col)
    kh, kw = kernel.shape[-2:]
    if not (0 <= row <= size - kh and 0 <= col <= size - kw):
        raise ValueError(
            f"A {kh}x{kw} kernel does not fit into {size}x{size} at row {row}, column {col}: "
            "take a larger size or another place."
        )


def _check_compose(kernels):
    if not kernels:
        raise ValueError("compose: give at least one kernel.")
    for kernel in kernels:
        _check_kernel(kernel)
    if len({kernel.ndim for kernel in kernels}) > 1:
        raise ValueError("compose: give all kernels as (kh, kw), or all as (out, in, kh, kw).")
    for kernel in kernels:
        _check_same_type("compose", kernels[0], kernel)
    for b, c in pairwise(kernels):
        if b.ndim == 4 and b.shape[0] != c.shape[1]:
            raise ValueError(
                f"compose: a kernel gives {b.shape[0]} channels, the next one reads {c.shape[1]}; "
                "make them equal."
            )


def _check_layers(sizes, strides, dilations):
    if not _are_counts(sizes):
        raise ValueError(
            "receptive_field: give a list of kernel sizes, whole numbers of at least 1, "
            f"not {sizes!r}."
        )
    for kind, given in {"stride": strides, "dilation": dilations}.items():
        if given is not None and not _are_counts(given, len(sizes)):
            raise ValueError(
                f"receptive_field: give one {kind} for each of the {len(sizes)} kernel sizes, "
                f"whole numbers of at least 1, not {given!r}."
            )


def _check_kernel(kernel):
    if not isinstance(kernel, torch.Tensor) or kernel.ndim not in (2, 4):
        raise TypeError(
            f"A kernel is a tensor (kh, kw) or (out, in, kh, kw), this is {_describe(kernel)}."
        )
    if 0 in kernel.shape:
        raise ValueError(
            f"A kernel needs at least one entry, this one has the shape {tuple(kernel.shape)}."
        )


def _check_same_type(caller, x, kernel):
    # for (kh, kw) torch takes the wider type by itself
    if kernel.ndim == 4 and x.dtype != kernel.dtype:
        raise TypeError(
            f"{caller}: {x.dtype} and {kernel.dtype} do not mix; "
            "convert one to the other's type, for example with .double()."
        )


def _are_whole(numbers, count=None):
    """Whether `numbers` is a list or tuple of whole numbers, `count` of them if given."""
    if not isinstance(numbers, list | tuple) or count not in (None, len(numbers)):
        return False
    return all(isinstance(number, int) for number in numbers)


def _are_counts(numbers, count=None):
    """Whether `numbers` are whole and at least 1, `count` of them if given."""
    return _are_whole(numbers, count) and min(numbers, default=1) >= 1


def _describe(x):
    if isinstance(x, torch.Tensor):
        return f"a tensor of shape {tuple(x.shape)}"
    return f"a {type(x).__name__}"
