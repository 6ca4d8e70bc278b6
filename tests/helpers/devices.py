"""Pretended machines, so that what is said of a GPU can be tested without one."""

from types import SimpleNamespace

import torch

from lessonlib import device


def pretend_machine(monkeypatch, kind=None, count=1, **cuda):
    """Pretend to be a machine with `count` GPUs of that kind, None for no GPU."""
    monkeypatch.delenv("LESSON_DEVICE", raising=False)
    here = None if kind is None else torch.device(kind)
    monkeypatch.setattr(device, "_accelerator", lambda: here)
    monkeypatch.setattr(device, "_old_driver", lambda: "")
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: count if here else 0)
    known = {
        "get_device_capability": (7, 5),
        "get_arch_list": ["sm_75", "sm_80", "compute_90"],
        "get_device_name": "Tesla T4",
        "is_bf16_supported": False,
        "get_device_properties": SimpleNamespace(total_memory=15_800_000_000),
    }
    for name, value in (known | cuda).items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, value=value, **__: value)
    monkeypatch.setattr(torch, "get_device_module", lambda *_: torch.cuda)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12_000_000_000)
    monkeypatch.setattr(torch.xpu, "is_bf16_supported", lambda: True)
