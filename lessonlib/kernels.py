"""Kernels as numbers: slide one over a photo, pad it, compose two into one. Needs torch only.

A kernel is `(kh, kw)` for one channel or `(out, in, kh, kw)` for many, row first, and "convolution" means
cross-correlation, as it does in torch.
"""

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


def correlate(x, kernel, stride=1, padding=0):
    """Slide `kernel` over `x`: `y[i, j] = sum over u, v of kernel[u, v] * x[stride*i + u, stride*j + v]`.

    x: `(..., h, w)` for a `(kh, kw)` kernel, which then acts on every plane alike;
       `(..., in, h, w)` for an `(out, in, kh, kw)` kernel.
    padding: zeros around `x`, one number for all sides or `(left, right, top, bottom)`.
    Returns `(..., h', w')` or `(..., out, h', w')`, see `output_size`.
    Raises ValueError for shapes that do not fit, TypeError for what is no tensor.
    """
    _check_kernel(kernel)
    if not isinstance(x, torch.Tensor) or x.ndim < kernel.ndim - (kernel.ndim == 4):
        raise TypeError(
            f"correlate: x must be a tensor of at least {2 + (kernel.ndim == 4)} dimensions, it is {_say(x)}."
        )
    if kernel.ndim == 4 and x.shape[-3] != kernel.shape[1]:
        raise ValueError(
            f"correlate: x has {x.shape[-3]} channels, the kernel reads {kernel.shape[1]}; make them equal."
        )
    _check_alike("correlate", x, kernel)
    left, right, top, bottom = four_sides(padding)
    kh, kw = kernel.shape[-2:]
    h = output_size(x.shape[-2], kh, stride, (top, bottom))
    w = output_size(x.shape[-1], kw, stride, (left, right))
    x = F.pad(x, (left, right, top, bottom))

    def window(u, v):  # every pixel that kernel[u, v] meets on its way over x
        return x[..., u : u + stride * (h - 1) + 1 : stride, v : v + stride * (w - 1) + 1 : stride]

    times = "oi,...ihw->...ohw" if kernel.ndim == 4 else ",...hw->...hw"
    return sum(
        torch.einsum(times, kernel[..., u, v], window(u, v)) for u in range(kh) for v in range(kw)
    )


def output_size(n, k, stride=1, padding=(0, 0)):
    """How many positions a kernel of `k` taps has on `n` pixels: `(n + before + after - k) // stride + 1`.

    Raises ValueError for other than whole numbers, no taps, a stride below 1, negative padding, or a kernel larger than the
    padded input.
    """
    require_int("output_size", 0, n=n)
    require_int("output_size", k=k)
    if not isinstance(stride, int) or stride < 1:
        raise ValueError(f"The stride must be a whole number of at least 1, it is {stride!r}.")
    if (
        not isinstance(padding, list | tuple)
        or len(padding) != 2
        or not all(isinstance(side, int) for side in padding)
    ):
        raise ValueError(
            f"output_size: padding is two whole numbers, (before, after), not {padding!r}."
        )
    before, after = padding
    if min(before, after) < 0:
        raise ValueError(f"Padding adds pixels, it cannot be negative: {padding}; give 0 or more.")
    if k > n + before + after:
        raise ValueError(
            f"The kernel ({k} pixels) is larger than the padded input ({n + before + after} pixels): pad more."
        )
    return (n + before + after - k) // stride + 1


def four_sides(padding):
    """Padding as `(left, right, top, bottom)`: one number stands for all four. ValueError for anything else."""
    if isinstance(padding, int):
        return (padding,) * 4
    if (
        not isinstance(padding, list | tuple)
        or len(padding) != 4
        or not all(isinstance(side, int) for side in padding)
    ):
        raise ValueError(
            f"Padding is one whole number or four, (left, right, top, bottom), not {padding!r}."
        )
    return tuple(padding)


def embed(kernel, size, row=0, col=0):
    """Pad `kernel` with zeros to `size` x `size`, its first entry at `(row, col)`. Works for one channel and many.

    Raises ValueError where the kernel would not fit at that place.
    """
    _check_kernel(kernel)
    require_int("embed", size=size)
    require_type("embed", int, row=row, col=col)
    kh, kw = kernel.shape[-2:]
    bottom, right = size - row - kh, size - col - kw
    if min(row, col, bottom, right) < 0:
        raise ValueError(
            f"A {kh}x{kw} kernel does not fit into {size}x{size} at row {row}, column {col}: take a larger size or other place."
        )
    return F.pad(kernel, (col, right, row, bottom))


