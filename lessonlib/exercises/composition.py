"""Checkers of notebook 02: composing kernels, and pairs with a given composition."""

from operator import index

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, Mistake, checker, kernel_of, say_apart
from lessonlib.exercises.comparing import TOLERANCE, near, try_on
from lessonlib.exercises.oracles import composed, correlated, written_over

__all__ = [
    "check_compose",
    "check_compose_many",
    "check_delta",
    "check_sobel",
    "check_arguments",
]


@checker
def check_compose(answer):
    """`answer(B, C)`, kernels (h, w) of one channel, is the kernel of B followed by C."""
    draw = Draws()
    sizes = [(2, 2, 2, 2), (3, 3, 3, 3)]
    sizes += [draw.integers(*[(1, 4)] * 4) for _ in range(8)]
    cases = [(draw.normal(bh, bw), draw.normal(ch, cw)) for bh, bw, ch, cw in sizes]
    mistakes = {
        "You flip C: its entry (u, v) adds a copy of B at (u, v), counted from the top left.": (
            lambda B, C: composed(B, C.flip(0, 1))
        ),
        "You flip B: each entry of C adds a copy of B as it is.": (
            lambda B, C: composed(B.flip(0, 1), C)
        ),
        "You flip both kernels: nothing has to be flipped.": (
            lambda B, C: composed(B, C).flip(0, 1)
        ),
        "The copies of B overlap: add them, with +=, instead of writing over them.": written_over,
        "The result is transposed: rows add to rows, and columns to columns.": (
            lambda B, C: composed(B, C).T
        ),
        "This is the matrix product: composing adds up places, "
        "it does not sum over an index in the middle.": lambda B, C: B @ C,
        "You multiply entry by entry: every entry of C has to meet every entry of B.": (
            lambda B, C: B * C
        ),
        "You let the kernels meet only where C lies inside B: "
        "each adds its size minus one, so A is larger.": correlated,
    }
    try_on(answer, cases, composed, mistakes)
    return "two correlations of a photo and one with your kernel are the same."


@checker
def check_compose_many(answer):
    """`answer(B, C)`, kernels of many channels, is the kernel of B followed by C.

    B (mid, in, h, w), C (out, mid, h, w), the answer (out, in, h, w).
    """
    draw = Draws()
    channels = [(2, 2, 2), (3, 3, 3)]
    channels += [draw.integers(*[(1, 4)] * 3) for _ in range(6)]
    sizes = [(2, 2), (2, 2)]
    sizes += [draw.integers((1, 3), (1, 3)) for _ in range(6)]
    cases = []
    for (o, m, i), (b, c) in zip(channels, sizes):
        cases.append((draw.normal(m, i, b, b), draw.normal(o, m, c, c)))
    mistakes = {
        "The order of B and C is exchanged: C reads what B gives, "
        "so sum over B's first and C's second index.": lambda B, C: composed(C, B),
        "In and out are exchanged: the result is (out, in, h, w), as in torch.": (
            lambda B, C: composed(B, C).transpose(0, 1)
        ),
        "You flip C: nothing has to be flipped.": lambda B, C: composed(B, C.flip(2, 3)),
        "You flip B: nothing has to be flipped.": lambda B, C: composed(B.flip(2, 3), C),
        "You use the first hidden channel only: sum over all of them.": (
            lambda B, C: composed(B[:1], C[:, :1])
        ),
        "You use the last hidden channel only: sum over all of them, with +=.": (
            lambda B, C: composed(B[-1:], C[:, -1:])
        ),
        "You take the mean over the hidden channels: sum over them.": (
            lambda B, C: composed(B, C) / len(B)
        ),
    }
    try_on(answer, cases, composed, mistakes)
    return "the sum runs over the hidden channels and over the places."


