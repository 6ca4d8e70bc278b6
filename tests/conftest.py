"""The test tier, one thread a process, no clock, and folders of their own for everything that tests and notebooks write."""

import os
import tempfile
from contextlib import suppress

os.environ.setdefault("LESSON_TIER", "test")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores: more threads only wait for each other
for name in ("LESSON_CACHE", "LESSON_RUNS"):
    os.environ[name] = tempfile.mkdtemp(prefix="lesson-")

with suppress(ImportError):  # the stand-in for Colab has no hypothesis
    from hypothesis import settings

    settings.register_profile("lesson", deadline=None)  # else an example that takes 200 ms fails, on a machine that is busy
    settings.load_profile("lesson")
