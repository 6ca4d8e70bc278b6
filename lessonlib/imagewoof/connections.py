"""One answer of a server, through the proxy of the moment, and whether it can be the archive."""

import ssl
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, build_opener, getproxies, proxy_bypass

from lessonlib.imagewoof.members import DataError

__all__ = ["GZIP", "TooShort", "answer_from", "pieces_of"]

TIMEOUT = 10  # seconds without a byte before a connection is given up
GZIP = b"\x1f\x8b"  # the first bytes of every archive, and of no page
ELSEWHERE = "or set IMAGEWOOF to a copy."


class TooShort(DataError):
    """The server's file ends before what is here."""


def answer_from(source, have):
    """The server's answer to a request for what is missing of a `download.Source`.

    have: the bytes that are here. 206 and the rest, or 200 and everything from the start.
    Raises DataError if there is none, or if it cannot be the archive, as the page of a log-in.
    """
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        # a new opener each time: a proxy may have been set since the last
        answer = build_opener().open(Request(source.url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        kind = TooShort if error.code == 416 else DataError
        raise kind(
            f"{source.url} answers {error.code} ({error.reason}){_way(source)}: "
            f"try again, {ELSEWHERE}"
        ) from error
    except (OSError, HTTPException, ValueError) as error:  # ValueError: no host has such a name
        why = getattr(error, "reason", error)
        said = " ".join(str(why).split()) or type(why).__name__  # it may be what the server sent
        raise DataError(
            f"{source.url} cannot be reached{_way(source)} ({said}), {have:,} bytes are here: "
            f"{_cure(source, why)}"
        ) from error
    fault = _fault(answer, source, have)
    if fault:
        answer.close()
        raise _no_archive(source, fault)
    return answer


def pieces_of(answer, source):
    """What comes in the answer, piece by piece, until its end or until the connection breaks.

    DataError, before the first piece, for what is no archive but comes from the start.
    """
    try:
        piece = answer.read(len(GZIP))
        if answer.status != 206 and not GZIP.startswith(piece):
            raise _no_archive(source, "another file")
        while piece:
            yield piece
            piece = answer.read1(2**16)
    except (OSError, HTTPException):
        pass  # broken off: the next connection resumes from here


def _fault(answer, source, have):
    """What an answer sends in place of the archive, by its headers; None if it may be that."""
    stated = answer.headers.get("Content-Range", "")
    first = stated.removeprefix("bytes ").partition("-")[0]
    length = stated.rpartition("/")[2] or answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != source.size:
        return f"{int(length):,} bytes and not {source.size:,}"
    if answer.headers.get_content_type() == "text/html":
        return "a page"
    if answer.status == 206 and first.isdecimal() and int(first) != have:
        return "another part of the archive"
    return None


def _no_archive(source, what):
    return DataError(
        f"{source.url} sends {what}, perhaps a log-in page{_way(source)}: "
        f"open it in a browser, {ELSEWHERE}"
    )


def _way(source):
    proxy = _proxy(source)
    return f" through the proxy {proxy}" if proxy else ""


def _proxy(source):
    """The proxy between here and the server, without its password; None if there is none."""
    place = urlsplit(source.url)
    proxy = getproxies().get(place.scheme)
    return proxy.rpartition("@")[2] if proxy and not proxy_bypass(place.hostname) else None


def _cure(source, why):
    if isinstance(why, ssl.SSLCertVerificationError):
        return (
            "on macOS run Install Certificates.command, behind a firm's proxy set SSL_CERT_FILE to "
            f"its authority, {ELSEWHERE}"
        )
    if _proxy(source):
        return f"correct {urlsplit(source.url).scheme}_proxy and try again, {ELSEWHERE}"
    return "check the connection and try again."
