"""Checkers of notebook 05: multiplications per byte moved, the time that follows, composing."""

import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import empty, macs_of

__all__ = ["check_intensity", "check_time", "check_composing"]


@checker
def check_intensity(answer):
    """`answer(n, c, h, w)` is the multiplications per byte moved, (of one 3x3, of two 2x2).

    The two 2x2 run in series, all padding on the first. c channels everywhere, float32.
    """
    draw = Draws()
    cases = [(64, 64, 32, 32), (1, 512, 4, 4)]
    cases += [draw.integers((1, 16), (1, 64), (2, 32), (2, 32)) for _ in range(6)]
    mistakes = {
        "You forget the middle: the first writes it, the second reads it.": _intensity(moved=0),
        "You forget the middle: "
        "written by the first, read by the second, and one larger each way.": (
            _intensity(moved=0, edge=0)
        ),
        "The middle moves twice: the first writes it, and the second reads it.": (
            _intensity(moved=1)
        ),
        "The middle is one larger each way: all padding is on the first.": _intensity(edge=0),
        "The first 2x2 multiplies for the whole middle, "
        "one row and one column more than the photo has.": _intensity(small=True),
        "A float32 has 4 bytes: you divide by the number of numbers.": _intensity(size=1),
        "You divide by bits: a float32 has 32 of them, and 4 bytes.": _intensity(size=32),
        "The weights have to be read, too: in a late layer they are most of it.": (
            _intensity(weights=0)
        ),
        "You count FLOPs: a multiplication and its addition count once here.": (
            _intensity(flops=2)
        ),
    }
    try_on(answer, cases, _measured_intensities, mistakes)
    return (
        "where weights hardly count, the pair multiplies less per byte, "
        "since its middle goes out and comes back."
    )


@checker
def check_time(answer):
    """`answer(launches, peak, bandwidth)` is the least time, in ms, of launches in sequence.

    launches: [(millions of multiplications, megabytes moved), ...];
    peak, bandwidth: how many of these fit into a millisecond.
    """
    draw = Draws()
    cases = [
        ([(900, 20)], 100, 4),
        ([(400, 20), (400, 20)], 100, 4),
        ([(100, 40), (900, 4)], 100, 4),
    ]
    for _ in range(6):
        count = draw.integer(1, 4)
        launches = [draw.integers((1, 900), (1, 90)) for _ in range(count)]
        cases.append((launches, *draw.integers((50, 500), (5, 50))))
    mistakes = {
        "You add up before you compare: "
        "a launch waits for the one before, so each has its own bottleneck.": (
            _time(max, each=False)
        ),
        "You add the two: "
        "bytes move during the multiplications, so the slower of the two decides.": (
            _time(lambda multiplying, moving: multiplying + moving)
        ),
        "The slower of the two decides, not the faster: max, not min.": _time(min),
        "You forget the bytes: they may take longer than the multiplications.": (
            _time(lambda multiplying, moving: multiplying)
        ),
        "You forget the multiplications: they may take longer than the bytes.": (
            _time(lambda multiplying, moving: moving)
        ),
        "The launches run one after the other: add up their times.": _time(max, together=max),
    }
    try_on(answer, cases, _under_the_roof, mistakes)
    return "fewer multiplications do not help a launch that waits for bytes."


@checker
def check_composing(answer):
    """`answer(c, n, h, w)` is the multiplications of composing over those of convolving.

    Two 2x2 of c channels are composed; the 3x3 runs on n photos of h x w pixels.
    """
    draw = Draws()
    cases = [(64, 64, 32, 32), (512, 8, 4, 4)]
    cases += [draw.integers((1, 32), (1, 9), (2, 9), (2, 9)) for _ in range(6)]
    mistakes = {
        "Nine products are what the trick needs: the plain way makes sixteen.": (
            lambda c, n, h, w: c / (n * h * w)
        ),
        "A product of two c x c matrices takes c^3 multiplications, "
        "the convolution c^2 per tap: a c is left.": lambda c, n, h, w: 16 / (9 * n * h * w),
        "The kernels are composed once for the whole batch: divide by n, too.": (
            lambda c, n, h, w: 16 * c / (9 * h * w)
        ),
        "Every tap of C meets every tap of B: that is 16 products, not 4.": (
            lambda c, n, h, w: 4 * c / (9 * n * h * w)
        ),
        "After composing, a 3x3 is left to run, not the pair: 9 taps, not 8.": (
            lambda c, n, h, w: 16 * c / (8 * n * h * w)
        ),
        "It is upside down: composing over convolving.": (
            lambda c, n, h, w: 9 * n * h * w / (16 * c)
        ),
    }
    try_on(answer, cases, _measured_composing, mistakes)
    return "little where photos are large or many, a lot in a last layer."


def _intensity(moved=2, edge=1, size=4, weights=1, flops=1, small=False):
    """The formula.

    moved: how often the middle is written or read; edge: how much larger it is than the photo;
    size: bytes of a number; weights: how often they are read; flops: count of a multiplication;
    small: the first multiplies at the positions of the photo only.
    """

    def of_both(n, c, h, w):
        photo = n * c * h * w
        middle = n * c * (h + edge) * (w + edge)
        first = photo if small else middle
        one = 9 * c * photo / (2 * photo + weights * 9 * c * c)
        moved_by_two = 2 * photo + moved * middle + weights * 8 * c * c
        two = 4 * c * (first + photo) / moved_by_two
        return flops * one / size, flops * two / size

    return of_both


def _time(slower, each=True, together=sum):
    """The formula: the `slower` of both times for `each` launch, and of all launches `together`."""

    def least(launches, peak, bandwidth):
        if not each:
            launches = [tuple(map(sum, zip(*launches)))]
        return together(slower(m / peak, mb / bandwidth) for m, mb in launches)

    return least


def _measured_intensities(*case):
    return _measured_intensity((3,), *case), _measured_intensity((2, 2), *case)


def _measured_intensity(sizes, n, c, h, w):
    """Of convolutions of these kernel sizes in series, all padding on the first."""
    photos = [empty(n, c, h, w)]
    weights = [empty(c, c, k, k) for k in sizes]

    def run():
        for padding, weight in zip((1, 0), weights):
            photos.append(F.conv2d(photos[-1], weight, padding=padding))

    macs = macs_of(run)
    moved = [*photos[:-1], *photos[1:], *weights]  # read, written, read
    return macs / sum(tensor.nbytes for tensor in moved)


def _under_the_roof(launches, peak, bandwidth):
    """By the roofline: a launch runs at the rate min(peak, intensity * bandwidth)."""
    return sum(macs / min(peak, macs / moved * bandwidth) for macs, moved in launches)


def _measured_composing(c, n, h, w):
    B = empty(4, 1, c, c)
    C = empty(4, c, c)
    photos = empty(n, c, h, w)
    kernel = empty(c, c, 3, 3)
    composing = macs_of(lambda: C @ B)
    return composing / macs_of(lambda: F.conv2d(photos, kernel, padding=1))
