"""Training speed: the course's batches against the limit of pure computing and stock fastai.

The limit is a step on a batch that is there already: steps on it and on coming batches take turns
in one Learner, so that other programs on the machine disturb both alike. Stock is
ImageDataLoaders.from_folder with RandomResizedCrop(min_scale=.35), flip and normalise, at its best
number of workers, in float32, channels last, with its own optimizer: epochs in turns, several
rounds, one process; images per second of the clock, and of all processors' time, workers' included.
half128 is an xresnet18 of half width at 128 px:
    python tests/benchmarks/bench_pipeline.py [tier or half128] [arm]
Needs real photos (IMAGEWOOF names a .tgz) and prints medians of the rounds with their range.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median, quantiles

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
PRECISIONS = dict.fromkeys(["float32", half_precision(choose_device())])
HALF_128 = replace(TIERS["gpu"], name="half128", network=replace(XRESNET18, width=0.5))
SIZES = TIERS | {"half128": HALF_128}


class InTurns:
    """A batch that stays, then a new one, in turns; the seconds of each step, waiting included."""

    def __init__(self, batches):
        self.batches = batches
        self.batch = batches.batch
        self.epoch = 0
        self.seconds = {"stays": [], "new": []}

    def __len__(self):
        return 2 * (len(self.batches) - 1)

    def __iter__(self):
        coming = iter(self.batches)
        stays = next(coming)
        for _ in range(len(self.batches) - 1):
            yield from self._step("stays", lambda: stays)
            yield from self._step("new", lambda: next(coming))

    def _step(self, kind, batch):
        began = time.perf_counter()
        yield batch()
        self.seconds[kind].append(time.perf_counter() - began)


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


def keep_only_drawn(folder):
    """Leave those training photos in `folder` that the others train on."""
    photos = sorted((folder / "train").rglob("*.JPEG"))
    kept = set(drawn_photos(len(photos)).tolist())
    for i, photo in enumerate(photos):
        if i not in kept:
            photo.unlink()


def few_photos(tier):
    photos = load_photos(tier)
    some = drawn_photos(len(photos.train.labels))
    train = Split(*(part[some] for part in photos.train))
    valid = Split(*(part[:64] for part in photos.valid))
    return replace(photos, train=train, valid=valid)


def share_of_limit(learner):
    """Quartiles of a step on a batch that is there over the step on a new one after it."""
    turns = InTurns(learner.dls.train)
    learner.dls.train = turns
    fit(learner)
    pairs = zip(turns.seconds["stays"], turns.seconds["new"])
    return quantiles([stays / new for stays, new in pairs])


def all_ways(tier, arm, few, temporary):
    folder = photo_folder(temporary)
    if Path(temporary) in folder.parents:  # unpacked by us: somebody's own copy is left as it is
        keep_only_drawn(folder)
    ways = {}
    for precision in PRECISIONS:
        ways[f"lessonlib, {precision}"] = partial(
            trained, learner_for(arm, few, tier, 0, precision)
        )
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
            low, middle, high = quantiles(ratios(speeds, way, best))
            print(f"{way} over {best}: {middle:.3f} (quartiles {low:.3f} to {high:.3f})")


def main(name="cpu", arm_name="3x3"):
    tier = replace(SIZES[name], epochs=1)
    arm = get_arm(arm_name)
    few = few_photos(tier)
    print(
        f"{machine()}; tier {name}, {arm_name}, {tier.px} px, batch {tier.batch}; "
        f"{PHOTOS} photos, {ROUNDS} rounds in turns"
    )
    for precision in PRECISIONS:
        learner = learner_for(arm, few, replace(tier, epochs=ROUNDS), 0, precision)
        low, middle, high = share_of_limit(learner)
        print(f"of the limit, {precision}: {middle:.3f} (quartiles {low:.3f} to {high:.3f})")
    with tempfile.TemporaryDirectory() as temporary:
        found = measured(all_ways(tier, arm, few, temporary))
    for title, speeds in found.items():
        report(title, speeds)


if __name__ == "__main__":
    if os.environ.get("IMAGEWOOF"):
        main(*sys.argv[1:])
    else:
        print("bench_pipeline needs real photos: set IMAGEWOOF to a copy of imagewoof2-160.tgz.")
