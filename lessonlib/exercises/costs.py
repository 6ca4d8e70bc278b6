"""Checkers of notebook 05: weights, multiplications and activation memory, of one and of two."""

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

    convolutions: [(channels in, channels out), ...] of its 3x3, which become pairs with `out`
    channels between; others: weights that stay as they are.
    """
    draw = Draws()
    cases = [
        ([(64, 64)], 0),
        ([(64, 128)], 73_728),
        ([(3, 32), (32, 32), (32, 64)], 100_000),
    ]
    for _ in range(6):
        layers = draw.integer(1, 4)
        convolutions = [draw.integers((1, 64), (1, 64)) for _ in range(layers)]
        cases.append((convolutions, draw.integer(0, 50_000)))
    saved = _saving()
    mistakes = {
        "That is the share of the 3x3 alone: "
        "divide by all weights of the network, the others too.": (
            _saving(of=lambda before, after, others: before)
        ),
        "The second 2x2 reads what the first gives, so it has 4 * out * out weights: "
        "8 for 9 holds where in is out.": _saving(lambda i, o: 8 * i * o),
        "This is what remains: the saving is one minus it.": lambda *case: 1 - saved(*case),
        "The share is of the network as it was, not of the smaller one.": (
            _saving(of=lambda before, after, others: after + others)
        ),
        "Reversed: what is saved is before minus after.": lambda *case: -saved(*case),
        "The channels between are as many as come out: "
        "the first 2x2 has 4 * in * out weights, not 4 * in * in.": (
            _saving(lambda i, o: 4 * i * i + 4 * i * o)
        ),
        "This is in hundredths: give the share, between 0 and 1.": (
            lambda *case: 100 * saved(*case)
        ),
        "One 2x2 is not enough: a pair has 4 * in * out and 4 * out * out weights.": (
            _saving(lambda i, o: 4 * i * o)
        ),
    }
    try_on(answer, cases, _measured_saving, mistakes)
    return (
        "a ninth of each 3x3 that keeps the number of channels, "
        "less of a whole network, and a loss where channels double."
    )


@checker
def check_macs(answer):
    """`answer(channels_in, channels_out, k, h, w, stride, padding)` counts the multiplications.

    Of a k x k convolution, for one photo of h x w pixels.
    """
    draw = Draws()
    cases = [(64, 64, 3, 32, 32, 1, 1), (64, 128, 3, 33, 32, 2, 1)]
    for _ in range(8):
        i, o, k = draw.integers((1, 9), (1, 9), (1, 4))
        h, w, stride, padding = draw.integers((5, 40), (5, 40), (1, 3), (0, 2))
        cases.append((i, o, k, h, w, stride, padding))
    mistakes = {
        "The stride is missing: it leaves out outputs, and nothing is multiplied for those.": (
            lambda i, o, k, h, w, s, p: _macs(i, o, k, h, w, (1, 1), 2 * p)
        ),
        "The stride leaves out rows and columns: it counts in both directions.": (
            lambda i, o, k, h, w, s, p: _macs(i, o, k, h, w, (s, 1), 2 * p)
        ),
        "These are FLOPs, twice as many: a multiplication and its addition count once here.": (
            lambda i, o, k, h, w, s, p: 2 * _macs(i, o, k, h, w, (s, s), 2 * p)
        ),
        "You count the pixels that go in: "
        "k * k * in multiplications are made for each number that comes out.": (
            lambda i, o, k, h, w, s, p: i * o * k * k * h * w
        ),
        "The padding is missing: it makes room for more outputs.": (
            lambda i, o, k, h, w, s, p: _macs(i, o, k, h, w, (s, s), 0)
        ),
        "The padding is on both sides: it counts twice.": (
            lambda i, o, k, h, w, s, p: _macs(i, o, k, h, w, (s, s), p)
        ),
        "Each output adds up k * k products for every channel that goes in: times channels_in.": (
            lambda i, o, k, h, w, s, p: _macs(1, o, k, h, w, (s, s), 2 * p)
        ),
    }
    try_on(answer, cases, _measured_macs, mistakes)
    return "as many as torch's own counter finds."


@checker
def check_kept(answer):
    """`answer(channels, hidden, h, w)` is how many numbers autograd keeps for the backward pass.

    A tuple of three: of one 3x3, of a pair, of a pair with BatchNorm and ReLU between. Counted for
    one photo, whose `channels` are also those of the output. All padding is on the first of a
    pair, so that its middle is (h + 1, w + 1).
    """
    draw = Draws()
    cases = [(4, 4, 8, 8)]
    cases += [draw.integers((1, 5), (1, 5), (3, 8), (3, 8)) for _ in range(5)]
    mistakes = {
        "Without an activation the middle is kept all the same: "
        "the gradient of the second's weights needs it.": _kept(linear=0),
        "BatchNorm keeps what it reads and the second 2x2 what the ReLU gives: two middles.": (
            _kept(active=1)
        ),
        "What the ReLU gives is what the second 2x2 reads: kept for both, but once.": (
            _kept(active=3)
        ),
        "The middle is one larger each way: all padding is on the first.": _kept(edge=0),
        "A convolution keeps what it reads, not what it gives.": _kept(out=1),
        "The first 2x2 of a pair reads the photo, so the photo is kept there, too.": (
            _kept(photo_of_pair=0)
        ),
    }
    try_on(answer, cases, _measured_kept, mistakes)
    return "fewer weights, but one more middle to keep, and two with an activation."


def _saving(
    pair=lambda i, o: 4 * i * o + 4 * o * o,
    of=lambda before, after, others: before + others,
):
    """The formula: `pair` weights in place of 9 i o, as a share of `of`."""

    def saved(convolutions, others):
        before = sum(9 * i * o for i, o in convolutions)
        after = sum(pair(i, o) for i, o in convolutions)
        return (before - after) / of(before, after, others)

    return saved


def _macs(i, o, k, h, w, strides, padded):
    """The formula; padded: the padding of both sides together."""
    rows = (h + padded - k) // strides[0] + 1
    columns = (w + padded - k) // strides[1] + 1
    return i * o * k * k * rows * columns


def _kept(linear=1, active=2, edge=1, out=0, photo_of_pair=1):
    """The formula: how many middles the two pairs keep, and how often what comes in and out."""

    def numbers(c, m, h, w):
        photo = c * h * w
        middle = m * (h + edge) * (w + edge)
        of_pair = (photo_of_pair + out) * photo
        return (1 + out) * photo, of_pair + linear * middle, of_pair + active * middle

    return numbers


def _measured_saving(convolutions, others):
    before = 0
    after = 0
    for i, o in convolutions:
        before += _weights_of(i, o, 3)
        after += _weights_of(i, o, 2) + _weights_of(o, o, 2)
    return (before - after) / (before + others)


def _weights_of(i, o, k):
    return nn.Conv2d(i, o, k, bias=False, device="meta").weight.numel()


def _measured_macs(i, o, k, h, w, stride, padding):
    photo = empty(1, i, h, w)
    weight = empty(o, i, k, k)
    return macs_of(lambda: F.conv2d(photo, weight, stride=stride, padding=padding))


def _measured_kept(c, m, h, w):
    single = nn.Conv2d(c, c, 3, padding=1, bias=False)
    first = nn.Conv2d(c, m, 2, padding=1, bias=False)
    second = nn.Conv2d(m, c, 2, bias=False)
    pair = nn.Sequential(first, second)
    active = nn.Sequential(first, nn.BatchNorm2d(m), nn.ReLU(), second)
    return tuple(_kept_by(net, torch.ones(1, c, h, w)) for net in (single, pair, active))


def _kept_by(net, x):
    """Numbers in the tensors that autograd saves, each counted once, without the weights."""
    weights = {p.data_ptr() for p in net.parameters()}
    saved = {}

    def save(tensor):
        return saved.setdefault(tensor.data_ptr(), tensor)

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        y = net(x)  # alive while we count, so that no address is used twice
    activations = [t for address, t in saved.items() if address not in weights]
    return sum(t.numel() for t in activations if t.ndim == y.ndim)
