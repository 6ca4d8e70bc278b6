"""Training in 16 bits, and under whatever switches a notebook has left on."""

from dataclasses import replace

import pytest
import torch

from lessonlib import device
from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.training.fit import fit, learner_for

TIER = replace(TIERS["test"], photos=(4, 2), epochs=1, batch=8)


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


@pytest.fixture(autouse=True)
def any_cpu(monkeypatch):
    """bfloat16 runs on every CPU, if only by emulation."""
    monkeypatch.setattr(device, "_cpu_has_bfloat16", lambda: True)


def trained(photos, precision):
    learner = learner_for(ARMS["pair-composed"], photos, TIER, 0, precision)
    return fit(learner), learner.model


def test_a_run_says_its_precision_and_keeps_float32_weights(photos):
    half, model = trained(photos, None)
    full, _ = trained(photos, "float32")
    assert (half.precision, full.precision) == ("bfloat16", "float32")
    assert half.arithmetic != full.arithmetic
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert half.losses == pytest.approx(full.losses, rel=0.1) and half.losses != full.losses


def test_a_batch_that_breaks_off_leaves_no_autocast_behind(photos):
    learner = learner_for(ARMS["3x3"], photos, TIER, 0, "bfloat16")

    def interrupted(*_):
        raise KeyboardInterrupt

    learner.model[-1].register_forward_hook(interrupted)
    assert not fit(learner).finished
    assert not torch.is_autocast_enabled("cpu")


def test_switches_that_a_notebook_left_on_change_nothing(photos):
    before, _ = trained(photos, "float32")
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    try:
        after, model = trained(photos, "float32")
        assert torch.get_default_dtype() == torch.float64 and not torch.is_grad_enabled()
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
    assert after.losses == before.losses and after.epochs[0]["accuracy"] == before.accuracy
    assert {p.dtype for p in model.parameters()} == {torch.float32}
