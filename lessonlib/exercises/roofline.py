"""Checkers of notebook 05: multiplications for each byte moved, the time that follows, and composing first."""

import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import empty, macs_of

__all__ = ["check_intensity", "check_time", "check_composing"]


@checker
def check_intensity(answer):
    """`answer(n, c, h, w)`: multiplications for each byte moved, (of one 3x3, of two 2x2 in series), float32, c channels."""
    draw = Draws()
    cases = [(64, 64, 32, 32), (1, 512, 4, 4)]
    cases += [
        tuple(draw.whole(*span) for span in [(1, 16), (1, 64), (2, 32), (2, 32)]) for _ in range(6)
    ]

    def intensity(moved=2, edge=1, size=4, weights=1, each=1, fill=1):
        def of_both(n, c, h, w):
            photo, middle = n * c * h * w, n * c * (h + edge) * (w + edge)
            one = 9 * c * photo / (2 * photo + weights * 9 * c * c)
            two = (
                4
                * c
                * (fill * middle + (2 - fill) * photo)
                / (2 * photo + moved * middle + weights * 8 * c * c)
            )
            return each * one / size, each * two / size

        return of_both

    mistakes = {
        "You forget the middle: the first writes it, the second reads it.": intensity(moved=0),
        "You forget the middle: written by the first, read by the second, and one larger each way.": intensity(
            0, 0
        ),
        "The middle moves twice: the first writes it, and the second reads it.": intensity(moved=1),
        "The middle is one larger each way: all padding is on the first.": intensity(edge=0),
        "The first 2x2 multiplies for the whole middle, one row and one column more than the photo has.": intensity(
            fill=0
        ),
        "A float32 has 4 bytes: you divide by the number of numbers.": intensity(size=1),
        "You divide by bits: a float32 has 32 of them, and 4 bytes.": intensity(size=32),
        "The weights have to be read, too: in a late layer they are most of it.": intensity(
            weights=0
        ),
        "You count FLOPs: a multiplication and its addition count once here.": intensity(each=2),
    }
    try_on(
        answer,
        cases,
        lambda *case: (_measured_intensity((3,), *case), _measured_intensity((2, 2), *case)),
        mistakes,
    )
    return "where weights hardly count the pair does less for each byte, since its middle goes out and comes back."


@checker
def check_time(answer):
    """`answer(launches, peak, bandwidth)` is the least time, in ms, of launches that run one after the other.

    launches: [(millions of multiplications, megabytes moved), ...]; peak, bandwidth: as many as fit into a millisecond.
    """
    draw = Draws()
    cases = [
        ([(900, 20)], 100, 4),
        ([(400, 20), (400, 20)], 100, 4),
        ([(100, 40), (900, 4)], 100, 4),
    ]
    for _ in range(6):
        launches = [(draw.whole(1, 900), draw.whole(1, 90)) for _ in range(draw.whole(1, 4))]
        cases.append((launches, draw.whole(50, 500), draw.whole(5, 50)))

    def least(of_one):
        return lambda launches, peak, bandwidth: sum(
            of_one(m / peak, mb / bandwidth) for m, mb in launches
        )

    mistakes = {
        "You add up before you compare: a launch waits for the one before, so each has a bottleneck of its own.": (
            lambda launches, peak, bandwidth: max(
                sum(m for m, _ in launches) / peak, sum(b for _, b in launches) / bandwidth
            )
        ),
        "You add the two: bytes move while others are multiplied, so the slower of the two decides.": least(
            lambda m, b: m + b
        ),
        "The slower of the two decides, not the faster: max, not min.": least(min),
        "You forget the bytes: they may take longer than the multiplications.": least(
            lambda m, b: m
        ),
        "You forget the multiplications: they may take longer than the bytes.": least(
            lambda m, b: b
        ),
        "The launches run one after the other: add up their times.": (
            lambda launches, peak, bandwidth: max(max(m / peak, b / bandwidth) for m, b in launches)
        ),
    }
    try_on(answer, cases, _under_the_roof, mistakes)
    return "fewer multiplications do not help a launch that waits for bytes."


@checker
def check_composing(answer):
    """`answer(c, n, h, w)`: multiplications of composing two 2x2 of c channels, over those of the 3x3 on n photos."""
    draw = Draws()
    cases = [(64, 64, 32, 32), (512, 8, 4, 4)]
    cases += [
        tuple(draw.whole(*span) for span in [(1, 32), (1, 9), (2, 9), (2, 9)]) for _ in range(6)
    ]
    mistakes = {
        "Nine products are what the trick needs: the plain way makes sixteen.": lambda c, n, h, w: (
            c / (n * h * w)
        ),
        "A product of two c x c matrices takes c^3 multiplications, the convolution c^2 a tap: a c is left.": (
            lambda c, n, h, w: 16 / (9 * n * h * w)
        ),
        "The kernels are composed once for the whole batch: divide by n, too.": lambda c, n, h, w: (
            16 * c / (9 * h * w)
        ),
        "Every tap of C meets every tap of B: that is 16 products, not 4.": lambda c, n, h, w: (
            4 * c / (9 * n * h * w)
        ),
        "After composing a 3x3 is left to do, not the pair: 9 taps, not 8.": lambda c, n, h, w: (
            16 * c / (8 * n * h * w)
        ),
        "It is upside down: composing over convolving.": lambda c, n, h, w: (
            9 * n * h * w / (16 * c)
        ),
    }
    try_on(answer, cases, _measured_composing, mistakes)
    return "little where photos are large or many, a lot in a last layer."


def _measured_intensity(sizes, n, c, h, w):
    """Convolutions of these kernel sizes in series, all padding on the first: what they multiply over what they move."""
    photos, weights = [empty(n, c, h, w)], [empty(c, c, k, k) for k in sizes]

    def run():
        for padding, weight in zip((1, 0), weights):
            photos.append(F.conv2d(photos[-1], weight, padding=padding))

    macs = macs_of(run)
    return macs / sum(tensor.nbytes for tensor in [*photos[:-1], *photos[1:], *weights])


def _under_the_roof(launches, peak, bandwidth):
    """By the roofline: a launch of intensity macs / bytes is done at the rate min(peak, intensity * bandwidth)."""
    return sum(macs / min(peak, macs / moved * bandwidth) for macs, moved in launches)


def _measured_composing(c, n, h, w):
    B, C = empty(4, 1, c, c), empty(4, c, c)
    return macs_of(lambda: C @ B) / macs_of(
        lambda: F.conv2d(empty(n, c, h, w), empty(c, c, 3, 3), padding=1)
    )
