"""Where the lesson keeps things: what came with it, what this machine adds, and the switches that move it."""

import os
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["DATA", "cache_folder", "runs_folder", "unfinished_folder", "hold_folder"]

DATA = Path(__file__).resolve().parents[1] / "data"


def cache_folder():
    """Decoded photos are kept here: `LESSON_CACHE`, else `data/cache`."""
    return Path(os.environ.get("LESSON_CACHE") or DATA / "cache").expanduser()


def runs_folder():
    """Recorded runs are kept here, one `.jsonl` a set: `LESSON_RUNS`, else `data/runs`."""
    return Path(os.environ.get("LESSON_RUNS") or DATA / "runs").expanduser()


def unfinished_folder():
    """Beside the recorded runs, made if need be: checkpoints of runs that are not finished, and who is at work on which.

    OSError where it cannot be made.
    """
    folder = runs_folder() / "unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"{runs_folder()} cannot be written ({error.strerror}): set LESSON_RUNS to another folder."
        ) from error
    return folder


@contextmanager
def hold_folder(folder):
    """Hold `folder`, made if need be, against other kernels; who comes second waits, and a kill lets go.

    OSError where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another kernel is at work in {folder}: waiting for it to end.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
