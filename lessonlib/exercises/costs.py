"""Checkers of notebook 05: weights, multiplications, and what is kept for the way back, of one convolution and of two."""

import torch
import torch.nn.functional as F
from torch import nn

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import empty, macs_of

__all__ = ["check_saving", "check_macs", "check_kept"]


@checker
def check_saving(answer):
    """`answer(convolutions, others)` is the share of a network's weights that pairs of 2x2 save.

    convolutions: [(channels in, channels out), ...] of its 3x3, which become pairs with `out` channels between;
    others: weights that stay as they are.
    """
    draw = Draws()
    cases = [([(64, 64)], 0), ([(64, 128)], 73728), ([(3, 32), (32, 32), (32, 64)], 10**5)]
    for _ in range(6):
        cases.append(
            (
                [(draw.whole(1, 64), draw.whole(1, 64)) for _ in range(draw.whole(1, 4))],
                draw.whole(0, 50_000),
            )
        )

    def share(
        after=lambda i, o: 4 * i * o + 4 * o * o, of=lambda before, after, others: before + others
    ):
        def saved(convolutions, others):
            old, new = (
                sum(9 * i * o for i, o in convolutions),
                sum(after(i, o) for i, o in convolutions),
            )
            return (old - new) / of(old, new, others)

        return saved

    mistakes = {
        "That is the share of the 3x3 alone: divide by all weights of the network, the others too.": share(
            of=lambda before, after, others: before
        ),
        "The second 2x2 reads what the first gives, so it has 4 * out * out weights: 8 for 9 holds where in is out.": share(
            lambda i, o: 8 * i * o
        ),
        "This is what remains: the saving is one minus it.": lambda *case: 1 - share()(*case),
        "The share is of the network as it was, not of the smaller one.": share(
            of=lambda before, after, others: after + others
        ),
        "The sign is turned round: what is saved is before minus after.": lambda *case: (
            -share()(*case)
        ),
        "The channels between are as many as come out: the first 2x2 has 4 * in * out weights, not 4 * in * in.": share(
            lambda i, o: 4 * i * i + 4 * i * o
        ),
        "This is in hundredths: give the share, between 0 and 1.": lambda *case: (
            100 * share()(*case)
        ),
        "One 2x2 is not enough: a pair has 4 * in * out and 4 * out * out weights.": share(
            lambda i, o: 4 * i * o
        ),
    }
    try_on(answer, cases, _measured_saving, mistakes)
    return "a ninth of each 3x3 whose channels stay as many, less of a whole network, and a loss where channels double."


@checker
def check_macs(answer):
    """`answer(channels_in, channels_out, k, h, w, stride, padding)` is the number of multiplications for one photo."""
    draw = Draws()
    cases = [(64, 64, 3, 32, 32, 1, 1), (64, 128, 3, 33, 32, 2, 1)]
    for _ in range(8):
        sizes = [
            draw.whole(*span) for span in [(1, 9), (1, 9), (1, 4), (5, 40), (5, 40), (1, 3), (0, 2)]
        ]
        cases.append(tuple(sizes))

    def macs(i, o, k, h, w, strides, padded):
        rows, columns = ((n + padded - k) // stride + 1 for n, stride in zip((h, w), strides))
        return i * o * k * k * rows * columns

    mistakes = {
        "The stride is missing: it leaves out outputs, and nothing is multiplied for those.": (
            lambda i, o, k, h, w, s, p: macs(i, o, k, h, w, (1, 1), 2 * p)
        ),
        "The stride leaves out rows and columns: it counts in both directions.": (
            lambda i, o, k, h, w, s, p: macs(i, o, k, h, w, (s, 1), 2 * p)
        ),
        "These are FLOPs, twice as many: a multiplication and its addition count once here.": (
            lambda i, o, k, h, w, s, p: 2 * macs(i, o, k, h, w, (s, s), 2 * p)
        ),
        "You count the pixels that go in: k * k * in multiplications are made for each number that comes out.": (
            lambda i, o, k, h, w, s, p: i * o * k * k * h * w
        ),
        "The padding is missing: it makes room for more outputs.": (
            lambda i, o, k, h, w, s, p: macs(i, o, k, h, w, (s, s), 0)
        ),
        "The padding stands on both sides: it counts twice.": lambda i, o, k, h, w, s, p: macs(
            i, o, k, h, w, (s, s), p
        ),
        "Each output adds up k * k products for every channel that goes in: times channels_in.": (
            lambda i, o, k, h, w, s, p: macs(1, o, k, h, w, (s, s), 2 * p)
        ),
    }
    try_on(answer, cases, _measured_macs, mistakes)
    return "as many as torch's own counter finds."


@checker
def check_kept(answer):
    """`answer(channels, hidden, h, w)` is how many numbers of a photo autograd keeps: of (one 3x3, pair, pair with activation).

    The photo has `channels`, and so has what comes out; all padding is on the first of a pair, so its middle is (h+1, w+1).
    """
    draw = Draws()
    cases = [(4, 4, 8, 8)] + [
        tuple(draw.whole(*span) for span in [(1, 5), (1, 5), (3, 8), (3, 8)]) for _ in range(5)
    ]

    def kept(linear=1, active=2, edge=1, out=0, of_pair=1):
        def numbers(c, m, h, w):
            photo, middle = c * h * w, m * (h + edge) * (w + edge)
            one, *pairs = ((1 + out) * photo + times * middle for times in (0, linear, active))
            return one, *(pair - (1 - of_pair) * photo for pair in pairs)

        return numbers

    mistakes = {
        "Without an activation the middle is kept all the same: the gradient of the second's weights needs it.": kept(
            0
        ),
        "BatchNorm keeps what it reads and the second 2x2 what the ReLU gives: two middles.": kept(
            active=1
        ),
        "What the ReLU gives is what the second 2x2 reads: kept for both, but once.": kept(
            active=3
        ),
        "The middle is one larger each way: all padding is on the first.": kept(edge=0),
        "A convolution keeps what it reads, not what it gives.": kept(out=1),
        "The first 2x2 of a pair reads the photo, so the photo is kept there, too.": kept(
            of_pair=0
        ),
    }
    try_on(answer, cases, _measured_kept, mistakes)
    return "fewer weights, but a middle more to remember, with an activation two."


def _measured_saving(convolutions, others):
    def weights(*modules):
        return sum(p.numel() for module in modules for p in module.parameters())

    def conv(i, o, k):
        return nn.Conv2d(i, o, k, bias=False, device="meta")

    before = weights(*(conv(i, o, 3) for i, o in convolutions))
    after = weights(*(conv(a, o, 2) for i, o in convolutions for a in (i, o)))
    return (before - after) / (before + others)


def _measured_macs(i, o, k, h, w, stride, padding):
    return macs_of(
        lambda: F.conv2d(empty(1, i, h, w), empty(o, i, k, k), stride=stride, padding=padding)
    )


def _measured_kept(c, m, h, w):
    first, second = nn.Conv2d(c, m, 2, padding=1, bias=False), nn.Conv2d(m, c, 2, bias=False)
    between = nn.BatchNorm2d(m), nn.ReLU()
    nets = (
        nn.Conv2d(c, c, 3, padding=1, bias=False),
        nn.Sequential(first, second),
        nn.Sequential(first, *between, second),
    )
    return tuple(_kept_by(net, torch.ones(1, c, h, w)) for net in nets)


def _kept_by(net, x):
    """Numbers in the tensors that autograd saves, each counted once, without the weights."""
    saved, weights = {}, {p.data_ptr() for p in net.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: saved.setdefault(t.data_ptr(), t), lambda t: t
    ):
        y = net(x)  # alive while we count, so that no address is used twice
    return sum(
        t.numel() for address, t in saved.items() if t.ndim == y.ndim and address not in weights
    )
