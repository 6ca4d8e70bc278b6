"""The ten dogs: find a copy of Imagewoof, check it, and give its decoded photos."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from lessonlib.imagewoof import synthetic
from lessonlib.imagewoof.cache import decode_once, read_cache
from lessonlib.imagewoof.download import Source, download
from lessonlib.imagewoof.identity import remembered_digest
from lessonlib.imagewoof.sources import DataError, check_names, official_names, open_copy
from lessonlib.paths import DATA, cache_folder

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
# fast.ai's own, as in fastai's URLs.IMAGEWOOF_160 and its data/download_checks.py
ARCHIVE = Source(
    "https://s3.amazonaws.com/fast-ai-imageclas/imagewoof2-160.tgz",
    size=92_612_825,
    md5="3559b194123981a540b87132dbda412f",
)


class Split(NamedTuple):
    """Decoded photos of one split, each whole and squeezed into a square.

    images: uint8 `(n, 3, stored, stored)`, the colours of a pixel side by side in memory;
    labels: int64 `(n,)`; aspects: `(n,)`, the photo's own width over its height.
    """

    images: np.ndarray
    labels: np.ndarray
    aspects: np.ndarray


@dataclass(frozen=True)
class Photos:
    """Decoded photos, to train on and to validate with.

    classes: the names of the labels; source: the data set in words, for charts and recorded runs,
    the same for every copy of it; stand_in: True if they are the synthetic drawings and not dogs;
    copy: the beginning of the copy's `identity.content_digest`.
    """

    train: Split
    valid: Split
    classes: tuple[str, ...]
    source: str
    stand_in: bool
    copy: str = ""

    @property
    def provenance(self):
        """The data set and which copy of it, in words, for what stands beside a chart."""
        return f"{self.source}, copy {self.copy}" if self.copy else self.source


def load_photos(tier, official=None):
    """The `Photos` for `tier`, from the first source that works.

    In this order: the copy named by `IMAGEWOOF`, `data/`, fastai's cache, fast.ai's download, the
    synthetic stand-in. official: the names that a copy must hold, by default `official_names()`.
    Prints a sentence about each copy that fails, and if the stand-in is used.
    Raises DataError if the copy named by `IMAGEWOOF` cannot be used; any other copy that fails is
    passed over.
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
        "Using the STAND-IN, ten classes of drawn shapes. "
        "For dogs, set IMAGEWOOF to a copy of imagewoof2-160.tgz."
    )
    return synthetic_photos(tier)


def synthetic_photos(tier):
    """The synthetic stand-in as `Photos`, in the sizes of `tier`."""
    n_train, n_valid = tier.photos or synthetic.PER_CLASS
    return Photos(
        train=_drawn(n_train, tier.stored, seed=0),
        valid=_drawn(n_valid, tier.stored, seed=1),
        classes=synthetic.CLASSES,
        source="stand-in (drawn shapes, no photos)",
        stand_in=True,
    )


def usual_places():
    """Paths of the copies that `load_photos` finds by itself, in its order, not opened yet."""
    fastai = Path(os.path.expanduser(os.environ.get("FASTAI_HOME") or "~/.fastai"))
    folders = [DATA, fastai / "data", fastai / "archive"]
    names = ["imagewoof2-160", "imagewoof2-160.tgz"]
    places = [folder / name for folder in folders for name in names]
    return [place for place in places if place.exists()]


def kept_folder(digest, tier):
    """The cache folder for photos with that content digest, decoded in the sizes of `tier`.

    It need not exist.
    """
    most = "all" if tier.photos is None else "x".join(map(str, tier.photos))
    return cache_folder() / f"{digest[:16]}-whole-{tier.stored}px-{most}"


def _decoded(path, tier, official):
    """The `Photos` of the copy at `path`, from its cache if there is one."""
    copy = open_copy(path)
    digest = remembered_digest(copy, official)
    folder = kept_folder(digest, tier)
    decoded = read_cache(folder)
    if decoded is None:
        check_names(copy, official)
        names = _chosen(official, tier.photos)
        decoded = decode_once(copy, names, tier.stored, folder)
    return _as_photos(decoded, digest)


def _chosen(official, photos):
    """All names, or the first few of each class in each split."""
    if photos is None:
        return list(official)
    most = dict(zip(("train", "val"), photos))
    taken = Counter()
    chosen = []
    for name in official:
        folder = PurePosixPath(name).parent
        taken[folder] += 1
        if taken[folder] <= most[folder.parts[0]]:
            chosen.append(name)
    return chosen


def _as_photos(decoded, digest):
    synsets = list(BREEDS)
    images = np.moveaxis(decoded.images, 3, 1)
    labels = np.array([synsets.index(PurePosixPath(name).parts[1]) for name in decoded.names])
    aspects = np.array(decoded.aspects)
    n_train = sum(name.startswith("train/") for name in decoded.names)
    n_valid = len(decoded.names) - n_train
    return Photos(
        # the names are sorted: train first
        train=Split(images[:n_train], labels[:n_train], aspects[:n_train]),
        valid=Split(images[n_train:], labels[n_train:], aspects[n_train:]),
        classes=tuple(BREEDS.values()),
        source=f"Imagewoof v2, {n_train:,} training and {n_valid:,} validation photos",
        stand_in=False,
        copy=digest[:8],
    )


def _drawn(per_class, size, seed):
    images, labels = synthetic.draw(per_class, size, seed)
    return Split(images, labels, aspects=np.ones(len(labels)))
