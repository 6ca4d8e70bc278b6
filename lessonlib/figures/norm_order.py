"""What a block of convolution, BatchNorm and ReLU hands on, as histograms."""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.algebra.norm_order import summary
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["step_histograms"]

EDGES = np.linspace(-4, 4, 81)
HIGHEST = 0.15  # a higher bar is cut off: the share of zeros stands below it


@in_our_style
def step_histograms(steps):
    """Histograms side by side, `{step: numbers}`; a dashed line is the mean.

    Numbers outside -4 to 4 count at the nearer end.
    """
    n = len(steps)
    figure = Figure(figsize=(3.3 * n, 2.2), dpi=80)
    words = []
    for column, (title, numbers) in enumerate(steps.items()):
        # placed by hand: a layout engine would take as long again
        axes = figure.add_axes(((column + 0.03) / n, 0.2, 0.94 / n, 0.7))
        found = summary(numbers)
        _draw_histogram(axes, numbers.flatten().numpy())
        axes.axvline(found.mean, color=COLORS[1], linestyle="--", linewidth=1.5)
        axes.set(title=title, xlabel=str(found))
        axes.title.set_fontsize(10)
        words.append(f"{title}: {found}")
    return Picture(figure, f"Histograms of the numbers after each step. {'; '.join(words)}.")


def _draw_histogram(axes, numbers):
    counts, _ = np.histogram(np.clip(numbers, -4, 4), EDGES)
    shares = counts / numbers.size
    axes.bar(EDGES[:-1], shares, np.diff(EDGES), align="edge", color=COLORS[0], alpha=0.75)
    axes.set(xlim=(-4, 4), ylim=(0, HIGHEST), yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
