"""The study is carried in pieces to a machine without a network.

It begins there once every piece has come undamaged.
"""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "offline_study.sh"
# In place of the real Pythons: one that "downloads" a wheel,
# and one that "installs" it and prints what it would train
DOWNLOADS = """
[ "$1" = - ] && exit
while [ $# -gt 0 ]; do
  [ "$1" = -d ] && echo a wheel > "$2/some.whl"
  shift
done
"""
INSTALLS = """
if [ "$2" = pip ]; then
  mkdir part && cp wheels/some.whl part
else
  wheel=$(cat "${PYTHONPATH%%:*}/some.whl")
  echo "$PWD: $* on $(stat -c %s "$IMAGEWOOF") bytes with $wheel"
fi
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the machines it is for have Linux and GNU's tools"
)


def checkout(folder, python, does):
    for path in (folder / "scripts" / "offline_study.sh", folder / python):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRIPT, folder / "scripts")
    (folder / python).write_text(f"#!/usr/bin/env bash\n{does}\n")
    (folder / python).chmod(0o755)
    return folder


def call(folder, *words, **environment):
    path = f"{folder}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["scripts/offline_study.sh", *words],
        cwd=folder,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout.strip()


def run_with(folder, tmp_path, *files):
    """Run the study where these files, and no others, have come."""
    offline = folder / "build" / "offline"
    shutil.rmtree(offline, ignore_errors=True)
    offline.mkdir(parents=True)
    for file in files:
        shutil.copy(file, offline)
    return call(folder, "run", "gpu", "--only", "3x3", TMPDIR=str(tmp_path))


def test_every_piece_is_small_and_the_study_begins_when_all_are_there(tmp_path):
    photos = tmp_path / "any name.tgz"
    with photos.open("wb") as file:
        file.truncate(100_000_000)
    here = checkout(tmp_path / "here", ".venv/bin/python", DOWNLOADS)
    there = checkout(tmp_path / "there", "python3", INSTALLS)
    assert call(here, "pack", "3.12", "torch", IMAGEWOOF=str(photos))[0] == 0
    *pieces, sums = sorted((here / "build" / "offline").glob("piece*"))
    assert sums.name == "pieces"
    assert len(pieces) == 3
    assert all(piece.stat().st_size < 50_000_000 for piece in pieces)
    bring = partial(run_with, there, tmp_path)
    none = "There is no build/offline/pieces: pack, then copy it here with every piece."
    assert bring() == (1, none)
    assert bring(sums, pieces[2])[1].startswith(
        "Missing or damaged: piece.00 piece.01. Copy to build/offline, "
    )
    damaged = tmp_path / "piece.00"
    damaged.write_bytes(b"half")
    assert "damaged: piece.00 piece.01." in bring(sums, damaged)[1]
    assert "damaged: piece.01." in bring(sums, pieces[0])[1]
    begun = 0, f"{there}: -m lessonlib.study gpu --only 3x3 on 100000000 bytes with a wheel"
    assert bring(sums, pieces[1]) == begun
    (tmp_path / "lesson-offline" / "part").mkdir()  # a kill while it was installed
    shutil.rmtree(tmp_path / "lesson-offline" / "site")
    assert bring() == begun
