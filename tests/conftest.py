"""The test tier, one thread a process, folders of their own for everything that is written, and no clock for property tests."""

import os
import tempfile

from hypothesis import settings

os.environ.setdefault("LESSON_TIER", "test")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores: more threads only wait for each other
for name in ("LESSON_CACHE", "LESSON_RUNS"):
    os.environ[name] = tempfile.mkdtemp(prefix="lesson-")

settings.register_profile("lesson", deadline=None)  # on a busy machine any example may take long
settings.load_profile("lesson")
