"""Checkers of notebook 09: what a chain becomes, a BatchNorm before a convolution, which chains are exact, how many differ."""

import torch
from torch import nn

from lessonlib.exercises.checking import Draws, Mistake, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.merging import differs, merge

__all__ = ["check_chain", "check_before", "check_border", "check_count"]


@checker
def check_chain(answer):
    """`answer(a, b)`, each (kernel, stride, padding) of a convolution, is (kernel, stride, padding) of the one for both."""
    draw = Draws()
    named = [
        ((2, 1, 1), (2, 1, 0)),
        ((3, 2, 1), (3, 1, 1)),
        ((3, 1, 2), (3, 2, 0)),
        ((1, 2, 0), (3, 2, 1)),
        ((3, 3, 1), (2, 2, 2)),
    ]
    drawn = [
        tuple((draw.whole(1, 5), draw.whole(1, 3), draw.whole(0, 2)) for _ in "ab")
        for _ in range(8)
    ]

    def made_by(
        kernel=lambda k, s, j: k + s * (j - 1),
        stride=lambda s, t: s * t,
        padding=lambda p, s, q: p + s * q,
    ):
        return lambda a, b: (
            kernel(a[0], a[1], b[0]),
            stride(a[1], b[1]),
            padding(a[2], a[1], b[2]),
        )

    mistakes = {
        "The taps of b lie a's stride apart on the photo: multiply b's reach, its kernel less 1, by that stride.": made_by(
            lambda k, s, j: k + j - 1
        ),
        "The kernels do not add up: the first tap of b lays a whole a, each further one adds only a's stride.": made_by(
            lambda k, s, j: k + s * j
        ),
        "The sizes do not multiply: each tap of b after the first adds a's stride.": made_by(
            lambda k, s, j: k * j
        ),
        "The strides do not add up: each step of b is as many steps of a.": made_by(
            stride=lambda s, t: s + t
        ),
        "The larger stride is not the stride of both: they multiply.": made_by(stride=max),
        "A row that b pads is a row of a's output, and a's stride wide on the photo.": made_by(
            padding=lambda p, s, q: p + q
        ),
        "You forget what b pads: on the photo it is a's stride times as wide.": made_by(
            padding=lambda p, s, q: p
        ),
        "What a pads keeps its width on the photo; it is what b pads that is a's stride times as wide there.": (
            lambda a, b: (*made_by()(a, b)[:2], a[2] * b[1] + b[2])
        ),
        "a's stride is missing twice: b's taps lie that far apart on the photo, and a row that b pads is that wide.": made_by(
            lambda k, s, j: k + j - 1, padding=lambda p, s, q: p + q
        ),
        "The two are exchanged: a comes first, so it is a's stride that b's taps lie apart.": lambda a, b: (
            made_by()(b, a)
        ),
    }
    try_on(answer, named + drawn, _merged_numbers, mistakes)
    return "strides multiply, and what b does is a's stride times as wide on the photo."


