"""Checkers of notebook 04: what keeps two kernels equivalent to one, and what a stride does."""

from itertools import product

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, Mistake, checker, kernel_of, say_apart
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import composed, weight_and_bias, written_over

__all__ = ["check_exact", "check_counterexample", "check_strided"]

PADDINGS = {  # of the first and of the second: (left, right, top, bottom)
    "first": ((1, 1, 1, 1), (0, 0, 0, 0)),
    "second": ((0, 0, 0, 0), (1, 1, 1, 1)),
    "each": ((0, 1, 0, 1), (1, 0, 1, 0)),
    "2019": ((1, 0, 1, 0), (1, 0, 1, 0)),
}

STRIDES = {"none": (1, 1), "second": (1, 2), "first": (2, 1)}


@checker
def check_exact(answer):
    """`answer(relu, norm, bias, padding, stride)` says whether the pair is one 3x3.

    norm: "none", "eval" or "train"; padding: a key of PADDINGS; stride: a key of STRIDES.
    """
    norms = ("none", "eval", "train")
    cases = list(product((False, True), norms, (False, True), PADDINGS, STRIDES))
    mistakes = {
        "A ReLU between the two is no kernel: it is never exact.": (
            lambda relu, *others: _rule(False, *others)
        ),
        "In training BatchNorm depends on the batch, and no fixed kernel does that: "
        "it is never exact.": (
            lambda relu, norm, *others: _rule(relu, norm.replace("train", "eval"), *others)
        ),
        "In evaluation BatchNorm is a scale and a shift: "
        "with the padding first that stays exact.": (
            lambda relu, norm, *others: norm == "none" and _rule(relu, norm, *others)
        ),
        "A bias alone breaks nothing: with the padding first it stays exact.": (
            lambda relu, norm, bias, *others: not bias and _rule(relu, norm, bias, *others)
        ),
        "With padding as in 2019 a bias breaks it at the border: "
        "the second pads zeros where B gives its bias.": (
            lambda relu, norm, bias, *others: _rule(relu, norm, False, *others)
        ),
        "With padding as in 2019 a BatchNorm breaks it at the border, too: "
        "it shifts, as a bias does.": (
            lambda relu, norm, *others: norm != "train" and _rule(relu, "none", *others)
        ),
        "The padding of 2019 is exact as long as nothing shifts: "
        "each looks to the left and the top only, into zeros.": (
            lambda *switches: switches[3] != "2019" and _rule(*switches)
        ),
        "Padding on the second writes zeros where B gives something else: it is never exact.": (
            _with_padding_first("second")
        ),
        "Some padding on each side writes zeros where B still sees the photo: "
        "'each' is never exact.": _with_padding_first("each"),
        "A stride on the first leaves out half of the middle: it is never exact.": (
            lambda *switches: _rule(*switches[:4], "none")
        ),
        "A stride on the second only leaves out results: it breaks nothing.": (
            lambda *switches: switches[4] == "none" and _rule(*switches)
        ),
    }
    try_on(answer, cases, _measured_exact, mistakes)
    return "measured for all 144 settings of the switches."


@checker
def check_counterexample(x, z):
    """Photos x, z (3x3) for which f(x + z) is not f(x) + f(z).

    f is a difference across, a ReLU, and a sum.
    """
    x = kernel_of(x, (3, 3), "x")
    z = kernel_of(z, (3, 3), "z")
    of_x = _edges(x)
    of_z = _edges(z)
    whole = (of_x + of_z).relu().sum().item()
    parts = of_x.relu().sum().item() + of_z.relu().sum().item()
    rounding = 1e-9 * (x.abs().max() + z.abs().max())
    if abs(whole - parts) > rounding:
        of_both, of_each = say_apart(whole, parts)
        return f"f(x + z) is {of_both}, but f(x) + f(z) is {of_each}, so f is no convolution."
    for name, edges in (("x", of_x), ("z", of_z)):
        if not edges.any():
            raise Mistake(
                f"B gives nothing but 0 for {name}, since no pixel differs from its neighbour: "
                "draw an edge into it."
            )
    if (of_x * of_z > 0).any():
        raise Mistake(
            "Where B answers to both, it answers with the same sign: "
            "reverse the direction of an edge in z."
        )
    raise Mistake(
        "The edges do not meet: in one place of the middle, "
        "x has to give a positive number and z a negative one."
    )


