"""A download that breaks off, anywhere, resumes and gives the archive of the server, or none."""

import ast
import gzip
import hashlib
import importlib.util
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.archive_server import serving
from helpers.bad_input import full_disk
from helpers.copies import SMALL, TIER, write_archive
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.download import download
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
        (flipped(ARCHIVE, 0), None, hashlib.md5(ARCHIVE).hexdigest()),
        (flipped(ARCHIVE, SIZE // 2), None, None),  # as if past the first MiB, which md5 covers
        (flipped(ARCHIVE, SIZE - 6), None, None),
        (ARCHIVE, ARCHIVE + b"more", None),
        (ARCHIVE, LOG_IN, None),
    ],
    ids=["first byte", "middle", "checksum", "too long", "part of another"],
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