@checker
def check_before(answer):
    """`answer(weight, bias, gamma, beta, mean, var, eps)`: (weight, bias) of BatchNorm in eval, then a convolution, as one."""
    draw = Draws()
    channels = [(3, 3), (2, 2)] + [(draw.whole(1, 5), draw.whole(1, 5)) for _ in range(6)]
    cases = []
    for o, i in channels:
        norm = (
            draw.normal(i),
            draw.normal(i),
            draw.normal(i),
            draw.normal(i) ** 2,
            draw.whole(1, 9) / 10,
        )
        cases.append((draw.normal(o, i, 3, 2), draw.normal(o), *norm))

    def one(
        scale=lambda s: s[:, None, None],
        shift=lambda s, beta, mean: beta - s * mean,
        through=lambda w: w.sum((2, 3)),
        deviation=lambda var, eps: (var + eps).sqrt(),
    ):
        def made(weight, bias, gamma, beta, mean, var, eps):
            s = gamma / deviation(var, eps)
            return weight * scale(s), bias + through(weight) @ shift(s, beta, mean)

        return made

    def without_weight(weight, bias, *norm):
        return weight, one()(weight, bias, *norm)[1]

    def without_bias(weight, bias, *norm):
        made = one()(weight, bias, *norm)
        return made[0], made[1] - bias

    def same_bias(weight, bias, *norm):
        return one()(weight, bias, *norm)[0], bias

    def scaled_twice(weight, bias, *norm):
        made = one()(weight, bias, *norm)[0]
        return made, one(through=lambda _: made.sum((2, 3)))(weight, bias, *norm)[1]

    mistakes = {
        "The scale belongs to the inputs: the second index of weight, scale[:, None, None].": one(
            lambda s: s[:, None, None, None]
        ),
        "The weight has to be scaled as well as the bias.": without_weight,
        "The bias of the convolution itself is lost: it is added at the end, as it is.": without_bias,
        "What BatchNorm adds is lost: it goes through the kernel and comes out in the bias.": same_bias,
        "You scale the shift twice: what BatchNorm adds goes through the kernel as it was.": scaled_twice,
        "eps belongs under the root, beside the variance.": one(
            deviation=lambda var, eps: var.sqrt() + eps
        ),
        "eps is missing: BatchNorm adds it to the variance.": one(
            deviation=lambda var, eps: var.sqrt()
        ),
        "The root is missing: BatchNorm divides by the deviation, the root of the variance.": one(
            deviation=lambda var, eps: var + eps
        ),
        "The mean has to be scaled: BatchNorm adds beta minus scale times mean.": one(
            shift=lambda s, beta, mean: beta - mean
        ),
        "The sign of the mean is wrong: BatchNorm takes it away.": one(
            shift=lambda s, beta, mean: beta + s * mean
        ),
        "The mean is lost: BatchNorm adds beta minus scale times mean.": one(
            shift=lambda s, beta, mean: beta
        ),
        "You use one tap only: every tap of the kernel meets the shift, so sum over all of them.": one(
            through=lambda w: w[:, :, 0, 0]
        ),
        "You take the mean of the taps: their sum meets the shift.": one(
            through=lambda w: w.mean((2, 3))
        ),
    }
    try_on(answer, cases, _norm_then_convolution, mistakes)
    return "before a convolution, too, a BatchNorm in eval is part of it, as long as nothing pads between them."


CHAINS = {  # the letter: whether it is one convolution, and a sentence for whoever thinks otherwise
    "A": (
        True,
        "all padding is on the first, and a stride on the second leaves out finished results only",
    ),
    "B": (False, "the bias of the first stands beyond the edge, too, where the second pads zeros"),
    "C": (
        True,
        "beyond the edge the first reads nothing but zeros that it has padded itself, and gives 0, as the second pads",
    ),
    "D": (False, "the second pads zeros where the first would still see the photo"),
    "E": (
        True,
        "nothing is padded after the BatchNorm in eval, so its number is the same everywhere",
    ),
}


@checker
def check_border(answer):
    """`answer` is {letter: True or False}: which of the five chains of the exercise are one convolution, borders included."""
    if not isinstance(answer, dict) or set(answer) != set(CHAINS):
        raise Mistake("The answer is a dictionary with True or False for each of A, B, C, D and E.")
    if not all(isinstance(value, bool) for value in answer.values()):
        raise Mistake("Each of the five is True or False.")
    wrong = [letter for letter, (exact, _) in CHAINS.items() if answer[letter] != exact]
    if len(wrong) > 2:
        raise Mistake(
            f"{len(wrong)} of the five are wrong: ask of each what the first would give where the second pads."
        )
    if wrong:
        exact, why = CHAINS[wrong[0]]
        raise Mistake(f"{wrong[0]} is {'one' if exact else 'not one'}: {why}.")
    return "it is all about what the first would give where the second pads."


