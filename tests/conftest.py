"""The test tier, one thread a process, no clock, and folders of their own for everything that tests and notebooks write."""

import os
import tempfile
from contextlib import suppress
from types import SimpleNamespace

import pytest

os.environ.setdefault("LESSON_TIER", "test")
os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # two workers on two cores: more threads only wait for each other
for name in ("LESSON_CACHE", "LESSON_RUNS"):
    os.environ[name] = tempfile.mkdtemp(prefix="lesson-")

with suppress(ImportError):  # the stand-in for Colab has no hypothesis
    from hypothesis import settings

    settings.register_profile(
        "lesson", deadline=None
    )  # else an example that takes 200 ms fails, on a machine that is busy
    settings.load_profile("lesson")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of its own, and a way to change the environment."""
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    return SimpleNamespace(folder=tmp_path, patch=monkeypatch)
