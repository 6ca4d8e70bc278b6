"""A pair of 2x2 convolutions as one 3x3: the kernels are composed first, then convolved once.

The same weights, outputs and gradients as the pair in series. Composing costs the same for any
number of photos: `hidden / (n*h*w)` of the convolution's multiplications.
"""

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

from lessonlib.checks import require_type

__all__ = [
    "autocast_dtype",
    "compose_by_nine",
    "composed_first",
    "composing_share",
    "in_series",
    "series_share",
]


def composed_first(x, b, c, stride):
    """The pair's output by one convolution. It saves x and the composed kernel for backward.

    x: `(n, in, h, w)`; b: `(hidden, in, 2, 2)`; c: `(out, hidden, 2, 2)`.
    """
    return F.conv2d(x, compose_by_nine(b, c), stride=stride, padding=1)


def in_series(x, b, c, stride):
    """The same output by two convolutions. It saves x and the hidden picture for backward."""
    return F.conv2d(F.conv2d(x, b, padding=1), c, stride=stride)


def composing_share(shape, hidden, stride=1):
    """Multiplications of composing, `9 * in * hidden * out`, as a share of those of the 3x3.

    shape: of the input, `(n, in, h, w)`. The 3x3 takes `9 * n * in * out * h' * w'`. The share is
    the same in the backward pass, where both do twice as many.
    """
    n, _, h, w = shape
    return hidden / (n * _pixels_out(h, w, stride))


def series_share(shape, hidden, out, stride=1):
    """Multiplications of the two in series as a multiple of those of the 3x3.

    shape: of the input, `(n, in, h, w)`. With equal channels throughout it is a little over 8/9 at
    stride 1, because of the border, and over 20/9 at stride 2.
    """
    _, channels_in, h, w = shape
    pixels = _pixels_out(h, w, stride)
    first = 4 * channels_in * hidden * (h + 1) * (w + 1)
    second = 4 * hidden * out * pixels
    one_3x3 = 9 * channels_in * out * pixels
    return (first + second) / one_3x3


def _pixels_out(h, w, stride):
    return -(-h // stride) * -(-w // stride)  # rounded up


def compose_by_nine(b, c):
    """`kernels.compose` of two 2x2 kernels in 9 matrix products, not 16.

    b: `(hidden, in, 2, 2)`; c: `(out, hidden, 2, 2)`. Returns `(out, in, 3, 3)`, in the memory
    layout of c, and under autocast in its precision.
    A kernel is a polynomial in two variables, and composing multiplies the polynomials. Both are
    evaluated at the nine points (s, t) with s and t in 0, 1 and infinity and multiplied there; the
    nine values determine the product (Karatsuba and Ofman 1962, in both directions).
    TypeError if b or c is not a tensor or their dtypes differ, ValueError for other shapes.
    """
    _check_2x2_kernels(b, c)
    dtype = autocast_dtype(b) or b.dtype
    return _ComposedKernel.apply(b, c, dtype)


def autocast_dtype(tensor):
    """What autocast would make of `tensor` in a convolution; None where it leaves it alone."""
    device = tensor.device.type
    available = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    if not available or tensor.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype(device)


class _ComposedKernel(torch.autograd.Function):
    """`compose_by_nine`, saving only b and c for backward, which are there anyway.

    Autograd by itself would save their values at the nine points, twice the weights of a 3x3.
    """

    @staticmethod
    def forward(ctx, b, c, dtype):
        ctx.save_for_backward(b, c)
        products = _evaluated(c, dtype) @ _evaluated(b, dtype)
        return _interpolated(products, _memory_format(c))

    @staticmethod
    @once_differentiable
    def backward(ctx, d_kernel):
        b, c = ctx.saved_tensors
        dtype = d_kernel.dtype
        d_products = _interpolated_backward(d_kernel)
        d_b = _evaluated(c, dtype).transpose(1, 2) @ d_products
        d_c = d_products @ _evaluated(b, dtype).transpose(1, 2)
        return _evaluated_backward(d_b, b), _evaluated_backward(d_c, c), None


# In each direction, k0 + k1 x has the values k0, k0 + k1 and k1 at 0, 1 and infinity. From the
# values v0, v1, v2 of a product its coefficients are v0, v1 - v0 - v2, v2. All in place: with small
# matrices this traffic, not the nine products, takes most of the time.


def _evaluated(k, dtype):
    """The values of (p, q, 2, 2) at the nine points, (9, p, q)."""
    values = k.new_empty(3, 3, *k.shape[:2], dtype=dtype)
    values[::2, ::2] = k.permute(2, 3, 0, 1)
    values[1, ::2] = values[0, ::2] + values[2, ::2]
    values[:, 1] = values[:, 0] + values[:, 2]
    return values.flatten(0, 1)


def _evaluated_backward(d_values, k):
    """The gradient by k, in its dtype and layout, from that by its values. Overwrites d_values."""
    values = d_values.unflatten(0, (3, 3))
    values[::2].add_(values[1:2])
    rows = values[::2]
    d_k = rows[:, ::2] + rows[:, 1:2]
    return torch.empty_like(k).copy_(d_k.permute(2, 3, 0, 1))


def _interpolated(products, memory_format):
    """The kernel (p, q, 3, 3) with these values (9, p, q). Overwrites them."""
    values = products.unflatten(0, (3, 3))
    values[1].sub_(values[0]).sub_(values[2])
    values[:, 1].sub_(values[:, 0]).sub_(values[:, 2])
    return values.permute(2, 3, 0, 1).contiguous(memory_format=memory_format)


def _interpolated_backward(d_kernel):
    """The gradient by the values, (9, p, q), from that by the kernel."""
    values = d_kernel.permute(2, 3, 0, 1).clone(memory_format=torch.contiguous_format)
    values[::2].sub_(values[1:2])
    values[:, ::2].sub_(values[:, 1:2])
    return values.flatten(0, 1)


def _memory_format(weight):
    """The layout of a convolution's weight, so that ours is convolved as that would be."""
    if weight.is_contiguous():
        return torch.contiguous_format
    return torch.channels_last


def _check_2x2_kernels(b, c):
    require_type("compose_by_nine", torch.Tensor, b=b, c=c)
    both_2x2 = b.ndim == c.ndim == 4 and b.shape[2:] == c.shape[2:] == (2, 2)
    if not both_2x2 or b.shape[0] != c.shape[1]:
        raise ValueError(
            "compose_by_nine takes kernels (hidden, in, 2, 2) and (out, hidden, 2, 2); "
            f"got {tuple(b.shape)}, {tuple(c.shape)}."
        )
    if b.dtype != c.dtype:
        raise TypeError(
            f"compose_by_nine: {b.dtype} and {c.dtype} do not mix; "
            "make both the same, as with .double()."
        )
