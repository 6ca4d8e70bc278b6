"""What `check()` says of the device: name, memory, precision and tier, and what to do.

Apart from requirements_check, which must run before torch is known to be here.
"""

import os
import shutil
import sys

from lessonlib.configs import Tier, current_tier
from lessonlib.device import (
    choose_device,
    describe_device,
    device_count,
    device_memory,
    device_trouble,
    half_precision,
)

__all__ = ["device_sentence", "tier_sentence"]

CHANGE = " To change it on Colab: Runtime, Change runtime type, then run the first cell again."


def device_sentence() -> tuple[bool, str]:
    """(whether training is quick there, the sentence).

    ValueError if `LESSON_DEVICE` or `LESSON_TIER` is wrong.
    """
    device = choose_device()
    memory = device_memory(device)
    name = describe_device(device)
    size = f", {memory / 1e9:.1f} GB" if memory else ""
    where = "No GPU" if device.type == "cpu" else "GPU"
    said = f"{where}: {name}{size}; trains in {half_precision(device)}, tier {current_tier().name}."
    if device_count() > 1:
        said += f" There are {device_count()} of them: a study gives each worker its own."
    if device.type == "cpu":
        said += _on_a_cpu()
    return device.type != "cpu", said + (CHANGE if _on_colab() else "")


def tier_sentence(tier: Tier) -> tuple[bool, str]:
    """(whether that suits the device, the sentence)."""
    size = f"Training takes {tier.px} x {tier.px} pixels, {tier.epochs} epochs."
    if tier.name == "test":
        size += " It takes seconds and learns nothing: unset LESSON_TIER for the real one."
    if tier.name == "gpu" and choose_device().type == "cpu":
        return False, f"{size} Without a GPU that takes hours: unset LESSON_TIER, or set it to cpu."
    return True, size


def _on_a_cpu():
    said = " The race of notebook 06 takes minutes, all before it a minute at most."
    if device_trouble():
        said += f" {device_trouble()}"
    elif shutil.which("nvidia-smi") and not _on_colab() and not os.environ.get("LESSON_DEVICE"):
        said += " There is an NVIDIA driver, but torch does not see a GPU:"
        said += " install a torch with CUDA (pytorch.org)."
    if os.environ.get("OMP_NUM_THREADS") == "1":
        said += " OMP_NUM_THREADS is 1: unset it to use all cores."
    return said


def _on_colab():
    return "google.colab" in sys.modules
