"""Small copies of Imagewoof, made here: forty flat pictures with the names and folders of the real
one."""

import io
import tarfile
from dataclasses import replace

import numpy as np
from PIL import Image

from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import BREEDS

TIER = replace(TIERS["test"], stored=24, photos=None)
SMALL = tuple(
    sorted(
        f"{split}/{synset}/{synset}_{i}.JPEG"
        for split in ("train", "val")
        for synset in BREEDS
        for i in (1, 2)
    )
)


def jpeg(name):
    color = tuple(np.random.default_rng(SMALL.index(name)).integers(0, 255, 3).tolist())
    file = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(file, "JPEG")
    return file.getvalue()


def write_folder(root, names=SMALL):
    for name in names:
        path = root / "imagewoof2-160" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(name))
    return root


def write_archive(path, extra=(), names=SMALL, prefix="imagewoof2-160/"):
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(f"{prefix}{name}")
            member.size = len(jpeg(name))
            tar.addfile(member, io.BytesIO(jpeg(name)))
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def halves(photos):
    return [*photos.train, *photos.valid]
