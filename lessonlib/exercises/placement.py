"""Checkers of notebook 01: a 2x2 inside a 3x3, the padding that matches, and the shifts."""

from itertools import product

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import correlated, embedded

__all__ = ["check_embed", "check_padding", "check_shift"]


@checker
def check_embed(answer):
    """`answer(kernel (k, k), size, row, col)` is the kernel in a size x size square of zeros.

    Its first entry lies at (row, col).
    """
    draw = Draws()
    cases = [(draw.normal(2, 2), 3, row, col) for row, col in product((0, 1), repeat=2)]
    for _ in range(8):
        k, extra = draw.integers((1, 4), (0, 3))
        kernel = draw.normal(k, k)
        cases.append((kernel, k + extra, *draw.integers((0, extra), (0, extra))))
    mistakes = {
        "Row and column are exchanged: F.pad counts left, right, top, bottom, "
        "but a slice takes rows first.": lambda k, size, row, col: embedded(k, size, col, row),
        "You count from the bottom right: row and col are the zeros above and to the left.": (
            lambda k, size, row, col: embedded(k, size, size - len(k) - row, size - len(k) - col)
        ),
        "The place is right, but you flip the kernel: copy it as it is.": (
            lambda k, size, row, col: embedded(k.flip(0, 1), size, row, col)
        ),
        "The place is right, but the kernel is transposed.": (
            lambda k, size, row, col: embedded(k.T, size, row, col)
        ),
    }
    try_on(answer, cases, embedded, mistakes)
    return "every place of every kernel, zeros elsewhere."


@checker
def check_padding(answer):
    """`answer(row, col)` is the (left, right, top, bottom) that a 2x2 has to pad.

    With it, the 2x2 does what it does at (row, col) of a 3x3 that pads 1 on every side.
    """
    mistakes = {
        "The padding is on the wrong side: a 2x2 at the left pads at the left, "
        "because there it looks past the edge.": lambda row, col: (col, 1 - col, row, 1 - row),
        "Rows and columns are exchanged: the order is left, right, top, bottom.": (
            lambda row, col: (1 - row, row, 1 - col, col)
        ),
        "Sides and order are both wrong: the order is left, right, top, bottom, "
        "and a 2x2 at the left pads at the left.": lambda row, col: (row, 1 - row, col, 1 - col),
    }
    try_on(answer, list(product((0, 1), repeat=2)), _measured_padding, mistakes)
    return "all four placements match, up to the border."


@checker
def check_shift(answer):
    """`answer(places)` is how far (down, right) layers of 2x2 in 3x3 move the picture, in pixels.

    places: [(row, col), ...] of the 2x2 kernels, one for each layer.
    """
    draw = Draws()
    stacks = [
        [(0, 0)],
        [(1, 0)],
        [(0, 0)] * 4,
        [(0, 0), (1, 1)] * 2,
    ]
    for _ in range(10):
        layers = draw.integer(1, 7)
        stacks.append([draw.integers((0, 1), (0, 1)) for _ in range(layers)])
    mistakes = {
        "Reversed: a 2x2 at the top left looks up and left, so the picture moves down and right.": (
            lambda places: _moved(places, lambda at: at - 0.5)
        ),
        "Twice too much: two placements lie a whole pixel apart, one moves by half a pixel.": (
            lambda places: _moved(places, lambda at: 1 - 2 * at)
        ),
        "Down and right are exchanged: the row decides how far down it goes.": (
            lambda places: _moved(places)[::-1]
        ),
        "You only count the layers: a 2x2 at the bottom moves the picture up again.": (
            lambda places: (len(places) / 2, len(places) / 2)
        ),
        "You count a whole pixel at the top left and none at the bottom right: "
        "each moves by a half, in opposite directions.": (
            lambda places: _moved(places, lambda at: 1 - at)
        ),
        "You take only the last layer: the shifts add up.": lambda places: _moved(places[-1:]),
        "You take the mean: the shifts of the layers add up.": (
            lambda places: tuple(shift / len(places) for shift in _moved(places))
        ),
    }
    try_on(answer, [(places,) for places in stacks], _measured_shift, mistakes)
    return "the half pixels add up, and opposite corners cancel."


def _measured_padding(row, col):
    draw = Draws()
    x = draw.normal(5, 5)
    kernel = draw.normal(2, 2)
    wanted = correlated(F.pad(x, (1, 1, 1, 1)), embedded(kernel, 3, row, col))
    for sides in product((0, 1), repeat=4):
        found = correlated(F.pad(x, sides), kernel)
        if found.shape == wanted.shape and torch.allclose(found, wanted):
            return sides


def _measured_shift(places):
    """Where the centre of mass of a dot is after layers that average over a 2x2."""
    middle = len(places) + 1
    line = torch.arange(2 * middle + 1, dtype=torch.float64) - middle
    picture = torch.outer(line == 0, line == 0).double()
    average = torch.full((2, 2), 0.25, dtype=torch.float64)
    for row, col in places:
        picture = correlated(F.pad(picture, (1, 1, 1, 1)), embedded(average, 3, row, col))
    return (picture.sum(1) @ line).item(), (picture.sum(0) @ line).item()


def _moved(places, shift=lambda at: 0.5 - at):
    """(down, right): the sum over the layers, `shift` of a row or of a column."""
    down = sum(shift(row) for row, _ in places)
    right = sum(shift(col) for _, col in places)
    return float(down), float(right)
