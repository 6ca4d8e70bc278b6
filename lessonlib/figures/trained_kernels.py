"""How near a trained network's kernels are to products of two 2x2, layer by layer."""

import torch
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["distance_chart"]

MARKERS = "osD"
APART = 0.22  # of a row, between the marks of two kinds


@in_our_style
def distance_chart(rows, source):
    """Distances of kernels from products: a mark at the median, a line from 5% to 95% of them.

    rows: `{layer: {kind: distances (n,)}}`; source: what the network was trained on, named above
    the chart.
    """
    figure = Figure(figsize=(9, 1 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    kinds = list(next(iter(rows.values())))
    words = []
    for row, (name, found) in enumerate(rows.items()):
        for place, (kind, distances) in enumerate(found.items()):
            y = row + APART * (place - (len(kinds) - 1) / 2)
            _draw_spread(axes, y, distances, place, kind if row == 0 else None)
        medians = ", ".join(f"{kind} {found[kind].median():.2f}" for kind in kinds)
        words.append(f"{name}: {medians}")
    axes.set_yticks(range(len(rows)), list(rows), fontsize=8)
    axes.set(xlabel="relative distance from the nearest product of two 2x2")
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlim=(0, None))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=len(kinds))
    figure.suptitle(source, fontsize=8, color=DARK)
    title = f"Median distance of the kernels from products, layer by layer, {source}."
    return Picture(figure, f"{title} {'; '.join(words)}.")


def _draw_spread(axes, y, distances, place, label):
    quantiles = torch.tensor([0.05, 0.5, 0.95], dtype=distances.dtype)
    low, middle, high = torch.quantile(distances, quantiles).tolist()
    color = COLORS[place]
    axes.plot([low, high], [y, y], color=color, linewidth=1.5)
    axes.plot(middle, y, MARKERS[place], color=color, markersize=5, label=label)
