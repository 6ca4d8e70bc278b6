"""The checkers: right answers pass, wrong ones get the right hint, nothing is raised; and the quizzes."""

import ast
import html
import inspect
import math
import re
import statistics
from collections import Counter
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from nbconvert.filters import markdown2html

from lessonlib.algebra import named_kernels
from lessonlib.algebra.hidden_width import composition_rank, hidden_width, two_channel_factors
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.algebra.norm_order import norm_and_relu
from lessonlib.arms import ARMS
from lessonlib.costs.composed_pair import composing_share
from lessonlib.exercises.checking import Draws
from lessonlib.exercises.composition import (
    check_arguments,
    check_compose,
    check_compose_many,
    check_delta,
    check_field,
    check_sobel,
)
from lessonlib.exercises.costs import check_kept, check_macs, check_saving
from lessonlib.exercises.equivalence import check_counterexample, check_exact, check_strided
from lessonlib.exercises.five_by_five import check_reading, check_ring, check_row, check_stack
from lessonlib.exercises.folding import check_bias, check_fold, check_middle
from lessonlib.exercises.kernels import check_correlate, check_patches, check_size
from lessonlib.exercises.merging import check_before, check_border, check_chain, check_count
from lessonlib.exercises.norm_order import check_block, check_bound, check_exchange, check_stem
from lessonlib.exercises.placement import check_embed, check_padding, check_shift
from lessonlib.exercises.quiz import Quiz, questions
from lessonlib.exercises.roofline import check_composing, check_intensity, check_time
from lessonlib.exercises.splitting import check_separable, check_split, check_splits
from lessonlib.exercises.statistics import check_difference, check_runs, check_standard_error
from lessonlib.exercises.training_steps import check_box, check_steps
from lessonlib.exercises.way_back import check_balance, check_counts, check_rescue, check_width
from lessonlib.imagewoof.crops import random_boxes
from lessonlib.kernels import compose, correlate, embed, output_size, receptive_field

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WITH_EXERCISES = {"01", "02", "03", "04", "05", "06", "07", "08", "09"}
SOBEL = named_kernels.THREE["Sobel"]


def correlate_with(position):
    """A correlation by loops, written as a learner would, with one line to get wrong."""

    def correlate_by_loops(x, K):
        (h, w), (kh, kw) = x.shape, K.shape
        y = x.new_zeros(h - kh + 1, w - kw + 1)
        for i, j, u, v in product(range(h - kh + 1), range(w - kw + 1), range(kh), range(kw)):
            position(y, i, j, u, v, x, K)
        return y

    return correlate_by_loops


def add(y, i, j, u, v, x, K):
    y[i, j] += K[u, v] * x[i + u, j + v]


def add_flipped(y, i, j, u, v, x, K):
    y[i, j] += K[-1 - u, -1 - v] * x[i + u, j + v]


def replace(y, i, j, u, v, x, K):
    y[i, j] = K[u, v] * x[i + u, j + v]


def add_up_to_the_last_row(y, i, j, u, v, x, K):
    if i < y.shape[0] - 1 and j < y.shape[1] - 1:
        add(y, i, j, u, v, x, K)


def of_squares_only(x, K):
    return (
        correlate(x, K)
        if x.shape[0] == x.shape[1] and K.shape[0] == K.shape[1]
        else 0 * correlate(x, K)
    )


def composed_by(C_at, how):
    def composed(B, C):
        (bh, bw), (ch, cw) = B.shape, C.shape
        A = B.new_zeros(bh + ch - 1, bw + cw - 1)
        for u, v in product(range(ch), range(cw)):
            how(A[u : u + bh, v : v + bw], C_at(C, u, v) * B)
        return A

    return composed


def field(sizes, strides, before=1, start=1):
    for k, stride in zip(sizes, strides):
        start, before = start + (k - 1) * before, before * stride
    return start


def split(a, sign=1, lead=True):
    a0, a1, a2 = a.tolist()
    if a2 == 0:
        return [a0, a1], [1, 0]
    root = math.sqrt(max(a1 * a1 - 4 * a0 * a2, 0))
    r, s = ((-a1 + side * root) / (2 * a2) for side in (1, -1))
    return [-sign * r, 1], [-sign * s * a2, a2] if lead else [-sign * s, 1]


def split_by_division(a):
    return split(a) if a[0].item() / a[2].item() != 0 else split(a)


def split_with_torch(a):
    near = nearest_product(a[None])
    return near.B[0], near.C[0]


def chain(
    a,
    b,
    reach=lambda s, j: s * (j - 1),
    stride=lambda s, t: s * t,
    padding=lambda p, s, q: p + s * q,
):
    (k, s, p), (j, t, q) = a, b
    return k + reach(s, j), stride(s, t), padding(p, s, q)


def deviation(var, eps):
    return (var + eps).sqrt()


def before(
    weight,
    bias,
    gamma,
    beta,
    mean,
    var,
    eps,
    over=1,
    add=lambda b, s, mean: b - s * mean,
    taps=torch.sum,
    root=deviation,
):
    s = gamma / root(var, eps)
    scale = s[:, None, None] if over else s[:, None, None, None]
    return weight * scale, bias + taps(weight, (2, 3)) @ add(beta, s, mean)


def orange(
    n,
    k,
    p,
    q,
    bias,
    wide=lambda k, p, q, bias: q if bias or p < k - 1 else 0,
    sides=2,
    grows=True,
    least=0,
):
    out = n + 2 * (p + q - k + 1) if grows else n
    return out**2 - max(out - sides * wide(k, p, q, bias), least) ** 2


def five(letters):
    """The five chains of notebook 09, those of `letters` called one convolution."""
    return {letter: letter in letters for letter in "ABCDE"}


def verdict(rule):
    return lambda p, q: (
        "real" if rule(p[1] ** 2 - 4 * p[0] * p[2], q[1] ** 2 - 4 * q[0] * q[2]) else "complex"
    )


def fold(
    weight,
    gamma,
    beta,
    mean,
    var,
    eps,
    root=torch.sqrt,
    add_eps=True,
    shift=lambda s, mean: s * mean,
):
    s = gamma / root(var + (eps if add_eps else 0))
    return s[:, None, None, None] * weight, beta - shift(s, mean)


def fold_along_inputs(weight, gamma, beta, mean, var, eps):
    s = gamma / (var + eps).sqrt()
    return s[:, None, None] * weight, beta - s * mean


def middle(y, b, sides=(1, 0, 1, 0)):
    return F.pad(y - b[:, None, None], sides) + b[:, None, None]


def exact(relu, norm, bias, padding, stride, shifts=None):
    shifts = bias or norm != "none" if shifts is None else shifts
    return (
        not relu
        and norm != "train"
        and stride != "first"
        and (padding == "first" or padding == "2019" and not shifts)
    )


def strided(B, C, stride):
    dilated = C.new_zeros([(n - 1) * stride + 1 for n in C.shape])
    dilated[::stride, ::stride] = C
    return compose(B, dilated)


def saving(convolutions, others, pair=lambda i, o: 4 * (i * o + o * o), of="before"):
    before, after = (
        sum(9 * i * o for i, o in convolutions),
        sum(pair(i, o) for i, o in convolutions),
    )
    return (before - after) / {"before": before + others, "after": after + others, "3x3": before}[
        of
    ]


def macs(i, o, k, h, w, stride, padding, stride_across=None, both_sides=2):
    rows, columns = (
        (n + both_sides * padding - k) // s + 1
        for n, s in ((h, stride), (w, stride_across or stride))
    )
    return i * o * k**2 * rows * columns


def kept(c, m, h, w, linear=1, active=2, edge=1):
    middle = m * (h + edge) * (w + edge)
    return c * h * w, c * h * w + linear * middle, c * h * w + active * middle


def intensity(n, c, h, w, moved=2, edge=1, size=4, weights=1):
    photo, middle = n * c * h * w, n * c * (h + edge) * (w + edge)
    one = 9 * c * photo / size / (2 * photo + weights * 9 * c * c)
    return one, 4 * c * (photo + middle) / size / (2 * photo + moved * middle + weights * 8 * c * c)


def intensity_of_eight(n, c, h, w):
    one, two = intensity(n, c, h, w)
    return one, two * 2 * h * w / (h * w + (h + 1) * (w + 1))


