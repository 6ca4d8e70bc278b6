"""Checkers of notebook 06: the optimiser steps of a training, and the crop of a photo."""

import math

import torch

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on

__all__ = ["check_steps", "check_box"]


@checker
def check_steps(answer):
    """`answer(photos, batch, epochs)` is the number of optimiser steps.

    The incomplete batch of an epoch is left out.
    """
    draw = Draws()
    cases = [(9025, 64, 5), (240, 16, 2), (9, 10, 3)]
    cases += [draw.integers((20, 400), (2, 30), (1, 9)) for _ in range(8)]
    mistakes = {
        "The incomplete batch of an epoch is left out: round down.": (
            lambda photos, batch, epochs: math.ceil(photos / batch) * epochs
        ),
        "What is left of one epoch is not carried into the next: "
        "round down for each, then multiply.": (
            lambda photos, batch, epochs: photos * epochs // batch
        ),
        "Photos rarely fill the last batch: whole steps only, with //.": (
            lambda photos, batch, epochs: photos * epochs / batch
        ),
        "These are the steps of one epoch: there are more.": (
            lambda photos, batch, epochs: photos // batch
        ),
        "You count photos: a step takes a whole batch of them.": (
            lambda photos, batch, epochs: photos * epochs
        ),
    }
    try_on(answer, cases, _counted_steps, mistakes)
    return "every epoch shuffles anew, so that it is not always the same photos that are left out."


@checker
def check_box(answer):
    """`answer(area, ratio, width, height)` is (wide, high) of a crop in pixels.

    area: its share of the photo's; ratio: its own width over height; width, height: of the photo.
    """
    draw = Draws()
    cases = [(0.36, 1.0, 100, 100), (0.5, 4 / 3, 400, 300)]
    for _ in range(8):
        percent, hundredths = draw.integers((35, 100), (75, 133))
        photo = draw.integers((100, 600), (100, 600))
        cases.append((percent / 100, hundredths / 100, *photo))
    mistakes = {
        "The area is a product of both sides: "
        "a side shrinks by the root of its share, not by the share.": (
            lambda area, ratio, width, height: _sides(area**2 * width * height, ratio)
        ),
        "Width and height are exchanged: the ratio is width over height.": (
            lambda area, ratio, width, height: _sides(area * width * height, ratio)[::-1]
        ),
        "The ratio goes to both sides: take its root, multiply the one and divide the other.": (
            lambda area, ratio, width, height: _sides(area * width * height, ratio**2)
        ),
        "With one side alone the ratio changes the area: "
        "the other side has to give what this one gains.": _one_side_alone,
        "The ratio is that of the crop, whatever shape the photo has.": (
            lambda area, ratio, width, height: (
                width * math.sqrt(area * ratio),
                height * math.sqrt(area / ratio),
            )
        ),
        "The ratio is missing: your crop is as wide, for its height, as the photo.": (
            lambda area, ratio, width, height: (width * math.sqrt(area), height * math.sqrt(area))
        ),
        "That is a share of each side: 60% of both sides are 36% of the area.": (
            lambda area, ratio, width, height: (area * width, area * height)
        ),
    }
    try_on(answer, cases, _solved_sides, mistakes)
    return "where it is wider or higher than the photo, another one is drawn."


def _sides(pixels, ratio):
    """The formula: (wide, high) of a crop of so many pixels."""
    return math.sqrt(pixels * ratio), math.sqrt(pixels / ratio)


def _one_side_alone(area, ratio, width, height):
    side = math.sqrt(area * width * height)
    return ratio * side, side


def _counted_steps(photos, batch, epochs):
    return epochs * sum(len(part) == batch for part in torch.arange(photos).split(batch))


def _solved_sides(area, ratio, width, height):
    """The logarithms of the sides add up to that of the area, and differ by that of the ratio."""
    known = torch.tensor([area * width * height, ratio], dtype=torch.float64).log()
    wide, high = torch.linalg.solve(known.new_tensor([[1, 1], [1, -1]]), known).exp().tolist()
    return wide, high
