"""A copy of the photos that is a `.tgz` or another tar.

It is read member by member and never unpacked, so nothing in it can write anywhere; read to its
end, where the checksum is; and with bounds, so that nothing in it fills the memory.
"""

import bz2
import gzip
import lzma
import tarfile
import zlib
from functools import cached_property
from pathlib import PurePosixPath

from lessonlib.imagewoof.folders import status
from lessonlib.imagewoof.members import LARGEST_PHOTO, MOST_PHOTOS, DataError, is_photo, shown

__all__ = ["ArchiveCopy"]

LONGEST_HEADER = 2**16  # bytes of a long name or of pax records
LARGEST_ARCHIVE = 4 * 2**30  # bytes, unpacked; the photos in full size have 1.3 GB
PIECE = 2**20

# by their first bytes; each compares a checksum of what it has unpacked
COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}


class ArchiveCopy:
    """A tar with `<any folder>/train/...` and `<any folder>/val/...`."""

    def __init__(self, path):
        self.path = path

    def names(self):
        """Sorted relative paths of the photos. DataError as for `photos`."""
        return self._names

    @cached_property
    def _names(self):
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
        return "-".join(map(str, status(self.path)))

    def _members(self):
        """(name, tar, member) of each photo."""
        try:
            with (
                _unpacked(self.path) as stream,
                tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as tar,
            ):
                unpacked = 0
                for count, member in enumerate(tar):
                    unpacked += member.size
                    _refuse(member, count, unpacked)
                    parts = PurePosixPath(member.name).parts[-3:]
                    if member.isfile() and is_photo(parts):
                        yield "/".join(parts), tar, member
                _read_to_the_end(stream)
        except _Refused as fault:
            raise DataError(f"{shown(self.path)} is refused: {fault}") from None
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            why = str(error).rstrip(".")
            raise DataError(
                f"{shown(self.path)} cannot be read to its end, cut short or damaged ({why}). "
                "Get a fresh copy."
            ) from error


class _Refused(Exception):
    """What is wrong with an archive, and what to do."""


class _Member(tarfile.TarInfo):
    """A member whose header is refused before it is read, if it is a long one."""

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        member = super().frombuf(buf, encoding, errors)
        if member.type not in tarfile.REGULAR_TYPES and member.size > LONGEST_HEADER:
            raise _Refused(f"a header in it has {member.size:,} bytes. Get a fresh copy.")
        return member


def _unpacked(path):
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"PK"):
        raise _Refused("it is a zip. Unpack it, and set IMAGEWOOF to the folder.")
    for magic, opened in COMPRESSED.items():
        if start.startswith(magic):
            return opened(path)
    return path.open("rb")


def _refuse(member, count, unpacked):
    """Raise _Refused for a member that is unsafe, too large, or one too many."""
    place = PurePosixPath(member.name)
    cure = "Get a fresh copy."
    if place.is_absolute() or ".." in place.parts:
        fault = "points outside the archive"
    elif member.issym() or member.islnk():
        fault = "is a link"
        cure = "Unpack it, and set IMAGEWOOF to the folder."
    elif not (member.isfile() or member.isdir()):
        fault = "is no file"
    elif member.size > LARGEST_PHOTO or unpacked > LARGEST_ARCHIVE:
        fault = f"has {member.size:,} bytes, {unpacked:,} with those before it"
    elif count > MOST_PHOTOS:
        fault = f"is number {count:,}, too many for Imagewoof"
    else:
        return
    raise _Refused(f"its member {member.name!r} {fault}. {cure}")


def _read_to_the_end(stream):
    """Only there is the checksum."""
    for _ in range(LARGEST_ARCHIVE // PIECE):
        if not stream.read(PIECE):
            return
    raise _Refused("it goes on after its last member. Get a fresh copy.")
