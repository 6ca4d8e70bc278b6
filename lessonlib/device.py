"""Where tensors are computed: the one place that chooses a device and asks it things."""

import os
import platform
import re
from functools import cache

import torch

from lessonlib.checks import require_one_of

__all__ = [
    "KINDS",
    "PRECISIONS",
    "choose_device",
    "device_trouble",
    "describe_device",
    "device_count",
    "device_memory",
    "half_precision",
    "check_precision",
    "synchronize",
    "empty_cache",
    "is_out_of_memory",
    "is_device_error",
]

KINDS = ("cuda", "xpu", "mps", "cpu")  # CUDA stands for ROCm too, as in torch
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device() -> torch.device:
    """The device for training and timing: `LESSON_DEVICE`, else torch's accelerator, else the CPU.

    A GPU that this torch cannot use counts as none; `device_trouble` says why.
    Raises ValueError if `LESSON_DEVICE` is not a device, or not one that is here.
    """
    wanted = os.environ.get("LESSON_DEVICE")
    if wanted:
        return _named(wanted)
    if _accelerator() is None or device_trouble():
        return torch.device("cpu")
    return _accelerator()


def device_trouble() -> str:
    """Why a GPU of this machine cannot be used, and what to do; empty if all is well."""
    if _old_driver():
        return (
            f"The NVIDIA driver is too old for torch {torch.__version__} ({_old_driver()}): "
            "update it (nvidia.com/drivers), or install a torch for its CUDA version (pytorch.org)."
        )
    accelerator = _accelerator()
    if accelerator is None or accelerator.type != "cuda" or torch.version.hip:
        return ""
    capability = torch.cuda.get_device_capability()
    if _has_code_for(capability, torch.cuda.get_arch_list()):
        return ""
    major, minor = capability
    return (
        f"{torch.cuda.get_device_name()} is a GPU of capability {major}.{minor}, and torch "
        f"{torch.__version__} has no code for it: install an older torch (pytorch.org/get-started/"
        "previous-versions), or choose another GPU."
    )


def describe_device(device: torch.device) -> str:
    """The GPU's name, or the CPU's architecture and how many threads torch uses."""
    if device.type == "cpu":
        return f"CPU, {platform.machine()}, threads: {torch.get_num_threads()}"
    if device.type == "mps":
        return f"Apple GPU, {platform.machine()}"
    return torch.get_device_module(device).get_device_name(device)


def device_count() -> int:
    """How many runs can each have a device of their own: the number of GPUs, 1 without any."""
    if choose_device().type == "cpu":
        return 1
    return torch.accelerator.device_count()


def device_memory(device: torch.device) -> int | None:
    """The bytes of memory that a GPU has; None for a CPU, and where torch does not say."""
    if device.type == "mps":
        return torch.mps.recommended_max_memory()
    if device.type == "cpu":
        return None
    return torch.get_device_module(device).get_device_properties(device).total_memory


def half_precision(device: torch.device) -> str:
    """The precision to train in: 16 bits where the hardware computes in them, else "float32".

    bfloat16 if the device has it in hardware, and not by emulation; float16 on other NVIDIA and AMD
    GPUs. Apple's GPUs stay in float32: torch does not say which of them compute in bfloat16.
    """
    if device.type == "cpu":
        return "bfloat16" if _cpu_has_bfloat16() else "float32"
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if native else "float16"
    if device.type == "xpu":
        return "bfloat16" if torch.xpu.is_bf16_supported() else "float32"
    return "float32"


def check_precision(precision: str | None, device: torch.device) -> str:
    """`precision`, or the device's own for None. Raises ValueError if the device lacks it."""
    best = half_precision(device)
    if precision is None:
        return best
    require_one_of("precision", precision, PRECISIONS)
    if precision not in ("float32", best):
        raise ValueError(
            f"{describe_device(device)} does not compute in {precision}: "
            f"choose {' or '.join(dict.fromkeys(['float32', best]))}."
        )
    return precision


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all it was asked; a CPU always has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def empty_cache(device: torch.device) -> None:
    """Give memory that torch holds in reserve back to the device."""
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device's memory is full, as CUDA, XPU, MPS and CPUs put it."""
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError) or any(w in str(error).lower() for w in words)


def is_device_error(error: BaseException) -> bool:
    """Whether an error says that the device itself failed: gone, reset, or hung."""
    lost = getattr(torch, "AcceleratorError", ())
    return isinstance(error, lost) or bool(re.search(r"(CUDA|HIP|XPU|MPS)\b.* error", str(error)))


@cache
def _accelerator():
    """torch's accelerator if it can be used at all, else None."""
    if _old_driver() or not torch.accelerator.is_available():
        return None
    return torch.accelerator.current_accelerator()


@cache
def _old_driver():
    """The CUDA version of an NVIDIA driver that is too old for this torch, in words; else empty."""
    if torch.version.cuda is None or torch.cuda.is_available():
        return ""
    try:
        torch.cuda.init()
    except RuntimeError as error:
        found = re.search(r"too old \(found version (\d+)\)", str(error))
        if found:
            major, minor = divmod(int(found[1]) // 10, 100)
            return f"it is for CUDA {major}.{minor}"
    return ""


def _has_code_for(capability, arch_list):
    """Whether a GPU runs any of torch's code: made for its major version, or to be compiled there.

    arch_list: such as ["sm_75", "sm_80", "compute_90"], by torch.cuda.get_arch_list.
    """
    for arch in arch_list:
        kind, _, digits = arch.partition("_")
        number = int(re.match(r"\d+", digits)[0])
        major, minor = divmod(number, 10)
        binary = kind == "sm" and major == capability[0] and minor <= capability[1]
        portable = kind == "compute" and (major, minor) <= capability
        if binary or portable:
            return True
    return False


def _cpu_has_bfloat16():
    """AVX512-BF16 or AMX on x86, BF16 on Arm, as torch detects them; no if it is too old to say."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _named(wanted):
    kind, _, index = wanted.partition(":")
    if kind not in KINDS or (index and not index.isdecimal()):
        raise ValueError(
            f"LESSON_DEVICE is {wanted!r}; set it to one of {', '.join(KINDS)} "
            "(cuda:1 for the second GPU), or leave it unset."
        )
    here = _accelerator()
    there = kind == "cpu" or (here is not None and here.type == kind)
    if not there or (index and kind != "cpu" and int(index) >= torch.accelerator.device_count()):
        found = (
            "only the CPU" if here is None else f"{torch.accelerator.device_count()} x {here.type}"
        )
        raise ValueError(
            f"LESSON_DEVICE is {wanted!r}, and here is {found}: correct it, or leave it unset."
        )
    return torch.device(wanted)