def placements(kernel, size=3):
    """Every way to `embed` a kernel: `{(row, col): padded kernel}`; four for a 2x2 inside a 3x3. Else as `embed`."""
    embed(kernel, size)  # else there is no place at all
    kh, kw = kernel.shape[-2:]
    return {
        (row, col): embed(kernel, size, row, col)
        for row in range(size - kh + 1)
        for col in range(size - kw + 1)
    }


def compose(*kernels):
    """The one kernel that does what `kernels` do in series, the first one first.

    `A[o, i, w] = sum over m and over u + v = w of C[o, m, u] * B[m, i, v]`; for one channel that is the full
    convolution of B and C. Each kernel adds its size minus one: 2x2 and 2x2 give 3x3.
    All kernels `(kh, kw)`, or all `(out, in, kh, kw)` with matching channels; else ValueError.
    """
    if not kernels:
        raise ValueError("compose: give at least one kernel.")
    for kernel in kernels:
        _check_kernel(kernel)
    if len({kernel.ndim for kernel in kernels}) > 1:
        raise ValueError("compose: give all kernels as (kh, kw), or all as (out, in, kh, kw).")
    composed, *rest = kernels
    for kernel in rest:
        _check_alike("compose", composed, kernel)
    for kernel in rest:
        composed = _compose_two(composed, kernel)
    return composed


def _compose_two(b, c):
    if b.ndim == 2:
        return _compose_two(b[None, None], c[None, None])[0, 0]
    if c.shape[1] != b.shape[0]:
        raise ValueError(
            f"compose: a kernel gives {b.shape[0]} channels, the next one reads {c.shape[1]}; make them equal."
        )
    (bh, bw), (ch, cw) = b.shape[-2:], c.shape[-2:]
    a = b.new_zeros(c.shape[0], b.shape[1], bh + ch - 1, bw + cw - 1)
    for i in range(ch):
        for j in range(cw):  # C's entry (i, j) lays a copy of B at that place
            a[..., i : i + bh, j : j + bw] += torch.einsum("om,mikl->oikl", c[..., i, j], b)
    return a


def receptive_field(sizes, strides=None):
    """How many input pixels one output pixel of a stack sees, along one side.

    `1 + sum of (k_l - 1) * (product of the strides before layer l)`, as in Araujo et al., Distill 2019.
    ValueError for other than lists of whole numbers, a stride for each size.
    """
    if strides is None and isinstance(sizes, list | tuple):
        strides = [1] * len(sizes)
    lists = isinstance(sizes, list | tuple) and isinstance(strides, list | tuple)
    if (
        not lists
        or len(strides) != len(sizes)
        or not all(isinstance(n, int) and n >= 1 for n in (*sizes, *strides))
    ):
        raise ValueError(
            f"receptive_field: one stride for each kernel size is needed, whole numbers of at least 1, not {sizes}, {strides}."
        )
    field, step = 1, 1
    for k, stride in zip(sizes, strides):
        field, step = field + (k - 1) * step, step * stride
    return field


def _check_kernel(kernel):
    if not isinstance(kernel, torch.Tensor) or kernel.ndim not in (2, 4):
        raise TypeError(
            f"A kernel is a tensor (kh, kw) or (out, in, kh, kw), this is {_say(kernel)}."
        )
    if 0 in kernel.shape:
        raise ValueError(
            f"A kernel needs at least one entry, this one has the shape {tuple(kernel.shape)}."
        )


def _check_alike(caller, x, kernel):
    if (
        x.dtype != kernel.dtype and kernel.ndim == 4
    ):  # for (kh, kw) torch takes the wider type by itself
        raise TypeError(
            f"{caller}: {x.dtype} and {kernel.dtype} do not mix; make both the same, as with .double()."
        )


def _say(x):
    return (
        f"a tensor of shape {tuple(x.shape)}"
        if isinstance(x, torch.Tensor)
        else f"a {type(x).__name__}"
    )
