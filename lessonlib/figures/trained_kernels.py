"""What training changed in a network's kernels, drawn as the kernels themselves."""

import torch
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.kernels import ENTRIES
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.training.trained_kernels import constant_share

__all__ = ["changes_chart"]

CELL = 4  # a 3x3 kernel and the gap beside it, in entries
BETWEEN = 8  # two blocks of kernels, in entries
STRONGEST = 0.98  # the share of the entries that the colours tell apart
BLOCKS = ("before training", "what training changed", "after training")
ALT = (
    "Kernels of each layer as coloured squares: noise before training and after it, and between "
    "them what training changed, often nearly one colour. Share of the constant kernel before, in "
    "the change, after:"
)


@in_our_style
def changes_chart(layers, source, show=9):
    """The first `show` kernels of each layer: before training, what training changed, and after.

    layers: `training.trained_kernels.TrainedLayer`s, a row each; source: how they were trained,
    named below the chart. In each row, before and after share a scale, and the change, which is
    smaller, has its own. Beside each block stands how much of the energy of the layer's kernels is
    in the constant kernel.
    """
    figure = Figure(figsize=(10, 0.28 * len(layers) + 0.9), layout="constrained")
    axes = figure.subplots()
    picture = torch.cat([_layer_row(layer, show) for layer in layers])
    axes.imshow(picture.numpy(), cmap=ENTRIES, vmin=-1, vmax=1)
    block = CELL * show + BETWEEN
    shares = [_shares(layer) for layer in layers]
    for row, texts in enumerate(shares):
        for place, share in enumerate(texts, 1):
            axes.text(block * place - BETWEEN, CELL * row + 1, share, va="center", fontsize=9)
    names = [f"{number}: {x.shape[1]} to {x.shape[0]}" for number, x in enumerate(layers, 1)]
    axes.set_yticks([CELL * row + 1 for row in range(len(layers))], names, fontsize=9)
    axes.set_xticks([block * place + CELL * show / 2 for place in range(3)], BLOCKS)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    beside = "beside the kernels: the share of their energy that is one kernel, the constant"
    figure.supxlabel(f"{beside}\n{source}", fontsize=8, color=DARK)
    words = "; ".join(f"layer {i} {', '.join(texts)}" for i, texts in enumerate(shares, 1))
    return Picture(figure, f"{ALT} {words}.")


def _shares(layer):
    """The share of the constant kernel in each block, in words."""
    return [f"{constant_share(kernels):.0%}" for kernels in _three(layer)]


def _three(layer):
    """Kernels `(n, 3, 3)` for the three blocks."""
    return layer.initial, layer.kernels - layer.initial, layer.kernels


def _layer_row(layer, show):
    """`(CELL, width)` entries from -1 to 1, nan for the gaps."""
    before, change, after = _three(layer)
    scale = torch.cat([before, after]).abs().quantile(STRONGEST)
    own_scale = change.abs().quantile(STRONGEST)
    blocks = (before / scale, change / own_scale, after / scale)
    return torch.cat([_side_by_side(kernels[:show]) for kernels in blocks], 1)


def _side_by_side(kernels):
    padded = torch.nn.functional.pad(kernels, (0, 1, 0, 1), value=torch.nan)
    row = torch.cat(list(padded), 1)
    return torch.nn.functional.pad(row, (0, BETWEEN), value=torch.nan)
