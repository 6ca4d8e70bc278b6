"""Checkers of notebook 07: BatchNorm and ReLU in either order, BatchNorm and a pool, what a stem costs, and a bound."""

from itertools import product

import torch
import torch.nn.functional as F

from lessonlib.exercises.checking import Draws, checker
from lessonlib.exercises.comparing import try_on
from lessonlib.exercises.oracles import empty, macs_of

__all__ = ["check_block", "check_exchange", "check_stem", "check_bound"]

EPS = 1e-5


@checker
def check_block(answer):
    """`answer(y, norm_first)`: ReLU and BatchNorm in training, without gain and offset, on y (n, c, h, w), in either order."""
    draw = Draws()
    cases = [(draw.normal(2, 3, 4, 5), first) for first in (True, False)]
    for first in (True, False, True):
        cases.append(
            (
                draw.normal(draw.whole(2, 4), draw.whole(2, 4), draw.whole(2, 5), draw.whole(2, 5))
                + 1,
                first,
            )
        )

    def norm(y, over=(0, 2, 3), eps=EPS, correction=0, power=0.5):
        return (y - y.mean(over, keepdim=True)) / (
            y.var(over, correction=correction, keepdim=True) + eps
        ) ** power

    def in_order(**kind):
        return lambda y, first: norm(y, **kind).relu() if first else norm(y.relu(), **kind)

    mistakes = {
        "The order is turned round: norm_first means BatchNorm, then ReLU.": lambda y, first: (
            in_order()(y, not first)
        ),
        "You always normalise first: without norm_first the ReLU comes first.": lambda y, first: (
            norm(y).relu()
        ),
        "You always cut first: with norm_first the ReLU comes last.": lambda y, first: norm(
            y.relu()
        ),
        "The ReLU is missing.": lambda y, first: norm(y),
        "Each channel has its own mean and variance: leave the dimension 1 out.": in_order(
            over=(0, 1, 2, 3)
        ),
        "All photos of the batch count together: take the dimension 0, too.": in_order(over=(2, 3)),
        "BatchNorm divides by the number of numbers, not by one less: correction=0.": in_order(
            correction=1
        ),
        "You forget eps, which keeps a channel without variance from a division by 0.": in_order(
            eps=0
        ),
        "Divide by the root of the variance.": in_order(power=1),
    }
    try_on(answer, cases, _torch_block, mistakes)
    return "one order ends at 0 from below, the other around 0."


@checker
def check_exchange(answer):
    """`answer(pool, training, gamma)` says whether BatchNorm and a 2x2 pool with stride 2 may be exchanged for every input."""
    cases = list(product(_POOLS, (False, True), (-2.0, -0.5, 0.0, 0.5, 2.0)))

    def rule(
        max_only=lambda gamma: gamma >= 0,
        others=lambda gamma: True,
        training=lambda gamma: gamma == 0,
    ):
        return lambda pool, train, gamma: (
            training(gamma) if train else (max_only if pool == "max" else others)(gamma)
        )

    mistakes = {
        "A negative gamma turns the largest number into the smallest: then the maxpool chooses another.": rule(
            lambda g: True
        ),
        "With gamma 0 BatchNorm gives beta everywhere, before the pool as after it, in training too.": rule(
            lambda g: g > 0, training=lambda g: False
        ),
        "With gamma 0 nothing of the batch is left, only beta: then even training changes nothing.": rule(
            training=lambda g: False
        ),
        "In training the mean and the variance are those of the numbers at hand, and a pool changes which these are.": (
            lambda pool, train, gamma: rule()(pool, False, gamma)
        ),
        "Only the maxpool looks at the order of numbers: a mean, or every second one, takes a negative gamma too.": rule(
            others=lambda g: g >= 0
        ),
        "Only gamma's sign matters to a maxpool: with fixed statistics a positive one keeps the largest the largest.": rule(
            lambda g: g == 0
        ),
        "It is turned round: say True where they may be exchanged.": lambda *case: (
            not rule()(*case)
        ),
    }
    try_on(answer, cases, _measured_exchange, mistakes)
    return f"measured for all {len(cases)} cases."


