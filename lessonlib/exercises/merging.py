"""Checkers of notebook 09: what a chain becomes, which chains are exact, how much is not."""

from collections.abc import Mapping

from torch import nn

from lessonlib.exercises.checking import Draws, Mistake, as_float64, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.merging import differs, merge

__all__ = ["check_chain", "check_border", "check_count"]

CHAINS = {  # letter: whether it is one convolution, and why, for whoever thinks otherwise
    "A": (
        True,
        "all padding is on the first, and a stride on the second leaves out finished results only",
    ),
    "B": (
        False,
        "past the edge the first gives its bias, but the second pads zeros there",
    ),
    "C": (
        True,
        "past the edge the first reads nothing but zeros that it has padded itself, "
        "and gives 0, which is what the second pads",
    ),
    "D": (
        False,
        "the second pads zeros where the first would still see the photo",
    ),
    "E": (
        True,
        "nothing is padded after the BatchNorm in eval, so its number is the same everywhere",
    ),
}


@checker
def check_chain(answer):
    """`answer(a, b)` is (kernel, stride, padding) of the one convolution for two in series.

    a, b: (kernel, stride, padding) of the first and of the second.
    """
    draw = Draws()
    cases = [
        ((2, 1, 1), (2, 1, 0)),
        ((3, 2, 1), (3, 1, 1)),
        ((3, 1, 2), (3, 2, 0)),
        ((1, 2, 0), (3, 2, 1)),
        ((3, 3, 1), (2, 2, 2)),
    ]
    for _ in range(8):
        a = draw.integers((1, 5), (1, 3), (0, 2))
        b = draw.integers((1, 5), (1, 3), (0, 2))
        cases.append((a, b))
    mistakes = {
        "The taps of b lie a's stride apart on the photo: "
        "multiply b's reach, its kernel less 1, by that stride.": (
            _chain(kernel=lambda k, s, j: k + j - 1)
        ),
        "The kernels do not add up: "
        "the first tap of b reads all of a, each further one adds only a's stride.": (
            _chain(kernel=lambda k, s, j: k + s * j)
        ),
        "The sizes do not multiply: each tap of b after the first adds a's stride.": (
            _chain(kernel=lambda k, s, j: k * j)
        ),
        "The strides do not add up: each step of b is as many steps of a.": (
            _chain(stride=lambda s, t: s + t)
        ),
        "The larger stride is not the stride of both: they multiply.": _chain(stride=max),
        "A row that b pads is a row of a's output, and a's stride wide on the photo.": (
            _chain(padding=lambda p, s, q: p + q)
        ),
        "You forget what b pads: on the photo it is a's stride times as wide.": (
            _chain(padding=lambda p, s, q: p)
        ),
        "What a pads keeps its width on the photo; "
        "it is what b pads that is a's stride times as wide there.": (
            lambda a, b: (*_chain()(a, b)[:2], a[2] * b[1] + b[2])
        ),
        "a's stride is missing twice: "
        "b's taps lie that far apart on the photo, and a row that b pads is that wide.": (
            _chain(kernel=lambda k, s, j: k + j - 1, padding=lambda p, s, q: p + q)
        ),
        "The two are exchanged: a comes first, so it is a's stride that b's taps lie apart.": (
            lambda a, b: _chain()(b, a)
        ),
    }
    try_on(answer, cases, _merged_numbers, mistakes)
    return "strides multiply, and what b does is a's stride times as wide on the photo."


@checker
def check_border(answer):
    """`answer` is {letter: bool}: which of the five chains are one convolution, borders too."""
    if not isinstance(answer, Mapping) or set(answer) != set(CHAINS):
        raise Mistake("The answer is a dictionary with True or False for each of A, B, C, D and E.")
    truths = {letter: as_float64(value) for letter, value in answer.items()}  # numpy's, too
    if not all(map(_is_truth, truths.values())):
        raise Mistake("Each of the five is True or False.")
    wrong = [letter for letter, (exact, _) in CHAINS.items() if truths[letter].item() != exact]
    if len(wrong) > 2:
        raise Mistake(
            f"{len(wrong)} of the five are wrong: "
            "ask of each what the first would give where the second pads."
        )
    if wrong:
        exact, why = CHAINS[wrong[0]]
        raise Mistake(f"{wrong[0]} is {'one' if exact else 'not one'}: {why}.")
    return "it is all about what the first would give where the second pads."


