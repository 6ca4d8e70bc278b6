"""Where the lesson keeps its files: those that came with it, and those this machine adds."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["DATA", "cache_folder", "runs_folder", "unfinished_folder", "hold_folder"]

PACKAGE = Path(__file__).resolve().parent


def _find_data():
    """`data/` inside an installed package, beside the package in a clone.

    FileNotFoundError if it is in neither place.
    """
    for folder in (PACKAGE / "data", PACKAGE.parent / "data"):
        if (folder / "claims.toml").is_file():
            return folder
    raise FileNotFoundError(
        f"lessonlib in {PACKAGE} has come without its data/: install it again from a whole clone."
    )


DATA = _find_data()


def cache_folder():
    """The folder of the decoded photos.

    `LESSON_CACHE`; by default `data/cache` in a clone, else `cache` in the user's cache folder.
    """
    return Path(os.environ.get("LESSON_CACHE") or _own_folder() / "cache").expanduser()


def runs_folder():
    """The folder of the recorded runs, with one `.jsonl` file per set.

    `LESSON_RUNS`; by default `data/runs` in a clone, else `runs` in the user's cache folder.
    """
    return Path(os.environ.get("LESSON_RUNS") or _own_folder() / "runs").expanduser()


def _own_folder():
    """`data/` of a clone, else a folder of the user: an update of the package empties its own."""
    return _user_cache() / "lessonlib" if DATA == PACKAGE / "data" else DATA


def _user_cache():
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local")
    if sys.platform == "darwin":
        return Path("~/Library/Caches")
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")


def unfinished_folder():
    """The folder of checkpoints and locks of unfinished runs, created beside the recorded runs.

    OSError if it cannot be created.
    """
    folder = runs_folder() / "unfinished"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"{runs_folder()} cannot be written ({error.strerror}): "
            "set LESSON_RUNS to another folder."
        ) from error
    return folder


@contextmanager
def hold_folder(folder):
    """Hold `folder`, created if needed, so that other kernels wait; a killed kernel lets go.

    OSError if it cannot be written.
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
