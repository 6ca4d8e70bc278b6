"""Bad input to training, runs: one sentence each."""

import json
import os
from dataclasses import asdict, replace

import torch
from torch import randn

from helpers.bad_input import (
    NAN,
    RUN,
    TIER,
    Bad,
    bad_input_test,
    drawings,
    full_disk,
    line,
    said,
)
from helpers.copies import write_archive
from lessonlib.arms import ARMS
from lessonlib.configs import current_tier
from lessonlib.imagewoof.batches import Batches
from lessonlib.training.checkpoints import checkpoint_path
from lessonlib.training.fit import fit, learner_for
from lessonlib.training.race import Race
from lessonlib.training.runs import load_runs, own_runs, record


def old_line(place, **changes):
    values = {name: value for name, value in (asdict(RUN) | changes).items() if value is not ...}
    return line(place, json.dumps(values))


def full_record(place):
    record(RUN)
    try:
        with full_disk(10):
            record(RUN)
    finally:
        assert own_runs() == [RUN]


def runs_is_a_file(place):
    place.patch.setenv("LESSON_RUNS", str(write_archive(place.folder / "file")))
    record(RUN)


class Malice:
    def __reduce__(self):
        return os.mkdir, ("code was run",)


def checkpoint(place, write):
    """Training that finds such a checkpoint: what is said, if it ends as without one."""
    place.patch.chdir(place.folder)
    learner = learner_for(ARMS["2x2"], drawings(), TIER)
    write(path := checkpoint_path(learner))
    found = []
    words = said(lambda: found.append(fit(learner, checkpoint=path)))
    assert found[0].losses == fit(learner_for(ARMS["2x2"], drawings(), TIER)).losses
    assert not (place.folder / "code was run").exists()
    return words


def full_checkpoint(place):
    learner = learner_for(ARMS["2x2"], drawings(), TIER)
    try:
        with full_disk(1000):
            fit(learner, checkpoint=(path := checkpoint_path(learner)))
    finally:
        assert not path.with_suffix(".part").exists()


def learn(photos=None, seed=0, **changes):
    return fit(learner_for(ARMS["2x2"], photos or drawings(), replace(TIER, **changes), seed))


def unequal():
    photos = drawings()
    return replace(photos, train=photos.train._replace(labels=photos.train.labels[:-1]))


X, K = randn(3, 8, 8), randn(2, 2)


test_training = bad_input_test(
    lambda _: learn().finished,
    [
        Bad(
            "a batch too large",
            lambda _: learn(batch=100),
            ValueError,
            "batch of 100",
            "choose a smaller",
        ),
        Bad("a batch of one", lambda _: learn(batch=1), ValueError, "batch is 1", "at least 2"),
        Bad("no epochs", lambda _: learn(epochs=0), ValueError, "epochs is 0", "at least 1"),
        Bad("negative pixels", lambda _: learn(px=-32), ValueError, "px is -32", "at least 1"),
        Bad("a learning rate of nan", lambda _: learn(lr=NAN), ValueError, "nan", "positive"),
        Bad(
            "photos of one kind",
            lambda _: replace(TIER, photos=3),
            ValueError,
            "photos is 3",
            "(24, 8)",
        ),
        Bad(
            "photos in words",
            lambda _: replace(TIER, photos=("few", "few")),
            ValueError,
            "('few', 'few')",
            "(24, 8)",
        ),
        Bad(
            "a learning rate in words",
            lambda _: replace(TIER, lr="fast"),
            TypeError,
            "lr is of type str",
            "give a number",
        ),
        Bad(
            "no network",
            lambda _: replace(TIER, network=None),
            TypeError,
            "network is of type NoneType",
            "give a Network",
        ),
        Bad(
            "batches of -2",
            lambda _: Batches(X[None].byte(), [0], [1.0], 8, -2),
            ValueError,
            "batch is -2",
            "at least 1",
        ),
        Bad("labels missing", lambda _: learn(unequal()), ValueError, "19 labels", "as many"),
        Bad("a huge seed", lambda _: learn(seed=2**80), ValueError, f"{2**80}", "whole number"),
        Bad(
            "a word for a seed",
            lambda _: learn(seed="first"),
            ValueError,
            "'first'",
            "whole number",
        ),
        Bad(
            "the wrong order",
            lambda _: learner_for(drawings(), ARMS["2x2"], TIER),
            TypeError,
            "Photos",
            "arms.get_arm(",
        ),
        Bad(
            "a tier's name",
            lambda _: learner_for(ARMS["2x2"], drawings(), "cpu"),
            TypeError,
            "'cpu'",
            "configs.TIERS[",
        ),
        Bad(
            "no labels",
            lambda _: Batches(X[None].byte(), [], [1.0], 8, 2),
            ValueError,
            "0 labels",
            "as many",
        ),
        Bad(
            "a name in a race",
            lambda _: Race(["3x3"], drawings(), TIER),
            TypeError,
            "'3x3'",
            "arms.get_arm(",
        ),
        Bad(
            "twice in a race",
            lambda _: Race([ARMS["3x3"]] * 2, drawings(), TIER),
            ValueError,
            "one 3x3",
            "another",
        ),
        Bad(
            "a tier there is not",
            lambda at: at.patch.setenv("LESSON_TIER", "laptop") or current_tier(),
            ValueError,
            "'laptop'",
            "set it to one of",
        ),
        Bad(
            "code in a checkpoint",
            lambda at: checkpoint(at, lambda path: torch.save({"model": Malice()}, path)),
            None,
            "UnpicklingError",
            "starts anew",
        ),
        Bad(
            "no checkpoint",
            lambda at: checkpoint(at, lambda path: path.write_bytes(b"no checkpoint")),
            None,
            "cannot be read",
            "starts anew",
        ),
        Bad(
            "one of another kind",
            lambda at: checkpoint(at, lambda path: torch.save(torch.ones(3), path)),
            None,
            "cannot be read",
            "starts anew",
        ),
        Bad("no room for a checkpoint", full_checkpoint, OSError, "2x2-0-", "make room"),
    ],
)


test_runs = bad_input_test(
    lambda _: record(RUN) is None and own_runs()[-1] == RUN,
    [
        Bad(
            "half a line",
            lambda at: line(at, '{"arm": "3x3"'),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "no line of ours",
            lambda at: line(at, "[1, 2]"),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "an old line",
            lambda at: old_line(at, versions=...),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "a line of other types",
            lambda at: old_line(at, epochs=None),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "epochs without accuracy",
            lambda at: old_line(at, epochs=[{}]),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "brackets without end",
            lambda at: line(at, "[" * 9999),
            None,
            "line 2 of",
            "delete that line",
        ),
        Bad(
            "a name that leads elsewhere",
            lambda _: record(RUN, "../x"),
            ValueError,
            "'../x'",
            "letters, digits",
        ),
        Bad(
            "a name that is none",
            lambda _: load_runs(None),
            ValueError,
            "None",
            "letters, digits",
        ),
        Bad("no run", lambda _: record({"arm": "3x3"}), TypeError, "a dict", "training.fit"),
        Bad("a full disk", full_record, OSError, "2x2, seed 0", "free some"),
        Bad(
            "a folder that is a file",
            runs_is_a_file,
            OSError,
            "cannot be written",
            "set LESSON_RUNS",
        ),
    ],
)
