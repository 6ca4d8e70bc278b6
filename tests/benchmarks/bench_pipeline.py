"""Training speed: the course's batches against the limit of pure computing, and against stock fastai.

The limit is the same Learner on one resident batch, over and over. Stock is ImageDataLoaders.from_folder with
RandomResizedCrop(min_scale=.35), flip and normalise, at its best number of workers. All in turns, several rounds, one process:
    python tests/benchmarks/bench_pipeline.py [tier] [arm]
Needs real photos (IMAGEWOOF names a .tgz) and prints medians of the rounds with their range.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from itertools import repeat
from statistics import median

import torch
from fastai.callback.core import Callback
from fastai.learner import Learner

from helpers.stock import photo_folder, stock_loaders
from lessonlib.arms import get_arm
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import Split, load_photos
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.runs import machine

ROUNDS, PHOTOS = 5, 2048


class Resident:
    """One batch, over and over."""

    def __init__(self, batches):
        self.one, self.length, self.batch, self.epoch = (
            next(iter(batches)),
            len(batches),
            batches.batch,
            0,
        )

    def __len__(self):
        return self.length

    def __iter__(self):
        return iter(repeat(self.one, self.length))


class Clock(Callback):
    """Images a second of the last training epoch; Recorder's own sum, for a Learner of anybody's."""

    def before_train(self):
        self.began, self.images = time.perf_counter(), 0

    def after_batch(self):
        self.images += len(self.y) * self.training

    def after_train(self):
        self.speed = self.images / (time.perf_counter() - self.began)


def trained(learner):
    return fit(learner).epochs[-1]["images_per_second"]


def stock(folder, tier, workers, like):
    dls, clock = stock_loaders(folder, tier, workers), Clock()
    dls.valid = like.dls.valid
    learner = Learner(
        dls,
        like.model,
        loss_func=like.loss_func,
        opt_func=like.opt_func,
        lr=tier.lr,
        wd=1e-2,
        cbs=clock,
    )

    def run():
        with learner.no_bar(), learner.no_logging():
            learner.fit(1)
        return clock.speed

    return run


def main(name="cpu", arm_name="3x3"):
    tier = replace(TIERS[name], epochs=1)
    photos = load_photos(tier)
    some = torch.randperm(len(photos.train.labels), generator=torch.Generator().manual_seed(0))[
        :PHOTOS
    ].numpy()
    few = replace(
        photos,
        train=Split(*(a[some] for a in photos.train)),
        valid=Split(*(a[:64] for a in photos.valid)),
    )
    ours, limit = (learner_for(get_arm(arm_name), few, tier) for _ in range(2))
    limit.dls.train = Resident(limit.dls.train)
    with tempfile.TemporaryDirectory() as folder:
        root = photo_folder(folder)
        if str(root).startswith(
            folder
        ):  # an unpacked copy of our own: leave as many photos as the others train on
            keep = set(some.tolist())
            for i, photo in enumerate(sorted((root / "train").rglob("*.JPEG"))):
                if i not in keep:
                    photo.unlink()
        ways = {"compute limit": lambda: trained(limit), "lessonlib": lambda: trained(ours)}
        for workers in sorted({0, 1, 2, 4, os.cpu_count()}):
            if workers <= os.cpu_count():
                ways[f"stock fastai, {workers} workers"] = stock(
                    root, tier, workers, learner_for(get_arm(arm_name), few, tier)
                )
        speeds = {way: [] for way in ways}
        for round in range(ROUNDS + 1):
            for way, run in ways.items():
                speed = run()
                if round:  # the first is a warm-up
                    speeds[way].append(speed)
    base = speeds["compute limit"]
    print(
        f"{machine()}; tier {name}, {arm_name}, {tier.px} px, batch {tier.batch}; {PHOTOS} photos, {ROUNDS} rounds in turns"
    )
    for way, found in speeds.items():
        shares = [f / b for f, b in zip(found, base)]
        print(
            f"{way:24s} {median(found):5.0f} images/s; of limit {median(shares):.3f}, {min(shares):.3f} to {max(shares):.3f}"
        )
    best = max(
        (way for way in ways if way.startswith("stock")), key=lambda way: median(speeds[way])
    )
    ratios = [o / s for o, s in zip(speeds["lessonlib"], speeds[best])]
    print(
        f"lessonlib against {best}: {median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    if os.environ.get("IMAGEWOOF"):
        main(*sys.argv[1:])
    else:
        print("bench_pipeline needs real photos: set IMAGEWOOF to a copy of imagewoof2-160.tgz.")
