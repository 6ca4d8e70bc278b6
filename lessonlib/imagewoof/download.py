"""Fetch one large archive once: a download that breaks off goes on where it stopped, and only the right file is kept."""

import gzip
import hashlib
import zlib
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

from lessonlib.imagewoof.sources import DataError
from lessonlib.paths import hold_folder

__all__ = ["Source", "download"]

PATIENCE = 10  # seconds without a byte before a connection is given up


class Source(NamedTuple):
    """Where a `.tgz` is to be had, and how it is known again: its bytes, and the MD5 of its first MiB.

    These two are what fastai checks; the checksum inside the gzip format covers the rest.
    """

    url: str
    size: int
    md5: str

    @property
    def name(self):
        """The file's, the last part of the address."""
        return self.url.rpartition("/")[2]


def download(source, folder):
    """The archive in `folder`, fetched if it is not there yet: its path. Kernels that share the folder wait for each other.

    What has come is kept in a `.part` file, and any later call goes on from there, if the server can (HTTP Range).
    Raises DataError where it cannot be fetched or written, or is another file than it should be, which is deleted.
    """
    target = folder / source.name
    part = target.with_suffix(".part")
    try:
        if not target.exists():
            with hold_folder(folder):
                if not target.exists():
                    _fetch(source, part)
                    _check(source, part)
                    part.replace(target)
    except OSError as error:
        raise DataError(
            f"{part} cannot be written ({error.strerror}): make room, or set LESSON_CACHE elsewhere."
        ) from error
    return target


def _fetch(source, part):
    """Connect again and again, as long as each connection brings something."""
    before, have = -1, _size(part)
    print(f"Downloading {source.url}" + (f", from byte {have:,} on" if have else ""))
    with tqdm(total=source.size, unit="B", unit_scale=True, leave=False) as bar:
        while before < have < source.size:
            _append(source, part, have, bar)
            before, have = have, _size(part)
    if have < source.size:
        raise DataError(
            f"{source.url} broke off at {have:,} of {source.size:,} bytes: try again, it goes on from there."
        )


def _append(source, part, have, bar):
    with (
        _answer(source, part, have) as answer,
        part.open("ab" if answer.status == 206 else "wb") as file,
    ):
        bar.update(file.tell() - bar.n)
        for piece in _pieces(answer):
            file.write(piece)
            bar.update(len(piece))


def _answer(source, part, have):
    """The server's answer to a request for what is missing: 206 and the rest, or 200 and all from the start."""
    try:
        answer = urlopen(
            Request(source.url, headers={"Range": f"bytes={have}-"} if have else {}),
            timeout=PATIENCE,
        )
    except HTTPError as error:
        if error.code == 416:  # the server's file ends before ours
            part.unlink()
        raise DataError(
            f"{source.url} answers {error.code} ({error.reason}): try again, or set IMAGEWOOF to a copy."
        ) from error
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", error)
        raise DataError(
            f"{source.url} cannot be reached ({why}), {have:,} bytes are here: look to the connection and try again."
        ) from error
    length = answer.headers.get("Content-Range", "").rpartition("/")[2] or answer.headers.get(
        "Content-Length", ""
    )
    if length.isdigit() and int(length) != source.size:
        answer.close()
        raise DataError(
            f"{source.url} sends {int(length):,} bytes and not {source.size:,}, perhaps a log-in page: "
            "open it in a browser, or set IMAGEWOOF to a copy."
        )
    return answer


def _pieces(answer):
    try:
        while piece := answer.read1(2**16):
            yield piece
    except (OSError, HTTPException):
        pass  # broken off: the next connection goes on from here


def _check(source, part):
    """Delete what is not the archive, and raise DataError."""
    try:
        with part.open("rb") as file:
            right = (
                part.stat().st_size == source.size
                and hashlib.md5(file.read(2**20)).hexdigest() == source.md5
            )
        with gzip.open(part) as file:
            while right and file.read(2**20):  # to the checksum at its end
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error):
        right = False
    if not right:
        part.unlink()
        raise DataError(
            f"What came from {source.url} is not the archive that it should be, by size or checksum, and was deleted: "
            "try again, or set IMAGEWOOF to a copy."
        )


def _size(part):
    return part.stat().st_size if part.exists() else 0
