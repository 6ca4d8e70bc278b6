"""Drawings of where one convolution differs from its chain: as counted beforehand, and as measured on a photo."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS

__all__ = ["mask_and_difference"]


def mask_and_difference(masks, alt):
    """`{title: (mask (h, w) of `differs`, |difference| (h, w) on a photo)}`: each mask above its difference. Grey is equal."""
    figure = Figure(figsize=(2.3 * len(masks), 4.6), layout="constrained")
    columns = figure.subplots(2, len(masks), squeeze=False).T
    for (above, below), (title, (mask, difference)) in zip(columns, masks.items()):
        largest = float(difference.max())
        seen = np.where(difference > 1e-12, 0.25 + 0.75 * difference / max(largest, 1e-12), 0)
        for axes, share in ((above, mask.double().numpy()), (below, seen)):
            axes.set_facecolor("#eeeeee")
            axes.imshow(np.full((*share.shape, 3), to_rgb(COLORS[1])), alpha=share)
            axes.set(xticks=[], yticks=[])
        above.set(xlabel=f"{int(mask.sum())} of {mask.numel()} positions")
        above.set_title(title, fontsize=9)
        below.set(xlabel=f"on a photo up to {largest:.2g}")
    columns[0][0].set_ylabel("differs() says")
    columns[0][1].set_ylabel("|difference|")
    counts = ", ".join(
        f"{title} {int(mask.sum())} of {mask.numel()}" for title, (mask, _) in masks.items()
    )
    return Picture(figure, f"{alt} Positions that differ: {counts}.")
