"""Training speed: the course's batches against the limit of pure computing and stock fastai.

The limit is the same Learner on one resident batch, over and over. Stock is
ImageDataLoaders.from_folder with RandomResizedCrop(min_scale=.35), flip and normalise, at its best
number of workers, in float32, channels last, with its own optimizer. All in turns, several rounds,
one process. Images per second of the clock, and of all processors' time, workers' included, which
other programs on the machine disturb less; half128 is an xresnet18 of half width at 128 px:
    python tests/benchmarks/bench_pipeline.py [tier or half128] [arm]
Needs real photos (IMAGEWOOF names a .tgz) and prints medians of the rounds with their range.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median

import torch
from fastai.callback.core import Callback
from fastai.learner import Learner
from fastai.optimizer import ranger

from lessonlib.arms import get_arm
from lessonlib.configs import TIERS, XRESNET18
from lessonlib.device import choose_device, half_precision
from lessonlib.imagewoof.photos import Split, load_photos
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.runs import machine

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.stock import photo_folder, stock_loaders  # noqa: E402

ROUNDS = 9
PHOTOS = 512
HALF_128 = replace(TIERS["gpu"], name="half128", network=replace(XRESNET18, width=0.5))
SIZES = TIERS | {"half128": HALF_128}


class Resident:
    """One batch, over and over."""

    def __init__(self, batches):
        self.one = next(iter(batches))
        self.length = len(batches)
        self.batch = batches.batch
        self.epoch = 0

    def __len__(self):
        return self.length

    def __iter__(self):
        return iter(repeat(self.one, self.length))


class Clock(Callback):
    """Images per second of the last training epoch, as Recorder counts them, for any Learner."""

    def before_train(self):
        self.images = 0
        self.began = time.perf_counter()

    def after_batch(self):
        self.images += len(self.y) * self.training

    def after_train(self):
        self.speed = self.images / (time.perf_counter() - self.began)


def trained(learner):
    return fit(learner).epochs[-1]["images_per_second"]


def stock(folder, tier, workers, like):
    """A call that trains an epoch with stock fastai's loaders and gives its images per second."""
    clock = Clock()
    dls = stock_loaders(folder, tier, workers)
    dls.valid = like.dls.valid
    learner = Learner(
        dls,
        like.model,
        loss_func=like.loss_func,
        opt_func=ranger,
        lr=tier.lr,
        wd=1e-2,
        cbs=clock,
    )

    def run():
        with learner.no_bar(), learner.no_logging():
            learner.fit(1)
        return clock.speed

    return run


def drawn_photos(n):
    """Places of PHOTOS of the n training photos, always the same."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(0))[:PHOTOS].numpy()


def keep_only(chosen, folder):
    """Leave as many training photos in `folder` as the others train on."""
    for i, photo in enumerate(sorted((folder / "train").rglob("*.JPEG"))):
        if i not in chosen:
            photo.unlink()


def all_ways(tier, arm, temporary):
    photos = load_photos(tier)
    some = drawn_photos(len(photos.train.labels))
    train = Split(*(part[some] for part in photos.train))
    valid = Split(*(part[:64] for part in photos.valid))
    few = replace(photos, train=train, valid=valid)
    folder = photo_folder(temporary)
    if Path(temporary) in folder.parents:  # unpacked by us: somebody's own copy is left as it is
        keep_only(set(some.tolist()), folder)
    ways = {}
    for precision in dict.fromkeys(["float32", half_precision(choose_device())]):
        ours = learner_for(arm, few, tier, 0, precision)
        limit = learner_for(arm, few, tier, 0, precision)
        limit.dls.train = Resident(limit.dls.train)
        ways[f"limit, {precision}"] = partial(trained, limit)
        ways[f"lessonlib, {precision}"] = partial(trained, ours)
    most = os.cpu_count()
    for workers in sorted({0, 1, 2, 4, most}):
        if workers <= most:
            like = learner_for(arm, few, tier, 0, "float32")
            ways[f"stock fastai, {workers} workers"] = stock(folder, tier, workers, like)
    return ways


def processor_seconds():
    """Of this process and of the workers that have ended, as a loader's do after an epoch."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def measured(ways):
    """Images per second of each way, round by round: of the clock, and of the processors' time."""
    by_clock = {way: [] for way in ways}
    by_processor = {way: [] for way in ways}
    for round in range(ROUNDS + 1):
        for way, run in ways.items():
            began = processor_seconds()
            speed = run()
            spent = processor_seconds() - began
            if round:  # the first is a warm-up
                by_clock[way].append(speed)
                by_processor[way].append(PHOTOS / spent)
    return {"by the clock": by_clock, "by the processors' time": by_processor}


def ratios(speeds, way, base):
    return [a / b for a, b in zip(speeds[way], speeds[base])]


def report(title, speeds):
    print(title)
    for way, found in speeds.items():
        print(f"{way:24s} {median(found):5.0f} images/s, {min(found):.0f} to {max(found):.0f}")
    stocks = [way for way in speeds if way.startswith("stock")]
    best = max(stocks, key=lambda way: median(speeds[way]))
    for way in speeds:
        if way.startswith("lessonlib"):
            for base in (way.replace("lessonlib", "limit"), best):
                times = ratios(speeds, way, base)
                spread = f"{min(times):.3f} to {max(times):.3f}"
                print(f"{way} over {base}: {median(times):.3f} ({spread})")


def main(name="cpu", arm_name="3x3"):
    tier = replace(SIZES[name], epochs=1)
    with tempfile.TemporaryDirectory() as temporary:
        found = measured(all_ways(tier, get_arm(arm_name), temporary))
    print(
        f"{machine()}; tier {name}, {arm_name}, {tier.px} px, batch {tier.batch}; "
        f"{PHOTOS} photos, {ROUNDS} rounds in turns"
    )
    for title, speeds in found.items():
        report(title, speeds)


if __name__ == "__main__":
    if os.environ.get("IMAGEWOOF"):
        main(*sys.argv[1:])
    else:
        print("bench_pipeline needs real photos: set IMAGEWOOF to a copy of imagewoof2-160.tgz.")
