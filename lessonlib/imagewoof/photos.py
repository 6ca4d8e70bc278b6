"""The ten dogs: find a copy of Imagewoof, check it, decode every photo once into an array that stays on disk."""

import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from lessonlib.imagewoof import synthetic
from lessonlib.imagewoof.download import Source, download
from lessonlib.imagewoof.sources import DataError, check_names, official_names, open_copy
from lessonlib.paths import DATA, cache_folder, hold_folder

__all__ = [
    "BREEDS",
    "Photos",
    "Split",
    "load_photos",
    "synthetic_photos",
    "usual_places",
    "kept_folder",
]

BREEDS = {
    "n02086240": "Shih-Tzu",
    "n02087394": "Rhodesian ridgeback",
    "n02088364": "beagle",
    "n02089973": "English foxhound",
    "n02093754": "Border terrier",
    "n02096294": "Australian terrier",
    "n02099601": "golden retriever",
    "n02105641": "Old English sheepdog",
    "n02111889": "Samoyed",
    "n02115641": "dingo",
}
# fast.ai's own, as in fastai's URLs.IMAGEWOOF_160, and fastai's data/download_checks.py
ARCHIVE = Source(
    "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz",
    size=92_612_825,
    md5="3559b194123981a540b87132dbda412f",
)


class Split(NamedTuple):
    """Decoded photos, whole, squeezed into squares: uint8 `(n, 3, stored, stored)`, the colours of a pixel side by side in
    memory; int64 labels `(n,)`; aspects `(n,)`, the photo's own width over its height.
    """

    images: np.ndarray
    labels: np.ndarray
    aspects: np.ndarray


@dataclass(frozen=True)
class Photos:
    """Decoded photos, those to learn from and those to be judged by.

    classes: the names of the labels; source: where they come from, in words, for charts and recorded runs;
    stand_in: True where they are the project's own drawings and not dogs.
    """

    train: Split
    valid: Split
    classes: tuple[str, ...]
    source: str
    stand_in: bool
    copy: str = ""


def load_photos(tier, official=None):
    """The photos for `tier`, from the first of: `IMAGEWOOF`, `data/`, fastai's cache, fast.ai's download, the stand-in.

    `official` replaces the list that a copy is checked against. What was found is printed, in one sentence.
    Raises DataError where the copy named by `IMAGEWOOF` cannot be used; another broken copy is named and passed over.
    """
    official = official or official_names()
    named = os.environ.get("IMAGEWOOF")
    if named:
        return _decoded(named, tier, official)
    for path in usual_places():
        try:
            return _decoded(path, tier, official)
        except DataError as error:
            print(f"Passed over: {error}")
    if tier.name != "test":  # tests never reach for the network
        try:
            return _decoded(download(ARCHIVE, cache_folder()), tier, official)
        except DataError as error:
            print(f"Imagewoof could not be downloaded: {error}")
    print(
        "Using the STAND-IN, ten classes of drawn shapes. For dogs, set IMAGEWOOF to a copy of imagewoof2-160.tgz."
    )
    return synthetic_photos(tier)


def synthetic_photos(tier):
    """The drawn stand-in as `Photos`, in the sizes of `tier`."""
    n_train, n_valid = tier.photos or synthetic.PER_CLASS
    drawn = [synthetic.draw(n, tier.stored, seed) for seed, n in enumerate((n_train, n_valid))]
    train, valid = (Split(images, labels, np.ones(len(labels))) for images, labels in drawn)
    return Photos(
        train, valid, synthetic.CLASSES, "stand-in (drawn shapes, no photos)", stand_in=True
    )


def usual_places():
    """The copies that `load_photos` finds by itself, in its order, none of them opened yet."""
    fastai = Path(os.environ.get("FASTAI_HOME", "~/.fastai")).expanduser()
    places = [DATA, fastai / "data", fastai / "archive"]
    return [
        p
        for place in places
        for p in (place / "imagewoof2-160", place / "imagewoof2-160.tgz")
        if p.exists()
    ]


def kept_folder(fingerprint, tier):
    """Where the decoded photos of the copy with that fingerprint are kept in the sizes of `tier`, or will be."""
    most = "all" if tier.photos is None else "x".join(map(str, tier.photos))
    return cache_folder() / f"{fingerprint[:16]}-whole-{tier.stored}px-{most}"