@checker
def check_stem(answer):
    """`answer(layers, px)` is (weights, multiplications, receptive field) of a stem for one photo of 3 x px x px.

    layers: [(k, channels out, stride), ...] with odd k and padding k // 2, without biases.
    """
    draw = Draws()
    cases = [
        ([(3, 32, 2), (3, 32, 1), (3, 64, 1)], 128),
        ([(7, 64, 2)], 128),
        ([(3, 8, 2), (5, 4, 2), (3, 6, 1)], 33),
    ]
    for _ in range(6):
        layers = [
            (draw.whole(0, 3) * 2 + 1, draw.whole(1, 9), draw.whole(1, 3))
            for _ in range(draw.whole(1, 3))
        ]
        cases.append((layers, draw.whole(20, 40)))

    def stem(
        channels=lambda layers: [3] + [c for _, c, _ in layers],
        smaller=lambda px, s: -(-px // s),
        step=1,
        late=True,
    ):
        def counted(layers, px):
            weights, macs, field, apart = 0, 0, 1, 1
            for c_in, (k, c_out, stride) in zip(channels(layers), layers):
                px = smaller(px, stride)
                weights, macs = (
                    weights + k * k * c_in * c_out,
                    macs + k * k * c_in * c_out * px * px,
                )
                if not late:
                    apart *= stride
                field += (k - 1) * (apart if step else 1)
                if late:
                    apart *= stride
            return weights, macs, field

        return counted

    mistakes = {
        "The receptive field lacks the strides: after a stride of 2 the next kernel steps two pixels of the photo.": stem(
            step=0
        ),
        "A layer's own stride does not widen its own field, only that of the layers after it.": stem(
            late=False
        ),
        "Each layer reads what the one before gives; only the first has 3 channels in.": stem(
            lambda layers: [3] * len(layers)
        ),
        "A weight has a channel it reads, too: k * k * in * out.": stem(
            lambda layers: [1] * len(layers)
        ),
        "A stride leaves fewer positions to multiply at, and the layers after it have no more.": stem(
            smaller=lambda px, s: px
        ),
        "With padding k // 2 an odd side is rounded up: (px - 1) // stride + 1 positions.": stem(
            smaller=lambda px, s: px // s
        ),
    }
    try_on(answer, cases, _measured_stem, mistakes)
    return "the three 3x3 of the xresnet have more weights than the 7x7, and see more."


@checker
def check_bound(answer):
    """`answer(low, high, margin)`: 'as good', 'not as good' or 'open', of an arm whose difference lies from low to high.

    As good means: worse by no more than margin points.
    """
    draw = Draws()
    cases = [
        (-0.4, 0.9, 1),
        (-1.6, 0.9, 1),
        (-2.5, -1.5, 1),
        (-0.7, -0.2, 1),
        (0.3, 2.5, 1),
        (-1.4, -0.3, 1),
        (-1.4, -0.3, 2),
    ]
    for _ in range(12):
        low, margin = draw.whole(-30, 10) / 10 + 0.05, draw.whole(1, 20) / 10
        cases.append((low, low + draw.whole(1, 30) / 10 + 0.01, margin))

    def reading(
        good=lambda low, high, margin: low > -margin, bad=lambda low, high, margin: high < -margin
    ):
        return lambda *case: "as good" if good(*case) else "not as good" if bad(*case) else "open"

    mistakes = {
        "An interval with 0 in it shows no difference, it does not show that there is none: look at the margin.": reading(
            lambda low, high, margin: low <= 0 <= high or low > 0,
            lambda low, high, margin: high < 0,
        ),
        "As good is not better: it may be worse, by no more than the margin.": reading(
            lambda low, high, margin: low > 0
        ),
        "Worse is not yet too much worse: it takes an interval that lies below minus the margin.": reading(
            bad=lambda low, high, margin: high < 0
        ),
        "The middle of the interval is not all of it: the difference may be as low as its lower end.": reading(
            lambda low, high, margin: (low + high) / 2 > -margin
        ),
        "Better by more than the margin is as good, too: only the lower end counts.": reading(
            lambda low, high, margin: low > -margin and high < margin
        ),
        "The upper end is the best that may be: for as good the worst counts, the lower end.": reading(
            lambda low, high, margin: high > -margin
        ),
        "The margin lies below 0: as good means that the lower end is above minus the margin.": reading(
            lambda low, high, margin: low > margin, lambda low, high, margin: high < margin
        ),
    }
    try_on(answer, cases, _by_hand, mistakes)
    return "the margin has to be named before the runs are seen."


def _torch_block(y, norm_first):
    steps = [lambda y: F.batch_norm(y, None, None, training=True, eps=EPS), torch.relu]
    for step in steps if norm_first else steps[::-1]:
        y = step(y)
    return y


_POOLS = {
    "max": lambda y: F.max_pool2d(y, 2),
    "average": lambda y: F.avg_pool2d(y, 2),
    "every second": lambda y: y[..., ::2, ::2],
}


def _measured_exchange(pool, training, gamma):
    draw = Draws()
    y, mean, var = draw.normal(4, 3, 8, 8), draw.normal(3), draw.normal(3).square() + 0.5

    def norm(y):
        statistics = (None, None) if training else (mean, var)
        return F.batch_norm(
            y, *statistics, y.new_full((3,), gamma), y.new_full((3,), 0.3), training=training
        )

    return torch.allclose(norm(_POOLS[pool](y)), _POOLS[pool](norm(y)), atol=1e-12)


def _measured_stem(layers, px):
    """Torch's counts, and how many pixels of a long row the gradient of one output in its middle reaches."""
    photos, weights = [empty(1, 3, px, px)], []
    row = torch.zeros(1, 1, 2001, dtype=torch.float64, requires_grad=True)
    y = row
    for k, c_out, stride in layers:
        weights.append(empty(c_out, photos[-1].shape[1], k, k))
        photos.append(empty(1, c_out, *[-(-photos[-1].shape[2] // stride)] * 2))
        y = F.conv1d(y, y.new_ones(1, 1, k), stride=stride)
    y[0, 0, y.shape[2] // 2].backward()
    seen = row.grad[0, 0].nonzero()
    macs = macs_of(
        lambda: [
            F.conv2d(x, w, stride=s, padding=k // 2)
            for x, w, (k, _, s) in zip(photos, weights, layers)
        ]
    )
    return sum(w.numel() for w in weights), macs, (seen[-1] - seen[0] + 1).item()


def _by_hand(low, high, margin):
    """The worst and the best that the interval leaves: as good if both are, not if neither is."""
    fine = {difference + margin > 0 for difference in (low, high)}
    return {(True,): "as good", (False,): "not as good"}.get(tuple(fine), "open")
