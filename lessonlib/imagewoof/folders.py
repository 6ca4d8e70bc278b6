"""A copy of the photos that is a folder. Linked folders are followed."""

import hashlib
import os
import stat

from lessonlib.imagewoof.members import LARGEST_PHOTO, MOST_PHOTOS, DataError, is_photo, shown

__all__ = ["FolderCopy", "status"]


class FolderCopy:
    """`train/` and `val/` below a folder, or below its only subfolder that has them."""

    def __init__(self, path):
        self.path = path
        # os.path looks past a neighbour that cannot be read
        roots = [p for p in (path, *_entries(path)) if os.path.isdir(p / "train")]
        if not roots:
            raise DataError(
                f"{shown(path)} has no folder train/: "
                "point to the folder that holds train/ and val/."
            )
        self.root = roots[0]

    def names(self):
        """Sorted relative paths of the photos. DataError if a folder or file cannot be read."""
        return sorted(path.relative_to(self.root).as_posix() for path, _ in self._files())

    def photos(self, wanted):
        """Yield `(name, bytes)` for each name in `wanted`. DataError if one cannot be read."""
        for name in wanted:
            path = self.root / name
            try:
                yield name, path.read_bytes()
            except OSError as error:
                raise _unreadable(path, error) from error

    def stamp(self):
        """A text that changes if any file is added, removed or written. No photo is read.

        DataError if a file cannot be looked at, such as a broken link.
        """
        seen = sorted((path.relative_to(self.root).as_posix(), *of) for path, of in self._files())
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    def _files(self):
        """Each photo `<split>/<class>/<name>` and its `stamp`."""
        count = 0
        for split in ("train", "val"):
            for folder in _entries(self.root / split, may_lack=True):
                if not stat.S_ISDIR(_looked_at(folder).st_mode):
                    continue
                for path in _entries(folder):
                    if is_photo(path.relative_to(self.root).parts):
                        count += 1
                        yield path, _checked(path, count)


def status(path):
    """(size, time written, time changed): the last cannot be set back, as by `cp -p`.

    DataError if there is nothing to look at.
    """
    return _status_of(_looked_at(path))


def _status_of(found):
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _entries(folder, may_lack=False):
    """The paths in a folder, sorted."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        if may_lack and not os.path.lexists(folder):
            return []
        raise _unreadable(folder, error) from error


def _looked_at(path):
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error


def _checked(path, count):
    """The status of a photo, which is a file of a sensible size: reading a FIFO never ends."""
    found = _looked_at(path)
    if not stat.S_ISREG(found.st_mode):
        fault = "is no file that can be read"
    elif found.st_size > LARGEST_PHOTO:
        fault = f"has {found.st_size:,} bytes"
    elif count > MOST_PHOTOS:
        fault = f"is photo number {count:,}, too many for Imagewoof"
    else:
        return _status_of(found)
    raise DataError(f"{shown(path)} {fault}: remove it, or get a fresh copy.")


def _unreadable(path, error):
    """The DataError for an OSError. A link is named, since it may be all that is broken."""
    if isinstance(error, PermissionError):
        cure = "Change its permissions, or point IMAGEWOOF to another copy."
    elif path.is_symlink():
        cure = f"It is a link to {shown(os.readlink(path))}: mend it, or get a fresh copy."
    else:
        cure = "Get a fresh copy."
    return DataError(f"{shown(path)} cannot be read ({error.strerror}). {cure}")
