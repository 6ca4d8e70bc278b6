"""Stock fastai on the same photos: what the course's pipeline is measured against, in speed and in
accuracy.

Five seeds of the baseline in tier cpu, recorded as data/runs/cpu-stock.jsonl (an hour on two cores;
a run that is there is not run again):

    IMAGEWOOF=copy.tgz PYTHONPATH=tests python tests/helpers/stock.py 0 1 2 3 4
"""

import os
import sys
import tarfile
import tempfile
from pathlib import Path

from fastai.torch_core import set_seed
from fastai.vision.augment import Flip, RandomResizedCrop
from fastai.vision.core import imagenet_stats
from fastai.vision.data import ImageDataLoaders, Normalize

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import load_photos
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.runs import load_runs, record


def stock_loaders(folder, tier, workers=0):
    """The thread's pipeline: every epoch reads, decodes and crops every file anew."""
    dls = ImageDataLoaders.from_folder(
        folder, valid="val", bs=tier.batch, num_workers=workers, item_tfms=RandomResizedCrop(tier.px, min_scale=0.35),
        batch_tfms=[Flip(), Normalize.from_stats(*imagenet_stats)],
    )  # fmt: skip
    dls.train.batch = tier.batch  # what Recorder asks of Batches
    return dls


def photo_folder(folder):
    """The copy named by IMAGEWOOF as a folder that fastai can read; an archive is unpacked into
    `folder`."""
    copy = Path(os.environ["IMAGEWOOF"])
    if copy.is_dir():
        return copy
    with tarfile.open(copy) as archive:
        archive.extractall(folder)
    return next(Path(folder).iterdir())


def main(seeds):
    tier = TIERS["cpu"]
    photos = load_photos(tier)
    there = {run.seed for run in load_runs("cpu-stock")}
    with tempfile.TemporaryDirectory() as folder:
        root = photo_folder(folder)
        for seed in sorted(set(seeds) - there):
            learner = learner_for(ARMS["3x3"], photos, tier, seed)
            set_seed(seed)  # fastai's transforms draw from Python's and torch's own generators
            learner.dls = stock_loaders(root, tier)
            run = fit(learner)
            record(run, "cpu-stock")
            print(
                f"seed {seed}: {100 * run.accuracy:.1f}%, {run.epochs[-1]['images_per_second']:.0f} images/s",
                flush=True,
            )


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]])
