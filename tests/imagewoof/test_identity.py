"""The same photos are one data set, decoded once, however they came; others never pass for them."""

import os
import shutil
import tarfile

import pytest

from helpers.copies import SMALL, TIER, jpeg, write_archive, write_folder
from lessonlib.imagewoof import cache as decoded_cache
from lessonlib.imagewoof.identity import content_digest
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import open_copy


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def as_copied(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copied")


def as_touched(folder, tmp_path):
    for path in folder.rglob("*.JPEG"):
        os.utime(path, (1, 1))
    return folder


def as_tgz(folder, tmp_path):
    return write_archive(tmp_path / "photos.tgz")


def as_tar(folder, tmp_path):
    with tarfile.open(tmp_path / "photos.tar", "w") as tar:
        tar.add(folder / "imagewoof2-160", "imagewoof2-160")
    return tmp_path / "photos.tar"


def as_unpacked(folder, tmp_path):
    with tarfile.open(as_tgz(folder, tmp_path)) as tar:
        tar.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


@pytest.mark.parametrize("other", [as_copied, as_touched, as_tgz, as_tar, as_unpacked])
def test_the_same_photos_are_decoded_once_and_are_one_data_set(other, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "copy")
    monkeypatch.setenv("IMAGEWOOF", str(folder))
    first = load_photos(TIER, SMALL)
    monkeypatch.setenv("IMAGEWOOF", str(other(folder, tmp_path)))
    monkeypatch.setattr(decoded_cache, "_decode", None)  # would raise if it were called
    again = load_photos(TIER, SMALL)
    assert (again.source, again.copy) == (first.source, first.copy)


def test_an_archive_with_other_bytes_is_the_same_data_set_and_another_copy(tmp_path, monkeypatch):
    """As fast.ai's own archive beside the one that the runs were recorded with."""
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    first = load_photos(TIER, SMALL)
    other = write_folder(tmp_path / "other")
    for name in SMALL:
        path = other / "imagewoof2-160" / name
        path.write_bytes(jpeg(name) + b"\0")  # after the picture's end
    monkeypatch.setenv("IMAGEWOOF", str(other))
    second = load_photos(TIER, SMALL)
    assert second.source == first.source and second.copy != first.copy


def test_a_photo_changed_with_its_time_set_back_is_noticed(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "copy")
    monkeypatch.setenv("IMAGEWOOF", str(folder))
    before = load_photos(TIER, SMALL).copy
    path = folder / "imagewoof2-160" / SMALL[0]
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as rsync -t and cp -p do
    assert path.stat().st_mtime_ns == stat.st_mtime_ns
    assert load_photos(TIER, SMALL).copy != before


def test_the_digest_is_of_names_and_bytes(tmp_path):
    copy = open_copy(write_folder(tmp_path / "copy"))
    digest = content_digest(copy)
    first, second = (copy.root / name for name in SMALL[:2])
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)  # the same bytes under other names
    assert content_digest(copy) != digest
