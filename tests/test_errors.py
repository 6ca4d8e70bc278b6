"""Bad input, all of it in one table: each gets one sentence that says what, where and what to do, and the kernel goes on.

AREAS gives each area a good call, which has to work after every bad one. A row is what is bad, the call, what it raises (None
where the sentence is shown or printed, and then the call gives it), and words of the sentence: what is wrong, what to do.
"""

import html
import io
import json
import os
import re
import resource
import subprocess
import sys
import traceback
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest
import sympy
import torch
from test_imagewoof import SMALL, jpeg, write_archive, write_folder
from torch import nn, randn

import lessonlib
from lessonlib import algebra, breaking, clock, composed, imagewoof, learnt, pictures, trained, verdicts
from lessonlib.arms import ARMS, arm, wide_enough
from lessonlib.batches import Batches
from lessonlib.breaking import Switches, random_pair
from lessonlib.checkpoints import checkpoint_path
from lessonlib.comparisons import compared
from lessonlib.copies import ArchiveCopy, DataError, open_copy
from lessonlib.costs import cost, layers, saved_by_photo
from lessonlib.exercises.kernels import check_correlate
from lessonlib.exercises.quiz import Quiz
from lessonlib.exercises.splitting import check_split
from lessonlib.factoring import is_product
from lessonlib.imagewoof import load_photos, standin_photos
from lessonlib.kernels import compose, correlate, embed, output_size, placements, receptive_field
from lessonlib.learnt import retold
from lessonlib.merging import CannotMerge, differs, merge, plan, split
from lessonlib.merging.__main__ import main as merging_main
from lessonlib.nearest import nearest_product
from lessonlib.networks import residual_network
from lessonlib.ordering import block, channels, convolution_inputs, summary
from lessonlib.photos import read_photo, sample_photo
from lessonlib.plans import PLANS
from lessonlib.playgrounds.composition import CompositionPlayground
from lessonlib.playgrounds.costs import CostPlayground
from lessonlib.playgrounds.kernel import KernelPlayground
from lessonlib.playgrounds.race import Race
from lessonlib.racing import Racing
from lessonlib.redrawn import conclusions, redrawn
from lessonlib.runs import Run, load_runs, own_runs, record
from lessonlib.standin import draw
from lessonlib.study import main, study
from lessonlib.tiers import TIERS, Network, current_tier
from lessonlib.training import fit, learner_for
from lessonlib.widths import alternating_factors, composition_rank, hidden_width, two_channel_factors, wide_factors

HERE = Path(lessonlib.__file__).parent
NAN, INF = float("nan"), float("inf")
TIER = replace(TIERS["test"], photos=(2, 1), epochs=1, batch=4)
RUN = Run("2x2", 0, json.loads(json.dumps(asdict(TIER))), "drawings", True, [{"accuracy": 0.1}], [2.3], 7, True, "none", {})


class Bad(NamedTuple):
    label: str
    call: object
    error: type | None
    what: str
    do: str


# ---- what the calls below need


@cache
def drawings():
    return standin_photos(TIER)


def said(call, *args):
    """What is printed meanwhile."""
    with redirect_stdout(io.StringIO()) as out:
        call(*args)
    return out.getvalue().strip()


def shown(box):
    return html.unescape(re.sub("<.*?>", "", box.message.value))


def typed(value, playground=CompositionPlayground):
    """A value is typed into a field: the answer, if all other fields and the picture are as the learner left them."""
    box = playground()
    editor = box.b if playground is CompositionPlayground else box.editor
    editor.cells[0].value = 7
    kernel, image = editor.kernel, box.after.image.value
    editor.cells[1].value = value
    assert torch.equal(editor.kernel, kernel) and box.after.image.value == image and editor.cells[0].value == 7
    return shown(box)


def uploaded(data):
    """A file is chosen, which is no picture: the answer, if the photo stays."""
    box = KernelPlayground()
    before = box.before.image.value
    box.picker._uploaded({"new": {"file": {"content": data}}})
    assert box.before.image.value == before
    return shown(box)


def too_slow():
    """The clock of the cost explorer, for a layer that would take minutes."""
    box = CostPlayground()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessonlib.playgrounds.costs.times", lambda *_, **__: {"one photo": SimpleNamespace(low=100)})
        box.measure()
    assert not box._measure.disabled and box.timings is None
    return shown(box)


def broken_race():
    """A race on a batch that is larger than the training set."""
    race = Race([ARMS["2x2"]], drawings(), replace(TIER, batch=100))
    race._start.click()
    race.racing.wait()
    assert not race._start.disabled
    return shown(race).split(" What was trained")[0]


