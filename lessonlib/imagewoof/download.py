"""Download one large archive, once.

A download that breaks off resumes where it stopped, and only the right file is kept.
"""

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

TIMEOUT = 10  # seconds without a byte before a connection is given up
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
        resumes = answer.status == 206
        with part.open("ab" if resumes else "wb") as file:
            bar.update(file.tell() - bar.n)
            for piece in _pieces(answer):
                file.write(piece)
                bar.update(len(piece))


def _answer(source, part, have):
    """The server's answer to a request for what is missing.

    206 and the rest, or 200 and everything from the start.
    """
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        answer = urlopen(Request(source.url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code == 416:  # the server's file ends before ours
            part.unlink()
        raise DataError(
            f"{source.url} answers {error.code} ({error.reason}): "
            "try again, or set IMAGEWOOF to a copy."
        ) from error
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", error)
        raise DataError(
            f"{source.url} cannot be reached ({why}), {have:,} bytes are here: "
            "check the connection and try again."
        ) from error
    sent = _full_length(answer.headers)
    if sent not in (None, source.size):
        answer.close()
        raise DataError(
            f"{source.url} sends {sent:,} bytes and not {source.size:,}, perhaps a log-in page: "
            "open it in a browser, or set IMAGEWOOF to a copy."
        )
    return answer


def _full_length(headers):
    """Bytes of the whole file as the server states them; None if it does not."""
    stated = headers.get("Content-Range", "").rpartition("/")[2] or headers.get(
        "Content-Length", ""
    )
    return int(stated) if stated.isdigit() else None


def _pieces(answer):
    try:
        while piece := answer.read1(2**16):
            yield piece
    except (OSError, HTTPException):
        pass  # broken off: the next connection resumes from here


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


def _size(part):
    return part.stat().st_size if part.exists() else 0
