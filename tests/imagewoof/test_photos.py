"""Copies of the photos, whole and broken, and the cache made from them."""

import gzip
import io
import shutil
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers.copies import SMALL, TIER, halves, jpeg, write_archive, write_folder
from lessonlib.configs import TIERS
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof import synthetic
from lessonlib.imagewoof.photos import BREEDS, load_photos
from lessonlib.imagewoof.sources import DataError, check_names, official_names, open_copy


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASTAI_HOME", str(tmp_path / "fastai"))
    return tmp_path / "cache"


def load(path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(path))
    return load_photos(TIER, SMALL)


def test_the_official_list_is_the_official_split():
    names = official_names()
    assert len(names) == len(set(names)) == 12_954
    assert sum(name.startswith("train/") for name in names) == 9_025
    counts = {
        synset: [
            sum(n.startswith(f"{split}/{synset}/") for n in names) for split in ("train", "val")
        ]
        for synset in BREEDS
    }
    assert (
        counts["n02089973"] == [580, 224]
        and counts["n02086240"] == [941, 409]
        and counts["n02115641"] == [940, 410]
    )


def test_folder_and_archive_give_the_same_photos(cache, tmp_path, monkeypatch):
    from_folder = load(write_folder(tmp_path / "copy"), monkeypatch)
    from_archive = load(write_archive(tmp_path / "copy.tgz"), monkeypatch)
    assert from_folder.train[0].shape == (20, 3, 24, 24) and not from_folder.stand_in
    assert all(np.array_equal(a, b) for a, b in zip(halves(from_folder), halves(from_archive)))
    for image, label, aspect in zip(
        *from_folder.train
    ):  # every photo has its own colour: labels and photos must not be mixed up
        names = [name for name in SMALL if name.startswith(f"train/{list(BREEDS)[label]}/")]
        colors = [
            np.asarray(Image.open(io.BytesIO(jpeg(name))))[0, 0].astype(int) for name in names
        ]
        assert min(abs(image[:, 12, 12].astype(int) - color).max() for color in colors) <= 2
        assert aspect in {
            photo.width / photo.height
            for photo in (Image.open(io.BytesIO(jpeg(name))) for name in names)
        }


def test_the_second_time_nothing_is_decoded(cache, tmp_path, monkeypatch):
    copy = write_folder(tmp_path / "copy")
    first = load(copy, monkeypatch)
    monkeypatch.setattr(imagewoof, "_decode", None)  # would raise if it were called
    assert all(np.array_equal(a, b) for a, b in zip(halves(first), halves(load(copy, monkeypatch))))


def test_a_changed_copy_is_decoded_anew(cache, tmp_path, monkeypatch):
    copy = write_folder(tmp_path / "copy")
    before = load(copy, monkeypatch).train[0].copy()
    (copy / "imagewoof2-160" / SMALL[0]).write_bytes(jpeg(SMALL[7]))
    assert not np.array_equal(before, load(copy, monkeypatch).train[0])


def class_missing(tmp_path):
    return write_folder(
        tmp_path / "copy", [n for n in SMALL if "val/n02115641" not in n]
    ), "no photo in val/n02115641"


def photo_missing(tmp_path):
    return write_folder(tmp_path / "copy", SMALL[1:]), f"lacks 1 of 40 photos, {SMALL[0]} first"


def zero_bytes(tmp_path):
    copy = write_folder(tmp_path / "copy")
    (copy / "imagewoof2-160" / SMALL[3]).write_bytes(b"")
    return copy, rf"{SMALL[3]} is not a readable picture \(0 bytes\)"


def half_a_jpeg(tmp_path):
    copy = write_folder(tmp_path / "copy")
    file = copy / "imagewoof2-160" / SMALL[3]
    file.write_bytes(jpeg(SMALL[3])[:300])
    return copy, f"{SMALL[3]} is not a readable picture"


def truncated_archive(tmp_path):
    path = write_archive(tmp_path / "copy.tgz")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path, "cut short or damaged"


def not_an_archive(tmp_path):
    path = tmp_path / "copy.tgz"
    path.write_text("<html>404</html>")
    return path, "cut short or damaged"


