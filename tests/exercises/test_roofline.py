"""Answers to the checkers of roofline: multiplications per byte, the time, composing first."""

from helpers.checkers import checker_tests
from lessonlib.costs.composing import composing_share
from lessonlib.exercises import roofline
from lessonlib.exercises.roofline import check_composing, check_intensity, check_time


def intensity(n, c, h, w, moved=2, edge=1, size=4, weights=1):
    photo = n * c * h * w
    middle = n * c * (h + edge) * (w + edge)
    one = 9 * c * photo / (2 * photo + weights * 9 * c * c)
    moved_by_two = 2 * photo + moved * middle + weights * 8 * c * c
    two = 4 * c * (photo + middle) / moved_by_two
    return one / size, two / size


def intensity_of_eight(n, c, h, w):
    one, two = intensity(n, c, h, w)
    return one, two * 2 * h * w / (h * w + (h + 1) * (w + 1))


def intensity_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: intensity(*case, **change)


def least_time(slower=max, together=sum):
    def least(launches, peak, bandwidth):
        return together(slower(macs / peak, moved / bandwidth) for macs, moved in launches)

    return least


def time_of_the_sums(launches, *machine):
    both = tuple(map(sum, zip(*launches)))
    return least_time()([both], *machine)


TestCheckers = checker_tests(
    roofline,
    {
        check_intensity: [intensity],
        check_time: [least_time()],
        check_composing: [
            lambda c, n, h, w: 16 * c / (9 * n * h * w),
            lambda c, n, h, w: 16 / 9 * composing_share((n, c, h, w), c),
        ],
    },
    {
        check_intensity: {
            "You forget the middle: the first writes it": intensity_with(moved=0),
            "You forget the middle: written by the first": intensity_with(moved=0, edge=0),
            "The middle moves twice": intensity_with(moved=1),
            "The middle is one larger each way": intensity_with(edge=0),
            "A float32 has 4 bytes": intensity_with(size=1),
            "You divide by bits": intensity_with(size=32),
            "for the whole middle": intensity_of_eight,
            "The weights have to be read": intensity_with(weights=0),
            "You count FLOPs": intensity_with(size=2),
        },
        check_time: {
            "You add up before you compare": time_of_the_sums,
            "You add the two": least_time(lambda macs, moved: macs + moved),
            "max, not min": least_time(min),
            "You forget the bytes": least_time(lambda macs, moved: macs),
            "You forget the multiplications": least_time(lambda macs, moved: moved),
            "add up their times": least_time(together=max),
        },
        check_composing: {
            "Nine products are what the trick needs": (
                lambda c, n, h, w: composing_share((n, c, h, w), c)
            ),
            "a c is left": lambda c, n, h, w: 16 / (9 * n * h * w),
            "divide by n, too": lambda c, n, h, w: 16 * c / (9 * h * w),
            "16 products, not 4": lambda c, n, h, w: 4 * c / (9 * n * h * w),
            "9 taps, not 8": lambda c, n, h, w: 2 * c / (n * h * w),
            "upside down": lambda c, n, h, w: 9 * n * h * w / (16 * c),
        },
    },
)


def test_the_numbers_in_the_quiz_of_costs():
    one, pair = intensity(64, 4, 64, 64)
    assert pair < one / 2
