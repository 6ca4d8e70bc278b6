"""Imported by every notebook's first cell: on Colab, print what the machine has and lacks."""

import sys

from lessonlib.requirements_check import check

if "google.colab" in sys.modules:
    check()
