"""What a layer that slides over its input does, as one record; and two such layers in series as one.

Along one axis such a layer gives

    y[i] = bias + sum over u of weight[u] * x[stride*i + dilation*u - before]

where x beyond its edges is `fill`. Put one into the other, and the sum keeps its form: strides multiply, kernels compose with
the second one's taps `stride` pixels apart, and the padding is that of the first plus the stride times that of the second. Only
at the border it may not be the same: the second layer does not read there what the first would have given.
"""

from dataclasses import dataclass
from itertools import product
from math import gcd

import torch

__all__ = ["Convolution", "in_series", "border_obstacle", "differing", "reading"]

# The sides of each axis, the last axis last: (n, c, left to right), (n, c, top to bottom, left to right), and depth first
SIDES = (("front", "back"), ("top", "bottom"), ("left", "right"))


@dataclass(frozen=True, eq=False)
class Convolution:
    """weight: `(out, in // groups, *k)` in float64 with one to three axes k; bias `(out,)`; fill `(in,)`, read beyond the edge;
    stride, dilation: a number for each axis; padding: `(before, after)` for each axis; biased: whether it has a bias to learn,
    and not zeros in its place.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    fill: torch.Tensor
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int
    biased: bool

    @property
    def kernel(self):
        return tuple(self.weight.shape[2:])

    @property
    def reach(self):
        """From the first pixel a kernel reads to the last, along each axis."""
        return tuple(d * (k - 1) for d, k in zip(self.dilation, self.kernel))

    @property
    def depthwise(self):
        return self.groups == len(self.fill) == len(self.bias)

    @property
    def only_pads(self):
        plain = self.depthwise and not self.biased and {*self.kernel, *self.stride} == {1}
        return plain and bool((self.weight == 1).all())

    @property
    def padded_apart(self):
        """Whether torch needs a layer of its own for the padding: its sides differ, or it is not zeros."""
        sides_differ = any(before != after for before, after in self.padding)
        return sides_differ or any(before for before, _ in self.padding) and bool(self.fill.any())

    @property
    def layers(self):
        """How many layers torch needs for it."""
        return 2 if self.padded_apart and not self.only_pads else 1

    @property
    def macs(self):
        """Multiplications for each position of the output."""
        return 0 if self.only_pads else self.weight.numel()

    def flat(self, value):
        """What it gives, `(out,)`, for an input that is `value` `(in,)` everywhere."""
        per_out = value.view(self.groups, -1).repeat_interleave(len(self.bias) // self.groups, 0)
        return self.bias + (self.weight.flatten(2).sum(2) * per_out).sum(1)

    def output_size(self, size):
        """Of an input with `size` pixels along each axis. ValueError where the kernel is larger than the padded input."""
        padded = [
            n + before + after - reach
            for n, (before, after), reach in zip(size, self.padding, self.reach)
        ]
        if min(padded) < 1:
            raise ValueError(
                f"An input of {tuple(size)} pixels is too small for a kernel of {self.kernel}: give a larger one."
            )
        return tuple((n - 1) // s + 1 for n, s in zip(padded, self.stride))


def in_series(a, b):
    """The one `Convolution` that does `a`, then `b`: everywhere if `border_obstacle(a, b)` is None, else off the border.

    a, b: with as many axes, b reading the channels that a gives.
    """
    groups = gcd(a.groups, b.groups)
    stride = tuple(s * t for s, t in zip(a.stride, b.stride))
    taps = [
        (k, d, j, s * e)
        for k, d, j, e, s in zip(a.kernel, a.dilation, b.kernel, b.dilation, a.stride)
    ]
    # taps of a lie d apart and copies of a lie s * e apart, so all of them lie on a grid as fine as what both share
    dilation = tuple(gcd(d if k > 1 else 0, e if j > 1 else 0) or 1 for k, d, j, e in taps)
    steps = [
        (d // g or 1, e // g or 1) for (_, d, _, e), g in zip(taps, dilation)
    ]  # or 1: of one tap any step will do
    spans = [(k - 1) * step + 1 for k, (step, _) in zip(a.kernel, steps)]
    size = [(j - 1) * step + span for j, (_, step), span in zip(b.kernel, steps, spans)]
    copy = _copies(a, b, groups)
    weight = a.weight.new_zeros(len(b.bias), len(a.fill) // groups, *size)
    for v in product(*map(range, b.kernel)):  # b's tap v lays a copy of a there
        at = [slice(e * i, e * i + span, d) for i, span, (d, e) in zip(v, spans, steps)]
        weight[(..., *at)] += copy(v)
    padding = tuple(
        (before + s * b_before, after + s * b_after)
        for (before, after), (b_before, b_after), s in zip(a.padding, b.padding, a.stride)
    )
    return Convolution(
        weight, b.flat(a.bias), a.fill, stride, dilation, padding, groups, a.biased or b.biased
    )


def _copies(a, b, groups):
    """v to what b's tap v makes of a's weights, `(out, in // groups, *a.kernel)`."""
    ones = (1,) * len(a.kernel)
    if b.depthwise:  # a BatchNorm or an average after a convolution: every channel of a by a number
        return lambda v: b.weight[(..., *v)].view(-1, 1, *ones) * a.weight
    if a.depthwise:  # every channel that b reads by a kernel
        kernels = a.weight.view(groups, -1, *a.kernel).repeat_interleave(len(b.bias) // groups, 0)
        return lambda v: b.weight[(..., *v)].view(*kernels.shape[:2], *ones) * kernels
    first, second = _blocks(a, groups), _blocks(b, groups)
    return lambda v: torch.einsum("gom,gmi...->goi...", second[(..., *v)], first).flatten(0, 1)


def _blocks(convolution, groups):
    """Its weights with `groups` groups, fewer than its own, and zeros for what does not meet: `(groups, out, in, *k)`."""
    fewer, (out, inner), kernel = (
        convolution.groups // groups,
        convolution.weight.shape[:2],
        convolution.kernel,
    )
    weight = convolution.weight.view(groups, fewer, out // convolution.groups, inner, *kernel)
    blocks = weight.new_zeros(*weight.shape[:3], fewer, inner, *kernel)
    each = torch.arange(fewer)
    blocks[:, each, :, each] = weight.transpose(0, 1)
    return blocks.flatten(3, 4).flatten(1, 2)


def border_obstacle(a, b):
    """None if `a`, then `b` is one convolution for an input of any size; else the reason in words.

    Where b pads, it reads `b.fill`. The one convolution reads there what a would give if it went on beyond its edge. That is
    the same if a reads nothing but its own padding there, and gives `b.fill` for it.
    """
    padding = sum(b.padding, ())
    if not any(padding):
        return None
    if not _goes_on(a, b):
        n = sum(padding)
        return (
            f"the second pads {n} {'row or column' if n == 1 else 'rows and columns'} with what the first does not give beyond "
            f"its edge: it adds a number (a bias or a BatchNorm) that the padding lacks"
        )
    for axis, names in enumerate(SIDES[-len(a.kernel) :]):
        (before, after), own, reach = b.padding[axis], a.padding[axis], a.reach[axis]
        # the last position before the edge that b reads: its stride may leave some out
        starts = [v * b.dilation[axis] - before for v in range(b.kernel[axis])]
        last = max(
            [i + (-1 - i) // b.stride[axis] * b.stride[axis] for i in starts if i < 0], default=0
        )
        for name, pads, has, needs in zip(
            names, (before, after), own, (reach + last * a.stride[axis] + 1, reach)
        ):
            if pads and has < needs:
                return f"the second pads {pads} at the {name}, where the first has padded {has} and would have to pad {needs}"
    return None


def _goes_on(a, b):
    """Whether b pads with what a gives beyond its edge, up to the rounding of numbers in single precision."""
    outside = a.flat(a.fill)
    return (outside - b.fill).abs().max() <= 1e-6 * outside.abs().max().clamp_min(
        b.fill.abs().max()
    )


def differing(a, b, size):
    """Where `a`, then `b`, and `in_series(a, b)` differ on an input of `size`, unless by chance the pixels are all zero.

    Returns a mask with the size of the output, all False exactly where the two are one for this size.
    """
    middle = a.output_size(size)
    b.output_size(middle)
    biased = not _goes_on(a, b)
    inside, touching = torch.tensor(True), torch.tensor(True)
    for n, m, (before, after), own, s, d, k in zip(
        size, middle, b.padding, a.padding, a.stride, a.dilation, a.kernel
    ):
        i = torch.arange(-before, m + after)
        pixels = s * i[:, None] + d * torch.arange(k) - own[0]
        inside = inside.unsqueeze(-1) & ((0 <= i) & (i < m))
        touching = touching.unsqueeze(-1) & ((0 <= pixels) & (pixels < n)).any(1)
    wrong = ~inside & (biased | touching)
    return reading(b, wrong)


def reading(b, wrong):
    """The positions of `b`'s output that read one of `wrong`, a mask over its padded input."""
    windows = wrong
    for axis, (reach, s, d) in enumerate(zip(b.reach, b.stride, b.dilation)):
        windows = windows.unfold(axis, reach + 1, s)[..., ::d]
    return windows.flatten(wrong.ndim).any(-1)