@checker
def check_count(answer):
    """`answer(n, k, p, q, bias)`: at how many outputs two k x k differ from the one, p padded first, then q, on n x n."""
    draw = Draws()
    cases = [
        (8, 3, 1, 1, False),
        (8, 3, 2, 1, False),
        (8, 3, 2, 1, True),
        (8, 3, 2, 0, True),
        (7, 2, 0, 1, False),
        (9, 5, 3, 2, True),
        (4, 5, 1, 2, False),  # so small that nothing is right
    ]
    for _ in range(8):
        k = draw.whole(2, 5)
        cases.append(
            (
                draw.whole(8, 14),
                k,
                draw.whole(0, k - 1),
                draw.whole(0, k - 1),
                bool(draw.whole(0, 1)),
            )
        )

    def out(n, k, p, q):
        return n + 2 * p + 2 * q - 2 * (k - 1)

    def count(wide=lambda k, p, q, bias: q if bias or p < k - 1 else 0, size=out, sides=2):
        return lambda n, k, p, q, bias: (
            size(n, k, p, q) ** 2 - max(size(n, k, p, q) - sides * wide(k, p, q, bias), 0) ** 2
        )

    mistakes = {
        "With a bias the first gives its bias beyond the edge, and zeros are wrong there: enough padding does not help.": count(
            lambda k, p, q, bias: q if p < k - 1 else 0
        ),
        "Where the first has padded k - 1 and has no bias, it gives 0 beyond the edge: then nothing differs.": count(
            lambda k, p, q, bias: q
        ),
        "Only a bias would do that: without one it still differs, unless the first has padded k - 1.": count(
            lambda k, p, q, bias: q if bias else 0
        ),
        "The border has two sides: take it away twice.": count(sides=1),
        "The ring is as wide as what the second pads: an output that reads a single padded pixel is wrong.": count(
            lambda k, p, q, bias: (p + q) if q and (bias or p < k - 1) else 0
        ),
        "This is what is right: the wrong ones are the rest.": lambda n, k, p, q, bias: (
            out(n, k, p, q) ** 2 - count()(n, k, p, q, bias)
        ),
        "This is the ring of the photo: the output is larger or smaller than that.": count(
            size=lambda n, k, p, q: n
        ),
        "On a photo so small nothing right is left: the square of a negative side is no area.": lambda n, k, p, q, bias: (
            out(n, k, p, q) ** 2 - (out(n, k, p, q) - 2 * (q if bias or p < k - 1 else 0)) ** 2
        ),
        "The corners belong to two sides, and you count them twice.": lambda n, k, p, q, bias: (
            4 * out(n, k, p, q) * (q if bias or p < k - 1 else 0)
        ),
    }
    try_on(answer, cases, _counted, mistakes)
    return "a ring as wide as what the second pads, or nothing at all."


def _merged_numbers(a, b):
    one = merge(
        *(nn.Conv2d(1, 1, k, s, p, bias=False).double() for k, s, p in (a, b)), interior=True
    )
    (step,) = set(
        one.dilation
    )  # taps of a merged kernel may lie on a coarser grid, where it is as wide as with zeros between
    return step * (one.kernel_size[0] - 1) + 1, one.stride[0], one.padding[0]


def _norm_then_convolution(weight, bias, gamma, beta, mean, var, eps):
    """What torch makes of a photo of zeros, and of every photo that is a single 1."""
    shape = weight.shape[1:]
    dots = (
        torch.cat([torch.zeros(1, shape.numel()), torch.eye(shape.numel())])
        .double()
        .view(-1, *shape)
    )
    normed = nn.functional.batch_norm(dots, mean, var, gamma, beta, eps=eps)
    nothing, *entries = nn.functional.conv2d(normed, weight, bias).flatten(1)
    return torch.stack([entry - nothing for entry in entries], 1).view_as(weight), nothing


def _counted(n, k, p, q, bias):
    first, second = (
        nn.Conv2d(1, 1, k, padding=p, bias=bias),
        nn.Conv2d(1, 1, k, padding=q, bias=False),
    )
    if bias:
        nn.init.ones_(first.bias)
    return int(differs(first, second, (n, n)).sum())
