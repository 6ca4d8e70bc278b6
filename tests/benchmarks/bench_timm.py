"""Every model of timm that is small enough, merged, against itself in float64.

    python tests/benchmarks/bench_timm.py results.jsonl [name, with * for any] [millions]

For each: layers that compute before and after, BatchNorms left, the largest relative difference of
the outputs, whether the original stayed as it was, and the processor's time for the plan and for
merging. Weights and statistics are random, so a BatchNorm that is dropped or counted twice shows.
Every model runs in a process of its own, for at most LIMIT seconds, and is one line of the results
file: what stands there already is passed over, so a run that was stopped goes on. The order mixes
the families. Without millions: those of under 40 million weights. Needs timm.
"""

import json
import multiprocessing
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

import timm
import torch
from torch import nn

from lessonlib.merging import merge_chains, plan

MOST = 1e-9
SIZE = 96
LIMIT = 300
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
NORMS = (nn.modules.batchnorm._BatchNorm,)


def ready(name):
    """`(model, x)`: in float64 and eval, its BatchNorms with random numbers, and an input.

    Small if the model accepts that.
    """
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False)
    for layer in model.modules():
        if isinstance(layer, NORMS) and layer.affine:
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.25)
    for weight in model.parameters():
        if not weight.any():  # a model whose head starts at 0 gives nothing to compare
            weight.data.normal_(0, 0.02)
    channels, *size = model.default_cfg["input_size"]
    small = torch.randn(2, channels, *[min(SIZE, n) for n in size])
    try:
        settle(model, small)
    except Exception:  # whatever a model raises that is made for one size
        small = torch.randn(2, channels, *size)
        settle(model, small)
    return model.double().eval(), small[:1].double()


def settle(model, x):
    """Give the BatchNorms the statistics of x, so that a deep network neither dies nor explodes."""
    for layer in model.modules():
        if isinstance(layer, NORMS):
            layer.train()
            layer.momentum = 0.9
    with torch.no_grad():
        model(x)
    model.eval()


def count(model, kinds):
    return sum(isinstance(layer, kinds) for layer in model.modules())


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def compare(name):
    """`{column: value}` of one model."""
    model, x = ready(name)
    before = state(model)
    with torch.no_grad():
        expected = model(x)
        began = time.process_time()
        plan(model)
        planned = time.process_time()
        merged = merge_chains(model)
        merging = time.process_time() - planned
        found = merged(x)
    largest = (found - expected).abs().max() / expected.abs().max()
    after = state(model)
    same = before.keys() == after.keys() and all(map(torch.equal, before.values(), after.values()))
    return {
        "model": name,
        "millions": sum(weight.numel() for weight in model.parameters()) / 1e6,
        "layers": count(model, LAYERS),
        "after": count(merged, LAYERS),
        "norms": count(model, NORMS),
        "left": count(merged, NORMS),
        "difference": largest.item(),
        "unchanged": same,
        "plan": planned - began,
        "merging": merging,
    }


def weights_of(name):
    """How many weights a model has, None if it needs numbers to be built."""
    with torch.device("meta"), suppress(Exception):
        model = timm.create_model(name, pretrained=False)
        return sum(weight.numel() for weight in model.parameters())


def line_of(name, millions):
    """What is said of a model: that it is too large, the row of `compare`, or what it raised."""
    if (weights_of(name) or 0) >= millions * 1e6:
        return {"model": name, "large": True}
    try:
        return compare(name)
    except Exception as error:  # whatever a model of someone else's raises
        return {"model": name, "error": f"{type(error).__name__}: {error}".splitlines()[0]}


def write_line(path, name, millions):
    line = json.dumps(line_of(name, millions))
    with open(path, "a") as file:
        file.write(line + "\n")


def in_a_process(path, name, millions):
    """Add the line of a model to the file. One that takes too long, or dies, has a line too."""
    process = multiprocessing.get_context("fork").Process(
        target=write_line, args=(path, name, millions)
    )
    process.start()
    process.join(LIMIT)
    if process.exitcode != 0:
        process.kill()
        process.join()
        why = f"not done after {LIMIT} s, or ended with {process.exitcode}"
        with open(path, "a") as file:
            file.write(json.dumps({"model": name, "error": why}) + "\n")


def read(path):
    path = Path(path)
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def report(lines):
    rows = [line for line in lines if "difference" in line]
    print("| " + " | ".join(rows[0] if rows else ["none"]) + " |")
    for row in rows:
        shown = [f"{v:.2g}" if isinstance(v, float) else str(v) for v in row.values()]
        print(f"| {' | '.join(shown)} |")
    for line in lines:
        if "error" in line:
            print(f"{line['model']}: {line['error']}")
    wrong = [row["model"] for row in rows if not row["difference"] < MOST]
    changed = [row["model"] for row in rows if not row["unchanged"]]
    largest = max((row["difference"] for row in rows), default=0)
    fewer = sum(row["after"] + row["left"] < row["layers"] + row["norms"] for row in rows)
    print(
        f"\n{len(rows)} models, {fewer} with fewer layers after; largest difference {largest:.1e}; "
        f"wrong: {wrong or 'none'}; original changed: {changed or 'none'}"
    )


def main(path, pattern="*", millions=40):
    names = timm.list_models(pattern)
    random.Random(0).shuffle(names)
    done = {line["model"] for line in read(path)}
    for name in names:
        if name not in done:
            in_a_process(path, name, float(millions))
    report([line for line in read(path) if line["model"] in names])


if __name__ == "__main__":
    main(*sys.argv[1:])
