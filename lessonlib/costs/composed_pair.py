"""A linear pair of 2x2 convolutions that trains at nearly the cost of one 3x3.

The pair's two kernels are composed into one 3x3 kernel, which convolves once: the same weights,
outputs and gradients as the pair in series. What composing costs does not grow with the number of
photos. It is `hidden / (n*h*w)` of the convolution's multiplications, next to nothing in an early
layer and as much as the convolution itself in a last one. So each layer decides for itself.
"""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from lessonlib.checks import require_int, require_type

__all__ = ["ComposedPair", "compose_by_nine", "composing_pays", "composing_share", "series_share"]

# Both measured on a CPU with tests/benchmarks/bench_composed.py. A multiplication of composing
# takes PRICE times as long as one of the convolution, because its matrices are small. A
# multiplication in series takes TRAFFIC times as long, because what is between the two
# convolutions is written to memory and read again.
PRICE = 8
TRAFFIC = 1.2

# From (k0, k1) to the values of k0 + k1 x at x = 0, 1 and infinity.
EVALUATE = torch.tensor([[1.0, 0], [1, 1], [0, 1]])
# From the values of p0 + p1 x + p2 x^2 at 0, 1 and infinity to (p0, p1, p2).
INTERPOLATE = torch.tensor([[1.0, 0, 0], [-1, 1, -1], [0, 0, 1]])


class ComposedPair(nn.Sequential):
    """Two 2x2 convolutions in place of a 3x3 with padding 1, with the weights of the arm "pair".

    Maps `(n, channels_in, h, w)` to `(n, channels_out, ceil(h/stride), ceil(w/stride))`. Each call
    asks `composing_pays` which way is cheaper. composes: True if the last call composed first,
    False if it ran in series, None before the first call.
    Raises ValueError for an input that is not 4-dimensional.
    """

    def __init__(self, channels_in, channels_out, stride=1):
        require_int("This arm", channels_in=channels_in, channels_out=channels_out, stride=stride)
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 2, padding=1, bias=False),
            nn.Conv2d(channels_out, channels_out, 2, stride, bias=False),
        )
        self.composes = None

    def forward(self, x):
        if x.ndim != 4:
            shape = tuple(x.shape)
            raise ValueError(
                f"A ComposedPair takes photos (n, channels, h, w), not {shape}; "
                "for a single photo give x[None]."
            )
        first, second = self
        self.composes = composing_pays(
            x.shape, first.out_channels, second.out_channels, second.stride[0]
        )
        if not self.composes:
            return second(first(x))
        return _ComposedConvolution.apply(x, first.weight, second.weight, second.stride)

    def extra_repr(self):
        return {None: "", True: "composed first", False: "in series"}[self.composes]


class _ComposedConvolution(torch.autograd.Function):
    """`conv2d(x, compose_by_nine(b, c), stride, padding=1)`, saving only x, b and c for backward.

    Autograd alone would also save the composed kernel and its nine evaluations, three times the
    weights of a 3x3. The backward pass composes once more instead: that is cheap wherever composing
    is cheap, and elsewhere the pair runs in series.
    """

    @staticmethod
    def forward(ctx, x, b, c, stride):
        ctx.save_for_backward(x, b, c)
        ctx.stride = stride
        ctx.autocast = _autocast_enabled(x.device.type)
        return F.conv2d(x, compose_by_nine(b, c), stride=stride, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, b, c = ctx.saved_tensors
        b = b.detach().requires_grad_()
        c = c.detach().requires_grad_()
        autocast = torch.autocast(x.device.type, grad.dtype) if ctx.autocast else nullcontext()
        with torch.enable_grad(), autocast:
            a = compose_by_nine(b, c).to(grad.dtype)
        d_x, d_a = _convolution_gradients(ctx, grad, x.to(grad.dtype), a.detach())
        d_b, d_c = torch.autograd.grad(a, (b, c), d_a)
        if d_x is not None:
            d_x = d_x.to(x.dtype)
        return d_x, d_b, d_c, None


def _autocast_enabled(device):
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _convolution_gradients(ctx, grad, x, a):
    """Gradients by x (None if not needed) and by a of `conv2d(x, a, stride=ctx.stride, padding=1)`.

    One call of what autograd itself uses. torch.nn.grad takes two calls, neither channels last.
    """
    d_x, d_a, _ = torch.ops.aten.convolution_backward(
        grad,
        x,
        a,
        bias_sizes=None,
        stride=ctx.stride,
        padding=(1, 1),
        dilation=(1, 1),
        transposed=False,
        output_padding=(0, 0),
        groups=1,
        output_mask=(ctx.needs_input_grad[0], True, False),
    )
    return d_x, d_a


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


def composing_pays(shape, hidden, out, stride=1):
    """Whether composing the kernel and one 3x3 convolution take less time than the two in series.

    shape: of the input, `(n, in, h, w)`.
    """
    composed = 1 + PRICE * composing_share(shape, hidden, stride)
    in_series = TRAFFIC * series_share(shape, hidden, out, stride)
    return composed <= in_series


def _pixels_out(h, w, stride):
    return -(-h // stride) * -(-w // stride)  # rounded up


def compose_by_nine(b, c):
    """`kernels.compose` of two 2x2 kernels in 9 matrix products, not 16.

    b: `(hidden, in, 2, 2)`; c: `(out, hidden, 2, 2)`. Returns `(out, in, 3, 3)`, channels last.
    A kernel is a polynomial in two variables, and composing multiplies the polynomials. Both are
    evaluated at the nine points (s, t) with s and t in 0, 1 and infinity and multiplied there; the
    nine values determine the product (Karatsuba and Ofman 1962, in both directions).
    TypeError if b or c is not a tensor or their dtypes differ, ValueError for other shapes.
    """
    _check_2x2_kernels(b, c)
    evaluate = torch.kron(EVALUATE, EVALUATE).to(b)
    interpolate = torch.kron(INTERPOLATE, INTERPOLATE).to(b)

    def at_nine_points(k):  # (p, q, 2, 2) to (9, p, q)
        coefficients = k.permute(0, 2, 3, 1).flatten(1, 2)
        return (evaluate @ coefficients).transpose(0, 1)

    products = at_nine_points(c) @ at_nine_points(b)
    kernel = interpolate @ products.transpose(0, 1)  # (out, 9, in)
    return kernel.unflatten(1, (3, 3)).permute(0, 3, 1, 2)


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
