"""Drawings of where one convolution goes wrong in the place of two."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["error_maps"]


def error_maps(comparisons, alt):
    """Maps of the wrong positions side by side, each with its share: `{title: Comparison}`. Grey is right."""
    figure = Figure(figsize=(2.3 * len(comparisons), 2.6), layout="constrained")
    for axes, (title, found) in zip(
        figure.subplots(1, len(comparisons), squeeze=False).flat, comparisons.items()
    ):
        share = np.where(
            found.where > 1e-10 * found.size,
            0.25 + 0.75 * found.where / max(found.largest, 1e-12),
            0,
        )
        axes.set_facecolor("#eeeeee")
        axes.imshow(np.full((*share.shape, 3), to_rgb(COLORS[1])), alpha=share)
        axes.set(title=title, xlabel=f"{100 * found.wrong:.1f}% wrong", xticks=[], yticks=[])
        axes.title.set_fontsize(9)
    shares = ", ".join(f"{title} {100 * found.wrong:.1f}%" for title, found in comparisons.items())
    return Picture(figure, f"{alt} Wrong positions: {shares}.")
