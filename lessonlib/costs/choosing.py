"""Which way a linear pair goes: composed first or in series, measured once for each kind of layer.

As cuDNN's benchmark mode does: the first call of a layer runs both ways on its own tensors, and the
faster one is kept until the process ends.
"""

import threading
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _disable_current_modes

from lessonlib.costs.composing import autocast_dtype, composed_first, composing_share, in_series
from lessonlib.device import synchronize

__all__ = ["Choice", "choices", "composes_first", "composing_pays"]

WAYS = (composed_first, in_series)
PATIENCE = 0.04  # seconds for one layer; then no other round begins
ROUNDS = 8  # at most

_choices = {}
_measuring = threading.Lock()  # two runs side by side would slow each other down


@dataclass(frozen=True)
class Choice:
    """Both ways of one layer, as measured here; the fastest of a few rounds.

    shape: of the input, `(n, in, h, w)`; hidden, out: channels between and after; stride: of the
    second convolution; device, precision: such as "cpu", "bfloat16"; training: whether the backward
    pass is timed as well; composed_ms, series_ms: milliseconds.
    """

    shape: tuple[int, ...]
    hidden: int
    out: int
    stride: int
    device: str
    precision: str
    training: bool
    composed_ms: float
    series_ms: float

    @property
    def composes(self) -> bool:
        return self.composed_ms <= self.series_ms


def choices():
    """All that was measured in this process, a list of `Choice` in the order of measuring."""
    return list(_choices.values())


def composes_first(x, b, c, stride):
    """Whether a layer composes first. The first call for such a layer measures both ways.

    x: `(n, in, h, w)`; b: `(hidden, in, 2, 2)`; c: `(out, hidden, 2, 2)`; stride: of the second.
    Neither the state of torch's random numbers nor any gradient changes. Where there are no numbers
    to compute with (on the meta device, in a fake tensor, in a trace), `composing_pays` decides.
    """
    if _cannot_measure(x):
        return composing_pays(x.shape, b.shape[0], stride)
    sources = _sources(x, b, c)
    key = _key(x, b, c, stride, sources)
    if key not in _choices:
        with _measuring:
            if key not in _choices:  # another thread may have measured it meanwhile
                _choices[key] = _measured(x, b, c, stride, sources)
    return _choices[key].composes


def composing_pays(shape, hidden, stride=1):
    """Whether composing takes fewer multiplications than the 3x3 convolution that follows.

    shape: of the input, `(n, in, h, w)`. A count, which knows nothing of any machine.
    """
    return composing_share(shape, hidden, stride) < 1


def _cannot_measure(x):
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return True
    return x.is_meta or isinstance(x, FakeTensor)


def _sources(x, b, c):
    """Which of the three need a gradient."""
    if not torch.is_grad_enabled():
        return (False, False, False)
    return (x.requires_grad, b.requires_grad, c.requires_grad)


def _key(x, b, c, stride, sources):
    """All that decides how long either way takes."""
    sizes = (x.shape, b.shape, c.shape, stride)
    layouts = (x.stride(), b.stride(), c.stride())
    return sizes, layouts, x.device, x.dtype, b.dtype, autocast_dtype(x), sources


def _measured(x, b, c, stride, sources):
    with _unseen(x):
        for way in WAYS:  # with one photo, since libraries take long to start
            _run(way, x[:1], b, c, stride, sources)
        calls = [partial(_run, way, x, b, c, stride, sources) for way in WAYS]
        composed, series = _fastest(calls, x.device)
    return Choice(
        shape=tuple(x.shape),
        hidden=b.shape[0],
        out=c.shape[0],
        stride=stride,
        device=str(x.device),
        precision=str(autocast_dtype(x) or x.dtype).removeprefix("torch."),
        training=any(sources),
        composed_ms=1e3 * composed,
        series_ms=1e3 * series,
    )


def _run(way, x, b, c, stride, sources):
    """One pass, with backward where a gradient is needed.

    On the layer's own tensors, detached: no memory for others, and the real layouts and numbers.
    """
    tensors = [t.detach().requires_grad_(needed) for t, needed in zip((x, b, c), sources)]
    y = way(*tensors, stride)
    wanted = [t for t in tensors if t.requires_grad]
    if wanted:
        torch.autograd.grad(y, wanted, y.detach())


def _fastest(calls, device):
    """Seconds of each call, the fastest of some rounds in turns."""
    best = [float("inf")] * len(calls)
    turns = list(enumerate(calls))
    began = time.perf_counter()
    for round in range(ROUNDS):
        for i, call in turns if round % 2 else turns[::-1]:  # to and fro: neither always comes last
            synchronize(device)
            start = time.perf_counter()
            call()
            synchronize(device)
            best[i] = min(best[i], time.perf_counter() - start)
        if time.perf_counter() - began > PATIENCE:
            break
    return best


@contextmanager
def _unseen(x):
    """Measuring goes unseen by whoever counts operations or saved tensors around it.

    Among them is torch's checkpointing, which expects the same tensors when it runs a layer again.
    Autocast keeps no copies of the weights, so that neither way finds them cast by the other.
    """
    dtype = autocast_dtype(x)
    autocast = nullcontext()
    if dtype:
        autocast = torch.autocast(x.device.type, dtype, cache_enabled=False)
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    with _disable_current_modes(), hooks, autocast:
        yield