@contextmanager
def full_disk(size=0):
    """No file may grow beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def load(place, path, names=SMALL):
    place.patch.setenv("IMAGEWOOF", str(path))
    return load_photos(replace(TIER, photos=None), names)


def folder_with(name, data):
    """A copy with one file of that content."""

    def call(place):
        copy = write_folder(place.folder / "copy")
        (copy / "imagewoof2-160" / name).write_bytes(data)
        return load(place, copy)

    return call


def cut_archive(place):
    path = write_archive(place.folder / "copy.tgz")
    path.write_bytes(path.read_bytes()[:-4000])
    return load(place, path)


def text_file(place):
    (place.folder / "notes.txt").write_text("no archive")
    return load(place, place.folder / "notes.txt")


def downloaded(place):
    """What load_photos says of a download, where there is no copy anywhere."""
    place.patch.delenv("IMAGEWOOF", raising=False)
    place.patch.setenv("FASTAI_HOME", str(place.folder))
    place.patch.setattr(imagewoof, "DATA", place.folder)
    place.patch.setattr(imagewoof, "ARCHIVE", imagewoof.ARCHIVE._replace(url="http://127.0.0.1:9/imagewoof2-160.tgz"))
    lines = said(load_photos, replace(TIER, name="cpu"), SMALL).splitlines()
    return next(line for line in lines if "could not" in line)


def full_cache(place):
    copy = write_folder(place.folder / "copy")
    with full_disk(1000):
        return said(load, place, copy)


def cache_is_a_file(place):
    place.patch.setenv("LESSON_CACHE", str(write_archive(place.folder / "file")))
    return said(load, place, write_folder(place.folder / "copy"))


def damaged_cache(place):
    copy = write_folder(place.folder / "copy")
    load(place, copy)
    [images] = (place.folder / "cache").rglob("images.npy")
    images.write_bytes(images.read_bytes()[:-1])
    return said(load, place, copy)


def line(place, text):
    """A line in the record: what is said of it, if the whole lines around it are read."""
    record(RUN)
    with (place.folder / "runs" / "local.jsonl").open("a") as file:
        file.write(text + "\n")
    record(RUN)
    found = []
    words = said(lambda: found.extend(own_runs()))
    assert found == [RUN, RUN]
    return words


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
    words = said(lambda: found.append(fit(learner, keep=path)))
    assert found[0].losses == fit(learner_for(ARMS["2x2"], drawings(), TIER)).losses
    assert not (place.folder / "code was run").exists()
    return words


def full_checkpoint(place):
    learner = learner_for(ARMS["2x2"], drawings(), TIER)
    try:
        with full_disk(1000):
            fit(learner, keep=(path := checkpoint_path(learner)))
    finally:
        assert not path.with_suffix(".part").exists()


def learn(photos=None, seed=0, **changes):
    return fit(learner_for(ARMS["2x2"], photos or drawings(), replace(TIER, **changes), seed))


def unequal():
    photos = drawings()
    return replace(photos, train=photos.train._replace(labels=photos.train.labels[:-1]))


def command(words, **environment):
    """The command line of the study."""

    def call(place):
        for name, value in environment.items():
            place.patch.setenv(name, value)
        if "LESSON_RUNS" in environment:
            place.patch.setattr("lessonlib.study.photos_for", lambda recipe: drawings())
        main(words.split())

    return call


def from_the_shell(place):
    """The same from outside: a status that is not 0, one line, and no traceback."""
    shell = os.environ | {"PYTHONPATH": str(HERE.parent)}
    done = subprocess.run([sys.executable, "-m", "lessonlib.study", "huge"], capture_output=True, text=True, env=shell)
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr.strip()


def verdict(checked):
    assert not checked.right
    return checked.sentence


def a_text(place):
    (place.folder / "notes.txt").write_text("no model")
    merging_main([str(place.folder / "notes.txt")])


def drawn_for_the_course(place):
    """data/pair.pt stays as it is where there are no photos."""
    place.patch.setattr("lessonlib.imagewoof.load_photos", lambda tier: drawings())
    trained.main([])


def no_photos_for_the_course(place):
    place.patch.setenv("IMAGEWOOF", "/nowhere")
    learnt.main([])


def stopping(*_):
    raise RuntimeError("mine\nin two lines")


# ---- the table

X, K = randn(3, 8, 8), randn(2, 2)
TRUNCATED = jpeg(SMALL[0])[:300]
SQUARE = sympy.Matrix([[1, 2], [3, 4]])
TWO = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).eval()
COMPLEX, EMPTY = nn.Conv2d(4, 4, 2), nn.Conv2d(3, 3, 2, device="meta")
COMPLEX.weight = nn.Parameter(randn(4, 4, 2, 2, dtype=torch.complex64))
MIRRORED = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")

AREAS = {
    "kernels": (
        lambda _: correlate(torch.ones(3, 3), torch.ones(2, 2)).sum() == 16,
        [
            Bad("a kernel in lists", lambda _: correlate(X, [[1]]), TypeError, "this is a list", "tensor (kh, kw)"),
            Bad("a photo's name", lambda _: correlate("photo", K), TypeError, "it is a str", "must be a tensor"),
            Bad("a row for a photo", lambda _: correlate(randn(3), K), TypeError, "shape (3,)", "at least 2"),
            Bad("an empty kernel", lambda _: correlate(X, randn(0, 2)), ValueError, "(0, 2)", "at least one entry"),
            Bad("other channels", lambda _: correlate(X, randn(1, 4, 2, 2)), ValueError, "3 channels", "make them equal"),
            Bad("other numbers", lambda _: correlate(X, randn(1, 3, 2, 2).double()), TypeError, "float64", ".double()"),
            Bad("stride 0", lambda _: correlate(X, K, stride=0), ValueError, "it is 0", "at least 1"),
            Bad("stride 1.5", lambda _: correlate(X, K, stride=1.5), ValueError, "it is 1.5", "whole number"),
            Bad("negative padding", lambda _: correlate(X, K, padding=-1), ValueError, "negative: (-1, -1)", "give 0"),
            Bad("half a pixel of padding", lambda _: correlate(X, K, padding=0.5), ValueError, "0.5", "whole number"),
            Bad("padding as a word", lambda _: correlate(X, K, padding="same"), ValueError, "'same'", "whole number"),
            Bad("two paddings", lambda _: correlate(X, K, padding=(1, 2)), ValueError, "(1, 2)", "(left, right, top, bottom)"),
            Bad("a kernel too large", lambda _: correlate(X, randn(9, 9)), ValueError, "9 pixels", "pad more"),
            Bad("no place for it", lambda _: embed(K, 3, 2, 0), ValueError, "row 2, column 0", "larger size or other place"),
            Bad("half a size", lambda _: embed(K, 3.5), ValueError, "size is 3.5", "whole number"),
            Bad("no placement", lambda _: placements(randn(3, 3), 2), ValueError, "into 2x2", "larger size"),
            Bad("nothing to compose", lambda _: compose(), ValueError, "compose", "at least one kernel"),
            Bad("one channel and many", lambda _: compose(K, randn(1, 1, 2, 2)), ValueError, "compose", "all kernels as"),
            Bad("links that do not fit", lambda _: compose(randn(4, 3, 2, 2), randn(1, 5, 2, 2)), ValueError, "5", "equal"),
            Bad(
                "two precisions",
                lambda _: compose(randn(4, 3, 2, 2), randn(1, 4, 2, 2).double()),
                TypeError,
                "float64",
                ".double()",
            ),
            Bad("a layer of stride 0", lambda _: receptive_field([3, 3], [1, 0]), ValueError, "[1, 0]", "at least 1"),
            Bad("a nan in a stack", lambda _: receptive_field([3, NAN]), ValueError, "nan", "whole numbers"),
            Bad("a number for a stack", lambda _: receptive_field(3), ValueError, "not 3", "one stride for each"),
            Bad("a stride for a stack", lambda _: receptive_field([3, 3], 2), ValueError, "[3, 3], 2", "one stride for each"),
            Bad("a size of nan", lambda _: output_size(NAN, 3), ValueError, "n is nan", "whole number"),
            Bad("no taps", lambda _: output_size(8, 0), ValueError, "k is 0", "at least 1"),
            Bad("one padding for two sides", lambda _: output_size(8, 3, 1, 1), ValueError, "not 1", "(before, after)"),
            Bad("half a row down", lambda _: embed(K, 3, 0.5), TypeError, "row is of type float", "give a whole number"),
        ],
    ),
    "algebra": (
        lambda _: len(algebra.equations()) == 9,
        [
            Bad("no symbols", lambda _: algebra.symbol_kernel("b", 0), ValueError, "size is 0", "at least 1"),
            Bad("negative symbols", lambda _: algebra.equations(2, -1), ValueError, "size is -1", "at least 1"),
            Bad("a patch too small", lambda _: algebra.correlate(SQUARE, sympy.ones(3)), ValueError, "2x2 patch", "larger"),
            Bad("numbers in lists", lambda _: algebra.composed_kernel([[1]]), TypeError, "a list", "sympy Matrix"),
            Bad("no square", lambda _: algebra.composed_kernel(sympy.ones(1, 2)), ValueError, "1x2", "square"),
            Bad("no kernels", lambda _: algebra.composed_kernel(), ValueError, "composed_kernel", "at least one kernel"),
            Bad(
                "a tensor for letters",
                lambda _: algebra.correlate(X, SQUARE),
                TypeError,
                "x is of type Tensor",
                "give a Matrix",
            ),
        ],
    ),
    "factoring": (
        lambda _: is_product([[1, 2, 1], [2, 4, 2], [1, 2, 1]]).verdict == "real",
        [
            Bad("a word", lambda _: is_product("Sobel"), TypeError, "not str", "takes a tensor"),
            Bad("a 4x4", lambda _: is_product(sympy.ones(4)), ValueError, "is_product", "three rows of three"),
            Bad("nan", lambda _: is_product(torch.full((3, 3), NAN)), ValueError, "NaN or infinity at [0, 0]", "needs finite"),
            Bad("decimals in lists", lambda _: is_product([[0.1] * 3] * 3), TypeError, "exact for", "as a float tensor"),
            Bad("tolerance -1", lambda _: is_product(randn(3, 3), -1), ValueError, "tolerance is -1", "0 or more"),
            Bad("a tolerance in words", lambda _: is_product(randn(3, 3), "low"), ValueError, "is low", "0 or more"),
            Bad("whole numbers", lambda _: nearest_product(torch.ones(3, 3).long()), TypeError, "int64", "floating-point"),
            Bad("a 2x2", lambda _: nearest_product(K), ValueError, "(2, 2)", "sides 1, 3 or 5"),
            Bad("infinity", lambda _: nearest_product(torch.full((3, 3), INF)), ValueError, "infinity", "needs finite"),
            Bad("a kernel without taps", lambda _: nearest_product(randn(3, 0)), ValueError, "(3, 0)", "sides 1, 3 or 5"),
            Bad("a row", lambda _: two_channel_factors(randn(3)), ValueError, "(3,)", "Write a row"),
            Bad("a 5x5", lambda _: two_channel_factors(randn(5, 5)), ValueError, "(5, 5)", "takes kernels (..., 3, 3)"),
            Bad("ranks that do not fit", lambda _: composition_rank(K, X), ValueError, "(3, 8, 8)", "takes B (kh, kw)"),
            Bad("no channels", lambda _: hidden_width(0, 4), ValueError, "(0, 4, 2, 2)", "from 1 up"),
            Bad("hundreds of channels", lambda _: hidden_width(512, 512), ValueError, "2,359,296 weights", "fewer channels"),
            Bad("a rank of nothing", lambda _: composition_rank(randn(0, 2), K), ValueError, "(0, 2)", "takes B (kh, kw)"),
            Bad("no rounds", lambda _: alternating_factors(randn(1, 1, 3, 3), 1, 0), ValueError, "rounds is 0", "at least 1"),
            Bad("no width", lambda _: alternating_factors(randn(1, 1, 3, 3), None), ValueError, "width is None", "at least 1"),
            Bad("an even kernel", lambda _: wide_factors(randn(1, 1, 2, 2)), ValueError, "(1, 1, 2, 2)", "square odd"),
            Bad("half a channel", lambda _: wide_factors(randn(1, 1, 3, 3), 1.5), ValueError, "1.5", "whole number"),
        ],
    ),
    "breaking": (
        lambda _: breaking.reasons(Switches()) == (),
        [
            Bad("a norm there is not", lambda _: Switches(norm="layer"), ValueError, "'layer'", "one of none, eval, train"),
            Bad("a stride as a number", lambda _: Switches(stride=2), ValueError, "not 2", "one of none, second, first"),
            Bad("paddings in a list", lambda _: Switches(padding=["each"]), ValueError, "['each']", "one of first, second"),
            Bad("yes for a switch", lambda _: Switches(relu="yes"), TypeError, "relu is of type str", "give True or False"),
            Bad("a word for a seed", lambda _: random_pair(seed="first"), ValueError, "'first'", "whole number"),
            Bad(
                "a switch for all", lambda _: breaking.reasons("relu"), TypeError, "switches is of type str", "give a Switches"
            ),
            Bad("kernels for a pair", lambda _: breaking.merged((K, K), Switches()), TypeError, "of type tuple", "give a Pair"),
            Bad("nothing compared", lambda _: breaking.compare(X[:0], X[:0]), ValueError, "(0, 8, 8)", "same photos"),
            Bad("lists compared", lambda _: breaking.compare([1], [1]), TypeError, "two is of type list", "give a Tensor"),
            Bad("a border of -1", lambda _: breaking.border_share(-1, 2, 0, 0), ValueError, "n is -1", "at least 1"),
            Bad(
                "one pixel for BatchNorm",
                lambda _: breaking.two_steps(
                    random_pair(), randn(1, 3, 2, 2).double(), Switches(norm="train", padding="second")
                ),
                ValueError,
                "(1, 8, 1, 1)",
                "give more photos",
            ),
            Bad(
                "a BatchNorm that has seen no photo",
                lambda _: breaking.merged(random_pair(), Switches(norm="eval"), randn(0, 3, 8, 8).double()),
                ValueError,
                "`seen`",
                "needs",
            ),
            Bad("no hidden channel", lambda _: random_pair(hidden=0), ValueError, "hidden is 0", "at least 1"),
            Bad(
                "a grey photo",
                lambda _: breaking.two_steps(random_pair(), randn(1, 1, 8, 8).double(), Switches()),
                ValueError,
                "1 channels",
                "make them equal",
            ),
            Bad(
                "a BatchNorm that has seen nothing",
                lambda _: breaking.merged(random_pair(), Switches(norm="eval")),
                ValueError,
                "`seen`",
                "needs",
            ),
            Bad("other outputs", lambda _: breaking.compare(X[:2], X), ValueError, "(2, 8, 8) and (3, 8, 8)", "same photos"),
        ],
    ),
    "ordering": (
        lambda _: list(block(randn(2, 4, 3, 3), True)) == ["BatchNorm", "ReLU"],
        [
            Bad("one photo alone", lambda _: channels(X), ValueError, "(3, 8, 8)", "takes a batch (n, channels, h, w)"),
            Bad("grey photos", lambda _: channels(randn(2, 1, 8, 8)), ValueError, "(2, 1, 8, 8)", "photos (n, 3, h, w)"),
            Bad("no channels", lambda _: channels(X[None], 0), ValueError, "count is 0", "at least 1"),
            Bad("photos in bytes", lambda _: channels(X[None].byte()), TypeError, "torch.uint8", ".double()"),
            Bad("no numbers", lambda _: block(None, True), TypeError, "NoneType", "takes a floating-point tensor"),
            Bad("a number a channel", lambda _: block(randn(1, 3, 1, 1), True), ValueError, "(1, 3, 1, 1)", "give more photos"),
            Bad("a summary of nothing", lambda _: summary(randn(0)), ValueError, "(0,)", "give one that does"),
            Bad("a summary of a list", lambda _: summary([1, 2]), TypeError, "y is of type list", "give a Tensor"),
            Bad(
                "a model's name", lambda _: convolution_inputs("xresnet", X), TypeError, "model is of type str", "give a Module"
            ),
        ],
    ),
    "networks": (
        lambda _: residual_network(arm("2x2"), TIER.network)(randn(2, 3, 32, 32)).shape == (2, 10),
        [
            Bad("an arm there is not", lambda _: arm("9x9"), ValueError, "'9x9'", "choose one of 3x3"),
            Bad("a list of arms", lambda _: arm(["3x3"]), ValueError, "['3x3']", "choose one of 3x3"),
            Bad("an arm's name", lambda _: residual_network("3x3"), TypeError, "'3x3'", "arms.arm("),
            Bad("no classes", lambda _: residual_network(ARMS["3x3"], classes=0), ValueError, "classes is 0", "at least 1"),
            Bad("an arm of no channels", lambda _: ARMS["pair"].build(0, 8, 1), ValueError, "channels_in is 0", "at least 1"),
            Bad("an arm of stride 0", lambda _: ARMS["pair-act-2019"].build(8, 8, 0), ValueError, "stride is 0", "at least 1"),
            Bad("the composed arm", lambda _: ARMS["pair-composed"].build(8, -8, 1), ValueError, "out is -8", "at least 1"),
            Bad("three stages", lambda _: Network(blocks=(1, 1, 1)), ValueError, "blocks (1, 1, 1)", "four stages"),
            Bad("a width of nan", lambda _: Network(width=NAN), ValueError, "width nan", "needs channels"),
            Bad("expansion 0", lambda _: Network(expansion=0), ValueError, "expansion 0", "choose 1 or 4"),
            Bad("a stem there is not", lambda _: Network(stem="5x5"), ValueError, "'5x5'", "choose 3x3 or 7x7"),
            Bad("a width in words", lambda _: Network(width="wide"), TypeError, "width is of type str", "give a number"),
            Bad("one number of blocks", lambda _: Network(blocks=2), TypeError, "blocks is of type int", "give a tuple"),
            Bad("half a block", lambda _: Network(blocks=(1.5, 1, 1, 1)), ValueError, "blocks is 1.5", "whole number"),
            Bad(
                "no for an order",
                lambda _: Network(norm_first="no"),
                TypeError,
                "norm_first is of type str",
                "give True or False",
            ),
            Bad(
                "a network's name", lambda _: residual_network(ARMS["3x3"], "xresnet18"), TypeError, "of type str", "a Network"
            ),
            Bad("one photo, composed", lambda _: ARMS["pair-composed"].build(3, 4, 1)(X), ValueError, "(3, 8, 8)", "x[None]"),
            Bad("a width for nothing", lambda _: wide_enough(0, 4), ValueError, "channels_in is 0", "at least 1"),
            Bad("3x3 by nine", lambda _: composed.compose_by_nine(X, X), ValueError, "(3, 8, 8)", "(hidden, in, 2, 2)"),
            Bad("lists by nine", lambda _: composed.compose_by_nine([1], [1]), TypeError, "b is of type list", "give a Tensor"),
        ],
    ),
    "costs": (
        lambda _: cost(nn.Conv2d(3, 4, 3), (1, 3, 8, 8)).weights == 112,
        [
            Bad("a name for a module", lambda _: cost("3x3", (1, 3, 8, 8)), TypeError, "a str", "nn.Module"),
            Bad("other channels", lambda _: cost(nn.Conv2d(3, 4, 3), (1, 5, 8, 8)), ValueError, "(1, 5, 8, 8)", "channels"),
            Bad("a negative size", lambda _: layers(nn.Conv2d(3, 4, 3), (1, 3, -8, 8)), ValueError, "-8", "from 1 up"),
            Bad("a size for a shape", lambda _: cost(nn.Conv2d(3, 4, 3), 64), ValueError, "64", "batch first"),
            Bad("no photo in it", lambda _: saved_by_photo(nn.Conv2d(3, 4, 3), (3, 0, 8)), ValueError, "0, 8", "from 1 up"),
            Bad("one round", lambda _: clock.times({"a": int}, rounds=1), ValueError, "rounds is 1", "at least 2"),
            Bad("nothing to time", lambda _: clock.times({}), ValueError, "times", "at least one candidate"),
            Bad("candidates in a list", lambda _: clock.times([int]), TypeError, "candidates is of type list", "give a dict"),
            Bad("a result to time", lambda _: clock.times({"a": 3}), ValueError, "times", "call without arguments"),
            Bad("rounds of nan", lambda _: clock.times({"a": int}, NAN), ValueError, "rounds is nan", "at least 2"),
            Bad("a name for the clock", lambda _: clock.passes("3x3", X), TypeError, "module is of type str", "give a Module"),
            Bad(
                "no photo for the clock",
                lambda _: clock.passes(nn.Conv2d(3, 4, 3), [1]),
                TypeError,
                "x is of type list",
                "give a Tensor",
            ),
            Bad("a device there is not", lambda _: clock.roof_here("tpu9"), ValueError, "'tpu9'", "cpu or cuda"),
            Bad("an empty matrix", lambda _: clock.roof_here(side=0), ValueError, "side is 0", "at least 1"),
        ],
    ),
    "photos": (
        lambda _: read_photo(jpeg(SMALL[0]), 8).shape == (3, 8, 8),
        [
            Bad("a sample there is not", lambda _: sample_photo("dog"), ValueError, "'dog'", "choose one of flower"),
            Bad("no pixels", lambda _: sample_photo(size=0), ValueError, "size is 0", "at least 1"),
            Bad("no bytes", lambda _: read_photo(b""), ValueError, "not a picture", "choose a JPEG"),
            Bad("a path", lambda _: read_photo("dog.jpg"), TypeError, "a str", "read_bytes()"),
            Bad("half a photo", lambda _: read_photo(TRUNCATED), ValueError, "not a picture", "choose a JPEG"),
            Bad("two colours", lambda _: pictures.pixels(randn(2, 8, 8)), ValueError, "(2, 8, 8)", "(3, h, w)"),
            Bad("no pictures", lambda _: pictures.side_by_side([]), ValueError, "side_by_side", "at least one"),
            Bad("nothing to stack", lambda _: pictures.stacked([]), ValueError, "stacked", "at least one"),
            Bad("a title on notes", lambda _: pictures.titled(b"notes", {0: "dog"}), ValueError, "no picture", "give a PNG"),
            Bad("a photo in lists", lambda _: pictures.pixels([[0]]), TypeError, "photo is of type list", "give a Tensor"),
            Bad("zoom 0", lambda _: pictures.pixels(X, 0), ValueError, "zoom is 0", "at least 1"),
            Bad("a photo without pixels", lambda _: pictures.pixels(X[:, :0]), ValueError, "(3, 0, 8)", "takes (3, h, w)"),
            Bad("samples in a list", lambda _: sample_photo(["flower"]), ValueError, "['flower']", "choose one of flower"),
            Bad("no drawings", lambda _: draw(0, 8, 0), ValueError, "per_class is 0", "at least 1"),
            Bad("a drawing in words", lambda _: pictures.Picture("a dog", "dog"), TypeError, "a str", "PNG bytes"),
        ],
    ),
    "playgrounds": (
        lambda _: "Largest difference" in shown(CompositionPlayground()),
        [
            Bad("nan typed", lambda _: typed(NAN), None, "nan is not", "between -99 and 99"),
            Bad("infinity typed", lambda _: typed(-INF), None, "-inf is not", "between -99 and 99"),
            Bad("a huge number typed", lambda _: typed(1e300, KernelPlayground), None, "1e+300", "between -99 and 99"),
            Bad("no photo uploaded", lambda _: uploaded(b"notes"), None, "not a picture", "choose a JPEG"),
            Bad("half a photo uploaded", lambda _: uploaded(TRUNCATED), None, "The photo stays as it was", "choose a JPEG"),
            Bad("too much to measure", lambda _: too_slow(), None, "would take about", "Choose fewer"),
            Bad("a race that cannot run", lambda _: broken_race(), None, "batch of 100", "choose a smaller"),
        ],
    ),
    "exercises": (
        lambda _: check_correlate(correlate).right,
        [
            Bad("nothing handed over", lambda _: verdict(check_correlate(3)), None, "this is a int", "hand it over"),
            Bad("no return", lambda _: verdict(check_correlate(lambda x, k: None)), None, "gives back nothing", "return"),
            Bad("code that stops", lambda _: verdict(check_correlate(stopping)), None, "RuntimeError: mine", "inputs were"),
            Bad(
                "a nan given back",
                lambda _: verdict(check_split(lambda a: (a[1:] * NAN, a[1:]))),
                None,
                "first kernel",
                "finite",
            ),
            Bad("a quiz there is not", lambda _: Quiz("99"), ValueError, "'99'", "choose one of 01"),
        ],
    ),
    "data": (
        lambda place: len(load(place, write_folder(place.folder / "good")).train.labels) == 20,
        [
            Bad("no copy there", lambda at: load(at, at.folder / "nowhere"), DataError, "nowhere", "correct the path"),
            Bad("an empty folder", lambda at: load(at, at.folder), DataError, "no folder train/", "point to the folder"),
            Bad("no archive", text_file, DataError, "notes.txt cannot be read", "Get a fresh copy"),
            Bad("an archive cut short", cut_archive, DataError, "copy.tgz cannot be read to its end", "Get a fresh copy"),
            Bad(
                "the wrong archive",
                lambda at: load(at, write_archive(at.folder / "copy.tgz"), SMALL[1:]),
                DataError,
                SMALL[0],
                "Get a fresh copy",
            ),
            Bad("an empty photo", folder_with(SMALL[3], b""), DataError, f"{SMALL[3]} is not a readable", "Get a fresh copy"),
            Bad("half a photo", folder_with(SMALL[5], TRUNCATED), DataError, "(300 bytes)", "Get a fresh copy"),
            Bad("no network", downloaded, None, "127.0.0.1:9/imagewoof2-160.tgz cannot be reached", "look to the connection"),
            Bad("a full disk", full_cache, None, "File too large", "set LESSON_CACHE"),
            Bad("a cache that is a file", cache_is_a_file, None, "cannot be written", "set LESSON_CACHE"),
            Bad("a damaged cache", damaged_cache, None, "is damaged", "decoding its photos anew"),
            Bad("no path at all", lambda _: open_copy(None), DataError, "None", "path"),
            Bad("a disk that fails", lambda at: ArchiveCopy(at.folder).fingerprint(), DataError, "directory", "a fresh copy"),
        ],
    ),
    "training": (
        lambda _: learn().finished,
        [
            Bad("a batch too large", lambda _: learn(batch=100), ValueError, "batch of 100", "choose a smaller"),
            Bad("a batch of one", lambda _: learn(batch=1), ValueError, "batch is 1", "at least 2"),
            Bad("no epochs", lambda _: learn(epochs=0), ValueError, "epochs is 0", "at least 1"),
            Bad("negative pixels", lambda _: learn(px=-32), ValueError, "px is -32", "at least 1"),
            Bad("a learning rate of nan", lambda _: learn(lr=NAN), ValueError, "nan", "positive"),
            Bad("photos of one kind", lambda _: replace(TIER, photos=3), ValueError, "photos is 3", "(24, 8)"),
            Bad("photos in words", lambda _: replace(TIER, photos=("few", "few")), ValueError, "('few', 'few')", "(24, 8)"),
            Bad(
                "a learning rate in words", lambda _: replace(TIER, lr="fast"), TypeError, "lr is of type str", "give a number"
            ),
            Bad(
                "no network", lambda _: replace(TIER, network=None), TypeError, "network is of type NoneType", "give a Network"
            ),
            Bad("batches of -2", lambda _: Batches(X[None].byte(), [0], [1.0], 8, -2), ValueError, "batch is -2", "at least 1"),
            Bad("labels missing", lambda _: learn(unequal()), ValueError, "19 labels", "as many"),
            Bad("a huge seed", lambda _: learn(seed=2**80), ValueError, f"{2**80}", "whole number"),
            Bad("a word for a seed", lambda _: learn(seed="first"), ValueError, "'first'", "whole number"),
            Bad("the wrong order", lambda _: learner_for(drawings(), ARMS["2x2"], TIER), TypeError, "Photos", "arms.arm("),
            Bad("a tier's name", lambda _: learner_for(ARMS["2x2"], drawings(), "cpu"), TypeError, "'cpu'", "tiers.TIERS["),
            Bad("no labels", lambda _: Batches(X[None].byte(), [], [1.0], 8, 2), ValueError, "0 labels", "as many"),
            Bad("a name in a race", lambda _: Racing(["3x3"], drawings(), TIER), TypeError, "'3x3'", "arms.arm("),
            Bad("twice in a race", lambda _: Racing([ARMS["3x3"]] * 2, drawings(), TIER), ValueError, "one 3x3", "another"),
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
    ),
    "runs": (
        lambda _: record(RUN) is None and own_runs()[-1] == RUN,
        [
            Bad("half a line", lambda at: line(at, '{"arm": "3x3"'), None, "line 2 of", "delete that line"),
            Bad("no line of ours", lambda at: line(at, "[1, 2]"), None, "line 2 of", "delete that line"),
            Bad("an old line", lambda at: old_line(at, versions=...), None, "line 2 of", "delete that line"),
            Bad("a line of other types", lambda at: old_line(at, epochs=None), None, "line 2 of", "delete that line"),
            Bad("epochs without accuracy", lambda at: old_line(at, epochs=[{}]), None, "line 2 of", "delete that line"),
            Bad("brackets without end", lambda at: line(at, "[" * 9999), None, "line 2 of", "delete that line"),
            Bad("a name that leads elsewhere", lambda _: record(RUN, "../x"), ValueError, "'../x'", "letters, digits"),
            Bad("a name that is none", lambda _: load_runs(None), ValueError, "None", "letters, digits"),
            Bad("no run", lambda _: record({"arm": "3x3"}), TypeError, "a dict", "training.fit"),
            Bad("a full disk", full_record, OSError, "2x2, seed 0", "free some"),
            Bad("a folder that is a file", runs_is_a_file, OSError, "cannot be written", "set LESSON_RUNS"),
        ],
    ),
    "verdicts": (
        lambda _: verdicts.verdict(*verdicts.interval([1.0, 1.1, 0.9]), 3) == "better by at least 0.7 points",
        [
            Bad("words", lambda _: verdicts.interval(["a", "b"]), ValueError, "numbers in a list", "give these"),
            Bad("one number", lambda _: verdicts.interval(3), ValueError, "3.0", "give a list"),
            Bad("a level of nan", lambda _: verdicts.interval([1, 2, 3], NAN), ValueError, "nan does not", "as 0.95 does"),
            Bad(
                "a level in words",
                lambda _: verdicts.interval([1, 2], "95%"),
                TypeError,
                "level is of type str",
                "give a number",
            ),
            Bad("bounds of nan", lambda _: verdicts.at_most(NAN, NAN), ValueError, "From nan to nan", "give the two numbers"),
            Bad(
                "bounds turned round", lambda _: verdicts.verdict(3, -3, 3), ValueError, "From 3 to -3", "give the two numbers"
            ),
            Bad("a figure of nan", lambda _: verdicts.beside(-1, 1, NAN), ValueError, "figure is nan", "give a finite"),
            Bad("a nan among differences", lambda _: verdicts.runs_needed([NAN, 1, 2], 1), ValueError, "finite", "leave out"),
            Bad(
                "almost nothing to find", lambda _: verdicts.runs_needed([1, 2], 1e-300), ValueError, "1e-300", "at least 0.001"
            ),
            Bad("arms in a list", lambda _: redrawn([1, 2], 2), TypeError, "accuracies is of type list", "give a dict"),
            Bad("an arm without runs", lambda _: redrawn({"3x3": []}, 2), ValueError, "3x3", "leave it out"),
            Bad("no such reference", lambda _: conclusions({"a": X}, "b", 1), ValueError, "no 'b'", "choose one of a"),
            Bad("a margin of nan", lambda _: conclusions({"a": X}, "a", NAN), ValueError, "margin is nan", "0 or more"),
            Bad("a plan's name", lambda _: compared("cpu", []), TypeError, "part is of type str", "give a Part"),
            Bad("a question there is not", lambda _: compared(PLANS["cpu"][0], [], "x"), ValueError, "'x'", "choose one of"),
            Bad("2x2 retold", lambda _: retold(randn(4, 2, 2)), ValueError, "(4, 2, 2)", "takes kernels (..., 3, 3)"),
        ],
    ),
    "merging": (
        lambda _: merge(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).kernel_size == (3, 3),
        [
            Bad("no layer", lambda _: merge(None, nn.Conv2d(1, 1, 2)), TypeError, "a NoneType", "give modules"),
            Bad("channels that do not fit", lambda _: merge(TWO[0], TWO[0]), CannotMerge, "gives 4 channels", "it reads 3"),
            Bad("a row after a photo", lambda _: merge(TWO[0], nn.Conv1d(4, 4, 2)), CannotMerge, "along 2 axes", "it along 1"),
            Bad("complex numbers", lambda _: merge(TWO[0], COMPLEX), CannotMerge, "Conv2d is not merged", "complex"),
            Bad("no numbers yet", lambda _: merge(EMPTY, EMPTY), CannotMerge, "on the meta device", "load its weights"),
            Bad("one size for two axes", lambda _: differs(*TWO, 8), ValueError, "not 8", "2 whole numbers"),
            Bad("a size of 8.5", lambda _: differs(*TWO, (8.5, 8)), ValueError, "(8.5, 8)", "2 whole numbers"),
            Bad("a pixel", lambda _: differs(*TWO, (1, 1)), ValueError, "(1, 1) pixels", "give a larger"),
            Bad("a model's file", lambda _: plan("model.pt2"), TypeError, "a str", "give the model"),
            Bad("a model in training", lambda _: plan(nn.Sequential(nn.ReLU())), ValueError, "training mode", "call eval()"),
            Bad("how many in words", lambda _: plan(TWO, at_most="2"), TypeError, "at_most is of type str", "give a number"),
            Bad("at most nan", lambda _: plan(TWO, at_most=NAN), ValueError, "nan", "more than 0"),
            Bad("no input", lambda _: plan(TWO, interior=True), ValueError, "depends on the size", "give an input"),
            Bad("an input of others", lambda _: plan(TWO, X[:1], INF, True), ValueError, "(1, 8, 8)", "give one that it"),
            Bad("split without a width", lambda _: split(nn.Conv2d(3, 4, 3)), ValueError, "width is None", "at least 1"),
            Bad("split a mirror", lambda _: split(MIRRORED, 4), ValueError, "pads with 'reflect'", "not split"),
            Bad("no file", lambda _: merging_main(["nope.pt2"]), SystemExit, "nope.pt2", "give a model saved by"),
            Bad("a text for a model", a_text, SystemExit, "notes.txt is no model", "export the model"),
            Bad("nothing named", lambda _: merging_main([]), SystemExit, "required: model", "-h shows"),
            Bad("many times", lambda _: merging_main(["m", "--at-most", "x"]), SystemExit, "'x'", "-h shows"),
        ],
    ),
    "study": (
        lambda _: "No run is there yet." in said(main, ["table", "gpu"]),
        [
            Bad("a plan there is not", command("nope"), SystemExit, "'nope'", "choose one of test"),
            Bad("two plans", command("cpu gpu"), SystemExit, "cpu or gpu", "One plan at a time"),
            Bad("a table of nothing", command("table nope"), SystemExit, "'nope'", "choose one of test"),
            Bad("no workers", command("test --workers 0"), SystemExit, "--workers 0", "needs a worker"),
            Bad("negative workers", command("test --workers -3"), SystemExit, "--workers -3", "needs a worker"),
            Bad("workers in words", command("test --workers two"), SystemExit, "'two'", "-h shows"),
            Bad("an option there is not", command("test --fast"), SystemExit, "--fast", "-h shows"),
            Bad("an arm there is not", command("test --only 9x9"), SystemExit, "'9x9'", "choose one of 3x3"),
            Bad("no arm", command("test --only="), SystemExit, "''", "choose one of 3x3"),
            Bad("an arm that the plan lacks", command("test --only 5x5"), SystemExit, "no run of 5x5", "choose"),
            Bad("a wrong copy", command("test", IMAGEWOOF="/nowhere"), SystemExit, "/nowhere", "correct the path"),
            Bad(
                "no place for runs",
                command("test --workers 1", LESSON_RUNS="/proc/x"),
                SystemExit,
                "/proc/x",
                "set LESSON_RUNS",
            ),
            Bad("a wrong tier", command("", LESSON_TIER="laptop"), SystemExit, "'laptop'", "set it to one of"),
            Bad("the command itself", from_the_shell, None, "'huge'", "choose one of test"),
            Bad("one arm for several", lambda _: study("test", only="3x3"), TypeError, "'3x3'", "list"),
            Bad("half a worker", lambda _: study("test", workers=0.5), ValueError, "0.5", "needs a worker"),
            Bad("a word too many", lambda _: trained.main(["cpu"]), SystemExit, "arguments: cpu", "-h shows"),
            Bad("an option of another", lambda _: learnt.main(["--only"]), SystemExit, "--only", "-h shows"),
            Bad("drawings for the course", drawn_for_the_course, SystemExit, "trained on photos", "set IMAGEWOOF"),
            Bad("no photos for the course", no_photos_for_the_course, SystemExit, "/nowhere", "correct the path"),
        ],
    ),
}
ROWS = [(area, row) for area, (_, rows) in AREAS.items() for row in rows]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of its own, and a way to change the environment."""
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    return SimpleNamespace(folder=tmp_path, patch=monkeypatch)


