"""Drawings of what a block of convolution, BatchNorm and ReLU hands on."""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.algebra.norm_order import summary
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["step_histograms"]

EDGES, HIGHEST = (
    np.linspace(-4, 4, 81),
    0.15,
)  # a higher bar is cut off: the share of zeros stands below it


def step_histograms(steps):
    """Histograms side by side, `{step: numbers}`; a dashed line is the mean, what lies outside -4 to 4 counts at its end."""
    figure, n, words = Figure(figsize=(3.3 * len(steps), 2.2), dpi=80), len(steps), []
    for column, (title, numbers) in enumerate(steps.items()):
        axes = figure.add_axes(
            ((column + 0.03) / n, 0.2, 0.94 / n, 0.7)
        )  # a layout engine would take as long again
        found = summary(numbers)
        shares = np.histogram(np.clip(numbers.flatten().numpy(), -4, 4), EDGES)[0] / numbers.numel()
        axes.bar(EDGES[:-1], shares, np.diff(EDGES), align="edge", color=COLORS[0], alpha=0.75)
        axes.axvline(found.mean, color=COLORS[1], linestyle="--", linewidth=1.5)
        axes.set(title=title, xlabel=str(found), xlim=(-4, 4), ylim=(0, HIGHEST), yticks=[])
        axes.title.set_fontsize(10)
        axes.spines[["top", "right", "left"]].set_visible(False)
        words.append(f"{title}: {found}")
    return Picture(figure, f"Histograms of the numbers after each step. {'; '.join(words)}.")
