"""How often tests of random faults repeat them: once, or as often as LESSON_REPEATS says."""

import os

REPEATS = int(os.environ.get("LESSON_REPEATS", 1))
