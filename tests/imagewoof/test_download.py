"""A download that breaks off, anywhere, goes on and gives the archive that the server has, or none."""

import ast
import gzip
import hashlib
import importlib.util
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from helpers.copies import SMALL, TIER, write_archive
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.download import Source, download
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import DataError

REPEATS = 3  # twenty were done once, by python tests/test_download.py 20
NOISE = gzip.compress(random.Random(0).randbytes(300_000))


class Served:
    """A file on a server of this machine. breaks: after so many bytes each of the next connections is cut.

    seen: (first byte, bytes sent) of every answer; slow: seconds before each 4 KiB.
    """

    def __init__(self, data, ranges=True):
        self.data, self.ranges, self.breaks, self.seen, self.slow = data, ranges, [], [], 0

    @property
    def source(self):
        return Source(self.url, len(self.data), hashlib.md5(self.data[: 2**20]).hexdigest())


@contextmanager
def serving(data, ranges=True):
    served = Served(data, ranges)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range") if served.ranges else None
            first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            if first >= len(served.data):
                return self.send_error(416)
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header(
                    "Content-Range", f"bytes {first}-{len(served.data) - 1}/{len(served.data)}"
                )
            self.send_header("Content-Length", str(len(served.data) - first))
            self.end_headers()
            rest = served.data[first:][: served.breaks.pop(0) if served.breaks else None]
            served.seen.append((first, len(rest)))
            with suppress(ConnectionError):  # of a reader that was killed
                for start in range(0, len(rest), 4096):
                    time.sleep(served.slow)
                    self.wfile.write(rest[start : start + 4096])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_port}/copy.tgz"
        yield served
        server.shutdown()


@pytest.fixture
def archive():
    return NOISE


def test_the_archive_is_known_as_fastai_knows_it():
    checks = Path(importlib.util.find_spec("fastai").origin).parent / "data" / "download_checks.py"
    assert ast.literal_eval(checks.read_text())[imagewoof.ARCHIVE.url] == imagewoof.ARCHIVE[1:]


def kept(folder):
    return sorted(file.name for file in folder.iterdir() if file.name != ".lock")


@pytest.mark.parametrize("seed", range(REPEATS))
@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_taken_up_again(archive, tmp_path, seed, ranges, capsys):
    broken_and_resumed(archive, tmp_path, seed, ranges)


