"""Copies of the photos, whole and broken: a broken one gets one sentence and leaves nothing."""

import gzip
import os
import shutil
import tarfile
import tracemalloc
from random import Random

import pytest
from PIL import Image

from helpers.copies import SMALL, TIER, jpeg, write_archive, write_folder
from helpers.other_user import mode_of, other_user
from lessonlib.imagewoof import archives, cache
from lessonlib.imagewoof.identity import content_digest
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


# Each writes a whole copy in an unusual form, and gives its path.


def dotted(tmp_path):
    """As `tar -czf copy.tgz .` names them."""
    return write_archive(tmp_path / "copy.tgz", prefix="./")


def dotted_below(tmp_path):
    return write_archive(tmp_path / "copy.tgz", prefix="./imagewoof2-160/")


def hidden_place(tmp_path):
    return write_archive(tmp_path / "copy.tgz", prefix=".fastai/imagewoof2-160/")


def from_a_mac(tmp_path):
    hidden = [f"imagewoof2-160/{beside(name)}" for name in SMALL[:3]]
    return write_archive(tmp_path / "copy.tgz", [members(name) for name in hidden])


def from_a_mac_unpacked(tmp_path):
    return with_files(tmp_path, [beside(name) for name in SMALL[:3]])


def with_checkpoints(tmp_path):
    return with_files(tmp_path, ["train/n02086240/.ipynb_checkpoints/n02086240_1-copy.JPEG"])


def with_checkpoints_packed(tmp_path):
    name = "imagewoof2-160/train/n02086240/.ipynb_checkpoints/n02086240_1.JPEG"
    return write_archive(tmp_path / "copy.tgz", [members(name)])


def with_hidden_class(tmp_path):
    return with_files(tmp_path, ["train/.Trashes/n02086240_1.JPEG"])


def linked_classes(tmp_path):
    """As on a cluster, where the classes are links into ImageNet."""
    root = write_folder(tmp_path / "copy") / "imagewoof2-160"
    for split in ("train", "val"):
        for folder in list((root / split).iterdir()):
            elsewhere = tmp_path / "imagenet" / split / folder.name
            elsewhere.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(elsewhere)
            folder.symlink_to(elsewhere)
    return root


def linked_photo(tmp_path):
    copy = write_folder(tmp_path / "copy")
    photo = copy / "imagewoof2-160" / SMALL[0]
    photo.rename(tmp_path / "elsewhere.JPEG")
    photo.symlink_to(tmp_path / "elsewhere.JPEG")
    return copy


def bzip2(tmp_path):
    return repacked(tmp_path, "bz2")


def xz(tmp_path):
    return repacked(tmp_path, "xz")


def repacked(tmp_path, kind):
    with (
        gzip.open(write_archive(tmp_path / "copy.tgz")) as packed,
        tarfile.open(fileobj=packed) as tar,
        tarfile.open(tmp_path / f"copy.tar.{kind}", f"w:{kind}") as other,
    ):
        for member in tar:
            other.addfile(member, tar.extractfile(member))
    return tmp_path / f"copy.tar.{kind}"


