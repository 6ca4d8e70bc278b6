"""A copy of Imagewoof, folder or archive: open it, and check it against the official list."""

import os
import re
from functools import cache
from pathlib import Path, PurePosixPath

from lessonlib.imagewoof.archives import ArchiveCopy
from lessonlib.imagewoof.folders import FolderCopy
from lessonlib.imagewoof.members import DataError, shown
from lessonlib.paths import DATA

__all__ = ["DataError", "official_names", "open_copy", "check_names"]


@cache
def official_names():
    """The 12,954 paths `train/n02086240/n02086240_4904.JPEG` of Imagewoof v2, sorted."""
    return tuple((DATA / "imagewoof2.txt").read_text(encoding="utf-8").split())


def open_copy(path):
    """The copy at `path`: a `FolderCopy` or an `ArchiveCopy`.

    Both have `names()`, `photos(wanted)` and `stamp()`.
    DataError if there is no folder or file at `path`, or if it cannot be read.
    """
    if not isinstance(path, str | Path):
        raise DataError(f"A copy is a folder or an archive, not {path!r}: give its path.")
    if re.match(r"\w\w+:/", str(path)):
        raise DataError(
            f"{shown(path)} is an address: download the archive, and set IMAGEWOOF to the file."
        )
    path = Path(os.path.expanduser(path))  # leaves an unknown user's folder as it is
    is_folder = os.path.isdir(path)
    if not is_folder and not os.path.isfile(path):
        raise DataError(
            f"There is no folder or archive at {shown(path)}; "
            "correct the path (IMAGEWOOF), or unset it."
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            f"{shown(path)} cannot be read: "
            "change its permissions, or point IMAGEWOOF to another copy."
        )
    return FolderCopy(path) if is_folder else ArchiveCopy(path)


def check_names(copy, official):
    """Raise DataError unless `copy` holds exactly the photos of the `official` list."""
    difference = _difference(set(copy.names()), set(official))
    if difference:
        raise DataError(
            f"{shown(copy.path)} is not the whole Imagewoof v2: it {difference}. Get a fresh copy."
        )


def _difference(names, official):
    """What `names` lack, or what they have beyond `official`, in words; None if they are equal."""
    missing = sorted(official - names)
    extra = sorted(names - official)
    empty = sorted(_folders(official) - _folders(names))
    if empty:
        more = f" and {len(empty) - 3} more folders" if len(empty) > 3 else ""
        return f"has no photo in {', '.join(empty[:3])}{more}"
    if missing:
        return f"lacks {len(missing):,} of {len(official):,} photos, {missing[0]} first"
    if extra:
        first = shown(extra[0])
        return f"has {len(extra):,} photos that the official list does not have, {first} first"
    return None


def _folders(names):
    return {str(PurePosixPath(name).parent) for name in names}