def broken_and_resumed(archive, folder, seed, ranges):
    """Cut the connection a few times at random places; where each byte may be asked for, none is sent twice."""
    chance = random.Random(seed)
    with serving(archive, ranges) as served:
        served.breaks = sorted(chance.randint(1, len(archive) // 4) for _ in range(3))
        assert download(served.source, folder).read_bytes() == archive
    assert kept(folder) == ["copy.tgz"] and len(served.seen) == 4
    assert not ranges or sum(sent for _, sent in served.seen) == len(archive)
    assert ranges or {first for first, _ in served.seen} == {0}


LOAD = """
import sys
from pathlib import Path
from lessonlib.imagewoof.download import Source, download
url, size, md5, folder = sys.argv[1:]
print("begins", flush=True)
download(Source(url, int(size), md5), Path(folder))
"""


@pytest.mark.parametrize("seed", range(REPEATS))
def test_a_kernel_killed_while_downloading(archive, tmp_path, seed):
    killed_and_resumed(archive, tmp_path, seed)


def killed_and_resumed(archive, folder, seed):
    """Kill the process in the middle; another one goes on from the bytes that were there."""
    chance = random.Random(seed)
    with serving(archive) as served:
        served.slow = 0.02
        command = [sys.executable, "-c", LOAD, *map(str, served.source), str(folder)]
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=here()
        )
        enough = chance.randint(1, len(archive) // 2)
        part, give_up = folder / "copy.part", time.monotonic() + 60
        while not (part.exists() and part.stat().st_size >= enough) and time.monotonic() < give_up:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = part.stat().st_size
        assert enough <= there < len(archive) and kept(folder) == ["copy.part"]
        served.slow = 0
        assert download(served.source, folder).read_bytes() == archive
    assert served.seen[-1] == (there, len(archive) - there) and kept(folder) == ["copy.tgz"]


def here():
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_server_that_stops_in_the_middle_is_named_and_what_came_is_kept(archive, tmp_path):
    with serving(archive) as served:
        served.breaks = [1000, 0]
        with pytest.raises(
            DataError, match=f"broke off at 1,000 of {len(archive):,} bytes: try again"
        ):
            download(served.source, tmp_path)
        assert kept(tmp_path) == ["copy.part"]
        assert (
            download(served.source, tmp_path).read_bytes() == archive and served.seen[-1][0] == 1000
        )


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "where", ["first byte", "middle", "checksum", "too long", "part of another"]
)
def test_another_file_of_that_size_is_deleted(archive, tmp_path, where):
    size = len(archive)
    data = {
        "first byte": flipped(archive, 0),
        "middle": flipped(archive, size // 2),
        "checksum": flipped(archive, size - 6),
    }
    with serving(data.get(where, archive)) as served:
        source = served.source._replace(md5=hashlib.md5(archive).hexdigest())
        if where in ("middle", "checksum"):  # past the first MiB, as far as the size is concerned
            source = served.source
        if where == "too long":
            (tmp_path / "copy.part").write_bytes(archive + b"more")
        if where == "part of another":
            (tmp_path / "copy.part").write_bytes(b"<html>Please log in</html>")
        with pytest.raises(
            DataError, match="by size or checksum, and was deleted: try again"
        ) as caught:
            download(source, tmp_path)
        assert kept(tmp_path) == [] and "\n" not in str(caught.value)
        served.data = archive
        assert download(served.source, tmp_path).read_bytes() == archive


def test_a_log_in_page_in_place_of_the_download_is_not_kept(archive, tmp_path):
    with serving(b"<html>Please log in</html>") as served:
        source = served.source._replace(size=len(archive))
        with pytest.raises(DataError, match="sends 26 bytes and not .* perhaps a log-in page"):
            download(source, tmp_path)
        assert kept(tmp_path) == []


def test_a_server_without_the_file_and_one_whose_file_is_shorter(archive, tmp_path):
    with serving(archive[:500]) as served:
        (tmp_path / "copy.part").write_bytes(archive[:600])
        with pytest.raises(DataError, match=r"answers 416 .*: try again, or set IMAGEWOOF"):
            download(served.source._replace(size=len(archive)), tmp_path)
        assert kept(tmp_path) == []


def test_a_full_disk_while_downloading_keeps_what_came(archive, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(archive) as served:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
        try:
            with pytest.raises(
                DataError, match="copy.part cannot be written .*: make room, or set LESSON_CACHE"
            ):
                download(served.source, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (tmp_path / "copy.part").stat().st_size == 2000
        assert (
            download(served.source, tmp_path).read_bytes() == archive and served.seen[-1][0] == 2000
        )


def test_two_kernels_download_once(archive, tmp_path, capsys):
    with serving(archive) as served:
        served.slow = 0.01
        both = [threading.Thread(target=download, args=[served.source, tmp_path]) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert served.seen == [(0, len(archive))] and kept(tmp_path) == ["copy.tgz"]
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
        assert (
            "could not be downloaded: http" in (said := capsys.readouterr().out)
            and "STAND-IN" in said
        )
        photos = load_photos(replace(TIER, name="cpu"), SMALL)
    assert not photos.stand_in and len(photos.train[1]) == 20 and served.seen[-1][0] == 1000


if __name__ == "__main__":
    import tempfile

    def repeated(what, *more):
        for seed in range(int(sys.argv[1])):
            with tempfile.TemporaryDirectory() as folder:
                what(NOISE, Path(folder), seed, *more)
        print(f"{what.__name__}{more or ''}: {int(sys.argv[1])} of {sys.argv[1]}", flush=True)

    repeated(broken_and_resumed, True)
    repeated(broken_and_resumed, False)
    repeated(killed_and_resumed)
