"""A linear pair of 2x2 convolutions that trains at the cost of one 3x3: compose the two kernels first, convolve once.

The same weights, outputs and gradients as the pair in series. Composing does not depend on the photos: it costs
`hidden / (n*h*w)` of the convolution's multiplications, nothing in an early layer and as much as the convolution in a last one.
"""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_input, conv2d_weight

__all__ = ["ComposedPair", "compose_by_nine", "composing_share"]

LIMIT = 0.25  # compose up to this share; benchmarks/bench_composed.py shows where the two ways cross


class ComposedPair(nn.Sequential):
    """Two 2x2 convolutions, `(n, channels_in, h, w)` to what a 3x3 with padding 1 gives, as arm "pair" and with its weights.

    Each call decides by `composing_share` which way is cheaper; `composes` says how the last call went, None before it.
    """

    def __init__(self, channels_in, channels_out, stride=1):
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 2, padding=1, bias=False),
            nn.Conv2d(channels_out, channels_out, 2, stride, bias=False),
        )
        self.composes = None

    def forward(self, x):
        first, second = self
        self.composes = composing_share(x.shape, first.out_channels, second.stride[0]) <= LIMIT
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
        ctx.stride, ctx.half = stride, torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
        return F.conv2d(x, compose_by_nine(b, c), stride=stride, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, b, c = ctx.saved_tensors
        where = {"stride": ctx.stride, "padding": 1}
        with torch.enable_grad(), torch.autocast(x.device.type, grad.dtype) if ctx.half else nullcontext():
            b, c = b.detach().requires_grad_(), c.detach().requires_grad_()
            a = compose_by_nine(b, c).to(grad.dtype)
        d_x = conv2d_input(x.shape, a.detach(), grad, **where).to(x.dtype) if ctx.needs_input_grad[0] else None
        d_a = conv2d_weight(x.to(grad.dtype), a.shape, grad, **where)
        return d_x, *torch.autograd.grad(a, (b, c), d_a), None


def composing_share(shape, hidden, stride=1):
    """Multiplications of composing, `9 * in * hidden * out`, over those of the 3x3, `9 * n * in * out * h' * w'`.

    shape: of the input, `(n, in, h, w)`. The same in the backward pass, where both are done twice.
    """
    n, _, h, w = shape
    return hidden / (n * -(-h // stride) * -(-w // stride))


def compose_by_nine(b, c):
    """`kernels.compose` for two 2x2 kernels `(hidden, in, 2, 2)` and `(out, hidden, 2, 2)` in 9 matrix products, not 16.

    The trick is Karatsuba's (1962), in both directions: the middle coefficient of (b0 + b1 x)(c0 + c1 x) is
    (b0 + b1)(c0 + c1) - b0 c0 - b1 c1, and two of these three products are needed anyway. Returns `(out, in, 3, 3)`.
    """
    products = _three(_three(c.permute(2, 3, 0, 1)), 1) @ _three(_three(b.permute(2, 3, 0, 1)), 1)
    return _coefficients(_coefficients(products, 1)).permute(2, 3, 0, 1)


def _three(k, dim=0):
    """From k0, k1 along `dim` to k0, k0 + k1, k1."""
    k0, k1 = k.unbind(dim)
    return torch.stack([k0, k0 + k1, k1], dim)


def _coefficients(p, dim=0):
    low, both, high = p.unbind(dim)
    return torch.stack([low, both - low - high, high], dim)