@checker
def check_strided(answer):
    """`answer(B, C, stride)`, kernels (h, w), is the kernel of B with that stride followed by C.

    C has stride 1.
    """
    draw = Draws()
    sizes = [(2, 2, 2, 2, 2), (3, 3, 3, 3, 2)]
    sizes += [draw.integers(*[(1, 4)] * 4, (1, 3)) for _ in range(8)]
    cases = [(draw.normal(bh, bw), draw.normal(ch, cw), s) for bh, bw, ch, cw, s in sizes]
    mistakes = {
        "You compose as if there were no stride: a step of C is `stride` pixels of the photo.": (
            lambda B, C, s: composed(B, C, 1)
        ),
        "Right only where the copies of B do not overlap: they lie `stride` apart, not B's size.": (
            lambda B, C, s: torch.kron(C, B)
        ),
        "B and C are exchanged: the stride spreads C's entries, and B is copied to each.": (
            lambda B, C, s: composed(C, B, s)
        ),
        "B and C are exchanged: C says where, and B what is copied there.": (
            lambda B, C, s: torch.kron(B, C)
        ),
        "You flip C: nothing has to be flipped.": lambda B, C, s: composed(B, C.flip(0, 1), s),
        "The copies of B overlap: add them, with +=.": written_over,
    }
    try_on(answer, cases, composed, mistakes)
    return "C dilated by the stride, composed with B."


def _rule(relu, norm, bias, padding, stride):
    shifts = bias or norm == "eval"
    at_the_border = padding == "first" or (padding == "2019" and not shifts)
    return not relu and norm != "train" and stride != "first" and at_the_border


def _with_padding_first(name):
    """A mistake: the padding of that name taken for "first"."""

    def rule(relu, norm, bias, padding, stride):
        return _rule(relu, norm, bias, "first" if padding == name else padding, stride)

    return rule


def _edges(photo):
    """What B gives for a photo (3, 3): two pixels on the right minus two on the left, (2, 2)."""
    B = torch.tensor([[-1.0, 1], [-1, 1]], dtype=torch.float64)
    return F.conv2d(photo[None, None], B[None, None])[0, 0]


def _measured_exact(relu, norm, bias, padding, stride):
    """Whether the pair does what a 3x3 does, read from the unpadded pair without the ReLU."""
    unpadded = _pair(False, "eval" if norm == "train" else norm, bias, None, "none")
    kernel, constant = weight_and_bias(unpadded, (1, 3, 3))
    x = Draws(1).normal(4, 1, 9, 9)
    two = _pair(relu, norm, bias, padding, stride)(x)
    sides = [sum(both) for both in zip(*PADDINGS[padding])]
    first, second = STRIDES[stride]
    one = F.conv2d(F.pad(x, sides), kernel, constant, stride=first * second)
    return two.shape == one.shape and torch.allclose(two, one)


def _pair(relu, norm, bias, padding, stride):
    """Two 2x2 with the switches, a function of photos (n, 1, h, w); padding None pads nothing."""
    draw = Draws()
    B = draw.normal(3, 1, 2, 2)
    C = draw.normal(2, 3, 2, 2)
    b, mean, gamma, beta = draw.normal(4, 3)
    before, between = PADDINGS.get(padding, ((0, 0, 0, 0), (0, 0, 0, 0)))
    first, second = STRIDES[stride]

    def run(x):
        y = F.conv2d(F.pad(x, before), B, b if bias else None, stride=first)
        if norm != "none":
            var = torch.ones_like(mean)
            training = norm == "train"
            y = F.batch_norm(y, mean.clone(), var, gamma, beta, training=training)
        y = y.relu() if relu else y
        return F.conv2d(F.pad(y, between), C, stride=second)

    return run
