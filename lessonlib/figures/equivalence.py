"""Maps of where one convolution is wrong in the place of two."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, error_strength

__all__ = ["error_maps", "paint_errors"]


@in_our_style
def error_maps(comparisons, alt):
    """Maps of the wrong positions side by side, each with its share of them. Grey is right.

    comparisons: `{title: equivalence.OutputDifference}`.
    """
    figure = Figure(figsize=(2.3 * len(comparisons), 2.6), layout="constrained")
    columns = figure.subplots(1, len(comparisons), squeeze=False).flat
    for axes, (title, found) in zip(columns, comparisons.items()):
        paint_errors(axes, error_strength(found.where, 1e-10 * found.size))
        axes.set(xlabel=f"{100 * found.wrong:.1f}% wrong")
        axes.set_title(title, fontsize=9)
    shares = ", ".join(f"{title} {100 * found.wrong:.1f}%" for title, found in comparisons.items())
    return Picture(figure, f"{alt} Wrong positions: {shares}.")


def paint_errors(axes, strength):
    """Fill the axes with grey, and with orange of this opacity `(h, w)`, from 0 to 1."""
    axes.set_facecolor("#eeeeee")
    axes.imshow(np.full((*strength.shape, 3), to_rgb(COLORS[1])), alpha=strength.numpy())
    axes.set(xticks=[], yticks=[])
