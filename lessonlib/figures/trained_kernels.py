"""Drawing of how near a trained network's kernels are to products, layer by layer."""

import torch
from matplotlib.figure import Figure

from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["distance_chart"]


def distance_chart(rows, source):
    """Distances by layer and kind, `{layer: {kind: distances (n,)}}`: a mark at the median, a line from 5% to 95% of them.

    source: what the network was trained on, named above the chart.
    """
    figure = Figure(figsize=(9, 1 + 0.4 * len(rows)), layout="constrained")
    axes, words = figure.subplots(), []
    kinds = list(next(iter(rows.values())))
    for row, (name, found) in enumerate(rows.items()):
        for place, (kind, distances) in enumerate(found.items()):
            y, color = row + 0.22 * (place - (len(kinds) - 1) / 2), COLORS[place]
            low, middle, high = torch.quantile(
                distances, torch.tensor([0.05, 0.5, 0.95], dtype=distances.dtype)
            ).tolist()
            axes.plot([low, high], [y, y], color=color, linewidth=1.5)
            axes.plot(
                middle, y, "osD"[place], color=color, markersize=5, label=kind if row == 0 else None
            )
        words.append(
            f"{name}: " + ", ".join(f"{kind} {found[kind].median():.2f}" for kind in kinds)
        )
    axes.set_yticks(range(len(rows)), list(rows), fontsize=8)
    axes.set(
        ylim=(len(rows) - 0.5, -0.5),
        xlim=(0, None),
        xlabel="relative distance from the nearest product of two 2x2",
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=len(kinds))
    figure.suptitle(source, fontsize=8, color=DARK)
    return Picture(
        figure,
        f"Median distance of the kernels from products, layer by layer, {source}. "
        + "; ".join(words)
        + ".",
    )
