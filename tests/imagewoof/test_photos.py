"""Photos: the same from a folder and an archive, decoded once, and what takes their place."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers.copies import SMALL, TIER, halves, jpeg, write_archive, write_folder
from lessonlib.configs import TIERS
from lessonlib.imagewoof import cache as decoded_cache
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.photos import BREEDS, load_photos


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASTAI_HOME", str(tmp_path / "fastai"))
    return tmp_path / "cache"


def load(path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(path))
    return load_photos(TIER, SMALL)


def same(photos, others):
    return all(np.array_equal(a, b) for a, b in zip(halves(photos), halves(others)))


def test_folder_and_archive_give_the_same_photos(cache, tmp_path, monkeypatch):
    from_folder = load(write_folder(tmp_path / "copy"), monkeypatch)
    from_archive = load(write_archive(tmp_path / "copy.tgz"), monkeypatch)
    assert from_folder.train.images.shape == (20, 3, 24, 24) and not from_folder.stand_in
    assert same(from_folder, from_archive)


def test_photos_keep_their_labels_and_aspects(cache, tmp_path, monkeypatch):
    """Every photo has a colour of its own, so a mix-up shows."""
    train = load(write_folder(tmp_path / "copy"), monkeypatch).train
    for image, label, aspect in zip(*train):
        of_its_class = f"train/{list(BREEDS)[label]}/"
        names = [name for name in SMALL if name.startswith(of_its_class)]
        originals = [Image.open(io.BytesIO(jpeg(name))) for name in names]
        colors = [np.asarray(photo)[0, 0].astype(int) for photo in originals]
        assert min(abs(image[:, 12, 12].astype(int) - color).max() for color in colors) <= 2
        assert aspect in {photo.width / photo.height for photo in originals}


def test_the_second_time_nothing_is_decoded(cache, tmp_path, monkeypatch):
    copy = write_folder(tmp_path / "copy")
    first = load(copy, monkeypatch)
    monkeypatch.setattr(decoded_cache, "_decode", None)  # would raise if it were called
    assert same(first, load(copy, monkeypatch))


def test_a_changed_copy_is_decoded_anew(cache, tmp_path, monkeypatch):
    copy = write_folder(tmp_path / "copy")
    before = load(copy, monkeypatch).train.images.copy()
    (copy / "imagewoof2-160" / SMALL[0]).write_bytes(jpeg(SMALL[7]))
    assert not np.array_equal(before, load(copy, monkeypatch).train.images)


def test_a_broken_copy_that_nobody_named_is_passed_over(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("IMAGEWOOF", raising=False)
    monkeypatch.setattr(imagewoof, "DATA", tmp_path)
    write_folder(tmp_path / "fastai" / "data", SMALL[1:])
    assert load_photos(TIERS["test"], SMALL).stand_in
    said = capsys.readouterr().out
    assert "Passed over" in said and "lacks 1 of 40" in said and "STAND-IN" in said


def test_a_cache_that_cannot_be_written_means_memory(cache, tmp_path, monkeypatch, capsys):
    cache.write_text("a file where the folder should be")
    photos = load(write_folder(tmp_path / "copy"), monkeypatch)
    assert photos.train.images.shape == (20, 3, 24, 24)
    assert "stay in memory" in capsys.readouterr().out


def test_without_a_copy_and_a_network_the_stand_in_says_so(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("IMAGEWOOF", raising=False)
    monkeypatch.setattr(imagewoof, "DATA", tmp_path)
    nothing_listens = "http://127.0.0.1:9/imagewoof2-160.tgz"
    monkeypatch.setattr(imagewoof, "ARCHIVE", imagewoof.ARCHIVE._replace(url=nothing_listens))
    photos = load_photos(replace(TIER, name="cpu", photos=(2, 1)), SMALL)
    said = capsys.readouterr().out
    assert photos.stand_in and "stand-in" in photos.source
    assert "could not be downloaded" in said and "STAND-IN" in said


def test_a_test_tier_takes_the_first_photos_of_each_class(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    photos = load_photos(replace(TIER, photos=(1, 2)), SMALL)
    assert np.bincount(photos.train.labels).tolist() == [1] * 10
    assert np.bincount(photos.valid.labels).tolist() == [2] * 10
