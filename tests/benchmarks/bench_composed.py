"""A training step with each arm against one with the 3x3.

The goal of the composed pair is at most 1.05; the serial pair stands beside it. In turns within one
process, medians of the ratios with their quartiles:
    python tests/benchmarks/bench_composed.py [rounds, default 9]
First single layers, to see where composing first and the series cross (`composed_pair.PRICE`), then
training steps for several image sizes, batches and widths, then activation memory.
"""

import sys
from dataclasses import replace

import torch
import torch.nn.functional as F

from lessonlib.arms import ARMS
from lessonlib.configs import XRESNET18
from lessonlib.costs import composed_pair
from lessonlib.costs.composed_pair import ComposedPair, composing_share
from lessonlib.costs.counting import cost
from lessonlib.costs.timing import time_interleaved
from lessonlib.networks import residual_network
from lessonlib.training.runs import machine

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
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


def at_price(price, pair, x):
    composed_pair.PRICE = price
    return pair(x)


def layer(n, c, h, stride, rounds):
    """Forward and backward of one layer: the 3x3, the series, and composing first at any price."""
    usual = composed_pair.PRICE
    x = photos(n, c, h, h).requires_grad_()
    three = channels_last(ARMS["3x3"].build(c, c, stride))
    pair = channels_last(ComposedPair(c, c, stride))

    def step(way, module):
        sources = [x, *module.parameters()]
        return lambda: torch.autograd.grad(way(x).sum(), sources)

    steps = {
        "3x3": step(three, three),
        "series": step(lambda x: at_price(float("inf"), pair, x), pair),
        "composed": step(lambda x: at_price(0, pair, x), pair),
    }
    found = time_interleaved(steps, rounds)
    composed_pair.PRICE = usual
    share = composing_share(x.shape, c, stride)
    show_row(n, c, h, stride, f"{share:.3f}", shown(found["series"]), shown(found["composed"]))


def training_step(model, x, y):
    """A call that does one: forward, backward, optimiser."""
    optimiser = torch.optim.SGD(model.parameters(), 1e-3)

    def run():
        with torch.autocast("cuda", torch.bfloat16, enabled=DEVICE == "cuda"):
            F.cross_entropy(model(x), y).backward()
        optimiser.step()
        optimiser.zero_grad()

    return run


def whole(width, batch, px, rounds):
    network = replace(XRESNET18, width=width)
    x = photos(batch, 3, px, px)
    y = torch.randint(10, (batch,), device=DEVICE)
    models = {name: channels_last(residual_network(ARMS[name], network)) for name in STEP_ARMS}
    steps = {name: training_step(model, x, y) for name, model in models.items()}
    found = time_interleaved(steps, rounds)
    pairs = [m for m in models["pair-composed"].modules() if isinstance(m, ComposedPair)]
    composed = f"{sum(pair.composes for pair in pairs)} of {len(pairs)}"
    show_row(width, batch, px, composed, *(shown(found[name]) for name in OTHERS))


def memory(width, batch, px):
    network = replace(XRESNET18, width=width)

    def saved(name):
        return cost(residual_network(ARMS[name], network), (batch, 3, px, px)).saved / batch

    base = saved("3x3")
    ratios = [f"{saved(name) / base:.3f}" for name in OTHERS]
    show_row(width, batch, px, f"{base / 1e6:.2f}", *ratios)


def main(rounds=9):
    print(f"{machine()}; medians of {rounds} rounds in turns (quartiles)\n")
    show_head("photos", "channels", "px", "stride", "share", "series / 3x3", "composed / 3x3")
    for n, c, h in LAYERS:
        for stride in (1, 2):
            layer(n, c, h, stride, rounds)
    print("\nA training step of an xresnet18 against the one with 3x3:\n")
    show_head("width", "batch", "px", "composed", *OTHERS)
    for size in NETWORKS:
        whole(*size, rounds)
    print("\nActivation memory against that with 3x3:\n")
    show_head("width", "batch", "px", "3x3, MB per image", *OTHERS)
    for size in NETWORKS:
        memory(*size)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
