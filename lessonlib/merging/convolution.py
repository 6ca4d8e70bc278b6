"""What a layer that slides over its input computes, as one record.

Along one axis such a layer computes

    y[i] = bias + sum over u of weight[u] * x[stride*i + dilation*u - before]

where x is `fill` beyond its edges.
"""

from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import torch

__all__ = ["Convolution", "blocks"]


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
