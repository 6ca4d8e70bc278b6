"""The ten dogs: find a copy of Imagewoof, check it, decode every photo once into an array that stays on disk."""

import contextlib
import io
import json
import os
import shutil
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from lessonlib import standin
from lessonlib.copies import DataError, check_names, official_names, open_copy
from lessonlib.places import DATA, cache_folder

__all__ = ["BREEDS", "Photos", "Split", "load_photos", "standin_photos"]

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
URL = "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz"  # fast.ai's own, as in fastai's URLs.IMAGEWOOF_160
PATIENCE = 10  # seconds without a byte before a download is given up


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


def load_photos(tier, official=None):
    """The photos for `tier`, from the first of: `IMAGEWOOF`, `data/`, fastai's cache, fast.ai's download, the stand-in.

    `official` replaces the list that a copy is checked against. What was found is printed, in one sentence.
    Raises DataError where the copy named by `IMAGEWOOF` cannot be used; another broken copy is named and passed over.
    """
    official = official or official_names()
    named = os.environ.get("IMAGEWOOF")
    if named:
        return _decoded(named, tier, official)
    for path in _usual_places():
        try:
            return _decoded(path, tier, official)
        except DataError as error:
            print(f"Passed over: {error}")
    if tier.name != "test":  # tests never reach for the network
        try:
            return _decoded(_download(official), tier, official)
        except (OSError, DataError) as error:
            print(f"Imagewoof could not be downloaded ({error}).")
    print("Using the STAND-IN, ten classes of drawn shapes. For dogs, set IMAGEWOOF to a copy of imagewoof2-160.tgz.")
    return standin_photos(tier)


def standin_photos(tier):
    """The drawn stand-in as `Photos`, in the sizes of `tier`."""
    n_train, n_valid = tier.photos or standin.PER_CLASS
    drawn = [standin.draw(n, tier.stored, seed) for seed, n in enumerate((n_train, n_valid))]
    train, valid = (Split(images, labels, np.ones(len(labels))) for images, labels in drawn)
    return Photos(train, valid, standin.CLASSES, "stand-in (drawn shapes, no photos)", stand_in=True)


def _usual_places():
    fastai = Path(os.environ.get("FASTAI_HOME", "~/.fastai")).expanduser()
    places = [DATA, fastai / "data", fastai / "archive"]
    return [p for place in places for p in (place / "imagewoof2-160", place / "imagewoof2-160.tgz") if p.exists()]


def _download(official):
    """Fast.ai's archive in the cache folder; what comes in its place, such as a log-in page, is not kept."""
    target = _writable(cache_folder()) / "imagewoof2-160.tgz"
    if not target.exists():
        part = target.with_suffix(".part")
        print(f"Downloading Imagewoof from {URL}")
        with urllib.request.urlopen(URL, timeout=PATIENCE) as answer, part.open("wb") as f:
            length = int(answer.headers.get("Content-Length") or 0)
            with tqdm.wrapattr(answer, "read", total=length or None, leave=False) as body:
                shutil.copyfileobj(body, f)
        if length and part.stat().st_size != length:
            raise DataError(f"it broke off at {part.stat().st_size:,} of {length:,} bytes")
        check_names(open_copy(part), official)
        part.replace(target)
    return target


def _decoded(path, tier, official):
    copy = open_copy(path)
    fingerprint = copy.fingerprint()
    most = "all" if tier.photos is None else "x".join(map(str, tier.photos))
    kept = cache_folder() / f"{fingerprint[:16]}-whole-{tier.stored}px-{most}"
    if not (kept / "about.json").exists():
        check_names(copy, official)
        try:
            _keep(copy, _chosen(official, tier.photos), tier.stored, kept)
        except OSError as error:
            print(f"Photos stay in memory, {kept.parent} cannot be written ({error.strerror}): set LESSON_CACHE to a folder.")
            return _as_photos(_decode(copy, _chosen(official, tier.photos), tier.stored), fingerprint)
    images = np.load(kept / "images.npy", mmap_mode="c")  # copy on write: torch wants writable memory
    about = json.loads((kept / "about.json").read_text())
    return _as_photos((images, about["names"], about["aspects"]), fingerprint)


def _keep(copy, names, size, kept):
    """Decode into a hidden folder beside `kept` and rename it at the end: whoever is killed leaves no half-made cache."""
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=_writable(kept.parent)))
    try:
        images, names, aspects = _decode(copy, names, size, making / "images.npy")
        images.flush()
        (making / "about.json").write_text(json.dumps({"copy": str(copy.path), "names": names, "aspects": aspects}))
        with contextlib.suppress(FileExistsError):  # another kernel was faster
            making.rename(kept)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _writable(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _decode(copy, names, size, file=None):
    """Every photo as one uint8 array `(n, size, size, 3)`, in `file` if one is given; the names and aspects in its order."""
    shape, order = (len(names), size, size, 3), {name: i for i, name in enumerate(names)}
    images = np.empty(shape, np.uint8) if file is None else np.lib.format.open_memmap(file, "w+", np.uint8, shape)
    aspects = [0.0] * len(names)
    for name, data in tqdm(copy.photos(names), total=len(names), desc="decoding, once", leave=False):
        images[order[name]], aspects[order[name]] = _squeezed(data, size, f"{copy.path}: {name}")
    return images, names, aspects


def _squeezed(data, size, where):
    """A JPEG as a square of `size` pixels, and its own width over height.

    Lanczos keeps most of its sharpness. Draft mode lets the decoder skip what the shrinking would discard of a large photo.
    """
    try:
        with Image.open(io.BytesIO(data)) as photo:
            aspect = photo.width / photo.height
            photo.draft("RGB", (2 * size, 2 * size))
            return np.asarray(photo.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)), aspect
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{where} is not a readable picture ({len(data):,} bytes). Get a fresh copy.") from error


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
    source = f"Imagewoof v2, {n:,} training and {len(names) - n:,} validation photos, copy {fingerprint[:8]}"
    train, valid = (Split(images[part], labels[part], aspects[part]) for part in (slice(n), slice(n, None)))
    return Photos(train, valid, tuple(BREEDS.values()), source, stand_in=False)
