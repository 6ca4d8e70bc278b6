"""The arms by their kernels: which pixels of the input one output pixel sees, and how many ways lead there."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.figures.pictures import Picture

__all__ = ["ways", "footprints"]


def ways(arm, size=7):
    """In how many ways each pixel of a `size` x `size` input reaches the middle output of `arm`, summed over both channels.

    All weights 1, BatchNorm in evaluation, activations where they let everything through: `(size, size)`, whole numbers.
    """
    layers = arm.build(4, 4, 1).eval()
    x = torch.full(
        (1, 4, size, size), 100.0, requires_grad=True
    )  # large, so that no activation bends it
    for weight in layers.parameters():
        if weight.ndim > 1:
            torch.nn.init.ones_(weight)
    layers(x)[0, 0, size // 2, size // 2].backward()
    paths = x.grad[0].sum(0)
    return (paths / paths[paths > 0].min()).round()


def footprints(arms):
    """For each arm a square of pixels around the output's place, dark where many ways lead, numbered; the place is framed."""
    arms, columns = list(arms), 4
    rows = -(-len(arms) // columns)
    figure = Figure(figsize=(9, 2.5 * rows), layout="constrained")
    words = []
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, arm in zip(figure.axes, arms):
        seen = ways(arm)
        axes.imshow(seen, cmap="Blues", vmin=0, vmax=1.6 * float(seen.max()))
        for (i, j), n in zip(seen.nonzero().tolist(), seen[seen > 0].tolist()):
            axes.text(j, i, f"{n:.0f}", ha="center", va="center", fontsize=8)
        axes.add_patch(_frame(len(seen) // 2))
        axes.set_title(arm.label.replace(", ", ",\n", 1), fontsize=8)
        words.append(f"{arm.label}: {int((seen > 0).sum())} pixels, {_shift(seen)}")
    return Picture(figure, "The pixels that one output sees, arm by arm. " + "; ".join(words) + ".")


def _frame(middle):
    return Rectangle(
        (middle - 0.5, middle - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2
    )


def _shift(seen):
    """Where the middle of the seen pixels lies, against the output's place."""
    place = torch.arange(len(seen)) - len(seen) // 2
    down, right = ((seen.sum(d) * place).sum() / seen.sum() for d in (1, 0))
    if not (down or right):
        return "around its place"
    return f"{-down:g} up and {-right:g} to the left of it"
