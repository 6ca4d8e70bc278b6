"""The offline study arrives in pieces, and begins once all of them are there and whole."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "offline_study.sh"
# Instead of the real Pythons: one "downloads" a wheel, one "installs" it and prints what it trains
DOWNLOADS = """[ "$1" = - ] || while [ $# -gt 0 ]; do
  [ "$1" = -d ] && echo a wheel > "$2/some.whl"; shift
done"""
INSTALLS = """if [ "$2" = pip ]; then mkdir part && cp wheels/some.whl part; exit; fi
echo "$PWD: $* on $(stat -c %s "$IMAGEWOOF") bytes with $(cat "${PYTHONPATH%%:*}/some.whl")"
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux and the GNU tools")


def checkout(folder, python, does):
    for path in (folder / "scripts", (folder / python).parent):
        path.mkdir(parents=True, exist_ok=True)
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


def test_every_piece_is_small_and_the_study_begins_when_all_are_there(tmp_path):
    photos = tmp_path / "any name.tgz"
    with photos.open("wb") as file:
        file.truncate(100_000_000)
    here = checkout(tmp_path / "here", ".venv/bin/python", DOWNLOADS)
    there = checkout(tmp_path / "there", "python3", INSTALLS)
    assert call(here, "pack", "3.12", "torch", IMAGEWOOF=str(photos))[0] == 0
    *pieces, sums = sorted((here / "build" / "offline").glob("piece*"))
    assert sums.name == "pieces" and len(pieces) == 3
    assert max(piece.stat().st_size for piece in pieces) < 50_000_000

    def bring(*files):
        kept = there / "build" / "offline"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for file in files:
            shutil.copy(file, kept)
        return call(there, "run", "gpu", "--only", "3x3", TMPDIR=str(tmp_path))

    nothing = "There is no build/offline/pieces: pack, then copy it here with every piece."
    assert bring() == (1, nothing)
    assert bring(sums, pieces[2])[1] == (
        "Missing or damaged: piece.00 piece.01. Copy to build/offline, then run again."
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