def least_time(slower=max):
    return lambda launches, peak, bandwidth: sum(
        slower(macs / peak, moved / bandwidth) for macs, moved in launches
    )


def box(area, ratio, width, height):
    high = (area * width * height / ratio) ** 0.5
    return ratio * high, high


def standard_error(accuracy, photos):
    return 100 * (accuracy * (1 - accuracy) / photos) ** 0.5


def difference(a, b, sd=statistics.stdev):
    return math.hypot(sd(a) / len(a) ** 0.5, sd(b) / len(b) ** 0.5)


def runs(sd, d, z=2.8, arms=2, power=2, up=math.ceil):
    return up(arms * (z * sd / d) ** power)


def ordered(y, norm_first, over=(0, 2, 3), correction=0, eps=1e-5, root=torch.sqrt):
    y = y if norm_first else F.relu(y)
    mean, var = y.mean(over, keepdim=True), y.var(over, correction=correction, keepdim=True)
    y = (y - mean) / root(var + eps)
    return F.relu(y) if norm_first else y


def exchanged(pool, training, gamma):
    return gamma == 0 or not training and (pool != "max" or gamma > 0)


def stem(layers, px, channels=3, step=1, own=False, up=1):
    weights = macs = 0
    field = 1
    for k, c, stride in layers:
        px, step = (px + up * (stride - 1)) // stride, step * stride if own else step
        weights, macs, channels = (
            weights + k * k * channels * c,
            macs + k * k * channels * c * px * px,
            c,
        )
        field, step = field + (k - 1) * step, step if own else step * stride
    return weights, macs, field


def flat(layers, px):
    return *stem(layers, px)[:2], 1 + sum(k - 1 for k, _, _ in layers)


def always(c_in):
    def counted(layers, px):
        weights = macs = 0
        for k, c, stride in layers:
            px = math.ceil(px / stride)
            weights, macs = weights + k * k * c_in * c, macs + k * k * c_in * c * px * px
        return weights, macs, stem(layers, 1)[2]

    return counted


def bound(low, high, margin):
    return "as good" if low > -margin else "not as good" if high < -margin else "open"


def stack_saves(n, field=lambda n: 2 * n + 1):
    return 1 - 9 * n / field(n) ** 2


