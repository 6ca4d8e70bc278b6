"""A download that breaks off, anywhere, resumes and gives the archive of the server, or none."""

import ast
import gzip
import hashlib
import importlib.util
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.error import URLError

import pytest

from helpers.archive_server import serving
from helpers.bad_input import full_disk
from helpers.copies import SMALL, TIER, write_archive
from lessonlib.imagewoof import connections
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.connections import GZIP
from lessonlib.imagewoof.download import Source, download
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import DataError

REPEATS = int(os.environ.get("REPEATS", 3))  # twenty were run once
ARCHIVE = gzip.compress(random.Random(0).randbytes(300_000))
SIZE = len(ARCHIVE)
LOG_IN = b"<html>Please log in</html>"


def kept(folder):
    return sorted(file.name for file in folder.iterdir() if file.name != ".lock")


def test_the_archive_is_recognised_as_fastai_recognises_it():
    checks = Path(importlib.util.find_spec("fastai").origin).parent / "data" / "download_checks.py"
    assert ast.literal_eval(checks.read_text())[imagewoof.ARCHIVE.url] == imagewoof.ARCHIVE[1:]


@pytest.mark.parametrize("seed", range(REPEATS))
@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_taken_up_again(tmp_path, seed, ranges):
    """Cut it at three random places. If the server knows ranges, no byte is sent twice."""
    chance = random.Random(seed)
    with serving(ARCHIVE, ranges) as served:
        served.breaks = sorted(chance.randint(1, SIZE // 4) for _ in range(3))
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
    assert kept(tmp_path) == ["copy.tgz"] and len(served.seen) == 4
    if ranges:
        assert sum(sent for _, sent in served.seen) == SIZE
    else:
        assert {first for first, _ in served.seen} == {0}


LOAD = """
import sys
from pathlib import Path
from lessonlib.imagewoof.download import Source, download
url, size, md5, folder = sys.argv[1:]
download(Source(url, int(size), md5), Path(folder))
"""


def downloading(source, folder):
    """A process that downloads."""
    return subprocess.Popen(
        [sys.executable, "-c", LOAD, *map(str, source), str(folder)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


def wait_for(part, size):
    give_up = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= size) and time.monotonic() < give_up:
        time.sleep(0.005)


@pytest.mark.parametrize("seed", range(REPEATS))
def test_a_process_killed_while_downloading(tmp_path, seed):
    """Another one resumes from the bytes that were there."""
    enough = random.Random(seed).randint(1, SIZE // 2)
    part = tmp_path / "copy.part"
    with serving(ARCHIVE) as served:
        served.slow = 0.02
        process = downloading(served.source, tmp_path)
        wait_for(part, enough)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = part.stat().st_size
        assert enough <= there < SIZE and kept(tmp_path) == ["copy.part"]
        served.slow = 0
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
    assert served.seen[-1] == (there, SIZE - there) and kept(tmp_path) == ["copy.tgz"]


def test_a_server_that_stops_in_the_middle_is_named_and_what_came_is_kept(tmp_path):
    with serving(ARCHIVE) as served:
        served.breaks = [1000, 0]
        with pytest.raises(DataError, match=f"broke off at 1,000 of {SIZE:,} bytes: try again"):
            download(served.source, tmp_path)
        assert kept(tmp_path) == ["copy.part"]
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
        assert served.seen[-1][0] == 1000


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "data, part, md5",
    [
        (flipped(ARCHIVE, 9), None, hashlib.md5(ARCHIVE).hexdigest()),
        (flipped(ARCHIVE, SIZE // 2), None, None),  # as if past the first MiB, which md5 covers
        (flipped(ARCHIVE, SIZE - 6), None, None),
        (ARCHIVE, ARCHIVE + b"more", None),
    ],
    ids=["first byte", "middle", "checksum", "too long"],
)
def test_another_file_of_that_size_is_deleted(tmp_path, data, part, md5):
    """part: what is there of an earlier download; md5: to expect, by default what comes has it."""
    with serving(data) as served:
        source = served.source._replace(md5=md5 or served.source.md5)
        if part:
            (tmp_path / "copy.part").write_bytes(part)
        with pytest.raises(DataError, match="by size or checksum, and was deleted: try") as caught:
            download(source, tmp_path)
        assert kept(tmp_path) == [] and "\n" not in str(caught.value)
        served.data = ARCHIVE
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE


def test_a_log_in_page_in_place_of_the_download_is_not_kept(tmp_path):
    with serving(LOG_IN) as served:
        source = served.source._replace(size=SIZE)
        with pytest.raises(DataError, match="sends 26 bytes and not .* perhaps a log-in page"):
            download(source, tmp_path)
        assert kept(tmp_path) == []


PAGES = [("text/html", LOG_IN), ("text/html", GZIP + LOG_IN), ("application/x-tar", LOG_IN)]


@pytest.mark.parametrize("page", PAGES, ids=["a page", "a packed page", "a page of another type"])
@pytest.mark.parametrize("seed", range(REPEATS))
def test_a_log_in_page_without_a_length_is_never_kept(tmp_path, page, seed):
    """The bytes that are here stay, and after the log-in nothing is sent twice."""
    there = random.Random(seed).choice([0, 1000, SIZE // 2])
    part = tmp_path / "copy.part"
    part.write_bytes(ARCHIVE[:there])
    with serving(ARCHIVE) as served:
        served.page = page
        with pytest.raises(DataError, match="sends a.*, perhaps a log-in page: open it in a bro"):
            download(served.source, tmp_path)
        assert part.read_bytes() == ARCHIVE[:there]
        served.page = None
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
    assert served.seen[-1] == (there, SIZE - there) and len(served.seen) == 2


def test_a_page_kept_by_an_older_lesson_is_not_resumed(tmp_path):
    (tmp_path / "copy.part").write_bytes(LOG_IN)
    with serving(ARCHIVE) as served:
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
    assert served.seen == [(0, SIZE)]


def test_an_answer_that_never_ends_is_left(tmp_path):
    with serving(ARCHIVE + bytes(2**22)) as served:
        served.page = ("application/x-tar", served.data)
        with pytest.raises(DataError, match="is not the archive, by size or checksum"):
            download(served.source._replace(size=SIZE), tmp_path)
    assert kept(tmp_path) == []


@pytest.fixture
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("seed", range(REPEATS))
def test_a_proxy_set_after_the_first_try_is_used(tmp_path, no_proxy, seed):
    """In the same kernel, where only the proxy reaches the host; no byte is sent twice."""
    there = random.Random(seed).randint(0, SIZE - 1)
    (tmp_path / "copy.part").write_bytes(ARCHIVE[:there])
    with serving(ARCHIVE) as proxy:
        source = proxy.source._replace(url="http://photos.invalid/copy.tgz")
        with pytest.raises(DataError, match="photos.invalid.* cannot be reached .*connection"):
            download(source, tmp_path)
        assert proxy.seen == []
        no_proxy.setenv("http_proxy", proxy.url.removesuffix("/copy.tgz"))
        assert download(source, tmp_path).read_bytes() == ARCHIVE
    assert proxy.seen == [(there, SIZE - there)]


def test_a_proxy_that_refuses_is_named_and_its_password_is_not(tmp_path, no_proxy):
    with serving(ARCHIVE) as proxy:
        proxy.refuses = 407
        place = proxy.url.removeprefix("http://").removesuffix("/copy.tgz")
        no_proxy.setenv("http_proxy", f"http://me:secret@{place}")
        with pytest.raises(DataError, match=f"answers 407 .* through the proxy {place}") as caught:
            download(proxy.source._replace(url="http://photos.invalid/copy.tgz"), tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://.proxy:3128",
        f"http://{'a' * 70}.proxy:3128",
        "http://127.0.0.1:9",
        "127.0.0.1:9",
        "socks5://127.0.0.1:9",
        "http://127.0.0.1:port",
        "http://[::1",
        "http://pro xy:1",
        "//",
        "http://\u2028:1",
    ],
    ids=ascii,
)
def test_an_impossible_proxy_is_one_sentence_and_the_stand_in(tmp_path, no_proxy, capsys, proxy):
    no_proxy.setenv("http_proxy", proxy)
    no_proxy.delenv("IMAGEWOOF", raising=False)
    no_proxy.setenv("LESSON_CACHE", str(tmp_path))
    no_proxy.setenv("FASTAI_HOME", str(tmp_path))
    no_proxy.setattr(imagewoof, "DATA", tmp_path)
    elsewhere = imagewoof.ARCHIVE._replace(url="http://photos.invalid/copy.tgz")
    no_proxy.setattr(imagewoof, "ARCHIVE", elsewhere)
    assert load_photos(replace(TIER, name="cpu", photos=(1, 1)), SMALL).stand_in
    said = capsys.readouterr().out
    assert "photos.invalid/copy.tgz cannot be reached through the proxy" in said
    assert "correct http_proxy and try again" in said


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 999 \r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://.x:abc/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nxxxx",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nxxxx",
    ],
    ids=range(11),
)
def test_an_impossible_answer_is_one_sentence(tmp_path, no_proxy, answer):
    with answering(answer) as url, pytest.raises(DataError) as caught:
        download(Source(url, SIZE, ""), tmp_path)
    assert "\n" not in str(caught.value)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0


@contextmanager
def answering(data):
    """The address of a server that sends these bytes, whatever it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(4096)
                    connection.sendall(data)
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/copy.tgz"
        server.shutdown(socket.SHUT_RDWR)


def test_a_certificate_that_is_not_trusted_names_its_cures(tmp_path, no_proxy):
    def distrusting():
        refused = ssl.SSLCertVerificationError(1, "self-signed certificate in certificate chain")
        return SimpleNamespace(open=Mock(side_effect=URLError(refused)))

    no_proxy.setattr(connections, "build_opener", distrusting)
    with pytest.raises(DataError) as caught:
        download(imagewoof.ARCHIVE, tmp_path)
    for words in ("self-signed", "Install Certificates.command", "SSL_CERT_FILE", "IMAGEWOOF"):
        assert words in str(caught.value)


def test_a_server_without_the_file_and_one_whose_file_is_shorter(tmp_path):
    with serving(ARCHIVE[:500]) as served:
        (tmp_path / "copy.part").write_bytes(ARCHIVE[:600])
        with pytest.raises(DataError, match=r"answers 416 .*: try again, or set IMAGEWOOF"):
            download(served.source._replace(size=SIZE), tmp_path)
        assert kept(tmp_path) == []


def test_a_full_disk_while_downloading_keeps_what_came(tmp_path):
    sentence = "copy.part cannot be written .*: make room, or set LESSON_CACHE"
    with serving(ARCHIVE) as served:
        with full_disk(2000), pytest.raises(DataError, match=sentence):
            download(served.source, tmp_path)
        assert (tmp_path / "copy.part").stat().st_size == 2000
        assert download(served.source, tmp_path).read_bytes() == ARCHIVE
        assert served.seen[-1][0] == 2000


def test_two_at_once_download_once(tmp_path, capsys):
    with serving(ARCHIVE) as served:
        served.slow = 0.01
        both = [threading.Thread(target=download, args=[served.source, tmp_path]) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert served.seen == [(0, SIZE)] and kept(tmp_path) == ["copy.tgz"]
    assert "Another kernel is at work" in capsys.readouterr().out


def test_the_photos_come_from_the_download(tmp_path, monkeypatch, capsys):
    """After a start that failed, and with the stand-in meanwhile."""
    monkeypatch.delenv("IMAGEWOOF", raising=False)
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path))
    monkeypatch.setenv("FASTAI_HOME", str(tmp_path))
    monkeypatch.setattr(imagewoof, "DATA", tmp_path)
    with serving(write_archive(tmp_path / "theirs.tgz").read_bytes()) as served:
        monkeypatch.setattr(imagewoof, "ARCHIVE", served.source)
        served.breaks = [1000, 0]
        assert load_photos(replace(TIER, name="cpu", photos=(1, 1)), SMALL).stand_in
        said = capsys.readouterr().out
        assert "could not be downloaded: http" in said and "STAND-IN" in said
        photos = load_photos(replace(TIER, name="cpu"), SMALL)
    assert not photos.stand_in and len(photos.train.labels) == 20
    assert served.seen[-1][0] == 1000
