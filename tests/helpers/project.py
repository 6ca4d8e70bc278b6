"""Copies of this project for tests that install or fetch it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy_of_the_project(folder):
    """`folder` with all that a wheel is built from, without this clone's own caches and builds."""
    for name in ("lessonlib", "data"):
        own = shutil.ignore_patterns("__pycache__", "cache", "unfinished", "imagewoof2-160*")
        shutil.copytree(ROOT / name, folder / name, ignore=own)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder
