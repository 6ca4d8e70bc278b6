"""Inference of the merged pair network against the pair and the plain 3x3.

Goals: 0.60 of the pair, 1.00 of the 3x3. In turns within one process, medians of the ratios with
their quartiles:
    python tests/benchmarks/bench_merging.py [rounds, default 15]
The plain 3x3 stands there twice, as it is and with its BatchNorm merged, which is layer by layer
what the merged pair is. Then the time that merging an xresnet50 of pairs takes, goal 2 s, and where
it goes.
"""

import cProfile
import io
import pstats
import sys
import time
from dataclasses import replace
from statistics import median

import torch

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS, XRESNET18, XRESNET50
from lessonlib.costs.timing import time_interleaved
from lessonlib.merging import merge_chains
from lessonlib.networks import residual_network
from lessonlib.training.pretrained import SIZE, pretrained_pair
from lessonlib.training.runs import machine

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SIZES = {  # network, px
    "trained, a quarter as wide": (SIZE.network, 64),
    "tier cpu": (TIERS["cpu"].network, 64),
    "xresnet18": (XRESNET18, 128),
    "xresnet18, half as wide": (replace(XRESNET18, width=0.5), 128),
}
BATCHES = (1, 64)
AT_MOST = 1.2


def ready(model):
    return model.to(DEVICE, memory_format=torch.channels_last).eval()


def models_of(network):
    if network is SIZE.network:
        pair = pretrained_pair().model
    else:
        pair = residual_network(ARMS["pair"], network).eval()
    three = residual_network(ARMS["3x3"], network).eval()
    return {
        "merged": ready(merge_chains(pair, at_most=AT_MOST)),
        "pair": ready(pair),
        "3x3": ready(three),
        "3x3 merged": ready(merge_chains(three)),
    }


def time_merged(models, base, x, rounds):
    """The `Timing` of the merged pair; its ratios are to the model `base`, round by round."""
    calls = {way: lambda model=models[way]: model(x) for way in (base, "merged")}
    with torch.inference_mode():
        return time_interleaved(calls, rounds)["merged"]


def inference(name, rounds):
    network, px = SIZES[name]
    models = models_of(network)
    for batch in BATCHES:
        x = torch.randn(batch, 3, px, px, device=DEVICE)
        x = x.contiguous(memory_format=torch.channels_last)
        ratios = []
        for base in ("pair", "3x3", "3x3 merged"):
            found = time_merged(models, base, x, rounds)
            ratios.append(f"{found.ratio:.2f} ({found.ratio_low:.2f} to {found.ratio_high:.2f})")
        merged_ms = f"{1e3 * found.median:.2f}"
        row = [name, px, batch, merged_ms, *ratios]
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


def merging(rounds):
    model = residual_network(ARMS["pair"], XRESNET50).eval()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        merge_chains(model, at_most=AT_MOST)
        taken.append(time.perf_counter() - began)
    print(
        f"\nMerging an xresnet50 of pairs: {median(taken):.2f} s, median of {rounds}; "
        f"the fastest {min(taken):.2f} s\n"
    )
    print(where_the_time_goes(model))


def where_the_time_goes(model):
    profile = cProfile.Profile()
    profile.runcall(merge_chains, model, at_most=AT_MOST)
    out = io.StringIO()
    stats = pstats.Stats(profile, stream=out).sort_stats("cumulative")
    stats.print_stats("lessonlib|einsum|deepcopy|_tensor", 14)
    return "\n".join(line for line in out.getvalue().splitlines()[4:] if line.strip())


def main(rounds=15):
    print(
        f"{machine()}; the merged pair's time over that of the others, "
        f"medians of {rounds} rounds in turns (quartiles)\n"
    )
    print(
        "| network | px | batch | merged, ms | of the pair | of the 3x3 "
        "| of the 3x3, BatchNorm merged |"
    )
    print("|---" * 7 + "|")
    for name in SIZES:
        inference(name, rounds)
    merging(max(2, rounds // 3))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
