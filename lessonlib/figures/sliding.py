"""A window that moves over a picture, step by step: what comes out, and the patch matrix."""

from itertools import product

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.pictures import Picture
from lessonlib.figures.steps import Steps
from lessonlib.figures.style import COLORS, entry_color
from lessonlib.kernels import correlate

__all__ = ["patch_steps", "slide_steps"]

MINUS = "\u2212"


def slide_steps(x, K):
    """A kernel K (kh, kw) slides over the picture x (h, w): the products, and the result so far."""
    y = correlate(x, K)
    largest = max(part.abs().max().item() for part in (x, K, y))
    so_far = torch.full_like(y, torch.nan)
    stills = {}
    for i, j in _places(y):
        so_far[i, j] = y[i, j]
        patch = x[i : i + K.shape[0], j : j + K.shape[1]]
        pairs = zip(K.flatten().tolist(), patch.flatten().tolist())
        terms = " + ".join(f"{_factor(k)}\u00b7{_factor(pixel)}" for k, pixel in pairs)
        words = f"{terms} = {_number(y[i, j].item())}"
        places = {"x": (x, (i, j, *K.shape)), "K": (K, None), "result": (so_far, (i, j, 1, 1))}
        alt = f"The kernel lies on row {i}, column {j} of the picture: {words}."
        stills[f"row {i}, column {j}: {words}"] = _squares(places, largest, alt)
    return Steps(stills)


def patch_steps(x, k):
    """The k x k patches of x (h, w) become the columns of a matrix, one after the other."""
    found = x.unfold(0, k, 1).unfold(1, k, 1)
    matrix = found.flatten(2).flatten(0, 1).T
    so_far = torch.full_like(matrix, torch.nan)
    stills = {}
    for n, (i, j) in enumerate(_places(found[..., 0, 0])):
        so_far[:, n] = matrix[:, n]
        caption = f"the patch at row {i}, column {j} is column {n} of the matrix"
        alt = f"A picture and its patch matrix so far: {caption}."
        places = {"x": (x, (i, j, k, k)), "patches": (so_far, (0, n, k * k, 1))}
        stills[caption] = _squares(places, x.abs().max().item(), alt)
    return Steps(stills)


def _places(y):
    return product(*map(range, y.shape))


@in_our_style
def _squares(tables, largest, alt):
    """Tables side by side, `{title: (numbers, window)}`; NaN is a square that is still empty.

    largest: the number that gets the full colour.
    """
    widths = [numbers.shape[1] for numbers, _ in tables.values()]
    height = max(numbers.shape[0] for numbers, _ in tables.values())
    size = ((sum(widths) + 2) * 0.45, height * 0.45 + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    all_axes = figure.subplots(1, len(tables), width_ratios=widths)
    for axes, (title, (numbers, window)) in zip(all_axes, tables.items()):
        _draw_table(axes, numbers, largest or 1, window)
        axes.set_title(title, fontsize=9)
    return Picture(figure, alt)


def _draw_table(axes, numbers, largest, window):
    """Numbers in coloured squares, with a frame round `window`: (row, column, height, width)."""
    h, w = numbers.shape
    for (i, j), value in zip(_places(numbers), numbers.flatten().tolist()):
        empty = value != value  # NaN
        color = "white" if empty else entry_color(value / largest)
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=color, edgecolor="#999999"))
        words = "" if empty else _number(value)
        axes.text(j + 0.5, i + 0.5, words, ha="center", va="center", fontsize=9)
    if window:
        i, j, height, width = window
        frame = Rectangle((j, i), width, height, fill=False, edgecolor=COLORS[1], linewidth=2.5)
        frame.set_clip_on(False)
        axes.add_patch(frame)
    axes.set(xlim=(0, w), ylim=(h, 0), aspect="equal", anchor="N")
    axes.axis("off")


def _factor(value):
    return _number(value) if value >= 0 else f"({_number(value)})"


def _number(value):
    return f"{value:g}".replace("-", MINUS)
