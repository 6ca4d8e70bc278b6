"""Which way a composed pair goes: measured once, kept, and felt by nobody."""

import threading

import pytest
import torch
from torch import fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from lessonlib.costs import choosing
from lessonlib.costs.choosing import choices, composing_pays
from lessonlib.costs.composed_pair import ComposedPair

SHAPE = (2, 4, 6, 6)


@pytest.fixture(autouse=True)
def nothing_measured(monkeypatch):
    monkeypatch.setattr(choosing, "_choices", {})


@pytest.fixture
def clock(monkeypatch):
    """Sets how many seconds each way takes, composed first and in series."""

    def taking(composed, series):
        def fastest(calls, device):
            for call in calls:
                call()
            return composed, series

        monkeypatch.setattr(choosing, "_fastest", fastest)

    return taking


def photos(**options):
    return torch.randn(SHAPE, **options)


@pytest.mark.parametrize("seconds, way", [((1, 2), "composed first"), ((2, 1), "in series")])
def test_a_layer_goes_the_faster_way_and_says_so(clock, seconds, way):
    clock(*seconds)
    pair = ComposedPair(4, 5, 2)
    pair(photos())
    assert pair.composes == (way == "composed first") and way in repr(pair)
    [choice] = choices()
    assert (choice.shape, choice.hidden, choice.out, choice.stride) == (SHAPE, 5, 5, 2)
    assert (choice.composed_ms, choice.series_ms) == tuple(1000 * s for s in seconds)
    assert (choice.device, choice.precision, choice.training) == ("cpu", "float32", True)


def test_it_is_measured_once_for_each_kind_of_layer(clock):
    clock(1, 2)
    pair = ComposedPair(4, 4)
    for _ in range(2):
        pair(photos())
        ComposedPair(4, 4)(photos())
    assert len(choices()) == 1
    with torch.no_grad():
        pair(photos())
    assert not choices()[-1].training
    with torch.autocast("cpu", torch.bfloat16):
        pair(photos())
    assert choices()[-1].precision == "bfloat16"
    pair(photos().contiguous(memory_format=torch.channels_last))
    pair(photos(requires_grad=True))
    pair(torch.randn(1, *SHAPE[1:]))
    assert len(choices()) == 6


def test_a_measured_choice_holds_what_the_clock_said():
    ComposedPair(4, 4)(photos())
    [choice] = choices()
    assert choice.composed_ms > 0 and choice.series_ms > 0
    assert choice.composes == (choice.composed_ms <= choice.series_ms)


def test_the_fastest_round_counts_and_patience_ends(monkeypatch):
    now = [0.0]
    order = []
    lengths = iter([0.5, 0.25, 0.125, 2])  # two rounds, to and fro

    def run(name):
        order.append(name)
        now[0] += next(lengths)

    monkeypatch.setattr(choosing.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(choosing, "PATIENCE", 2)
    calls = [lambda: run("a"), lambda: run("b")]
    assert choosing._fastest(calls, torch.device("cpu")) == [0.125, 0.5]
    assert order == ["b", "a", "a", "b"]


def test_measuring_changes_nothing_for_the_call():
    torch.manual_seed(0)
    pair = ComposedPair(4, 4)
    x = photos(requires_grad=True)
    state = torch.get_rng_state()
    heard = []
    x.register_hook(lambda gradient: heard.append(gradient.norm()))
    y = pair(x)
    assert torch.equal(torch.get_rng_state(), state)
    assert x.grad is None and not heard
    y.sum().backward()
    gradients = [p.grad.clone() for p in (x, *pair.parameters())]
    expected = torch.autograd.grad(pair(x).sum(), [x, *pair.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(gradients, expected))


def test_measuring_is_seen_by_no_counter_around_it():
    pair = ComposedPair(4, 4)
    counted = []
    saved = []
    for _ in range(2):  # only the first time measures
        tensors = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda t, kept=tensors: kept.append(t) or t, lambda t: t
        )
        with FlopCounterMode(display=False) as counter, hooks:
            pair(photos())
        counted.append(counter.get_total_flops())
        saved.append(len(tensors))
    assert counted[0] == counted[1] and saved[0] == saved[1]


def test_it_runs_in_a_checkpoint():
    pair = ComposedPair(4, 4)
    x = photos(requires_grad=True)
    checkpoint(pair, x, use_reentrant=False).sum().backward()
    again = torch.autograd.grad(pair(x).sum(), x)[0]
    assert torch.allclose(x.grad, again, atol=1e-5)


def test_threads_that_race_measure_once():
    pair = ComposedPair(4, 4)
    x = photos()
    ways = []
    threads = [threading.Thread(target=lambda: ways.append(pair(x))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(choices()) == 1 and all(torch.equal(y, ways[0]) for y in ways)


def test_without_numbers_the_multiplications_decide():
    with torch.device("meta"):
        meta = ComposedPair(4, 4)
        meta(torch.empty(SHAPE))
    with FakeTensorMode():
        fake = ComposedPair(4, 4)
        fake(torch.empty(1, 4, 1, 1))
    assert meta.composes and not fake.composes and not choices()


@pytest.mark.parametrize("stride", [1, 2])
def test_composing_multiplies_less_in_early_layers_and_more_in_the_last(stride):
    """An xresnet doubles the channels and halves the side."""
    stages = [(32, 32), (64, 16), (128, 8), (512, 1)]
    pays = [composing_pays((64, c, stride * h, stride * h), c, stride) for c, h in stages]
    assert pays == [True, True, True, False]


def test_traces_hold_one_way_and_no_measuring():
    pair = ComposedPair(4, 4)
    x = photos()
    exported = torch.export.export(pair, (x,)).module()
    traced = torch.jit.trace(pair, (x,), check_trace=False)
    graph = fx.Tracer().trace(pair)
    by_name = fx.GraphModule(pair, graph)
    compiled = torch.compile(pair, backend="eager")
    expected = pair(x)
    assert len(choices()) == 1
    for way in (exported, traced, by_name, compiled):
        assert torch.allclose(way(x), expected, atol=1e-5)
