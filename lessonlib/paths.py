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
    return _own_folder("LESSON_CACHE", "cache")


def runs_folder():
    """The folder of the recorded runs, with one `.jsonl` file per set.

    `LESSON_RUNS`; by default `data/runs` in a clone, else `runs` in the user's cache folder.
    """
    return _own_folder("LESSON_RUNS", "runs")


def _own_folder(variable, name):
    """The folder that an environment variable names, else `name` in `data/` of a clone.

    Installed, in a folder of the user, since an update of the package empties its own. ValueError
    for the folder of a user whom this machine does not know.
    """
    beside = _user_cache() / "lessonlib" if DATA == PACKAGE / "data" else DATA
    folder = Path(os.environ.get(variable) or beside / name)
    try:
        return folder.expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"The folder {folder} belongs to no user of this machine: "
            f"set {variable} to another folder."
        ) from error


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
