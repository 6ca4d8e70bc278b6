"""Where convolutions are not one: at the border, because of what they pad with.

Of two in series it is the second that pads. Of a sum all read the same padding, or none.
"""

import torch

__all__ = ["border_obstacle", "sum_obstacle", "differing", "reading"]

# The two sides of each axis; one axis is (n, c, w), two are (n, c, h, w), three are (n, c, d, h, w)
SIDES = (("front", "back"), ("top", "bottom"), ("left", "right"))


def border_obstacle(a, b):
    """None if `a`, then `b` is one convolution for inputs of every size, else the reason in words.

    Where b pads, b reads `b.fill`; the one convolution reads what a would give if it went on beyond
    its edge. They agree if a reads only its own padding there, and then gives `b.fill`.
    """
    if b.output_padding is not None:
        return "the second is a transposed convolution, where fewer pixels meet at the border"
    if a.output_padding is not None and not b.pointwise:
        return "the first is a transposed convolution, and the second reads several of its pixels"
    total = sum(sum(b.padding, ()))
    if not total:
        return None
    if not _goes_on(a, b):
        rows = "row or column" if total == 1 else "rows and columns"
        return (
            f"the second pads {total} {rows} with values that the first would not give there: "
            "the first adds a number (a bias or a BatchNorm) that the padding lacks"
        )
    for axis, names in enumerate(SIDES[-len(a.kernel) :]):
        needed = _needed_padding(a, b, axis)
        for name, pads, has, needs in zip(names, b.padding[axis], a.padding[axis], needed):
            if pads and has < needs:
                return (
                    f"the second pads {pads} at the {name}, "
                    f"where the first pads {has} and would have to pad {needs}"
                )
    return None


def sum_obstacle(branches):
    """None if the sum of `branches` is one convolution for inputs of every size, else the reason.

    They must give as many channels and pixels each, and read the same beyond the edges.
    """
    if any(branch.output_padding is not None for branch in branches):
        return "one is a transposed convolution"
    first, *others = branches
    for other in others:
        if len(other.bias) != len(first.bias):
            return f"they give {len(first.bias)} and {len(other.bias)} channels"
        if other.stride != first.stride:
            return f"they move by {_say(first.stride)} and {_say(other.stride)} pixels"
        if _lost(other) != _lost(first):
            return "their outputs differ in size, by how far they pad"
    padded = [branch for branch in branches if branch.pads]
    if any((branch.fill - padded[0].fill).any() for branch in padded):
        return "they pad with different values"
    return None


def _lost(branch):
    """By how many pixels an output of stride 1 is smaller than the input, along each axis."""
    return [reach - sum(sides) for reach, sides in zip(branch.reach, branch.padding)]


def _say(numbers):
    return "x".join(map(str, numbers))


def _needed_padding(a, b, axis):
    """`(before, after)`: what a must pad so that beyond its edge it reads only its own padding."""
    before, _ = b.padding[axis]
    stride = b.stride[axis]
    firsts = [v * b.dilation[axis] - before for v in range(b.kernel[axis])]
    # the last position before the edge that each tap of b reads: its stride may skip some
    lasts = [first + (-1 - first) // stride * stride for first in firsts if first < 0]
    reach = a.reach[axis]
    return reach + max(lasts, default=0) * a.stride[axis] + 1, reach


def _goes_on(a, b):
    """Whether b pads with what a gives beyond its edge, up to rounding in single precision."""
    outside = a.flat(a.fill)
    scale = outside.abs().max().clamp_min(b.fill.abs().max())
    return (outside - b.fill).abs().max() <= 1e-6 * scale


def differing(a, b, size):
    """Where `a`, then `b`, and `in_series(a, b)` differ on an input of `size`.

    Returns a mask with the size of the output, all False exactly if the two are one for this size.
    Where it is True the outputs may still be equal by chance, as for an input of zeros.
    """
    middle = a.output_size(size)
    b.output_size(middle)  # raises if b does not fit
    inside = torch.tensor(True)
    touching = torch.tensor(True)  # where a reads a pixel of the input
    for axis, (before, after) in enumerate(b.padding):
        i = torch.arange(-before, middle[axis] + after)
        inside = inside.unsqueeze(-1) & (0 <= i) & (i < middle[axis])
        touching = touching.unsqueeze(-1) & _touches(a, i, axis, size[axis])
    biased = not _goes_on(a, b)
    wrong = ~inside & (biased | touching)
    return reading(b, wrong)


def _touches(a, i, axis, n):
    """Whether a, for its outputs at the positions i along an axis, reads any of the n pixels."""
    taps = a.dilation[axis] * torch.arange(a.kernel[axis])
    pixels = a.stride[axis] * i[:, None] + taps - a.padding[axis][0]
    return ((0 <= pixels) & (pixels < n)).any(1)


def reading(b, wrong):
    """The positions of `b`'s output that read one of `wrong`, a mask over its padded input."""
    windows = wrong
    for axis, (reach, s, d) in enumerate(zip(b.reach, b.stride, b.dilation)):
        windows = windows.unfold(axis, reach + 1, s)[..., ::d]
    return windows.flatten(wrong.ndim).any(-1)
