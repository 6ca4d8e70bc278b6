"""A copy of Imagewoof, folder or archive: list it, check it, read its photos.

An archive is read member by member and never unpacked, so nothing in it can write anywhere.
"""

import hashlib
import os
import tarfile
import zlib
from functools import cache
from pathlib import Path, PurePosixPath

from lessonlib.paths import DATA

__all__ = ["DataError", "official_names", "open_copy", "check_names"]

LARGEST_PHOTO = 16 * 2**20  # bytes; the largest official file has 0.1 MB


class DataError(ValueError):
    """A copy of the photos that cannot be used; the message says which, why, and what to do."""


@cache
def official_names():
    """The 12,954 paths `train/n02086240/n02086240_4904.JPEG` of Imagewoof v2, sorted."""
    return tuple((DATA / "imagewoof2.txt").read_text().split())


def open_copy(path):
    """The copy at `path`: a `FolderCopy` or an `ArchiveCopy`.

    Both have `names()`, `photos(wanted)` and `stamp()`.
    DataError if there is no folder or file at `path`, or if it cannot be read.
    """
    if not isinstance(path, str | Path):
        raise DataError(f"A copy is a folder or an archive, not {path!r}: give its path.")
    path = Path(path).expanduser()
    is_folder = os.path.isdir(path)
    if not is_folder and not os.path.isfile(path):
        raise DataError(
            f"There is no folder or archive at {path}; correct the path (IMAGEWOOF), or unset it."
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            f"{path} cannot be read: change its permissions, or point IMAGEWOOF to another copy."
        )
    return FolderCopy(path) if is_folder else ArchiveCopy(path)


def check_names(copy, official):
    """Raise DataError unless `copy` holds exactly the photos of the `official` list."""
    difference = _difference(set(copy.names()), set(official))
    if difference:
        raise DataError(
            f"{copy.path} is not the whole Imagewoof v2: it {difference}. Get a fresh copy."
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
        return f"has {len(extra):,} photos that the official list does not have, {extra[0]} first"
    return None


def _stamp(path):
    """(size, time written, time changed): the last cannot be set back, as by `cp -p`."""
    try:
        stat = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Get a fresh copy.") from error
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _folders(names):
    return {str(PurePosixPath(name).parent) for name in names}


class FolderCopy:
    """`train/` and `val/` below a folder, or below its only subfolder that has them."""

    def __init__(self, path):
        self.path = path
        roots = [p for p in (path, *sorted(path.iterdir())) if (p / "train").is_dir()]
        if not roots:
            raise DataError(
                f"{path} has no folder train/: point to the folder that holds train/ and val/."
            )
        self.root = roots[0]

    def names(self):
        """Sorted relative paths of the photos."""
        return sorted(p.relative_to(self.root).as_posix() for p in self._files())

    def photos(self, wanted):
        """Yield `(name, bytes)` for each name in `wanted`. DataError if one cannot be read."""
        for name in wanted:
            try:
                yield name, (self.root / name).read_bytes()
            except OSError as error:
                raise DataError(
                    f"{self.root / name} cannot be read ({error.strerror}). Get a fresh copy."
                ) from error

    def stamp(self):
        """A text that changes if any file is added, removed or written. No photo is read.

        DataError if a file cannot be looked at, such as a broken link.
        """
        seen = sorted((p.relative_to(self.root).as_posix(), *_stamp(p)) for p in self._files())
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    def _files(self):
        for split in ("train", "val"):
            for path in (self.root / split).rglob("*"):
                if _is_photo(path.name):
                    yield path


class ArchiveCopy:
    """A `.tgz` (or other tar) with `<any folder>/train/...` and `<any folder>/val/...`."""

    def __init__(self, path):
        self.path = path

    def names(self):
        """Sorted relative paths of the photos."""
        return sorted(name for name, _, _ in self._members())

    def photos(self, wanted):
        """Yield `(name, bytes)` for each name in `wanted`, in the archive's order.

        DataError if the archive is damaged, or if a member of it is unsafe.
        """
        wanted = set(wanted)
        for name, tar, member in self._members():
            if name in wanted:
                yield name, tar.extractfile(member).read()

    def stamp(self):
        """A text that changes if the file is written. DataError if it cannot be looked at."""
        return "-".join(map(str, _stamp(self.path)))

    def _members(self):
        try:
            with tarfile.open(self.path, "r|*") as tar:
                for member in tar:
                    self._refuse_unsafe(member)
                    if member.isfile() and _is_photo(member.name):
                        name = "/".join(PurePosixPath(member.name).parts[-3:])
                        yield name, tar, member
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            why = str(error).rstrip(".")
            raise DataError(
                f"{self.path} cannot be read to its end, cut short or damaged ({why}). "
                "Get a fresh copy."
            ) from error

    def _refuse_unsafe(self, member):
        place = PurePosixPath(member.name)
        if place.is_absolute() or ".." in place.parts:
            fault = "points outside the archive"
        elif not (member.isfile() or member.isdir()):
            fault = "is a link or a device"
        elif member.size > LARGEST_PHOTO:
            fault = f"has {member.size:,} bytes"
        else:
            return
        raise DataError(
            f"{self.path} is refused: its member {member.name!r} {fault}. Get a fresh copy."
        )


def _is_photo(name):
    return name.lower().endswith((".jpeg", ".jpg")) and not name.startswith(".")
