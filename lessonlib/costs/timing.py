"""What a layer takes by the clock: candidates measured in turns, warmed up, with their spread; and the roof of a machine."""

import time
from dataclasses import dataclass
from statistics import median, quantiles

import torch

from lessonlib.checks import require_int, require_type

__all__ = ["Timing", "Roofline", "forward_backward_calls", "time_interleaved", "measure_roofline"]


@dataclass(frozen=True)
class Timing:
    """Seconds of one candidate over several rounds, and its ratio to the first candidate, taken round by round.

    low and high are the quartiles: half of the rounds lie between them.
    """

    median: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float


@dataclass(frozen=True)
class Roofline:
    """What a machine can do at most: `macs` and `bytes`, both a second."""

    macs: float
    bytes: float

    def attainable(self, intensity):
        """MACs a second for so many MACs a byte: `min(macs, bytes * intensity)`, the roofline."""
        return min(self.macs, self.bytes * intensity)


def forward_backward_calls(module, x):
    """Three calls to give to `times`: the module's "forward", its "backward", and "both" one after the other.

    The gradient is taken by the weights and by x, from a fixed gradient of the output. TypeError for other arguments.
    """
    require_type("passes", torch.nn.Module, module=module)
    require_type("passes", torch.Tensor, x=x)
    x = x.detach().requires_grad_()
    sources = [x, *module.parameters()]
    y = module(x)
    above = torch.ones_like(y)
    return {
        "forward": lambda: module(x),
        "backward": lambda: torch.autograd.grad(y, sources, above, retain_graph=True),
        "both": lambda: torch.autograd.grad(module(x), sources, above),
    }


def time_interleaved(candidates, rounds=10, warm_up=2):
    """The `Timing` of each of `candidates`, `{name: call without arguments}`, measured in turns.

    In turns, so that whatever else the machine does meets all alike, and the ratios are of one run. The first rounds, for
    caches and for libraries that look for their fastest way, are not counted. On a GPU the clock waits until it is done.
    Raises TypeError for no dictionary, ValueError without calls in it, and for fewer than two rounds: one has no spread.
    """
    require_type("times", dict, candidates=candidates)
    if not candidates or not all(map(callable, candidates.values())):
        raise ValueError("times: give at least one candidate, {name: call without arguments}.")
    require_int("times", 2, rounds=rounds)
    seconds = {name: [] for name in candidates}
    for round in range(-warm_up, rounds):
        for name in list(candidates)[
            :: 1 if round % 2 else -1
        ]:  # to and fro: nobody always comes after the same one
            taken = _seconds(candidates[name])
            if round >= 0:
                seconds[name].append(taken)
    base = next(iter(seconds.values()))
    return {
        name: Timing(*_spread(taken), *_spread([t / b for t, b in zip(taken, base)]))
        for name, taken in seconds.items()
    }


def measure_roofline(device="cpu", side=1024, megabytes=64, rounds=10):
    """The `Roofline` of this machine, measured: a product of two matrices (side, side), and a copy of so many megabytes.

    The copy should be larger than the processor's caches. A ceiling is what is reached at best, so the fastest round counts.
    Raises ValueError for a device that is not here, and for sizes below 1.
    """
    if str(device).partition(":")[0] not in (
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
    ):
        raise ValueError(
            f"There is no device {device!r} here; choose cpu or cuda, where there is a GPU."
        )
    require_int("measure_roofline", side=side, megabytes=megabytes, rounds=rounds)
    a, b = torch.randn(2, side, side, device=device)
    source = torch.randn(megabytes * 2**18, device=device)
    target = torch.empty_like(source)
    multiply, copy = (
        min(_seconds(call) for _ in range(rounds))
        for call in (lambda: a @ b, lambda: target.copy_(source))
    )
    return Roofline(macs=side**3 / multiply, bytes=2 * source.nbytes / copy)


def _seconds(call):
    _wait()
    began = time.perf_counter()
    call()
    _wait()
    return time.perf_counter() - began


def _wait():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _spread(values):
    low, _, high = quantiles(values, n=4, method="inclusive")
    return median(values), low, high