@pytest.mark.parametrize("area, bad", ROWS, ids=[f"{area}: {row.label}" for area, row in ROWS])
def test_bad_input_gets_one_sentence_and_the_kernel_goes_on(area, bad, place, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        sentence = answer(bad, SimpleNamespace(folder=tmp_path, patch=patch))
    assert "\n" not in sentence and len(sentence) < 300 and sentence[-1] in ".?"
    assert len(re.findall(r"[.?!] [A-Z]", sentence)) < 3 - (bad.error is not None)  # two short ones; shown, three
    assert bad.what in sentence and bad.do in sentence
    assert AREAS[area][0](place)


def answer(bad, place):
    """The sentence that the bad input gets: raised by lessonlib itself and not below it, or shown."""
    if bad.error is None:
        return bad.call(place)
    with pytest.raises(bad.error) as caught:
        bad.call(place)
    assert caught.type is bad.error
    assert HERE in Path(traceback.extract_tb(caught.tb)[-1].filename).parents
    return str(caught.value)


def test_the_table_is_long_and_no_row_is_there_twice():
    assert len(ROWS) >= 60 and len({(area, row.label) for area, row in ROWS}) == len(ROWS)


def test_only_weights_are_ever_loaded():
    """No other way to read a pickle in the package than torch.load(weights_only=True)."""
    for file in HERE.rglob("*.py"):
        code = file.read_text()
        assert not re.search(
            r"\bpickle\.loads?\b|\bjoblib\.load\b|allow_pickle=True|\bunsafe_load\b|weights_only=False", code
        ), file
        assert all("weights_only=True" in call for call in re.findall(r"torch\.load\(.*", code)), file
