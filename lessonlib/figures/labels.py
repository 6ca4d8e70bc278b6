"""Names beside the ends of curves: direct labels that never cover each other."""

__all__ = ["spread", "name_ends", "DARK", "GREY"]

DARK, GREY = "#444444", "#999999"
LINE = 0.07  # a line of text as a share of the chart's height


def spread(places, gap):
    """Places in [0, 1] moved as little as possible, by the sum of squares, until any two are `gap` apart; their order stays.

    Less the gaps below it, each must not lie below the one before: those that do are brought together at their mean, pair by
    pair (the pool-adjacent-violators algorithm). ValueError where they are too many for the room.
    """
    room = 1 - gap * (len(places) - 1)
    if room < 0:
        raise ValueError(
            f"{len(places)} places with gaps of {gap} do not fit between 0 and 1: make the gaps smaller."
        )
    order, pools = sorted(range(len(places)), key=places.__getitem__), []
    for rank, i in enumerate(order):
        pools.append((places[i] - rank * gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, n), (b, m) = pools[-2:]
            pools[-2:] = [((a * n + b * m) / (n + m), n + m)]
    moved = [min(max(mean, 0), room) for mean, n in pools for _ in range(n)]
    return [moved[order.index(i)] + order.index(i) * gap for i in range(len(places))]


def name_ends(ends, axes):
    """Names in a column right of the chart, each tied to where its curve ends, with a piece of the curve's dash.

    ends: (name, height, style) of each curve, its height in the units of the axes.
    """
    low, high = axes.get_ylim()
    heights = [(height - low) / (high - low) for _, height, _ in ends]
    for (name, _, style), end, place in zip(ends, heights, spread(heights, LINE)):
        where = {"transform": axes.transAxes, "clip_on": False}
        axes.plot([1, 1.04], [end, place], color=GREY, linewidth=0.5, **where)
        axes.plot([1.05, 1.15], [place, place], **{"linewidth": 1.5} | style, **where)
        axes.text(1.17, place, name, transform=axes.transAxes, fontsize=9, color=DARK, va="center")
