"""The arms by their kernels: which input pixels one output pixel sees, and along how many paths."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.pictures import Picture

__all__ = ["ways", "footprints"]

COLUMNS = 4
SIDE = 9  # so that the middle pixel is also the place of an output at stride 2


def ways(arm, size=7, stride=1):
    """Along how many paths each input pixel reaches an output of `arm`: `(size, size)`.

    The output is the one whose place is the middle, size // 2, of an input of `size` x `size`;
    `stride` has to divide that. Whole numbers, summed over the channels; the smallest is 1. All
    weights are 1, BatchNorm is in evaluation, and activations let everything through.
    """
    layers = arm.build(4, 4, stride).eval()
    large = 100.0  # so that no activation bends it
    x = torch.full((1, 4, size, size), large, requires_grad=True)
    for weight in layers.parameters():
        if weight.ndim > 1:
            torch.nn.init.ones_(weight)
    output = size // 2 // stride
    layers(x)[0, 0, output, output].backward()
    paths = x.grad[0].sum(0)
    return (paths / paths[paths > 0].min()).round()


@in_our_style
def footprints(arms, stride=1):
    """For each arm the pixels around its output, darker and numbered by their paths.

    The output's own place is framed. With a stride of 2 it shows which kernel of a pair takes it.
    """
    arms = list(arms)
    rows = -(-len(arms) // COLUMNS)
    figure = Figure(figsize=(9, 2.5 * rows), layout="constrained")
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat:
        axes.axis("off")
    words = []
    for axes, arm in zip(figure.axes, arms):
        seen = ways(arm, SIDE, stride)
        _draw_footprint(axes, seen)
        axes.set_title(arm.label.replace(", ", ",\n", 1), fontsize=8)
        words.append(f"{arm.label}: {int((seen > 0).sum())} pixels, {_shift(seen)}")
    alt = f"The pixels that one output sees at stride {stride}, arm by arm. {'; '.join(words)}."
    return Picture(figure, alt)


def _draw_footprint(axes, seen):
    axes.imshow(seen.numpy(), cmap="Blues", vmin=0, vmax=1.6 * float(seen.max()))
    for i, j in seen.nonzero().tolist():
        axes.text(j, i, f"{seen[i, j]:.0f}", ha="center", va="center", fontsize=8)
    corner = len(seen) // 2 - 0.5
    frame = Rectangle((corner, corner), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2)
    axes.add_patch(frame)


def _shift(seen):
    """Where the middle of the seen pixels lies, relative to the output's place, in words."""
    place = torch.arange(len(seen)) - len(seen) // 2
    down = (seen.sum(1) * place).sum() / seen.sum()
    right = (seen.sum(0) * place).sum() / seen.sum()
    if not (down or right):
        return "around its place"
    return f"{-down:g} up and {-right:g} to the left of it"
