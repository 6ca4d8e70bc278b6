"""Maps of where one convolution differs from its chain: predicted, and measured on a photo."""

from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.equivalence import paint_errors
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import error_strength

__all__ = ["mask_and_difference"]


@in_our_style
def mask_and_difference(masks, alt):
    """Each mask of differing positions above the difference measured on a photo. Grey is equal.

    masks: `{title: (mask, difference)}`, both `(h, w)`: what `merging.differs` says, and absolute
    differences.
    """
    figure = Figure(figsize=(2.3 * len(masks), 4.6), layout="constrained")
    columns = figure.subplots(2, len(masks), squeeze=False).T
    for (above, below), (title, (mask, difference)) in zip(columns, masks.items()):
        paint_errors(above, mask.double())
        above.set(xlabel=f"{int(mask.sum())} of {mask.numel()} positions")
        above.set_title(title, fontsize=9)
        paint_errors(below, error_strength(difference, 1e-12))
        below.set(xlabel=f"on a photo up to {difference.max().item():.2g}")
    columns[0][0].set_ylabel("differs() says")
    columns[0][1].set_ylabel("|difference|")
    counts = ", ".join(
        f"{title} {int(mask.sum())} of {mask.numel()}" for title, (mask, _) in masks.items()
    )
    return Picture(figure, f"{alt} Positions that differ: {counts}.")
