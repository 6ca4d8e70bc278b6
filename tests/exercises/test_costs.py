"""Answers to the checkers of costs: weights, multiplications and activation memory."""

from helpers.checkers import checker_tests
from lessonlib.arms import ARMS
from lessonlib.exercises import costs
from lessonlib.exercises.costs import check_kept, check_macs, check_saving


def saving(convolutions, others, pair=lambda i, o: 4 * (i * o + o * o), of="before"):
    before = sum(9 * i * o for i, o in convolutions)
    after = sum(pair(i, o) for i, o in convolutions)
    wholes = {"before": before + others, "after": after + others, "3x3": before}
    return (before - after) / wholes[of]


def saving_with(**change):
    """The answer with one part of it wrong."""
    return lambda *case: saving(*case, **change)


def macs(i, o, k, h, w, stride, padding, stride_across=None, both_sides=2):
    padded = both_sides * padding
    rows = (h + padded - k) // stride + 1
    columns = (w + padded - k) // (stride_across or stride) + 1
    return i * o * k**2 * rows * columns


def kept(c, m, h, w, linear=1, active=2, edge=1):
    photo = c * h * w
    middle = m * (h + edge) * (w + edge)
    return photo, photo + linear * middle, photo + active * middle


def kept_with_the_output(c, m, h, w):
    return [c * h * w + numbers for numbers in kept(c, m, h, w)]


def kept_without_the_photo_in_pairs(*case):
    photo, linear, active = kept(*case)
    return [photo, linear - photo, active - photo]


TestCheckers = checker_tests(
    costs,
    {check_saving: [saving], check_macs: [macs], check_kept: [kept]},
    {
        check_saving: {
            "divide by all weights of the network": saving_with(of="3x3"),
            "8 for 9 holds where in is out": saving_with(pair=lambda i, o: 8 * i * o),
            "This is what remains": lambda *case: 1 - saving(*case),
            "not of the smaller one": saving_with(of="after"),
            "Reversed": lambda *case: -saving(*case),
            "One 2x2 is not enough": saving_with(pair=lambda i, o: 4 * i * o),
            "not 4 * in * in": saving_with(pair=lambda i, o: 4 * (i * i + i * o)),
            "between 0 and 1": lambda *case: 100 * saving(*case),
            "the same for every input": lambda *case: 1 / 9,
        },
        check_macs: {
            "The stride is missing": lambda i, o, k, h, w, s, p: macs(i, o, k, h, w, 1, p),
            "it counts in both directions": lambda *case: macs(*case, stride_across=1),
            "These are FLOPs": lambda *case: 2 * macs(*case),
            "You count the pixels that go in": lambda i, o, k, h, w, s, p: i * o * k * k * h * w,
            "The padding is missing": lambda *case: macs(*case, both_sides=0),
            "The padding is on both sides": lambda *case: macs(*case, both_sides=1),
            "times channels_in": lambda i, *case: macs(1, *case),
            "it has to be": lambda i, o, *case: macs(i, 1, *case),
        },
        check_kept: {
            "the middle is kept all the same": lambda *case: kept(*case, linear=0),
            "two middles": lambda *case: kept(*case, active=1),
            "kept for both, but once": lambda *case: kept(*case, active=3),
            "The middle is one larger each way": lambda *case: kept(*case, edge=0),
            "not what it gives": kept_with_the_output,
            "is kept there, too": kept_without_the_photo_in_pairs,
            "it has to be (256, 580, 904)": lambda *case: kept(*case)[0],
        },
    },
)


def weights(arm, *channels):
    """Of one block of that arm for each (channels in, channels out)."""
    blocks = [ARMS[arm].build(i, o, 1) for i, o in channels]
    return sum(p.numel() for block in blocks for p in block.parameters())


def test_the_numbers_in_the_quiz_of_costs():
    stem = [(3, 32), (32, 32), (32, 64)]
    stages = []
    for channels, depth in ((64, 3), (128, 4), (256, 6), (512, 3)):
        stages += [(channels, channels)] * depth
    network = 23_547_754
    others = network - weights("3x3", *stem, *stages)
    norms = 2 * sum(o for _, o in stem + stages)
    with_pairs = others + weights("pair", *stem, *stages) + norms
    # the network of 2019, with BatchNorm between the two
    assert (with_pairs, norms) == (22_306_826, 7_808)
    assert f"{(network - with_pairs) / network:.1%} {norms / network:.2%}" == "5.3% 0.03%"
    in_stages = weights("3x3", *stages) / network
    assert f"{in_stages:.0%} {in_stages / 9:.1%}" == "48% 5.3%"
    assert f"{saving(stem + stages, others):.1%}" == "5.3%"
    assert (weights("3x3", (64, 128)), weights("pair", (64, 128))) == (73_728, 98_304)
    one = macs(8, 8, 3, 64, 64, 2, 1)
    pair = macs(8, 8, 2, 64, 64, 1, 1) + macs(8, 8, 2, 65, 65, 2, 0)
    assert pair > 2 * one
