"""One copy of Imagewoof, a folder or an archive: list it, check it against the official list, read its photos.

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
    """The copy at `path`: an object with `names()`, `photos(wanted)` and `fingerprint()`. DataError where there is none."""
    if not isinstance(path, str | Path):
        raise DataError(f"A copy is a folder or an archive, not {path!r}: give its path.")
    path = Path(path).expanduser()
    kind = FolderCopy if os.path.isdir(path) else ArchiveCopy if os.path.isfile(path) else None
    if kind is None:
        raise DataError(
            f"There is no folder or archive at {path}; correct the path (IMAGEWOOF), or unset it."
        )
    if not os.access(path, os.R_OK):
        raise DataError(
            f"{path} cannot be read: change its permissions, or point IMAGEWOOF to another copy."
        )
    return kind(path)


def check_names(copy, official):
    """Raise DataError unless `copy` holds exactly the photos of the `official` list."""
    names, official = set(copy.names()), set(official)
    missing, extra = sorted(official - names), sorted(names - official)
    if not missing and not extra:
        return
    folders = {str(PurePosixPath(n).parent) for n in official}
    empty = sorted(folders - {str(PurePosixPath(n).parent) for n in names})
    if empty:
        what = f"has no photo in {', '.join(empty[:3])}" + (
            f" and {len(empty) - 3} more folders" if len(empty) > 3 else ""
        )
    elif missing:
        what = f"lacks {len(missing):,} of {len(official):,} photos, {missing[0]} first"
    else:
        what = f"has {len(extra):,} photos that the official list does not have, {extra[0]} first"
    raise DataError(f"{copy.path} is not the whole Imagewoof v2: it {what}. Get a fresh copy.")


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
        """Yield `(name, bytes)` for each name in `wanted`."""
        for name in wanted:
            try:
                yield name, (self.root / name).read_bytes()
            except OSError as error:
                raise DataError(
                    f"{self.root / name} cannot be read ({error.strerror}). Get a fresh copy."
                ) from error

    def fingerprint(self):
        """Changes when any file is added, removed or written."""
        seen = sorted(
            (p.relative_to(self.root).as_posix(), p.stat().st_size, p.stat().st_mtime_ns)
            for p in self._files()
        )
        return hashlib.sha256(repr(seen).encode()).hexdigest()

    def _files(self):
        return (
            p
            for split in ("train", "val")
            for p in (self.root / split).rglob("*")
            if _is_photo(p.name)
        )


class ArchiveCopy:
    """A `.tgz` (or other tar) with `<any folder>/train/...` and `<any folder>/val/...`."""

    def __init__(self, path):
        self.path = path

    def names(self):
        """Sorted relative paths of the photos."""
        return sorted(name for name, _, _ in self._members())

    def photos(self, wanted):
        """Yield `(name, bytes)` for each name in `wanted`, in the archive's order."""
        wanted = set(wanted)
        for name, tar, member in self._members():
            if name in wanted:
                yield name, tar.extractfile(member).read()

    def fingerprint(self):
        """SHA-256 of the file. DataError where it cannot be read."""
        try:
            with self.path.open("rb") as f:
                return hashlib.file_digest(f, "sha256").hexdigest()
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be read ({error.strerror}). Get a fresh copy."
            ) from error

    def _members(self):
        try:
            with tarfile.open(self.path, "r|*") as tar:
                for member in tar:
                    self._refuse_unsafe(member)
                    if member.isfile() and _is_photo(member.name):
                        yield "/".join(PurePosixPath(member.name).parts[-3:]), tar, member
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise DataError(
                f"{self.path} cannot be read to its end, cut short or damaged ({str(error).rstrip('.')}). Get a fresh copy."
            ) from error

    def _refuse_unsafe(self, member):
        place = PurePosixPath(member.name)
        if place.is_absolute() or ".." in place.parts:
            raise DataError(
                f"{self.path} is refused: its member {member.name!r} points outside the archive. Get a fresh copy."
            )
        if not (member.isfile() or member.isdir()):
            raise DataError(
                f"{self.path} is refused: its member {member.name!r} is a link or a device. Get a fresh copy."
            )
        if member.size > LARGEST_PHOTO:
            raise DataError(
                f"{self.path} is refused: its member {member.name!r} has {member.size:,} bytes. Get a fresh copy."
            )


def _is_photo(name):
    return name.lower().endswith((".jpeg", ".jpg")) and not name.startswith(".")
