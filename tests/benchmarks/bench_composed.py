"""A training step with each arm against one with the 3x3, channels last.

The goal of the composed pair is at most 1.05 at 128 px and 1.15 at 64 px; the serial pair stands
beside it. In turns within one process, medians of the ratios with their quartiles, in float32 and
in the half precision that this machine has:
    python tests/benchmarks/bench_composed.py [rounds, default 9]
First single layers: both ways, and the one that the layer chose. Then training steps for several
image sizes, batches and widths, then activation memory.
"""

import sys
from contextlib import nullcontext
from dataclasses import replace

import torch
import torch.nn.functional as F

from lessonlib.arms import ARMS
from lessonlib.configs import XRESNET18
from lessonlib.costs.composed_pair import ComposedPair
from lessonlib.costs.composing import composed_first, composing_share, in_series
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import time_interleaved
from lessonlib.device import PRECISIONS, choose_device, half_precision
from lessonlib.networks import residual_network
from lessonlib.training.runs import machine

DEVICE = choose_device()
BOTH = dict.fromkeys(["float32", half_precision(DEVICE)])
LAYERS = [  # photos, channels, pixels
    (64, 32, 16),
    (64, 64, 8),
    (64, 128, 16),
    (64, 128, 8),
    (64, 128, 4),
    (64, 256, 8),
    (64, 256, 4),
    (64, 256, 2),
    (64, 512, 4),
]
NETWORKS = [  # width, batch, px
    (0.5, 64, 64),
    (0.5, 64, 128),
    (0.5, 64, 192),
    (0.5, 16, 128),
    (1.0, 64, 64),
    (1.0, 64, 128),
]
OTHERS = ("pair-composed", "pair", "pair-act", "2x2")
STEP_ARMS = ("3x3", *OTHERS)


def show_row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def show_head(*cells):
    show_row(*cells)
    print("|---" * len(cells) + "|")


def shown(timing):
    return f"{timing.ratio:.2f} ({timing.ratio_low:.2f} to {timing.ratio_high:.2f})"


def channels_last(module):
    return module.to(DEVICE, memory_format=torch.channels_last)


def photos(*shape):
    return torch.randn(*shape, device=DEVICE).contiguous(memory_format=torch.channels_last)


def computing_in(precision):
    half = PRECISIONS[precision]
    return torch.autocast(DEVICE.type, half) if half else nullcontext()


def layer(n, c, h, stride, precision, rounds):
    """Forward and backward of one layer: the 3x3, both ways of the pair, and what it chooses."""
    x = photos(n, c, h, h).requires_grad_()
    three = channels_last(ARMS["3x3"].build(c, c, stride))
    pair = channels_last(ComposedPair(c, c, stride))
    weights = list(pair.parameters())

    def step(way, weights):
        with computing_in(precision):
            y = way(x)
        torch.autograd.grad(y, [x, *weights], torch.ones_like(y))

    steps = {
        "3x3": lambda: step(three, three.parameters()),
        "series": lambda: step(lambda x: in_series(x, *weights, stride), weights),
        "composed": lambda: step(lambda x: composed_first(x, *weights, stride), weights),
        "chosen": lambda: step(pair, weights),
    }
    found = time_interleaved(steps, rounds)
    share = f"{composing_share(x.shape, c, stride):.3f}"
    way = "composed" if pair.composes else "series"
    times = [shown(found[name]) for name in ("series", "composed", "chosen")]
    show_row(precision, n, c, h, stride, share, *times, way)


def training_step(model, x, y, precision):
    """A call that does one: forward, backward, optimiser."""
    optimiser = torch.optim.SGD(model.parameters(), 1e-3)

    def run():
        with computing_in(precision):
            loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    return run


def whole(width, batch, px, precision, rounds):
    network = replace(XRESNET18, width=width)
    x = photos(batch, 3, px, px)
    y = torch.randint(10, (batch,), device=DEVICE)
    models = {name: channels_last(residual_network(ARMS[name], network)) for name in STEP_ARMS}
    steps = {name: training_step(model, x, y, precision) for name, model in models.items()}
    found = time_interleaved(steps, rounds)
    pairs = [m for m in models["pair-composed"].modules() if isinstance(m, ComposedPair)]
    composed = f"{sum(pair.composes for pair in pairs)} of {len(pairs)}"
    show_row(precision, width, batch, px, composed, *(shown(found[name]) for name in OTHERS))


def memory(width, batch, px):
    network = replace(XRESNET18, width=width)

    def saved(name):
        return cost(residual_network(ARMS[name], network), (batch, 3, px, px)).saved / batch

    base = saved("3x3")
    ratios = [f"{saved(name) / base:.3f}" for name in OTHERS]
    show_row(width, batch, px, f"{base / 1e6:.2f}", *ratios)


def main(rounds=9):
    print(f"{machine()}; medians of {rounds} rounds in turns (quartiles)\n")
    ways = ("series / 3x3", "composed / 3x3", "chosen / 3x3", "chosen")
    show_head("precision", "photos", "channels", "px", "stride", "share", *ways)
    for precision in BOTH:
        for n, c, h in LAYERS:
            for stride in (1, 2):
                layer(n, c, h, stride, precision, rounds)
    print("\nA training step of an xresnet18 against the one with 3x3:\n")
    show_head("precision", "width", "batch", "px", "composed", *OTHERS)
    for precision in BOTH:
        for size in NETWORKS:
            whole(*size, precision, rounds)
    print("\nActivation memory against that with 3x3:\n")
    show_head("width", "batch", "px", "3x3, MB per image", *OTHERS)
    for size in NETWORKS:
        memory(*size)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
