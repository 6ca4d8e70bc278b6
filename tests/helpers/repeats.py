"""How many times the usual number of random cases a test tries: LESSON_REPEATS, 1 by default."""

import os

REPEATS = int(os.environ.get("LESSON_REPEATS", 1))
