"""The test tier, one thread a process, and folders of their own for everything that tests and notebooks write."""

import os
import tempfile

os.environ.setdefault("LESSON_TIER", "test")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores: more threads only wait for each other
for name in ("LESSON_CACHE", "LESSON_RUNS"):
    os.environ[name] = tempfile.mkdtemp(prefix="lesson-")
