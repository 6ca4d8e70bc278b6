"""What the arms cost as an HTML table, and what composing a pair first costs, in sentences."""

import html

from lessonlib.arms import ARMS
from lessonlib.costs.choosing import choices
from lessonlib.costs.composing import composing_share, series_share
from lessonlib.figures.tables import COST_COLUMNS, cost_cells

__all__ = ["composing_in_words", "cost_html"]

# classic Notebook collapses the borders of every table that does not say otherwise
TABLE_STYLE = "border-collapse:separate;border-spacing:12px 1px;line-height:1.4"


def cost_html(costs, timings):
    """The table: `{arm name: counting.Cost}`, and `{arm name: timing.Timing}` or None."""
    rows = [_cells("th", ["", *COST_COLUMNS, "ms (quartiles)"])]
    for name, cost in costs.items():
        label = html.escape(ARMS[name].label)
        time = _milliseconds(timings[name]) if timings else "-"
        head = f"<th style='text-align:left;white-space:nowrap'>{label}</th>"
        rows.append(head + _cells("td", [*cost_cells(cost), time]))
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table style='{TABLE_STYLE}'>{lines}</table>"


def composing_in_words(shape, stride):
    """What both ways of the composed pair multiply, and which was faster, if that was measured.

    shape: of the input, `(n, channels, h, w)`; as many channels between and out.
    """
    n, channels, h, w = shape
    rows = -(-h // stride)
    columns = -(-w // stride)
    fraction = f"hidden / (n h w) = {channels} / ({n} x {rows} x {columns})"
    share = composing_share(shape, channels, stride)
    percent = f"{100 * share:.3g}" if share < 10 else f"{100 * share:,.0f}"
    series = series_share(shape, channels, channels, stride)
    return (
        f"Multiplications, if one 3x3 takes 1: the two 2x2 in series {series:.2f}; composed into "
        f"one kernel {1 + share:.2f} (composing adds {fraction} = {percent}%). "
        f"{_measured_in_words(shape, channels, stride)}"
    )


def _measured_in_words(shape, channels, stride):
    layer = (shape, channels, channels, stride)
    found = [c for c in choices() if (c.shape, c.hidden, c.out, c.stride) == layer]
    if not found:
        return "Which way is faster here, the composed pair measures when it first runs."
    last = found[-1]
    way = "is composed first" if last.composes else "goes in series"
    return (
        f"Measured here: composed first {last.composed_ms:,.2f} ms, in series "
        f"{last.series_ms:,.2f} ms. So the composed pair {way}."
    )


def _milliseconds(timing):
    low, middle, high = (
        f"{1e3 * seconds:,.2f}" for seconds in (timing.low, timing.median, timing.high)
    )
    return f"{middle} ({low} to {high})"


def _cells(tag, values):
    return "".join(f"<{tag} style='text-align:right'>{value}</{tag}>" for value in values)
