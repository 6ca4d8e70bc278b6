"""The sum of convolutions that read the same input, as one.

Their kernels are laid on one another, each as far from the corner as it reaches less far out.
"""

from math import gcd

from lessonlib.merging.convolution import Convolution, blocks

__all__ = ["in_parallel"]


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
