"""How long a layer takes, measured: candidates in turns, warmed up, with their spread.

And the roofline of a machine, the most that it can do.
"""

import time
from dataclasses import dataclass
from statistics import median, quantiles

import torch

from lessonlib.checks import require_int, require_type
from lessonlib.device import choose_device, synchronize

__all__ = ["Timing", "Roofline", "forward_backward_calls", "time_interleaved", "measure_roofline"]


@dataclass(frozen=True)
class Timing:
    """Seconds of one candidate over several rounds, and its ratio to the first, round by round.

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
    """The most a machine can do: `macs` per second, and `bytes` moved per second."""

    macs: float
    bytes: float

    def attainable(self, intensity):
        """The most MACs per second at `intensity`, in MACs per byte.

        This is the roofline of Williams, Waterman and Patterson 2009.
        """
        return min(self.macs, self.bytes * intensity)


def forward_backward_calls(module, x):
    """Three calls for `time_interleaved`: "forward", "backward", and "both", one after the other.

    The backward pass takes the gradients by the weights and by x, from a fixed gradient of the
    output. TypeError if module is not an nn.Module or x is not a tensor.
    """
    require_type("forward_backward_calls", torch.nn.Module, module=module)
    require_type("forward_backward_calls", torch.Tensor, x=x)
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

    In turns, so that other load on the machine meets all candidates alike, and each ratio is of one
    round. warm_up: rounds at the start that are not counted; they fill caches and let libraries
    choose their fastest algorithm. On a GPU the clock stops only when the work is done.
    TypeError if candidates is not a dictionary, ValueError if it is empty or holds anything but
    calls, and for fewer than two rounds, which have no spread.
    """
    _check_candidates(candidates)
    require_int("time_interleaved", 2, rounds=rounds)
    seconds = {name: [] for name in candidates}
    forth = list(candidates)
    back = forth[::-1]
    for round in range(-warm_up, rounds):
        for name in forth if round % 2 else back:  # to and fro, so that no one always comes last
            taken = _seconds(candidates[name])
            if round >= 0:
                seconds[name].append(taken)
    base = next(iter(seconds.values()))
    return {name: _timing(taken, base) for name, taken in seconds.items()}


def measure_roofline(device="cpu", side=1024, megabytes=64, rounds=10):
    """The `Roofline` of this machine: a product of two (side, side) matrices, and a copy in memory.

    megabytes: of the copy; it should be larger than the processor's caches. A ceiling is the best
    that is reached, so the fastest round counts.
    ValueError for a device that this machine does not have, and for sizes below 1.
    """
    _check_device(device)
    require_int("measure_roofline", side=side, megabytes=megabytes, rounds=rounds)
    a, b = torch.randn(2, side, side, device=device)
    source = torch.randn(megabytes * 2**18, device=device)
    target = torch.empty_like(source)
    multiply = min(_seconds(lambda: a @ b) for _ in range(rounds))
    copy = min(_seconds(lambda: target.copy_(source)) for _ in range(rounds))
    return Roofline(macs=side**3 / multiply, bytes=2 * source.nbytes / copy)


def _check_candidates(candidates):
    require_type("time_interleaved", dict, candidates=candidates)
    if not candidates or not all(map(callable, candidates.values())):
        raise ValueError(
            "time_interleaved: give at least one candidate, {name: call without arguments}."
        )


def _check_device(device):
    here = dict.fromkeys([choose_device().type, "cpu"])
    if str(device).partition(":")[0] not in here:
        raise ValueError(f"There is no device {device!r} here; choose {' or '.join(here)}.")


def _seconds(call):
    synchronize(choose_device())
    began = time.perf_counter()
    call()
    synchronize(choose_device())
    return time.perf_counter() - began


def _timing(taken, base):
    """`Timing` of the seconds `taken`, with ratios to those of `base` in the same rounds."""
    ratios = [t / b for t, b in zip(taken, base)]
    return Timing(*_spread(taken), *_spread(ratios))


def _spread(values):
    low, _, high = quantiles(values, n=4, method="inclusive")
    return median(values), low, high
