"""Download one large archive, once.

A download that breaks off resumes where it stopped, and only the right file is kept.
"""

import gzip
import hashlib
import zlib
from typing import NamedTuple

from tqdm import tqdm

from lessonlib.imagewoof.connections import GZIP, TooShort, answer_from, pieces_of
from lessonlib.imagewoof.members import DataError
from lessonlib.paths import hold_folder

__all__ = ["Source", "download"]

MIB = 2**20


class Source(NamedTuple):
    """Where a `.tgz` is, and how it is recognised.

    size: its bytes; md5: of its first MiB, in hex. These two are what fastai checks; the checksum
    inside the gzip format covers the rest.
    """

    url: str
    size: int
    md5: str

    @property
    def name(self):
        """The file name, the last part of the address."""
        return self.url.rpartition("/")[2]


def download(source, folder):
    """The path of the archive in `folder`, downloaded if it is not there yet.

    Processes that share the folder wait for each other. What has arrived is kept in a `.part` file,
    and any later call resumes from there if the server can (HTTP Range).
    Raises DataError if the archive cannot be fetched or written, or if what arrived is not the
    archive, which is then deleted.
    """
    target = folder / source.name
    part = target.with_suffix(".part")
    try:
        if not target.exists():
            with hold_folder(folder):
                if not target.exists():  # no other process was faster
                    _fetch(source, part)
                    _check(source, part)
                    part.replace(target)
    except OSError as error:
        raise DataError(
            f"{part} cannot be written ({error.strerror}): "
            "make room, or set LESSON_CACHE to another folder."
        ) from error
    return target


def _fetch(source, part):
    """Connect again and again, as long as each connection brings something."""
    _forget_another(part)
    have = _size(part)
    before = -1
    print(f"Downloading {source.url}" + (f", from byte {have:,} on" if have else ""))
    with tqdm(total=source.size, unit="B", unit_scale=True, leave=False) as bar:
        while before < have < source.size:
            _append(source, part, have, bar)
            before = have
            have = _size(part)
    if have < source.size:
        raise DataError(
            f"{source.url} broke off at {have:,} of {source.size:,} bytes: "
            "try again, it resumes from there."
        )


def _append(source, part, have, bar):
    with _answer(source, part, have) as answer:
        pieces = pieces_of(answer, source)
        piece = next(pieces, b"")  # before the file is opened, and emptied if it starts anew
        with part.open("ab" if answer.status == 206 or not piece else "wb") as file:
            bar.update(file.tell() - bar.n)
            while piece and file.tell() <= source.size:  # else it never ends
                file.write(piece)
                bar.update(len(piece))
                piece = next(pieces, b"")


def _answer(source, part, have):
    try:
        return answer_from(source, have)
    except TooShort:
        part.unlink()
        raise


def _check(source, part):
    """Delete what is not the archive, and raise DataError."""
    if not _is_archive(source, part):
        part.unlink()
        raise DataError(
            f"What came from {source.url} is not the archive, by size or checksum, "
            "and was deleted: try again, or set IMAGEWOOF to a copy."
        )


def _is_archive(source, part):
    if part.stat().st_size != source.size:
        return False
    with part.open("rb") as file:
        if hashlib.md5(file.read(MIB)).hexdigest() != source.md5:
            return False
    try:
        with gzip.open(part) as file:
            while file.read(MIB):  # as far as the checksum at its end
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return False
    return True


def _forget_another(part):
    """Delete what cannot be the beginning of an archive."""
    if _size(part):
        with part.open("rb") as file:
            if file.read(len(GZIP)) != GZIP[: _size(part)]:
                part.unlink()


def _size(part):
    return part.stat().st_size if part.exists() else 0
