"""The cache of decoded photos: two kernels at once, a kill, a full disk, a damaged file; it is whole or it is not believed."""

import errno
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from helpers.copies import SMALL, TIER, halves, write_folder
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.photos import load_photos

REPEATS = 2  # twenty were done once, by python tests/test_cache.py 20

# Loads the copy, slower by so many seconds a photo, and writes what it got and how many photos it decoded itself.
LOAD = """
import sys, time
import numpy as np
from lessonlib.imagewoof import photos as imagewoof
from helpers.copies import SMALL, TIER, halves
slow, squeezed, mine = float(sys.argv[2]), imagewoof._squeezed, []
def slower(*photo):
    mine.append(time.sleep(slow))
    return squeezed(*photo)
imagewoof._squeezed = slower
print("begins", flush=True)
photos = imagewoof.load_photos(TIER, SMALL)
np.savez(sys.argv[1], *halves(photos), decoded=len(mine))
"""


@pytest.fixture
def copy(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    return tmp_path


def start(folder, name, slow):
    places = {"IMAGEWOOF": str(folder / "copy"), "LESSON_CACHE": str(folder / "cache")}
    path = os.pathsep.join(map(str, (Path(__file__).parents[2], Path(__file__).parents[1])))
    process = subprocess.Popen(
        [sys.executable, "-c", LOAD, str(folder / name), str(slow)],
        env=os.environ | places | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout.readline() == "begins\n"  # its imports are done
    return process


def left(folder):
    return sorted(file.name for file in (folder / "cache").iterdir() if file.name != ".lock")


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other))


def two_at_once(folder, seed):
    """Both get the right photos, and each photo is decoded once."""
    write_folder(folder / "copy")
    both = [start(folder, f"{seed}-{i}.npz", slow=0.01) for i in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    found = [np.load(folder / f"{seed}-{i}.npz") for i in range(2)]
    assert sorted(int(one["decoded"]) for one in found) == [0, len(SMALL)]
    right = halves(
        imagewoof._as_photos(
            imagewoof._in_memory(imagewoof.open_copy(folder / "copy"), list(SMALL), 24), "0" * 16
        )
    )
    assert (
        all(same([one[f"arr_{i}"] for i in range(6)], right) for one in found)
        and len(left(folder)) == 1
    )


def killed_then_whole(folder, seed):
    """Kill one in the middle of decoding: nothing that it leaves is believed, and the next one gets the right photos."""
    write_folder(folder / "copy")
    process = start(folder, "killed.npz", slow=0.01)
    making, give_up = folder / "cache" / ".making", time.monotonic() + 30
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
def test_kernels_beside_and_after_one_another(tmp_path, play, seed):
    play(tmp_path, seed)


@pytest.mark.parametrize("room", [0, 1000, 50_000])  # the whole array has 69,120 bytes
def test_a_full_disk_while_decoding_means_memory_and_leaves_nothing(copy, capsys, room):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        photos = load_photos(TIER, SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Photos stay in memory" in (said := capsys.readouterr().out) and said.count("\n") == 1
    assert left(copy) == []
    assert same(halves(photos), halves(load_photos(TIER, SMALL))) and len(left(copy)) == 1


def test_no_space_on_a_real_file_system(copy, tmp_path, monkeypatch, capsys):
    """A mapped file would end the process with a bus error here, a written one gives an error."""
    (tmp_path / "small").mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "small", tmp_path / "small"], capture_output=True
    ).returncode:
        pytest.skip("mounts need root")
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "small"))
    try:
        assert len(load_photos(TIER, SMALL).train.labels) == 20
        said = capsys.readouterr().out
        assert os.strerror(errno.ENOSPC) in said and "set LESSON_CACHE elsewhere." in said
    finally:
        subprocess.run(["umount", tmp_path / "small"], check=True)


def test_a_read_only_cache_means_memory_and_a_filled_one_is_used(copy, capsys, monkeypatch):
    with tempfile.TemporaryDirectory() as cache, monkeypatch.context() as patch:
        patch.setenv("LESSON_CACHE", cache)
        copy.joinpath("cache").symlink_to(cache)
        with read_only(cache):
            first = load_photos(TIER, SMALL)
        assert (
            f"{cache} cannot be written (Permission denied): set LESSON_CACHE elsewhere."
            in capsys.readouterr().out
        )
        assert left(copy) == []
        load_photos(TIER, SMALL)
        patch.setattr(imagewoof, "_decode", None)  # would raise if it were called
        with read_only(cache):
            assert same(halves(first), halves(load_photos(TIER, SMALL)))


@contextmanager
def read_only(folder):
    """Nobody may write into it, and we are nobody: what root may not do cannot be tried otherwise."""
    root = os.geteuid() == 0
    above = [
        p
        for p in Path(os.environ["IMAGEWOOF"]).parents
        if root and stat.S_IMODE(p.stat().st_mode) == 0o700
    ]
    for p in above:
        p.chmod(0o755)
    os.chmod(folder, 0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        os.chmod(folder, 0o755)
        for p in above:
            p.chmod(0o700)


@pytest.mark.parametrize("name, damage", [
    ("images.npy", lambda data: data[:-100]),
    ("images.npy", lambda data: b""),
    ("images.npy", lambda data: b"no array" + data[8:]),
    ("about.json", lambda data: data[:30]),
    ("about.json", lambda data: b"[]"),
    ("about.json", lambda data: data.replace(b"aspects", b"unknown")),
])  # fmt: skip
def test_a_damaged_cache_is_named_and_made_anew(copy, capsys, name, damage):
    right = [half.copy() for half in halves(load_photos(TIER, SMALL))]
    [folder] = left(copy)
    file = copy / "cache" / folder / name
    file.write_bytes(damage(file.read_bytes()))
    assert same(right, halves(load_photos(TIER, SMALL)))
    assert f"{folder} is damaged: decoding its photos anew." in capsys.readouterr().out
    load_photos(TIER, SMALL)
    assert capsys.readouterr().out == "" and left(copy) == [folder]


if __name__ == "__main__":
    for play in (two_at_once, killed_then_whole):
        for seed in range(int(sys.argv[1])):
            with tempfile.TemporaryDirectory() as place:
                play(Path(place), seed)
        print(f"{play.__name__}: {int(sys.argv[1])} of {sys.argv[1]}", flush=True)
