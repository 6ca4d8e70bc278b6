"""Names of a chart's rows, and beside the ends of curves: labels that never cover each other."""

__all__ = ["spread", "name_ends", "label_rows", "DARK", "GREY"]

DARK = "#444444"
GREY = "#999999"
LINE = 0.07  # a line of text as a share of the chart's height


def spread(places, gap):
    """Move places in [0, 1] apart until any two are at least `gap` apart; their order stays.

    Moved as little as possible, by the sum of squares. With the gaps below it subtracted, no place
    may lie below the one before: those that do are brought together at their mean, pair by pair
    (the pool-adjacent-violators algorithm). ValueError if there are too many places for the room.
    """
    room = 1 - gap * (len(places) - 1)
    if room < 0:
        raise ValueError(
            f"{len(places)} places with gaps of {gap} do not fit between 0 and 1: "
            "make the gaps smaller."
        )
    order = sorted(range(len(places)), key=places.__getitem__)
    lowered = [places[i] - rank * gap for rank, i in enumerate(order)]
    moved = [0.0] * len(places)
    for rank, (i, mean) in enumerate(zip(order, _rising(lowered))):
        moved[i] = min(max(mean, 0), room) + rank * gap
    return moved


def _rising(values):
    """The values that never fall, nearest to these by the sum of squares: pools at their means."""
    pools = []  # (mean, how many values)
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            b, m = pools.pop()
            a, n = pools.pop()
            pools.append(((a * n + b * m) / (n + m), n + m))
    return [mean for mean, n in pools for _ in range(n)]


def name_ends(ends, axes):
    """Names in a column right of the chart, each tied to the end of its curve.

    A piece of the curve's dash stands before each name.
    ends: (name, height, style) of each curve, its height in the units of the axes.
    """
    low, high = axes.get_ylim()
    heights = [(height - low) / (high - low) for _, height, _ in ends]
    where = {"transform": axes.transAxes, "clip_on": False}
    for (name, _, style), end, place in zip(ends, heights, spread(heights, LINE)):
        axes.plot([1, 1.04], [end, place], color=GREY, linewidth=0.5, **where)
        axes.plot([1.05, 1.15], [place, place], **{"linewidth": 1.5} | style, **where)
        axes.text(1.17, place, name, transform=axes.transAxes, fontsize=9, color=DARK, va="center")


def label_rows(axes, labels, **text):
    """Row i at height i, named at the left, the first at the top. text: for the labels."""
    axes.set_yticks(range(len(labels)), labels, **text)
    axes.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
