"""The cache of decoded photos is whole, or it is not believed.

Tried with two processes at once, a kill, a full disk and damaged files.
"""

import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from helpers.bad_input import full_disk
from helpers.copies import SMALL, TIER, halves, write_folder
from helpers.other_user import mode_of, other_user
from lessonlib.imagewoof import cache
from lessonlib.imagewoof.cache import _in_memory
from lessonlib.imagewoof.photos import _as_photos, load_photos
from lessonlib.imagewoof.sources import open_copy

REPEATS = int(os.environ.get("REPEATS", 2))  # twenty were run once

# Loads the copy, with a pause before each photo, and writes what it got and how many it decoded.
LOAD = """
import sys, time
import numpy as np
from helpers.copies import SMALL, TIER, halves
from lessonlib.imagewoof import cache
from lessonlib.imagewoof.photos import load_photos
pause = float(sys.argv[2])
squeezed = cache._squeezed
mine = []
def slower(*photo):
    mine.append(time.sleep(pause))
    return squeezed(*photo)
cache._squeezed = slower
print("begins", flush=True)
photos = load_photos(TIER, SMALL)
np.savez(sys.argv[1], *halves(photos), decoded=len(mine))
"""


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    return tmp_path


def start(folder, name):
    places = {"IMAGEWOOF": str(folder / "copy"), "LESSON_CACHE": str(folder / "cache")}
    path = os.pathsep.join(map(str, (Path(__file__).parents[2], Path(__file__).parents[1])))
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(folder / name), "0.01"],
        env=os.environ | places | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout.readline() == "begins\n"  # its imports are done
    return process


def left(folder):
    beside = {".lock", "digests.json"}
    return sorted(file.name for file in (folder / "cache").iterdir() if file.name not in beside)


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other))


def two_at_once(folder, seed):
    """Both get the right photos, and each photo is decoded once."""
    write_folder(folder / "copy")
    names = [f"{seed}-{i}.npz" for i in range(2)]
    both = [start(folder, name) for name in names]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    found = [np.load(folder / name) for name in names]
    assert sorted(int(one["decoded"]) for one in found) == [0, len(SMALL)]
    decoded = _in_memory(open_copy(folder / "copy"), list(SMALL), 24)
    right = halves(_as_photos(decoded, "0" * 16))
    for one in found:
        assert same([one[f"arr_{i}"] for i in range(6)], right)
    assert len(left(folder)) == 1


def killed_then_whole(folder, seed):
    """Kill one while it decodes: what it leaves is not believed, and the next one is right."""
    write_folder(folder / "copy")
    process = start(folder, "killed.npz")
    making = folder / "cache" / ".making"
    give_up = time.monotonic() + 30
    while not making.exists() and time.monotonic() < give_up:
        time.sleep(0.002)
    time.sleep(random.Random(seed).uniform(0, 0.35))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert left(folder) == [".making"]
    two_at_once(folder, seed)


@pytest.mark.parametrize("seed", range(REPEATS))
@pytest.mark.parametrize("play", [two_at_once, killed_then_whole])
def test_processes_beside_and_after_one_another(tmp_path, play, seed):
    play(tmp_path, seed)


@pytest.mark.parametrize("room", [0, 1000, 50_000])  # the whole array has 69,120 bytes
def test_a_full_disk_while_decoding_means_memory_and_leaves_nothing(copy, capsys, room):
    with full_disk(room):
        photos = load_photos(TIER, SMALL)
    said = capsys.readouterr().out
    assert "Photos stay in memory" in said and said.count("\n") == 1
    assert left(copy) == []
    assert same(halves(photos), halves(load_photos(TIER, SMALL)))
    assert len(left(copy)) == 1


def test_no_space_on_a_real_file_system(copy, tmp_path, monkeypatch, capsys):
    """A mapped file would end the process with a bus error here, a written one gives an error."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "small", small]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounts need root")
    monkeypatch.setenv("LESSON_CACHE", str(small))
    try:
        assert len(load_photos(TIER, SMALL).train.labels) == 20
        said = capsys.readouterr().out
        assert os.strerror(errno.ENOSPC) in said
        assert "set LESSON_CACHE to another folder." in said
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_read_only_cache_means_memory_and_a_filled_one_is_used(copy, capsys, monkeypatch):
    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as patch:
        patch.setenv("LESSON_CACHE", folder)
        copy.joinpath("cache").symlink_to(folder)
        with read_only(Path(folder)):
            first = load_photos(TIER, SMALL)
        sentence = f"{folder} cannot be written (Permission denied): set LESSON_CACHE to another"
        assert sentence in capsys.readouterr().out
        assert left(copy) == []
        load_photos(TIER, SMALL)
        patch.setattr(cache, "_decode", None)  # would raise if it were called
        with read_only(Path(folder)):
            assert same(halves(first), halves(load_photos(TIER, SMALL)))


@contextmanager
def read_only(folder):
    """Nobody may write into `folder`."""
    with mode_of(folder, 0o555), other_user(Path(os.environ["IMAGEWOOF"])):
        yield


@pytest.mark.parametrize(
    "name, damage",
    [
        ("images.npy", lambda data: data[:-100]),
        ("images.npy", lambda data: b""),
        ("images.npy", lambda data: b"no array" + data[8:]),
        ("about.json", lambda data: data[:30]),
        ("about.json", lambda data: b"[]"),
        ("about.json", lambda data: data.replace(b"aspects", b"unknown")),
        ("about.json", lambda data: data.replace(b"1.33", b"1.34", 1)),
        ("about.json", lambda data: data.replace(b"_1.JPEG", b"_3.JPEG", 1)),
        ("images.npy", lambda data: data[:40_000] + bytes([data[40_000] ^ 1]) + data[40_001:]),
    ],
)
def test_a_damaged_cache_is_named_and_made_anew(copy, capsys, name, damage):
    right = [half.copy() for half in halves(load_photos(TIER, SMALL))]
    [folder] = left(copy)
    file = copy / "cache" / folder / name
    file.write_bytes(damage(file.read_bytes()))
    assert same(right, halves(load_photos(TIER, SMALL)))
    assert f"{folder} is damaged, or of an older lesson: decoding" in capsys.readouterr().out
    load_photos(TIER, SMALL)
    assert capsys.readouterr().out == ""
    assert left(copy) == [folder]
