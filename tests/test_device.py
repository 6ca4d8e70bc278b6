"""The device is chosen in one place, and what cannot be used is named with its cure."""

from types import SimpleNamespace

import pytest
import torch

from helpers.devices import pretend_machine
from lessonlib import device
from lessonlib.device import (
    check_precision,
    choose_device,
    describe_device,
    device_count,
    device_trouble,
    half_precision,
    is_device_error,
    is_out_of_memory,
)

CPU = torch.device("cpu")
CUDA = torch.device("cuda")


def test_without_a_gpu_it_is_the_cpu(monkeypatch):
    pretend_machine(monkeypatch)
    assert choose_device() == CPU and device_trouble() == "" and device_count() == 1
    assert describe_device(CPU).startswith("CPU, ")


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_torchs_accelerator_is_taken(monkeypatch, kind):
    pretend_machine(monkeypatch, kind)
    assert choose_device().type == kind


def test_two_gpus_are_counted(monkeypatch):
    pretend_machine(monkeypatch, "cuda", count=2)
    assert device_count() == 2


def test_a_gpu_that_torch_has_no_code_for_is_named_and_the_cpu_goes_on(monkeypatch):
    pretend_machine(monkeypatch, "cuda", get_device_capability=(6, 0), get_device_name="Tesla P100")
    assert choose_device() == CPU
    said = device_trouble()
    assert "Tesla P100" in said and "6.0" in said and "install an older torch" in said


@pytest.mark.parametrize(
    "capability, arch_list, runs",
    [
        ((7, 5), ["sm_75"], True),
        ((8, 6), ["sm_80"], True),  # the same major version
        ((8, 0), ["sm_86"], False),  # a later minor version
        ((9, 0), ["sm_80", "compute_80"], True),  # to be compiled there
        ((6, 0), ["sm_75", "compute_75"], False),
        ((12, 0), ["sm_120"], True),
        ((9, 0), ["sm_90a"], True),
    ],
)
def test_which_gpus_have_code(capability, arch_list, runs):
    assert device._has_code_for(capability, arch_list) == runs


def test_an_old_driver_is_named(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    def init():
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12040).")

    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr(device, "_old_driver", device._old_driver.__wrapped__)
    monkeypatch.setattr(device, "_accelerator", device._accelerator.__wrapped__)
    assert "CUDA 12.4" in device_trouble() and "update it" in device_trouble()
    assert choose_device() == CPU


def test_the_variable_overrides(monkeypatch):
    pretend_machine(monkeypatch, "cuda", count=2)
    monkeypatch.setenv("LESSON_DEVICE", "cpu")
    assert choose_device() == CPU
    monkeypatch.setenv("LESSON_DEVICE", "cuda:1")
    assert choose_device() == torch.device("cuda:1")


@pytest.mark.parametrize(
    "wanted, what, do",
    [
        ("gpu", "'gpu'", "one of cuda, xpu, mps, cpu"),
        ("cuda:x", "'cuda:x'", "cuda:1 for the second GPU"),
        ("xpu", "'xpu'", "1 x cuda: correct it"),
        ("cuda:1", "'cuda:1'", "1 x cuda: correct it"),
    ],
)
def test_a_wrong_variable_gets_one_sentence(monkeypatch, wanted, what, do):
    pretend_machine(monkeypatch, "cuda")
    monkeypatch.setenv("LESSON_DEVICE", wanted)
    with pytest.raises(ValueError) as caught:
        choose_device()
    assert what in str(caught.value) and do in str(caught.value)


def test_half_precision_where_the_hardware_computes_in_it(monkeypatch):
    pretend_machine(monkeypatch, "cuda")
    assert half_precision(CUDA) == "float16"
    pretend_machine(monkeypatch, "cuda", is_bf16_supported=True)
    assert half_precision(CUDA) == "bfloat16"
    assert half_precision(torch.device("mps")) == "float32"
    for capabilities, precision in (
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"bf16": True}, "bfloat16"),
        ({"avx2": True}, "float32"),
    ):
        there = SimpleNamespace(get_capabilities=lambda found=capabilities: found)
        monkeypatch.setattr(torch, "cpu", there)
        assert half_precision(CPU) == precision


def test_a_precision_that_is_none_or_is_not_here_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(device, "_cpu_has_bfloat16", lambda: False)
    assert check_precision(None, CPU) == check_precision("float32", CPU) == "float32"
    with pytest.raises(ValueError, match="'half'; choose one of float32, bfloat16, float16"):
        check_precision("half", CPU)
    with pytest.raises(ValueError, match="does not compute in bfloat16: choose float32"):
        check_precision("bfloat16", CPU)


def test_errors_of_the_device_are_told_from_others():
    full = RuntimeError("MPS backend out of memory (MPS allocated: 18 GB)")
    lost = RuntimeError("CUDA error: the launch timed out and was terminated")
    ours = RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")
    assert is_out_of_memory(full) and is_out_of_memory(torch.OutOfMemoryError("x"))
    assert is_device_error(lost) and not is_out_of_memory(lost)
    assert not is_device_error(ours) and not is_out_of_memory(ours)
