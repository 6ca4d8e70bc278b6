"""Bad input to copies: one sentence each."""

from dataclasses import replace

from helpers.bad_input import TIER, TRUNCATED, Bad, bad_input_test, full_disk, said
from helpers.copies import SMALL, write_archive, write_folder
from lessonlib.imagewoof import photos as imagewoof
from lessonlib.imagewoof.photos import load_photos
from lessonlib.imagewoof.sources import ArchiveCopy, DataError, open_copy
from lessonlib.imagewoof.synthetic import draw


def load(place, path, names=SMALL):
    place.patch.setenv("IMAGEWOOF", str(path))
    return load_photos(replace(TIER, photos=None), names)


def folder_with(name, data):
    """A copy with one file of that content."""

    def call(place):
        copy = write_folder(place.folder / "copy")
        (copy / "imagewoof2-160" / name).write_bytes(data)
        return load(place, copy)

    return call


def cut_archive(place):
    path = write_archive(place.folder / "copy.tgz")
    path.write_bytes(path.read_bytes()[:-4000])
    return load(place, path)


def text_file(place):
    (place.folder / "notes.txt").write_text("no archive")
    return load(place, place.folder / "notes.txt")


def downloaded(place):
    """What load_photos says of a download if there is no copy anywhere."""
    place.patch.delenv("IMAGEWOOF", raising=False)
    place.patch.setenv("FASTAI_HOME", str(place.folder))
    place.patch.setattr(imagewoof, "DATA", place.folder)
    place.patch.setattr(
        imagewoof,
        "ARCHIVE",
        imagewoof.ARCHIVE._replace(url="http://127.0.0.1:9/imagewoof2-160.tgz"),
    )
    lines = said(load_photos, replace(TIER, name="cpu"), SMALL).splitlines()
    return next(line for line in lines if "could not" in line)


def full_cache(place):
    copy = write_folder(place.folder / "copy")
    with full_disk(1000):
        return said(load, place, copy)


def cache_is_a_file(place):
    place.patch.setenv("LESSON_CACHE", str(write_archive(place.folder / "file")))
    return said(load, place, write_folder(place.folder / "copy"))


def damaged_cache(place):
    copy = write_folder(place.folder / "copy")
    load(place, copy)
    [images] = (place.folder / "cache").rglob("images.npy")
    images.write_bytes(images.read_bytes()[:-1])
    return said(load, place, copy)


test_copies = bad_input_test(
    lambda place: len(load(place, write_folder(place.folder / "good")).train.labels) == 20,
    [
        Bad(
            "no copy there",
            lambda at: load(at, at.folder / "nowhere"),
            DataError,
            "nowhere",
            "correct the path",
        ),
        Bad(
            "an empty folder",
            lambda at: load(at, at.folder),
            DataError,
            "no folder train/",
            "point to the folder",
        ),
        Bad("no archive", text_file, DataError, "notes.txt cannot be read", "Get a fresh copy"),
        Bad(
            "an archive cut short",
            cut_archive,
            DataError,
            "copy.tgz cannot be read to its end",
            "Get a fresh copy",
        ),
        Bad(
            "the wrong archive",
            lambda at: load(at, write_archive(at.folder / "copy.tgz"), SMALL[1:]),
            DataError,
            SMALL[0],
            "Get a fresh copy",
        ),
        Bad(
            "an empty photo",
            folder_with(SMALL[3], b""),
            DataError,
            f"{SMALL[3]} is not a readable",
            "Get a fresh copy",
        ),
        Bad(
            "half a photo",
            folder_with(SMALL[5], TRUNCATED),
            DataError,
            "(300 bytes)",
            "Get a fresh copy",
        ),
        Bad(
            "no network",
            downloaded,
            None,
            "127.0.0.1:9/imagewoof2-160.tgz cannot be reached",
            "check the connection",
        ),
        Bad("a full disk", full_cache, None, "File too large", "set LESSON_CACHE"),
        Bad(
            "a cache that is a file",
            cache_is_a_file,
            None,
            "cannot be written",
            "set LESSON_CACHE",
        ),
        Bad("a damaged cache", damaged_cache, None, "is damaged", "decoding its photos anew"),
        Bad("no drawings", lambda _: draw(0, 8, 0), ValueError, "per_class is 0", "at least 1"),
        Bad("no path at all", lambda _: open_copy(None), DataError, "None", "path"),
        Bad(
            "a disk that fails",
            lambda at: ArchiveCopy(at.folder / "gone").stamp(),
            DataError,
            "gone",
            "a fresh copy",
        ),
    ],
)
