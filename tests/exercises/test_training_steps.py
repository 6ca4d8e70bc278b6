"""Answers to the checkers of training_steps: optimiser steps, and the crop of a photo."""

import math

import pytest
import torch

from helpers.checkers import checker_tests
from lessonlib.exercises import training_steps
from lessonlib.exercises.training_steps import check_box, check_steps
from lessonlib.imagewoof.crops import random_boxes


def steps(photos, batch, epochs):
    return photos // batch * epochs


def box(area, ratio, width, height):
    high = (area * width * height / ratio) ** 0.5
    return ratio * high, high


def box_with_one_side_alone(area, ratio, *photo):
    return box(area, ratio**2, *photo)[0], box(area, 1, *photo)[0]


TestCheckers = checker_tests(
    training_steps,
    {check_steps: [steps], check_box: [box]},
    {
        check_steps: {
            "round down": lambda photos, batch, epochs: math.ceil(photos / batch) * epochs,
            "not carried into the next": lambda photos, batch, epochs: photos * epochs // batch,
            "whole steps only": lambda photos, batch, epochs: photos / batch * epochs,
            "the steps of one epoch": lambda photos, batch, epochs: photos // batch,
            "You count photos": lambda photos, batch, epochs: photos * epochs,
        },
        check_box: {
            "a side shrinks by the root of its share": lambda area, *case: box(area**2, *case),
            "Width and height are exchanged": lambda *case: box(*case)[::-1],
            "The ratio goes to both sides": (
                lambda area, ratio, *photo: box(area, ratio**2, *photo)
            ),
            "With one side alone": box_with_one_side_alone,
            "whatever shape the photo has": (
                lambda area, ratio, w, h: box(area, ratio * w / h, w, h)
            ),
            "The ratio is missing": lambda area, ratio, w, h: box(area, w / h, w, h),
            "a share of each side": lambda area, ratio, w, h: (area * w, area * h),
            "it has to be (60, 60)": lambda *case: box(*case)[0],
        },
    },
)


def test_the_crops_that_are_drawn_have_the_sides_that_are_asked_for():
    drawn = random_boxes([2.0] * 200, 4000, torch.Generator().manual_seed(0)).double()
    left, top, right, bottom = drawn.T
    high = (bottom - top) / 2  # back to a photo 4000 x 2000
    for w, h in zip((right - left).tolist(), high.tolist()):
        assert box(w * h / 8e6, w / h, 4000, 2000) == pytest.approx((w, h))
        assert 0.349 < w * h / 8e6 <= 1 and 0.749 < w / h < 1.335


def test_the_numbers_in_the_quiz_of_the_race():
    assert divmod(9025, 64) == (141, 1)
    assert math.sqrt(0.36) == 0.6 and round(0.36**2, 2) == 0.13
