"""Checkers of notebook 01: a 2x2 inside a 3x3, the padding that matches, and the shifts."""

from itertools import product

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import embedded, slid

__all__ = ["check_embed", "check_padding", "check_shift"]


@checker
def check_embed(answer):
    """`answer(kernel (k, k), size, row, col)` is the kernel in a size x size square of zeros, its first entry at (row, col)."""
    draw = Draws()
    cases = [(draw.normal(2, 2), 3, row, col) for row, col in product((0, 1), repeat=2)]
    for _ in range(8):
        k = draw.whole(1, 4)
        size = k + draw.whole(0, 3)
        cases.append((draw.normal(k, k), size, draw.whole(0, size - k), draw.whole(0, size - k)))
    mistakes = {
        "Row and column are exchanged: F.pad counts left, right, top, bottom, a slice takes rows first.": (
            lambda k, size, row, col: embedded(k, size, col, row)
        ),
        "You count from the bottom right: row and col are the zeros above and to the left.": (
            lambda k, size, row, col: embedded(k, size, size - len(k) - row, size - len(k) - col)
        ),
        "The place is right, but you flip the kernel: copy it as it is.": (
            lambda k, size, row, col: embedded(k.flip(0, 1), size, row, col)
        ),
        "The place is right, but the kernel is transposed.": lambda k, size, row, col: embedded(
            k.T, size, row, col
        ),
    }
    try_on(answer, cases, embedded, mistakes)
    return "every place of every kernel, zeros elsewhere."


@checker
def check_padding(answer):
    """`answer(row, col)` is the (left, right, top, bottom) with which a 2x2 does what it does at that place of a 3x3."""
    mistakes = {
        "The padding is on the wrong side: a 2x2 at the left pads at the left, for there it looks past the edge.": (
            lambda row, col: (col, 1 - col, row, 1 - row)
        ),
        "Rows and columns are exchanged: the order is left, right, top, bottom.": lambda row, col: (
            1 - row,
            row,
            1 - col,
            col,
        ),
        "Sides and order are both wrong: the order is left, right, top, bottom, and a 2x2 at the left pads at the left.": (
            lambda row, col: (row, 1 - row, col, 1 - col)
        ),
    }
    try_on(answer, list(product((0, 1), repeat=2)), _measured_padding, mistakes)
    return "all four placements match, up to the border."


@checker
def check_shift(answer):
    """`answer(places)`, places [(row, col), ...] of 2x2 kernels in 3x3, is how far (down, right) they move the picture."""
    draw = Draws()
    cases = [([(0, 0)],), ([(1, 0)],), ([(0, 0)] * 4,), ([(0, 0), (1, 1)] * 2,)]
    cases += [
        ([(draw.whole(0, 1), draw.whole(0, 1)) for _ in range(draw.whole(1, 7))],)
        for _ in range(10)
    ]
    mistakes = {
        "The sign is turned round: a 2x2 at the top left looks up and left, so the picture moves down and right.": (
            lambda places: _moved(places, lambda at: at - 0.5)
        ),
        "Twice too much: two placements lie a whole pixel apart, one moves by half a pixel.": (
            lambda places: _moved(places, lambda at: 1 - 2 * at)
        ),
        "Down and right are exchanged: the row decides how far down it goes.": (
            lambda places: _moved(places, lambda at: 0.5 - at)[::-1]
        ),
        "You only count the layers: a 2x2 at the bottom moves the picture up again.": (
            lambda places: (len(places) / 2, len(places) / 2)
        ),
        "You count a whole pixel at the top left and none at the bottom right: each moves by a half, in opposite directions.": (
            lambda places: _moved(places, lambda at: 1 - at)
        ),
        "You take only the last layer: the shifts add up.": lambda places: _moved(
            places[-1:], lambda at: 0.5 - at
        ),
        "You take the mean: the shifts of the layers add up.": lambda places: tuple(
            s / len(places) for s in _moved(places, lambda at: 0.5 - at)
        ),
    }
    try_on(answer, cases, _measured_shift, mistakes)
    return "the half pixels add up, and opposite corners cancel."


def _measured_padding(row, col):
    draw = Draws()
    x, kernel = draw.normal(5, 5), draw.normal(2, 2)
    wanted = slid(F.pad(x, (1, 1, 1, 1)), embedded(kernel, 3, row, col))
    return next(p for p in product((0, 1), repeat=4) if _equal(slid(F.pad(x, p), kernel), wanted))


def _equal(a, b):
    return a.shape == b.shape and torch.allclose(a, b)


def _measured_shift(places):
    """Where the centre of mass of a dot is after layers that average over a 2x2."""
    middle = len(places) + 1
    line = torch.arange(2 * middle + 1, dtype=torch.float64) - middle
    picture = torch.outer(line == 0, line == 0).double()
    for row, col in places:
        picture = slid(
            F.pad(picture, (1, 1, 1, 1)),
            embedded(torch.full((2, 2), 0.25, dtype=torch.float64), 3, row, col),
        )
    return (picture.sum(1) @ line).item(), (picture.sum(0) @ line).item()


def _moved(places, each):
    return tuple(float(sum(each(place[side]) for place in places)) for side in (0, 1))