@checker
def check_count(answer):
    """`answer(n, k, p, q, bias)` is the number of outputs at which two k x k differ from the one.

    On n x n pixels. The first pads p and may have a bias, the second pads q.
    """
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
        k = draw.integer(2, 5)
        n = draw.integer(8, 14)
        p, q = draw.integers((0, k - 1), (0, k - 1))
        cases.append((n, k, p, q, bool(draw.integer(0, 1))))
    mistakes = {
        "With a bias the first gives its bias past the edge, and zeros are wrong there: "
        "enough padding does not help.": _count(wide=lambda k, p, q, bias: q if p < k - 1 else 0),
        "Where the first has padded k - 1 and has no bias, it gives 0 past the edge: "
        "then nothing differs.": _count(wide=lambda k, p, q, bias: q),
        "Only a bias would do that: "
        "without one it still differs, unless the first has padded k - 1.": (
            _count(wide=lambda k, p, q, bias: q if bias else 0)
        ),
        "The border has two sides: subtract it twice.": _count(sides=1),
        "The ring is as wide as what the second pads: "
        "an output that reads a single padded pixel is wrong.": (
            _count(wide=lambda k, p, q, bias: p + q if _wide(k, p, q, bias) else 0)
        ),
        "This is what is right: the wrong ones are the rest.": (
            lambda n, k, p, q, bias: _side(n, k, p, q) ** 2 - _count()(n, k, p, q, bias)
        ),
        "This is the ring of the photo: the output is larger or smaller than that.": (
            _count(side=lambda n, k, p, q: n)
        ),
        "On a photo so small nothing right is left: the square of a negative side is no area.": (
            _count(smallest=-100)
        ),
        "The corners belong to two sides, and you count them twice.": (
            lambda n, k, p, q, bias: 4 * _side(n, k, p, q) * _wide(k, p, q, bias)
        ),
    }
    try_on(answer, cases, _measured_count, mistakes)
    return "a ring as wide as what the second pads, or nothing at all."


def _is_truth(value):
    return value is not None and value.numel() == 1 and value.item() in (0, 1)


def _chain(
    kernel=lambda k, s, j: k + s * (j - 1),
    stride=lambda s, t: s * t,
    padding=lambda p, s, q: p + s * q,
):
    """The formula, of which one part can be made wrong."""

    def made(a, b):
        k, s, p = a
        j, t, q = b
        return kernel(k, s, j), stride(s, t), padding(p, s, q)

    return made


def _merged_numbers(a, b):
    first = nn.Conv2d(1, 1, *a, bias=False).double()
    second = nn.Conv2d(1, 1, *b, bias=False).double()
    one = merge(first, second, interior=True)
    # taps of a merged kernel may lie on a coarser grid: count the zeros between them, too
    (step,) = set(one.dilation)
    return step * (one.kernel_size[0] - 1) + 1, one.stride[0], one.padding[0]


def _side(n, k, p, q):
    """Of the output."""
    return n + 2 * p + 2 * q - 2 * (k - 1)


def _wide(k, p, q, bias):
    """How wide the wrong ring is."""
    return q if bias or p < k - 1 else 0


def _count(wide=_wide, side=_side, sides=2, smallest=0):
    """The formula, of which one part can be made wrong; smallest: the least side that is right."""

    def count(n, k, p, q, bias):
        outputs = side(n, k, p, q)
        right = max(outputs - sides * wide(k, p, q, bias), smallest)
        return outputs**2 - right**2

    return count


def _measured_count(n, k, p, q, bias):
    first = nn.Conv2d(1, 1, k, padding=p, bias=bias)
    second = nn.Conv2d(1, 1, k, padding=q, bias=False)
    if bias:
        nn.init.ones_(first.bias)
    return int(differs(first, second, (n, n)).sum())
