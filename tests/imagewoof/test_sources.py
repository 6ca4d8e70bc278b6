"""Copies of the photos, whole and broken: a broken one gets one sentence and leaves nothing."""

import gzip
import shutil
import tarfile

import pytest

from helpers.copies import SMALL, TIER, jpeg, write_archive, write_folder
from lessonlib.imagewoof.photos import BREEDS, load_photos
from lessonlib.imagewoof.sources import DataError, check_names, official_names, open_copy


def test_the_official_list_is_the_official_split():
    names = official_names()
    assert len(names) == len(set(names)) == 12_954
    assert sum(name.startswith("train/") for name in names) == 9_025

    def count(folder):
        return sum(name.startswith(f"{folder}/") for name in names)

    counts = {synset: [count(f"train/{synset}"), count(f"val/{synset}")] for synset in BREEDS}
    assert counts["n02089973"] == [580, 224]
    assert counts["n02086240"] == [941, 409]
    assert counts["n02115641"] == [940, 410]


def test_extra_photos_are_named(tmp_path):
    with pytest.raises(DataError, match="does not have, val/n02115641/n02115641_2.JPEG first"):
        check_names(open_copy(write_folder(tmp_path)), SMALL[:-1])


# Each writes a broken copy, and gives its path and what the error says.


def class_missing(tmp_path):
    others = [name for name in SMALL if "val/n02115641" not in name]
    return write_folder(tmp_path / "copy", others), "no photo in val/n02115641"


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
    member.type = tarfile.SYMTYPE
    member.linkname = "/etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link or a device"


def hard_link_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/link.JPEG")
    member.type = tarfile.LNKTYPE
    member.linkname = "../../etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link or a device"


def nothing_there(tmp_path):
    return tmp_path / "nowhere", "no folder or archive"


def empty_folder(tmp_path):
    (tmp_path / "copy").mkdir()
    return tmp_path / "copy", "no folder train/"


BROKEN = [
    class_missing,
    photo_missing,
    zero_bytes,
    half_a_jpeg,
    truncated_archive,
    not_an_archive,
    wrong_archive,
    parent_member,
    absolute_member,
    link_member,
    hard_link_member,
    nothing_there,
    empty_folder,
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_a_broken_copy_gets_one_sentence_and_leaves_nothing(broken, tmp_path, monkeypatch):
    path, sentence = broken(tmp_path)
    cache = tmp_path / "cache"
    monkeypatch.setenv("LESSON_CACHE", str(cache))
    monkeypatch.setenv("IMAGEWOOF", str(path))
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=sentence) as caught:
        load_photos(TIER, SMALL)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.rglob("*")) - before <= {cache, cache / ".lock", cache / "digests.json"}
    assert before <= set(tmp_path.rglob("*"))

    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    monkeypatch.setenv("IMAGEWOOF", str(write_folder(tmp_path / "copy")))
    assert len(load_photos(TIER, SMALL).train.labels) == 20  # a good copy works afterwards