def _decoded(path, tier, official):
    copy = open_copy(path)
    fingerprint, names = copy.fingerprint(), _chosen(official, tier.photos)
    kept = kept_folder(fingerprint, tier)
    decoded = _read(kept)
    if decoded is None:
        check_names(copy, official)
        try:
            with hold_folder(kept.parent):
                if _read(kept) is None:  # no other kernel was faster
                    _keep(copy, names, tier.stored, kept)
            decoded = _read(kept)
        except OSError as error:
            print(
                f"Photos stay in memory, {kept.parent} cannot be written ({error.strerror}): set LESSON_CACHE elsewhere."
            )
            decoded = _in_memory(copy, names, tier.stored)
    return _as_photos(decoded, fingerprint)


def _read(kept):
    """(images, names, aspects) from the cache, None where they are not there, or damaged."""
    try:
        about = json.loads((kept / "about.json").read_text())
        images = np.load(
            kept / "images.npy", mmap_mode="c"
        )  # copy on write: torch wants writable memory
        return (
            (images, about["names"], about["aspects"])
            if len(images) == len(about["names"])
            else None
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None


def _keep(copy, names, size, kept):
    """Decode into a hidden folder and rename it at the end: whoever is killed leaves no half-made cache.

    To be called by one kernel at a time. Written, not mapped: a mapped file on a full disk kills the process.
    """
    if kept.exists():
        print(f"{kept} is damaged: decoding its photos anew.")
        shutil.rmtree(kept)
    making = kept.parent / ".making"
    shutil.rmtree(making, ignore_errors=True)  # of a kernel that was killed
    making.mkdir()
    aspects = [0.0] * len(names)
    try:
        with (making / "images.npy").open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), size, size, 3)}
            np.lib.format.write_array_header_1_0(file, header)
            start = file.tell()
            for i, square, aspect in _decode(copy, names, size):
                file.seek(start + i * square.nbytes)
                file.write(square)
                aspects[i] = aspect
            file.flush()
            os.fsync(file.fileno())
        (making / "about.json").write_text(
            json.dumps({"copy": str(copy.path), "names": names, "aspects": aspects})
        )
        making.rename(kept)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _in_memory(copy, names, size):
    images, aspects = np.empty((len(names), size, size, 3), np.uint8), [0.0] * len(names)
    for i, square, aspect in _decode(copy, names, size):
        images[i], aspects[i] = square, aspect
    return images, names, aspects


def _decode(copy, names, size):
    """Yield each photo as (its place in `names`, uint8 `(size, size, 3)`, its aspect), in the order of the copy."""
    order = {name: i for i, name in enumerate(names)}
    for name, data in tqdm(
        copy.photos(names), total=len(names), desc="decoding, once", leave=False
    ):
        yield order[name], *_squeezed(data, size, f"{copy.path}: {name}")


def _squeezed(data, size, where):
    """A JPEG as a square of `size` pixels, and its own width over height.

    Lanczos keeps most of its sharpness. Draft mode lets the decoder skip what the shrinking would discard of a large photo.
    """
    try:
        with Image.open(io.BytesIO(data)) as photo:
            aspect = photo.width / photo.height
            photo.draft("RGB", (2 * size, 2 * size))
            return np.asarray(
                photo.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
            ), aspect
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(
            f"{where} is not a readable picture ({len(data):,} bytes). Get a fresh copy."
        ) from error


def _chosen(official, photos):
    """All names, or the first few of each class in each split."""
    if photos is None:
        return list(official)
    most, taken, chosen = dict(zip(("train", "val"), photos)), {}, []
    for name in official:
        folder = PurePosixPath(name).parent
        taken[folder] = taken.get(folder, 0) + 1
        if taken[folder] <= most[folder.parts[0]]:
            chosen.append(name)
    return chosen


def _as_photos(decoded, fingerprint):
    images, names, aspects = decoded
    images, aspects = np.moveaxis(images, 3, 1), np.array(aspects)
    split = np.array([name.startswith("train/") for name in names])
    synsets = list(BREEDS)
    labels = np.array([synsets.index(PurePosixPath(name).parts[1]) for name in names])
    n = int(split.sum())  # the list is sorted: train first
    source = f"Imagewoof v2, {n:,} training and {len(names) - n:,} validation photos"
    train, valid = (
        Split(images[part], labels[part], aspects[part]) for part in (slice(n), slice(n, None))
    )
    classes = tuple(BREEDS.values())
    return Photos(train, valid, classes, source, stand_in=False, copy=fingerprint[:8])
