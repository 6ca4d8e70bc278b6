"""Decode every photo of a copy once, into an array that stays on disk.

The cache is a folder with two files: images.npy, uint8 `(n, size, size, 3)`, and about.json.
"""

import io
import json
import os
import shutil
import zlib
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from lessonlib.imagewoof.members import DataError, shown
from lessonlib.paths import hold_folder

__all__ = ["Decoded", "read_cache", "decode_once"]

SIDES = range(16, 20_001)  # pixels that a photo may have; the official ones have 160 and more
MOST_PIXELS = 50_000_000


class Decoded(NamedTuple):
    """Photos squeezed into squares.

    images: uint8 `(n, size, size, 3)`; names: their n paths in the official list, in its order;
    aspects: each photo's own width over its height.
    """

    images: np.ndarray
    names: list[str]
    aspects: list[float]


def read_cache(folder):
    """The `Decoded` photos kept in `folder`; None if they are missing or damaged."""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        # copy on write: torch wants memory that can be written
        images = np.load(folder / "images.npy", mmap_mode="c")
        decoded = Decoded(images, about["names"], about["aspects"])
        whole = about["checksum"] == _checksum(folder / "images.npy", *decoded[1:])
        return decoded if whole and len(images) == len(decoded.names) else None
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None


def decode_once(copy, names, size, folder):
    """Decode the photos `names` of `copy` into the cache `folder`: their `Decoded`.

    Processes that share the folder wait for each other, and one of them decodes. If it cannot be
    written, a sentence says so and the photos stay in memory.
    Raises DataError if a photo cannot be read.
    """
    try:
        with hold_folder(folder.parent):
            if read_cache(folder) is None:  # no other process was faster
                _write_cache(copy, names, size, folder)
        return read_cache(folder)
    except OSError as error:
        print(
            f"Photos stay in memory, {folder.parent} cannot be written ({error.strerror}): "
            "set LESSON_CACHE to another folder."
        )
        return _in_memory(copy, names, size)


def _write_cache(copy, names, size, folder):
    """Decode into a hidden folder and rename it at the end: a kill leaves no half-made cache.

    Only one process at a time may call it.
    """
    if folder.exists():
        print(f"{folder} is damaged, or of an older lesson: decoding its photos anew.")
        shutil.rmtree(folder)
    making = folder.parent / ".making"
    shutil.rmtree(making, ignore_errors=True)  # left by a process that was killed
    making.mkdir()
    try:
        aspects = _write_images(copy, names, size, making / "images.npy")
        about = {
            "copy": str(copy.path),
            "names": names,
            "aspects": aspects,
            "checksum": _checksum(making / "images.npy", names, aspects),
        }
        (making / "about.json").write_text(json.dumps(about), encoding="utf-8")
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _write_images(copy, names, size, path):
    """Write the decoded photos as one array, each at its place in `names`; return their aspects.

    Written, not mapped: on a full disk a mapped file kills the process.
    """
    aspects = [0.0] * len(names)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), size, size, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        for i, square, aspect in _decode(copy, names, size):
            file.seek(start + i * square.nbytes)
            file.write(square)
            aspects[i] = aspect
        file.flush()
        os.fsync(file.fileno())
    return aspects


def _checksum(path, names, aspects):
    """CRC-32 of the images' file and of what is known about them: disks rot."""
    checksum = zlib.crc32(json.dumps([names, aspects]).encode())
    with path.open("rb") as file:
        while piece := file.read(2**20):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _in_memory(copy, names, size):
    images = np.empty((len(names), size, size, 3), np.uint8)
    aspects = [0.0] * len(names)
    for i, square, aspect in _decode(copy, names, size):
        images[i] = square
        aspects[i] = aspect
    return Decoded(images, names, aspects)


def _decode(copy, names, size):
    """Yield (place in `names`, uint8 `(size, size, 3)`, aspect) per photo, in the copy's order."""
    order = {name: i for i, name in enumerate(names)}
    photos = tqdm(copy.photos(names), total=len(names), desc="decoding, once", leave=False)
    for name, data in photos:
        square, aspect = _squeezed(data, size, f"{shown(copy.path)}: {name}")
        yield order[name], square, aspect


def _squeezed(data, size, where):
    """A JPEG's bytes as a square uint8 `(size, size, 3)`, and the photo's width over its height.

    Lanczos keeps most of its sharpness. Draft mode lets the decoder skip detail of a large photo
    that the shrinking would discard.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as photo:
            _check_size(photo)
            aspect = photo.width / photo.height
            photo.draft("RGB", (2 * size, 2 * size))
            square = photo.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
            return np.asarray(square), aspect
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{where} is not a readable JPEG of a sensible size ({len(data):,} bytes). "
            "Get a fresh copy."
        ) from error


def _check_size(photo):
    """Raise ValueError for a photo so small or large that it is none, before it is decoded."""
    width, height = photo.size
    if width not in SIDES or height not in SIDES or width * height > MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels")
