"""A linear pair of 2x2 convolutions that trains at nearly the cost of one 3x3: compose the two kernels, convolve once.

The same weights, outputs and gradients as the pair in series. Composing does not depend on the photos: it costs
`hidden / (n*h*w)` of the convolution's multiplications, nothing in an early layer and as much as the convolution in a last one.
So each layer decides for itself.
"""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable

from lessonlib.checks import require_int, require_type

__all__ = ["ComposedPair", "compose_by_nine", "composing_pays", "composing_share", "series_share"]

# Measured on a processor, with benchmarks/bench_composed.py: a multiplication of composing takes as long as so many of the
# convolution, its matrices being small; and in series each takes a little longer, for the middle is written and read again.
PRICE, TRAFFIC = 8, 1.2

# k0 + k1 x at 0, 1 and infinity; and from the values of p0 + p1 x + p2 x^2 there to p0, p1, p2
AT = torch.tensor([[1.0, 0], [1, 1], [0, 1]])
BACK = torch.tensor([[1.0, 0, 0], [-1, 1, -1], [0, 0, 1]])


class ComposedPair(nn.Sequential):
    """Two 2x2 convolutions, `(n, channels_in, h, w)` to what a 3x3 with padding 1 gives, as arm "pair" and with its weights.

    Each call decides by `composing_pays` which way is cheaper; `composes` says how the last call went, None before it.
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
            raise ValueError(
                f"A ComposedPair takes photos (n, channels, h, w), not {tuple(x.shape)}: a single one is x[None]."
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
    """`conv2d(x, compose_by_nine(b, c), stride, padding=1)`, keeping only x, b and c for the backward pass.

    Left to itself autograd would keep the composed kernel and the nine evaluations too, three times a 3x3's weights. Composing
    once more in the backward pass is cheaper than that wherever composing is cheap, and elsewhere the pair runs in series.
    """

    @staticmethod
    def forward(ctx, x, b, c, stride):
        ctx.save_for_backward(x, b, c)
        kind = x.device.type
        ctx.stride, ctx.half = (
            stride,
            torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind),
        )
        return F.conv2d(x, compose_by_nine(b, c), stride=stride, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, b, c = ctx.saved_tensors
        with (
            torch.enable_grad(),
            torch.autocast(x.device.type, grad.dtype) if ctx.half else nullcontext(),
        ):
            b, c = b.detach().requires_grad_(), c.detach().requires_grad_()
            a = compose_by_nine(b, c).to(grad.dtype)
        # as autograd does it; torch.nn.grad would take two calls, neither of them channels last
        d_x, d_a, _ = torch.ops.aten.convolution_backward(
            grad,
            x.to(grad.dtype),
            a.detach(),
            None,
            ctx.stride,
            (1, 1),
            (1, 1),
            False,
            (0, 0),
            1,
            (ctx.needs_input_grad[0], True, False),
        )
        return d_x if d_x is None else d_x.to(x.dtype), *torch.autograd.grad(a, (b, c), d_a), None


def composing_share(shape, hidden, stride=1):
    """Multiplications of composing, `9 * in * hidden * out`, over those of the 3x3, `9 * n * in * out * h' * w'`.

    shape: of the input, `(n, in, h, w)`. The same in the backward pass, where both are done twice.
    """
    n, _, h, w = shape
    return hidden / (n * -(-h // stride) * -(-w // stride))


def series_share(shape, hidden, out, stride=1):
    """Multiplications of the two in series over those of the 3x3: about 8/9, more at the border, 20/9 and more at stride 2."""
    _, channels_in, h, w = shape
    last = -(-h // stride) * -(-w // stride)
    return (
        4 * hidden * (channels_in * (h + 1) * (w + 1) + out * last) / (9 * channels_in * out * last)
    )


def composing_pays(shape, hidden, out, stride=1):
    """Whether the 3x3 and composing its kernel, before it, take less time than the two in series."""
    return 1 + PRICE * composing_share(shape, hidden, stride) <= TRAFFIC * series_share(
        shape, hidden, out, stride
    )


def compose_by_nine(b, c):
    """`kernels.compose` for two 2x2 kernels `(hidden, in, 2, 2)` and `(out, hidden, 2, 2)` in 9 matrix products, not 16.

    A kernel is a polynomial in two variables, and composing multiplies them. Both are evaluated at the nine points (s, t) with
    s and t in 0, 1 and infinity, multiplied there, and the product is read back from its nine values: Karatsuba's trick (1962)
    in both directions. Returns `(out, in, 3, 3)`, channels last. TypeError, ValueError for others.
    """
    require_type("compose_by_nine", torch.Tensor, b=b, c=c)
    if not b.ndim == c.ndim == 4 or {*b.shape[2:], *c.shape[2:]} != {2} or b.shape[0] != c.shape[1]:
        raise ValueError(
            f"compose_by_nine takes kernels (hidden, in, 2, 2) and (out, hidden, 2, 2); got {tuple(b.shape)}, {tuple(c.shape)}."
        )
    if b.dtype != c.dtype:
        raise TypeError(
            f"compose_by_nine: {b.dtype} and {c.dtype} do not mix; make both the same, as with .double()."
        )
    values, back = (torch.kron(m, m).to(b) for m in (AT, BACK))

    def at_nine_points(k):  # (p, q, 2, 2) to (9, p, q)
        return (values @ k.permute(0, 2, 3, 1).flatten(1, 2)).transpose(0, 1)

    products = at_nine_points(c) @ at_nine_points(b)
    return (back @ products.transpose(0, 1)).unflatten(1, (3, 3)).permute(0, 3, 1, 2)
