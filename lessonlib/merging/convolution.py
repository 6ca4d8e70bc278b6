"""What a layer that slides over its input computes, as one record; and two in series as one.

Along one axis such a layer computes

    y[i] = bias + sum over u of weight[u] * x[stride*i + dilation*u - before]

where x is `fill` beyond its edges. Substitute one layer into the other and the sum keeps its form:
strides multiply, kernels compose with the second one's taps `stride` pixels apart, and the padding
is that of the first plus the stride times that of the second. Only at the border the two may
differ: the second layer pads with something other than what the first would have computed there.

The sum of several that read the same input keeps that form too: their kernels are laid on one
another, each as far from the corner as it reaches less far out.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import gcd, prod
from typing import NamedTuple

import torch

__all__ = ["Convolution", "in_series", "in_parallel", "blocks"]
__all__ += ["shape_in_series", "settings_in_series"]


@dataclass(frozen=True, eq=False)
class Convolution:
    """One convolution along up to three axes, in float64; along none it is a matrix.

    weight: `(out, in // groups, *kernel)`; bias: `(out,)`;
    fill: `(in,)`, what each channel is beyond its edges;
    stride, dilation: one number per axis; padding: `(before, after)` per axis;
    biased: whether it has a bias to learn, else `bias` is zeros;
    output_padding: of a transposed convolution, one number per axis, else None. Such a one is
        followed by what sees one position at a time, and by nothing else.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    fill: torch.Tensor
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int
    biased: bool
    output_padding: tuple[int, ...] | None = field(default=None, kw_only=True)

    @property
    def kernel(self):
        """Number of taps along each axis."""
        return tuple(self.weight.shape[2:])

    @property
    def reach(self):
        """Distance from the first pixel that the kernel reads to the last, along each axis."""
        return tuple(d * (k - 1) for d, k in zip(self.dilation, self.kernel))

    @property
    def pointwise(self):
        """Whether each position of the output is that of the input at the same place."""
        return {*self.kernel, *self.stride} <= {1} and not self.pads

    @property
    def pads(self):
        """Whether it reads beyond the edges of its input."""
        return any(sum(self.padding, ()))

    @property
    def depthwise(self):
        return self.groups == len(self.fill) == len(self.bias)

    @property
    def only_pads(self):
        """Whether it gives its padded input unchanged."""
        plain = self.depthwise and not self.biased and {*self.kernel, *self.stride} == {1}
        return plain and bool((self.weight == 1).all())

    @property
    def padded_apart(self):
        """Whether torch needs a separate layer for the padding: sides differ, or it is not zero."""
        sides_differ = any(before != after for before, after in self.padding)
        return sides_differ or any(before for before, _ in self.padding) and bool(self.fill.any())

    @property
    def layers(self):
        """How many layers torch needs for it."""
        return 2 if self.padded_apart and not self.only_pads else 1

    @property
    def macs(self):
        """Multiplications per position of the output."""
        if self.output_padding is not None:  # each input position adds its kernel to the output
            return self.weight.numel() // prod(self.stride)
        return 0 if self.only_pads else self.weight.numel()

    def flat(self, value):
        """The output, `(out,)`, where the input is `value` `(in,)` everywhere."""
        per_out = value.view(self.groups, -1).repeat_interleave(len(self.bias) // self.groups, 0)
        return self.bias + (self._sums * per_out).sum(1)

    @cached_property
    def _sums(self):
        """What the taps of each kernel add up to, `(out, in // groups)`."""
        return self.weight.reshape(*self.weight.shape[:2], -1).sum(2)

    def output_size(self, size):
        """Pixels of the output along each axis, for an input with `size` pixels along each axis.

        ValueError if the kernel is larger than the padded input.
        """
        padded = [n + before + after for n, (before, after) in zip(size, self.padding)]
        room = [n - reach for n, reach in zip(padded, self.reach)]
        if min(room) < 1:
            raise ValueError(
                f"An input of {tuple(size)} pixels is too small for a kernel of {self.kernel}: "
                "give a larger one."
            )
        return tuple((n - 1) // s + 1 for n, s in zip(room, self.stride))


def in_series(a, b):
    """The one `Convolution` that computes `a`, then `b`; b reads the channels that a gives.

    It is exact everywhere if `border_obstacle(a, b)` is None, else away from the border.
    """
    grids = _grids(a, b)
    copy_of_a = _copies(a, b, gcd(a.groups, b.groups))
    weight = a.weight.new_zeros(shape_in_series(a, b))
    for v in product(*map(range, b.kernel)):  # b's tap v adds a copy of a there
        at = [grid.taps_of_copy(i) for grid, i in zip(grids, v)]
        weight[(..., *at)] += copy_of_a(v)
    return Convolution(weight, **settings_in_series(a, b))


def shape_in_series(a, b):
    """The shape of the weight of `in_series(a, b)`."""
    size = [grid.size for grid in _grids(a, b)]
    return (len(b.bias), len(a.fill) // gcd(a.groups, b.groups), *size)


def settings_in_series(a, b):
    """All of `in_series(a, b)` but its weight, `{field: value}`."""
    return {
        "bias": b.flat(a.bias),
        "fill": a.fill,
        "stride": tuple(s * t for s, t in zip(a.stride, b.stride)),
        "dilation": tuple(grid.dilation for grid in _grids(a, b)),
        "padding": _padding_in_series(a, b),
        "groups": gcd(a.groups, b.groups),
        "biased": a.biased or b.biased,
        "output_padding": a.output_padding,
    }


def _grids(a, b):
    """The grid of the taps of `in_series(a, b)` along each axis."""
    axes = zip(a.kernel, a.dilation, a.stride, b.kernel, b.dilation)
    return [_grid_of(*axis) for axis in axes]


def in_parallel(branches):
    """The one `Convolution` that computes the sum of `branches`, which read the same input.

    It is exact if `sum_obstacle(branches)` is None.
    """
    groups = gcd(*[branch.groups for branch in branches])
    padding = _widest_padding(branches)
    axes = [_common_grid(branches, padding, axis) for axis in range(len(padding))]
    first = branches[0]
    size = [taps for _, taps in axes]
    weight = first.weight.new_zeros(len(first.bias), len(first.fill) // groups, *size)
    for branch in branches:
        at = [_taps_on(branch, padding, axis, axes[axis][0]) for axis in range(len(padding))]
        weight[(..., *at)] += blocks(branch, groups).flatten(0, 1)
    return Convolution(
        weight,
        bias=sum(branch.bias for branch in branches),
        fill=next((branch.fill for branch in branches if branch.pads), first.fill),
        stride=first.stride,
        dilation=tuple(dilation for dilation, _ in axes),
        padding=padding,
        groups=groups,
        biased=any(branch.biased for branch in branches),
    )


def _widest_padding(branches):
    """`(before, after)` along each axis: as far out as any of them reads."""
    padding = []
    for sides in zip(*[branch.padding for branch in branches]):
        padding.append(tuple(max(side) for side in zip(*sides)))
    return tuple(padding)


def _common_grid(branches, padding, axis):
    """`(dilation, taps)` of the coarsest grid on which all their taps lie along an axis."""
    distances = []
    last = 0
    for branch in branches:
        start = padding[axis][0] - branch.padding[axis][0]
        distances.append(start)
        distances.append(branch.dilation[axis] if branch.kernel[axis] > 1 else 0)
        last = max(last, start + branch.reach[axis])
    dilation = gcd(*distances) or 1
    return dilation, last // dilation + 1


def _taps_on(branch, padding, axis, dilation):
    """The slice of a grid on which the taps of a branch lie along an axis."""
    start = (padding[axis][0] - branch.padding[axis][0]) // dilation
    step = branch.dilation[axis] // dilation or 1  # or 1: a single tap has no distance
    return slice(start, start + (branch.kernel[axis] - 1) * step + 1, step)


class _Grid(NamedTuple):
    """The taps of two layers in series along one axis, which lie `dilation` pixels apart.

    Counted in taps of this grid: those of the first layer are `step` apart and `span` in all, its
    copies, one per tap of the second layer, are `apart`, and all of them take `size`.
    """

    dilation: int
    step: int
    span: int
    apart: int
    size: int

    def taps_of_copy(self, i):
        start = self.apart * i
        return slice(start, start + self.span, self.step)


def _grid_of(k, d, s, j, e):
    """The coarsest `_Grid` for k taps d pixels apart with stride s, then j taps e apart."""
    pixels_apart = s * e
    dilation = gcd(d if k > 1 else 0, pixels_apart if j > 1 else 0) or 1
    step = d // dilation or 1  # or 1: a single tap has no distance
    apart = pixels_apart // dilation or 1
    span = (k - 1) * step + 1
    return _Grid(dilation, step, span, apart, size=(j - 1) * apart + span)


def _padding_in_series(a, b):
    padding = []
    for (before, after), (b_before, b_after), s in zip(a.padding, b.padding, a.stride):
        padding.append((before + s * b_before, after + s * b_after))
    return tuple(padding)


def _copies(a, b, groups):
    """A function of v: a's weights times b's tap v, `(out, in // groups, *a.kernel)`."""
    ones = (1,) * len(a.kernel)
    if b.depthwise:  # a BatchNorm or an average after a convolution scales each channel of a
        return lambda v: b.weight[(..., *v)].view(-1, 1, *ones) * a.weight
    if a.depthwise:  # each channel that b reads comes from one kernel of a
        kernels = a.weight.view(groups, -1, *a.kernel).repeat_interleave(len(b.bias) // groups, 0)
        return lambda v: b.weight[(..., *v)].view(*kernels.shape[:2], *ones) * kernels
    first = blocks(a, groups)
    second = blocks(b, groups)
    return lambda v: torch.einsum("gom,gmi...->goi...", second[(..., *v)], first).flatten(0, 1)


def blocks(convolution, groups):
    """Its weights as those of fewer groups, `(groups, out, in, *kernel)`.

    Zeros stand between channels that do not meet.
    """
    c = convolution
    fewer = c.groups // groups
    out, inner = c.weight.shape[:2]
    weight = c.weight.view(groups, fewer, out // c.groups, inner, *c.kernel)
    blocks = weight.new_zeros(*weight.shape[:3], fewer, inner, *c.kernel)
    each = torch.arange(fewer)
    blocks[:, each, :, each] = weight.transpose(0, 1)
    return blocks.flatten(3, 4).flatten(1, 2)