def wrong_archive(tmp_path):
    path = tmp_path / "copy.tgz"
    with gzip.open(path, "wb") as f, tarfile.open(fileobj=f, mode="w"):
        pass
    return path, "is not the whole Imagewoof v2"


def parent_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/../../escaped.JPEG")
    member.size = 3
    return write_archive(tmp_path / "copy.tgz", [member]), "points outside the archive"


def absolute_member(tmp_path):
    member = tarfile.TarInfo("/tmp/escaped.JPEG")
    return write_archive(tmp_path / "copy.tgz", [member]), "points outside the archive"


def link_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/link.JPEG")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link or a device"


def hard_link_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/link.JPEG")
    member.type, member.linkname = tarfile.LNKTYPE, "../../etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link or a device"


def nothing_there(tmp_path):
    return tmp_path / "nowhere", "no folder or archive"


def empty_folder(tmp_path):
    (tmp_path / "copy").mkdir()
    return tmp_path / "copy", "no folder train/"


BROKEN = [
    class_missing, photo_missing, zero_bytes, half_a_jpeg, truncated_archive, not_an_archive, wrong_archive,
    parent_member, absolute_member, link_member, hard_link_member, nothing_there, empty_folder,
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_a_broken_copy_gets_one_sentence_and_leaves_nothing(broken, cache, tmp_path, monkeypatch):
    path, sentence = broken(tmp_path)
    before = {p for p in tmp_path.rglob("*") if cache not in p.parents}
    with pytest.raises(DataError, match=sentence) as caught:
        load(path, monkeypatch)
    assert "\n" not in str(caught.value)
    assert not cache.exists() or {p.name for p in cache.iterdir()} <= {".lock"}
    assert before == {p for p in tmp_path.rglob("*") if p != cache and cache not in p.parents}
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    assert (
        len(load(write_folder(tmp_path / "copy"), monkeypatch).train[1]) == 20
    )  # and a good copy works afterwards


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
    assert photos.train[0].shape == (20, 3, 24, 24)
    assert "stay in memory" in capsys.readouterr().out


def test_without_a_copy_and_a_network_the_stand_in_says_so(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("IMAGEWOOF", raising=False)
    monkeypatch.setattr(imagewoof, "DATA", tmp_path)
    nobody = imagewoof.ARCHIVE._replace(
        url="http://127.0.0.1:9/imagewoof2-160.tgz"
    )  # nothing listens there
    monkeypatch.setattr(imagewoof, "ARCHIVE", nobody)
    photos = load_photos(replace(TIER, name="cpu", photos=(2, 1)), SMALL)
    said = capsys.readouterr().out
    assert photos.stand_in and "stand-in" in photos.source
    assert "could not be downloaded" in said and "STAND-IN" in said


def test_a_test_tier_takes_the_first_photos_of_each_class(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    photos = load_photos(replace(TIER, photos=(1, 2)), SMALL)
    assert (
        np.bincount(photos.train[1]).tolist() == [1] * 10
        and np.bincount(photos.valid[1]).tolist() == [2] * 10
    )


def test_extra_photos_are_named(tmp_path):
    with pytest.raises(DataError, match="does not have, val/n02115641/n02115641_2.JPEG first"):
        check_names(open_copy(write_folder(tmp_path)), SMALL[:-1])


def test_the_stand_in_is_the_same_every_time_and_shuffled():
    images, labels = synthetic.draw(3, 24, seed=1)
    again, _ = synthetic.draw(3, 24, seed=1)
    other, _ = synthetic.draw(3, 24, seed=2)
    assert np.array_equal(images, again) and not np.array_equal(images, other)
    assert np.bincount(labels).tolist() == [3] * 10 and images.dtype == np.uint8


def test_pixels_alone_do_not_tell_the_shapes():
    from sklearn.linear_model import RidgeClassifier

    (x, y), (valid_x, valid_y) = (synthetic.draw(n, 32, seed) for seed, n in enumerate((150, 50)))
    scores = [
        RidgeClassifier(alpha=a)
        .fit(x.reshape(len(x), -1) / 255, y)
        .score(valid_x.reshape(len(valid_x), -1) / 255, valid_y)
        for a in (1, 100, 10_000)
    ]
    assert max(scores) < 0.3
