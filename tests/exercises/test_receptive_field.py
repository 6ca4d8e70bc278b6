"""Answers to the checkers of receptive_field: what a stack sees, and what a stem costs."""

import math

from helpers.checkers import checker_tests
from lessonlib.exercises import receptive_field as exercises
from lessonlib.exercises.receptive_field import check_field, check_stem
from lessonlib.kernels import receptive_field


def field(sizes, strides, step=1, start=1):
    for k, stride in zip(sizes, strides):
        start += (k - 1) * step
        step *= stride
    return start


def field_with_own_stride(sizes, strides):
    return field(sizes, strides[1:] + [1], step=strides[0])


def stem(layers, px, channels=3, own=False, up=1):
    weights = 0
    macs = 0
    seen = 1
    step = 1
    for k, c, stride in layers:
        px = (px + up * (stride - 1)) // stride
        weights += k * k * channels * c
        macs += k * k * channels * c * px * px
        seen += (k - 1) * step * (stride if own else 1)
        step *= stride
        channels = c
    return weights, macs, seen


def stem_without_strides_in_the_field(layers, px):
    weights, macs, _ = stem(layers, px)
    return weights, macs, 1 + sum(k - 1 for k, _, _ in layers)


def stem_of_large_photos(layers, px):
    weights, macs, _ = stem([(k, c, 1) for k, c, _ in layers], px)
    return weights, macs, stem(layers, px)[2]


def stem_that_always_reads(channels_in):
    def counted(layers, px):
        weights = 0
        macs = 0
        for k, c, stride in layers:
            px = math.ceil(px / stride)
            weights += k * k * channels_in * c
            macs += k * k * channels_in * c * px * px
        return weights, macs, stem(layers, 1)[2]

    return counted


TestCheckers = checker_tests(
    exercises,
    {
        check_field: [receptive_field],
        check_stem: [stem],
    },
    {
        check_field: {
            "The strides are missing": lambda sizes, strides: field(sizes, [1] * len(sizes)),
            "own stride": field_with_own_stride,
            "One is missing": lambda sizes, strides: field(sizes, strides, start=0),
            "You add up the sizes": lambda sizes, strides: sum(sizes),
            "You multiply the sizes": lambda sizes, strides: math.prod(sizes),
        },
        check_stem: {
            "The receptive field lacks the strides": stem_without_strides_in_the_field,
            "own stride does not widen": lambda *case: stem(*case, own=True),
            "only the first has 3 channels in": stem_that_always_reads(3),
            "weights for each channel that it reads": stem_that_always_reads(1),
            "leaves fewer": stem_of_large_photos,
            "rounded up": lambda *case: stem(*case, up=0),
        },
    },
)


def test_the_numbers_in_the_quiz_of_stems():
    weights, _, seen = stem([(3, 32, 2), (3, 32, 1), (3, 64, 1)], 128)
    weights_of_seven, _, seen_by_seven = stem([(7, 64, 2)], 128)
    assert (seen, seen_by_seven) == (11, 7)
    assert weights > 9 * 32 * 32 + 9 * 32 * 64 > weights_of_seven == 49 * 3 * 64
