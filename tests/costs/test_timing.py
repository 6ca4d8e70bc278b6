"""Measured costs, on a clock that the calls themselves move by known amounts."""

import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.costs import timing
from lessonlib.costs.timing import (
    Roofline,
    forward_backward_calls,
    measure_roofline,
    time_interleaved,
)


class Clock:
    """Calls of known lengths, in the order they came."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.order = []
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def call(self, name, lengths):
        lengths = iter(lengths)

        def run():
            self.order.append(name)
            self.now += next(lengths)

        return run


def test_times_are_medians_quartiles_and_ratios_of_the_same_round(monkeypatch):
    clock = Clock(monkeypatch)
    calls = {
        "a": clock.call("a", [100, 1, 2, 3, 4, 5]),
        "b": clock.call("b", [100, 2, 4, 6, 8, 50]),
    }
    a, b = time_interleaved(calls, rounds=5, warm_up=1).values()
    assert (a.median, a.low, a.high) == pytest.approx((3, 2, 4))
    assert (a.ratio, a.ratio_low, a.ratio_high) == pytest.approx((1, 1, 1))
    assert (b.median, b.low, b.high) == pytest.approx((6, 4, 8))
    assert (b.ratio, b.ratio_low, b.ratio_high) == pytest.approx((2, 2, 2))
    assert clock.order == list("abbaabbaabba")  # in turns, to and fro


def test_the_calls_give_outputs_and_gradients():
    module = ARMS["pair"].build(3, 4, 1).double()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    calls = forward_backward_calls(module, x)
    x = x.requires_grad_()
    expected = torch.autograd.grad(module(x).sum(), [x, *module.parameters()])
    assert torch.equal(calls["forward"](), module(x))
    for name in ("backward", "both", "backward"):
        assert all(torch.allclose(a, b) for a, b in zip(calls[name](), expected))


def test_the_roofline_is_the_lower_of_two_ceilings():
    roof = Roofline(macs=100.0, bytes=10.0)
    assert [roof.attainable(intensity) for intensity in (1, 10, 50)] == [10, 100, 100]


def test_a_ceiling_is_the_fastest_of_its_rounds(monkeypatch):
    products = [9, 0.5, 2]
    copies = [1, 4, 0.25]
    lengths = iter(products + copies)
    monkeypatch.setattr(timing, "_seconds", lambda call: call() is not None and next(lengths))
    found = measure_roofline(side=8, megabytes=1, rounds=3)
    assert found == Roofline(macs=8**3 / 0.5, bytes=2 * 2**20 / 0.25)