def ring(n, k, wide=None, sides=2, smallest=0, power=2):
    inner = max(n - sides * (k // 2 if wide is None else wide), smallest)
    return 1 - (inner / n) ** power


def row_of_five(a, sign=-1, leads=1, order=1, key=lambda z: (abs(z.imag), z.real), flip=True):
    r = sorted(np.roots(a.flip(0) if flip else a), key=key)
    b, c = ([(p * q).real, sign * (p + q).real, 1][::order] for p, q in (r[:2], r[2:]))
    lead = a[4].item()
    return [lead * v for v in b] if leads > 1 else b, [lead * v for v in c] if leads else c


def reading(low, high, figure):
    if not low <= figure <= high:
        return "ruled out"
    return "open" if low <= 0 <= high else "fits"


two = two_channel_factors(named_kernels.THREE["Laplacian"])
LAPLACIAN = [(two[0][m, 0], two[1][0, m]) for m in (0, 1)]
ACROSS, DOWN = ([[1, -1], [0, 0]], [[0, 0], [1, -1]]), ([[1, 0], [-1, 0]], [[0, 1], [0, -1]])

RIGHT = [
    (check_chain, chain),
    (check_chain, lambda a, b: list(chain(a, b))),
    (check_before, before),
    (check_border, five("ACE")),
    (check_count, orange),
    (check_correlate, correlate),
    (check_correlate, correlate_with(add)),
    (check_embed, embed),
    (check_size, lambda n, k, s, p, q: output_size(n, k, s, (p, q))),
    (check_padding, lambda row, col: [1 - col, col, 1 - row, row]),
    (check_shift, lambda places: [sum(0.5 - at[side] for at in places) for side in (0, 1)]),
    (check_patches, lambda x, k: x.unfold(0, k, 1).unfold(1, k, 1).reshape(-1, k * k)),
    (check_compose, compose),
    (check_compose, composed_by(lambda C, u, v: C[u, v], torch.Tensor.add_)),
    (check_compose_many, compose),
    (check_field, receptive_field),
    (check_delta, [[0, 2], [0, 0]], [[0, 0], [0.5, 0]]),
    (check_sobel, *named_kernels.PAIRS["Sobel"]),
    (check_sobel, [[-1, 1], [-1, 1]], [[1, 1], [1, 1]]),
    (check_arguments, {"padding": 1, "stride": 1}, {"padding": 0, "stride": 2}),
    (check_counts, lambda k, n: ((k + n - 1) ** 2, k * k + n * n, k * k + n * n - 1)),
    (
        check_balance,
        lambda B, C: (B * (C.norm() / B.norm()) ** 0.5, C * (B.norm() / C.norm()) ** 0.5),
    ),
    (
        check_balance,
        lambda B, C: (-C * (B.norm() / C.norm()) ** 0.5, -B * (C.norm() / B.norm()) ** 0.5),
    ),
    (check_splits, lambda a: a[1] * a[1] >= 4 * a[0] * a[2]),
    (check_split, split),
    (check_split, split_with_torch),
    (check_separable, verdict(lambda p, q: min(p, q) >= 0)),
    (check_rescue, LAPLACIAN),
    (check_rescue, [ACROSS, DOWN]),
    (check_width, lambda c: math.ceil((4 - math.sqrt(7)) * c)),
    (check_fold, fold),
    (check_bias, lambda B, b, C, c: c + torch.einsum("omuv,m->o", C, b)),
    (check_middle, middle),
    (check_exact, exact),
    (check_counterexample, [[0, 1, 0]] * 3, [[0, 0, 1]] * 3),
    (check_strided, strided),
    (check_saving, saving),
    (check_macs, macs),
    (check_kept, kept),
    (check_intensity, intensity),
    (check_time, least_time()),
    (check_composing, lambda c, n, h, w: 16 * c / (9 * n * h * w)),
    (check_composing, lambda c, n, h, w: 16 / 9 * composing_share((n, c, h, w), c)),
    (check_steps, lambda photos, batch, epochs: photos // batch * epochs),
    (check_box, box),
    (check_standard_error, standard_error),
    (check_difference, difference),
    (check_runs, runs),
    (
        check_runs,
        lambda sd, d: runs(
            sd, d, z=statistics.NormalDist().inv_cdf(0.975) + statistics.NormalDist().inv_cdf(0.8)
        ),
    ),
    (check_block, ordered),
    (check_block, lambda y, first: list(norm_and_relu(y, first).values())[-1]),
    (check_exchange, exchanged),
    (check_stem, stem),
    (check_bound, bound),
    (check_stack, stack_saves),
    (check_ring, ring),
    (check_row, row_of_five),
    (check_reading, reading),
]

WRONG = [
    (check_chain, lambda a, b: chain(a, b, lambda s, j: j - 1), "multiply b's reach"),
    (check_chain, lambda a, b: chain(a, b, lambda s, j: s * j), "The kernels do not add up"),
    (check_chain, lambda a, b: (a[0] * b[0], *chain(a, b)[1:]), "The sizes do not multiply"),
    (check_chain, lambda a, b: chain(a, b, stride=lambda s, t: s + t), "The strides do not add up"),
    (check_chain, lambda a, b: chain(a, b, stride=max), "The larger stride"),
    (check_chain, lambda a, b: chain(a, b, padding=lambda p, s, q: p + q), "A row that b pads"),
    (check_chain, lambda a, b: chain(a, b, padding=lambda p, s, q: p), "You forget what b pads"),
    (
        check_chain,
        lambda a, b: chain(a, b, lambda s, j: j - 1, padding=lambda p, s, q: p + q),
        "a's stride is missing twice",
    ),
    (check_chain, lambda a, b: chain(b, a), "The two are exchanged"),
    (
        check_chain,
        lambda a, b: (*chain(a, b)[:2], a[2] * b[1] + b[2]),
        "What a pads keeps its width",
    ),
    (check_before, lambda *case: before(*case, over=0), "The scale belongs to the inputs"),
    (
        check_before,
        lambda weight, *rest: (weight, before(weight, *rest)[1]),
        "The weight has to be scaled",
    ),
    (
        check_before,
        lambda weight, bias, *norm: before(weight, 0 * bias, *norm),
        "is lost: it is added at the end",
    ),
    (
        check_before,
        lambda weight, bias, *norm: (before(weight, bias, *norm)[0], bias),
        "What BatchNorm adds is lost",
    ),
    (
        check_before,
        lambda weight, bias, gamma, beta, mean, var, eps: (
            (scaled := weight * (gamma / (var + eps).sqrt())[:, None, None]),
            before(
                scaled, bias, gamma, beta, mean, var, eps, add=lambda beta, s, mean: beta - s * mean
            )[1],
        ),
        "You scale the shift twice",
    ),
    (
        check_before,
        lambda *case: before(*case, root=lambda var, eps: var.sqrt() + eps),
        "eps belongs under the root",
    ),
    (check_before, lambda *case: before(*case, root=lambda var, eps: var.sqrt()), "eps is missing"),
    (
        check_before,
        lambda *case: before(*case, root=lambda var, eps: var + eps),
        "The root is missing",
    ),
    (
        check_before,
        lambda *case: before(*case, add=lambda beta, s, mean: beta - mean),
        "The mean has to be scaled",
    ),
    (
        check_before,
        lambda *case: before(*case, add=lambda beta, s, mean: beta + s * mean),
        "The sign of the mean",
    ),
    (check_before, lambda *case: before(*case, add=lambda beta, s, mean: beta), "The mean is lost"),
    (
        check_before,
        lambda *case: before(*case, taps=lambda w, _: w[:, :, 0, 0]),
        "You use one tap only",
    ),
    (check_before, lambda *case: before(*case, taps=torch.mean), "the mean of the taps"),
    (check_border, five("BD"), "5 of the five are wrong"),
    (check_border, five("CE"), "A is one: all padding is on the first"),
    (check_border, five("ABCE"), "B is not one: the bias"),
    (check_border, five("AE"), "C is one: beyond the edge"),
    (check_border, five("ACDE"), "D is not one: the second pads zeros"),
    (check_border, five("AC"), "E is one: nothing is padded after"),
    (check_border, {"A": True}, "a dictionary with True or False for each of"),
    (check_border, five("ACE") | {"A": "yes"}, "Each of the five is True or False"),
    (
        check_count,
        lambda *case: orange(*case, lambda k, p, q, bias: q if p < k - 1 else 0),
        "enough padding does not help",
    ),
    (check_count, lambda *case: orange(*case, lambda k, p, q, bias: q), "then nothing differs"),
    (
        check_count,
        lambda *case: orange(*case, lambda k, p, q, bias: q if bias else 0),
        "Only a bias would do that",
    ),
    (check_count, lambda *case: orange(*case, sides=1), "The border has two sides"),
    (check_count, lambda *case: orange(*case, least=-99), "the square of a negative side"),
    (
        check_count,
        lambda *case: orange(
            *case, lambda k, p, q, bias: p + q if q and (bias or p < k - 1) else 0
        ),
        "as wide as what the second pads",
    ),
    (
        check_count,
        lambda n, k, p, q, bias: (n + 2 * (p + q - k + 1)) ** 2 - orange(n, k, p, q, bias),
        "This is what is right",
    ),
    (check_count, lambda *case: orange(*case, grows=False), "the ring of the photo"),
    (
        check_count,
        lambda n, k, p, q, bias: 4 * (n + 2 * (p + q - k + 1)) * (q if bias or p < k - 1 else 0),
        "you count them twice",
    ),
    (check_correlate, correlate_with(add_flipped), "You flip the kernel"),
    (check_correlate, lambda x, K: correlate(x, K.T), "The kernel is transposed"),
    (check_correlate, correlate_with(replace), "only one product"),
    (
        check_correlate,
        correlate_with(add_up_to_the_last_row),
        "stay 0: range(h - kh) ends one position too early",
    ),
    (check_correlate, lambda x, K: correlate(x, K)[:-1, :-1], "h - kh + 1 positions"),
    (check_correlate, lambda x, K: correlate(x, K) / K.numel(), "the mean of the products"),
    (
        check_correlate,
        lambda x, K: correlate(x.float(), K.float()),
        "float32 where the input is float64",
    ),
    (check_correlate, of_squares_only, "right for squares only"),
    (check_correlate, lambda x, K: 2 * correlate(x, K), "it has to be"),
    (check_correlate, lambda x, K: correlate(x, K).sum(), "has the shape ()"),
    (check_correlate, lambda x, K: torch.zeros(()), "the same for every input"),
    (check_correlate, lambda x, K: str(x), "has to be a tensor"),
    (check_correlate, correlate(SOBEL, SOBEL), "has to be a function"),
    (
        check_embed,
        lambda k, size, row, col: embed(k, size, col, row),
        "Row and column are exchanged",
    ),
    (
        check_embed,
        lambda k, size, row, col: embed(k, size, size - len(k) - row, size - len(k) - col),
        "from the bottom right",
    ),
    (
        check_embed,
        lambda k, size, row, col: embed(k.flip(0, 1), size, row, col),
        "you flip the kernel",
    ),
    (check_embed, lambda k, size, row, col: embed(k, size, row, col).float(), "float32"),
    (check_size, lambda n, k, s, p, q: (n + p + q - k) // s, "add 1 after the division"),
    (check_size, lambda n, k, s, p, q: (n + p + q - k + 1) // s, "Add the 1 after the division"),
    (check_size, lambda n, k, s, p, q: -((k - n - p - q) // s) + 1, "Round down"),
    (check_size, lambda n, k, s, p, q: (n + p + q - k) / s + 1, "use //"),
    (check_size, lambda n, k, s, p, q: float((n + p + q - k) // s + 1), "comes as a float"),
    (check_size, lambda n, k, s, p, q: (n + 2 * p - k) // s + 1, "add both"),
    (check_size, lambda n, k, s, p, q: n + p + q - k + 1, "The stride is missing"),
    (check_size, lambda n, k, s, p, q: 32, "the same for every input"),
    (
        check_padding,
        lambda row, col: (col, 1 - col, row, 1 - row),
        "The padding is on the wrong side",
    ),
    (
        check_padding,
        lambda row, col: (1 - row, row, 1 - col, col),
        "Rows and columns are exchanged",
    ),
    (check_padding, lambda row, col: (1, 0, 1, 0), "the same for every input"),
    (check_padding, lambda row, col: (1 - col, col), "it has to be (1, 0, 1, 0)"),
    (
        check_shift,
        lambda places: tuple(sum(at[i] - 0.5 for at in places) for i in (0, 1)),
        "The sign is turned round",
    ),
    (
        check_shift,
        lambda places: tuple(sum(1 - 2 * at[i] for at in places) for i in (0, 1)),
        "Twice too much",
    ),
    (
        check_shift,
        lambda places: tuple(sum(0.5 - at[i] for at in places) for i in (1, 0)),
        "Down and right are exchanged",
    ),
    (check_shift, lambda places: (len(places) / 2, len(places) / 2), "You only count the layers"),
    (
        check_shift,
        lambda places: (0.5 - places[-1][0], 0.5 - places[-1][1]),
        "You take only the last layer",
    ),
    (check_patches, lambda x, k: F.unfold(x[None, None], k)[0], "The matrix is transposed"),
    (
        check_patches,
        lambda x, k: x.unfold(0, k, 1).unfold(1, k, 1).mT.reshape(-1, k * k),
        "down the columns",
    ),
    (
        check_patches,
        lambda x, k: x.unfold(0, k, k).unfold(1, k, k).reshape(-1, k * k),
        "Patches overlap",
    ),
    (
        check_patches,
        lambda x, k: x.unfold(0, k, 1).unfold(1, k, 1).transpose(0, 1).reshape(-1, k * k),
        "You move down the columns of x",
    ),
    (
        check_compose,
        lambda B, C: correlate(F.pad(B, (C.shape[1] - 1,) * 2 + (C.shape[0] - 1,) * 2), C),
        "You flip C",
    ),
    (check_compose, lambda B, C: compose(B.flip(0, 1), C), "You flip B"),
    (
        check_compose,
        composed_by(lambda C, u, v: C[u, v], torch.Tensor.copy_),
        "The copies of B overlap",
    ),
    (check_compose, lambda B, C: compose(B, C).T, "transposed"),
    (check_compose, lambda B, C: B @ C, "matrix product"),
    (check_compose, lambda B, C: B * C, "entry by entry"),
    (check_compose, lambda B, C: compose(B, C).round(), " of the result is 0, it has to be 0."),
    (check_compose_many, lambda B, C: compose(C, B), "The order of B and C is exchanged"),
    (check_compose_many, lambda B, C: compose(B, C).transpose(0, 1), "In and out are exchanged"),
    (check_compose_many, lambda B, C: compose(B, C.flip(2, 3)), "You flip C"),
    (check_compose_many, lambda B, C: compose(B[:1], C[:, :1]), "the first hidden channel only"),
    (
        check_compose_many,
        lambda B, C: compose(B, C)[0, 0],
        "has the shape 3x3, it has to be 2x2x3x3",
    ),
    (check_field, lambda sizes, strides: field(sizes, [1] * len(sizes)), "The strides are missing"),
    (check_field, lambda sizes, strides: field(sizes, strides[1:] + [1], strides[0]), "own stride"),
    (check_field, lambda sizes, strides: field(sizes, strides, start=0), "One is missing"),
    (check_field, lambda sizes, strides: sum(sizes), "You add up the sizes"),
    (check_field, lambda sizes, strides: math.prod(sizes), "You multiply the sizes"),
    (
        check_delta,
        [[1, 0], [0, 0]],
        [[1, 0], [0, 0]],
        "at (0, 0): the places of the two entries add up",
    ),
    (check_delta, [[1, 0], [0, 0]], [[0, 0], [0, 3]], "3 times the kernel"),
    (check_delta, [[1, 1], [1, 1]], [[1, 0], [0, 0]], "it has to be 0"),
    (check_delta, [[0, 0], [0, 0]], [[0, 0], [0, 1]], "nothing but zeros"),
    (check_delta, [[1, 0]], [[0, 0], [0, 1]], "B has the shape 1x2"),
    (
        check_delta,
        [[1, 0], [0, 0]],
        [[0, 0], [0, "1"]],
        "C has to be real numbers of the shape 2x2",
    ),
    (check_sobel, [[1, 1], [1, 1]], [[-1, -1], [1, 1]], "for the other direction"),
    (check_sobel, [[1, 1], [1, 1]], [[1, -1], [1, -1]], "-1 times the kernel"),
    (check_sobel, [[0.5, 0.5], [0.5, 0.5]], [[-1, 1], [-1, 1]], "0.5 times the kernel"),
    (check_sobel, [[1, 1], [0, 0]], [[-1, 1], [-1, 1]], "it has to be"),
    (check_sobel, [[1, float("nan")], [1, 1]], [[-1, 1], [-1, 1]], "not finite"),
    (
        check_sobel,
        [[1j, 1], [1, 1]],
        [[-1, 1], [-1, 1]],
        "B has to be real numbers of the shape 2x2",
    ),
    (
        check_arguments,
        {"padding": 1, "stride": 2},
        {"padding": 0, "stride": 1},
        "With the stride on the first",
    ),
    (
        check_arguments,
        {"padding": 0, "stride": 1},
        {"padding": 1, "stride": 2},
        "Padding on the second",
    ),
    (
        check_arguments,
        {"padding": 1, "stride": 2},
        {"padding": 0, "stride": 2},
        "steps of 4 pixels",
    ),
    (
        check_arguments,
        {"padding": 0, "stride": 1},
        {"padding": 0, "stride": 2},
        "sees 0 pixels past the border",
    ),
    (check_arguments, {"padding": 1}, {"padding": 0, "stride": 2}, "first has to be"),
    (
        check_arguments,
        {"padding": 1, "stride": 1},
        {"padding": 0, "stride": 2.0},
        "second has to be",
    ),
    (
        check_counts,
        lambda k, n: ((k + n - 1) ** 2, k * k + n * n, k * k + n * n),
        "You forget the gauge",
    ),
    (
        check_counts,
        lambda k, n: ((k + n) ** 2, k * k + n * n, k * k + n * n - 1),
        "k1 + k2 - 1 rows",
    ),
    (
        check_counts,
        lambda k, n: (k * k + n * n, (k + n - 1) ** 2, k * k + n * n - 1),
        "are exchanged",
    ),
    (check_counts, lambda k, n: (9, 8, 7), "the same for every input"),
    (check_counts, lambda k, n: ((2 * k - 1) ** 2, 2 * k * k, 2 * k * k - 1), "it has to be"),
    (check_balance, lambda B, C: (B, C), "the pair that you were given"),
    (check_balance, lambda B, C: (B / B.norm(), C / C.norm()), "You forget the gauge"),
    (
        check_balance,
        lambda B, C: (B * C.norm() / B.norm(), C),
        "times as large, but what B gains C has to lose",
    ),
    (
        check_balance,
        lambda B, C: (B * C.norm() / B.norm(), C * B.norm() / C.norm()),
        "take the square root",
    ),
    (check_balance, lambda B, C: (2 * B, C / 2), "the norms of the two still differ"),
    (check_balance, lambda B, C: (C.flip(0), B.flip(1)), "composes to another kernel"),
    (check_balance, lambda B, C: B, "return b, c"),
    (check_balance, lambda B, C: (B[0], C), "The first kernel has the shape (2,),"),
    (check_splits, lambda a: a[1] ** 2 - 4 * a[0] * a[2] < 0, "turned round"),
    (check_splits, lambda a: a[1] ** 2 + 4 * a[0] * a[2] >= 0, "The sign is wrong"),
    (check_splits, lambda a: a[1] ** 2 - a[0] * a[2] >= 0, "The 4 is missing"),
    (check_splits, lambda a: a[1] ** 2 - 4 * a[0] * a[2] > 0, "double root"),
    (check_splits, lambda a: a[1] ** 2 - 4 * a[0] * a[2], "say True"),
    (check_splits, lambda a: True, "the same for every input"),
    (check_split, lambda a: split(a, lead=False), "The factor a2 is lost"),
    (check_split, lambda a: split(a, sign=-1), "The roots have the wrong sign"),
    (check_split, lambda a: [f[::-1] for f in split(a)], "The order of the taps is turned round"),
    (check_split, split_by_division, "where the last tap is 0"),
    (check_split, lambda a: a, "two kernels"),
    (check_split, lambda a: ([1, 0], [1, 0]), "the same for every input"),
    (check_separable, verdict(lambda p, q: p >= 0), "You look at p only"),
    (check_separable, verdict(lambda p, q: p * q >= 0), "the box blur is not real"),
    (check_separable, verdict(lambda p, q: p >= 0 or q >= 0), "Both p and q"),
    (check_separable, verdict(lambda p, q: min(p, q) < 0), "turned round"),
    (check_separable, lambda p, q: "real", "the same for every input"),
    (check_rescue, [ACROSS, ACROSS], "in the middle row and the middle column"),
    (check_rescue, [ACROSS, ([[1, 0], [0, 0]], [[0, 0], [0, -3]])], "the Laplacian has"),
    (check_rescue, [ACROSS], "Give two pairs"),
    (check_rescue, [ACROSS, ([[-1, 0], [1, 0]], DOWN[1])], "not subtracted"),
    (check_rescue, [(-torch.tensor(B), C) for B, C in (ACROSS, DOWN)], "The sign is turned round"),
    (check_rescue, [(ACROSS[0], ACROSS[0]), DOWN], "A second difference lies off the middle"),
    (check_rescue, [ACROSS, ([1, 0], [0, 1])], "B2 has the shape (2,)"),
    (check_width, lambda c: math.ceil(9 * c / 8), "You forget the gauge"),
    (check_width, lambda c: c, "the pair of 2019"),
    (check_width, lambda c: int((4 - math.sqrt(7)) * c), "round up"),
    (check_width, lambda c: 2 * c, "not the smallest"),
    (
        check_width,
        lambda c: c + math.ceil(c / 2),
        "You give 11, it has to be 10",
    ),  # right up to 4 channels, by accident
    (check_width, lambda c: (4 - math.sqrt(7)) * c, "it has to be 2"),
    (check_fold, lambda *a: fold(*a, root=lambda x: x), "The square root is missing"),
    (check_fold, lambda *a: fold(*a, add_eps=False), "You forget eps"),
    (check_fold, lambda *a: fold(*a, shift=lambda s, mean: 0), "You forget the mean"),
    (check_fold, lambda *a: fold(*a, shift=lambda s, mean: mean), "The mean has to be scaled"),
    (check_fold, lambda *a: fold(*a, shift=lambda s, mean: -s * mean), "The sign of the mean"),
    (check_fold, fold_along_inputs, "The scale belongs to the outputs"),
    (check_fold, lambda *a: (a[0], fold(*a)[1]), "The weight has to be scaled"),
    (check_fold, lambda *a: fold(*a)[0], "give back 2 tensors"),
    (check_fold, lambda *a: (fold(*a)[0], 2 * fold(*a)[1]), "of the second result"),
    (check_bias, lambda B, b, C, c: b + c, "You add the two"),
    (check_bias, lambda B, b, C, c: c, "You forget the first bias"),
    (check_bias, lambda B, b, C, c: C.sum((2, 3)) @ b, "You forget c"),
    (check_bias, lambda B, b, C, c: c + C[:, :, 0, 0] @ b, "one tap of C only"),
    (check_bias, lambda B, b, C, c: c + C.mean((2, 3)) @ b, "the mean of C's taps"),
    (check_bias, lambda B, b, C, c: c + C.sum((2, 3)).T @ b, "The channels of C are exchanged"),
    (check_middle, lambda y, b: F.pad(y, (1, 0, 1, 0)), "You pad zeros, as in 2019"),
    (check_middle, lambda y, b: middle(y, b, (0, 1, 0, 1)), "The padding is on the wrong side"),
    (check_middle, lambda y, b: middle(y, b, (1, 1, 1, 1)), "You pad all four sides"),
    (check_middle, lambda y, b: F.pad(y, (1, 0, 1, 0), value=b[0].item()), "the bias of the first"),
    (check_middle, lambda y, b: F.pad(y, (1, 0, 1, 0), "replicate"), "You repeat the border"),
    (
        check_middle,
        lambda y, b: F.pad(y, (1, 0, 1, 0)) + b[:, None, None],
        "You add the bias to the whole middle",
    ),
    (check_exact, lambda relu, *others: exact(False, *others), "A ReLU between"),
    (
        check_exact,
        lambda relu, norm, *o: exact(relu, norm.replace("train", "eval"), *o),
        "depends on the batch",
    ),
    (
        check_exact,
        lambda relu, norm, *o: norm == "none" and exact(relu, norm, *o),
        "with the padding first that stays exact",
    ),
    (
        check_exact,
        lambda relu, norm, bias, *o: not bias and exact(relu, norm, bias, *o),
        "A bias alone breaks nothing",
    ),
    (
        check_exact,
        lambda relu, norm, bias, *o: exact(relu, norm, False, *o),
        "a bias breaks it at the border",
    ),
    (
        check_exact,
        lambda relu, norm, bias, p, s: exact(relu, norm, bias, p, s, shifts=bias),
        "a BatchNorm breaks it",
    ),
    (
        check_exact,
        lambda *switches: switches[3] != "2019" and exact(*switches),
        "as long as nothing shifts",
    ),
    (
        check_exact,
        lambda relu, norm, bias, p, s: exact(relu, norm, bias, p.replace("each", "first"), s),
        "'each' is never",
    ),
    (check_exact, lambda *switches: exact(*switches[:4], "none"), "A stride on the first"),
    (
        check_exact,
        lambda *switches: switches[4] == "none" and exact(*switches),
        "A stride on the second",
    ),
    (check_exact, lambda *switches: False, "the same for every input"),
    (check_exact, lambda relu, *others: not relu, "it has to be False"),
    (check_counterexample, [[0, 0, 0]] * 3, [[0, 0, 1]] * 3, "nothing but 0 for x"),
    (check_counterexample, [[0, 0, 1]] * 3, [[5, 5, 5]] * 3, "nothing but 0 for z"),
    (check_counterexample, [[0, 0, 1]] * 3, [[0, 1, 2]] * 3, "with the same sign"),
    (check_counterexample, [[0, 0, 1]] * 3, [[1, 0, 0]] * 3, "The edges do not meet"),
    (check_counterexample, [0, 0, 1], [[1, 0, 0]] * 3, "x has the shape (3,)"),
    (check_strided, lambda B, C, s: compose(B, C), "as if there were no stride"),
    (
        check_strided,
        lambda B, C, s: torch.kron(C, B),
        "Right only where the copies of B do not overlap",
    ),
    (check_strided, lambda B, C, s: strided(C, B, s), "B and C are exchanged: the stride spreads"),
    (check_strided, lambda B, C, s: torch.kron(B, C), "C says where"),
    (check_strided, lambda B, C, s: strided(B, C.flip(0, 1), s), "You flip C"),
    (check_saving, lambda *case: saving(*case, of="3x3"), "divide by all weights of the network"),
    (
        check_saving,
        lambda *case: saving(*case, pair=lambda i, o: 8 * i * o),
        "8 for 9 holds where in is out",
    ),
    (check_saving, lambda *case: 1 - saving(*case), "This is what remains"),
    (check_saving, lambda *case: saving(*case, of="after"), "not of the smaller one"),
    (check_saving, lambda *case: -saving(*case), "The sign is turned round"),
    (
        check_saving,
        lambda *case: saving(*case, pair=lambda i, o: 4 * i * o),
        "One 2x2 is not enough",
    ),
    (
        check_saving,
        lambda *case: saving(*case, pair=lambda i, o: 4 * (i * i + i * o)),
        "not 4 * in * in",
    ),
    (check_saving, lambda *case: 100 * saving(*case), "between 0 and 1"),
    (check_saving, lambda *case: 1 / 9, "the same for every input"),
    (check_macs, lambda i, o, k, h, w, s, p: macs(i, o, k, h, w, 1, p), "The stride is missing"),
    (check_macs, lambda *case: macs(*case, stride_across=1), "it counts in both directions"),
    (check_macs, lambda *case: 2 * macs(*case), "These are FLOPs"),
    (
        check_macs,
        lambda i, o, k, h, w, s, p: i * o * k * k * h * w,
        "You count the pixels that go in",
    ),
    (check_macs, lambda *case: macs(*case, both_sides=0), "The padding is missing"),
    (check_macs, lambda *case: macs(*case, both_sides=1), "The padding stands on both sides"),
    (check_macs, lambda i, *case: macs(1, *case), "times channels_in"),
    (check_macs, lambda i, o, *case: macs(i, 1, *case), "it has to be"),
    (check_macs, lambda *case: float(macs(*case)), "comes as a float"),
    (check_kept, lambda *case: kept(*case, linear=0), "the middle is kept all the same"),
    (check_kept, lambda *case: kept(*case, active=1), "two middles"),
    (check_kept, lambda *case: kept(*case, active=3), "kept for both, but once"),
    (check_kept, lambda *case: kept(*case, edge=0), "The middle is one larger each way"),
    (
        check_kept,
        lambda c, *case: [c * case[1] * case[2] + n for n in kept(c, *case)],
        "not what it gives",
    ),
    (
        check_kept,
        lambda *case: [kept(*case)[0], *(n - kept(*case)[0] for n in kept(*case)[1:])],
        "is kept there, too",
    ),
    (check_kept, lambda *case: kept(*case)[0], "it has to be (256, 580, 904)"),
    (
        check_intensity,
        lambda *case: intensity(*case, moved=0),
        "You forget the middle: the first writes it",
    ),
    (
        check_intensity,
        lambda *case: intensity(*case, moved=0, edge=0),
        "You forget the middle: written by the first",
    ),
    (check_intensity, lambda *case: intensity(*case, moved=1), "The middle moves twice"),
    (check_intensity, lambda *case: intensity(*case, edge=0), "The middle is one larger each way"),
    (check_intensity, lambda *case: intensity(*case, size=1), "A float32 has 4 bytes"),
    (check_intensity, lambda *case: intensity(*case, size=32), "You divide by bits"),
    (check_intensity, intensity_of_eight, "for the whole middle"),
    (check_intensity, lambda *case: intensity(*case, weights=0), "The weights have to be read"),
    (check_intensity, lambda *case: intensity(*case, size=2), "You count FLOPs"),
    (
        check_time,
        lambda launches, *machine: least_time()([tuple(map(sum, zip(*launches)))], *machine),
        "You add up before you compare",
    ),
    (check_time, least_time(lambda macs, moved: macs + moved), "You add the two"),
    (check_time, least_time(min), "max, not min"),
    (check_time, least_time(lambda macs, moved: macs), "You forget the bytes"),
    (check_time, least_time(lambda macs, moved: moved), "You forget the multiplications"),
    (
        check_time,
        lambda launches, *machine: max(least_time()([one], *machine) for one in launches),
        "add up their times",
    ),
    (
        check_composing,
        lambda c, n, h, w: composing_share((n, c, h, w), c),
        "Nine products are what the trick needs",
    ),
    (check_composing, lambda c, n, h, w: 16 / (9 * n * h * w), "a c is left"),
    (check_composing, lambda c, n, h, w: 16 * c / (9 * h * w), "divide by n, too"),
    (check_composing, lambda c, n, h, w: 4 * c / (9 * n * h * w), "16 products, not 4"),
    (check_composing, lambda c, n, h, w: 2 * c / (n * h * w), "9 taps, not 8"),
    (check_composing, lambda c, n, h, w: 9 * n * h * w / (16 * c), "upside down"),
    (check_steps, lambda photos, batch, epochs: math.ceil(photos / batch) * epochs, "round down"),
    (
        check_steps,
        lambda photos, batch, epochs: photos * epochs // batch,
        "not carried into the next",
    ),
    (check_steps, lambda photos, batch, epochs: photos / batch * epochs, "whole steps only"),
    (check_steps, lambda photos, batch, epochs: photos // batch, "the steps of one epoch"),
    (check_steps, lambda photos, batch, epochs: photos * epochs, "You count photos"),
    (check_box, lambda area, *case: box(area**2, *case), "a side shrinks by the root of its share"),
    (check_box, lambda *case: box(*case)[::-1], "Width and height are exchanged"),
    (
        check_box,
        lambda area, ratio, *photo: box(area, ratio**2, *photo),
        "The ratio goes to both sides",
    ),
    (
        check_box,
        lambda area, ratio, *photo: (box(area, ratio**2, *photo)[0], box(area, 1, *photo)[0]),
        "With one side alone",
    ),
    (
        check_box,
        lambda area, ratio, w, h: box(area, ratio * w / h, w, h),
        "whatever shape the photo has",
    ),
    (check_box, lambda area, ratio, w, h: box(area, w / h, w, h), "The ratio is missing"),
    (check_box, lambda area, ratio, w, h: (area * w, area * h), "a share of each side"),
    (check_box, lambda area, ratio, w, h: box(area, ratio, w, h)[0], "it has to be (60, 60)"),
    (check_standard_error, lambda *case: standard_error(*case) ** 2 / 100, "This is the variance"),
    (check_standard_error, lambda p, n: standard_error(p, 1), "how much one photo varies"),
    (check_standard_error, lambda p, n: standard_error(p, n * n), "goes under the root"),
    (check_standard_error, lambda *case: standard_error(*case) / 100, "This is a share"),
    (check_standard_error, lambda *case: 1.96 * standard_error(*case), "half of a 95% interval"),
    (check_standard_error, lambda p, n: 100 * (p / n) ** 0.5, "The wrong ones are missing"),
    (check_standard_error, lambda p, n: standard_error(0.5, n), "at an accuracy of one half"),
    (check_difference, lambda a, b: difference(a, b, statistics.pstdev), "runs - 1"),
    (
        check_difference,
        lambda a, b: math.hypot(statistics.stdev(a), statistics.stdev(b)),
        "means of many differ less",
    ),
    (
        check_difference,
        lambda a, b: difference(a, [0, 0]) + difference([0, 0], b),
        "You add the errors",
    ),
    (
        check_difference,
        lambda a, b: abs(difference(a, [0, 0]) ** 2 - difference(b, [0, 0]) ** 2) ** 0.5,
        "though the means are subtracted",
    ),
    (check_difference, lambda a, b: difference(a, b) ** 2, "the variance of the difference"),
    (check_difference, lambda a, b: statistics.mean(a) - statistics.mean(b), "how sure is it?"),
    (check_difference, lambda a, b: difference(a, [0, 0]), "You look at a only"),
    (check_difference, lambda a, b: difference([0, 0], b), "You look at b only"),
    (check_difference, lambda a, b: difference(a + b, [0, 0]), "You throw the runs together"),
    (check_runs, lambda *case: runs(*case, arms=1), "Both arms vary"),
    (check_runs, lambda *case: runs(*case, z=1.96), "Half of all races would miss it"),
    (check_runs, lambda *case: runs(*case, power=1), "square the ratio"),
    (check_runs, lambda sd, d: runs(d, sd), "sd and d are exchanged"),
    (check_runs, lambda *case: runs(*case, up=math.floor), "one run too few"),
    (check_runs, lambda *case: runs(*case, up=float), "not a number of runs yet"),
    (check_runs, lambda *case: 2 * runs(*case), "both arms together"),
    (check_runs, lambda *case: runs(*case, z=1.64 + 0.84), "1.96, not 1.64"),
    (check_block, lambda y, first: ordered(y, not first), "The order is turned round"),
    (check_block, lambda y, first: ordered(y, True), "You always normalise first"),
    (check_block, lambda y, first: ordered(y, False), "You always cut first"),
    (
        check_block,
        lambda y, first: F.batch_norm(y, None, None, training=True),
        "The ReLU is missing",
    ),
    (check_block, lambda *case: ordered(*case, over=(0, 1, 2, 3)), "Each channel has its own"),
    (
        check_block,
        lambda *case: ordered(*case, over=(2, 3)),
        "All photos of the batch count together",
    ),
    (check_block, lambda *case: ordered(*case, correction=1), "not by one less"),
    (check_block, lambda *case: ordered(*case, eps=0), "You forget eps"),
    (check_block, lambda *case: ordered(*case, root=lambda x: x), "Divide by the root"),
    (check_exchange, lambda pool, training, gamma: gamma == 0 or not training, "another"),
    (
        check_exchange,
        lambda pool, training, gamma: not training and (pool != "max" or gamma > 0),
        "before the pool as after it",
    ),
    (
        check_exchange,
        lambda pool, training, gamma: not training and (pool != "max" or gamma >= 0),
        "only beta: then even",
    ),
    (
        check_exchange,
        lambda pool, training, gamma: exchanged(pool, False, gamma),
        "those of the numbers at hand",
    ),
    (
        check_exchange,
        lambda pool, training, gamma: gamma == 0 or not training and gamma > 0,
        "Only the maxpool looks",
    ),
    (
        check_exchange,
        lambda pool, training, gamma: gamma == 0 or not training and pool != "max",
        "Only gamma's sign",
    ),
    (check_exchange, lambda *case: not exchanged(*case), "turned round"),
    (check_exchange, lambda *case: True, "the same for every input"),
    (check_stem, flat, "The receptive field lacks the strides"),
    (check_stem, lambda *case: stem(*case, own=True), "own stride does not widen"),
    (check_stem, always(3), "only the first has 3 channels in"),
    (check_stem, always(1), "a channel it reads, too"),
    (
        check_stem,
        lambda layers, px: (*stem([(k, c, 1) for k, c, _ in layers], px)[:2], stem(layers, px)[2]),
        "leaves fewer",
    ),
    (check_stem, lambda *case: stem(*case, up=0), "rounded up"),
    (
        check_bound,
        lambda low, high, m: "not as good" if high < 0 else "as good",
        "it does not show that there is none",
    ),
    (
        check_bound,
        lambda low, high, m: "as good" if low > 0 else bound(-9, high, m),
        "As good is not better",
    ),
    (
        check_bound,
        lambda low, high, m: "not as good" if low < -m and high < 0 else bound(low, high, m),
        "too much worse",
    ),
    (
        check_bound,
        lambda low, high, m: "as good" if low + high > -2 * m else bound(-99, high, m),
        "The middle of the interval",
    ),
    (
        check_bound,
        lambda low, high, m: "open" if high > m else bound(low, high, m),
        "Better by more than the margin",
    ),
    (
        check_bound,
        lambda low, high, m: "as good" if high > -m else "not as good",
        "the best that may be",
    ),
    (check_bound, lambda low, high, m: bound(low, high, -m), "The margin lies below 0"),
    (check_bound, lambda *case: "open", "the same for every input"),
    (check_stack, lambda n: 1 - stack_saves(n), "This is what remains"),
    (check_stack, lambda n: 1 / (1 - stack_saves(n)) - 1, "how many more the large kernel has"),
    (check_stack, lambda n: 1 - 3 * n / (2 * n + 1), "square both sizes"),
    (check_stack, lambda n: stack_saves(n, lambda n: 3 * n), "which is 1 without any"),
    (
        check_stack,
        lambda n: stack_saves(n, lambda n: n + 2),
        "adds 2 to what one output sees, not 1",
    ),
    (check_stack, lambda n: 1 - 9**n / (2 * n + 1) ** 2, "they do not multiply"),
    (check_stack, lambda n: 100 * stack_saves(n), "between 0 and 1"),
    (check_ring, lambda n, k: 1 - ring(n, k), "This is the share that is right"),
    (check_ring, lambda n, k: ring(n, k, sides=1), "take the padding away twice"),
    (check_ring, lambda n, k: ring(n, k, power=1), "a square, not a stripe"),
    (check_ring, lambda n, k: 4 * (k // 2) / n, "you count them twice"),
    (check_ring, lambda n, k: ring(n, k, wide=k - 1), "the first one's padding does no harm"),
    (check_ring, lambda n, k: ring(n, k, wide=k), "wide, not k"),
    (check_ring, lambda n, k: ring(n, k, smallest=-9), "the square of a negative side"),
    (check_row, lambda a: row_of_five(a, leads=0), "The factor a[4] is lost"),
    (
        check_row,
        lambda a: (row_of_five(a)[0], [a[0] / a[4] * tap for tap in row_of_five(a)[1]]),
        "not a[0]",
    ),
    (check_row, lambda a: row_of_five(a, flip=False), "np.roots wants the highest power first"),
    (check_row, lambda a: row_of_five(a, key=lambda z: z.real), "Sorted by its real part alone"),
    (
        check_row,
        lambda a: [[tap + 0j for tap in np.array(row)] for row in row_of_five(a)],
        "first kernel has to be real numbers",
    ),
    (check_row, lambda a: row_of_five(a, leads=2), "Both kernels carry a[4]"),
    (check_row, lambda a: row_of_five(a, order=-1), "turned round: x^2 + p x + q is the kernel"),
    (check_row, lambda a: row_of_five(a, leads=0, order=-1), "turned round and a[4] is lost"),
    (check_row, lambda a: row_of_five(a, sign=1), "the wrong sign"),
    (
        check_row,
        lambda a: [np.poly(half)[::-1] for half in np.split(np.roots(a.flip(0)), 2)],
        "kernel has to be real numbers",
    ),
    (
        check_reading,
        lambda low, high, figure: "fits" if low <= figure <= high else "ruled out",
        "Too soon",
    ),
    (
        check_reading,
        lambda *case: "open" if case[0] <= 0 <= case[1] else reading(*case),
        "look at the figure first",
    ),
    (
        check_reading,
        lambda low, high, figure: (
            "fits" if min(low * figure, high * figure) > 0 else reading(low, high, figure)
        ),
        "The same sign is not the same size",
    ),
    (
        check_reading,
        lambda low, high, figure: (
            "open" if low <= figure <= high <= 0 else reading(low, high, figure)
        ),
        "leaves 0 out as well",
    ),
    (
        check_reading,
        lambda *case: reading(*case).replace("open", "ruled out"),
        "is not 'ruled out'",
    ),
    (
        check_reading,
        lambda *case: {"fits": "ruled out", "ruled out": "fits", "open": "open"}[reading(*case)],
        "are exchanged",
    ),
]
CHECKERS = sorted({row[0] for row in RIGHT}, key=lambda check: check.__name__)
OF_VALUES = [
    check_delta,
    check_sobel,
    check_arguments,
    check_rescue,
    check_counterexample,
    check_border,
]
OF_FUNCTIONS = [check for check in CHECKERS if check not in OF_VALUES]


@pytest.mark.parametrize("row", RIGHT, ids=lambda row: row[0].__name__)
def test_a_right_answer_is_right(row):
    check, *answer = row
    verdict = check(*answer)
    assert (
        verdict.right
        and verdict.sentence.startswith("Right: ")
        and repr(verdict) == verdict.sentence
    )


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[0].__name__}: {row[-1]}")
def test_a_wrong_answer_gets_the_right_hint(row):
    check, *answer, hint = row
    verdict = check(*answer)
    assert not verdict.right and hint in verdict.sentence and "\n" not in verdict.sentence


def test_every_checker_has_a_right_and_three_wrong_answers():
    wrong = Counter(row[0] for row in WRONG)
    assert set(wrong) == set(CHECKERS) and min(wrong.values()) >= 3 and len(CHECKERS) >= 16
    for check in CHECKERS:
        assert check.__doc__
        assert (
            len({row[-1] for row in WRONG if row[0] is check}) == wrong[check]
        )  # another hint for each


@pytest.mark.parametrize("check", CHECKERS, ids=lambda check: check.__name__)
def test_an_untried_answer_stops_nothing(check):
    arguments = len(inspect.signature(check).parameters)
    assert repr(check(*[...] * arguments)) == "Not tried yet."
    if check in OF_FUNCTIONS:

        def not_implemented(*inputs):
            raise NotImplementedError

        assert (
            check(lambda *inputs: ...).sentence
            == check(not_implemented).sentence
            == "Not tried yet."
        )


@pytest.mark.parametrize("check", OF_FUNCTIONS, ids=lambda check: check.__name__)
def test_an_answer_that_breaks_off_is_reported(check):
    def broken(*inputs):
        return 1 / 0

    sentence = check(broken).sentence
    assert re.match(
        r"Your code stops in line \d+ with ZeroDivisionError: division by zero; the inputs were .+\.$",
        sentence,
    )
    assert "does it end with a return?" in check(lambda *inputs: None).sentence
    assert (
        not check(lambda *inputs: "nonsense").right
        and not check(lambda *inputs: float("nan")).right
    )
    assert "TypeError" in check(lambda: 0).sentence


@pytest.mark.parametrize("check", CHECKERS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "nonsense",
    [None, 7, "word", object(), [], {}, torch.zeros(0)],
    ids=lambda value: type(value).__name__,
)
def test_nonsense_is_refused_and_nothing_is_raised(check, nonsense):
    verdict = check(*[nonsense] * len(inspect.signature(check).parameters))
    assert not verdict.right and verdict.sentence.endswith(".")


def test_half_an_answer_is_not_tried_yet():
    assert (
        repr(check_arguments({"padding": 1, "stride": ...}, {"padding": 0, "stride": 2}))
        == "Not tried yet."
    )
    assert repr(check_rescue([ACROSS, (..., ...)])) == "Not tried yet."


def test_checking_leaves_the_learners_random_numbers_and_inputs_alone():
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)

    def greedy(x, K):
        y = correlate(x, K)
        x.zero_(), K.zero_()
        return y

    assert check_correlate(greedy).right
    assert torch.equal(torch.randn(3), expected)


def test_draws_are_the_same_each_time():
    assert torch.equal(Draws(3).normal(4), Draws(3).normal(4)) and Draws(3).whole(0, 99) == Draws(
        3
    ).whole(0, 99)


def test_the_widths_counted_are_the_ranks_measured():
    for c in (1, 2, 3):
        assert math.ceil((4 - math.sqrt(7)) * c) == hidden_width(c, c)
        B, C = Draws().normal(c, c, 2, 2), Draws(1).normal(c, c, 2, 2)
        assert composition_rank(B, C).rank == 7 * c * c


def test_the_crops_that_are_drawn_have_the_sides_that_are_asked_for():
    drawn = random_boxes([2.0] * 200, 4000, torch.Generator().manual_seed(0))
    wide, high = (
        (drawn[:, 2] - drawn[:, 0]).double(),
        (drawn[:, 3] - drawn[:, 1]).double() / 2,
    )  # back to a photo 4000 x 2000
    for w, h in zip(wide.tolist(), high.tolist()):
        assert box(w * h / 8e6, w / h, 4000, 2000) == pytest.approx((w, h))
        assert 0.349 < w * h / 8e6 <= 1 and 0.749 < w / h < 1.335


def weights(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_the_numbers_in_the_quiz_of_costs():
    stem, stages = (
        [(3, 32), (32, 32), (32, 64)],
        [(c, c) for c, n in ((64, 3), (128, 4), (256, 6), (512, 3)) for _ in range(n)],
    )
    others, norms = (
        23_547_754 - weights(*(ARMS["3x3"].build(*c, 1) for c in stem + stages)),
        2 * sum(o for _, o in stem + stages),
    )
    pairs = weights(*(ARMS["pair"].build(*c, 1) for c in stem + stages))
    assert (others + pairs + norms, norms) == (
        22_306_826,
        7_808,
    )  # the network of 2019, with BatchNorm between the two
    assert f"{(23_547_754 - 22_306_826) / 23_547_754:.1%} {norms / 23_547_754:.2%}" == "5.3% 0.03%"
    in_stages = weights(*(ARMS["3x3"].build(*c, 1) for c in stages)) / 23_547_754
    assert (
        f"{in_stages:.0%} {in_stages / 9:.1%} {saving(stem + stages, others):.1%}"
        == "48% 5.3% 5.3%"
    )
    assert [weights(ARMS[name].build(64, 128, 1)) for name in ("3x3", "pair")] == [73_728, 98_304]
    one, pair = (
        macs(8, 8, 3, 64, 64, 2, 1),
        macs(8, 8, 2, 64, 64, 1, 1) + macs(8, 8, 2, 65, 65, 2, 0),
    )
    assert pair > 2 * one
    one, pair = intensity(64, 4, 64, 64)
    assert pair < one / 2


def test_the_numbers_in_the_quiz_of_the_race():
    assert divmod(9025, 64) == (141, 1) and math.sqrt(0.36) == 0.6 and round(0.36**2, 2) == 0.13
    assert [f"{standard_error(*case):.1f}" for case in ((0.75, 3929), (0.75, 500), (0.75, 1))] == [
        "0.7",
        "1.9",
        "43.3",
    ]
    assert (
        standard_error(0.75, 400) == pytest.approx(2 * standard_error(0.75, 1600))
        and 1.5**-0.5 > 0.8
    )
    a, b = (
        [65, 64, 66],
        [66, 63, 67, 63, 67],
    )  # of 2019: 3x3, and two 2x2 with the activation after the second
    error = difference(a, b)
    assert (
        f"{error:.1f} {1.96 * error:.1f} {statistics.mean(b) - statistics.mean(a):.1f}"
        == "1.1 2.1 0.2"
    )
    assert (runs(0.95, 1), runs(0.95, 2)) == (15, 4)


def test_the_numbers_in_the_quiz_of_stems():
    three, seven = stem([(3, 32, 2), (3, 32, 1), (3, 64, 1)], 128), stem([(7, 64, 2)], 128)
    assert (three[2], seven[2]) == (11, 7) and 9 * 32 * 32 + 9 * 32 * 64 > 49 * 3 * 64 == seven[0]
    assert (bound(-1.8, 2.2, 1.9), bound(-1.8, 2.2, 1.7)) == ("as good", "open")


def test_the_numbers_in_the_quiz_of_five():
    assert (
        f"{stack_saves(3):.0%} {1 / (1 - stack_saves(3)) - 1:.0%} {stack_saves(2):.0%} {8 / 9:.0%}"
        == "45% 81% 28% 89%"
    )
    assert (
        f"{ring(7, 3):.0%} {ring(32, 3):.0%} {2 / 7:.0%} {ring(7, 3, sides=1):.0%}"
        == "49% 12% 29% 27%"
    )
    first, second = Draws().normal(2, 3, 3)
    assert composition_rank(first, second).rank == 17 and compose(first, second).numel() - 17 == 8
    c = 64
    wide = next(m for m in range(1, 9 * c) if 18 * c * m - m * m >= 25 * c * c)
    assert (
        wide == math.ceil((9 - math.sqrt(56)) * c) == 98
        and f"{18 * c * wide / (25 * c * c) - 1:.0%}" == "10%"
    )


def imports(cells):
    """The import statements of a notebook's code cells, as source."""
    nodes = [
        node for cell in cells if cell.cell_type == "code" for node in ast.parse(cell.source).body
    ]
    return "\n".join(
        ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)
    )


def solutions(text):
    return re.findall(
        r"<summary>Solution</summary>\n\n```python\n(.*?)\n```\n\n</details>", text, re.S
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_solutions_in_the_notebook_are_right(path):
    cells = nbformat.read(path, as_version=4).cells
    if not any(
        cell.cell_type == "markdown" and cell.source.startswith("## Exercises") for cell in cells
    ):
        pytest.skip("no exercises yet")
    exercises = [
        (cell.source.splitlines(), after.source)
        for cell, after in zip(cells, cells[1:])
        if cell.cell_type == "code"
        and cell.source.splitlines()[-1:]
        and cell.source.splitlines()[-1].startswith("check_")
    ]
    assert len(exercises) >= 4
    for (*stub, call), folded in exercises:
        space = {}
        exec(imports(cells) + "\n" + "\n".join(stub), space)
        assert repr(eval(call, space)) == "Not tried yet."
        assert folded.count("<details><summary>Hint ") == 2
        (solution,) = solutions(folded)
        exec(solution, space)
        assert eval(call, space).right, (call, eval(call, space))


@pytest.mark.parametrize("notebook", sorted(WITH_EXERCISES))
def test_a_quiz_has_five_to_seven_questions_and_explains_every_option(notebook):
    asked = questions(notebook)
    assert 5 <= len(asked) <= 7 and len({q.prompt for q in asked}) == len(asked)
    for question in asked:
        assert sum(option.right for option in question.options) == 1
        assert 3 <= len(question.options) <= 5 and len(
            {option.text for option in question.options}
        ) == len(question.options)
        assert all(
            len(option.why) > 20 and option.why.endswith(".") and len(option.text) < 100
            for option in question.options
        )
    assert (
        len({[option.right for option in q.options].index(True) for q in asked}) > 1
    )  # not always at one place


@pytest.mark.parametrize("notebook", sorted(WITH_EXERCISES))
def test_a_quiz_answers_every_choice(notebook):
    quiz, n = Quiz(notebook), len(questions(notebook))
    assert quiz.chosen == [None] * n and f"0 of {n} right, 0 tried" in quiz.message.value
    for question, choice, reply in zip(quiz.questions, quiz.choices, quiz.replies):
        assert choice.value is None and ">.<" not in reply.value
        for option in question.options:
            choice.value = option.text
            assert ("Right. " in reply.value, "Not this one. " in reply.value) == (
                option.right,
                not option.right,
            )
            assert option.why.split("'")[0] in reply.value
        choice.value = question.answer.text
    assert f"{n} of {n} right, {n} tried" in quiz.message.value


def test_a_saved_quiz_is_readable_text():
    data, _ = Quiz("02")._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data and "image/png" not in data
    for question in questions("02"):
        for kind in ("text/plain", "text/markdown"):
            assert question.prompt in data[kind] and all(
                option.text in data[kind] for option in question.options
            )
        assert (
            question.answer.why in data["text/markdown"]
            and question.answer.why not in data["text/plain"]
        )


@pytest.mark.parametrize("name", [f"{n:02}" for n in range(1, 10)])
def test_the_saved_answers_are_one_list_whose_numbers_are_those_of_the_questions(name):
    data, _ = Quiz(name)._repr_mimebundle_()
    answers = markdown2html(data["text/markdown"]).split("Answers</summary>")[1]
    assert (answers.count("<ol"), answers.count("<li")) == (1, len(questions(name)))
    assert all(
        f"{question.answer.text}. " in html.unescape(answers) for question in questions(name)
    )


def test_there_is_no_quiz_of_another_name():
    with pytest.raises(ValueError, match="no quiz '00'; choose one of 01, 02, 03, 04"):
        Quiz("00")