def beside(name):
    """The file in which a Mac keeps what its file system knows of another."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/._{file}"


def members(name):
    member = tarfile.TarInfo(name)
    member.size = 20
    return member


def with_files(tmp_path, names):
    copy = write_folder(tmp_path / "copy")
    for name in names:
        path = copy / "imagewoof2-160" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no photo")
    return copy


WHOLE = [
    dotted,
    dotted_below,
    hidden_place,
    from_a_mac,
    from_a_mac_unpacked,
    with_checkpoints,
    with_checkpoints_packed,
    with_hidden_class,
    linked_classes,
    linked_photo,
    bzip2,
    xz,
]


@pytest.mark.parametrize("whole", WHOLE, ids=lambda f: f.__name__)
def test_a_whole_copy_is_whole_in_any_form(whole, tmp_path):
    copy = open_copy(whole(tmp_path))
    check_names(copy, SMALL)
    assert dict(copy.photos(copy.names())) == {name: jpeg(name) for name in SMALL}


def test_a_changed_bit_in_an_archive_is_always_noticed(tmp_path):
    path = write_archive(tmp_path / "copy.tgz")
    whole = path.read_bytes()
    after_the_header = whole.index(b"\0", 10) + 1  # a name, and the time of packing
    random = Random(1)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[random.randrange(after_the_header, len(whole))] ^= 1 << random.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="copy.tgz"):
            content_digest(open_copy(path))


@pytest.mark.parametrize("end", [b"", b"\0" * 8, b"\0" * 4])
def test_an_archive_without_its_checksum_is_damaged(tmp_path, end):
    path = write_archive(tmp_path / "copy.tgz")
    path.write_bytes(path.read_bytes()[:-8] + end)
    with pytest.raises(DataError, match="cut short or damaged"):
        open_copy(path).names()


def test_a_long_header_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "copy.tgz"
    header = tarfile.TarInfo("pax")
    header.type = tarfile.XHDTYPE
    header.size = 50 * 2**20
    with gzip.open(path, "wb", 1) as file:
        file.write(header.tobuf() + b" " * header.size)
    tracemalloc.start()
    with pytest.raises(DataError, match="a header in it has 52,428,800 bytes"):
        open_copy(path).names()
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


def test_an_archive_is_bounded_in_all(tmp_path, monkeypatch):
    path = write_archive(tmp_path / "copy.tgz")
    monkeypatch.setattr(archives, "MOST_PHOTOS", 30)
    with pytest.raises(DataError, match="is number 31, too many"):
        open_copy(path).names()
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 2000)
    with pytest.raises(DataError, match="with those before it"):
        open_copy(path).names()


def test_what_follows_the_last_member_is_bounded(tmp_path, monkeypatch):
    path = tmp_path / "copy.tgz"
    with gzip.open(path, "wb", 1) as file:
        file.write(b"\0" * 2**23)
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 2**22)
    with pytest.raises(DataError, match="goes on after its last member"):
        open_copy(path).names()


@pytest.mark.parametrize("place", ["train/n02086240", "train", "val", "."])
@pytest.mark.parametrize("mode", [0, 0o444])
def test_what_may_not_be_read_is_named(tmp_path, place, mode):
    copy = write_folder(tmp_path / "copy") / "imagewoof2-160"
    with mode_of(copy / place, mode), other_user(copy), pytest.raises(DataError) as caught:
        open_copy(copy).names()
    said = str(caught.value)
    assert "permissions" in said or "no folder train/" in said  # "." with 0444 shows no more


def test_a_neighbour_that_may_not_be_read_is_looked_past(tmp_path):
    copy = write_folder(tmp_path / "copy")
    private = copy / "aaa_private"
    private.mkdir()
    with mode_of(private, 0), other_user(copy):
        check_names(open_copy(copy), SMALL)


@pytest.mark.parametrize(
    "picture",
    [("I;16", (40, 30), "PNG"), ("RGB", (40, 30), "PNG"), ("RGB", (1, 300), "JPEG")],
    ids=str,
)
def test_a_picture_that_is_no_jpeg_of_a_sensible_size_is_refused(tmp_path, monkeypatch, picture):
    mode, size, kind = picture
    copy = write_folder(tmp_path / "copy")
    Image.new(mode, size).save(copy / "imagewoof2-160" / SMALL[0], kind)
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IMAGEWOOF", str(copy))
    with pytest.raises(DataError, match="is not a readable JPEG of a sensible size"):
        load_photos(TIER, SMALL)


def test_a_grey_jpeg_and_one_for_printing_are_read(tmp_path):
    copy = write_folder(tmp_path / "copy")
    for name, mode in zip(SMALL, ("L", "CMYK")):
        Image.new(mode, (40, 30)).save(copy / "imagewoof2-160" / name, "JPEG")
    squares = [square for _, square, _ in cache._decode(open_copy(copy), SMALL[:2], 24)]
    assert [square.shape for square in squares] == [(24, 24, 3)] * 2


# Each writes a broken copy, and gives its path and what the error says.


def class_missing(tmp_path):
    others = [name for name in SMALL if "val/n02115641" not in name]
    return write_folder(tmp_path / "copy", others), "no photo in val/n02115641"


def photo_missing(tmp_path):
    return write_folder(tmp_path / "copy", SMALL[1:]), f"lacks 1 of 40 photos, {SMALL[0]} first"


def zero_bytes(tmp_path):
    copy = write_folder(tmp_path / "copy")
    (copy / "imagewoof2-160" / SMALL[3]).write_bytes(b"")
    return copy, rf"{SMALL[3]} is not a readable JPEG of a sensible size \(0 bytes\)"


def half_a_jpeg(tmp_path):
    copy = write_folder(tmp_path / "copy")
    file = copy / "imagewoof2-160" / SMALL[3]
    file.write_bytes(jpeg(SMALL[3])[:300])
    return copy, f"{SMALL[3]} is not a readable JPEG"


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


def without_a_photo(tmp_path):
    """A copy, and the path of the photo that it lacks."""
    copy = write_folder(tmp_path / "copy")
    photo = copy / "imagewoof2-160" / SMALL[3]
    photo.unlink()
    return copy, photo


def fifo(tmp_path):
    copy, photo = without_a_photo(tmp_path)
    os.mkfifo(photo)
    return copy, f"{SMALL[3]} is no file that can be read"


def endless(tmp_path):
    copy, photo = without_a_photo(tmp_path)
    photo.symlink_to("/dev/zero")
    return copy, f"{SMALL[3]} is no file that can be read"


def huge(tmp_path):
    copy = write_folder(tmp_path / "copy")
    os.truncate(copy / "imagewoof2-160" / SMALL[3], 2**34)
    return copy, f"{SMALL[3]} has 17,179,869,184 bytes"


def broken_link(tmp_path):
    copy, photo = without_a_photo(tmp_path)
    photo.symlink_to("nowhere.JPEG")
    return copy, f"{SMALL[3]} cannot be read .No such file.*. It is a link to nowhere.JPEG"


def broken_folder_link(tmp_path):
    copy = write_folder(
        tmp_path / "copy", [name for name in SMALL if "train/n02086240" not in name]
    )
    (copy / "imagewoof2-160" / "train/n02086240").symlink_to("nowhere")
    return copy, "train/n02086240 cannot be read .No such file.*. It is a link to nowhere"


def endless_folders(tmp_path):
    copy = write_folder(tmp_path / "copy")
    folder = copy / "imagewoof2-160" / "train"
    (folder / "n02086240_again").symlink_to(folder)
    return copy / "imagewoof2-160/train", "no folder train/"


def zipped(tmp_path):
    shutil.make_archive(tmp_path / "copy", "zip", write_folder(tmp_path / "folder"))
    return tmp_path / "copy.zip", "it is a zip. Unpack it"


def address(tmp_path):
    return "https://s3.amazonaws.com/x/imagewoof2-160.tgz", "https://s3.* is an address: download"


def unknown_user(tmp_path):
    return "~nosuchuser/photos", "no folder or archive at ~nosuchuser/photos"


def two_lines(tmp_path):
    return tmp_path / "no\nwhere", r"no folder or archive at '.*no\\nwhere'"


def fifo_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/pipe.JPEG")
    member.type = tarfile.FIFOTYPE
    return write_archive(tmp_path / "copy.tgz", [member]), "is no file"


def link_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/link.JPEG")
    member.type = tarfile.SYMTYPE
    member.linkname = "/etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link. Unpack it"


def hard_link_member(tmp_path):
    member = tarfile.TarInfo("imagewoof2-160/train/n02086240/link.JPEG")
    member.type = tarfile.LNKTYPE
    member.linkname = "../../etc/passwd"
    return write_archive(tmp_path / "copy.tgz", [member]), "is a link. Unpack it"


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
    fifo_member,
    fifo,
    endless,
    huge,
    broken_link,
    broken_folder_link,
    endless_folders,
    zipped,
    address,
    unknown_user,
    two_lines,
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