@checker
def check_delta(B, C):
    """B and C (2x2) compose to a single 1 in the middle of a 3x3."""
    found = composed(kernel_of(B, (2, 2), "B"), kernel_of(C, (2, 2), "C"))
    left = found.abs() > TOLERANCE * found.abs().max()
    if left.sum() == 1 and not left[1, 1]:
        at = tuple(left.nonzero()[0].tolist())
        raise Mistake(
            f"One entry is left, but at {at}: "
            "the places of the two entries add up, and the sum has to be (1, 1)."
        )
    _require_kernel(found, [[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    return "the two half-pixel shifts cancel, and the photo stays as it was."


@checker
def check_sobel(B, C):
    """B and C (2x2) compose to Sobel's kernel."""
    found = composed(kernel_of(B, (2, 2), "B"), kernel_of(C, (2, 2), "C"))
    wanted = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
    if near(found, wanted.T) or near(found, -wanted.T):
        raise Mistake(
            "This is Sobel's kernel for the other direction: "
            "the difference has to go across, from left to right."
        )
    _require_kernel(found, wanted)
    return "a blur and a difference, in either order."


@checker
def check_arguments(first, second):
    """`padding` and `stride` of two 2x2 that do what a 3x3 with padding 1 and stride 2 does."""
    p1, s1 = _padding_and_stride(first, "first")
    p2, s2 = _padding_and_stride(second, "second")
    if s1 * s2 != 2:
        raise Mistake(
            f"Together the two take steps of {s1 * s2} pixels, the 3x3 takes steps of 2: "
            "the strides multiply."
        )
    if s1 == 2:
        raise Mistake(
            "With the stride on the first, the second never sees half of the middle: "
            "put it on the last."
        )
    if p2:
        raise Mistake(
            "Padding on the second writes zeros where the 3x3 sees what B makes of the border: "
            "pad the first only."
        )
    draw = Draws()
    for h, w in [(8, 8), (9, 9), (7, 10)]:
        x = draw.normal(2, 3, h, w)
        B = draw.normal(4, 3, 2, 2)
        C = draw.normal(5, 4, 2, 2)
        pair = F.conv2d(F.conv2d(x, B, padding=p1, stride=s1), C, padding=p2, stride=s2)
        single = F.conv2d(x, composed(B, C), padding=1, stride=2)
        if pair.shape != single.shape or not torch.allclose(pair, single):
            raise Mistake(
                f"With padding {p1} on the first, the pair sees {p1} pixels past the border, "
                "the 3x3 sees 1."
            )
    return "all padding on the first, all stride on the last."


def _require_kernel(found, wanted):
    wanted = torch.as_tensor(wanted, dtype=torch.float64)
    if near(found, wanted):
        return
    if not found.any():
        raise Mistake("Your pair composes to nothing but zeros: something has to be left.")
    scale = (found * wanted).sum() / wanted.square().sum()
    if near(found, scale * wanted):
        times, _ = say_apart(scale, 1.0)
        raise Mistake(f"Your pair composes to {times} times the kernel: scale one of the two.")
    i, j = divmod((found - wanted).abs().argmax().item(), 3)
    given, asked = say_apart(found[i, j], wanted[i, j])
    raise Mistake(
        f"Your pair composes to a kernel with {given} at ({i}, {j}), where it has to be {asked}."
    )


def _padding_and_stride(layer, name):
    given = layer if isinstance(layer, dict) else {}
    padding = _of_both_sides(given.get("padding"))
    stride = _of_both_sides(given.get("stride"))
    if None not in (padding, stride) and padding >= 0 and stride >= 1:
        return padding, stride
    raise Mistake(
        f'{name} has to be {{"padding": ..., "stride": ...}} with integers, the stride at least 1.'
    )


def _of_both_sides(value):
    """An integer, or two that are the same, as torch takes them; None for anything else."""
    try:
        (number,) = set(map(index, value if isinstance(value, list | tuple) else [value]))
    except (TypeError, ValueError):
        return None
    return number
