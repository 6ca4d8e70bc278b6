"""A GPU path tested without a GPU: shapes and devices on a pretended CUDA device, no numbers.

Under torch's FakeTensorMode an operation on tensors of two devices fails as it would on a GPU.
"""

from contextlib import nullcontext

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.device import PRECISIONS
from lessonlib.imagewoof.batches import Batches
from lessonlib.networks import residual_network

N = 6  # photos


def on_cuda(tier, arm="3x3"):
    with torch.device("cuda"):
        return residual_network(ARMS[arm], tier.network)


def batches(tier, seed):
    images = torch.zeros(N, 3, tier.stored, tier.stored, dtype=torch.uint8)
    labels = torch.zeros(N, dtype=torch.int64)
    aspects = torch.ones(N, dtype=torch.float64)
    return Batches(images, labels, aspects, tier.px, 4, seed, device="cuda")


@pytest.fixture(autouse=True)
def pretended(monkeypatch):
    """autocast asks for a GPU before it does anything."""
    monkeypatch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_, **__: True)


@pytest.mark.parametrize("tier", TIERS.values(), ids=TIERS)
@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_runs_forward_on_a_gpu_in_every_precision(arm, tier):
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = on_cuda(tier, arm)
        x = torch.empty(4, 3, tier.px, tier.px, device="cuda")
        x = x.contiguous(memory_format=torch.channels_last)
        for half in PRECISIONS.values():
            with torch.autocast("cuda", half) if half else nullcontext():
                y = model(x)
            assert y.device.type == "cuda" and y.shape == (4, 10)
            assert y.dtype == (half or torch.float32)


@pytest.mark.parametrize("seed", [0, None], ids=["pieces", "middles"])
@pytest.mark.parametrize("tier", TIERS.values(), ids=TIERS)
def test_batches_are_made_on_the_gpu(tier, seed):
    with FakeTensorMode(allow_non_fake_inputs=True):
        some = batches(tier, seed)
        random = None if seed is None else torch.Generator()
        x, y = some._batch(torch.arange(4), random)
        assert x.device.type == y.device.type == "cuda"
        assert x.shape == (4, 3, tier.px, tier.px) and x.dtype == torch.float32


def test_a_tensor_left_on_the_cpu_is_noticed():
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = on_cuda(TIERS["test"])
        with pytest.raises(RuntimeError, match="cuda"):
            model(torch.empty(4, 3, 32, 32))
